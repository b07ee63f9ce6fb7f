//===- SamplePlan.h - A small sound plan ------------------------*- C++ -*-===//

#ifndef SINTER_TEST_UNIT_FORMAT_SAMPLEPLAN_H
#define SINTER_TEST_UNIT_FORMAT_SAMPLEPLAN_H

#include "runtime/format/PlanFiles.h"
#include "runtime/format/Sha256.h"

namespace sinter::test {

/// Three kernels, a cache, two activations that share bytes at different times,
/// a packed weight, a library step, a copy and an advance; every member set to
/// something of its own.
inline PlanArtifact samplePlan() {
  using namespace format;
  PlanArtifact artifact;
  artifact.mlir = "module {}\n";
  auto digest = [](const char *text) { return sha256Hex(text); };
  Plan &plan = artifact.plan;
  plan.producedBy = {"0.1.0", "builtin.module(plan-mark)", digest("input"),
                     digest("device")};
  plan.requirements = {80, 128, 64, false,
                       16384 + 1024 + 2 * 64 * 4 * 2 + 64 * 2};
  plan.model = {
      "Qwen3ForCausalLM", digest("config"), {digest("header"), {}}, 64, 16};
  plan.target = "h200";
  plan.weights = {{"embed.weight", DType::BF16, {64, 4}, {}},
                  {"head.weight",
                   DType::BF16,
                   {64, 4},
                   Pack{PackLayout::Concat,
                        {{"head.low", {24, 4}}, {"head.high", {40, 4}}}}},
                  {"head.bias",
                   DType::BF16,
                   {64},
                   Pack{PackLayout::Interleave,
                        {{"bias.even", {32}}, {"bias.odd", {32}}}}}};
  plan.arenas = {{"cache", 1024, 256}, {"step", 16384, 256}};
  plan.values = {
      {"ids", "step", 0, DType::I32, {1}, OperandClass::Io},
      {"next", "step", 256, DType::I32, {1}, OperandClass::Io},
      {"keys", "cache", 0, DType::BF16, {1, 2, 16, 4}, OperandClass::Cache},
      {"x", "step", 512, DType::BF16, {1, 4}, OperandClass::Activation},
      {"y", "step", 768, DType::BF16, {1, 4}, OperandClass::Activation},
      {"logits", "step", 512, DType::BF16, {1, 64}, OperandClass::Activation},
      {"counter", "step", 1024, DType::U32, {1}, OperandClass::Workspace},
      {"positions", "step", 1280, DType::I32, {1}, OperandClass::Io},
      {"gemm", "step", 4096, DType::U8, {4096}, OperandClass::Workspace}};
  auto kernel = [&](const char *symbol, std::vector<Param> params) {
    Kernel result;
    result.symbol = symbol;
    result.family = "row";
    result.config = "warps = 4";
    std::string text = std::string("// ") + symbol + "\n";
    result.source = sha256Hex(text);
    artifact.sources[result.source] = text;
    result.grid = {3, 2, 1};
    result.block = {128, 1, 1};
    result.sharedBytes = 64;
    result.params = std::move(params);
    result.bounds = {128, 64, 2};
    return result;
  };
  plan.kernels = {
      kernel("embed_0", {{"ids", Access::In, DType::I32, 1},
                         {"table", Access::In, DType::BF16, 256},
                         {"keys", Access::InOut, DType::BF16, 128},
                         {"y", Access::Out, DType::BF16, 4}}),
      kernel("argmax_0", {{"logits", Access::In, DType::BF16, 64},
                          {"counter", Access::InOut, DType::U32, 1},
                          {"next", Access::Out, DType::I32, 1}}),
      kernel("advance_0", {{"ids", Access::Out, DType::I32, 1},
                           {"positions", Access::InOut, DType::I32, 1},
                           {"token", Access::In, DType::I32, 1}})};
  plan.kernels[1].cubins = {{"sm_90a", sha256Hex("cubin")}};
  artifact.cubins[{plan.kernels[1].source, "sm_90a"}] = "cubin";
  Entry entry;
  entry.name = "decode";
  entry.workload = {"decode", 1, 1, 8, 16};
  entry.mode = LaunchMode::Pdl;
  entry.inputs = {{"ids", "ids"}, {"positions", "positions"}};
  entry.outputs = {{"token", "next"}};
  entry.steps = {{StepKind::Launch,
                  "embed_0",
                  false,
                  {},
                  {"ids", "embed.weight", "keys", "x"},
                  {"embed", "layers.0.k_append"}},
                 {StepKind::Copy, "", false, {}, {"x", "y"}, {"copy"}},
                 {StepKind::Library,
                  "",
                  false,
                  Gemm{1, 64, 4, GemmEpilogue::Bias, "tile 64x8", "gemm"},
                  {"y", "head.weight", "head.bias", "logits"},
                  {"lm_head"}},
                 {StepKind::Launch,
                  "argmax_0",
                  false,
                  {},
                  {"logits", "counter", "next"},
                  {"argmax"}}};
  entry.captures = {{0, 1, "graph.0"}, {2, 3, "graph.1"}};
  entry.advance = Step{
      StepKind::Launch, "advance_0", true, {}, {"ids", "positions", "next"},
      {"advance"}};
  entry.stepsPerLaunch = 4;
  entry.works = {{"embed_0", {1, 12, {{4, 0}, {8, 0}, {8, 8}, {0, 8}}}},
                 {"argmax_0", {1, 63, {{128, 0}, {4, 4}, {0, 4}}}},
                 {"advance_0", {1, 0, {{0, 4}, {4, 4}, {4, 0}}}}};
  plan.entries = {entry};
  plan.decisions = {{"decode",
                     "lm_head",
                     "library",
                     "pdl",
                     "one-op",
                     "model",
                     {"no_prologue_hook", "tied"},
                     {2, 1024, 3000000},
                     {1, 512, 2000000}}};
  return artifact;
}

} // namespace sinter::test

#endif // SINTER_TEST_UNIT_FORMAT_SAMPLEPLAN_H
