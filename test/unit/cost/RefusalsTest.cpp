//===- RefusalsTest.cpp - Prices that nobody can give
//-----------------------===//

#include "test/unit/cost/Phases.h"

using namespace sinter;
using namespace sinter::cost;

namespace {

Error refusal(const PhaseWork &work, ExecutionMode mode,
              const DeviceSpec &spec) {
  Result<Price> result = price(work, mode, spec, nullptr);
  EXPECT_FALSE(result.ok());
  return result ? Error{} : result.takeError();
}

TEST(Refusals, MissingConstantByName) {
  DeviceSpec spec = device("rtx-4090");
  spec.costs.edgeGraph.reset();
  Error error =
      refusal(gemv(qkv.n, qkv.k, 128, 512), ExecutionMode::Graph, spec);
  EXPECT_EQ(error.code, ErrorCode::DeviceConstantMissing);
  EXPECT_EQ(error.message(),
            "SIN2806 (the device file lacks a constant): device \"rtx-4090\": "
            "wanted costs/edge_graph in ns, found no such constant; measure "
            "it, or list a prior with its source");
  // A file with nothing but limits prices nothing.
  spec.costs = {};
  EXPECT_EQ(refusal({}, ExecutionMode::Graph, spec).wanted,
            "costs/node_graph in ns");
}

TEST(Refusals, ProgrammaticLaunchBelowHopper) {
  for (const char *name : {"a100-80gb", "l4", "l40s", "rtx-3090", "rtx-4090"}) {
    Error error = refusal({}, ExecutionMode::Programmatic, device(name));
    EXPECT_EQ(error.code, ErrorCode::LaunchUnsupported) << name;
    EXPECT_EQ(error.exitCode(), 3);
  }
  EXPECT_EQ(
      refusal({}, ExecutionMode::Programmatic, device("l4")).message(),
      "SIN2807 (the GPU cannot launch that way): device \"l4\": wanted "
      "programmatic dependent launch (CUDA C++ Programming Guide: compute "
      "capability 9.0 and later), found compute capability 8.9, "
      "launches/programmatic 0; use the "
      "mode graph or stream");
  DeviceSpec silent = device("h200");
  silent.launches.programmatic.reset();
  EXPECT_EQ(refusal({}, ExecutionMode::Programmatic, silent).wanted,
            "launches/programmatic, 0 or 1");
}

/// Refused, never wrapped or cut off.
TEST(Refusals, TimesThatDoNotFit) {
  DeviceSpec spec = device("h200");
  auto expectOutOfRange = [&](const PhaseWork &work, const char *what) {
    EXPECT_EQ(refusal(work, ExecutionMode::Graph, spec).code,
              ErrorCode::PriceOutOfRange)
        << what;
  };
  PhaseWork work;
  work.unique.weights = INT64_MAX;
  // 2^63 bytes are 2 x 10^18 ps at 4,640 GB/s: that fits; through one SM not.
  work.blocks = 132;
  Price huge = priced(work, ExecutionMode::Graph, spec);
  EXPECT_EQ(huge.terms.dram, 1987795697598012028u);
  work.blocks = 1;
  expectOutOfRange(work, "one SM");
  work = {};
  work.fmaSlots = UINT64_MAX;
  work.blocks = UINT64_MAX;
  expectOutOfRange(work, "a product beyond 128 bits");
  work = {};
  work.launches = UINT64_MAX;
  expectOutOfRange(work, "launches");
  work.kind = PhaseKind::Library;
  work.launches = 1;
  work.library = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
  expectOutOfRange(work, "library");
  // Each fits, the sum does not.
  PhaseWork long1;
  long1.launches = INT64_MAX / 600000;
  std::vector<PhaseWork> phases(2, long1);
  Result<StepPrice> step = priceStep(phases, ExecutionMode::Graph, spec);
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, ErrorCode::PriceOutOfRange);
}

TEST(Refusals, WorkThatContradictsItself) {
  DeviceSpec spec = device("h200");
  PhaseWork work;
  work.launches = 0;
  EXPECT_EQ(refusal(work, ExecutionMode::Graph, spec).code,
            ErrorCode::PlanningFailed);
  work = {};
  work.blocks = 0;
  EXPECT_EQ(refusal(work, ExecutionMode::Graph, spec).code,
            ErrorCode::PlanningFailed);
  work = gemv(qkv.n, qkv.k, 128, 512);
  work.hoisted = work.unique.weights + 1;
  EXPECT_EQ(refusal(work, ExecutionMode::Graph, spec).wanted,
            "at most the weight and cache bytes hoisted");
  work = {};
  work.kind = PhaseKind::Library;
  EXPECT_EQ(refusal(work, ExecutionMode::Graph, spec).code,
            ErrorCode::PlanningFailed);
  work = {};
  work.unique.weights = work.unique.activations = UINT64_MAX;
  EXPECT_EQ(refusal(work, ExecutionMode::Graph, spec).wanted,
            "bytes below 2^63");
}

} // namespace
