//===- InspectTest.cpp - Launches and bytes of published models -----------===//

#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

using namespace sinter;
using namespace sinter::e2e;

namespace {

/// The summary as json, by key.
std::map<std::string, uint64_t> numbersOf(const std::string &model) {
  Outcome outcome =
      runSinter({"inspect", model, "--config-only", "--format", "json"});
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  JsonDocument document = parseText(outcome.out);
  EXPECT_EQ(*document.root().getUnsigned("schema_version"), 1u);
  EXPECT_EQ(*document.root().getString("view"), "summary");
  std::map<std::string, uint64_t> numbers;
  for (JsonValue row : listOf(*document.root().get("rows"))) {
    if (auto value = row.getUnsigned("value")) {
      numbers[std::string(*row.getString("key"))] = *value;
    }
  }
  return numbers;
}

// By hand from the published configs. Weights per step: every tensor once, of
// an embedding that is not the head one row.
//   0.6B: 28 layers x 15,730,944 + 1,024 + 151,936 x 1,024 parameters, 2 bytes
//   launches: 19 per layer (two fewer without q and k norms), and embed, final
//   norm, head, argmax
TEST(Inspect, NumbersOfPublishedModels) {
  struct Wanted {
    const char *model;
    uint64_t launches, weights, kvPerPosition;
  };
  for (const Wanted &wanted : {
           Wanted{"qwen3-0.6b", 28 * 19 + 4, 1192099840, 114688},
           Wanted{"qwen3-4b", 36 * 19 + 4, 8044936192, 147456},
           Wanted{"qwen3-8b", 36 * 19 + 4, 15136811008 + 8192, 147456},
           Wanted{"qwen3-32b", 64 * 19 + 4, 63968421888 + 10240, 262144},
           Wanted{"qwen2.5-0.5b", 24 * 17 + 4, 988065536, 12288},
           Wanted{"llama-3.2-1b", 16 * 17 + 4, 2471628800, 32768},
       }) {
    std::map<std::string, uint64_t> found = numbersOf(wanted.model);
    EXPECT_EQ(found["launches_per_step"], wanted.launches) << wanted.model;
    EXPECT_EQ(found["weight_bytes_per_step"], wanted.weights) << wanted.model;
    EXPECT_EQ(found["kv_bytes_per_position"], wanted.kvPerPosition)
        << wanted.model;
  }
}

TEST(Inspect, SummaryShowsTheFormula) {
  Outcome outcome = runSinter({"inspect", "qwen3-0.6b", "--config-only"});
  EXPECT_EQ(outcome.exitCode, 0);
  for (const char *text : {"28 layers x 19 + 4", "1,192,099,840", "114,688",
                           "28 layers x 2 x 8 heads x 128 x 2 bytes"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text;
  }
}

/// The rows of a view, in csv: a header and one line per row.
TEST(Inspect, EveryViewOfModelAndPlan) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc",
                       "--decisions", "single"})
                .exitCode,
            0);
  auto lines = [&](const std::string &of, const char *view) {
    std::vector<std::string> arguments = {"inspect", of,         "--view",
                                          view,      "--format", "csv"};
    if (of == tales && std::string(view) == "kernels") {
      arguments.insert(arguments.end(), {"--decisions", "single"});
    }
    Outcome outcome = runSinter(arguments);
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    return std::ranges::count(outcome.out, '\n');
  };
  // Four layers of 19 ops and four more.
  EXPECT_EQ(lines(tales, "ops"), 1 + 80);
  EXPECT_EQ(lines(plan, "ops"), 1 + 80);
  EXPECT_EQ(lines(tales, "layers"), 1 + 4 + 2);
  EXPECT_EQ(lines(plan, "layers"), 1 + 4 + 2);
  // Equal layers share their kernels: 17 texts, whatever the layers, and that
  // of the advance.
  EXPECT_EQ(lines(tales, "kernels"), 1 + 18);
  EXPECT_EQ(lines(plan, "kernels"), 1 + 18);
}

