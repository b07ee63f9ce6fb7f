//===- Pipelines.cpp - Registration and the pipeline "sinter-plan" --------===//

#include "passes/Passes.h"

#include <mlir/IR/Diagnostics.h>
#include <mlir/Pass/PassManager.h>
#include <mlir/Pass/PassRegistry.h>

namespace sinter {

namespace {
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace

void buildPlanPipeline(mlir::OpPassManager &manager,
                       const PlanPipelineOptions &options,
                       std::vector<Error> *refusals) {
  auto add = [&](std::unique_ptr<mlir::Pass> pass, llvm::StringRef stage) {
    if (pass) {
      manager.addPass(std::move(pass));
    }
    if (options.verify) {
      PlanVerifyStageOptions check;
      check.target = options.target;
      check.stage = stage.str();
      manager.addPass(createPlanVerifyStage(check));
    }
  };
  DecoderPackWeightsOptions pack;
  pack.layout = options.pack;
  if (pack.layout.empty()) {
    pack.layout = options.decisions == "single" ? "none" : "concat";
  }
  PlanMarkOptions mark;
  mark.target = options.target;
  mark.decisions = options.decisions;
  mark.mode = options.mode;
  // The options of a pass refer to lists, they do not hold them.
  const auto force = llvm::to_vector(options.force);
  const auto forbid = llvm::to_vector(options.forbid);
  const auto kernelConfig = llvm::to_vector(options.kernelConfig);
  mark.force = force;
  mark.forbid = forbid;
  mark.kernelConfig = kernelConfig;
  mark.configs = options.config < 0;
  PlanSelectKernelsOptions select;
  select.target = options.target;
  select.config = static_cast<unsigned>(std::max<int>(options.config, 0));
  add(nullptr, "imported");
  add(createDecoderNormalize(), "normalized");
  add(createDecoderPackWeights(pack), "packed");
  add(refusals ? createPlanMark(mark, *refusals) : createPlanMark(mark),
      "marked");
  add(createPlanFormGroups(), "grouped");
  add(createPlanSelectKernels(select), "selected");
  add(createPlanOutlineKernels(), "outlined");
  add(createPlanAssignBuffers(), "placed");
  add(createPlanFormCaptures(), "captured");
}

/// Runs the passes of `manager`; the first error as text, empty on success.
static std::string firstFailure(mlir::PassManager &manager,
                                mlir::ModuleOp module) {
  std::string first;
  mlir::ScopedDiagnosticHandler collect(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
            first.empty()) {
          first = diagnostic.str();
        }
        return mlir::success();
      });
  if (mlir::succeeded(manager.run(module))) {
    return "";
  }
  return first.empty() ? "a pass failed" : first;
}

Status runPlanPipeline(mlir::ModuleOp module, llvm::StringRef name,
                       const PlanPipelineOptions &options) {
  std::vector<Error> refusals;
  mlir::PassManager manager(module.getContext());
  buildPlanPipeline(manager, options, &refusals);
  const std::string failure = firstFailure(manager, module);
  if (failure.empty()) {
    return Status::success();
  }
  if (!refusals.empty()) {
    return refusals.front();
  }
  return Error{ErrorCode::PlanningFailed, name.str(),
               "a module at stage 'captured'", failure,
               "please report this with the command line"};
}

Status verifyStage(mlir::ModuleOp module, llvm::StringRef stage,
                   llvm::StringRef name) {
  mlir::PassManager manager(module.getContext());
  PlanVerifyStageOptions check;
  check.stage = stage.str();
  manager.addPass(createPlanVerifyStage(check));
  const std::string failure = firstFailure(manager, module);
  if (failure.empty()) {
    return Status::success();
  }
  return Error{ErrorCode::ModuleRejected, name.str(),
               "a module that keeps the contract of stage '" + stage.str() +
                   "'",
               failure, "compile again"};
}

void registerSinterPasses() {
  registerSinterTransformPasses();
  mlir::PassPipelineRegistration<PlanPipelineOptions>(
      "sinter-plan", "imported decoder graph to captured plan",
      [](mlir::OpPassManager &manager, const PlanPipelineOptions &options) {
        buildPlanPipeline(manager, options);
      });
}

} // namespace sinter
