//===- FullEdgesTest.cpp - Library calls and programmatic edges -----------===//

#include "test/unit/passes/PlanningFixture.h"

using namespace sinter;
using namespace sinter::planning;

namespace {

bool callsLibrary(const EntryPlan &plan) {
  return llvm::any_of(plan.phases, [&](const PhaseDecision &phase) {
    return plan.variantOf(phase).choice == plan::Choice::Library;
  });
}

/// The price of what runs: beside a library call every edge is full.
uint64_t priceAsRun(const EntryPlan &plan, const DeviceSpec &device) {
  std::vector<cost::PhaseWork> works;
  for (const PhaseDecision &phase : plan.phases) {
    works.push_back(plan.variantOf(phase).work);
  }
  auto price = cost::priceStep(works,
                               callsLibrary(plan) ? cost::ExecutionMode::Graph
                                                  : plan.chosenMode(),
                               device);
  EXPECT_TRUE(price.ok()) << price.error().message();
  return price->picoseconds;
}

TEST_F(Planning, ALibraryCallTakesTheProgrammaticEdges) {
  const DeviceSpec gpu = device();
  for (int64_t batch : {1, 8, 64}) {
    Workload workload;
    workload.batch = batch;
    mlir::func::FuncOp entry = import("qwen3-0.6b", "concat", workload);
    for (DecisionSet set :
         {DecisionSet::Library, DecisionSet::Greedy, DecisionSet::Exact}) {
      PlanningOptions options;
      options.decisions = set;
      const EntryPlan result = plan(entry, gpu, options);
      EXPECT_EQ(total(result), priceAsRun(result, gpu)) << batch;
      EXPECT_EQ(callsLibrary(result),
                result.chosenMode() != cost::ExecutionMode::Programmatic)
          << batch << " " << decisionSetName(set);
      // No plan of mode pdl counts on edges that it would not have.
      for (size_t mode = 0; mode < result.modes.size(); ++mode) {
        if (result.modes[mode] != cost::ExecutionMode::Programmatic) {
          continue;
        }
        for (const fusion::Phase &phase : result.solution.plans[mode].phases) {
          EXPECT_NE(result.candidates.candidates[phase.candidate]
                        .options[phase.option]
                        .choice,
                    fusion::Choice::Library);
        }
      }
    }
  }
}

/// One call in a step of 142 launches costs the edges of all of them.
TEST_F(Planning, OneCallCostsTheWholeStep) {
  const DeviceSpec gpu = device();
  mlir::func::FuncOp entry = import("qwen3-0.6b");
  const EntryPlan free = plan(entry, gpu);
  ASSERT_EQ(free.chosenMode(), cost::ExecutionMode::Programmatic);
  PlanningOptions options;
  options.forces = {{"layers.5.down_proj", plan::Choice::Library}};
  const EntryPlan forced = plan(entry, gpu, options);
  EXPECT_EQ(forced.chosenMode(), cost::ExecutionMode::Graph);
  EXPECT_EQ(total(forced), priceAsRun(forced, gpu));
  const uint64_t graph =
      free.solution.plans[1].picoseconds; // of the best in mode graph
  EXPECT_EQ(free.modes[1], cost::ExecutionMode::Graph);
  EXPECT_GE(total(forced), graph);
  EXPECT_GT(total(forced), total(free) + 50000000);
  // The evidence of an op says so.
  for (const Rejected &rejected :
       phaseWith(free, "layers.5.down_proj").rejected) {
    if (rejected.choice == plan::Choice::Library) {
      EXPECT_EQ(rejected.reason, plan::Reason::RefusedSlower);
      EXPECT_EQ(rejected.note, "and beside it all edges of the step are full");
    }
  }
}

/// Asked for mode pdl an entry gets it, or a graph where calls pay more.
TEST_F(Planning, AskedForProgrammaticEdges) {
  const DeviceSpec gpu = device();
  mlir::func::FuncOp entry = import("qwen3-0.6b");
  PlanningOptions options;
  options.mode = cost::ExecutionMode::Programmatic;
  EXPECT_EQ(plan(entry, gpu, options).chosenMode(),
            cost::ExecutionMode::Programmatic);
  options.decisions = DecisionSet::Single;
  EXPECT_EQ(plan(entry, gpu, options).chosenMode(),
            cost::ExecutionMode::Programmatic);
  options.decisions = DecisionSet::Library;
  const EntryPlan library = plan(entry, gpu, options);
  EXPECT_EQ(library.chosenMode(), cost::ExecutionMode::Graph);
  EXPECT_TRUE(callsLibrary(library));
  // A graph that calls nothing is no answer to mode pdl, however cheap.
  DeviceSpec slow = gpu;
  slow.costs.nodeProgrammatic->value *= 20;
  slow.costs.edgeProgrammatic->value *= 20;
  slow.costs.edgeProgrammaticWait->value *= 20;
  options.decisions = DecisionSet::Single;
  EXPECT_EQ(plan(entry, slow, options).chosenMode(),
            cost::ExecutionMode::Programmatic);
  options.mode.reset();
  EXPECT_NE(plan(entry, slow, options).chosenMode(),
            cost::ExecutionMode::Programmatic);
}

} // namespace
