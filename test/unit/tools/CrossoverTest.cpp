//===- CrossoverTest.cpp - Which family is fastest, by rows ---------------===//

#include "tools/inspect/Crossover.h"
#include "test/unit/tools/Questions.h"
#include "tools/inspect/Measured.h"

#include <fstream>
#include <map>
#include <set>

using namespace sinter;

namespace {

enum Column { Op, Outputs, Width, Rows, Family, Config, Predicted, Basis };
enum MoreColumns { Cheapest = 8, Measured, Planned };

/// Families by layer and rows, and which of them is cheapest.
struct Seen {
  std::map<std::string, uint64_t> prices;
  std::string cheapest, planned;
};
std::map<std::pair<std::string, uint64_t>, Seen> seenIn(const Table &table) {
  std::map<std::pair<std::string, uint64_t>, Seen> seen;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    Seen &one = seen[{textAt(table, row, Op), numberAt(table, row, Rows)}];
    const std::string family = textAt(table, row, Family);
    EXPECT_TRUE(
        one.prices.emplace(family, timeAt(table, row, Predicted)).second)
        << family << " twice";
    if (textAt(table, row, Cheapest) == "yes") {
      EXPECT_EQ(one.cheapest, "");
      one.cheapest = family;
      one.planned = textAt(table, row, Planned);
    }
  }
  return seen;
}

/// On an H200 the library loses every matrix of Qwen3-0.6B at one row and wins
/// them from 64 rows on, and the planner does as the table says.
TEST(Crossover, TheLibraryLosesAtOneRowAndWinsAt64) {
  auto table = crossoverTable(config(28), Workload{}, h200(), {1, 64, 512}, {});
  ASSERT_TRUE(table.ok()) << table.error().message();
  size_t layers = 0;
  for (const auto &[place, seen] : seenIn(*table)) {
    const auto &[op, rows] = place;
    layers += rows == 1;
    for (const auto &[family, price] : seen.prices) {
      EXPECT_LE(seen.prices.at(seen.cheapest), price) << op << " " << family;
    }
    EXPECT_TRUE(seen.prices.contains("library")) << op;
    EXPECT_EQ(seen.cheapest == "library", rows != 1) << op << " " << rows;
    EXPECT_EQ(seen.planned == "by the library", rows != 1) << seen.planned;
  }
  EXPECT_EQ(layers, 5u);
  // The device file's own price of o_proj at one row.
  for (size_t row = 0; row < table->rows.size(); ++row) {
    if (textAt(*table, row, Op) == "layers.*.o_proj" &&
        numberAt(*table, row, Rows) == 1 &&
        textAt(*table, row, Family) == "library") {
      EXPECT_EQ(numberAt(*table, row, Outputs), 1024u);
      EXPECT_EQ(numberAt(*table, row, Width), 2048u);
      EXPECT_EQ(timeAt(*table, row, Predicted), 12397000u);
      EXPECT_EQ(textAt(*table, row, Basis), "listed");
    }
  }
}

/// The number of rows that is named is where the prices cross.
TEST(Crossover, TheFlipIsExact) {
  const DeviceSpec device = h200();
  const std::vector<uint32_t> rows = {1, 8, 64};
  for (const char *op :
       {"layers.9.o_proj", "layers.9.down_proj", "layers.9.gate_proj"}) {
    auto crossings = crossingsOf(config(), Workload{}, device, rows, op);
    ASSERT_TRUE(crossings.ok()) << crossings.error().message();
    ASSERT_GE(crossings->size(), 2u) << op;
    EXPECT_EQ(crossings->front().rows, 1u);
    EXPECT_EQ(crossings->back().family, "library") << op;
    auto cheapestAt = [&](uint32_t count) {
      auto all = Projections::create(config(), Workload{}, device, count);
      EXPECT_TRUE(all.ok()) << all.error().message();
      return all->find(op)->candidates.front().familyName();
    };
    for (size_t i = 1; i < crossings->size(); ++i) {
      const Crossing &one = (*crossings)[i];
      EXPECT_EQ(cheapestAt(one.rows), one.family) << op;
      EXPECT_EQ(cheapestAt(one.rows - 1), (*crossings)[i - 1].family) << op;
    }
  }
  auto none = Projections::create(config(), Workload{}, device, 2);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->find("layers.0.swiglu"), nullptr);
}

TEST(Crossover, TwentyNumbersOfRows) {
  const std::vector<uint32_t> &rows = projectionRows();
  EXPECT_EQ(rows.size(), 20u);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_EQ(std::set<uint32_t>(rows.begin(), rows.end()).size(), 20u);
  EXPECT_EQ(rows.front(), 1u);
  EXPECT_EQ(rows.back(), 512u);
}

/// --why says the same, at one row and at 64.
TEST(Crossover, WhySaysIt) {
  for (int64_t batch : {1, 64}) {
    Workload workload;
    workload.batch = batch;
    auto table = whyTable(config(3), workload, h200(), DecisionSet::Exact, {},
                          "layers.1.o_proj");
    ASSERT_TRUE(table.ok()) << table.error().message();
    const std::string notes = notesOf(*table);
    EXPECT_NE(notes.find(batch == 1 ? "Alone, at 1 row, "
                                    : "Alone, at 64 rows, library takes 5.62 "
                                      "us (listed). "),
              std::string::npos)
        << notes;
    EXPECT_NE(notes.find(" rows on library is cheapest."), std::string::npos);
  }
}

/// What sinter bench --regret wrote stands beside the price of the very
/// configuration, for the device that it names.
TEST(Crossover, MeasuredTimesStandBesidePrices) {
  auto all = Projections::create(config(), Workload{}, h200(), 1);
  ASSERT_TRUE(all.ok()) << all.error().message();
  const Projection *o = all->find("layers.0.o_proj");
  ASSERT_NE(o, nullptr);
  const ProjectionCandidate &best = o->candidates.front();
  const std::string path = testing::TempDir() + "regret.json";
  auto write =
      [&](const std::string &view, const std::string &target) {
        std::ofstream(path)
            << R"({"schema_version": 1, "view": ")" << view
            << R"(", "rows": [{"target": ")" << target
            << R"(", "outputs": 1024, "width": 2048, "rows": 1, "family": ")"
            << best.familyName() << R"(", "config": ")" << best.config.text()
            << R"(", "median_ns": 4321}], "notes": ["device: a GPU"]})";
      };
  auto measured = [&] {
    auto table = crossoverTable(config(), Workload{}, h200(), {1}, {}, path);
    EXPECT_TRUE(table.ok()) << table.error().message();
    std::vector<uint64_t> times;
    for (size_t row = 0; row < table->rows.size(); ++row) {
      if (const auto *time =
              std::get_if<Micros>(&table->rows[row].at(Measured))) {
        EXPECT_EQ(textAt(*table, row, Op), "layers.*.o_proj");
        EXPECT_EQ(textAt(*table, row, Config), best.config.text());
        times.push_back(time->picoseconds);
      }
    }
    EXPECT_NE(notesOf(*table).find("Measured: device: a GPU"),
              std::string::npos);
    return times;
  };
  write("bench-regret", "h200");
  EXPECT_EQ(measured(), std::vector<uint64_t>{4321000});
  write("bench-regret", "a100-80gb");
  EXPECT_EQ(measured(), std::vector<uint64_t>());
  write("bench", "h200");
  auto other = MeasuredProjections::read(path, h200());
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::JsonOutOfRange);
}

} // namespace
