//===- FamiliesTest.cpp - Each configuration of a kernel alone ------------===//

#include "test/unit/cuda/FakeDriver.h"
#include "tools/BenchFamilies.h"
#include "tools/Compile.h"
#include "tools/PlanDigest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

using namespace sinter;
using cuda::test::FakeDriver;
using cuda::test::FakeLaunch;

namespace {

Result<PlanArtifact> compiled(int32_t config) {
  CompileRequest request;
  SINTER_ASSIGN(request.source,
                resolveModel(std::string(SINTER_SOURCE_DIR) +
                             "/test/data/checkpoints/llama-rand"));
  request.weights.seed = 11;
  request.workload.context = 5;
  request.workload.maxContext = 16;
  request.config = config;
  return compileModel(request);
}

TEST(Families, EveryConfigurationOnce) {
  auto plans = plansByConfig(compiled);
  ASSERT_TRUE(plans) << plans.error().message();
  std::vector<FamilyKernel> kernels;
  addFamilyKernels(*plans, kernels);
  std::set<std::string> wanted;
  std::set<std::string> found;
  // The last plans of the list bring what the first have not.
  for (const PlanArtifact &artifact : *plans) {
    for (const format::KernelWork &work : artifact.plan.entries[0].works) {
      for (const format::Kernel &kernel : artifact.plan.kernels) {
        if (kernel.symbol == work.kernel && kernel.family != "advance") {
          wanted.insert(kernel.family + " " + kernel.config);
        }
      }
    }
  }
  std::set<std::string> texts;
  for (const FamilyKernel &kernel : kernels) {
    found.insert(kernel.family + " " + kernel.config);
    EXPECT_TRUE(texts.insert(kernel.source.text).second);
    EXPECT_EQ(kernel.operands.size(), kernel.source.params.size());
  }
  EXPECT_EQ(found, wanted);
  EXPECT_GT(plans->size(), 3u);
  EXPECT_GT(kernels.size(), plans->front().plan.kernels.size());
  // The planner's own have its prices.
  EXPECT_TRUE(kernels.front().predicted);
  EXPECT_FALSE(kernels.back().predicted);
  // Adding them again adds nothing.
  const size_t count = kernels.size();
  addFamilyKernels(*plans, kernels);
  EXPECT_EQ(kernels.size(), count);
}

TEST(Families, AChainReadsOtherWeightsEachTime) {
  auto plan = compiled(-1);
  ASSERT_TRUE(plan) << plan.error().message();
  std::vector<FamilyKernel> kernels;
  addFamilyKernels({*plan}, kernels);
  const auto gemv = std::find_if(
      kernels.begin(), kernels.end(),
      [](const FamilyKernel &kernel) { return kernel.family == "gemv"; });
  ASSERT_NE(gemv, kernels.end());
  EXPECT_GT(gemv->coldBytes, 0u);
  const size_t weight = static_cast<size_t>(
      std::find(gemv->operands.begin(), gemv->operands.end(),
                FamilyKernel::Operand::Cold) -
      gemv->operands.begin());
  ASSERT_LT(weight, gemv->operands.size());

  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  const uint64_t cache = 64 * gemv->coldBytes;
  auto bench = FamilyBench::create(**device, {*gemv}, cache, 5);
  ASSERT_TRUE(bench) << bench.error().message();
  BenchPoint point;
  point.mode = LaunchMode::Pdl;
  point.samples = 3;
  auto time = (*bench)->time(*gemv, point);
  ASSERT_TRUE(time) << time.error().message();
  EXPECT_NEAR(time->times.median, 1000, 0.01); // a launch takes 1 us here
  ASSERT_GE(fake.launches.size(), time->launches);
  std::set<cuda::driver::Pointer> weights;
  for (size_t i = 0; i < time->launches; ++i) {
    weights.insert(fake.launches[i].pointers[weight]);
    EXPECT_EQ(fake.launches[i].programmatic, i > 0);
  }
  EXPECT_EQ(weights.size(), time->launches);
  EXPECT_GE(time->launches * gemv->coldBytes, 2 * cache);
  bench->reset();
  device->reset();
  EXPECT_EQ(fake.misuses, std::vector<std::string>());
  EXPECT_EQ(fake.alive(), 0u);
}

TEST(PlanDigest, IsOfTheProgramAlone) {
  auto plan = compiled(-1);
  ASSERT_TRUE(plan) << plan.error().message();
  const std::string digest = programDigest(plan->plan);
  format::Plan other = plan->plan;
  other.producedBy.version = "9";
  other.decisions.clear();
  other.kernels[0].cubins.push_back({"sm_90a", "00"});
  EXPECT_EQ(programDigest(other), digest);
  other = plan->plan;
  other.kernels[0].grid[0] += 1;
  EXPECT_NE(programDigest(other), digest);
  other = plan->plan;
  other.kernels[0].source.back() =
      other.kernels[0].source.back() == '0' ? '1' : '0';
  EXPECT_NE(programDigest(other), digest);
  other = plan->plan;
  other.entries[0].steps.pop_back();
  EXPECT_NE(programDigest(other), digest);
}

} // namespace
