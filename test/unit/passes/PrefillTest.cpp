//===- PrefillTest.cpp - Prompts through entries of many tokens -----------===//

#include "codegen/devices/Devices.h"
#include "ir/target/DeviceSpec.h"
#include "models/config/Tensors.h"
#include "runtime/PromptFeed.h"
#include "runtime/format/Bindings.h"
#include "runtime/format/Prompts.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/format/SharedWeights.h"
#include "runtime/host/HostDevice.h"
#include "test/unit/format/TemporaryFolder.h"
#include "tools/BenchStep.h"
#include "tools/Compile.h"
#include "tools/InterpreterEngine.h"
#include "tools/PlanEngine.h"
#include "tools/Prefills.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace sinter;

namespace {

CompileRequest request(const std::string &checkpoint, int64_t capacity,
                       std::vector<int64_t> prefills) {
  CompileRequest made;
  Result<ModelSource> source = resolveModel(
      std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/" + checkpoint);
  EXPECT_TRUE(source.ok());
  made.source = std::move(*source);
  made.weights.seed = 3;
  made.workload.context = 12;
  made.workload.maxContext = capacity;
  made.prefills = std::move(prefills);
  return made;
}

PlanArtifact compiled(const CompileRequest &made) {
  Result<PlanArtifact> artifact = compileModel(made);
  EXPECT_TRUE(artifact.ok()) << artifact.error().message();
  return artifact ? std::move(*artifact) : PlanArtifact();
}

/// A plan with random weights on the host device.
struct Subject {
  explicit Subject(const CompileRequest &made, bool checked = true) {
    host::HostOptions options;
    options.checked = checked;
    options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
    auto device = host::HostDevice::create(options);
    EXPECT_TRUE(device.ok());
    host = device->get();
    RandomWeights weights(3, expectedTensors(made.source.config));
    auto prepared =
        PlanEngine::create(compiled(made), weights, std::move(*device));
    EXPECT_TRUE(prepared.ok()) << prepared.error().message();
    engine = std::move(*prepared);
  }
  std::vector<float> logits() {
    Result<std::vector<float>> found = engine->logits();
    EXPECT_TRUE(found.ok());
    return *found;
  }
  int32_t prompt(std::span<const int32_t> ids, uint32_t position) {
    Result<int32_t> token = engine->prompt(ids, position);
    EXPECT_TRUE(token.ok()) << token.error().message();
    return token ? *token : -1;
  }
  int32_t step(int32_t id, uint32_t position) {
    Result<int32_t> token = engine->step(id, position);
    EXPECT_TRUE(token.ok()) << token.error().message();
    return token ? *token : -1;
  }
  host::HostDevice *host = nullptr;
  std::unique_ptr<PlanEngine> engine;
};

std::vector<int32_t> promptOf(size_t length) {
  std::vector<int32_t> ids(length);
  for (size_t i = 0; i < length; ++i) {
    ids[i] = static_cast<int32_t>((31 * i + 2) % 384);
  }
  return ids;
}

/// Of the difference, over that of `wanted`: Euclidean norms.
double distance(const std::vector<float> &found,
                const std::vector<float> &wanted) {
  EXPECT_EQ(found.size(), wanted.size());
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < std::min(found.size(), wanted.size()); ++i) {
    difference += std::pow(double{found[i]} - wanted[i], 2);
    norm += std::pow(double{wanted[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

/// The order of sums differs, so the bits may. Bf16 alone is 2^-6 from fp32 on
/// these checkpoints (APromptFillsTheCacheExactly); two runs that round apart,
/// as kernels of one row and of several do, are nearer to each other.
void expectNear(const std::vector<float> &found,
                const std::vector<float> &wanted, const std::string &where) {
  EXPECT_LE(distance(found, wanted), 0x1.4p-7) << where;
}

TEST(Prefill, ChunksOfAPrompt) {
  const std::vector<uint32_t> sizes = {1, 4, 16};
  const struct {
    uint64_t left, room;
    uint32_t tokens;
  } wanted[] = {{1, 99, 1},
                {2, 99, 4},
                {4, 99, 4},
                {5, 99, 16},
                {16, 16, 16},
                {17, 99, 16},
                {100, 99, 16},
                // Padding would reach past the cache.
                {5, 15, 4},
                {3, 3, 1},
                {15, 15, 4},
                {1, 1, 1}};
  for (const auto &[left, room, tokens] : wanted) {
    EXPECT_EQ(chunkTokens(sizes, left, room), tokens) << left << " " << room;
  }
}

TEST(Prefill, EntriesShareWeightsCachesAndOutputs) {
  PlanArtifact alone = compiled(request("qwen3-rand", 24, {}));
  PlanArtifact artifact = compiled(request("qwen3-rand", 24, {4, 16}));
  const format::Plan &plan = artifact.plan;
  ASSERT_EQ(plan.entries.size(), 3u);
  EXPECT_EQ(plan.entries[0].name, "decode");
  EXPECT_EQ(plan.entries[1].name, "prefill_t4");
  EXPECT_EQ(plan.entries[2].name, "prefill_t16");
  EXPECT_EQ(plan.entries[1].workload.tokens, 4u);
  EXPECT_EQ(plan.entries[1].workload.context, 12u);
  EXPECT_EQ(plan.entries[2].workload.context, 16u) << "covers its tokens";
  for (const format::Entry &entry : plan.entries) {
    EXPECT_EQ(entry.outputs, plan.entries[0].outputs);
    EXPECT_EQ(entry.advance.has_value(), entry.workload.phase == "decode");
  }
  // Of the packed weights and of the caches there is one.
  EXPECT_EQ(weightBytes(plan), weightBytes(alone.plan));
  size_t inside = 0;
  for (const auto &place : sharedWeights(plan)) {
    inside += place.has_value();
  }
  EXPECT_EQ(inside, 3u * 5) << "q, k, v, gate and up of each layer";
  auto arenaBytes = [](const format::Plan &of, const std::string &name) {
    for (const format::Arena &arena : of.arenas) {
      if (arena.name == name) {
        return arena.bytes;
      }
    }
    return uint64_t{0};
  };
  EXPECT_EQ(arenaBytes(plan, "cache"), arenaBytes(alone.plan, "cache"));
  // Only one row of a chunk goes through the head.
  for (const format::Step &step : plan.entries[2].steps) {
    if (std::find(step.ops.begin(), step.ops.end(), "lm_head") !=
        step.ops.end()) {
      EXPECT_EQ(step.kind, format::StepKind::Launch);
    }
  }
  for (const format::Value &value : plan.values) {
    if (value.name == "logits") {
      EXPECT_EQ(value.shape[0], 1u);
    }
  }
}

// The chunk ends at the position that the entry was made for: what the kernels
// do is then what the plan says, byte by byte.
TEST(Prefill, TheHostCountsWhatThePlanSays) {
  Subject subject(request("qwen3-rand", 24, {7}));
  const std::vector<int32_t> ids = promptOf(12);
  for (uint32_t position = 0; position < 5; ++position) {
    subject.step(ids[position], position);
  }
  subject.host->resetCounters();
  subject.prompt(std::span(ids).subspan(5), 5);
  Session &session = subject.engine->state();
  const format::Entry &entry = session.plan().entries.at(1);
  ASSERT_EQ(entry.name, "prefill");
  std::map<std::string, uint64_t> launches;
  size_t several = 0;
  for (const format::Step &step : entry.steps) {
    several += step.kernel.starts_with("skinny_");
    if (step.kind == format::StepKind::Launch) {
      ++launches[step.kernel];
    }
    // Of seven rows only the last goes through the head.
    if (std::find(step.ops.begin(), step.ops.end(), "lm_head") !=
        step.ops.end()) {
      const uint64_t once =
          uint64_t{2} * 1000 * 256; // vocabulary times hidden size, twice
      const uint64_t flops = format::findWork(entry, step.kernel)->flops;
      EXPECT_GE(flops, once);
      EXPECT_LT(flops, 2 * once);
    }
  }
  EXPECT_EQ(several, 3u * 7) << "all linear layers but the head";
  for (const format::Kernel &kernel : session.plan().kernels) {
    Result<KernelCounters> counted = session.counters(kernel.symbol);
    ASSERT_TRUE(counted.ok());
    const uint64_t times = launches[kernel.symbol];
    EXPECT_EQ(counted->launches, times) << kernel.symbol;
    const format::Work *work = format::findWork(entry, kernel.symbol);
    for (size_t i = 0; i < kernel.params.size() && times != 0; ++i) {
      EXPECT_EQ(counted->params[i].loaded, times * work->params[i].loaded)
          << kernel.symbol << " " << kernel.params[i].name;
      EXPECT_EQ(counted->params[i].stored, times * work->params[i].stored)
          << kernel.symbol << " " << kernel.params[i].name;
    }
  }
}

class PrefillCheckpoints : public ::testing::TestWithParam<const char *> {};

// Odd lengths are padded, long ones cut; what follows them reads the cache that
// they wrote, padding and all.
TEST_P(PrefillCheckpoints, LogitsAreThoseOfTokenByToken) {
  const std::vector<int32_t> ids = promptOf(104);
  Subject stepped(request(GetParam(), 104, {}), /*checked=*/false);
  std::map<size_t, std::vector<float>> wanted;
  const std::set<size_t> lengths = {2, 3, 7, 9, 17, 33, 100};
  for (size_t i = 0; i < ids.size(); ++i) {
    stepped.step(ids[i], static_cast<uint32_t>(i));
    wanted[i + 1] = stepped.logits();
  }
  Subject subject(request(GetParam(), 104, {4, 32}), /*checked=*/false);
  for (size_t length : lengths) {
    const std::string where = std::to_string(length) + " tokens";
    subject.prompt(std::span(ids).first(length), 0);
    expectNear(subject.logits(), wanted.at(length), where);
    subject.step(ids[length], static_cast<uint32_t>(length));
    expectNear(subject.logits(), wanted.at(length + 1),
               where + ", step behind");
    subject.prompt(std::span(ids).subspan(length + 1, 3),
                   static_cast<uint32_t>(length + 1));
    expectNear(subject.logits(), wanted.at(length + 4),
               where + ", chunk behind");
  }
}

/// An H200 that reads slowly, so that the cache is read once for a tile of rows
/// rather than once for each row.
std::string slowReader(const test::TemporaryFolder &folder) {
  DeviceSpec device = *resolveDevice("h200");
  for (auto *rate : {&device.costs.l2ReadRate, &device.costs.dramSlopePlain,
                     &device.costs.dramSlopeOverlap}) {
    (*rate)->value = 10;
  }
  return folder.write("slow.json", writeDeviceSpec(device));
}

int64_t countFamily(const format::Plan &plan, const std::string &family) {
  return std::count_if(plan.kernels.begin(), plan.kernels.end(),
                       [&](const format::Kernel &kernel) {
                         return kernel.symbol.rfind(family, 0) == 0;
                       });
}

// Attention of the chunks on tensor cores, with one and several query heads on
// a KV head.
TEST_P(PrefillCheckpoints, TilesOfAttentionGiveTheTokensOfRows) {
  const test::TemporaryFolder folder;
  const std::vector<int32_t> ids = promptOf(44);
  Subject stepped(request(GetParam(), 104, {}), /*checked=*/false);
  std::vector<int32_t> tokens(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    tokens[i] = stepped.step(ids[i], static_cast<uint32_t>(i));
  }
  CompileRequest made = request(GetParam(), 104, {32});
  made.target = slowReader(folder);
  Subject subject(made, /*checked=*/false);
  EXPECT_EQ(countFamily(subject.engine->state().plan(), "attention_prefill"),
            1);
  for (size_t length : {27, 33}) {
    EXPECT_EQ(subject.prompt(std::span(ids).first(length), 0),
              tokens[length - 1])
        << length;
    EXPECT_EQ(subject.prompt(std::span(ids).subspan(length),
                             static_cast<uint32_t>(length)),
              tokens.back())
        << "behind " << length;
  }
}

// 32,768 tokens at once: every buffer grows with the tokens, none with their
// square.
TEST(Prefill, LongPromptsNeedNoSquare) {
  auto bytes = [](int64_t tokens) {
    CompileRequest made;
    made.source = *resolveModel("qwen3-0.6b");
    made.source.config.layers = 2;
    made.workload.maxContext = 32768;
    made.prefills = {tokens};
    const PlanArtifact artifact = compiled(made);
    EXPECT_EQ(countFamily(artifact.plan, "attention_prefill"), 1);
    std::map<std::string, uint64_t> arenas;
    for (const format::Arena &arena : artifact.plan.arenas) {
      arenas[arena.name] = arena.bytes;
    }
    return arenas;
  };
  const std::map<std::string, uint64_t> one = bytes(16384);
  std::map<std::string, uint64_t> two = bytes(32768);
  ASSERT_EQ(one.size(), two.size());
  for (const auto &[name, size] : one) {
    EXPECT_LE(two[name], 2 * size) << name;
  }
  EXPECT_EQ(two["cache"], one.at("cache"));
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, PrefillCheckpoints,
                         ::testing::Values("qwen3-rand", "qwen2-rand",
                                           "llama-rand"),
                         [](const auto &info) {
                           return std::string(info.param)
                               .substr(0, std::string(info.param).find('-'));
                         });

TEST(Prefill, ChunkBordersDoNotMatter) {
  const std::vector<int32_t> ids = promptOf(20);
  Subject subject(request("qwen3-rand", 24, {4, 8}));
  subject.prompt(ids, 0);
  const std::vector<float> wanted = subject.logits();
  for (size_t border : {1, 3, 4, 5, 8, 13, 19}) {
    subject.prompt(std::span(ids).first(border), 0);
    subject.prompt(std::span(ids).subspan(border),
                   static_cast<uint32_t>(border));
    expectNear(subject.logits(), wanted, std::to_string(border));
  }
}

TEST(Prefill, APromptFillsTheCacheExactly) {
  const std::vector<int32_t> ids = promptOf(24);
  Subject stepped(request("qwen3-rand", 24, {}));
  for (size_t i = 0; i < ids.size(); ++i) {
    stepped.step(ids[i], static_cast<uint32_t>(i));
  }
  // 16, then no room for a padded 16: 4 and 4.
  Subject subject(request("qwen3-rand", 24, {4, 16}));
  subject.host->resetCounters();
  subject.prompt(ids, 0);
  expectNear(subject.logits(), stepped.logits(), "24 of 24");
  // Neither way is farther from fp32 than the other.
  const CompileRequest made = request("qwen3-rand", 24, {});
  RandomWeights weights(3, expectedTensors(made.source.config));
  auto exact = InterpreterEngine::create(made.source.config, weights, 24,
                                         Precision::Fp32);
  ASSERT_TRUE(exact.ok()) << exact.error().message();
  for (size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE((*exact)->step(ids[i], static_cast<uint32_t>(i)).ok());
  }
  const Result<std::vector<float>> wanted = (*exact)->logits();
  ASSERT_TRUE(wanted.ok());
  const double byToken = distance(stepped.logits(), *wanted);
  EXPECT_LE(byToken, 0x1p-6);
  EXPECT_LE(distance(subject.logits(), *wanted), 1.25 * byToken);
  Session &session = subject.engine->state();
  std::vector<uint64_t> runs;
  for (const format::Entry &entry : session.plan().entries) {
    const format::Step &first = entry.steps.front();
    runs.push_back(session.counters(first.kernel)->launches);
  }
  EXPECT_EQ(runs, (std::vector<uint64_t>{0, 2, 1}));
}

TEST(Prefill, BadPromptsAreRefusedBeforeAnythingRuns) {
  Subject subject(request("qwen3-rand", 24, {4}));
  subject.prompt(promptOf(3), 0);
  const std::vector<float> before = subject.logits();
  auto refusal = [&](const std::vector<int32_t> &ids, uint32_t position) {
    Result<int32_t> token = subject.engine->prompt(ids, position);
    return token ? "" : token.error().message();
  };
  EXPECT_EQ(refusal({}, 0), "SIN2701 (empty prompt): prompt: wanted at least "
                            "one token, found none; give some text or ids");
  EXPECT_EQ(refusal({1, 1000}, 0),
            "SIN2702 (token id outside the vocabulary): prompt, token 1: "
            "wanted an id from 0 to 999, found 1000; is the tokenizer of "
            "another model?");
  EXPECT_EQ(refusal(promptOf(22), 3).substr(0, 7), "SIN2703");
  EXPECT_EQ(refusal({1}, 0xffffffffu).substr(0, 7), "SIN2703");
  EXPECT_EQ(subject.logits(), before);
}

TEST(Prefill, ABenchStepEndsAtItsContext) {
  Subject subject(request("qwen3-rand", 24, {3}));
  Session &session = subject.engine->state();
  const format::Entry &entry = session.plan().entries.at(1);
  ASSERT_TRUE(setStep(session, entry, 12).ok());
  ASSERT_TRUE(session.run(1).ok());
  auto numbers = [&](const char *input, size_t count) {
    std::vector<int32_t> read(count);
    EXPECT_TRUE(session
                    .read(format::boundValue(entry.inputs, input),
                          std::as_writable_bytes(std::span(read)))
                    .ok());
    return read;
  };
  EXPECT_EQ(numbers("positions", 3), (std::vector<int32_t>{9, 10, 11}));
  EXPECT_EQ(numbers("ids", 3), (std::vector<int32_t>{1, 1, 1}));
  EXPECT_EQ(numbers("rows", 1), (std::vector<int32_t>{2}));
}

TEST(Prefill, ListsOfTokens) {
  EXPECT_EQ(*parseTokens("--prefill", "16,128"),
            (std::vector<int64_t>{16, 128}));
  for (const char *text : {"1,4", "8,4", "4,", "0", "4k", ""}) {
    Result<std::vector<int64_t>> tokens = parseTokens("--prefill", text);
    ASSERT_FALSE(tokens.ok()) << text;
    EXPECT_EQ(tokens.error().code, ErrorCode::BadArgument) << text;
    EXPECT_EQ(tokens.error().found, std::string("'") + text + "'");
  }
}

TEST(Prefill, ChosenByPredictedCost) {
  Result<std::vector<int64_t>> tokens =
      choosePrefills(request("qwen3-rand", 24, {}));
  ASSERT_TRUE(tokens.ok()) << tokens.error().message();
  ASSERT_FALSE(tokens->empty());
  EXPECT_EQ(tokens->back(), 16) << "the largest power of two that fits";
  EXPECT_TRUE(compileModel(request("qwen3-rand", 24, *tokens)).ok());
}

// Each chunk runs in the first entry kept that holds it, within ten percent of
// its own.
TEST(Prefill, BucketsSayWhatPaddingCosts) {
  CompileRequest asked = request("qwen3-rand", 24, {});
  asked.workload.maxContext = 600;
  auto buckets = pricePrefills(asked);
  ASSERT_TRUE(buckets.ok()) << buckets.error().message();
  EXPECT_EQ(buckets->tokens,
            (std::vector<int64_t>{2, 4, 8, 16, 32, 64, 128, 256, 512}));
  const Table table = bucketsTable(*buckets);
  ASSERT_EQ(table.rows.size(), 9u);
  std::vector<int64_t> kept;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const auto &row = table.rows[i];
    const uint64_t own = std::get<Micros>(row[1]).picoseconds;
    const uint64_t padded = std::get<Micros>(row[3]).picoseconds;
    EXPECT_GE(std::get<uint64_t>(row[2]), std::get<uint64_t>(row[0]));
    EXPECT_LE(padded, own + own / 10) << i;
    if (std::get<std::string>(row[5]) == "yes") {
      EXPECT_EQ(std::get<uint64_t>(row[2]), std::get<uint64_t>(row[0]));
      kept.push_back(buckets->tokens[i]);
    }
  }
  EXPECT_EQ(kept, *choosePrefills(asked));
  EXPECT_EQ(std::get<std::string>(table.rows.back()[6]), "the largest");
}

TEST(Prefill, EntriesThatCannotBeAreRefused) {
  auto refusal = [](const CompileRequest &made) {
    Result<PlanArtifact> artifact = compileModel(made);
    return artifact ? "" : artifact.error().message();
  };
  EXPECT_EQ(refusal(request("qwen3-rand", 24, {32})).substr(0, 7), "SIN2711");
  // No kernel family multiplies more than 16 rows.
  CompileRequest single = request("qwen3-rand", 24, {17});
  single.decisions.set = DecisionSet::Single;
  EXPECT_EQ(refusal(single).substr(0, 7), "SIN2661");
}

} // namespace
