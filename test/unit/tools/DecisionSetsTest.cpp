//===- DecisionSetsTest.cpp - Decision sets and targets side by side ------===//

#include "test/unit/tools/Questions.h"
#include "tools/inspect/EagerStep.h"
#include "tools/inspect/Measured.h"

#include <fstream>

using namespace sinter;

namespace {

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

std::string measuredH200() {
  return std::string(SINTER_SOURCE_DIR) + "/test/data/measured/h200.json";
}

/// The very figures of the file, and only where the same thing was timed.
TEST(DecisionSets, MeasuredStepsStandBesidePredictions) {
  const std::vector<DecisionSet> sets = {
      DecisionSet::Eager, DecisionSet::Library, DecisionSet::Exact};
  auto table = decisionSetsTable(config(28), Workload{}, h200(), sets, {},
                                 measuredH200());
  ASSERT_TRUE(table.ok()) << table.error().message();
  ASSERT_EQ(table->columns.size(), 14u);
  EXPECT_EQ(timeAt(*table, 0, 12), 25976300000u);
  EXPECT_EQ(textAt(*table, 1, 12), ""); // not timed
  EXPECT_EQ(textAt(*table, 3, 12), ""); // the floor
  EXPECT_EQ(timeAt(*table, 2, 12), 457952000u);
  EXPECT_EQ(std::get<Ratio>(table->rows[2][13]).thousandths,
            (timeAt(*table, 2, 10) * 1000 + 228976000) / 457952000);
  EXPECT_NE(notesOf(*table).find("exact, graph: measured 687.51 us with 142 "
                                 "launches (sinter bench"),
            std::string::npos)
      << notesOf(*table);

  // Another context, model, batch or device is another thing.
  Workload workload;
  workload.context = 513;
  Workload batch;
  batch.batch = 2;
  for (const auto &steps :
       {readMeasured(measuredH200(), config(28), workload, h200()),
        readMeasured(measuredH200(), config(27), Workload{}, h200()),
        readMeasured(measuredH200(), config(28), batch, h200()),
        readMeasured(measuredH200(), config(28), Workload{},
                     *resolveDevice("h100-sxm"))}) {
    ASSERT_TRUE(steps.ok()) << steps.error().message();
    EXPECT_EQ(steps->size(), 0u);
  }
}

/// A plan that launches something else is not the one that was timed.
TEST(DecisionSets, AnotherPlanWasMeasured) {
  DecisionOptions asked;
  asked.forbidden = {"layers.*.swiglu"};
  auto table = decisionSetsTable(config(28), Workload{}, h200(),
                                 {DecisionSet::Exact, DecisionSet::Single},
                                 asked, measuredH200());
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(textAt(*table, 0, 12), "");
  EXPECT_NE(notesOf(*table).find("not of this plan, which has"),
            std::string::npos);
  EXPECT_EQ(timeAt(*table, 1, 12), 837723000u);
}

TEST(DecisionSets, MeasuredFilesThatAreNone) {
  const std::string path = testing::TempDir() + "measured.json";
  const auto codeOf = [&](const std::string &text) {
    std::ofstream(path) << text;
    auto steps = readMeasured(path, config(28), Workload{}, h200());
    EXPECT_FALSE(steps) << text;
    return steps ? ErrorCode::Internal : steps.error().code;
  };
  const std::string step =
      R"({"model": "qwen3-0.6b", "decisions": "exact", "mode": "MODE",
          "batch": 1, "context": 512, "launches": 1, "ps": PS, "source": ""})";
  const auto with = [&](const char *mode, const char *ps) {
    std::string text = R"({"device": "h200", "steps": [)" + step + "]}";
    text.replace(text.find("MODE"), 4, mode);
    return text.replace(text.find("PS"), 2, ps);
  };
  EXPECT_EQ(codeOf("{}"), ErrorCode::JsonMissingKey);
  EXPECT_EQ(codeOf(with("pdl", "0")), ErrorCode::JsonOutOfRange);
  EXPECT_EQ(codeOf(with("quick", "5")), ErrorCode::JsonOutOfRange);
  EXPECT_EQ(codeOf(with("pdl", "\"5\"")), ErrorCode::JsonWrongType);
}

TEST(DecisionSets, EagerMatricesAreTheModelsOwn) {
  Result<EagerStep> eager = priceEager(config(28), Workload{}, h200());
  ASSERT_TRUE(eager.ok()) << eager.error().message();
  // Per layer q, k, v, o, gate, up, down; the head.
  constexpr uint64_t hidden = 1024;
  EXPECT_EQ(eager->weights,
            2 * (28 * (4096 * hidden + hidden * 2048 + 9216 * hidden) +
                 151936 * hidden));
  EXPECT_GT(eager->price.terms.host, 5 * eager->price.busy);
}

} // namespace
