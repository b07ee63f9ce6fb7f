//===- PlanningTest.cpp - Plans of published models -----------------------===//

#include "test/unit/passes/PlanningFixture.h"

#include <map>
#include <set>

using namespace sinter;
using namespace sinter::planning;
using cost::ExecutionMode;

namespace {

TEST_F(Planning, SinglesAreOneLaunchPerOp) {
  PlanningOptions options;
  options.decisions = DecisionSet::Single;
  EntryPlan single = plan(import("qwen3-0.6b", "none"), device(), options);
  EXPECT_EQ(single.phases.size(), 536u);
  EXPECT_EQ(single.step.launches, 536u);
  for (const PhaseDecision &phase : single.phases) {
    EXPECT_EQ(single.variantOf(phase).choice, plan::Choice::Single);
    EXPECT_EQ(phase.reason, plan::Reason::SingleUnfusedStage);
    EXPECT_EQ(phase.before, phase.after);
  }
}

TEST_F(Planning, LibraryTakesEveryLinear) {
  PlanningOptions options;
  options.decisions = DecisionSet::Library;
  EntryPlan library = plan(import("qwen3-0.6b", "none"), device(), options);
  // Embedding and the first norm; a layer: 7 linear layers, attention with its
  // heads, swiglu, two sums with the norms behind them; the head and argmax.
  EXPECT_EQ(library.phases.size(), 2u + 28 * 11 + 2);
  size_t calls = 0;
  for (const PhaseDecision &phase : library.phases) {
    const Variant &variant = library.variantOf(phase);
    for (uint32_t op : phase.ops) {
      const bool linear = llvm::isa<decoder::LinearOp>(library.entry.ops[op]);
      EXPECT_EQ(variant.choice == plan::Choice::Library, linear);
      calls += linear;
    }
  }
  EXPECT_EQ(calls, 28u * 7 + 1);
  const PhaseDecision &sum = phaseWith(library, "layers.3.mlp_residual");
  EXPECT_EQ(library.variantOf(sum).family->name(), "row_chain");
  EXPECT_EQ(&sum, &phaseWith(library, "layers.4.input_norm"));
}

/// The phases of every set run each op once, behind what it needs; the prices
/// of phases add up to the solver's and to the cost model's.
TEST_F(Planning, PhasesAddUp) {
  for (const char *model : {"qwen3-0.6b", "qwen2.5-0.5b", "llama-3.2-1b"}) {
    auto function = import(model);
    for (DecisionSet set : {DecisionSet::Single, DecisionSet::Library,
                            DecisionSet::Greedy, DecisionSet::Exact}) {
      for (const char *gpu : {"h200", "rtx-4090"}) {
        PlanningOptions options;
        options.decisions = set;
        EntryPlan result = plan(function, device(gpu), options);
        std::vector<char> done(result.entry.graph.size());
        uint64_t sum = 0;
        for (const PhaseDecision &phase : result.phases) {
          for (uint32_t op : phase.ops) {
            EXPECT_FALSE(done[op]);
            done[op] = 1;
            for (uint32_t producer : result.entry.graph.producers(op)) {
              EXPECT_TRUE(done[producer]);
            }
          }
          sum += phase.after.picoseconds;
        }
        EXPECT_EQ(std::count(done.begin(), done.end(), 1),
                  static_cast<long>(done.size()));
        const auto &chosen = result.solution.plans[result.mode];
        EXPECT_EQ(sum, chosen.picoseconds);
        EXPECT_EQ(sum, result.step.picoseconds);
        EXPECT_EQ(result.step.launches, chosen.launches);
      }
    }
  }
}

TEST_F(Planning, ExactIsNeverDearer) {
  for (const std::string &model : publishedModels()) {
    auto function = import(model);
    std::map<DecisionSet, uint64_t> prices;
    for (DecisionSet set : {DecisionSet::Single, DecisionSet::Library,
                            DecisionSet::Greedy, DecisionSet::Exact}) {
      PlanningOptions options;
      options.decisions = set;
      prices[set] = total(plan(function, device(), options));
    }
    EXPECT_LE(prices[DecisionSet::Exact], prices[DecisionSet::Greedy]) << model;
    EXPECT_LT(prices[DecisionSet::Exact], prices[DecisionSet::Single]) << model;
    EXPECT_LT(prices[DecisionSet::Exact], prices[DecisionSet::Library])
        << model;
  }
}

/// Five kernels a layer, in order.
TEST_F(Planning, ExactPlanOfQwen3) {
  EntryPlan result = plan(import("qwen3-0.6b"), device());
  // Embedding; five a layer; norm, head and argmax are one.
  ASSERT_EQ(result.phases.size(), 1u + 28 * 5 + 1);
  EXPECT_EQ(result.step.launches, 142u);
  auto ops = [&](uint32_t phase) {
    return result.entry.graph.describe(result.phases[phase].ops);
  };
  const uint32_t layer3 = 1 + 3 * 5;
  EXPECT_EQ(ops(layer3), "'layers.3.input_norm', 'layers.3.q_proj'");
  EXPECT_EQ(ops(layer3 + 1),
            "'layers.3.q_norm', 'layers.3.q_rope', 'layers.3.k_norm', "
            "'layers.3.k_rope', 'layers.3.k_append', 'layers.3.v_append', "
            "'layers.3.attention'");
  EXPECT_EQ(ops(layer3 + 2),
            "'layers.3.o_proj', 'layers.3.attention_residual'");
  EXPECT_EQ(ops(layer3 + 3),
            "'layers.3.post_norm', 'layers.3.gate_proj', 'layers.3.swiglu'");
  EXPECT_EQ(ops(layer3 + 4), "'layers.3.down_proj', 'layers.3.mlp_residual'");
  EXPECT_EQ(ops(141), "'final_norm', 'lm_head', 'argmax'");
  const PhaseDecision &attention = result.phases[layer3 + 1];
  EXPECT_EQ(attention.before.launches, 7u);
  EXPECT_EQ(attention.after.launches, 1u);
  EXPECT_GT(attention.before.picoseconds, attention.after.picoseconds);
  EXPECT_EQ(attention.reason, plan::Reason::FuseSavesLaunch);
  // Each linear layer's matrices are issued once; beside them gains, the row of
  // the embedding (which the tied head reads again) and, in the cache, 511
  // positions read and one written.
  uint64_t weights = 0;
  uint64_t cache = 0;
  for (const PhaseDecision &phase : result.phases) {
    weights += result.variantOf(phase).work.unique.weights;
    cache += result.variantOf(phase).work.unique.cache;
  }
  EXPECT_EQ(weights, 1'192'099'840u + 2048);
  EXPECT_EQ(cache, 114'688u * (511 + 1));
  // Layers alike: two phases of the same place have one kernel.
  for (uint32_t phase = 1; phase + 5 < 141; ++phase) {
    const Variant &a = result.variantOf(result.phases[phase]);
    const Variant &b = result.variantOf(result.phases[phase + 5]);
    EXPECT_EQ(a.family, b.family);
    EXPECT_EQ(a.config, b.config);
  }
}

/// What was priced is what the passes form: same ops, same bytes.
TEST_F(Planning, FormedGroupsMoveWhatWasPriced) {
  for (const char *layout : {"none", "concat"}) {
    for (const char *model : {"qwen3-0.6b", "qwen2.5-0.5b"}) {
      auto function = import(model, layout);
      EntryPlan result = plan(function, device());
      mlir::PassManager manager(&context);
      manager.addPass(createPlanMark());
      manager.addPass(createPlanFormGroups());
      manager.addPass(createPlanSelectKernels());
      ASSERT_TRUE(mlir::succeeded(manager.run(*module)));
      std::vector<plan::DecisionAttr> formed;
      for (mlir::Operation &op : function.getBody().front()) {
        if (auto why = op.getAttrOfType<plan::DecisionAttr>("why")) {
          formed.push_back(why);
        }
      }
      ASSERT_EQ(formed.size(), result.phases.size());
      for (size_t i = 0; i < formed.size(); ++i) {
        const Cost &priced = result.phases[i].after;
        plan::CostAttr after = formed[i].getAfter();
        EXPECT_EQ(static_cast<uint64_t>(after.getLaunches()), priced.launches);
        EXPECT_EQ(static_cast<uint64_t>(after.getRead()), priced.read) << i;
        EXPECT_EQ(static_cast<uint64_t>(after.getWritten()), priced.written);
        EXPECT_EQ(static_cast<uint64_t>(after.getPicoseconds()),
                  priced.picoseconds);
      }
    }
  }
}

TEST_F(Planning, EqualLayersAreAskedOnce) {
  auto answers = [&](const char *model) {
    return plan(import(model), device()).answers.size();
  };
  // 28 and 64 layers of one structure.
  EXPECT_EQ(answers("qwen3-0.6b"), answers("qwen3-32b"));
}

TEST_F(Planning, NoProgrammaticLaunchBeforeHopper) {
  auto function = import("qwen3-0.6b");
  for (const char *gpu : {"a100-80gb", "rtx-4090", "rtx-3090", "l4", "l40s"}) {
    EntryPlan result = plan(function, device(gpu));
    EXPECT_EQ(result.chosenMode(), ExecutionMode::Graph) << gpu;
    ASSERT_TRUE(result.modeRefusals[2].has_value()) << gpu;
    EXPECT_EQ(result.modeRefusals[2]->code, ErrorCode::LaunchUnsupported);
    EXPECT_FALSE(result.solution.plans[2].exists());
  }
  EntryPlan hopper = plan(function, device("h200"));
  EXPECT_EQ(hopper.chosenMode(), ExecutionMode::Programmatic);
  EXPECT_FALSE(hopper.modeRefusals[2].has_value());

  PlanningOptions options;
  options.mode = ExecutionMode::Programmatic;
  Result<EntryPlan> refused = planEntry(function, device("rtx-4090"), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::LaunchUnsupported);
  options.mode = ExecutionMode::Stream;
  EXPECT_EQ(plan(function, device("h200"), options).chosenMode(),
            ExecutionMode::Stream);
}

/// Ten times the cost of a launch: the price of fusing less grows with it.
TEST_F(Planning, DearerLaunchesMakeFusionPayMore) {
  auto function = import("qwen3-0.6b");
  DeviceSpec dear = device();
  dear.launches.programmatic->value = 0;
  const DeviceSpec plain = dear;
  for (auto *edge : {&dear.costs.nodeGraph, &dear.costs.edgeGraph,
                     &dear.costs.edgeGraphL2, &dear.costs.edgeStream}) {
    (*edge)->value *= 10;
  }
  PlanningOptions single;
  single.decisions = DecisionSet::Single;
  auto saved = [&](const DeviceSpec &gpu) {
    return total(plan(function, gpu, single)) - total(plan(function, gpu));
  };
  EXPECT_GT(saved(dear), 5 * saved(plain));
}

/// The answer for two ops by name.
Neighbours between(const EntryPlan &plan, const DeviceSpec &device,
                   const std::string &from, const std::string &to) {
  for (Neighbours &pair : explainNeighbours(plan, device)) {
    if (plan.entry.graph.name(pair.from) == from &&
        plan.entry.graph.name(pair.to) == to) {
      return pair;
    }
  }
  ADD_FAILURE() << from << " " << to;
  return {};
}

/// A device file with little shared memory: the fusion that needs more is
/// refused with that number.
TEST_F(Planning, TooLittleSharedMemoryRefusesAFusion) {
  auto function = import("qwen3-32b");
  DeviceSpec gpu = device("rtx-4090");
  EXPECT_TRUE(between(plan(function, gpu), gpu, "layers.0.k_append",
                      "layers.0.attention")
                  .together);
  gpu.limits.sharedBytesPerBlock.value = 8192; // 8 heads of 4 streams: 16,384
  EntryPlan tight = plan(function, gpu);
  EXPECT_FALSE(
      between(tight, gpu, "layers.0.k_append", "layers.0.attention").together);
  // The whole attention with its norms, ropes and appends: asked, and refused
  // with both numbers: 4 * (1024 + 128 + 64) bytes and the parts.
  bool refused = false;
  for (const Group &group : tight.groups) {
    const Refusal *nearest = tight.answers[group.answer].nearestRefusal();
    refused |= group.ops.size() == 7 && nearest &&
               nearest->verdict.message() ==
                   "refused_shared_memory: 21248 bytes of shared memory, "
                   "wanted at most 8192";
  }
  EXPECT_TRUE(refused);
  for (const PhaseDecision &phase : tight.phases) {
    EXPECT_LE(tight.variantOf(phase).work.sharedBytes, 8192u);
  }
}

/// Half the registers: no block that needs more is chosen, and fewer are
/// resident. With a sixteenth not even two warps of attention fit.
TEST_F(Planning, TooFewRegisters) {
  auto function = import("qwen3-0.6b");
  DeviceSpec gpu = device("rtx-4090");
  const EntryPlan full = plan(function, gpu);
  gpu.limits.registersPerSm.value = 32768;
  EntryPlan half = plan(function, gpu);
  EXPECT_GE(total(half), total(full));
  for (const Answer &answer : half.answers) {
    for (const Variant &variant : answer.variants) {
      EXPECT_LE(variant.work.threads * variant.work.registers *
                    variant.work.blocksPerSm,
                32768u);
    }
  }
  gpu.limits.registersPerSm.value = 4096;
  Result<EntryPlan> refused = planEntry(function, gpu);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::NotPlannable);
  EXPECT_EQ(refused.error().object,
            "op 'layers.0.attention' (decoder.attention)");
  EXPECT_EQ(refused.error().found.substr(0, 17), "refused_registers");
  EXPECT_NE(refused.error().found.find("wanted at most 4096"),
            std::string::npos)
      << refused.error().found;
}

TEST_F(Planning, EveryPairOfNeighboursHasAnAnswer) {
  EntryPlan result = plan(import("qwen3-0.6b"), device());
  std::map<std::pair<std::string, std::string>, Neighbours> pairs;
  size_t edges = 0;
  for (uint32_t op = 0; op < result.entry.graph.size(); ++op) {
    edges += result.entry.graph.consumers(op).size();
  }
  std::vector<Neighbours> all = explainNeighbours(result, device());
  EXPECT_EQ(all.size(), edges);
  for (Neighbours &pair : all) {
    EXPECT_EQ(pair.together,
              !plan::stringifyReason(pair.reason).starts_with("refused_"));
    pairs[{result.entry.graph.name(pair.from),
           result.entry.graph.name(pair.to)}] = std::move(pair);
  }
  EXPECT_TRUE((pairs[{"layers.2.q_rope", "layers.2.attention"}].together));
  const Neighbours &upwards = pairs[{"embed", "layers.0.input_norm"}];
  EXPECT_FALSE(upwards.together);
  EXPECT_EQ(upwards.reason, plan::Reason::RefusedNoFamily);
  const Neighbours &rows = pairs[{"layers.2.attention", "layers.2.o_proj"}];
  EXPECT_FALSE(rows.together);
  EXPECT_EQ(rows.reason, plan::Reason::RefusedGroupSize);
  EXPECT_EQ(rows.note, "1 ops that attention does not need");

  // Apart, gate and up are two matrices, and both need the norm's row.
  result = plan(import("qwen3-0.6b", "none"), device());
  for (Neighbours &pair : explainNeighbours(result, device())) {
    pairs[{result.entry.graph.name(pair.from),
           result.entry.graph.name(pair.to)}] = std::move(pair);
  }
  const Neighbours &norm = pairs[{"layers.2.post_norm", "layers.2.gate_proj"}];
  EXPECT_FALSE(norm.together);
  EXPECT_EQ(norm.reason, plan::Reason::RefusedLiveOut);

  PlanningOptions options;
  options.decisions = DecisionSet::Single;
  result = plan(import("qwen3-0.6b"), device(), options);
  for (const Neighbours &pair : explainNeighbours(result, device())) {
    EXPECT_FALSE(pair.together);
    const std::string to = result.entry.graph.name(pair.to);
    if (to == "layers.4.mlp_residual" && pair.from + 1 == pair.to) {
      EXPECT_EQ(pair.reason, plan::Reason::RefusedNotRequested);
    }
  }
}

TEST_F(Planning, EveryModelOnEveryDevice) {
  for (const std::string &model : publishedModels()) {
    auto function = import(model);
    for (const std::string &gpu : deviceNames()) {
      EntryPlan result = plan(function, device(gpu));
      EXPECT_GT(result.phases.size(), 0u) << model << " " << gpu;
      const bool programmatic = device(gpu).launches.programmatic->value == 1;
      EXPECT_EQ(result.chosenMode(), programmatic ? ExecutionMode::Programmatic
                                                  : ExecutionMode::Graph)
          << model << " " << gpu;
    }
  }
}

/// A device whose constants are guesses says so.
TEST_F(Planning, PriorsAreNamed) {
  auto function = import("qwen3-0.6b");
  EXPECT_TRUE(plan(function, device("h200")).priors.empty());
  std::set<std::string> keys;
  for (const cost::Ground &prior : plan(function, device("b200")).priors) {
    keys.insert(prior.key);
    EXPECT_EQ(prior.origin, NumberOrigin::Prior);
  }
  EXPECT_TRUE(keys.contains("edge_programmatic"));
}

TEST_F(Planning, WithoutAWorkload) {
  auto function = import("qwen3-0.6b");
  function->removeAttr(plan::PlanDialect::kWorkloadAttr);
  Result<EntryPlan> result = planEntry(function, device());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::WorkloadMissing);
}

/// Joining splits costs two trips, a row on one SM its stream: few positions
/// take one split, many as many as there are SMs.
TEST_F(Planning, SplitsFollowTheContext) {
  for (auto [context, splits] : {std::pair(1, 1), {512, 8}, {4096, 16}}) {
    Workload workload;
    workload.context = context;
    workload.maxContext = 4352;
    const EntryPlan result =
        plan(import("qwen3-0.6b", "concat", workload), device());
    const PhaseDecision &attention = phaseWith(result, "layers.3.attention");
    EXPECT_EQ(result.variantOf(attention).config.get("splits"), splits)
        << context;
    EXPECT_EQ(result.variantOf(attention).work.joined != 0, splits > 1);
  }
}

/// Seventeen rows: no family takes them, the library every linear layer.
TEST_F(Planning, RowsThatNoFamilyTakes) {
  Workload workload;
  workload.batch = 17;
  auto function = import("qwen3-0.6b", "none", workload);
  EntryPlan result = plan(function, device());
  EXPECT_EQ(choiceOf(result, "layers.0.q_proj"), plan::Choice::Library);
  PlanningOptions options;
  options.decisions = DecisionSet::Single;
  std::vector<Unplannable> refused;
  Result<EntryPlan> none = planEntry(function, device(), options, &refused);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::NotPlannable);
  EXPECT_EQ(none.error().object, "op 'layers.0.q_proj' (decoder.linear)");
  EXPECT_EQ(none.error().found.substr(0, 12), "refused_rows");
  EXPECT_EQ(refused.size(), 28u * 7 + 1);

  // The pipeline keeps the code.
  import("qwen3-0.6b", "none", workload);
  plan::setStage(*module, plan::Stage::Imported);
  PlanPipelineOptions pipeline;
  pipeline.decisions = "single";
  Status status = runPlanPipeline(*module, "qwen3-0.6b", pipeline);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::NotPlannable);
  EXPECT_EQ(status.error().message(), none.error().message());
  EXPECT_EQ(status.error().exitCode(), 3);
}

} // namespace
