//===- BenchStepTest.cpp - Time of a decode step --------------------------===//

#include "tools/BenchStep.h"

#include <gtest/gtest.h>

#include <numeric>

using namespace sinter;

namespace {

TEST(StepTimes, NearestRanksOfOneStep) {
  // 100, 99, ..., 1 us for programs of two steps.
  std::vector<double> samples(100);
  std::iota(samples.rbegin(), samples.rend(), 1.0);
  StepTimes times = StepTimes::of(samples, 2);
  EXPECT_DOUBLE_EQ(times.median, 50 * 500.0);
  EXPECT_DOUBLE_EQ(times.p10, 10 * 500.0);
  EXPECT_DOUBLE_EQ(times.p99, 99 * 500.0);
  // Of 1 to 100: variance 833.25, mean 50.5.
  EXPECT_NEAR(times.variation, 28.866070 / 50.5, 1e-6);
  times = StepTimes::of({3}, 1);
  EXPECT_DOUBLE_EQ(times.median, 3000);
  EXPECT_DOUBLE_EQ(times.p99, 3000);
  EXPECT_DOUBLE_EQ(times.variation, 0);
}

format::Plan planOf(const std::vector<uint32_t> &contexts) {
  format::Plan plan;
  for (uint32_t context : contexts) {
    format::Entry &entry = plan.entries.emplace_back();
    entry.workload.phase = context == 0 ? "prefill" : "decode";
    entry.workload.context = context;
    entry.workload.maxContext = 4096;
  }
  return plan;
}

TEST(EntryFor, TheSmallestThatCovers) {
  const format::Plan plan = planOf({0, 2048, 256, 1024});
  const auto entry = [&](uint32_t context) {
    auto found = entryFor(plan, context);
    EXPECT_TRUE(found);
    return found ? *found : SIZE_MAX;
  };
  EXPECT_EQ(entry(1), 2u);
  EXPECT_EQ(entry(256), 2u);
  EXPECT_EQ(entry(257), 3u);
  EXPECT_EQ(entry(1025), 1u);
  EXPECT_EQ(entry(4096), 1u); // none covers: the largest
  EXPECT_EQ(entryFor(plan, 4097).error().code, ErrorCode::ContextExceeded);
  EXPECT_EQ(entryFor(planOf({0}), 1).error().code, ErrorCode::NotADecodeStep);
}

} // namespace
