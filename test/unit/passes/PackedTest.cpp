//===- PackedTest.cpp - Modules with packed weights
//------------------------===//
//
// Packing joins launches. It changes no value, no byte of a weight, and not
// what an eager framework would do.
//
//===----------------------------------------------------------------------===//

#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"
#include "models/interpreter/Interpreter.h"
#include "passes/Analysis.h"
#include "passes/Passes.h"
#include "passes/analysis/Eager.h"
#include "passes/analysis/LiveRanges.h"
#include "passes/fusion/EntryGraph.h"
#include "runtime/format/Checkpoint.h"

#include <gtest/gtest.h>
#include <mlir/Pass/PassManager.h>

using namespace sinter;

namespace {

class Packed : public ::testing::Test {
protected:
  static mlir::DialectRegistry dialects() {
    mlir::DialectRegistry registry;
    registerSinterDialects(registry);
    return registry;
  }

  /// The entry of a model at stage `packed`.
  mlir::func::FuncOp import(const std::string &model,
                            const std::string &layout) {
    Result<ModelSource> source = resolveModel(model);
    EXPECT_TRUE(source.ok());
    config = source->config;
    Workload workload;
    workload.context = workload.maxContext = 16;
    Result<mlir::OwningOpRef<mlir::ModuleOp>> imported =
        importDecoder(context, config, workload);
    EXPECT_TRUE(imported.ok());
    modules.push_back(std::move(*imported));
    mlir::PassManager manager(&context);
    DecoderPackWeightsOptions options;
    options.layout = layout;
    manager.addPass(createDecoderNormalize());
    manager.addPass(createDecoderPackWeights(options));
    manager.addPass(createPlanVerifyStage());
    EXPECT_TRUE(mlir::succeeded(manager.run(*modules.back())));
    return *modules.back()->getOps<mlir::func::FuncOp>().begin();
  }

  mlir::MLIRContext context{dialects(), mlir::MLIRContext::Threading::DISABLED};
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  ModelConfig config;
};

TEST_F(Packed, AnalysesOfQwen3) {
  mlir::func::FuncOp apart = import("qwen3-0.6b", "none");
  mlir::func::FuncOp packed = import("qwen3-0.6b", "concat");
  Result<EntryAnalysis> before =
      analyzeEntry(apart, *resolveDevice(defaultDevice));
  Result<EntryAnalysis> after =
      analyzeEntry(packed, *resolveDevice(defaultDevice));
  ASSERT_TRUE(before.ok() && after.ok());
  // Three products become one, and two become one.
  EXPECT_EQ(before->step.launches, 28u * 19 + 4);
  EXPECT_EQ(after->step.launches, 28u * 16 + 4);
  EXPECT_EQ(after->step.uniqueWeights, before->step.uniqueWeights);
  EXPECT_EQ(after->step.uniqueCache, before->step.uniqueCache);
  EXPECT_EQ(after->step.flops, before->step.flops);
  EXPECT_EQ(after->step.uniqueWritten, before->step.uniqueWritten);
  // The normalised state of 1,024 is read three times less.
  EXPECT_EQ(before->step.uniqueRead - after->step.uniqueRead,
            28u * 3 * 2 * 1024);
  ASSERT_EQ(after->layers.size(), 28u);
  EXPECT_EQ(after->layers[27].work, after->layers[0].work);
  for (const OpAnalysis &op : after->ops) {
    EXPECT_EQ(op.refusal, "") << op.name;
  }

  // The published code knows no packed weights.
  Result<EagerProfile> eager = profileEager(apart, EagerAttention::Sdpa);
  Result<EagerProfile> same = profileEager(packed, EagerAttention::Sdpa);
  ASSERT_TRUE(eager.ok() && same.ok());
  EXPECT_EQ(same->launches(), eager->launches());
  EXPECT_EQ(same->launchesOf(EagerKernel::Matmul), 28u * 7 + 1);
  EXPECT_EQ(same->read(), eager->read());
  EXPECT_EQ(same->written(), eager->written());

  // q, k and v live as one value until the last of them is read.
  LiveRangeAnalysis ranges = analyzeLiveRanges(packed);
  EXPECT_EQ(ranges.ranges.size(), 28u * 14 + 4);
  const LiveRange &qkv = ranges.ranges[2];
  EXPECT_EQ(qkv.name, "layers.0.q_proj");
  EXPECT_EQ(qkv.bytes, 2u * (2048 + 1024 + 1024));
  // Steps: embed, norm, q_proj, norms, ropes, k_append, v_append.
  EXPECT_EQ(qkv.first, 2u);
  EXPECT_EQ(qkv.last, 8u);

  fusion::EntryGraph graph = fusion::graphOf(packed);
  ASSERT_EQ(graph.graph.size(), 28u * 16 + 4);
  EXPECT_EQ(graph.graph.name(8), "layers.0.v_append");
  EXPECT_EQ(graph.graph.describe(graph.graph.producers(8)),
            "'layers.0.q_proj'");
}

class PackedValues : public Packed,
                     public ::testing::WithParamInterface<const char *> {};

// Two steps in the interpreter: tokens, logits and caches keep every bit. Qwen2
// packs biases.
TEST_P(PackedValues, KeepEveryBit) {
  const std::string directory =
      std::string(SINTER_SOURCE_DIR "/test/data/checkpoints/") + GetParam();
  Result<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::open(directory);
  ASSERT_TRUE(checkpoint.ok());
  std::vector<std::vector<HostTensor>> results;
  for (const char *layout : {"none", "concat"}) {
    mlir::func::FuncOp entry = import(directory, layout);
    size_t packs = 0;
    entry.walk([&](decoder::PackWeightsOp) { ++packs; });
    EXPECT_EQ(packs != 0, std::string(layout) == "concat");
    Interpreter interpreter{InterpreterOptions()};
    Weights weights(**checkpoint);
    std::vector<HostTensor> caches(
        static_cast<size_t>(2 * config.layers),
        HostTensor(DType::BF16, {1, config.kvHeads, 16, config.headDim}));
    for (int32_t position : {0, 1}) {
      std::vector<HostTensor> inputs = {
          HostTensor::fromInts(std::vector<int32_t>{5 + position}),
          HostTensor::fromInts(std::vector<int32_t>{position})};
      inputs.insert(inputs.end(), caches.begin(), caches.end());
      Result<std::vector<HostTensor>> outputs =
          interpreter.run(entry, std::move(inputs), weights);
      ASSERT_TRUE(outputs.ok()) << outputs.error().message();
      caches.assign(outputs->begin() + 2, outputs->end());
      results.push_back(std::move(*outputs));
    }
  }
  for (size_t step : {0, 1}) {
    ASSERT_EQ(results[step].size(), results[step + 2].size());
    for (size_t i = 0; i < results[step].size(); ++i) {
      EXPECT_TRUE(std::ranges::equal(results[step][i].bytes(),
                                     results[step + 2][i].bytes()))
          << "result " << i << " of step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, PackedValues,
                         ::testing::Values("qwen3-rand", "qwen2-rand",
                                           "llama-rand"));

} // namespace
