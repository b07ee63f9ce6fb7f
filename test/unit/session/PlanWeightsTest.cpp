//===- PlanWeightsTest.cpp - Where a plan's weights come from -------------===//

#include "runtime/PlanWeights.h"

#include "runtime/format/RandomWeights.h"
#include "test/unit/format/SamplePlan.h"
#include "test/unit/format/TemporaryFolder.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace sinter;
using namespace sinter::format;
using namespace sinter::test;

namespace {

/// Two tensors as stored, of seed 7.
Plan plainPlan() {
  Plan plan = samplePlan().plan;
  plan.weights[1].pack.reset();
  plan.weights.pop_back();
  plan.model.weights = {{}, 7};
  return plan;
}

RandomWeights weightsOf(const Plan &plan) {
  std::vector<TensorInfo> tensors;
  for (const Weight &weight : plan.weights) {
    tensors.push_back({weight.name, weight.dtype, weight.shape});
  }
  return RandomWeights(7, tensors);
}

TEST(PlanWeights, MustBeThoseOfThePlan) {
  Plan plan = plainPlan();
  RandomWeights weights = weightsOf(plan);
  EXPECT_TRUE(checkPlanWeights(plan, weights));
  auto refusal = [&] {
    Status status = checkPlanWeights(plan, weights);
    return status ? "" : status.error().message();
  };
  plan.weights[1].shape = {64, 8};
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor head.weight: wanted bf16 [64, 8], found bf16 "
            "[64, 4]; use the checkpoint that the plan was compiled from");
  plan.weights[1] = {"other", DType::BF16, {1}, {}};
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor other: wanted bf16 [1], found no such tensor; "
            "use the checkpoint that the plan was compiled from");
  plan.weights.pop_back();
  plan.model.weights = {std::string(64, '0'), {}};
  Status status = checkPlanWeights(plan, weights);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::PlanWeights);
  EXPECT_EQ(status.error().found, weights.fingerprint());
}

TEST(PlanWeights, FromSeedOrCheckpoint) {
  Plan plan = plainPlan();
  auto weights = openPlanWeights(plan, "");
  ASSERT_TRUE(weights);
  EXPECT_EQ((*weights)->describe(), "random weights (seed 7)");
  EXPECT_TRUE(checkPlanWeights(plan, **weights));
  EXPECT_EQ(openPlanWeights(plan, "m").error().code,
            ErrorCode::PlanNeedsWeights);
  plan.weights[0].dtype = DType::F32;
  EXPECT_EQ(openPlanWeights(plan, "").error().code, ErrorCode::PlanWeights);

  plan.model.weights = {std::string(64, '0'), {}};
  EXPECT_EQ(openPlanWeights(plan, "").error().message(),
            "SIN2519 (weights of the plan not given): plan: wanted the "
            "checkpoint that it was compiled from, found none; name the "
            "checkpoint's directory");
  TemporaryFolder folder;
  EXPECT_EQ(openPlanWeights(plan, folder.path()).error().code,
            ErrorCode::CheckpointWeights);
}

/// Plain weights and two packed ones.
Plan packedPlan() {
  Plan plan = plainPlan();
  plan.weights.push_back({"a.{q,k,v}.weight",
                          DType::BF16,
                          {2048, 16},
                          Pack{PackLayout::Concat,
                               {{"a.q.weight", {1000, 16}},
                                {"a.k.weight", {40, 16}},
                                {"a.v.weight", {1008, 16}}}}});
  plan.weights.push_back(
      {"a.{gate,up}.weight",
       DType::BF16,
       {6, 5},
       Pack{PackLayout::Interleave,
            {{"a.gate.weight", {3, 5}}, {"a.up.weight", {3, 5}}}}});
  return plan;
}

TEST(PlanWeights, OfPacksAreTheirParts) {
  Plan plan = packedPlan();
  auto weights = openPlanWeights(plan, "");
  ASSERT_TRUE(weights);
  std::vector<std::string> names;
  for (const TensorInfo &tensor : (*weights)->tensors()) {
    names.push_back(tensor.name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"a.gate.weight", "a.k.weight",
                                      "a.q.weight", "a.up.weight", "a.v.weight",
                                      "embed.weight", "head.weight"}));
  EXPECT_TRUE(checkPlanWeights(plan, **weights));
  auto refusal = [&] {
    Status status = checkPlanWeights(plan, **weights);
    return status ? "" : status.error().message();
  };
  // The same rows in all, but not of these tensors.
  plan.weights[2].pack->parts[1].shape[0] = 48;
  plan.weights[2].pack->parts[2].shape[0] = 1000;
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor a.k.weight: wanted bf16 [48, 16], found bf16 "
            "[40, 16]; use the checkpoint that the plan was compiled from");
  plan.weights[2].pack->parts[1].tensor = "a.other.weight";
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor a.other.weight: wanted bf16 [48, 16], found no "
            "such tensor; use the checkpoint that the plan was compiled from");
}

std::vector<std::byte> tensorOf(const WeightSource &source,
                                const std::string &name) {
  const size_t index = *source.find(name);
  std::vector<std::byte> bytes(source.tensors()[index].bytes());
  EXPECT_TRUE(source.read(index, 0, bytes.data(), bytes.size()));
  return bytes;
}

/// All bytes, read in pieces of `piece`.
std::vector<std::byte> read(const WeightBytes &weight, uint64_t piece) {
  std::vector<std::byte> bytes(weight.size());
  for (uint64_t at = 0; at < bytes.size(); at += piece) {
    const uint64_t count = std::min<uint64_t>(piece, bytes.size() - at);
    EXPECT_TRUE(weight.read(at, std::span(bytes).subspan(at, count)));
  }
  return bytes;
}

TEST(WeightBytes, AreTheRowsOfTheRecipe) {
  const Plan plan = packedPlan();
  auto source = openPlanWeights(plan, "");
  ASSERT_TRUE(source);

  std::vector<std::byte> wanted;
  for (const char *name : {"a.q.weight", "a.k.weight", "a.v.weight"}) {
    const std::vector<std::byte> part = tensorOf(**source, name);
    wanted.insert(wanted.end(), part.begin(), part.end());
  }
  const WeightBytes concat(plan.weights[2], **source);
  ASSERT_EQ(concat.size(), 2u * 2048 * 16);
  // Pieces that hold no boundary of parts, one, and all.
  for (uint64_t piece : {90, 20000, 1 << 20}) {
    EXPECT_TRUE(read(concat, piece) == wanted) << piece;
  }

  const std::vector<std::byte> gate = tensorOf(**source, "a.gate.weight");
  const std::vector<std::byte> up = tensorOf(**source, "a.up.weight");
  wanted.clear();
  for (size_t row = 0; row < 3; ++row) {
    for (const std::vector<std::byte> *part : {&gate, &up}) {
      wanted.insert(wanted.end(), part->begin() + 10 * row,
                    part->begin() + 10 * (row + 1));
    }
  }
  const WeightBytes interleaved(plan.weights[3], **source);
  ASSERT_EQ(interleaved.size(), 60u);
  for (uint64_t piece : {4, 14, 60}) {
    EXPECT_EQ(read(interleaved, piece), wanted) << piece;
  }

  const WeightBytes plain(plan.weights[0], **source);
  EXPECT_EQ(read(plain, 100), tensorOf(**source, "embed.weight"));
}

} // namespace
