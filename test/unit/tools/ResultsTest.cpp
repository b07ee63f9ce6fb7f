//===- ResultsTest.cpp - Checked-in results belong to today's plans -------===//

#include "runtime/format/Files.h"
#include "runtime/format/StrictJson.h"
#include "tools/Model.h"
#include "tools/PlanDigest.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

const std::string file = SINTER_SOURCE_DIR "/test/bench/results/h200.json";

constexpr const char *renewal =
    "measure again on a GPU: compile the plan with the options in the file, "
    "tools/gpu-suite.sh, then python3 test/bench/results.py RESULTS; or say "
    "in \"stale\" why the numbers stand";

/// The digest of what this version compiles.
Result<std::string> digestNow(const JsonValue &wanted) {
  ModelOptions options;
  options.configOnly = true;
  SINTER_ASSIGN(options.model, wanted.getString("model"));
  SINTER_ASSIGN(uint64_t context, wanted.getUnsigned("context"));
  SINTER_ASSIGN(uint64_t maxContext, wanted.getUnsigned("max_context"));
  options.context = static_cast<uint32_t>(context);
  options.maxContext = static_cast<uint32_t>(maxContext);
  DecisionOptions decisions;
  SINTER_ASSIGN(std::string_view set, wanted.getString("decisions"));
  if (!set.empty()) {
    decisions.set = findDecisionSet(set);
  }
  SINTER_ASSIGN(Model model, loadModel(options));
  SINTER_ASSIGN(PlanArtifact artifact, compileFor(options, decisions, model));
  return programDigest(artifact.plan);
}

TEST(Results, AreOfTheProgramsThatAreCompiledOrSayWhyNot) {
  auto text = readFile(file, 1 << 20);
  ASSERT_TRUE(text) << text.error().message();
  auto document = JsonDocument::parse(*text, file);
  ASSERT_TRUE(document) << document.error().message();
  auto plans = document->root().getArray("plans");
  ASSERT_TRUE(plans) << plans.error().message();
  for (const JsonValue &plan : *plans) {
    const std::string name(*plan.getString("name"));
    const std::string measured(*plan.getString("program"));
    for (const char *key : {"device", "date"}) {
      ASSERT_TRUE(plan.getString(key)) << name << " lacks " << key;
    }
    const auto stale = plan.find("stale");
    if (stale) {
      EXPECT_GT(stale->asString()->size(), 20u) << name << ": say why";
    }
    if (measured.empty()) {
      EXPECT_TRUE(stale) << name << " has no digest; " << renewal;
      continue;
    }
    auto now = digestNow(*plan.get("compile"));
    ASSERT_TRUE(now) << now.error().message();
    if (stale) {
      EXPECT_NE(*now, measured) << name << " is not stale: remove the mark";
    } else {
      EXPECT_EQ(*now, measured)
          << name << " is no longer the program that was measured; " << renewal;
    }
  }
}

/// The digest of a plan in the file can be made at all.
TEST(Results, TheirPlansCompile) {
  auto text = readFile(file, 1 << 20);
  ASSERT_TRUE(text);
  auto document = JsonDocument::parse(*text, file);
  ASSERT_TRUE(document);
  auto plans = document->root().getArray("plans");
  ASSERT_TRUE(plans);
  const JsonValue plan = *plans->begin();
  auto now = digestNow(*plan.get("compile"));
  ASSERT_TRUE(now) << now.error().message();
  EXPECT_EQ(now->size(), 64u);
}

} // namespace
