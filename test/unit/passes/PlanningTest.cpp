//===- PlanningTest.cpp - Plans of published models -----------------------===//

#include "passes/planning/EntryPlanning.h"
#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "ir/plan/Plan.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"
#include "passes/Passes.h"

#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>
#include <mlir/Pass/PassManager.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <set>

using namespace sinter;
using namespace sinter::planning;
using cost::ExecutionMode;

namespace {

class Planning : public ::testing::Test {
protected:
  mlir::func::FuncOp import(const std::string &model, Workload workload = {}) {
    Result<ModelSource> source = resolveModel(model);
    EXPECT_TRUE(source.ok());
    Result<mlir::OwningOpRef<mlir::ModuleOp>> imported =
        importDecoder(context, source->config, workload);
    EXPECT_TRUE(imported.ok());
    module = std::move(*imported);
    mlir::PassManager manager(&context);
    manager.addPass(createDecoderNormalize());
    EXPECT_TRUE(mlir::succeeded(manager.run(*module)));
    return *module->getOps<mlir::func::FuncOp>().begin();
  }

  static DeviceSpec device(const std::string &name = "h200") {
    return *resolveDevice(name);
  }

  static EntryPlan plan(mlir::func::FuncOp function, const DeviceSpec &device,
                        const PlanningOptions &options = {}) {
    Result<EntryPlan> result = planEntry(function, device, options);
    if (!result) {
      ADD_FAILURE() << result.error().message();
      return {};
    }
    return std::move(*result);
  }

  static mlir::DialectRegistry dialects() {
    mlir::DialectRegistry registry;
    registerSinterDialects(registry);
    return registry;
  }

  mlir::MLIRContext context{dialects(), mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(Planning, Look) {
  for (const char *model : {"qwen3-0.6b", "qwen3-32b"}) {
    auto function = import(model);
    for (DecisionSet set : {DecisionSet::Single, DecisionSet::Library,
                            DecisionSet::Greedy, DecisionSet::Exact}) {
      PlanningOptions options;
      options.decisions = set;
      auto start = std::chrono::steady_clock::now();
      EntryPlan result = plan(function, device(), options);
      double ms = std::chrono::duration<double, std::milli>(
                      std::chrono::steady_clock::now() - start)
                      .count();
      std::printf("%s %s: %zu phases, mode %s, %.1f us, %.1f ms; answers %zu "
                  "groups %zu candidates %zu tails %zu states %lu\n",
                  model, decisionSetName(set).data(), result.phases.size(),
                  cost::modeName(result.chosenMode()).data(),
                  result.step.picoseconds / 1e6, ms, result.answers.size(),
                  result.groups.size(), result.candidates.candidates.size(),
                  result.candidates.tails.size(), result.solution.states);
      for (size_t i = 0; i < std::min<size_t>(20, result.phases.size()); ++i) {
        const PhaseDecision &phase = result.phases[i];
        const Variant &v = result.variantOf(phase);
        std::printf("  %s | %s {%s} %s | %s\n",
                    result.entry.graph.describe(phase.ops).c_str(),
                    v.family ? v.family->name().str().c_str() : "library",
                    v.config.text().c_str(),
                    plan::stringifyReason(phase.reason).str().c_str(),
                    cost::describe(phase.price).c_str());
      }
      for (size_t m = 0; m < result.modes.size(); ++m) {
        std::printf("  %s %.1f us %lu launches\n",
                    result.candidates.modes[m].c_str(),
                    result.solution.plans[m].picoseconds / 1e6,
                    result.solution.plans[m].launches);
      }
    }
  }
}

} // namespace
