//===- ParityTest.cpp - Greedy tokens of Hugging Face ---------------------===//
//
// Generated kernels against the `bf16ref` goldens, by the rule of
// test/data/README.md: a token that differs must be a near-tie there, and what
// follows is compared from the golden prefix.
//
//===----------------------------------------------------------------------===//

#include "models/golden/Golden.h"
#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

using namespace sinter;
using namespace sinter::e2e;

namespace {

struct Case {
  const char *checkpoint;
  const char *prompt;
};

std::ostream &operator<<(std::ostream &stream, const Case &value) {
  return stream << value.checkpoint << " " << value.prompt;
}

std::string directoryOf(const Case &value) {
  return std::string(value.checkpoint) == "tales"
             ? tales
             : (checkpoints / value.checkpoint).string();
}

/// Runs `model`, which is the checkpoint of `value` or a plan of it, for at
/// most 64 tokens.
void expectGoldenTokens(const Case &value, const std::string &model,
                        size_t most = 64) {
  const std::string prompt = value.prompt;
  const std::string directory = directoryOf(value);
  auto golden = Golden::open(directory + "/golden.json");
  ASSERT_TRUE(golden.ok()) << golden.error().message();
  const GoldenGreedy &greedy = golden->greedy[prompt]["bf16ref"];
  std::vector<int64_t> tokens(greedy.tokens.begin(), greedy.tokens.end());
  const std::vector<int32_t> &ids = golden->prompts[prompt].ids;
  std::vector<int64_t> prefix(ids.begin(), ids.end());
  ASSERT_EQ(tokens.size(), 64u);
  tokens.resize(most);

  size_t nearTies = 0;
  for (size_t step = 0; step < tokens.size();) {
    size_t count = tokens.size() - step;
    Outcome outcome = runSinter({"run", model, "--ids", joinIds(prefix), "-n",
                                 std::to_string(count), "--ignore-eos",
                                 "--unchecked", "--format", "json"});
    ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
    JsonDocument result = parseText(outcome.out);
    EXPECT_EQ(readIds(*result.root().get("prompt_ids")), prefix);
    std::vector<int64_t> found = readIds(*result.root().get("ids"));
    ASSERT_EQ(found.size(), count);
    for (int64_t id : found) {
      if (id != tokens[step]) {
        ASSERT_EQ(
            greedy.judge(step, static_cast<int32_t>(id), golden->nearTieUlps),
            TokenVerdict::NearTie)
            << "step " << step << ": " << id << " in place of " << tokens[step];
        ++nearTies;
        prefix.push_back(tokens[step++]);
        break;
      }
      prefix.push_back(tokens[step++]);
    }
  }
  std::cout << value << ": " << most << " tokens, " << nearTies
            << " near-ties\n";
}

class Parity : public testing::TestWithParam<Case> {};

TEST_P(Parity, GreedyTokensOfGeneratedKernels) {
  expectGoldenTokens(GetParam(), directoryOf(GetParam()));
}

/// The prompt through prefill entries, padded and cut.
class PrefillParity : public testing::TestWithParam<Case> {};

TEST_P(PrefillParity, GreedyTokensBehindChunks) {
  const Scratch scratch;
  const std::string plan = scratch.at("prefill.plan");
  Outcome outcome = runSinter({"compile", directoryOf(GetParam()), "--prefill",
                               "4,16", "--no-nvrtc", "-o", plan});
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  expectGoldenTokens(GetParam(), plan);
}

/// No decision changes what is said: the sets that are not the default.
class DecisionParity : public testing::TestWithParam<Case> {};

TEST_P(DecisionParity, GreedyTokensOfEverySet) {
  for (const char *set : {"single", "library", "greedy"}) {
    SCOPED_TRACE(set);
    const Scratch scratch;
    const std::string plan = scratch.at("set.plan");
    Outcome outcome = runSinter({"compile", directoryOf(GetParam()),
                                 "--decisions", set, "--no-nvrtc", "-o", plan});
    ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
    expectGoldenTokens(GetParam(), plan, 24);
  }
}

std::string caseName(const testing::TestParamInfo<Case> &info) {
  std::string name =
      std::string(info.param.checkpoint) + "_" + info.param.prompt;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Goldens, PrefillParity,
                         testing::Values(Case{"tales", "p2"},
                                         Case{"qwen3-rand", "p1"},
                                         Case{"qwen2-rand", "p2"},
                                         Case{"llama-rand", "p1"}),
                         caseName);

INSTANTIATE_TEST_SUITE_P(Goldens, DecisionParity,
                         testing::Values(Case{"tales", "p1"},
                                         Case{"qwen3-rand", "p1"},
                                         Case{"qwen2-rand", "p1"},
                                         Case{"llama-rand", "p1"}),
                         caseName);

INSTANTIATE_TEST_SUITE_P(
    Goldens, Parity,
    testing::Values(Case{"tales", "p0"}, Case{"tales", "p1"},
                    Case{"tales", "p2"}, Case{"qwen3-rand", "p0"},
                    Case{"qwen3-rand", "p1"}, Case{"qwen3-rand", "p2"},
                    Case{"qwen2-rand", "p0"}, Case{"qwen2-rand", "p1"},
                    Case{"qwen2-rand", "p2"}, Case{"llama-rand", "p0"},
                    Case{"llama-rand", "p1"}, Case{"llama-rand", "p2"}),
    caseName);

} // namespace
