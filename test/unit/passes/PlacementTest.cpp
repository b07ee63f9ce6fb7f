//===- PlacementTest.cpp - The placement check against another one --------===//
//
// Slots of placed modules are moved at random. The check on the IR, which
// executes the schedule on bytes, and the validation of the plan, which
// compares lifetimes, must judge each of them alike.
//
//===----------------------------------------------------------------------===//

#include "codegen/EmitPlan.h"
#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "ir/plan/Plan.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"
#include "passes/CheckPlacement.h"
#include "passes/Passes.h"
#include "passes/Support.h"
#include "runtime/format/Sha256.h"
#include "runtime/format/Validate.h"

#include <gtest/gtest.h>
#include <mlir/IR/Diagnostics.h>
#include <mlir/IR/MLIRContext.h>

#include <random>

using namespace sinter;

namespace {

mlir::DialectRegistry dialects() {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  return registry;
}

class Placement : public ::testing::TestWithParam<const char *> {
protected:
  Placement()
      : context(dialects(), mlir::MLIRContext::Threading::DISABLED),
        silent(&context, [](mlir::Diagnostic &) { return mlir::success(); }) {
    Workload workload;
    workload.context = 16;
    workload.maxContext = 32;
    Result<ModelSource> source = resolveModel(
        std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/qwen2-rand");
    EXPECT_TRUE(source.ok());
    Result<mlir::OwningOpRef<mlir::ModuleOp>> imported =
        importDecoder(context, source->config, workload);
    EXPECT_TRUE(imported.ok());
    module = std::move(*imported);
    Status planned = runPlanPipeline(*module, "m", options());
    EXPECT_TRUE(planned.ok()) << planned.error().message();
    function = entriesOf(*module).front();
    function.walk([&](plan::LaunchOp launch) { launches.push_back(launch); });
  }

  PlanPipelineOptions &options() {
    pipeline.decisions = "single";
    pipeline.mode = GetParam();
    return pipeline;
  }

  bool soundIr() { return mlir::succeeded(checkPlacement(function)); }

  bool soundPlan() {
    codegen::PlanOrigin origin;
    origin.version = "test";
    origin.inputDigest = origin.model.configDigest = sha256Hex("");
    origin.model.weights.seed = 0;
    PlanArtifact artifact =
        codegen::emitPlan(*module, *resolveDevice(defaultDevice), origin);
    return validatePlan(artifact.plan, "plan").empty();
  }

  plan::SlotAttr slotOf(plan::LaunchOp launch) {
    return mlir::cast<plan::SlotAttr>((*launch.getSlots())[0]);
  }

  void setSlot(plan::LaunchOp launch, plan::SlotAttr slot) {
    launch.setSlotsAttr(
        mlir::ArrayAttr::get(&context, llvm::ArrayRef<mlir::Attribute>(slot)));
  }

  PlanPipelineOptions pipeline;
  mlir::MLIRContext context;
  mlir::ScopedDiagnosticHandler silent;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  llvm::SmallVector<plan::LaunchOp> launches;
};

TEST_P(Placement, BothChecksAgreeOnMovedSlots) {
  ASSERT_TRUE(soundIr());
  ASSERT_TRUE(soundPlan());
  int64_t arena = 0;
  for (plan::LaunchOp launch : launches) {
    if (slotOf(launch).getArena() == "activations") {
      arena = std::max(arena,
                       slotOf(launch).getOffset() + slotOf(launch).getBytes());
    }
  }
  std::mt19937 random(11);
  int refused = 0;
  int accepted = 0;
  for (int round = 0; round < 150; ++round) {
    plan::LaunchOp launch = launches[random() % launches.size()];
    plan::SlotAttr old = slotOf(launch);
    if (old.getArena() != "activations") {
      continue;
    }
    int64_t places = arena / 256 + 2;
    int64_t offset =
        256 * static_cast<int64_t>(random() % static_cast<uint32_t>(places));
    setSlot(launch, plan::SlotAttr::get(&context, "activations", offset,
                                        old.getBytes()));
    bool sound = soundIr();
    EXPECT_EQ(sound, soundPlan())
        << "round " << round << ": " << describeOp(launch) << " at " << offset;
    (sound ? accepted : refused)++;
    setSlot(launch, old);
  }
  // The moves are worth something only if there are many of both kinds.
  EXPECT_GT(refused, 20);
  EXPECT_GT(accepted, 20);
}

TEST_P(Placement, AValueInTheCacheOrTheIoArenaIsCaught) {
  for (const char *arena : {"cache", "io"}) {
    plan::LaunchOp launch = launches[launches.size() / 2];
    plan::SlotAttr old = slotOf(launch);
    setSlot(launch, plan::SlotAttr::get(&context, arena, 0, old.getBytes()));
    EXPECT_FALSE(soundIr()) << arena;
    EXPECT_FALSE(soundPlan()) << arena;
    setSlot(launch, old);
  }
}

/// A launch that takes the place of what the launch before it reads: fine one
/// after the other, not where both may run at once.
TEST_P(Placement, WhatALaunchReadsIsNotOverwrittenBesideIt) {
  int moved = 0;
  for (size_t i = 1; i < launches.size(); ++i) {
    plan::LaunchOp before = launches[i - 1];
    plan::LaunchOp launch = launches[i];
    plan::SlotAttr old = slotOf(launch);
    auto reads = before.getInputs()[0].getDefiningOp<plan::LaunchOp>();
    if (!reads || slotOf(reads).getArena() != "activations" ||
        old.getArena() != "activations" || !reads->hasOneUse() ||
        slotOf(reads).getBytes() < old.getBytes()) {
      continue;
    }
    setSlot(launch,
            plan::SlotAttr::get(&context, "activations",
                                slotOf(reads).getOffset(), old.getBytes()));
    const bool sound = soundIr();
    EXPECT_EQ(sound, !launch.getProgrammatic()) << i;
    EXPECT_EQ(sound, soundPlan()) << i;
    moved += launch.getProgrammatic() == (GetParam() == std::string("pdl"));
    setSlot(launch, old);
  }
  EXPECT_GT(moved, 0);
}

TEST_P(Placement, ACapturedModuleIsNotPlannedAgain) {
  Status again = runPlanPipeline(*module, "m", options());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::PlanningFailed);
  EXPECT_EQ(again.error().found,
            "plan-verify-stage: the module is at stage 'captured', wanted "
            "'imported'; run the importer");
}

INSTANTIATE_TEST_SUITE_P(Modes, Placement, ::testing::Values("stream", "pdl"));

} // namespace
