//===- Model.cpp - MODEL as the user named it -----------------------------===//

#include "tools/Model.h"

#include "models/config/Tensors.h"
#include "runtime/format/Checkpoint.h"
#include "runtime/format/RandomWeights.h"
#include "tools/Compile.h"
#include "tools/Contexts.h"
#include "tools/Prefills.h"

#include <algorithm>

namespace sinter {

Result<Model> loadModel(const ModelOptions &options) {
  Model model;
  SINTER_ASSIGN(model.source, resolveModel(options.model));
  if (options.configOnly) {
    model.weights = std::make_unique<RandomWeights>(
        options.seed, expectedTensors(model.source.config));
    model.random = true;
    return model;
  }
  if (model.source.directory.empty()) {
    return Error{ErrorCode::ModelHasNoWeights, options.model,
                 "a directory with weights", "the name of a shipped config",
                 "give a checkpoint directory, or --config-only for random "
                 "weights"};
  }
  SINTER_ASSIGN(model.weights, Checkpoint::open(model.source.directory));
  SINTER_TRY(checkTensors(model.source.config, *model.weights));
  return model;
}

Result<Workload> workloadOf(const ModelOptions &options,
                            const ModelConfig &config) {
  int64_t limit = config.maxPositions;
  int64_t wanted =
      options.maxContext
          ? int64_t{*options.maxContext}
          : std::min(limit,
                     std::max<int64_t>(2048, options.context.value_or(0)));
  int64_t context = options.context.value_or(std::min<int64_t>(512, wanted));
  auto refuse = [](const char *option, int64_t most, const char *whose,
                   int64_t found) {
    return Error{ErrorCode::InvalidWorkload, option,
                 "at most " + std::to_string(most) + " positions (" + whose +
                     ")",
                 std::to_string(found), "ask for fewer positions"};
  };
  for (auto [option, found] :
       {std::pair("--batch", int64_t{options.batch}),
        std::pair("--max-context", wanted), std::pair("--context", context)}) {
    if (found < 1) {
      return Error{ErrorCode::InvalidWorkload, option, "at least 1",
                   std::to_string(found), "a step has a token and attends it"};
    }
  }
  if (wanted > limit) {
    return refuse("--max-context", limit, "max_position_embeddings", wanted);
  }
  if (context > wanted) {
    return refuse("--context", wanted, "the capacity of the KV cache", context);
  }
  Workload workload;
  workload.batch = options.batch;
  workload.context = context;
  workload.maxContext = wanted;
  workload.page = options.page;
  workload.pool = options.pool;
  return workload;
}

Status checkNothingAsked(const DecisionOptions &asked,
                         const ModelOptions &plan) {
  if (asked.empty() && plan.prefill.empty() && plan.verify.empty() &&
      plan.page == 0) {
    return Status::success();
  }
  const char *option = plan.page != 0            ? "--page"
                       : !plan.prefill.empty()   ? "--prefill"
                       : !plan.verify.empty()    ? "--verify"
                       : asked.set               ? "--decisions"
                       : !asked.mode.empty()     ? "--mode"
                       : !asked.forces.empty()   ? "--force"
                       : asked.forbidden.empty() ? "--config"
                                                 : "--forbid";
  return Error{ErrorCode::ConflictingArguments, option, "a model",
               "the plan " + plan.model,
               "leave it out, a plan has its own; or name the model"};
}

Result<PlanArtifact> compileFor(const ModelOptions &options,
                                const DecisionOptions &decisions,
                                const Model &model, int32_t config) {
  CompileRequest request;
  request.config = config;
  request.source = model.source;
  if (model.random) {
    request.weights.seed = options.seed;
  } else {
    request.weights.fingerprint = model.weights->fingerprint();
  }
  request.target = options.target;
  request.decisions = decisions;
  SINTER_ASSIGN(request.workload, workloadOf(options, model.source.config));
  if (options.contexts == "auto") {
    SINTER_ASSIGN(request.contexts, chooseContexts(request));
  } else if (!options.contexts.empty()) {
    SINTER_ASSIGN(request.contexts, parseContexts(options.contexts));
  }
  if (options.prefill == "auto") {
    SINTER_ASSIGN(request.prefills, choosePrefills(request));
  } else if (!options.prefill.empty() && options.prefill != "none") {
    SINTER_ASSIGN(request.prefills, parseTokens("--prefill", options.prefill));
  }
  if (!options.verify.empty() && options.verify != "none") {
    SINTER_ASSIGN(request.verifies, parseTokens("--verify", options.verify));
  }
  return compileModel(request);
}

} // namespace sinter
