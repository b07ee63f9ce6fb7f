//===- QuestionsTest.cpp - What the planner answers -----------------------===//

#include "test/unit/tools/Questions.h"
#include "tools/InspectTables.h"
#include "tools/inspect/Flips.h"
#include "tools/inspect/Totals.h"

#include <algorithm>

using namespace sinter;

namespace {

//===----------------------------------------------------------------------===//
// Flips
//===----------------------------------------------------------------------===//

/// One op of each kind, of a model of one layer; what nothing else runs has no
/// flip.
class Flips : public testing::TestWithParam<const char *> {};

/// Each named change, written into a device file and read back, changes how the
/// op runs; one less does not.
TEST_P(Flips, AppliedTheyFlip) {
  auto entry = prepared(1);
  auto plan = planned(*entry, h200());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  const uint32_t op = opNamed(*plan, GetParam());
  const std::string chosen = choiceOf(*plan, op);
  const std::vector<Flip> flips =
      findFlips(*entry, op, *entry, op, h200(), planning::PlanningOptions());
  EXPECT_EQ(flips.empty(), GetParam() == std::string("embed"));
  for (const Flip &flip : flips) {
    const auto choiceWith = [&](uint64_t value) -> std::string {
      DeviceSpec changed = h200();
      flip.key.set(changed, value);
      auto device = parseDeviceSpec(writeDeviceSpec(changed), "changed.json");
      EXPECT_TRUE(device.ok()) << device.error().message();
      auto after = planned(*entry, *device);
      EXPECT_TRUE(after.ok()) << after.error().message();
      return choiceOf(*after, op);
    };
    EXPECT_EQ(flip.key.get(h200()), flip.now);
    EXPECT_NE(choiceWith(flip.then), chosen) << flip.key.key;
    EXPECT_EQ(choiceWith(flip.then > flip.now ? flip.then - 1 : flip.then + 1),
              chosen)
        << flip.key.key;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Flips,
    testing::Values("embed", "layers.0.input_norm", "layers.0.q_proj",
                    "layers.0.q_norm", "layers.0.q_rope", "layers.0.k_append",
                    "layers.0.attention", "layers.0.o_proj",
                    "layers.0.attention_residual", "layers.0.gate_proj",
                    "layers.0.swiglu", "layers.0.down_proj",
                    "layers.0.mlp_residual", "lm_head", "argmax"),
    [](const testing::TestParamInfo<const char *> &info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '.', '_');
      return name;
    });

/// Of two numbers that bound each other, each may go as far as the other.
TEST(DeviceKeys, StayWithinWhatAFileMaySay) {
  auto entry = prepared(1);
  auto plan = planned(*entry, h200());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  mlir::Operation *down = plan->entry.ops[opNamed(*plan, "layers.0.down_proj")];
  for (const DeviceKey &key : deviceKeys(h200(), down)) {
    for (uint64_t value : {key.least, key.most}) {
      DeviceSpec changed = h200();
      key.set(changed, value);
      auto device = parseDeviceSpec(writeDeviceSpec(changed), "changed.json");
      EXPECT_TRUE(device.ok()) << device.error().message();
    }
    if (key.key == "costs/l2_read_rate") {
      EXPECT_EQ(key.least, 4640u); // of dram_slope_plain
    } else if (key.key == "library/ps and best_ps of m = 1, n = 1024, k = "
                          "3072") {
      EXPECT_EQ(key.get(h200()), 6701700u);
    }
  }
}

//===----------------------------------------------------------------------===//
// Why
//===----------------------------------------------------------------------===//

TEST(Why, OneOpOfEachKind) {
  for (const char *op :
       {"embed", "layers.0.input_norm", "layers.0.q_proj", "layers.0.k_proj",
        "layers.0.q_rope", "layers.0.k_append", "layers.0.attention",
        "layers.0.swiglu", "layers.0.mlp_residual", "argmax"}) {
    Result<Table> table =
        whyTable(config(1), Workload{}, h200(), DecisionSet::Exact, {}, op);
    ASSERT_TRUE(table.ok()) << table.error().message();
    EXPECT_EQ(textAt(*table, 0, 6), "chosen") << op;
    EXPECT_GT(timeAt(*table, 0, 4), 0u) << op;
    // Every answer comes with its reason.
    for (const std::vector<Cell> &row : table->rows) {
      if (std::get<std::string>(row[0]).rfind("forced", 0) != 0) {
        EXPECT_FALSE(std::get<std::string>(row[7]).empty()) << op;
      }
    }
    const std::string notes = notesOf(*table);
    EXPECT_NE(notes.find("; limited by "), std::string::npos) << notes;
    EXPECT_NE(notes.find("The price rests on "), std::string::npos) << notes;
    EXPECT_NE(notes.find(op == std::string("embed")
                             ? "Nothing else runs it, whatever the device"
                             : "It would run "),
              std::string::npos)
        << notes;
    EXPECT_NE(notes.find("Terms: edge: "), std::string::npos) << notes;
  }
}

/// Ops that are joined and ops that are not both appear, as neighbours.
TEST(Why, NeighboursAreAnswered) {
  Result<Table> table = whyTable(config(), Workload{}, h200(),
                                 DecisionSet::Exact, {}, "layers.1.down_proj");
  ASSERT_TRUE(table.ok()) << table.error().message();
  std::string fused, apart, why;
  for (const std::vector<Cell> &row : table->rows) {
    const std::string &answer = std::get<std::string>(row[6]);
    if (answer == "fused") {
      fused = std::get<std::string>(row[1]);
    } else if (answer == "not fused") {
      apart = std::get<std::string>(row[1]);
      why = std::get<std::string>(row[7]);
    }
  }
  EXPECT_EQ(fused, "layers.1.mlp_residual");
  EXPECT_EQ(apart.substr(0, 15), "layers.1.swiglu");
  EXPECT_NE(why.find("decoder.linear reads whole rows, which "),
            std::string::npos)
      << why;
}

/// Every edge of the graph has its answer and reason; those within a phase are
/// fused, and no other.
TEST(Neighbours, EveryPairIsAnswered) {
  auto entry = prepared();
  auto plan = planned(*entry, h200());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  Table table = neighboursTable(*plan, h200());
  uint64_t pairs = 0;
  uint64_t fused = 0;
  for (const std::vector<Cell> &row : table.rows) {
    const uint64_t count = std::get<uint64_t>(row[0]);
    pairs += count;
    fused += std::get<std::string>(row[3]) == "fused" ? count : 0;
    EXPECT_FALSE(std::get<std::string>(row[4]).empty());
  }
  const std::vector<uint32_t> phaseOf = plan->phaseOfOps();
  uint64_t edges = 0;
  uint64_t inside = 0;
  for (uint32_t op = 0; op < plan->entry.graph.size(); ++op) {
    for (uint32_t to : plan->entry.graph.consumers(op)) {
      ++edges;
      inside += phaseOf[op] == phaseOf[to];
    }
  }
  EXPECT_EQ(pairs, edges);
  EXPECT_EQ(fused, inside);
  EXPECT_GT(fused, 0u);
  EXPECT_LT(fused, pairs);
}

/// What cannot run is refused with its reason, not priced.
TEST(Why, TheLibraryWhereNoKernelIs) {
  Workload workload;
  workload.batch = 64;
  Result<Table> table = whyTable(config(), workload, h200(), DecisionSet::Exact,
                                 {}, "layers.1.down_proj");
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(textAt(*table, 0, 2), "cublaslt.matmul");
  EXPECT_EQ(textAt(*table, 1, 0), "single");
  EXPECT_EQ(textAt(*table, 1, 4), ""); // no price
  EXPECT_NE(textAt(*table, 1, 7).find("64 rows, wanted 1"), std::string::npos)
      << textAt(*table, 1, 7);
}

// The families of one op stand beside each other with their prices.
TEST(Why, AttentionOfAChunkByBothFamilies) {
  Workload workload;
  workload.phase = plan::Phase::Prefill;
  workload.tokens = 512;
  Result<Table> table = whyTable(config(), workload, h200(), DecisionSet::Exact,
                                 {}, "layers.1.attention");
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(textAt(*table, 0, 2).substr(0, 18), "attention_prefill ");
  EXPECT_NE(notesOf(*table).find("mma_rate"), std::string::npos)
      << notesOf(*table);
  EXPECT_EQ(textAt(*table, 1, 0), "other family");
  EXPECT_EQ(textAt(*table, 1, 2).substr(0, 17), "attention_decode ");
  EXPECT_GT(timeAt(*table, 1, 4), 5 * timeAt(*table, 0, 4));
  EXPECT_EQ(timeAt(*table, 1, 5), timeAt(*table, 0, 4));
}

TEST(Why, UnknownOpListsThoseOfALayer) {
  Result<Table> table = whyTable(config(), Workload{}, h200(),
                                 DecisionSet::Exact, {}, "layers.99.q_proj");
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, ErrorCode::OpUnknown);
  EXPECT_NE(table.error().wanted.find("layers.0.k_proj"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// What if
//===----------------------------------------------------------------------===//

TEST(WhatIf, SplitsAFusion) {
  Result<Table> table =
      whatIfTable(config(), Workload{}, h200(), DecisionSet::Exact, {},
                  {"single(layers.*.mlp_residual)"});
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(textAt(*table, 0, 0), "launches_per_step");
  EXPECT_EQ(numberAt(*table, 0, 2), numberAt(*table, 0, 1) + 3);
  EXPECT_EQ(textAt(*table, 0, 3), "+3");
  EXPECT_EQ(numberAt(*table, 1, 2), numberAt(*table, 1, 1) + 1);
  // No plan beats the exact one.
  EXPECT_GT(timeAt(*table, 5, 2), timeAt(*table, 5, 1));
  EXPECT_NE(notesOf(*table).find("3 x layers.*.mlp_residual (single)"),
            std::string::npos)
      << notesOf(*table);
}

TEST(WhatIf, AFusionThatIsThereChangesNothing) {
  Result<Table> table =
      whatIfTable(config(), Workload{}, h200(), DecisionSet::Exact, {},
                  {"fuse(layers.*.mlp_residual)"});
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(timeAt(*table, 5, 2), timeAt(*table, 5, 1));
  EXPECT_NE(notesOf(*table).find("The plan stays as it is."),
            std::string::npos);
}

TEST(WhatIf, RefusesWhatItDoesNotUnderstand) {
  auto codeOf = [](const char *question) {
    Result<Table> table = whatIfTable(config(1), Workload{}, h200(),
                                      DecisionSet::Exact, {}, {question});
    EXPECT_FALSE(table.ok()) << question;
    return table ? ErrorCode::Internal : table.error().code;
  };
  for (const char *question :
       {"", "fuse", "fuse()", "fuse(a", "split(embed)", "fuse embed"}) {
    EXPECT_EQ(codeOf(question), ErrorCode::BadArgument) << question;
  }
  EXPECT_EQ(codeOf("single(no_such_op)"), ErrorCode::PatternUnmatched);
  EXPECT_EQ(codeOf("library(embed)"), ErrorCode::ForceRefused);
}

//===----------------------------------------------------------------------===//
// Comparison and graphs
//===----------------------------------------------------------------------===//

TEST(Compare, WorseIsMoreLaunchesOrMoreBytes) {
  const StepTotals a{"a", 10, 1000, 100, 500};
  EXPECT_TRUE(checkNotWorse(a, {"b", 10, 900, 200, 900}).ok());
  Status launches = checkNotWorse(a, {"b", 11, 10, 10, 1});
  ASSERT_FALSE(launches.ok());
  EXPECT_EQ(launches.error().code, ErrorCode::ComparisonWorse);
  EXPECT_EQ(launches.error().exitCode(), 1);
  EXPECT_EQ(launches.error().found, "11");
  Status bytes = checkNotWorse(a, {"b", 9, 1001, 100, 1});
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().found, "1,101");
}

/// Two launches of one kernel and a library call.
format::Plan smallPlan() {
  format::Plan plan;
  format::Entry entry;
  entry.name = "decode";
  entry.works.push_back({"k", {2, 7, {{100, 0}, {0, 30}}}});
  format::Step launch;
  launch.kernel = "k";
  launch.ops = {"layers.0.q_norm", "layers.0.q_rope"};
  format::Step library;
  library.kind = format::StepKind::Library;
  library.gemm.emplace();
  library.gemm->m = 1;
  library.gemm->n = 8;
  library.gemm->k = 4;
  library.ops = {"layers.0.o_proj"};
  entry.steps = {launch, library, launch};
  plan.entries.push_back(entry);
  return plan;
}

TEST(Compare, TotalsOfAPlan) {
  StepTotals totals = totalsOf(smallPlan(), smallPlan().entries[0], "p");
  EXPECT_EQ(totals.launches, 2u + 1 + 2);
  EXPECT_EQ(totals.read, 100u + 2 * (4 + 32) + 100);
  EXPECT_EQ(totals.written, 30u + 2 * 8 + 30);
  EXPECT_FALSE(totals.picoseconds.has_value());
}

void decide(format::Plan &plan, const char *op, uint64_t picoseconds) {
  format::Decision decision;
  decision.entry = plan.entries.back().name;
  decision.op = op;
  decision.choice = "single";
  decision.after.picoseconds = picoseconds;
  plan.decisions.push_back(decision);
}

/// The decisions of a step's ops say the same: it counts once.
TEST(Compare, PredictionIsPerStep) {
  format::Plan plan = smallPlan();
  for (const char *op :
       {"layers.0.q_norm", "layers.0.q_rope", "layers.0.o_proj"}) {
    decide(plan, op, 100);
  }
  EXPECT_EQ(totalsOf(plan, plan.entries[0], "p").picoseconds, 300u);
  Table table = decisionsTable(plan);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(numberAt(table, 0, 0), 2u);
  EXPECT_EQ(textAt(table, 0, 1), "layers.*.q_norm + layers.*.q_rope");
  EXPECT_EQ(textAt(table, 1, 1), "layers.*.o_proj");
}

/// The same ops, decided anew for another context.
format::Plan planOfTwoContexts() {
  format::Plan plan = smallPlan();
  plan.entries[0].workload.context = 64;
  decide(plan, "layers.0.q_norm", 100);
  decide(plan, "layers.0.o_proj", 10);
  format::Entry longer = plan.entries[0];
  longer.name = "decode_512";
  longer.workload.context = 512;
  longer.steps.pop_back();
  plan.entries.push_back(longer);
  decide(plan, "layers.0.q_norm", 7000);
  decide(plan, "layers.0.o_proj", 800);
  return plan;
}

TEST(Compare, EntriesOfEqualContext) {
  const format::Plan plan = planOfTwoContexts();
  const StepTotals at64 = totalsOf(plan, plan.entries[0], "p");
  const StepTotals at512 = totalsOf(plan, plan.entries[1], "p");
  EXPECT_EQ(at64.picoseconds, 210u);
  EXPECT_EQ(at512.picoseconds, 7800u);
  StepTotals set{"exact", 3, 100, 10, 5000, 512};
  auto pairs = pairByContext({at64, at512}, {set});
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 1u);
  Table table = compareTable(*pairs);
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[3],
            (std::vector<Cell>{uint64_t{512}, "predicted_step_ps", Micros{7800},
                               Micros{5000}, "-0.00 us"}));
  set.context = 1024;
  auto none = pairByContext({at64, at512}, {set});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::ConflictingArguments);
  EXPECT_EQ(none.error().found, "64, 512 of p, 1024 of exact");
}

