//===- VerifyTest.cpp - sinter verify finds what is wrong -----------------===//

#include "runtime/format/Sha256.h"
#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

using namespace sinter;
using namespace sinter::e2e;
namespace fs = std::filesystem;

namespace {

std::string compiled(const Scratch &scratch, const std::string &model,
                     const std::string &name) {
  std::string plan = scratch.at(name);
  Outcome outcome = runSinter(
      {"compile", model, "-o", plan, "--no-nvrtc", "--decisions", "single"});
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  return plan;
}

TEST(Verify, EveryOpOfThreeSteps) {
  Outcome outcome = runSinter({"verify", tales, "--steps", "3", "--format",
                               "json", "--decisions", "single"});
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  JsonDocument document = parseText(outcome.out);
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
  std::map<std::string, uint64_t> found;
  for (JsonValue row : listOf(*document.root().get("rows"))) {
    found[std::string(*row.getString("check"))] = *row.getUnsigned("compared");
    EXPECT_EQ(*row.getString("state"), "ok");
  }
  EXPECT_EQ(found, wanted);
}

/// Which ops are one kernel is the planner's choice; every op is in one.
TEST(Verify, FusedKernelsOfThreeSteps) {
  Outcome outcome =
      runSinter({"verify", tales, "--steps", "3", "--format", "json"});
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  JsonDocument document = parseText(outcome.out);
  std::set<std::string> ops;
  size_t fused = 0;
  for (JsonValue row : listOf(*document.root().get("rows"))) {
    EXPECT_EQ(*row.getString("state"), "ok");
    EXPECT_GT(*row.getUnsigned("compared"), 0u);
    std::string check(*row.getString("check"));
    fused += check.find('+') != std::string::npos;
    std::replace(check.begin(), check.end(), '+', ' ');
    std::istringstream kinds(check);
    for (std::string kind; kinds >> kind;) {
      ops.insert(kind);
    }
  }
  EXPECT_GT(fused, 1u);
  EXPECT_EQ(ops, (std::set<std::string>{"add", "argmax", "attention", "embed",
                                        "kv_append", "linear", "rms_norm",
                                        "rope", "swiglu"}));
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

/// A kernel text that was tampered with, digests and all, still computes
/// something else than its specification: the first op that uses it is named.
TEST(Verify, NamesTheFirstOpOfAWrongKernel) {
  Scratch scratch;
  std::string plan = compiled(scratch, tales, "t.plan");
  std::string json = readText(plan + "/plan.json");
  for (const auto &entry : fs::directory_iterator(plan + "/kernels")) {
    std::string text = readText(entry.path());
    const std::string sum = ">(lhs, rhs, y, i);";
    size_t at = text.find(sum);
    if (text.find("row_add_0") == std::string::npos ||
        at == std::string::npos) {
      continue;
    }
    std::string old = entry.path().stem();
    text.replace(at, sum.size(), ">(lhs, lhs, y, i);");
    std::string digest = sha256Hex(text);
    for (size_t use = json.find(old); use != std::string::npos;
         use = json.find(old)) {
      json.replace(use, old.size(), digest);
    }
    fs::remove(entry.path());
    writeText(plan + "/kernels/" + digest + ".cu", text);
    writeText(plan + "/plan.json", json);
    break;
  }
  Outcome outcome = runSinter({"verify", plan, "--steps", "1"});
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_NE(outcome.err.find("SIN4102"), std::string::npos) << outcome.err;
  for (const char *word : {"position 0", "layers.0.attention_residual",
                           "row_add_0", "element ", "ulp away"}) {
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
