//===- AnalysisTest.cpp - Launches and bytes of published models ----------===//

#include "passes/Analysis.h"
#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "ir/plan/Plan.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"

#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>

using namespace sinter;

namespace {

EntryAnalysis analyze(const std::string &model, Workload workload = {}) {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Result<ModelSource> source = resolveModel(model);
  EXPECT_TRUE(source.ok());
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      importDecoder(context, source->config, workload);
  EXPECT_TRUE(module.ok()) << (module.ok() ? "" : module.error().message());
  auto function = *(**module).getOps<mlir::func::FuncOp>().begin();
  Result<EntryAnalysis> analysis =
      analyzeEntry(function, *resolveDevice(defaultDevice));
  EXPECT_TRUE(analysis.ok());
  return std::move(*analysis);
}

const OpAnalysis &find(const EntryAnalysis &entry, const std::string &name) {
  for (const OpAnalysis &op : entry.ops) {
    if (op.name == name) {
      return op;
    }
  }
  ADD_FAILURE() << name;
  return entry.ops.front();
}

TEST(Analysis, Qwen3Point6B) {
  EntryAnalysis entry = analyze("qwen3-0.6b");
  // 28 layers of 19 ops, embed, final norm, head, argmax.
  EXPECT_EQ(entry.step.launches, 28u * 19 + 4);
  EXPECT_EQ(entry.step.launches, 536u);
  EXPECT_EQ(entry.step.uniqueWeights, 1'192'099'840u);
  EXPECT_EQ(entry.cacheBytesPerPosition, 114'688u);
  ASSERT_EQ(entry.layers.size(), 28u);
  for (const LayerAnalysis &layer : entry.layers) {
    EXPECT_EQ(layer.ops, 19u);
    EXPECT_EQ(layer.work, entry.layers[0].work);
  }
  for (const OpAnalysis &op : entry.ops) {
    EXPECT_EQ(op.refusal, "");
    EXPECT_EQ(op.work.launches, 1u) << op.name;
    EXPECT_GE(op.work.stored, op.work.uniqueWritten) << op.name;
  }
  // 28 layers read the cache at 512 positions.
  EXPECT_EQ(entry.step.uniqueCache, 114'688u * 512);
  EXPECT_EQ(find(entry, "layers.3.q_proj").work.uniqueWeights,
            2048u * 1024 * 2);
  EXPECT_EQ(find(entry, "embed").work.uniqueWeights, 1024u * 2);
  EXPECT_EQ(find(entry, "lm_head").work.uniqueWeights, 151936u * 1024 * 2);
}

TEST(Analysis, OpsOfALayerAddUp) {
  EntryAnalysis entry = analyze("qwen3-0.6b");
  WorkCounts sum;
  for (const OpAnalysis &op : entry.ops) {
    if (op.layer == 5) {
      sum += op.work;
    }
  }
  EXPECT_EQ(sum, entry.layers[5].work);
  uint64_t loaded = 0;
  for (const OpAnalysis &op : entry.ops) {
    loaded += op.work.loaded;
  }
  EXPECT_EQ(loaded, entry.step.loaded);
}

TEST(Analysis, IssuedBytesByClass) {
  EntryAnalysis entry = analyze("qwen3-0.6b");
  for (const OpAnalysis &op : entry.ops) {
    const WorkCounts &work = op.work;
    if (op.kind == "linear") {
      // Each matrix is issued once.
      EXPECT_EQ(work.loadedWeights, work.uniqueWeights) << op.name;
      EXPECT_EQ(work.loadedCache, 0u);
    } else if (op.kind == "attention") {
      EXPECT_EQ(work.loadedWeights, 0u);
      EXPECT_GE(work.loadedCache, work.uniqueCache) << op.name;
      EXPECT_EQ(work.storedCache, 0u);
    } else if (op.kind == "kv_append") {
      // 8 heads of 128.
      EXPECT_EQ(work.storedCache, 2048u) << op.name;
      EXPECT_EQ(work.storedActivations(), 0u);
    }
    EXPECT_EQ(work.loadedWeights + work.loadedCache + work.loadedActivations(),
              work.loaded);
  }
  EXPECT_EQ(entry.step.storedCache, 28u * 2 * 2048);
}

TEST(Analysis, IntensityOfASingleRowIsOneFlopPerByte) {
  EntryAnalysis entry = analyze("qwen3-0.6b");
  // 2 x 2048 x 1024 flops; the matrix, 1024 inputs and 2048 outputs of bf16.
  const WorkCounts &linear = find(entry, "layers.0.q_proj").work;
  EXPECT_EQ(linear.flops, 4'194'304u);
  EXPECT_EQ(linear.uniqueRead + linear.uniqueWritten, 4'200'448u);
  EXPECT_EQ(linear.flopsPerThousandBytes(), 998u);
  EXPECT_EQ(WorkCounts{}.flopsPerThousandBytes(), 0u);
}

TEST(Analysis, UniqueWeightBytesOfOtherSizes) {
  EXPECT_EQ(analyze("qwen3-4b").step.uniqueWeights, 8'044'936'192u);
  // The head is not tied: one row of the embedding comes on top.
  EXPECT_EQ(analyze("qwen3-8b").step.uniqueWeights, 15'136'811'008u + 8'192u);
}

TEST(Analysis, AgreesWithTheConfig) {
  for (const std::string &name : publishedModels()) {
    ModelConfig config = resolveModel(name)->config;
    EntryAnalysis entry = analyze(name);
    EXPECT_EQ(entry.step.uniqueWeights,
              static_cast<uint64_t>(config.stepWeightBytes()))
        << name;
    EXPECT_EQ(entry.cacheBytesPerPosition,
              static_cast<uint64_t>(config.kvBytesPerPosition()))
        << name;
    uint64_t perLayer = config.qkNorm ? 19 : 17;
    EXPECT_EQ(entry.step.launches,
              static_cast<uint64_t>(config.layers) * perLayer + 4)
        << name;
  }
}

TEST(Analysis, OnlyTheCacheGrowsWithTheContext) {
  Workload shorter, longer;
  shorter.context = 512;
  longer.context = 1024;
  EntryAnalysis a = analyze("qwen3-0.6b", shorter);
  EntryAnalysis b = analyze("qwen3-0.6b", longer);
  EXPECT_EQ(b.step.uniqueRead - a.step.uniqueRead, 114'688u * 512);
  EXPECT_EQ(b.step.uniqueWeights, a.step.uniqueWeights);
  EXPECT_EQ(b.step.launches, a.step.launches);
}

TEST(Analysis, NamesWhatNoFamilyRuns) {
  Workload batched;
  batched.batch = 17;
  EntryAnalysis entry = analyze("qwen3-0.6b", batched);
  const OpAnalysis &linear = find(entry, "layers.0.q_proj");
  EXPECT_EQ(linear.family, "");
  EXPECT_EQ(linear.work.launches, 0u);
  EXPECT_EQ(linear.refusal.substr(0, 12), "refused_rows");
  EXPECT_GT(linear.work.uniqueWeights, 0u);
}

TEST(Analysis, WithoutAWorkload) {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      importDecoder(context, resolveModel("qwen3-0.6b")->config, {});
  ASSERT_TRUE(module.ok());
  auto function = *(**module).getOps<mlir::func::FuncOp>().begin();
  function->removeAttr(plan::PlanDialect::kWorkloadAttr);
  Result<EntryAnalysis> analysis =
      analyzeEntry(function, *resolveDevice(defaultDevice));
  ASSERT_FALSE(analysis.ok());
  EXPECT_EQ(analysis.error().code, ErrorCode::WorkloadMissing);
}

} // namespace
