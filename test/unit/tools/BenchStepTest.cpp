//===- BenchStepTest.cpp - Time of a decode step --------------------------===//

#include "tools/BenchCells.h"
#include "tools/BenchKernels.h"

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
  EXPECT_DOUBLE_EQ(times.p90, 90 * 500.0);
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
    entry.name = "at_" + std::to_string(context);
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

TEST(EntriesAt, EachOrThoseThatCover) {
  format::Plan plan = planOf({256, 1024, 0, 0});
  for (size_t i : {2, 3}) {
    plan.entries[i].workload.tokens = i == 2 ? 16 : 512;
    plan.entries[i].workload.context = 512;
  }
  using List = std::vector<EntryAt>;
  EXPECT_EQ(*entriesAt(plan, {}),
            (List{{0, 256}, {1, 1024}, {2, 512}, {3, 512}}));
  EXPECT_EQ(*entriesAt(plan, {100, 512}),
            (List{{0, 100}, {2, 100}, {1, 512}, {2, 512}, {3, 512}}));
  EXPECT_EQ(entriesAt(plan, {1, 4097}).error().code,
            ErrorCode::ContextExceeded);
}

TEST(PredictedSteps, EachOnceWhateverOpsItHolds) {
  format::Plan plan = planOf({512, 1024});
  const auto add = [&](size_t entry, const std::vector<std::string> &ops,
                       uint64_t picoseconds) {
    plan.entries[entry].steps.emplace_back().ops = ops;
    for (const std::string &op : ops) {
      format::Decision &decision = plan.decisions.emplace_back();
      decision.entry = plan.entries[entry].name;
      decision.op = op;
      decision.launch = "pdl";
      decision.after.picoseconds = picoseconds;
    }
  };
  add(0, {"embed"}, 3000);
  add(0, {"norm", "q_proj"}, 500);
  add(1, {"embed"}, 70);
  add(1, {"norm", "q_proj"}, 8);
  EXPECT_EQ(predictedSteps(plan, 0, LaunchMode::Pdl, 512),
            (std::vector<uint64_t>{3000, 500}));
  EXPECT_EQ(predictedSteps(plan, 1, LaunchMode::Pdl, 1024),
            (std::vector<uint64_t>{70, 8}));
  EXPECT_EQ(predictedSteps(plan, 0, LaunchMode::Graph, 512), std::nullopt);
  EXPECT_EQ(predictedSteps(plan, 0, LaunchMode::Pdl, 511), std::nullopt);
  plan.decisions[1].op = "k_proj";
  EXPECT_EQ(predictedSteps(plan, 0, LaunchMode::Pdl, 512), std::nullopt);
  plan.decisions.clear();
  EXPECT_EQ(predictedSteps(plan, 0, LaunchMode::Pdl, 512), std::nullopt);
}

TEST(FlopsOf, KernelsAndLibraryCalls) {
  format::Entry entry;
  for (const char *kernel : {"gemv", "row", "gemv"}) {
    entry.steps.emplace_back().kernel = kernel;
  }
  format::Step &product = entry.steps.emplace_back();
  product.kind = format::StepKind::Library;
  product.gemm.emplace();
  product.gemm->m = 3;
  product.gemm->n = 64;
  product.gemm->k = 32;
  entry.advance.emplace().kernel = "advance";
  for (const auto &[symbol, flops] :
       {std::pair("gemv", 1000), std::pair("row", 7),
        std::pair("advance", 5)}) {
    format::KernelWork &work = entry.works.emplace_back();
    work.kernel = symbol;
    work.work.flops = static_cast<uint64_t>(flops);
  }
  EXPECT_EQ(flopsOf(entry), 2u * 1000 + 7 + 2 * 3 * 64 * 32);
}

TEST(MatrixRate, OnlyWhatWasMeasured) {
  DeviceSpec device;
  EXPECT_EQ(measuredMatrixRate(device), 0u);
  device.costs.tensorRate = DeviceNumber{900, NumberOrigin::Spec, ""};
  device.costs.libraryTensorRate = DeviceNumber{700, NumberOrigin::Prior, ""};
  EXPECT_EQ(measuredMatrixRate(device), 0u);
  device.costs.tensorRate->origin = NumberOrigin::Measured;
  EXPECT_EQ(measuredMatrixRate(device), 900u);
  device.costs.libraryTensorRate->origin = NumberOrigin::Measured;
  EXPECT_EQ(measuredMatrixRate(device), 700u);
  EXPECT_EQ(std::get<Ratio>(shareOfRate(350, 700)).thousandths, 500u);
  EXPECT_EQ(std::get<std::string>(shareOfRate(350, 0)), "");
}

TEST(TimesByKernel, DifferencesOfEndsAddUp) {
  format::Plan plan = planOf({512});
  format::Entry &entry = plan.entries[0];
  for (const char *kernel : {"row", "gemv", "row", "gemv"}) {
    entry.steps.emplace_back().kernel = kernel;
  }
  format::Step &product = entry.steps.emplace_back();
  product.kind = format::StepKind::Library;
  product.gemm.emplace();
  product.gemm->m = 1;
  product.gemm->n = 64;
  product.gemm->k = 32;
  entry.advance.emplace().kernel = "advance";
  format::KernelWork &work = entry.works.emplace_back();
  work.kernel = "gemv";
  work.work.params = {{100, 0}, {4, 20}};

  const std::vector<double> ends = {5, 25, 24.5, 50, 57, 58};
  const std::vector<KernelTime> times = timesByKernel(
      plan, 0, ends, std::vector<uint64_t>{1000, 2000, 3000, 4000, 500});
  ASSERT_EQ(times.size(), 4u);
  EXPECT_EQ(times[0].kernel, "row");
  EXPECT_EQ(times[0].launches, 2u);
  EXPECT_EQ(times[0].bytes, 0u);
  EXPECT_DOUBLE_EQ(times[0].nanoseconds, 4.5);
  EXPECT_EQ(times[0].predicted, 4000u);
  EXPECT_EQ(times[1].kernel, "gemv");
  EXPECT_EQ(times[1].bytes, 248u);
  EXPECT_DOUBLE_EQ(times[1].nanoseconds, 45.5);
  EXPECT_EQ(times[1].predicted, 6000u);
  EXPECT_EQ(times[2].kernel, "library 1x64x32");
  EXPECT_DOUBLE_EQ(times[2].nanoseconds, 7);
  EXPECT_EQ(times[3].kernel, "advance");
  EXPECT_DOUBLE_EQ(times[3].nanoseconds, 1);
  EXPECT_EQ(times[3].predicted, std::nullopt);
}

} // namespace
