//===- SeedKernelsTest.cpp - Values and counts of the notes' kernels ------===//
//
// Each in every configuration on the checked host device: the bytes that its
// threads ask for are those of work(), exactly, and what it writes is what the
// interpreter computes. At the notes' shapes, but for one that says so.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"
#include "test/unit/seeds/SeedCases.h"
#include "test/unit/seeds/SeedFamilies.h"

#include "codegen/EmitKernel.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace sinter;
using namespace sinter::codegen;
using namespace sinter::seeds;

namespace {

GroupCase groupOf(const SeedCase &seed) {
  GroupCase c;
  c.arguments = seed.arguments();
  c.body = seed.body;
  c.yielded = seed.yielded();
  return c;
}

/// Sums of up to 4,864 products in another order: two roundings' distance of
/// the largest, where a hidden value has moved by one.
void expectNear(const HostTensor &got, const HostTensor &want) {
  const std::vector<float> g = got.toFloats();
  const std::vector<float> w = want.toFloats();
  ASSERT_EQ(g.size(), w.size());
  float largest = 0;
  for (float value : w) {
    largest = std::max(largest, std::abs(value));
  }
  for (size_t i = 0; i < g.size(); ++i) {
    ASSERT_NEAR(g[i], w[i], 0x1p-7 * largest) << i;
  }
}

/// Runs every configuration and returns the bytes loaded by the last.
uint64_t expectExact(const SeedCase &seed, const KernelFamily &family) {
  SCOPED_TRACE(family.name().str());
  const TestGroup test(groupOf(seed));
  const Verdict verdict = family.accepts(test.group, testDevice());
  EXPECT_TRUE(verdict) << verdict.message();
  const std::vector<HostTensor> reference = interpret(test);
  std::unique_ptr<Device> device = makeHostDevice(true);
  uint64_t loaded = 0;
  for (const KernelConfig &config :
       family.enumerate(test.group, testDevice())) {
    SCOPED_TRACE(config.text());
    const Work work = family.work(test.group, config, test.workload);
    auto kernels = device->loadKernels({{sourceOf(
        work, emitKernelText(test.group, family, config, "kernel"))}});
    EXPECT_TRUE(kernels) << kernels.error().message();
    auto run = runGroup(*device, kernels->front(), test, work);
    EXPECT_TRUE(run) << run.error().message();
    if (!run) {
      return 0;
    }
    EXPECT_EQ(run->launches, 1u);
    loaded = 0;
    for (size_t i = 0; i < work.params.size(); ++i) {
      EXPECT_EQ(run->traffic[i].loaded, work.params[i].loadedBytes)
          << work.params[i].name;
      EXPECT_EQ(run->traffic[i].stored, work.params[i].storedBytes)
          << work.params[i].name;
      loaded += run->traffic[i].loaded;
    }
    expectNear(run->outputs.front(), reference.front());
  }
  return loaded;
}

} // namespace

// 14 blocks read the row, 224 blocks do; the matrix and the residual are read
// once.
TEST(SeedKernels, TiledProjectionAndResidual) {
  EXPECT_EQ(expectExact(outputProjection(), tiledResidualFamily()),
            2u * 896 * 896 + 14 * 2 * 896 + 2 * 896);
}
TEST(SeedKernels, RowSplitProjectionAndResidual) {
  EXPECT_EQ(expectExact(outputProjection(), rowSplitFamily()),
            2u * 896 * 896 + 224 * 2 * 896 + 2 * 896);
}

// Row and gain in each of 36 blocks.
TEST(SeedKernels, NormAndQkv) {
  EXPECT_EQ(expectExact(normAndQkv(), normLinearFamily()),
            2u * 1152 * 896 + 36 * 2 * 2 * 896);
}

// Gate and up whole in each of 7 blocks. A quarter of the notes' width and of
// their inner size: at the full shape threads switch 64 times as often, for
// seconds. work() has one formula, whose number there is checked as well.
TEST(SeedKernels, RecomputingMlp) {
  EXPECT_EQ(expectExact(mlp(224, 1216), recomputingMlpFamily()),
            7u * (2 * 2 * 1216 * 224 + 2 * 224) + 2 * 1216 * 224);
  const TestGroup full(groupOf(mlp(width, inner)), false);
  const KernelFamily &family = recomputingMlpFamily();
  const Work work = family.work(
      full.group, family.enumerate(full.group, testDevice())[0], full.workload);
  // 497 MB for the 26 of the matrices.
  EXPECT_EQ(work.loadedBytes(), 496878592u);
  EXPECT_EQ(work.loadedBytes(),
            28u * (2 * 2 * 4864 * 896 + 2 * 896) + 2 * 4864 * 896);
  EXPECT_EQ(work.uniqueBytes(ParamClass::Weights), 2u * 3 * 4864 * 896);
}

TEST(SeedKernels, RefusalsOfTheFamilies) {
  const TestGroup projection(groupOf(outputProjection()), false);
  EXPECT_EQ(
      recomputingMlpFamily().accepts(projection.group, testDevice()).message(),
      "refused_op: wanted linear, swiglu, linear");
  const TestGroup narrow(groupOf(mlp(100, 64)), false);
  EXPECT_EQ(
      recomputingMlpFamily().accepts(narrow.group, testDevice()).message(),
      "refused_shape: one row, no bias, lines a multiple of 32 wanted");
}
