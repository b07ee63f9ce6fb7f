//===- ContextBucketsTest.cpp - Which contexts deserve entries ------------===//

#include "passes/planning/ContextBuckets.h"
#include "test/unit/passes/PlanningFixture.h"

#include <random>

using namespace sinter;
using namespace sinter::planning;

namespace {

/// Against all subsets.
TEST(FewestBuckets, AgreesWithBruteForce) {
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    const size_t count = 1 + random() % 7;
    bool table[7][7];
    for (size_t kept = 0; kept < count; ++kept) {
      for (size_t context = 0; context < count; ++context) {
        table[kept][context] = kept == context || random() % 2 == 0;
      }
    }
    auto works = [&](const std::vector<size_t> &chosen) {
      size_t kept = 0;
      for (size_t context = 0; context < count; ++context) {
        while (chosen[kept] < context) {
          ++kept;
        }
        if (!table[chosen[kept]][context]) {
          return false;
        }
      }
      return true;
    };
    size_t fewest = SIZE_MAX;
    for (size_t bits = 0; bits < size_t{1} << (count - 1); ++bits) {
      std::vector<size_t> chosen;
      for (size_t i = 0; i + 1 < count; ++i) {
        if (bits >> i & 1) {
          chosen.push_back(i);
        }
      }
      chosen.push_back(count - 1);
      if (works(chosen)) {
        fewest = std::min(fewest, chosen.size());
      }
    }
    std::vector<size_t> found =
        fewestBuckets(count, [&](size_t kept, size_t context) {
          return table[kept][context];
        });
    ASSERT_EQ(found.back(), count - 1);
    EXPECT_TRUE(works(found)) << round;
    EXPECT_EQ(found.size(), fewest) << round;
  }
}

TEST_F(Planning, BucketsAreWithinOnePercentEverywhere) {
  std::vector<EntryPlan> plans;
  Workload workload;
  workload.maxContext = 4096;
  for (workload.context = 1; workload.context <= 4096; workload.context *= 2) {
    plans.push_back(plan(import("qwen3-0.6b", "concat", workload), device()));
  }
  for (const EntryPlan &one : plans) {
    EXPECT_EQ(priceAt(one, one), one.solution.plans[one.mode].picoseconds);
    for (const EntryPlan &other : plans) {
      // No plan of another context beats the cheapest.
      std::optional<uint64_t> price = priceAt(one, other);
      if (price && one.mode == other.mode) {
        EXPECT_GE(*price, other.solution.plans[other.mode].picoseconds);
      }
    }
  }
  std::vector<size_t> kept = fewestBuckets(plans, 0.01);
  EXPECT_EQ(kept.back(), plans.size() - 1);
  size_t next = 0;
  for (size_t context = 0; context < plans.size(); ++context) {
    while (kept[next] < context) {
      ++next;
    }
    std::optional<uint64_t> price = priceAt(plans[kept[next]], plans[context]);
    ASSERT_TRUE(price.has_value());
    EXPECT_LE(static_cast<double>(*price),
              1.01 *
                  static_cast<double>(*priceAt(plans[context], plans[context])))
        << context;
  }
  // Looser demands never need more.
  EXPECT_LE(fewestBuckets(plans, 0.1).size(), kept.size());
  EXPECT_GE(fewestBuckets(plans, 0.0).size(), kept.size());
}

} // namespace