/// Each entry answers for itself; a decision set is compared with the entry of
/// its context.
TEST(Inspect, EntriesPerContext) {
  Scratch scratch;
  std::string plan = scratch.at("two.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc", "--contexts",
                       "64,256"})
                .exitCode,
            0);
  for (const std::string context : {"64", "256"}) {
    Outcome outcome =
        runSinter({"inspect", tales, "--context", context, "--compare", plan,
                   "exact", "--format", "json"});
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    JsonDocument document = parseText(outcome.out);
    size_t rows = 0;
    for (JsonValue row : listOf(*document.root().get("rows"))) {
      EXPECT_EQ(std::to_string(*row.getUnsigned("context")), context);
      EXPECT_EQ(*row.getUnsigned("a"), *row.getUnsigned("b"))
          << context << " " << *row.getString("key");
      ++rows;
    }
    EXPECT_EQ(rows, 4u);
  }
  Outcome required = runSinter({"inspect", plan, "--view", "decisions",
                                "--format", "csv", "--require", "graph"});
  EXPECT_EQ(required.exitCode, 0) << required.err;
  for (const char *entry : {"decode_c64,", "decode_c256,"}) {
    EXPECT_NE(required.out.find(entry), std::string::npos) << entry;
  }
  Outcome other = runSinter(
      {"inspect", tales, "--context", "128", "--compare", plan, "exact"});
  EXPECT_EQ(other.exitCode, 2) << other.err;
}

/// Prefill entries stand beside the decode entry in every view of a plan.
TEST(Inspect, EntriesOfPrompts) {
  Scratch scratch;
  std::string plan = scratch.at("prompts.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc", "--prefill",
                       "4,32"})
                .exitCode,
            0);
  auto shown = [&](const char *view) {
    Outcome outcome =
        runSinter({"inspect", plan, "--view", view, "--format", "csv"});
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    return outcome.out;
  };
  auto expectIn = [](const std::string &text, const std::string &part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  };
  const std::string summary = shown("summary");
  expectIn(summary, "prefill_t32,tokens,32,");
  expectIn(summary, "prefill_t32,library_calls_per_step,28,");
  EXPECT_EQ(summary.find("decode,tokens"), std::string::npos);
  for (const char *view : {"layers", "ops", "kernels", "decisions"}) {
    const std::string text = shown(view);
    for (const char *entry : {"decode,", "prefill_t4,", "prefill_t32,"}) {
      expectIn(text, entry);
    }
  }
  const std::string memory = shown("memory");
  for (const char *row : {"activations_decode,", "activations_prefill_t32,",
                          "of them parts of packed ones"}) {
    expectIn(memory, row);
  }
  Outcome same = runSinter({"inspect", "--compare", plan, plan});
  EXPECT_EQ(same.exitCode, 0) << same.err;
}

/// Bytes that a plan says are those that the host device counts are checked in
/// the codegen and pass tests; here the planner, asked without compiling, must
/// promise just what the plan then does.
TEST(Inspect, PlannerAndPlanAgree) {
  Scratch scratch;
  for (const std::string set : {"single", "library", "greedy", "exact"}) {
    std::string plan = scratch.at(set + ".plan");
    Outcome compiled = runSinter(
        {"compile", tales, "-o", plan, "--no-nvrtc", "--decisions", set});
    ASSERT_EQ(compiled.exitCode, 0) << compiled.err;
    Outcome outcome = runSinter(
        {"inspect", tales, "--compare", plan, set, "--format", "json"});
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    JsonDocument document = parseText(outcome.out);
    size_t rows = 0;
    for (JsonValue row : listOf(*document.root().get("rows"))) {
      EXPECT_GT(*row.getUnsigned("a"), 0u);
      EXPECT_EQ(*row.getUnsigned("a"), *row.getUnsigned("b"))
          << set << " " << *row.getString("key");
      ++rows;
    }
    EXPECT_EQ(rows, 4u) << set;
  }
}

TEST(Inspect, CompareFailsWhenTheSecondIsWorse) {
  Outcome better =
      runSinter({"inspect", tales, "--compare", "single", "exact"});
  EXPECT_EQ(better.exitCode, 0) << better.err;
  Outcome worse = runSinter({"inspect", tales, "--compare", "exact", "single"});
  EXPECT_EQ(worse.exitCode, 1);
  EXPECT_NE(worse.err.find("SIN4104"), std::string::npos) << worse.err;
  // The table is there all the same.
  EXPECT_NE(worse.out.find("launches_per_step"), std::string::npos);
  Outcome unknown =
      runSinter({"inspect", tales, "--compare", "exact", "no-such.plan"});
  EXPECT_EQ(unknown.exitCode, 2) << unknown.err;
}

