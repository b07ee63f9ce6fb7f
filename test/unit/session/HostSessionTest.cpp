//===- HostSessionTest.cpp - Whole plans on the host device ---------------===//
//
// A compiled checkpoint, run step by step under the host device's checks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/cuda/PlanFixture.h"

#include <cstring>

using namespace sinter;
using cuda::test::compiled;

namespace {

/// That of the plan.
constexpr int64_t context = 5;

std::unique_ptr<host::HostDevice> openHost(bool checked, uint64_t seed = 1) {
  host::HostOptions options;
  options.checked = checked;
  options.seed = seed;
  options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/test-kernels";
  auto device = host::HostDevice::create(options);
  EXPECT_TRUE(device) << device.error().message();
  return std::move(*device);
}

std::unique_ptr<Session> prepared(const PlanArtifact &artifact,
                                  Device &device) {
  auto weights = openPlanWeights(artifact.plan, "");
  EXPECT_TRUE(weights);
  auto session = Session::prepare(artifact, **weights, device);
  EXPECT_TRUE(session) << session.error().message();
  return std::move(*session);
}

/// Feeds `ids` from position 0; the logits of each position.
std::vector<std::vector<uint16_t>> feed(Session &session,
                                        const std::vector<int32_t> &ids) {
  std::vector<std::vector<uint16_t>> rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    auto position = static_cast<int32_t>(i);
    Status status = session.write("ids", std::as_bytes(std::span(&ids[i], 1)));
    if (status) {
      status =
          session.write("positions", std::as_bytes(std::span(&position, 1)));
    }
    if (status) {
      status = session.run(0);
    }
    std::vector<uint16_t> logits(session.plan().model.vocabSize);
    if (status) {
      status =
          session.read("logits", std::as_writable_bytes(std::span(logits)));
    }
    EXPECT_TRUE(status) << status.error().message();
    rows.push_back(std::move(logits));
  }
  return rows;
}

/// What the kernels' accesses moved at position context - 1 is what the plan
/// says, for every kernel and parameter.
TEST(HostSession, CountsEqualTheWorkInThePlan) {
  PlanArtifact artifact = compiled();
  auto device = openHost(true);
  auto session = prepared(artifact, *device);
  ASSERT_TRUE(session);
  feed(*session, {1, 2, 3, 4});
  device->resetCounters();
  int32_t id = 5;
  int32_t position = context - 1;
  ASSERT_TRUE(session->write("ids", std::as_bytes(std::span(&id, 1))));
  ASSERT_TRUE(
      session->write("positions", std::as_bytes(std::span(&position, 1))));
  Status status = session->run(0);
  ASSERT_TRUE(status) << status.error().message();

  std::map<std::string, uint64_t> uses;
  for (const format::Step &step : artifact.plan.entries[0].steps) {
    ++uses[step.kernel];
  }
  for (const format::Kernel &kernel : artifact.plan.kernels) {
    auto counted = session->counters(kernel.symbol);
    ASSERT_TRUE(counted);
    const format::Work *work =
        format::findWork(artifact.plan.entries[0], kernel.symbol);
    ASSERT_NE(work, nullptr) << kernel.symbol;
    EXPECT_EQ(counted->launches, uses[kernel.symbol] * work->launches);
    ASSERT_EQ(counted->params.size(), kernel.params.size());
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      EXPECT_EQ(counted->params[i].loaded,
                uses[kernel.symbol] * work->params[i].loaded)
          << kernel.symbol << " " << kernel.params[i].name;
      EXPECT_EQ(counted->params[i].stored,
                uses[kernel.symbol] * work->params[i].stored)
          << kernel.symbol << " " << kernel.params[i].name;
    }
  }
}

/// Neither the schedule of blocks and threads, nor the checks, nor what the
/// cache holds from an earlier text changes a bit.
TEST(HostSession, BitsDependOnTheTokensAlone) {
  PlanArtifact artifact = compiled();
  const std::vector<int32_t> ids = {7, 300, 0, 511, 7};
  auto first = openHost(true, 1);
  auto session = prepared(artifact, *first);
  ASSERT_TRUE(session);
  auto wanted = feed(*session, ids);
  EXPECT_NE(wanted[0], wanted[4]); // the same token at another position
  feed(*session, {9, 9, 9, 9, 9});
  EXPECT_EQ(feed(*session, ids), wanted);

  auto shuffled = openHost(true, 99);
  EXPECT_EQ(feed(*prepared(artifact, *shuffled), ids), wanted);
  auto unchecked = openHost(false);
  EXPECT_EQ(feed(*prepared(artifact, *unchecked), ids), wanted);
}

} // namespace
