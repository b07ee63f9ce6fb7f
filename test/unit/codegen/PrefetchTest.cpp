//===- PrefetchTest.cpp - Weights that are requested before the wait ------===//

#include "test/unit/codegen/GroupHarness.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

static Work gemvWork(const GroupCase &which, const KernelConfig &config) {
  const TestGroup test(which, /*filled=*/false);
  return findFamily("gemv")->work(test.group, config, test.workload);
}

/// 777 lines of 448 behind a norm: 56 pieces of 8 in each. All blocks share the
/// gain.
TEST(Prefetch, GainCountsOnce) {
  const KernelConfig half{
      {"rows", 4}, {"turns", 1}, {"unroll", 1}, {"warps", 1}};
  const KernelConfig whole{
      {"rows", 4}, {"turns", 1}, {"unroll", 2}, {"warps", 1}};
  EXPECT_EQ(gemvWork(gemvGroups()[0], half).prefetchBytes,
            777u * 32 * 16 + 448 * 2);
  // With two pieces per lane nothing is left to be asked for later.
  const Work work = gemvWork(gemvGroups()[0], whole);
  EXPECT_EQ(work.prefetchBytes, 2u * (777 * 448 + 448));
  EXPECT_EQ(work.prefetchBytes, work.uniqueBytes(ParamClass::Weights));
}

/// 37 lines of 100, 8 per block: of each of 5 blocks the first 4 lines, their
/// 25 pieces of 4 and a bias each, no norm.
TEST(Prefetch, BiasesOfTheFirstBatch) {
  const Work work = gemvWork(
      gemvGroups()[4],
      KernelConfig{{"rows", 4}, {"turns", 2}, {"unroll", 1}, {"warps", 1}});
  EXPECT_EQ(work.grid[0], 5u);
  EXPECT_EQ(work.prefetchBytes, 20u * (100 * 2 + 2));
}
