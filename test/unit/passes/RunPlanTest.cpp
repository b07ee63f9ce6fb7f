//===- RunPlanTest.cpp - A plan does what it says -------------------------===//

#include "models/config/Tensors.h"
#include "runtime/Session.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

using namespace sinter;

namespace {

constexpr int32_t context = 5;

struct Road {
  ModelConfig config;
  std::unique_ptr<Device> device;
  std::unique_ptr<Session> session;
};

/// Compiles a config and prepares it with random weights on the host device.
Road prepare(const std::string &model, int32_t config,
             DecisionSet decisions = DecisionSet::Exact) {
  Road road;
  CompileRequest request;
  Result<ModelSource> source =
      resolveModel(std::string(SINTER_SOURCE_DIR) + model);
  EXPECT_TRUE(source.ok());
  request.source = std::move(*source);
  request.weights.seed = 3;
  request.workload.context = context;
  request.workload.maxContext = 40;
  request.config = config;
  request.decisions.set = decisions;
  road.config = request.source.config;
  Result<PlanArtifact> artifact = compileModel(request);
  EXPECT_TRUE(artifact.ok());
  host::HostOptions options;
  options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
  Result<std::unique_ptr<host::HostDevice>> device =
      host::HostDevice::create(options);
  EXPECT_TRUE(device.ok()) << device.error().message();
  road.device = std::move(*device);
  RandomWeights weights(3, expectedTensors(road.config));
  Result<std::unique_ptr<Session>> session =
      Session::prepare(std::move(*artifact), weights, *road.device);
  EXPECT_TRUE(session.ok()) << (session ? "" : session.error().message());
  road.session = std::move(*session);
  return road;
}

void step(Road &road, int32_t id, int32_t position) {
  auto bytes = [](const int32_t &value) {
    return std::as_bytes(std::span(&value, 1));
  };
  ASSERT_TRUE(road.session->write("ids", bytes(id)).ok());
  ASSERT_TRUE(road.session->write("positions", bytes(position)).ok());
  Status status = road.session->run(0);
  ASSERT_TRUE(status.ok()) << status.error().message();
}

std::vector<float> logits(Road &road) {
  std::vector<uint16_t> raw(static_cast<size_t>(road.config.vocabSize));
  EXPECT_TRUE(
      road.session->read("logits", std::as_writable_bytes(std::span(raw)))
          .ok());
  std::vector<float> values;
  for (uint16_t half : raw) {
    uint32_t bits = uint32_t{half} << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
  }
  return values;
}

struct Planned {
  DecisionSet decisions;
  int32_t config;
};

class RunPlan : public ::testing::TestWithParam<Planned> {};

// The last of `context` steps attends exactly the positions that the plan was
// made for: every launch and every byte is then the one that the plan names.
TEST_P(RunPlan, TheHostCountsWhatThePlanSays) {
  Road road = prepare("/test/data/checkpoints/qwen3-rand", GetParam().config,
                      GetParam().decisions);
  ASSERT_NE(road.session, nullptr);
  for (int32_t position = 0; position < context; ++position) {
    road.device->resetCounters();
    step(road, 7 * position + 1, position);
    if (HasFatalFailure()) {
      return;
    }
  }
  const format::Plan &plan = road.session->plan();
  std::map<std::string, uint64_t> launches;
  for (const format::Step &entryStep : plan.entries[0].steps) {
    ++launches[entryStep.kernel];
  }
  uint64_t total = 0;
  for (const format::Kernel &kernel : plan.kernels) {
    Result<KernelCounters> counted = road.session->counters(kernel.symbol);
    ASSERT_TRUE(counted.ok());
    uint64_t times = launches[kernel.symbol]; // 0: the advance's
    const format::Work *work = format::findWork(plan.entries[0], kernel.symbol);
    ASSERT_NE(work, nullptr) << kernel.symbol;
    EXPECT_EQ(counted->launches, times * work->launches) << kernel.symbol;
    ASSERT_EQ(counted->params.size(), kernel.params.size());
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      EXPECT_EQ(counted->params[i].loaded, times * work->params[i].loaded)
          << kernel.symbol << " " << kernel.params[i].name;
      EXPECT_EQ(counted->params[i].stored, times * work->params[i].stored)
          << kernel.symbol << " " << kernel.params[i].name;
    }
    total += counted->launches;
  }
  EXPECT_EQ(total, plan.entries[0].steps.size());
  const uint64_t ops = static_cast<uint64_t>(road.config.layers) * 19 + 4;
  if (GetParam().decisions == DecisionSet::Single) {
    EXPECT_EQ(total, ops);
  } else {
    EXPECT_LT(total, ops);
  }
  // The decisions carry the same bytes, all ops of a step those of the step.
  std::map<std::string, uint64_t> decisions;
  for (const format::Decision &decision : plan.decisions) {
    decisions[decision.op] = decision.after.bytes;
  }
  uint64_t decided = 0;
  uint64_t worked = 0;
  for (const format::Step &entryStep : plan.entries[0].steps) {
    decided += decisions.at(entryStep.ops.front());
  }
  for (const auto &[kernel, work] : plan.entries[0].works) {
    for (const format::ParamTraffic &traffic : work.params) {
      worked += launches[kernel] * (traffic.loaded + traffic.stored);
    }
  }
  EXPECT_EQ(decided, worked);
}

