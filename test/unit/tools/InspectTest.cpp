//===- InspectTest.cpp - Tables of an eager step --------------------------===//

#include "tools/Commands.h"
#include "tools/InspectTables.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

/// An op of layer 0 with a norm's two casts, and one outside.
EagerProfile smallProfile() {
  EagerProfile profile;
  profile.ops.push_back({"embed", "embed", {}, {{EagerKernel::Gather, 10, 8}}});
  profile.ops.push_back(
      {"layers.0.input_norm",
       "rms_norm",
       0,
       {{EagerKernel::NormUpcast, 2, 4}, {EagerKernel::NormDowncast, 4, 2}}});
  profile.ops.push_back(
      {"layers.0.q_proj", "linear", 0, {{EagerKernel::Matmul, 100, 2}}});
  return profile;
}

Table viewOf(const char *view) {
  ModelSource source;
  source.name = "small";
  source.config.layers = 1;
  return eagerTable(source, Workload{}, smallProfile(), view);
}

TEST(EagerTables, Summary) {
  Table table = viewOf("summary");
  EXPECT_EQ(table.view, "summary");
  EXPECT_EQ(table.rows[3], (std::vector<Cell>{"launches_per_step", uint64_t{4},
                                              "1 layers x 3 + 1"}));
  EXPECT_EQ(table.rows[4][1], Cell(uint64_t{1}));
  EXPECT_EQ(table.rows[5][1], Cell(uint64_t{116}));
  EXPECT_EQ(table.rows[6][1], Cell(uint64_t{16}));
}

TEST(EagerTables, LayersAddUpToTheStep) {
  Table table = viewOf("layers");
  using Row = std::vector<Cell>;
  EXPECT_EQ(
      table.rows,
      (std::vector<Row>{{"0", uint64_t{3}, uint64_t{106}, uint64_t{8}},
                        {"outside", uint64_t{1}, uint64_t{10}, uint64_t{8}},
                        {"step", uint64_t{4}, uint64_t{116}, uint64_t{16}}}));
}

TEST(EagerTables, OpsNameTheirKernels) {
  Table table = viewOf("ops");
  EXPECT_EQ(table.rows[1],
            (std::vector<Cell>{"layers.0.input_norm", "rms_norm", uint64_t{2},
                               uint64_t{6}, uint64_t{6},
                               "norm_upcast norm_downcast"}));
}

TEST(EagerTables, KernelsComeWithTheirSentence) {
  Table table = viewOf("kernels");
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[0],
            (std::vector<Cell>{"gather", uint64_t{1}, uint64_t{10}, uint64_t{8},
                               "the embedding copies a row per token"}));
}

/// Refused before anything is read or written.
TEST(EagerCommands, CompileRefuses) {
  CompileOptions options;
  options.model.model = "no-such-model";
  options.output = "never-written.plan";
  options.asked.set = DecisionSet::Eager;
  Status status = runCommand(options);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::DecisionsOnlyCounted);
}

TEST(EagerCommands, InspectRefusesUnknownTargetsToo) {
  InspectOptions options;
  options.model.model = "qwen3-0.6b";
  options.model.configOnly = true;
  options.model.target = "no-such-device";
  options.asked.set = DecisionSet::Eager;
  Status status = runCommand(options);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::DeviceUnknown);
}

} // namespace
