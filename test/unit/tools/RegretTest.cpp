//===- RegretTest.cpp - What the model's choice costs, measured -----------===//

#include "tools/Regret.h"

#include "codegen/devices/Devices.h"
#include "models/config/ModelSource.h"
#include "test/unit/cuda/FakeDriver.h"

#include <gtest/gtest.h>

#include <map>

using namespace sinter;
using cuda::test::FakeDriver;

namespace {

std::vector<RegretCandidate> candidatesOf(const std::vector<uint32_t> &rows) {
  auto source = resolveModel(std::string(SINTER_SOURCE_DIR) +
                             "/test/data/checkpoints/llama-rand");
  EXPECT_TRUE(source.ok());
  Workload workload;
  workload.context = 5;
  workload.maxContext = 16;
  auto candidates =
      regretCandidates(source->config, workload, *resolveDevice("h200"), rows);
  EXPECT_TRUE(candidates.ok()) << candidates.error().message();
  return std::move(*candidates);
}

TEST(Regret, OneChoiceOfEachLayerAndRows) {
  struct Cell {
    size_t chosen = 0, library = 0, generated = 0;
    uint64_t least = UINT64_MAX, ofChosen = 0;
  };
  std::map<std::pair<std::string, uint64_t>, Cell> cells;
  for (const RegretCandidate &one : candidatesOf({1, 64})) {
    Cell &cell = cells[{one.pattern, one.rows}];
    cell.least = std::min(cell.least, *one.kernel.predicted);
    cell.chosen += one.chosen;
    if (one.chosen) {
      cell.ofChosen = *one.kernel.predicted;
    }
    (one.kernel.gemm ? cell.library : cell.generated) += 1;
    EXPECT_EQ(one.kernel.operands.size(), one.kernel.source.params.size());
    EXPECT_GE(one.kernel.coldBytes, 2 * one.outputs * one.width);
    EXPECT_EQ(one.kernel.gemm.has_value(), one.kernel.family == "library");
  }
  EXPECT_GE(cells.size(), 2u * 5);
  for (const auto &[place, cell] : cells) {
    EXPECT_EQ(cell.chosen, 1u) << place.first;
    EXPECT_EQ(cell.library, 1u) << place.first;
    EXPECT_EQ(cell.ofChosen, cell.least) << place.first;
    EXPECT_LE(cell.generated, 4 * regretConfigs) << place.first;
    if (place.second == 1) {
      EXPECT_GT(cell.generated, 1u) << place.first;
    }
  }
}

/// Kernels and products of the library in chains of their own.
TEST(Regret, TimesEveryCandidate) {
  const std::vector<RegretCandidate> all = candidatesOf({1});
  std::vector<FamilyKernel> kernels;
  for (bool library : {false, true}) {
    for (const RegretCandidate &one : all) {
      if (one.kernel.gemm.has_value() == library) {
        kernels.push_back(one.kernel);
        break;
      }
    }
  }
  ASSERT_EQ(kernels.size(), 2u);
  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto bench = FamilyBench::create(**device, kernels, 1 << 20, 5);
  ASSERT_TRUE(bench) << bench.error().message();
  BenchPoint point;
  point.mode = LaunchMode::Graph;
  point.samples = 3;
  for (const FamilyKernel &kernel : kernels) {
    auto time = (*bench)->time(kernel, point);
    ASSERT_TRUE(time) << time.error().message();
    EXPECT_GE(time->launches, 32u);
    // A launch takes 1 us here, a product nothing.
    EXPECT_NEAR(time->times.median, kernel.gemm ? 0 : 1000, 0.01);
  }
  bench->reset();
  device->reset();
  EXPECT_EQ(fake.misuses, std::vector<std::string>());
  EXPECT_EQ(fake.alive(), 0u);
}

RegretCandidate candidate(const char *op, uint64_t rows, const char *family,
                          bool chosen) {
  RegretCandidate one;
  one.pattern = op;
  one.rows = rows;
  one.chosen = chosen;
  one.kernel.family = family;
  one.kernel.config = "rows = 1";
  one.kernel.predicted = 900000;
  return one;
}

TEST(Regret, FineWithinFivePercentOrTheSpread) {
  const std::vector<RegretCandidate> candidates = {
      candidate("a", 1, "gemv", true),      // 1.05 of the best
      candidate("a", 1, "library", false),  //
      candidate("a", 8, "gemv", true),      // 1.2, within its spread
      candidate("a", 8, "library", false),  //
      candidate("b", 8, "gemv", false),     //
      candidate("b", 8, "library", true),   // 1.5, neither
      candidate("b", 16, "library", true)}; // alone
  auto times = [](double median, double p90) {
    StepTimes one;
    one.median = median;
    one.p10 = median;
    one.p90 = p90;
    return one;
  };
  const Table table = regretTable(
      candidates,
      {times(1050, 1050), times(1000, 1001), times(1200, 1300),
       times(1000, 1200), times(1000, 1100), times(1500, 1500), times(70, 70)},
      "h200");
  ASSERT_EQ(table.rows.size(), 7u);
  EXPECT_EQ(std::get<Ratio>(table.rows[0].back()).thousandths, 1050u);
  EXPECT_EQ(std::get<Ratio>(table.rows[5].back()).thousandths, 1500u);
  EXPECT_EQ(std::get<Ratio>(table.rows[4].back()).thousandths, 1000u);
  EXPECT_EQ(table.notes,
            (std::vector<std::string>{
                "regret: b at 8 rows library takes 1.500 of gemv (rows = 1)",
                "3 of 4 choices within 1.05 of the best or within its spread; "
                "the worst 1.500, b at 8 rows"}));
}

} // namespace
