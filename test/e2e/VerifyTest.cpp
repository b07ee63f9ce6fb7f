//===- VerifyTest.cpp - sinter verify finds what is wrong -----------------===//

#include "runtime/format/Sha256.h"
#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

using namespace sinter;
using namespace sinter::e2e;
namespace fs = std::filesystem;

namespace {

std::string compiled(const Scratch &scratch, const std::string &model,
                     const std::string &name,
                     const std::string &decisions = "exact") {
  std::string plan = scratch.at(name);
  Outcome outcome = runSinter(
      {"compile", model, "-o", plan, "--no-nvrtc", "--decisions", decisions});
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  return plan;
}

/// Elements compared by kind of kernel; all of them are to agree.
std::map<std::string, uint64_t> agreements(const Outcome &outcome) {
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  std::map<std::string, uint64_t> found;
  JsonDocument document = parseText(outcome.out);
  for (JsonValue row : listOf(*document.root().get("rows"))) {
    found[std::string(*row.getString("check"))] = *row.getUnsigned("compared");
    EXPECT_EQ(*row.getString("state"), "ok");
  }
  return found;
}

/// Replaces `from` by `to` in the kernel whose text has `symbol`, digests and
/// all.
void tamper(const std::string &plan, const std::string &symbol,
            const std::string &from, const std::string &to) {
  std::string json = readText(plan + "/plan.json");
  for (const auto &entry : fs::directory_iterator(plan + "/kernels")) {
    std::string text = readText(entry.path());
    size_t at = text.find(from);
    if (text.find("SINTER_KERNEL(" + symbol) == std::string::npos ||
        at == std::string::npos) {
      continue;
    }
    std::string old = entry.path().stem();
    text.replace(at, from.size(), to);
    std::string digest = sha256Hex(text);
    for (size_t use = json.find(old); use != std::string::npos;
         use = json.find(old)) {
      json.replace(use, old.size(), digest);
    }
    fs::remove(entry.path());
    writeText(plan + "/kernels/" + digest + ".cu", text);
    writeText(plan + "/plan.json", json);
    return;
  }
  ADD_FAILURE() << "no kernel " << symbol << " with " << from;
}

TEST(Verify, EveryOpOfThreeSteps) {
  Scratch scratch;
  std::string plan = compiled(scratch, tales, "t.plan", "single");
  // 4 layers: rms_norm 4 x (2 x 128 + 4 x 128 + 2 x 128) + 128 per step, ...
  std::map<std::string, uint64_t> wanted = {
      {"add", 3 * 8 * 128},
      {"argmax", 3},
      {"attention", 3 * 4 * 512},
      {"embed", 3 * 128},
      {"rms_norm", 3 * (4 * 1024 + 128)},
      {"rope", 3 * 4 * 768},
      {"swiglu", 3 * 4 * 384},
      {"linear", 3 * (4 * (512 + 256 + 256 + 128 + 384 + 384 + 128) + 2048)},
      {"kv_append", 3ull * 8 * 2 * 2048 * 128}};
  EXPECT_EQ(agreements(runSinter(
                {"verify", plan, "--steps", "3", "--format", "json"})),
            wanted);
}

/// Whatever is fused or the library's: every op of the model is in some kernel,
/// and each kernel agrees at what it stores.
TEST(Verify, FusedKernelsOfThreeSteps) {
  for (const char *decisions : {"greedy", "exact", "library"}) {
    Scratch scratch;
    std::string plan = compiled(scratch, tales, "t.plan", decisions);
    std::set<std::string> ops;
    size_t fused = 0;
    for (const auto &[check, compared] : agreements(
             runSinter({"verify", plan, "--steps", "3", "--format", "json"}))) {
      EXPECT_GT(compared, 0u) << check;
      fused += check.find('+') != std::string::npos;
      std::istringstream kinds(check);
      for (std::string kind; std::getline(kinds, kind, '+');) {
        ops.insert(kind);
      }
    }
    EXPECT_GE(fused, 2u) << decisions;
    EXPECT_EQ(ops, (std::set<std::string>{"add", "argmax", "attention", "embed",
                                          "kv_append", "linear", "rms_norm",
                                          "rope", "swiglu"}));
  }
}

/// Each prefill entry runs a chunk behind the steps; what is wrong there is
/// found there.
TEST(Verify, ChunksOfPrompts) {
  Scratch scratch;
  const std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc", "--prefill",
                       "4,16", "--max-context", "64"})
                .exitCode,
            0);
  const auto found = agreements(
      runSinter({"verify", plan, "--steps", "2", "--format", "json"}));
  // Alone only in the chunks: of 4 layers x 20 tokens, and a row of each chunk.
  EXPECT_EQ(found.at("swiglu"), 4u * 20 * 384);
  EXPECT_EQ(found.at("take_rows"), 2u * 128);
  tamper(plan, "row_swiglu_1", ">(gate, up, y, i);", ">(gate, gate, y, i);");
  Outcome outcome = runSinter({"verify", plan, "--steps", "2"});
  EXPECT_EQ(outcome.exitCode, 1);
  for (const char *word : {"SIN4102", "entry prefill_t16, op layers.0.swiglu",
                           "row_swiglu_1", "ulp away"}) {
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
  }
}

