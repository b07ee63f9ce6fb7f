//===- ViewsTest.cpp - Memory, roofline, coverage -------------------------===//

#include "tools/inspect/Views.h"
#include "codegen/devices/Devices.h"
#include "tools/InspectTables.h"
#include "tools/inspect/EqualLayers.h"

#include <gtest/gtest.h>

#include <map>

using namespace sinter;

namespace {

/// Two linear ops and an add, with numbers that are easy to divide.
EntryAnalysis smallEntry() {
  EntryAnalysis entry;
  entry.workload.batch = 2;
  entry.workload.maxContext = 100;
  entry.cacheBytesPerPosition = 64;
  entry.cacheBytes = 12800;
  auto op = [&](const char *kind, uint64_t weights, uint64_t moved,
                uint64_t flops) {
    OpAnalysis analysis;
    analysis.kind = kind;
    analysis.work.uniqueWeights = weights;
    analysis.work.uniqueRead = weights + moved;
    analysis.work.uniqueWritten = moved;
    analysis.work.flops = flops;
    entry.ops.push_back(analysis);
    entry.step += analysis.work;
  };
  op("linear", 4650000, 500, 9894);
  op("add", 0, 8800000, 100);
  op("linear", 4650000, 500, 9894);
  return entry;
}

/// 4,650 GB/s and 8,800 GB/s on an H200.
TEST(Views, RooflineTakesTheLargestFloor) {
  Result<Table> table = rooflineTable(smallEntry(), *resolveDevice("h200"));
  ASSERT_TRUE(table.ok()) << table.error().message();
  ASSERT_EQ(table->rows.size(), 3u);
  EXPECT_EQ(table->rows[0],
            (std::vector<Cell>{"linear", uint64_t{2}, uint64_t{9300000},
                               uint64_t{9302000}, uint64_t{19788}, Ratio{2},
                               Micros{2000000}, Micros{1057046}, Micros{20},
                               Micros{2000000}, "memory"}));
  EXPECT_EQ(table->rows[1][9], Cell(Micros{2000000}));
  EXPECT_EQ(table->rows[1][10], Cell("l2"));
  // 128 lanes x 132 SMs x 2 x 1.965 GHz for 100 flops.
  EXPECT_EQ(table->rows[1][8], Cell(Micros{2}));
}

TEST(Views, RooflineNamesTheMissingRate) {
  DeviceSpec device = *resolveDevice("h200");
  device.costs.l2ReadRate.reset();
  Result<Table> table = rooflineTable(smallEntry(), device);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, ErrorCode::DeviceConstantMissing);
  EXPECT_EQ(table.error().wanted, "costs/l2_read_rate in GB/s");
}

TEST(Views, MemoryOfAModelAgainstTheDevice) {
  ModelConfig config;
  config.hiddenSize = 8;
  config.intermediateSize = 16;
  config.layers = 1;
  config.heads = 2;
  config.kvHeads = 1;
  config.headDim = 4;
  config.vocabSize = 32;
  LiveRangeAnalysis ranges;
  ranges.peakBytes = 1000;
  ranges.peakOp = "lm_head";
  ranges.totalBytes = 5000;
  ranges.ranges.resize(7);
  DeviceSpec device = *resolveDevice("h200");
  const auto weights = static_cast<uint64_t>(config.parameterCount()) * 2;
  device.limits.memoryBytes.value = weights + 1000 + 12800;
  Table table = memoryTable(config, smallEntry(), ranges, device);
  EXPECT_EQ(table.rows[0][1], Cell(weights));
  // 100 positions of 64 bytes for each of two sequences.
  EXPECT_EQ(table.rows[1][1], Cell(uint64_t{12800}));
  EXPECT_EQ(table.rows[2],
            (std::vector<Cell>{"kv_cache_per_sequence", uint64_t{6400},
                               "each of 2 sequences (--batch)"}));
  EXPECT_EQ(table.rows[5][1], Cell(weights + 12800 + 1000));
  EXPECT_EQ(table.rows[5][2], Cell("100.0 % of the device's memory"));
  EXPECT_EQ(table.notes[0].substr(0, 47),
            "Room for 100 positions of cache, or 2 sequences");

  device.limits.memoryBytes.value -= 1;
  EXPECT_EQ(memoryTable(config, smallEntry(), ranges, device).notes[0],
            "Does not fit: 1 bytes too many.");
}

TEST(Views, MemoryOfAPlanByArenaAndClass) {
  format::Plan plan;
  plan.weights.push_back({"w", DType::BF16, {4, 4}, {}});
  plan.arenas.push_back({"activations", 64, 256});
  auto value = [&](const char *name, uint64_t count,
                   format::OperandClass kind) {
    format::Value one;
    one.name = name;
    one.arena = "activations";
    one.dtype = DType::F32;
    one.shape = {count};
    one.operandClass = kind;
    plan.values.push_back(one);
  };
  value("a", 16, format::OperandClass::Activation);
  value("b", 8, format::OperandClass::Activation);
  value("t", 1, format::OperandClass::Io);
  plan.requirements.deviceBytes = 96;
  Table table = memoryTable(plan);
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0][1], Cell(uint64_t{32}));
  EXPECT_EQ(table.rows[1],
            (std::vector<Cell>{"arena_activations", uint64_t{64},
                               "2 activation of 96, 1 io of 4; values that do "
                               "not live at once share bytes"}));
  EXPECT_EQ(table.rows[2][1], Cell(uint64_t{96}));
}

