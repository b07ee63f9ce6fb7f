//===- BadInputTest.cpp - Requests that the planner must refuse -----------===//
//
// `compile` of a good checkpoint for a device, with forces or for a workload
// that cannot be: exit code 3 and the code of the cause, nothing on stdout and
// nothing where the plan would have been.
//
//===----------------------------------------------------------------------===//

#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::e2e;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

/// `object` is what the message must be about.
void expectRefused(const Words &rest, const std::string &code,
                   const std::string &object) {
  SCOPED_TRACE(testing::PrintToString(rest));
  Scratch scratch;
  fs::create_directory(scratch.path / "out");
  Words arguments = {"compile", tales, "-o", scratch.at("out/x.plan"),
                     "--no-nvrtc"};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  const Outcome outcome = runSinter(arguments);
  EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("error: " + code), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find(object), std::string::npos) << outcome.err;
  EXPECT_TRUE(fs::is_empty(scratch.path / "out"));
}

/// Compiles for the H200's file with `from` replaced by `to`.
void expectFileRefused(const std::string &from, const std::string &to,
                       const std::string &code, const std::string &object) {
  Scratch scratch;
  std::string text = readText(sourceDir / "codegen/devices/h200.json");
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  writeText(scratch.at("gpu.json"), text.replace(at, from.size(), to));
  expectRefused({"--target", scratch.at("gpu.json")}, code, object);
}

TEST(BadInput, DevicesAndFieldsThatAreNotKnown) {
  expectRefused({"--target", "h900"}, "SIN2801", "device \"h900\"");
  expectFileRefused("\"edge_hop\":", "\"edge_hopp\":", "SIN2009",
                    "/costs/edge_hopp");
  expectFileRefused("\"sms\":", "\"streaming_sms\":", "SIN2009",
                    "/limits/streaming_sms");
}

TEST(BadInput, ConstantsThatNoDeviceHas) {
  expectFileRefused("\"edge_graph\": {\"value\": 1600",
                    "\"edge_graph\": {\"value\": -1600", "SIN2007",
                    "/costs/edge_graph/value");
  expectFileRefused("\"edge_graph\": {\"value\": 1600",
                    "\"edge_graph\": {\"value\": 1600000000", "SIN2804",
                    "/costs/edge_graph/value");
  expectFileRefused("\"clock\": {\"value\": 1965", "\"clock\": {\"value\": 0",
                    "SIN2804", "/costs/clock/value");
  expectFileRefused("\"registers_per_sm\": {\"value\": 65536",
                    "\"registers_per_sm\": {\"value\": 0", "SIN2804",
                    "/limits/registers_per_sm/value");
  // An empty node dearer than a kernel that reads.
  expectFileRefused("\"node_graph\": {\"value\": 550",
                    "\"node_graph\": {\"value\": 1300", "SIN2804",
                    "/costs/node_graph");
}

TEST(BadInput, ForcesThatNothingHonours) {
  expectRefused({"--force", "l*=fuse", "--forbid", "l*"}, "SIN2675",
                "'layers.0.input_norm'");
  expectRefused(
      {"--force", "l*.o_proj=single", "--force", "layers.1.o_proj=library"},
      "SIN2675", "'layers.1.o_proj'");
  expectRefused({"--force", "embed=library"}, "SIN2674", "'embed'");
  expectRefused({"--config", "embed=warps = 99"}, "SIN2674", "'embed'");
  expectRefused({"--forbid", "layer.*"}, "SIN2676", "'layer.*'");
  expectRefused({"--mode", "pdl", "--target", "rtx-4090"}, "SIN2807",
                "\"rtx-4090\"");
  expectRefused({"--decisions", "eager"}, "SIN2673", "eager");
}

/// tales has 2,048 positions.
TEST(BadInput, WorkloadsThatTheModelCannotHave) {
  expectRefused({"--context", "0"}, "SIN2711", "--context");
  expectRefused({"--max-context", "0"}, "SIN2711", "--max-context");
  expectRefused({"--batch", "0"}, "SIN2711", "--batch");
  expectRefused({"--context", "2049"}, "SIN2711", "found 2049");
  expectRefused({"--max-context", "2049"}, "SIN2711", "found 2049");
  expectRefused({"--context", "65", "--max-context", "64"}, "SIN2711",
                "at most 64 positions");
  expectRefused({"--contexts", "64,4096"}, "SIN2711", "found 4096");
  // More sequences than a grid has blocks in that direction.
  expectRefused({"--batch", "65536"}, "SIN2661", "refused_grid_size");
}

/// A plan whose module somebody has changed by hand.
TEST(BadInput, ModulesThatBreakTheirStage) {
  Scratch scratch;
  const std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  const std::string module = readText(plan + "/plan.mlir");
  for (auto [from, to, found] :
       {std::tuple("#plan.stage<captured>", "#plan.stage<placed>",
                   "the module is at stage 'placed', wanted 'captured'"),
        // Into the middle of an element.
        std::tuple("offset = 256, bytes = 2048", "offset = 255, bytes = 2048",
                   "writes over the result of 'embed'"),
        std::tuple("decoder.rms_norm", "decoder.rms_nurm", "rms_nurm")}) {
    std::string text = module;
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    writeText(plan + "/plan.mlir",
              text.replace(at, std::string(from).size(), to));
    const Outcome outcome = runSinter({"verify", plan, "--steps", "1"});
    EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("error: SIN2604"), std::string::npos)
        << outcome.err;
    EXPECT_NE(outcome.err.find(found), std::string::npos) << outcome.err;
  }
}

} // namespace
