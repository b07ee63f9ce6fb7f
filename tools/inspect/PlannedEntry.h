//===- PlannedEntry.h - The step of a model, ready to be planned -*- C++
//-*-===//

#ifndef SINTER_TOOLS_INSPECT_PLANNEDENTRY_H
#define SINTER_TOOLS_INSPECT_PLANNEDENTRY_H

#include "ir/interfaces/Workload.h"
#include "models/config/ModelConfig.h"
#include "passes/planning/EntryPlanning.h"
#include "tools/Options.h"

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/MLIRContext.h>
#include <mlir/IR/OwningOpRef.h>

#include <memory>
#include <string>
#include <vector>

namespace sinter {

/// The decode step of a model as the planner sees it. Plans point into it.
class PreparedEntry {
public:
  /// Imports and normalizes; packs weights unless `set` is Single, as the
  /// pipeline does. Errors: those of importDecoder.
  static Result<std::unique_ptr<PreparedEntry>>
  create(const ModelConfig &config, const Workload &workload, DecisionSet set);

  mlir::func::FuncOp function() const;

private:
  PreparedEntry();

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// What the command line asks of the planner. `set` is not Eager. Errors:
/// those of parseForce.
Result<planning::PlanningOptions> planningOptions(DecisionSet set,
                                                  const DecisionOptions &asked);

/// What a plan launches and moves in a step.
struct StepFigures {
  uint64_t launches = 0;
  /// Of the second layer, whose norm may run with the sum before it; of the
  /// first where there is one only.
  uint64_t launchesOfLayer = 0;
  cost::TrafficBytes unique; ///< each phase's bytes once
  uint64_t read = 0;         ///< issued
  uint64_t written = 0;      ///< issued
};
StepFigures figuresOf(const planning::EntryPlan &plan);

/// The names that an op has: one, or those of the ops that were packed into it.
std::vector<std::string> namesOf(mlir::Operation *op);

/// "layers.*.input_norm + layers.*.q_proj/k_proj/v_proj": the ops of a phase,
/// of whatever layer; packed ops by all their names.
std::string opsPattern(const planning::EntryPlan &plan, const fusion::Ops &ops);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_PLANNEDENTRY_H
