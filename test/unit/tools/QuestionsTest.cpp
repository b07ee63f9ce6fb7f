//===- QuestionsTest.cpp - What the planner answers -----------------------===//

#include "codegen/devices/Devices.h"
#include "models/config/ModelSource.h"
#include "tools/inspect/Decisions.h"
#include "tools/inspect/EagerStep.h"
#include "tools/inspect/Flips.h"
#include "tools/inspect/Totals.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace sinter;

namespace {

/// Qwen3-0.6B with `layers` layers.
ModelConfig config(int64_t layers = 3) {
  ModelConfig model = resolveModel("qwen3-0.6b")->config;
  model.layers = layers;
  return model;
}

DeviceSpec h200() { return *resolveDevice("h200"); }

std::string notesOf(const Table &table) {
  std::string text;
  for (const std::string &note : table.notes) {
    text += note + "\n";
  }
  return text;
}

const std::string &textAt(const Table &table, size_t row, size_t column) {
  return std::get<std::string>(table.rows.at(row).at(column));
}

uint64_t numberAt(const Table &table, size_t row, size_t column) {
  return std::get<uint64_t>(table.rows.at(row).at(column));
}

uint64_t timeAt(const Table &table, size_t row, size_t column) {
  return std::get<Micros>(table.rows.at(row).at(column)).picoseconds;
}

Result<planning::EntryPlan> planned(const PreparedEntry &entry,
                                    const DeviceSpec &device) {
  return planning::planEntry(entry.function(), device, {});
}

std::unique_ptr<PreparedEntry> prepared(int64_t layers = 3) {
  auto entry =
      PreparedEntry::create(config(layers), Workload{}, DecisionSet::Exact);
  EXPECT_TRUE(entry.ok()) << entry.error().message();
  return std::move(*entry);
}

uint32_t opNamed(const planning::EntryPlan &plan, const std::string &name) {
  for (uint32_t op = 0; op < plan.entry.graph.size(); ++op) {
    if (plan.entry.graph.name(op) == name) {
      return op;
    }
  }
  ADD_FAILURE() << name;
  return 0;
}

//===----------------------------------------------------------------------===//
// Flips
//===----------------------------------------------------------------------===//

/// Each named change, applied to the device, changes how the op runs; one less
/// does not.
TEST(Flips, AppliedTheyFlip) {
  auto entry = prepared();
  auto plan = planned(*entry, h200());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  size_t found = 0;
  for (const char *name :
       {"layers.1.q_proj", "layers.1.attention", "layers.1.down_proj"}) {
    const uint32_t op = opNamed(*plan, name);
    const std::string chosen = choiceOf(*plan, op);
    std::vector<Flip> flips =
        findFlips(*entry, op, *entry, op, h200(), planning::PlanningOptions());
    found += flips.size();
    for (const Flip &flip : flips) {
      DeviceSpec device = h200();
      ASSERT_EQ(flip.key->find(device)->value, flip.now);
      flip.key->find(device)->value = flip.then;
      auto after = planned(*entry, device);
      ASSERT_TRUE(after.ok()) << flip.key->key;
      EXPECT_NE(choiceOf(*after, op), chosen) << name << " " << flip.key->key;
      flip.key->find(device)->value +=
          flip.then > flip.now ? uint64_t(-1) : uint64_t(1);
      auto before = planned(*entry, device);
      ASSERT_TRUE(before.ok()) << flip.key->key;
      EXPECT_EQ(choiceOf(*before, op), chosen) << name << " " << flip.key->key;
    }
  }
  EXPECT_GE(found, 3u);
}

//===----------------------------------------------------------------------===//
// Why
//===----------------------------------------------------------------------===//

TEST(Why, OneOpOfEachKind) {
  for (const char *op :
       {"embed", "layers.1.input_norm", "layers.1.q_proj", "layers.1.k_proj",
        "layers.1.q_rope", "layers.1.k_append", "layers.1.attention",
        "layers.1.swiglu", "layers.1.mlp_residual", "argmax"}) {
    Result<Table> table =
        whyTable(config(), Workload{}, h200(), DecisionSet::Exact, {}, op);
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
    EXPECT_TRUE(notes.find("It would run ") != std::string::npos ||
                notes.find("No number of the device file") != std::string::npos)
        << notes;
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
// Decision sets and targets
//===----------------------------------------------------------------------===//

TEST(DecisionSets, FewerLaunchesAndLessTimeInOrder) {
  Result<Table> table = decisionSetsTable(
      config(28), Workload{}, h200(),
      {DecisionSet::Eager, DecisionSet::Single, DecisionSet::Library,
       DecisionSet::Greedy, DecisionSet::Exact},
      {});
  ASSERT_TRUE(table.ok()) << table.error().message();
  ASSERT_EQ(table->rows.size(), 6u);
  EXPECT_EQ(textAt(*table, 5, 0), "floor");
  EXPECT_EQ(numberAt(*table, 1, 2), 536u);
  EXPECT_LE(numberAt(*table, 4, 1), 5u);
  EXPECT_LE(numberAt(*table, 4, 2), 142u);
  // Each linear's matrix once: no more weight bytes than the model has, with
  // norm gains and the embedding's row.
  EXPECT_LE(numberAt(*table, 4, 3), 1192099840u + 2048);
  for (size_t row = 0; row < 5; ++row) {
    EXPECT_GE(timeAt(*table, row, 10), timeAt(*table, 5, 10)) << row;
    EXPECT_GE(timeAt(*table, row, 10), timeAt(*table, 4, 10)) << row;
  }
  // Hugging Face on an H200: 25,976 us, of which kernels run for 3,545.
  EXPECT_NEAR(static_cast<double>(timeAt(*table, 0, 10)), 25.976e9, 1e9);
  EXPECT_NE(notesOf(*table).find("bound by launches"), std::string::npos);
  // 1,250,822,144 bytes at 4,650 GB/s.
  EXPECT_NEAR(static_cast<double>(timeAt(*table, 5, 10)), 269.0e6, 0.1e6);
}

/// No generated kernel multiplies matrices by 64 rows; the library does.
TEST(DecisionSets, ASetWithoutAPlanSaysWhy) {
  Workload workload;
  workload.batch = 64;
  Result<Table> table =
      decisionSetsTable(config(1), workload, h200(),
                        {DecisionSet::Single, DecisionSet::Library}, {});
  ASSERT_TRUE(table.ok()) << table.error().message();
  ASSERT_EQ(table->rows.size(), 3u);
  EXPECT_EQ(textAt(*table, 0, 0), "single");
  EXPECT_EQ(textAt(*table, 0, 2), "");
  EXPECT_GT(timeAt(*table, 1, 10), 0u);
  EXPECT_NE(notesOf(*table).find("single has no plan: SIN2661"),
            std::string::npos);
  EXPECT_NE(notesOf(*table).find("64 rows"), std::string::npos);
}

TEST(DecisionSets, EagerMatricesAreTheModelsOwn) {
  Result<EagerStep> eager = priceEager(config(28), Workload{}, h200());
  ASSERT_TRUE(eager.ok()) << eager.error().message();
  // Per layer q, k, v, o, gate, up, down; the head.
  EXPECT_EQ(eager->weights,
            2u * (28 * (4096 * 1024 + 1024 * 2048 + 3 * 3072 * 1024) +
                  uint64_t{151936} * 1024));
  EXPECT_GT(eager->price.terms.host, 5 * eager->price.busy);
}

TEST(Targets, SayWhatDiffers) {
  Result<Table> table =
      targetsTable(config(), Workload{}, {h200(), *resolveDevice("rtx-4090")},
                   DecisionSet::Exact, {});
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(textAt(*table, 0, 1), "pdl");
  EXPECT_EQ(textAt(*table, 0, 14), "");
  EXPECT_EQ(textAt(*table, 1, 1), "graph");
  EXPECT_NE(textAt(*table, 1, 14).find("found compute capability 8.9"),
            std::string::npos);
  EXPECT_GT(numberAt(*table, 1, 13), 0u);
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
  StepTotals totals = totalsOf(smallPlan(), "p");
  EXPECT_EQ(totals.launches, 2u + 1 + 2);
  EXPECT_EQ(totals.read, 100u + 2 * (4 + 32) + 100);
  EXPECT_EQ(totals.written, 30u + 2 * 8 + 30);
  EXPECT_FALSE(totals.picoseconds.has_value());
}

/// The decisions of a step's ops say the same: it counts once.
TEST(Compare, PredictionIsPerStep) {
  format::Plan plan = smallPlan();
  for (const char *op :
       {"layers.0.q_norm", "layers.0.q_rope", "layers.0.o_proj"}) {
    format::Decision decision;
    decision.op = op;
    decision.after.picoseconds = 100;
    plan.decisions.push_back(decision);
  }
  EXPECT_EQ(totalsOf(plan, "p").picoseconds, 300u);
  Table table = decisionsTable(plan);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(numberAt(table, 0, 0), 2u);
  EXPECT_EQ(textAt(table, 0, 1), "layers.*.q_norm + layers.*.q_rope");
  EXPECT_EQ(textAt(table, 1, 1), "layers.*.o_proj");
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