/// The planner's options on a plan, which has its decisions.
TEST(Inspect, APlanIsNotPlannedAgain) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  for (const std::vector<std::string> &asked :
       {std::vector<std::string>{"--decisions", "exact"},
        {"--mode", "graph"},
        {"--force", "embed=single"},
        {"--forbid", "embed"},
        {"--why", "embed"},
        {"--what-if", "single(embed)"},
        {"--target", "h200,l4"}}) {
    std::vector<std::string> arguments = {"inspect", plan};
    arguments.insert(arguments.end(), asked.begin(), asked.end());
    Outcome outcome = runSinter(arguments);
    EXPECT_EQ(outcome.exitCode, 2) << asked[0];
    EXPECT_NE(outcome.err.find("SIN1004"), std::string::npos) << outcome.err;
  }
}

/// Refused with their code, nothing written.
TEST(Inspect, ForcesThatNothingHonours) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  struct Case {
    const char *force, *code;
    int exitCode;
  };
  for (const Case &wanted :
       {Case{"embed=library", "SIN2674", 3}, Case{"nobody=fuse", "SIN2676", 3},
        Case{"embed=maybe", "SIN1003", 2}, Case{"embed", "SIN1003", 2}}) {
    Outcome outcome = runSinter(
        {"compile", tales, "-o", plan, "--no-nvrtc", "--force", wanted.force});
    EXPECT_EQ(outcome.exitCode, wanted.exitCode) << outcome.err;
    EXPECT_NE(outcome.err.find(wanted.code), std::string::npos) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(plan)) << wanted.force;
  }
}

/// The plan holds what the preview said, and reuses activations; launches that
/// may overlap would keep more of them.
TEST(Inspect, MemoryPreviewAndPlanAgree) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(
      runSinter({"compile", tales, "-o", plan, "--no-nvrtc", "--mode", "graph"})
          .exitCode,
      0);
  auto bytes = [](const std::string &of) {
    Outcome outcome =
        runSinter({"inspect", of, "--view", "memory", "--format", "json"});
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    JsonDocument document = parseText(outcome.out);
    std::map<std::string, uint64_t> found;
    for (JsonValue row : listOf(*document.root().get("rows"))) {
      found[std::string(*row.getString("key"))] = *row.getUnsigned("value");
    }
    return found;
  };
  auto model = bytes(tales);
  auto planned = bytes(plan);
  EXPECT_EQ(model["weights"], planned["weights"]);
  EXPECT_EQ(model["kv_cache"], planned["arena_cache"]);
  // Ids, positions, logits and token are the caller's.
  EXPECT_LT(planned["arena_activations"], model["activations_peak"]);
  EXPECT_GE(planned["arena_activations"] + planned["arena_io"],
            model["activations_peak"]);
}

TEST(Inspect, ViewsThatDoNotApplyAreRefused) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  for (const char *view : {"roofline", "coverage", "neighbours"}) {
    Outcome outcome = runSinter({"inspect", plan, "--view", view});
    EXPECT_EQ(outcome.exitCode, 2) << outcome.err;
    EXPECT_NE(outcome.err.find("SIN1004"), std::string::npos) << outcome.err;
  }
  for (const char *view :
       {"memory", "roofline", "coverage", "decisions", "neighbours"}) {
    Outcome outcome =
        runSinter({"inspect", tales, "--decisions", "eager", "--view", view});
    EXPECT_EQ(outcome.exitCode, 2) << outcome.err;
    EXPECT_NE(outcome.err.find("SIN1004"), std::string::npos) << outcome.err;
  }
}

TEST(Inspect, UnknownModelListsTheNames) {
  Outcome outcome = runSinter({"inspect", "qwen9-1b", "--config-only"});
  EXPECT_EQ(outcome.exitCode, 3);
  EXPECT_NE(outcome.err.find("SIN2205"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("qwen3-0.6b"), std::string::npos);
}

} // namespace
