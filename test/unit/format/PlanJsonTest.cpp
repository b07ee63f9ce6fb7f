//===- PlanJsonTest.cpp - plan.json ---------------------------------------===//

#include "runtime/format/PlanJson.h"
#include "runtime/format/Files.h"
#include "runtime/format/Validate.h"
#include "test/unit/format/SamplePlan.h"

#include <gtest/gtest.h>

#include <filesystem>

using namespace sinter;
using namespace sinter::format;
using sinter::test::samplePlan;

namespace {

TEST(PlanJson, RoundTripKeepsPlanAndBytes) {
  Plan plan = samplePlan().plan;
  std::string text = writePlanJson(plan);
  auto read = readPlanJson(text, "plan.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, plan);
  EXPECT_EQ(writePlanJson(*read), text);
  plan.model.weights = {{}, 18446744073709551615u};
  plan.entries[0].advance.reset();
  plan.entries[0].stepsPerLaunch = 1;
  plan.weights[1].pack.reset();
  text = writePlanJson(plan);
  read = readPlanJson(text, "plan.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, plan);
}

TEST(PlanJson, LooksAsDocumented) {
  std::string text = writePlanJson(samplePlan().plan);
  EXPECT_TRUE(text.starts_with(
      "{\n"
      "  \"format\": {\"id\": \"sinter.plan\", \"major\": 1, \"minor\": 3},\n"
      "  \"produced_by\": {\n"
      "    \"version\": \"0.1.0\",\n"))
      << text;
  for (const char *line :
       {"    {\"name\": \"keys\", \"arena\": \"cache\", \"offset\": 0, "
        "\"dtype\": \"bf16\", \"shape\": [1, 2, 16, 4], \"class\": "
        "\"cache\"},\n",
        "        {\"kind\": \"library\", \"gemm\": {\"m\": 1, \"n\": 64, "
        "\"k\": 4, \"epilogue\": \"bias\", \"algorithm\": \"tile 64x8\", "
        "\"workspace\": \"gemm\"}, \"args\": [\"y\", \"head.weight\", "
        "\"head.bias\", \"logits\"], \"ops\": [\"lm_head\"]},\n",
        "        {\"kernel\": \"argmax_0\", \"work\": {\"launches\": 1, "
        "\"flops\": 63, \"params\": [{\"loaded\": 128, \"stored\": 0}, "
        "{\"loaded\": 4, \"stored\": 4}, {\"loaded\": 0, \"stored\": 4}]}},"
        "\n",
        "      \"mode\": \"pdl\",\n", "      \"steps_per_launch\": 4,\n",
        "      \"grid\": [3, 2, 1],\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(PlanJson, OtherFormatsAreRefusedFirst) {
  auto refusal = [](const char *text) {
    auto plan = readPlanJson(text, "p");
    return plan ? "" : plan.error().message();
  };
  const std::string head = "SIN2501 (plan of another format): p: wanted "
                           "sinter.plan 1.1 to 1.3, found ";
  const std::string tail = "; compile the plan again with this Sinter";
  EXPECT_EQ(refusal("{}"), head + "no format" + tail);
  EXPECT_EQ(refusal("[]"), head + "no format" + tail);
  EXPECT_EQ(refusal(R"({"format":{"id":"other","major":1,"minor":0}})"),
            head + "the format \"other\"" + tail);
  EXPECT_EQ(
      refusal(R"({"format":{"id":"sinter.plan","major":2,"minor":0},"n":1})"),
      head + "2.0" + tail);
  EXPECT_EQ(
      refusal(R"({"format":{"id":"sinter.plan","major":1,"minor":4},"n":1})"),
      head + "1.4" + tail);
  EXPECT_EQ(
      refusal(R"({"format":{"id":"sinter.plan","major":1,"minor":0},"n":1})"),
      head + "1.0" + tail);
  EXPECT_EQ(refusal(R"({"format":{"id":"sinter.plan","major":1,"minor":1e0}})")
                .substr(0, 7),
            "SIN2006");
}

/// Removing any one line or renaming any one key makes the text unreadable.
TEST(PlanJson, EveryKeyIsRequiredAndKnown) {
  std::string text = writePlanJson(samplePlan().plan);
  size_t keys = 0;
  for (size_t at = text.find("\": "); at != std::string::npos;
       at = text.find("\": ", at + 1)) {
    std::string damaged = text;
    damaged.insert(at, "z");
    auto plan = readPlanJson(damaged, "p");
    ASSERT_FALSE(plan) << damaged;
    size_t begin = text.rfind('"', at - 1) + 1;
    std::string key = text.substr(begin, at - begin);
    bool optional = key == "fingerprint" || key == "gemm" || key == "pack" ||
                    key == "algorithm" || key == "workspace" ||
                    key == "advance" || key == "steps_per_launch";
    ErrorCode wanted = optional ? ErrorCode::JsonUnknownKey
                       : key == "format" || key == "id"
                           ? plan.error().code
                           : ErrorCode::JsonMissingKey;
    EXPECT_EQ(plan.error().code, wanted)
        << key << ": " << plan.error().message();
    ++keys;
  }
  EXPECT_GT(keys, 150u);
  std::string extended = text;
  extended.insert(1, "\n  \"x-note\": {\"any\": [1, 2.5]},");
  EXPECT_TRUE(readPlanJson(extended, "p"));
}

TEST(PlanJson, WordsOutsideTheFormat) {
  std::string text = writePlanJson(samplePlan().plan);
  auto refusal = [&](const std::string &from, const std::string &to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    auto plan = readPlanJson(changed, "p");
    return plan ? "" : plan.error().message();
  };
  EXPECT_EQ(refusal("\"class\": \"cache\"", "\"class\": \"cash\""),
            "SIN2502 (word that the plan format lacks): p: /values/2/class: "
            "wanted one of weight, cache, activation, io, workspace, found "
            "the string \"cash\"");
  EXPECT_EQ(
      refusal("\"access\": \"inout\"", "\"access\": \"both\"").substr(0, 7),
      "SIN2502");
  EXPECT_EQ(refusal("\"kind\": \"copy\"", "\"kind\": \"move\"").substr(0, 7),
            "SIN2502");
  EXPECT_EQ(refusal("\"dtype\": \"i32\"", "\"dtype\": \"int\""),
            "SIN2502 (word that the plan format lacks): p: /values/0/dtype: "
            "wanted one of bf16, f16, f32, i32, u32, u8, i64, found the "
            "string \"int\"");
  EXPECT_EQ(refusal("\"grid\": [3, 2, 1]", "\"grid\": [3, 2]"),
            "SIN2006 (value of the wrong type): p: /kernels/0/grid: wanted an "
            "array of 3, found an array of 2");
  EXPECT_EQ(refusal("\"grid\": [3,", "\"grid\": [4294967296,"),
            "SIN2007 (integer out of range): p: /kernels/0/grid/0: wanted an "
            "integer of at most 4294967295, found 4294967296");
}

/// One plan of each version that is read stays readable for ever; those of the
/// version written today are written back byte for byte.
TEST(PlanJson, ReadsPlansOfEveryVersion) {
  std::string folder =
      std::string(SINTER_SOURCE_DIR) + "/test/data/plan-compat";
  size_t files = 0;
  for (const auto &file : std::filesystem::directory_iterator(folder)) {
    std::string path = file.path().string();
    auto text = readFile(path, 1 << 20);
    ASSERT_TRUE(text);
    auto plan = readPlanJson(*text, path);
    ASSERT_TRUE(plan) << plan.error().message();
    for (const Error &error : validatePlan(*plan, path)) {
      ADD_FAILURE() << error.message();
    }
    EXPECT_EQ(file.path().stem(), std::to_string(plan->format.major) + "." +
                                      std::to_string(plan->format.minor));
    if (plan->format.minor == formatMinor) {
      EXPECT_EQ(writePlanJson(*plan), *text);
    }
    ++files;
  }
  EXPECT_EQ(files, 3u); // 1.1, 1.2, 1.3
}

} // namespace