TEST(Verify, GoldensOfARandomCheckpoint) {
  std::string directory = checkpoints / "qwen2-rand";
  Outcome outcome = runSinter({"verify", directory, "--steps", "1", "--golden",
                               directory + "/golden.json"});
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err << outcome.out;
  for (const char *row :
       {"p0.fp32.logits, fp32 interpreter", "p1.fp32.hidden.1",
        "p2.bf16ref.logits, kernels", "p1.bf16ref greedy tokens, kernels"}) {
    EXPECT_NE(outcome.out.find(row), std::string::npos) << row;
  }
}

/// A kernel text that was tampered with still computes something else than its
/// specification: the first op that uses it is named.
TEST(Verify, NamesTheFirstOpOfAWrongKernel) {
  Scratch scratch;
  std::string plan = compiled(scratch, tales, "t.plan", "single");
  tamper(plan, "row_add_0", ">(lhs, rhs, y, i);", ">(lhs, lhs, y, i);");
  Outcome outcome = runSinter({"verify", plan, "--steps", "1"});
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_NE(outcome.err.find("SIN4102"), std::string::npos) << outcome.err;
  for (const char *word : {"position 0", "layers.0.attention_residual",
                           "row_add_0", "element ", "ulp away"}) {
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
  }
}

/// A wrong norm in front of attention shows in the keys that it appends, and
/// the bounds of the fused kernel do not hide it.
TEST(Verify, NamesAWrongFusedKernel) {
  Scratch scratch;
  std::string plan = compiled(scratch, tales, "t.plan", "exact");
  tamper(plan, "attention_decode", "kKeyEps = 1e-06f", "kKeyEps = 1e+02f");
  Outcome outcome = runSinter({"verify", plan, "--steps", "1"});
  EXPECT_EQ(outcome.exitCode, 1);
  for (const char *word : {"SIN4102", "position 0", "op layers.0.",
                           "kernel attention_decode_", "ulp away"}) {
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
  }
}

TEST(Verify, GoldenOfAnotherCheckpoint) {
  Outcome outcome =
      runSinter({"verify", checkpoints / "qwen2-rand", "--steps", "1",
                 "--golden", checkpoints / "llama-rand" / "golden.json"});
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_NE(outcome.err.find("SIN4103"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("differs"), std::string::npos);
}

TEST(Verify, ModuleOfAnotherPlan) {
  Scratch scratch;
  std::string plan = compiled(scratch, tales, "t.plan");
  std::string other = compiled(scratch, checkpoints / "qwen2-rand", "o.plan");
  writeText(plan + "/plan.mlir", readText(other + "/plan.mlir"));
  Outcome outcome = runSinter({"verify", plan, "--steps", "1"});
  EXPECT_EQ(outcome.exitCode, 3);
  EXPECT_NE(outcome.err.find("SIN2708"), std::string::npos) << outcome.err;
}

} // namespace
