//===- BucketsTest.cpp - Entries of several contexts in one plan ----------===//

#include "models/config/Tensors.h"
#include "runtime/Session.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"
#include "tools/Contexts.h"
#include "tools/PlanEngine.h"

#include <gtest/gtest.h>

#include <set>

using namespace sinter;

namespace {

constexpr int64_t capacity = 24;

CompileRequest request(std::vector<int64_t> contexts) {
  CompileRequest made;
  Result<ModelSource> source = resolveModel(
      std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/qwen3-rand");
  EXPECT_TRUE(source.ok());
  made.source = std::move(*source);
  made.weights.seed = 3;
  made.workload.context = 8;
  made.workload.maxContext = capacity;
  made.contexts = std::move(contexts);
  return made;
}

PlanArtifact compiled(const CompileRequest &made) {
  Result<PlanArtifact> artifact = compileModel(made);
  EXPECT_TRUE(artifact.ok()) << artifact.error().message();
  return std::move(*artifact);
}

std::unique_ptr<PlanEngine> engineOf(PlanArtifact artifact,
                                     const ModelConfig &config) {
  host::HostOptions options;
  options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
  auto device = host::HostDevice::create(options);
  EXPECT_TRUE(device.ok());
  RandomWeights weights(3, expectedTensors(config));
  auto engine = PlanEngine::create(artifact, weights, std::move(*device));
  EXPECT_TRUE(engine.ok()) << engine.error().message();
  return std::move(*engine);
}

std::vector<int32_t> tokens(PlanEngine &engine, int32_t steps) {
  std::vector<int32_t> ids;
  int32_t id = 5;
  for (int32_t position = 0; position < steps; ++position) {
    Result<int32_t> next = engine.step(id, static_cast<uint32_t>(position));
    EXPECT_TRUE(next.ok()) << next.error().message();
    ids.push_back(id = *next);
  }
  return ids;
}

TEST(Buckets, EntriesShareAllButTheirSteps) {
  PlanArtifact one = compiled(request({}));
  PlanArtifact three = compiled(request({4, 8, capacity}));
  const format::Plan &plan = three.plan;
  ASSERT_EQ(plan.entries.size(), 3u);
  EXPECT_EQ(plan.entries[0].name, "decode_c4");
  EXPECT_EQ(plan.entries[1].name, "decode_c8");
  EXPECT_EQ(plan.entries[2].name, "decode_c24");
  EXPECT_EQ(plan.weights, one.plan.weights);
  for (const format::Entry &entry : plan.entries) {
    EXPECT_EQ(entry.inputs, one.plan.entries[0].inputs);
    EXPECT_EQ(entry.outputs, one.plan.entries[0].outputs);
    ASSERT_TRUE(entry.advance.has_value());
    EXPECT_EQ(entry.advance->args, one.plan.entries[0].advance->args);
  }
  for (const format::Arena &arena : plan.arenas) {
    for (const format::Arena &other : one.plan.arenas) {
      if (arena.name == other.name) {
        EXPECT_EQ(arena.bytes, other.bytes) << arena.name;
      }
    }
  }
  // Work is that of each entry's own context.
  std::set<uint64_t> loaded;
  for (const format::Entry &entry : plan.entries) {
    uint64_t sum = 0;
    for (const auto &[kernel, work] : entry.works) {
      for (const format::ParamTraffic &param : work.params) {
        sum += param.loaded;
      }
    }
    loaded.insert(sum);
  }
  EXPECT_EQ(loaded.size(), 3u);
}

TEST(Buckets, TokensAcrossTheBordersAreThoseOfOneEntry) {
  CompileRequest made = request({4, 8, 16});
  auto three = engineOf(compiled(made), made.source.config);
  made.contexts.clear();
  auto one = engineOf(compiled(made), made.source.config);
  EXPECT_EQ(tokens(*three, capacity), tokens(*one, capacity));
  // Position p attends p + 1 positions.
  Session &session = three->state();
  const size_t wanted[][2] = {{0, 0}, {3, 0},  {4, 1},  {7, 1},
                              {8, 2}, {15, 2}, {16, 2}, {23, 2}};
  for (auto [position, entry] : wanted) {
    for (size_t from = 0; from < 3; ++from) {
      EXPECT_EQ(session.entryFor(from, static_cast<uint32_t>(position)), entry)
          << position;
    }
  }
}

TEST(Buckets, ListsOfContexts) {
  EXPECT_EQ(*parseContexts("512,2048"), (std::vector<int64_t>{512, 2048}));
  EXPECT_EQ(*parseContexts("7"), std::vector<int64_t>{7});
  for (const char *text : {"512,512", "512,", "0,4", "4k", "-1"}) {
    Result<std::vector<int64_t>> contexts = parseContexts(text);
    ASSERT_FALSE(contexts.ok()) << text;
    EXPECT_EQ(contexts.error().message(),
              std::string("SIN1003 (value of an argument not understood): "
                          "--contexts: wanted auto, or ascending numbers of "
                          "positions as 512,2048, found '") +
                  text + "'");
  }
}

TEST(Buckets, ChosenByPredictedCost) {
  Result<std::vector<int64_t>> contexts = chooseContexts(request({}));
  ASSERT_TRUE(contexts.ok()) << contexts.error().message();
  ASSERT_FALSE(contexts->empty());
  EXPECT_EQ(contexts->back(), capacity);
  EXPECT_TRUE(compileModel(request(*contexts)).ok());
}

TEST(Buckets, ContextsThatDoNotFitTogetherAreRefused) {
  auto refusal = [](std::vector<int64_t> contexts) {
    Result<PlanArtifact> artifact = compileModel(request(std::move(contexts)));
    return artifact ? "" : artifact.error().message();
  };
  EXPECT_EQ(refusal({8, 8}),
            "SIN2711 (workload the model cannot have): workloads of one "
            "module: wanted ascending phases, tokens and contexts, found "
            "decode of 1 tokens at context 8 after decode of 1 tokens at "
            "context 8");
  EXPECT_EQ(refusal({4, capacity + 1}).substr(0, 7), "SIN2711");
}

} // namespace
