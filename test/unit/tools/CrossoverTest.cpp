//===- CrossoverTest.cpp - Generated kernel or library, by rows -----------===//

#include "tools/inspect/Crossover.h"
#include "test/unit/tools/Questions.h"

using namespace sinter;

namespace {

/// On an H200 the library loses every matrix of Qwen3-0.6B at one row and wins
/// them from 64 rows on, and the planner does as the table says.
TEST(Crossover, TheLibraryLosesAtOneRowAndWinsAt64) {
  auto table = crossoverTable(config(28), Workload{}, h200(), {1, 64, 512}, {});
  ASSERT_TRUE(table.ok()) << table.error().message();
  ASSERT_EQ(table->rows.size(), 5u * 3);
  for (size_t row = 0; row < table->rows.size(); ++row) {
    const bool one = numberAt(*table, row, 3) == 1;
    EXPECT_EQ(textAt(*table, row, 7), one ? "generated" : "library") << row;
    EXPECT_EQ(textAt(*table, row, 8).find("gemv") != std::string::npos, one)
        << textAt(*table, row, 8);
    EXPECT_EQ(textAt(*table, row, 8) == "by the library", !one)
        << textAt(*table, row, 8);
  }
  // The device file's own prices: packed q, k, v at 64 rows, o_proj at one.
  EXPECT_EQ(textAt(*table, 0, 0), "layers.*.q_proj/k_proj/v_proj");
  EXPECT_EQ(numberAt(*table, 0, 1), 4096u);
  EXPECT_EQ(timeAt(*table, 1, 5), 5058300u);
  EXPECT_EQ(textAt(*table, 1, 6), "listed");
  EXPECT_EQ(textAt(*table, 3, 0), "layers.*.o_proj");
  EXPECT_EQ(timeAt(*table, 3, 5), 12397000u);
}

/// The number of rows that is named is where the prices cross.
TEST(Crossover, TheFlipIsExact) {
  const DeviceSpec device = h200();
  auto entry = prepared(1);
  const fusion::EntryGraph graph = fusion::graphOf(entry->function());
  size_t linears = 0;
  for (mlir::Operation *op : graph.ops) {
    auto linear = mlir::dyn_cast<decoder::LinearOp>(op);
    if (!linear) {
      continue;
    }
    ++linears;
    auto prices = LinearPrices::create(linear, device, Workload{});
    ASSERT_TRUE(prices.ok()) << prices.error().message();
    auto from = prices->libraryFrom(512);
    ASSERT_TRUE(from.ok() && *from) << from.error().message();
    EXPECT_GT(**from, 1u);
    EXPECT_LE(**from, 64u);
    EXPECT_LT(prices->library(**from)->picoseconds, *prices->perRow(**from));
    EXPECT_GE(prices->library(**from - 1)->picoseconds,
              *prices->perRow(**from - 1));
    EXPECT_EQ(*prices->libraryFrom(**from - 1), std::nullopt);
  }
  EXPECT_EQ(linears, 5u);
}

/// --why says the same, at one row and at 64.
TEST(Crossover, WhySaysIt) {
  for (int64_t batch : {1, 64}) {
    Workload workload;
    workload.batch = batch;
    auto table = whyTable(config(3), workload, h200(), DecisionSet::Exact, {},
                          "layers.1.q_proj");
    ASSERT_TRUE(table.ok()) << table.error().message();
    const std::string notes = notesOf(*table);
    EXPECT_NE(notes.find(batch == 1
                             ? "Alone, at 1 row, the library takes 4.89 us"
                             : "Alone, at 64 rows, the library takes 5.06 us"),
              std::string::npos)
        << notes;
    EXPECT_NE(notes.find(" rows on the library is cheaper."),
              std::string::npos);
  }
}

} // namespace
