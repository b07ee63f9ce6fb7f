//===- PlanningFixture.h - Published models and their plans -----*- C++ -*-===//

#ifndef SINTER_TEST_UNIT_PASSES_PLANNINGFIXTURE_H
#define SINTER_TEST_UNIT_PASSES_PLANNINGFIXTURE_H

#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "ir/plan/Plan.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"
#include "passes/Passes.h"
#include "passes/planning/EntryPlanning.h"

#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>
#include <mlir/Pass/PassManager.h>

namespace sinter::planning {

class Planning : public ::testing::Test {
protected:
  /// At stage `packed`; with "concat" q, k and v are one matrix, gate and up
  /// too.
  mlir::func::FuncOp import(const std::string &model,
                            const std::string &layout = "concat",
                            Workload workload = {}) {
    Result<ModelSource> source = resolveModel(model);
    EXPECT_TRUE(source.ok());
    Result<mlir::OwningOpRef<mlir::ModuleOp>> imported =
        importDecoder(context, source->config, workload);
    EXPECT_TRUE(imported.ok());
    module = std::move(*imported);
    mlir::PassManager manager(&context);
    DecoderPackWeightsOptions pack;
    pack.layout = layout;
    manager.addPass(createDecoderNormalize());
    manager.addPass(createDecoderPackWeights(pack));
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

inline uint64_t total(const EntryPlan &plan) { return plan.step.picoseconds; }

inline const PhaseDecision &phaseWith(const EntryPlan &plan,
                                      const std::string &name) {
  for (const PhaseDecision &phase : plan.phases) {
    for (uint32_t op : phase.ops) {
      if (plan.entry.graph.name(op) == name) {
        return phase;
      }
    }
  }
  ADD_FAILURE() << name;
  return plan.phases.front();
}

inline plan::Choice choiceOf(const EntryPlan &plan, const std::string &name) {
  return plan.variantOf(phaseWith(plan, name)).choice;
}

} // namespace sinter::planning

#endif // SINTER_TEST_UNIT_PASSES_PLANNINGFIXTURE_H
