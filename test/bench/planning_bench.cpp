//===- planning_bench.cpp - Time of planning ------------------------------===//
//
// planning_bench: from the imported module to the placed plan, all passes and
// their checks, for each published model and for the 32B shape with 1 to 256
// layers; and the planner alone.
//
//===----------------------------------------------------------------------===//

#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"
#include "passes/Passes.h"
#include "passes/planning/EntryPlanning.h"

#include <mlir/IR/MLIRContext.h>
#include <mlir/Pass/PassManager.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

using namespace sinter;

namespace {

constexpr int runs = 5;

double milliseconds() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Median of some runs; `work` gets a module at stage `imported`.
template <typename Work>
Result<double> median(const ModelConfig &config, Work work) {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    SINTER_ASSIGN(mlir::OwningOpRef<mlir::ModuleOp> module,
                  importDecoder(context, config, {}));
    SINTER_ASSIGN(double time, work(*module));
    times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  return times[runs / 2];
}

Result<double> allPasses(mlir::ModuleOp module, bool verify) {
  PlanPipelineOptions options;
  options.decisions = "exact";
  options.verify = verify;
  const double start = milliseconds();
  SINTER_TRY(runPlanPipeline(module, "model", options));
  return milliseconds() - start;
}

Result<double> plannerAlone(mlir::ModuleOp module) {
  mlir::PassManager manager(module.getContext());
  manager.addPass(createDecoderNormalize());
  manager.addPass(createDecoderPackWeights());
  if (mlir::failed(manager.run(module))) {
    return Error{ErrorCode::PlanningFailed, "module", "stage 'packed'",
                 "the diagnostics above", ""};
  }
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(defaultDevice));
  const double start = milliseconds();
  SINTER_TRY(planning::planEntry(*module.getOps<mlir::func::FuncOp>().begin(),
                                 device));
  return milliseconds() - start;
}

Status row(const std::string &name, const ModelConfig &config) {
  SINTER_ASSIGN(double alone, median(config, plannerAlone));
  SINTER_ASSIGN(double passes, median(config, [](mlir::ModuleOp module) {
                  return allPasses(module, false);
                }));
  SINTER_ASSIGN(double checked, median(config, [](mlir::ModuleOp module) {
                  return allPasses(module, true);
                }));
  std::printf("| %s | %lld | %.1f | %.1f | %.1f |\n", name.c_str(),
              static_cast<long long>(config.layers), alone, passes, checked);
  return Status::success();
}

Status table() {
  std::printf("| model | layers | planner, ms | all passes | with checks |\n"
              "| --- | --- | --- | --- | --- |\n");
  for (const std::string &name : publishedModels()) {
    SINTER_ASSIGN(ModelSource source, resolveModel(name));
    SINTER_TRY(row(name, source.config));
  }
  SINTER_ASSIGN(ModelSource largest, resolveModel("qwen3-32b"));
  for (int64_t layers : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
    largest.config.layers = layers;
    SINTER_TRY(row("32B shape", largest.config));
  }
  return Status::success();
}

} // namespace

int main() {
  Status status = table();
  if (!status) {
    std::fprintf(stderr, "%s\n", status.error().message().c_str());
    return status.error().exitCode();
  }
  return 0;
}