TEST(Views, MemoryOfEachSequence) {
  format::Plan plan;
  plan.arenas.push_back({"cache", 4096, 256});
  for (const char *name : {"k", "v"}) {
    format::Value cache;
    cache.name = name;
    cache.arena = "cache";
    cache.shape = {4, 2, 8, 16};
    cache.operandClass = format::OperandClass::Cache;
    plan.values.push_back(cache);
  }
  Table table = memoryTable(plan);
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[2],
            (std::vector<Cell>{"kv_cache_per_sequence", uint64_t{2 * 2 * 256},
                               "each of 4 sequences that may be open at "
                               "once"}));
}

TEST(Views, PackedWeightsWithTheirRecipes) {
  format::Plan plan;
  auto pack = [&](int layer, format::PackLayout layout) {
    const std::string at = "model.layers." + std::to_string(layer) + ".";
    plan.weights.push_back(
        {at + "qv",
         DType::BF16,
         {10, 4},
         format::Pack{
             layout, {{at + "q.weight", {8, 4}}, {at + "v2.weight", {2, 4}}}}});
  };
  pack(0, format::PackLayout::Concat);
  pack(11, format::PackLayout::Concat);
  pack(2, format::PackLayout::Interleave);
  plan.weights.push_back({"norm", DType::BF16, {4}, {}});
  Table table = memoryTable(plan);
  using Row = std::vector<Cell>;
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[0], (Row{"weights", uint64_t{248}, "4 tensors"}));
  EXPECT_EQ(table.rows[1],
            (Row{"packed_weights", uint64_t{160},
                 "of them 2 x concat: rows of model.layers.*.q.weight [8 x 4], "
                 "then of model.layers.*.v2.weight [2 x 4]"}));
  EXPECT_EQ(table.rows[2],
            (Row{"packed_weights", uint64_t{80},
                 "of them 1 x interleave: a row each in turn of "
                 "model.layers.*.q.weight [8 x 4], model.layers.*.v2.weight "
                 "[2 x 4]"}));
}

OpCoverage answered(const char *op, FamilyAnswer answer) {
  return {op, "linear", 28, {std::move(answer)}, {}};
}

TEST(Views, SummarySaysHowManyStepsALaunchMakes) {
  format::Plan plan;
  plan.entries.emplace_back().name = "decode";
  const auto rows = [&] {
    std::map<std::string, Cell> found;
    for (const std::vector<Cell> &row : planTable(plan, "summary").rows) {
      found.emplace(std::get<std::string>(row[0]), row[1]);
    }
    return found;
  };
  EXPECT_FALSE(rows().contains("steps_per_launch"));
  plan.entries[0].stepsPerLaunch = 8;
  EXPECT_EQ(rows().at("steps_per_launch"), Cell(uint64_t{8}));
}

TEST(Views, CoverageJoinsBatchesThatSayTheSame) {
  auto refused = [](const char *note) {
    return FamilyAnswer{
        "gemv", Verdict::refused(plan::Reason::RefusedRows, note), 0, ""};
  };
  FamilyAnswer covered{"gemv", Verdict::ok(), 33, "rows = 4"};
  Table table = coverageTable(
      {{1, {answered("q", covered), answered("o", covered)}},
       {2,
        {answered("q", refused("2 rows, wanted 1")), answered("o", covered)}},
       {4,
        {answered("q", refused("4 rows, wanted 1")),
         OpCoverage{"o", "linear", 28, {}, {"gemv", "row_chain"}}}}});
  using Row = std::vector<Cell>;
  EXPECT_EQ(
      table.rows,
      (std::vector<Row>{{"q", "linear", uint64_t{28}, "1", "gemv", "covered",
                         uint64_t{33}, "", "first: rows = 4"},
                        {"q", "linear", uint64_t{28}, "2 4", "gemv",
                         "refused_rows", uint64_t{0}, "", "2 rows, wanted 1"},
                        {"o", "linear", uint64_t{28}, "1 2", "gemv", "covered",
                         uint64_t{33}, "", "first: rows = 4"},
                        {"o", "linear", uint64_t{28}, "4", "", "no family",
                         uint64_t{0}, "gemv row_chain", ""}}));
}

/// One row per kind of layer, with its count; what differs stays apart.
TEST(EqualLayers, AreShownOnce) {
  Table layers;
  layers.columns = {{"layer", "layer"}, {"ops", "ops"}};
  for (auto [layer, ops] : {std::pair("0", 19),
                            {"1", 19},
                            {"2", 17},
                            {"3", 19},
                            {"outside", 19},
                            {"step", 93}}) {
    layers.rows.push_back({std::string(layer), static_cast<uint64_t>(ops)});
  }
  using Row = std::vector<Cell>;
  EXPECT_EQ(equalLayersOnce(layers).rows,
            (std::vector<Row>{{uint64_t{3}, "0 to 3", uint64_t{19}},
                              {uint64_t{1}, "2", uint64_t{17}},
                              {uint64_t{1}, "outside", uint64_t{19}},
                              {uint64_t{1}, "step", uint64_t{93}}}));
  Table steps;
  steps.columns = {{"step", "step"}, {"ops", "ops"}, {"kernel", "kernel"}};
  for (auto [step, ops, kernel] : {std::tuple(0, "embed", "embed_0"),
                                   {1, "layers.0.a + layers.0.b", "row_0"},
                                   {2, "layers.10.a + layers.10.b", "row_0"},
                                   {3, "layers.11.a + layers.11.b", "row_1"}}) {
    steps.rows.push_back(
        {static_cast<uint64_t>(step), std::string(ops), std::string(kernel)});
  }
  EXPECT_EQ(
      equalLayersOnce(steps).rows,
      (std::vector<Row>{
          {uint64_t{1}, uint64_t{0}, "embed", "embed_0"},
          {uint64_t{2}, uint64_t{1}, "layers.*.a + layers.*.b", "row_0"},
          {uint64_t{1}, uint64_t{3}, "layers.*.a + layers.*.b", "row_1"}}));
}

} // namespace
