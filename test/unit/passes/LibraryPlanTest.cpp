//===- LibraryPlanTest.cpp - Library calls of a plan on the host ----------===//

#include "models/config/Tensors.h"
#include "runtime/Session.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

/// Every product of the plan runs once a step and moves what its shape says.
TEST(LibraryPlan, CountsAreThoseOfTheProducts) {
  CompileRequest request;
  Result<ModelSource> source = resolveModel(
      std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/qwen2-rand");
  ASSERT_TRUE(source.ok());
  request.source = std::move(*source);
  request.weights.seed = 3;
  request.workload.context = 5;
  request.workload.maxContext = 16;
  request.decisions.set = DecisionSet::Library;
  Result<PlanArtifact> artifact = compileModel(request);
  ASSERT_TRUE(artifact.ok()) << artifact.error().message();
  host::HostOptions options;
  options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
  std::unique_ptr<host::HostDevice> device =
      std::move(*host::HostDevice::create(options));
  RandomWeights weights(3, expectedTensors(request.source.config));
  auto session = Session::prepare(std::move(*artifact), weights, *device);
  ASSERT_TRUE(session.ok()) << session.error().message();
  for (const char *name : {"ids", "positions"}) {
    const int32_t zero = 0;
    ASSERT_TRUE(
        (*session)->write(name, std::as_bytes(std::span(&zero, 1))).ok());
  }
  device->resetCounters();
  Status status = (*session)->run(0);
  ASSERT_TRUE(status.ok()) << status.error().message();

  uint64_t calls = 0;
  std::vector<format::ParamTraffic> wanted(4);
  for (const format::Step &step : (*session)->plan().entries[0].steps) {
    if (step.kind != format::StepKind::Library) {
      continue;
    }
    const format::Gemm &gemm = *step.gemm;
    ++calls;
    wanted[0].loaded += 2 * gemm.m * gemm.k;
    wanted[1].loaded += 2 * gemm.n * gemm.k;
    wanted[2].loaded +=
        gemm.epilogue == format::GemmEpilogue::Bias ? 2 * gemm.n : 0;
    wanted[3].stored += 2 * gemm.m * gemm.n;
  }
  EXPECT_GT(calls, 4u);
  EXPECT_GT(wanted[2].loaded, 0u); // q, k and v have biases
  KernelCounters counted = device->gemmCounters();
  EXPECT_EQ(counted.launches, calls);
  EXPECT_EQ(counted.params, wanted);
}

} // namespace
