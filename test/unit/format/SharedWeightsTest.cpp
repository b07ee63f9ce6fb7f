//===- SharedWeightsTest.cpp - Weights that lie in packed ones ------------===//

#include "runtime/format/SharedWeights.h"

#include "runtime/format/Validate.h"
#include "test/unit/format/SamplePlan.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::format;
using sinter::test::samplePlan;

namespace {

/// Parts of packed weights lie in them and take no memory; what only looks like
/// one does.
TEST(SharedWeights, CountOnce) {
  Plan plan = samplePlan().plan;
  plan.weights.push_back({"head.high", DType::BF16, {40, 4}, {}});
  EXPECT_TRUE(validatePlan(plan, "p").empty());
  const auto places = sharedWeights(plan);
  ASSERT_TRUE(places[3].has_value());
  EXPECT_EQ(places[3]->holder, 1u);
  EXPECT_EQ(places[3]->offset, 24u * 4 * 2);

  auto bytes = [](const Plan &of) { return *weightBytes(of); };
  const uint64_t before = bytes(plan);
  plan.weights.push_back({"bias.even", DType::BF16, {32}, {}});
  EXPECT_EQ(bytes(plan), before + 64) << "interleaved: in no one place";
  plan.weights.push_back({"head.low", DType::BF16, {96}, {}});
  EXPECT_EQ(bytes(plan), before + 64 + 192) << "of another shape";
  plan.weights[1].pack->parts = {{"head.low", {1, 4}}, {"head.high", {40, 4}}};
  EXPECT_EQ(bytes(plan), before + 64 + 192 + 320) << "begins at 8 bytes";
}

} // namespace
