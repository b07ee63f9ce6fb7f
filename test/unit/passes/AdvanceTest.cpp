//===- AdvanceTest.cpp - Tokens that never leave the device ---------------===//

#include "models/config/Tensors.h"
#include "runtime/Session.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

constexpr int32_t capacity = 12;

class Advance : public ::testing::Test {
protected:
  Advance() {
    CompileRequest request;
    Result<ModelSource> source = resolveModel(
        std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/qwen3-rand");
    EXPECT_TRUE(source.ok());
    request.source = std::move(*source);
    request.weights.seed = 3;
    request.workload.context = 5;
    request.workload.maxContext = capacity;
    Result<PlanArtifact> artifact = compileModel(request);
    EXPECT_TRUE(artifact.ok()) << artifact.error().message();
    host::HostOptions options;
    options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
    device = std::move(*host::HostDevice::create(options));
    RandomWeights weights(3, expectedTensors(request.source.config));
    auto prepared = Session::prepare(std::move(*artifact), weights, *device);
    EXPECT_TRUE(prepared.ok()) << prepared.error().message();
    session = std::move(*prepared);
    entry = &session->plan().entries[0];
  }

  void write(const std::string &name, int32_t value) {
    Status status = session->write(name, std::as_bytes(std::span(&value, 1)));
    EXPECT_TRUE(status.ok()) << status.error().message();
  }
  int32_t read(const std::string &name) {
    int32_t value = -7;
    Status status =
        session->read(name, std::as_writable_bytes(std::span(&value, 1)));
    EXPECT_TRUE(status.ok()) << status.error().message();
    return value;
  }
  /// Tokens of `steps` steps that the host feeds.
  std::vector<int32_t> fed(int32_t id, int32_t position, int steps) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < steps; ++i) {
      write("ids", id);
      write("positions", position++);
      EXPECT_TRUE(session->run(0).ok());
      tokens.push_back(id = read("token"));
    }
    return tokens;
  }

  void runAlone(int steps) {
    for (int i = 0; i < steps; ++i) {
      Status status = session->run(0);
      ASSERT_TRUE(status.ok()) << status.error().message();
      status = session->advance(0);
      ASSERT_TRUE(status.ok()) << status.error().message();
    }
  }

  std::vector<int32_t> logged(int32_t rows) {
    std::vector<int32_t> log(capacity);
    EXPECT_TRUE(
        session->read("log", std::as_writable_bytes(std::span(log))).ok());
    log.resize(rows);
    return log;
  }

  std::unique_ptr<host::HostDevice> device;
  std::unique_ptr<Session> session;
  const format::Entry *entry = nullptr;
};

TEST_F(Advance, TheLogHoldsWhatAHostWouldHaveFed) {
  ASSERT_TRUE(entry->advance.has_value());
  std::vector<int32_t> wanted = fed(5, 0, 6);
  ASSERT_TRUE(session->beginAdvance(0, {}).ok());
  std::vector<int32_t> empty(capacity, 0);
  ASSERT_TRUE(session->write("log", std::as_bytes(std::span(empty))).ok());
  write("ids", 5);
  write("positions", 0);
  runAlone(6);
  EXPECT_EQ(logged(6), wanted);
  EXPECT_EQ(read("count"), 6);
  EXPECT_EQ(read("stop"), 0);
  EXPECT_EQ(read("ids"), wanted.back());
  EXPECT_EQ(read("positions"), 6);
}

TEST_F(Advance, BytesAreThoseOfThePlan) {
  ASSERT_TRUE(session->beginAdvance(0, {}).ok());
  write("ids", 5);
  write("positions", 0);
  device->resetCounters();
  runAlone(3);
  const std::string &symbol = entry->advance->kernel;
  const format::Work *work = format::findWork(*entry, symbol);
  ASSERT_NE(work, nullptr);
  Result<KernelCounters> counted = session->counters(symbol);
  ASSERT_TRUE(counted.ok());
  EXPECT_EQ(counted->launches, 3u);
  ASSERT_EQ(counted->params.size(), 7u);
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(counted->params[i].loaded, 3 * work->params[i].loaded) << i;
    EXPECT_EQ(counted->params[i].stored, 3 * work->params[i].stored) << i;
  }
}

TEST_F(Advance, AnEndIdStopsAndTheStepMayRunOn) {
  std::vector<int32_t> tokens = fed(5, 0, 6);
  // The first id that has not come before, behind the first step.
  size_t at = 1;
  while (std::count(tokens.begin(), tokens.begin() + at, tokens[at]) != 0) {
    ASSERT_LT(++at, tokens.size());
  }
  std::vector<int32_t> ends = {tokens[at], 1 << 20};
  ASSERT_TRUE(session->beginAdvance(0, ends).ok());
  std::vector<int32_t> empty(capacity, -5);
  ASSERT_TRUE(session->write("log", std::as_bytes(std::span(empty))).ok());
  write("ids", 5);
  write("positions", 0);
  runAlone(static_cast<int>(at) + 4);
  EXPECT_EQ(read("stop"), 1);
  EXPECT_EQ(read("count"), static_cast<int32_t>(at) + 1);
  EXPECT_EQ(read("ids"), tokens[at]);
  EXPECT_EQ(read("positions"), static_cast<int32_t>(at) + 1);
  tokens.resize(at + 1);
  tokens.push_back(-5); // untouched
  EXPECT_EQ(logged(static_cast<int32_t>(at) + 2), tokens);
}

TEST_F(Advance, TheLastPositionStops) {
  ASSERT_TRUE(session->beginAdvance(0, {}).ok());
  fed(5, 0, capacity - 2);
  write("positions", capacity - 2);
  runAlone(1);
  EXPECT_EQ(read("stop"), 0);
  EXPECT_EQ(read("positions"), capacity - 1);
  runAlone(2);
  EXPECT_EQ(read("stop"), 1);
  EXPECT_EQ(read("positions"), capacity - 1);
  EXPECT_EQ(read("count"), 2);
}

TEST_F(Advance, MoreEndIdsThanTheKernelComparesAreRefused) {
  std::vector<int32_t> ends(9, 1);
  Status status = session->beginAdvance(0, ends);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "SIN2520 (plan lacks what was asked of it): entry decode: advance: "
            "wanted at most 8 ids that end a text, found 9; feed tokens as "
            "inputs");
}

} // namespace