INSTANTIATE_TEST_SUITE_P(Configurations, RunPlan,
                         ::testing::Values(Planned{DecisionSet::Exact, -1},
                                           Planned{DecisionSet::Exact, 0},
                                           Planned{DecisionSet::Exact, 1},
                                           Planned{DecisionSet::Greedy, -1},
                                           Planned{DecisionSet::Single, 0},
                                           Planned{DecisionSet::Single, 1}),
                         [](const auto &info) {
                           const int32_t config = info.param.config;
                           return std::string(
                                      decisionSetName(info.param.decisions)) +
                                  (config < 0 ? "Cheapest"
                                              : std::to_string(config));
                         });

// Packed or not, fused or not: the same weights, so the same step up to the
// order of sums. Qwen2 packs biases.
class DecisionSets : public ::testing::TestWithParam<const char *> {};

TEST_P(DecisionSets, GiveTheSameTokens) {
  const std::string model = std::string("/test/data/checkpoints/") + GetParam();
  std::vector<std::vector<float>> wanted;
  for (DecisionSet set : {DecisionSet::Single, DecisionSet::Library,
                          DecisionSet::Greedy, DecisionSet::Exact}) {
    Road road = prepare(model, -1, set);
    ASSERT_NE(road.session, nullptr);
    bool packed = false;
    for (const format::Weight &weight : road.session->plan().weights) {
      packed |= weight.pack.has_value();
    }
    EXPECT_EQ(packed, set != DecisionSet::Single);
    for (int32_t position = 0; position < 8; ++position) {
      step(road, 31 * position + 2, position);
      const std::vector<float> found = logits(road);
      if (set == DecisionSet::Single) {
        wanted.push_back(found);
        continue;
      }
      const std::vector<float> &same = wanted[static_cast<size_t>(position)];
      double distance = 0;
      double norm = 0;
      for (size_t i = 0; i < found.size(); ++i) {
        distance += std::pow(double{found[i]} - same[i], 2);
        norm += std::pow(double{same[i]}, 2);
      }
      // Half of what bf16 alone is from fp32 on these checkpoints.
      EXPECT_LE(std::sqrt(distance / norm), 0x1p-7)
          << decisionSetName(set) << ", position " << position;
      // The token, or one that was as near as that.
      const auto token = std::max_element(found.begin(), found.end());
      const float best = *std::max_element(same.begin(), same.end());
      EXPECT_GE(same[static_cast<size_t>(token - found.begin())],
                best - std::abs(best) * 0x1p-6f)
          << decisionSetName(set) << ", position " << position;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, DecisionSets,
                         ::testing::Values("qwen3-rand", "qwen2-rand",
                                           "llama-rand"),
                         [](const auto &info) {
                           return std::string(info.param)
                               .substr(0, std::string(info.param).find('-'));
                         });

TEST(RunPlanValues, TheTokenIsTheLargestLogitAndTheCacheMatters) {
  Road road = prepare("/test/data/checkpoints/qwen3-rand", -1);
  ASSERT_NE(road.session, nullptr);
  step(road, 5, 0);
  step(road, 9, 1);
  std::vector<float> first = logits(road);
  int32_t token = -1;
  ASSERT_TRUE(
      road.session->read("token", std::as_writable_bytes(std::span(&token, 1)))
          .ok());
  auto largest = std::max_element(first.begin(), first.end());
  EXPECT_EQ(token, largest - first.begin());
  for (float value : first) {
    ASSERT_TRUE(std::isfinite(value));
  }
  // Another token at position 0 changes what position 1 sees; the same one
  // gives the same bits again.
  step(road, 6, 0);
  step(road, 9, 1);
  EXPECT_NE(logits(road), first);
  step(road, 5, 0);
  step(road, 9, 1);
  EXPECT_EQ(logits(road), first);
}

} // namespace
