//===- LibraryPlanTest.cpp - Library calls of a plan on the host ----------===//

#include "codegen/devices/Devices.h"
#include "models/config/Tensors.h"
#include "runtime/Session.h"
#include "runtime/format/Files.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace sinter;

namespace {

CompileRequest libraryRequest() {
  CompileRequest request;
  Result<ModelSource> source = resolveModel(
      std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/qwen2-rand");
  EXPECT_TRUE(source.ok());
  request.source = std::move(*source);
  request.weights.seed = 3;
  request.workload.context = 5;
  request.workload.maxContext = 16;
  request.decisions.set = DecisionSet::Library;
  return request;
}

std::vector<format::Step> libraryCalls(const PlanArtifact &artifact) {
  std::vector<format::Step> calls;
  for (const format::Step &step : artifact.plan.entries[0].steps) {
    if (step.kind == format::StepKind::Library) {
      calls.push_back(step);
    }
  }
  return calls;
}

uint64_t priceOf(const PlanArtifact &artifact, const std::string &op) {
  for (const format::Decision &decision : artifact.plan.decisions) {
    if (decision.op == op) {
      return decision.after.picoseconds;
    }
  }
  ADD_FAILURE() << op;
  return 0;
}

/// Where the device file names the best algorithm of a product, the plan does,
/// and is priced with it; a product with a bias is another one.
TEST(LibraryPlan, NamesTheAlgorithmOfTheDeviceFile) {
  CompileRequest request = libraryRequest();
  Result<PlanArtifact> unpinned = compileModel(request);
  ASSERT_TRUE(unpinned.ok()) << unpinned.error().message();
  const std::vector<format::Step> before = libraryCalls(*unpinned);
  const auto plain =
      std::find_if(before.begin(), before.end(), [](const format::Step &step) {
        return step.gemm->epilogue == format::GemmEpilogue::None;
      });
  ASSERT_NE(plain, before.end());

  auto device = resolveDevice("h200");
  ASSERT_TRUE(device);
  LibraryPrice price;
  price.m = plain->gemm->m;
  price.n = plain->gemm->n;
  price.k = plain->gemm->k;
  price.dtype = "bf16";
  price.picoseconds = 50000000;
  price.bestPicoseconds = 40000000;
  price.origin = NumberOrigin::Measured;
  price.source = "a test";
  for (bool named : {false, true}) {
    if (named) {
      price.algorithm = "id=7";
      price.version = "13.0.1";
    }
    device->library = {price};
    const std::string file = testing::TempDir() + "pinned.json";
    ASSERT_TRUE(writeFile(file, writeDeviceSpec(*device)));
    request.target = file;
    Result<PlanArtifact> pinned = compileModel(request);
    ASSERT_TRUE(pinned.ok()) << pinned.error().message();
    size_t count = 0;
    for (const format::Step &step : libraryCalls(*pinned)) {
      const bool same = step.gemm->m == price.m && step.gemm->n == price.n &&
                        step.gemm->k == price.k &&
                        step.gemm->epilogue == format::GemmEpilogue::None;
      EXPECT_EQ(step.gemm->algorithm,
                named && same ? std::optional<std::string>("13.0.1: id=7")
                              : std::nullopt);
      count += same;
    }
    EXPECT_GT(count, 0u);
    EXPECT_EQ(priceOf(*pinned, plain->ops.front()),
              named ? 40000000u : 50000000u);
  }
}

/// Every product of the plan runs once a step and moves what its shape says.
TEST(LibraryPlan, CountsAreThoseOfTheProducts) {
  const CompileRequest request = libraryRequest();
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