/// A chunk of a prompt is no decode step, whatever its context.
TEST(Compare, EntriesOfEqualTokens) {
  format::Plan plan = planOfTwoContexts();
  plan.entries[1].workload = {"prefill", 1, 16, 64, 2048};
  const StepTotals decode = totalsOf(plan, plan.entries[0], "p");
  const StepTotals prefill = totalsOf(plan, plan.entries[1], "p");
  const StepTotals set{"exact", 3, 100, 10, 5000, 64, 16};
  auto pairs = pairByContext({decode, prefill}, {set});
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 1u);
  EXPECT_EQ((*pairs)[0].first.picoseconds, 7800u);
  Table table = compareTable({{decode, decode}, (*pairs)[0]});
  EXPECT_EQ(table.columns[0].key, "tokens");
  ASSERT_EQ(table.rows.size(), 8u);
  EXPECT_EQ(numberAt(table, 3, 0), 1u);
  EXPECT_EQ(numberAt(table, 4, 0), 16u);
  EXPECT_EQ(numberAt(table, 4, 1), 64u);
}

TEST(PlanViews, SayWhichEntryARowIsOf) {
  const format::Plan plan = planOfTwoContexts();
  Table decisions = decisionsTable(plan);
  EXPECT_EQ(decisions.columns[0].key, "entry");
  ASSERT_EQ(decisions.rows.size(), 4u);
  EXPECT_EQ(textAt(decisions, 1, 0), "decode");
  EXPECT_EQ(timeAt(decisions, 1, 11), 10u);
  EXPECT_EQ(textAt(decisions, 2, 0), "decode_512");
  EXPECT_EQ(numberAt(decisions, 2, 1), 1u);
  EXPECT_EQ(timeAt(decisions, 2, 11), 7000u);

  Table layers = planTable(plan, "layers");
  ASSERT_EQ(layers.rows.size(), 6u);
  EXPECT_EQ(textAt(layers, 2, 1), "step");
  EXPECT_EQ(numberAt(layers, 2, 3), 4u); // launches, the library's not
  EXPECT_EQ(textAt(layers, 5, 0), "decode_512");
  EXPECT_EQ(numberAt(layers, 5, 3), 2u);

  // What entries share is said once, by no entry.
  Table summary = planTable(plan, "summary");
  size_t targets = 0;
  std::vector<uint64_t> contexts;
  for (size_t row = 0; row < summary.rows.size(); ++row) {
    ASSERT_EQ(summary.rows[row].size(), summary.columns.size());
    if (textAt(summary, row, 1) == "target") {
      ++targets;
      EXPECT_EQ(textAt(summary, row, 0), "");
    }
    if (textAt(summary, row, 1) == "context") {
      contexts.push_back(numberAt(summary, row, 2));
    }
  }
  EXPECT_EQ(targets, 1u);
  EXPECT_EQ(contexts, (std::vector<uint64_t>{64, 512}));
  // One entry needs no column.
  EXPECT_EQ(decisionsTable(smallPlan()).columns[0].key, "count");
}

TEST(Captures, TheFirstLaunchOutsideIsNamed) {
  format::Entry entry = smallPlan().entries.front();
  entry.captures = {{0, 2, "decode"}};
  EXPECT_TRUE(checkCaptured(entry).ok());
  EXPECT_EQ(capturedText(entry), "captured 3 of 3 launches");
  entry.captures = {{0, 0, "first"}, {2, 2, "last"}};
  EXPECT_EQ(capturedText(entry), "captured 2 of 3 launches");
  Status status = checkCaptured(entry);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::NotCaptured);
  EXPECT_EQ(status.error().exitCode(), 1);
  EXPECT_EQ(status.error().found, "captured 2 of 3 launches; the first outside "
                                  "is step 1: layers.0.o_proj");
}

} // namespace
