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
                       const PlanPipelineOptions &options) {
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
  PlanMarkOptions mark;
  mark.target = options.target;
  PlanSelectKernelsOptions select;
  select.target = options.target;
  select.config = options.config;
  add(nullptr, "imported");
  add(createDecoderNormalize(), "normalized");
  add(createDecoderPackWeights(pack), "packed");
  add(createPlanMark(mark), "marked");
  add(createPlanFormGroups(), "grouped");
  add(createPlanSelectKernels(select), "selected");
  add(createPlanOutlineKernels(), "outlined");
  add(createPlanAssignBuffers(), "placed");
}

Status runPlanPipeline(mlir::ModuleOp module, llvm::StringRef name,
                       const PlanPipelineOptions &options) {
  std::string first;
  mlir::ScopedDiagnosticHandler collect(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
            first.empty()) {
          first = diagnostic.str();
        }
        return mlir::success();
      });
  bool imported = plan::getStage(module) == plan::Stage::Imported;
  mlir::PassManager manager(module.getContext());
  buildPlanPipeline(manager, options);
  if (mlir::succeeded(manager.run(module))) {
    return Status::success();
  }
  if (imported && plan::getStage(module) == plan::Stage::Packed) {
    return Error{ErrorCode::NotPlannable, name.str(),
                 "ops that the kernel families run", first,
                 "choose another workload or target"};
  }
  return Error{ErrorCode::PlanningFailed, name.str(),
               "a module at stage 'placed'", first,
               "please report this with the command line"};
}

void registerSinterPasses() {
  registerSinterTransformPasses();
  mlir::PassPipelineRegistration<PlanPipelineOptions>(
      "sinter-plan", "imported decoder graph to placed plan",
      buildPlanPipeline);
}

} // namespace sinter
