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
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  auto lines = [&](const std::string &of, const char *view) {
    Outcome outcome =
        runSinter({"inspect", of, "--view", view, "--format", "csv"});
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    return std::ranges::count(outcome.out, '\n');
  };
  // Four layers of 19 ops and four more.
  EXPECT_EQ(lines(tales, "ops"), 1 + 80);
  EXPECT_EQ(lines(plan, "ops"), 1 + 80);
  EXPECT_EQ(lines(tales, "layers"), 1 + 4 + 2);
  EXPECT_EQ(lines(plan, "layers"), 1 + 4 + 2);
  // Equal layers share their kernels: 17 texts, whatever the layers.
  EXPECT_EQ(lines(tales, "kernels"), 1 + 17);
  EXPECT_EQ(lines(plan, "kernels"), 1 + 17);
}

/// Bytes that a plan says are those that the host device counts are checked in
/// the codegen and pass tests; here model and plan must say the same.
TEST(Inspect, ModelAndPlanAgreeOnIssuedBytes) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  auto numbers = [](const std::string &of) {
    Outcome outcome = runSinter({"inspect", of, "--format", "json"});
    JsonDocument document = parseText(outcome.out);
    std::map<std::string, uint64_t> found;
    for (JsonValue row : listOf(*document.root().get("rows"))) {
      if (auto value = row.getUnsigned("value")) {
        found[std::string(*row.getString("key"))] = *value;
      }
    }
    return found;
  };
  auto model = numbers(tales);
  auto planned = numbers(plan);
  for (const char *key : {"launches_per_step", "issued_bytes_loaded_per_step",
                          "issued_bytes_stored_per_step", "flops_per_step"}) {
    EXPECT_GT(model[key], 0u) << key;
    EXPECT_EQ(model[key], planned[key]) << key;
  }
}

/// The plan holds what the preview said, and reuses activations: every slot is
/// rounded up to 256 bytes.
TEST(Inspect, MemoryPreviewAndPlanAgree) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
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
  EXPECT_GE(planned["total"], model["total"]);
  EXPECT_LT(planned["total"], model["weights"] + model["kv_cache"] +
                                  model["activations_without_reuse"]);
}

TEST(Inspect, ViewsThatDoNotApplyAreRefused) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  for (const char *view : {"roofline", "coverage"}) {
    Outcome outcome = runSinter({"inspect", plan, "--view", view});
    EXPECT_EQ(outcome.exitCode, 2) << outcome.err;
    EXPECT_NE(outcome.err.find("SIN1004"), std::string::npos) << outcome.err;
  }
  for (const char *view : {"memory", "roofline", "coverage"}) {
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
