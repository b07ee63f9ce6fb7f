//===- Model.h - MODEL as the user named it ---------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_MODEL_H
#define SINTER_TOOLS_MODEL_H

#include "ir/interfaces/Workload.h"
#include "models/config/ModelSource.h"
#include "runtime/format/PlanFiles.h"
#include "runtime/format/WeightSource.h"
#include "tools/Options.h"

#include <memory>

namespace sinter {

struct Model {
  ModelSource source;
  std::unique_ptr<WeightSource> weights;
  bool random = false; ///< weights made from the seed
};

/// The config and the weights of a checkpoint directory, or with --config-only
/// the config alone (of a directory or by published name) and weights made
/// from the seed. Tensors are checked against the config.
/// Errors: SIN2704 a published name without --config-only; those of
/// resolveModel, Checkpoint::open and checkTensors.
Result<Model> loadModel(const ModelOptions &options);

/// The decode step that the options describe. Capacity of the KV cache:
/// --max-context, or the smaller of the model's own limit and of 2048 or
/// --context, whichever is more. Positions attended: --context, or the smaller
/// of 512 and the capacity.
/// Errors: SIN2711 for more positions than the model or the cache has.
Result<Workload> workloadOf(const ModelOptions &options,
                            const ModelConfig &config);

/// SIN1004: something is asked of the planner, but `plan` has its decisions and
/// entries.
Status checkNothingAsked(const DecisionOptions &asked,
                         const ModelOptions &plan);

/// The plan of a model, in memory, without cubins; `config` as in
/// CompileRequest. Errors: those of workloadOf and compileModel.
Result<PlanArtifact> compileFor(const ModelOptions &options,
                                const DecisionOptions &decisions,
                                const Model &model, int32_t config = -1);

} // namespace sinter

#endif // SINTER_TOOLS_MODEL_H
