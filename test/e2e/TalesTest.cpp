//===- TalesTest.cpp - The shipped checkpoint tells its stories -----------===//

#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

using namespace sinter;
using namespace sinter::e2e;

namespace {

constexpr const char *fusion =
    "A fusion joins several operations into one kernel, so that intermediate "
    "values stay on the chip.";

/// Compile, look, run, as tools/demo.sh does.
TEST(Tales, CompilesAndAnswersChecked) {
  Scratch scratch;
  std::string plan = scratch.at("tales.plan");
  Outcome compiled = runSinter({"compile", tales, "-o", plan});
  ASSERT_EQ(compiled.exitCode, 0) << compiled.err;
  EXPECT_EQ(compiled.out, "") << "compile prints no data";
  EXPECT_TRUE(std::filesystem::exists(plan + "/plan.json"));
  EXPECT_TRUE(std::filesystem::exists(plan + "/plan.mlir"));

  Outcome inspected = runSinter({"inspect", plan});
  EXPECT_EQ(inspected.exitCode, 0) << inspected.err;
  EXPECT_NE(inspected.out.find("launches"), std::string::npos);

  Outcome answered = runSinter({"run", plan, "--chat", "What is a fusion?"});
  ASSERT_EQ(answered.exitCode, 0) << answered.err;
  EXPECT_EQ(answered.out, std::string(fusion) + "\n");
  EXPECT_NE(answered.err.find("host"), std::string::npos)
      << "the default device is said on stderr";
}

/// Up to token 122, where Hugging Face's own runs in fp32 and bf16 part.
TEST(Tales, InterpreterGivesTheSameTokens) {
  std::vector<std::string> common = {
      "run",      tales,  "--prompt", "Once upon a time",
      "--format", "json", "-n",       "122"};
  auto with = [&](const char *flag) {
    std::vector<std::string> arguments = common;
    arguments.push_back(flag);
    Outcome outcome = runSinter(arguments);
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    return outcome.out;
  };
  std::string kernels = with("--unchecked");
  EXPECT_EQ(kernels, with("--interpreter"));
  EXPECT_NE(kernels.find("Wanda"), std::string::npos);
}

/// The arguments that ask for a recorded completion as a user would.
std::vector<std::string> askFor(JsonValue completion, const Scratch &scratch) {
  if (*completion.getString("kind") == "text") {
    return {"--prompt", std::string(*completion.getString("text"))};
  }
  JsonWriter writer;
  writer.beginArray();
  JsonValue messages = *completion.get("messages");
  for (JsonValue message : listOf(messages)) {
    writer.beginObject();
    for (JsonMember member : membersOf(message)) {
      writer.member(member.key, *member.value.asString());
    }
    writer.endObject();
  }
  writer.endArray();
  writeText(scratch.at("messages.json"), writer.take());
  std::vector<std::string> arguments = {"--messages",
                                        scratch.at("messages.json")};
  if (auto thinking = (*completion.get("options")).getBool("enable_thinking")) {
    arguments.insert(arguments.end(),
                     {"--enable-thinking", *thinking ? "true" : "false"});
  }
  return arguments;
}

/// Each completion that golden.json records, to its end token. At the steps
/// that it lists as near-ties another token may come; then the rest is compared
/// from the golden prefix (test/data/README.md).
TEST(Tales, CompletionsAsRecorded) {
  JsonDocument document = parseText(readText(tales + "/golden.json"));
  Scratch scratch;
  size_t seen = 0;
  size_t exact = 0;
  size_t nearTies = 0;
  for (JsonValue completion : listOf(*document.root().get("completions"))) {
    JsonValue wanted = *(*completion.get("completions")).get("bf16ref");
    std::vector<int64_t> tokens = readIds(*wanted.get("tokens"));
    std::vector<int64_t> ties = readIds(*wanted.get("near_ties"));
    std::vector<int64_t> prefix = readIds(*completion.get("ids"));
    std::vector<std::string> input = askFor(completion, scratch);
    for (size_t step = 0; step < tokens.size();) {
      std::vector<std::string> arguments = {"run",
                                            tales,
                                            "--unchecked",
                                            "--format",
                                            "json",
                                            "-n",
                                            std::to_string(320 - step)};
      arguments.insert(arguments.end(), input.begin(), input.end());
      Outcome outcome = runSinter(arguments);
      ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
      JsonDocument result = parseText(outcome.out);
      EXPECT_EQ(readIds(*result.root().get("prompt_ids")), prefix);
      std::vector<int64_t> found = readIds(*result.root().get("ids"));
      std::vector<int64_t> rest(tokens.begin() + static_cast<long>(step),
                                tokens.end());
      if (found == rest) {
        if (step == 0) {
          ++exact;
          EXPECT_EQ(*result.root().getString("text"),
                    *wanted.getString("text"));
        }
        JsonValue stopped = *wanted.get("stopped_by");
        JsonValue stoppedHere = *result.root().get("stopped_by");
        EXPECT_EQ(stoppedHere.isNull(), stopped.isNull());
        if (!stopped.isNull()) {
          EXPECT_EQ(*stoppedHere.asSigned(), *stopped.asSigned());
        }
        break;
      }
      size_t same = static_cast<size_t>(std::ranges::mismatch(found, rest).in2 -
                                        rest.begin());
      ASSERT_LT(same, rest.size()) << "goes on after the end";
      ASSERT_TRUE(std::ranges::count(ties, static_cast<int64_t>(step + same)))
          << "completion " << seen << ", step " << step + same;
      ++nearTies;
      prefix.insert(prefix.end(), rest.begin(),
                    rest.begin() + static_cast<long>(same + 1));
      step += same + 1;
      input = {"--ids", joinIds(prefix)};
    }
    ++seen;
  }
  EXPECT_EQ(seen, 22u);
  std::cout << exact << " of 22 completions to the letter, " << nearTies
            << " near-ties in the others\n";
}

/// Text streams as it comes; the same text as json holds.
TEST(Tales, StreamedTextIsTheText) {
  Outcome streamed = runSinter(
      {"run", tales, "--unchecked", "--chat", "Show me the flag of France."});
  EXPECT_EQ(streamed.exitCode, 0) << streamed.err;
  EXPECT_EQ(streamed.out, "🇫🇷\n");
}

TEST(Tales, SamplingIsReproducibleBySeed) {
  auto sample = [](const char *seed) {
    Outcome outcome =
        runSinter({"run", tales, "--unchecked", "--prompt", "Once upon a time",
                   "-n", "24", "--temperature", "1.5", "--top-k", "50",
                   "--top-p", "0.95", "--seed", seed, "--format", "json"});
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    return outcome.out;
  };
  std::string first = sample("1");
  EXPECT_EQ(first, sample("1"));
  EXPECT_NE(first, sample("2"));
}

TEST(Tales, EndTokenIsIgnoredOnRequest) {
  Outcome outcome =
      runSinter({"run", tales, "--unchecked", "--chat", "What is 7 + 8?", "-n",
                 "30", "--ignore-eos", "--format", "json"});
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  JsonDocument result = parseText(outcome.out);
  EXPECT_EQ(readIds(*result.root().get("ids")).size(), 30u);
  EXPECT_TRUE((*result.root().get("stopped_by")).isNull());
}

/// Ids 2005 to 2047 exist in the model only: kept as a prompt, never sampled
/// into text.
TEST(Tales, IdsBeyondTheTokenizerAreKeptAsPrompt) {
  Outcome outcome = runSinter({"run", tales, "--unchecked", "--ids",
                               "2047,2005,7", "-n", "1", "--format", "json"});
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  JsonDocument result = parseText(outcome.out);
  EXPECT_EQ(readIds(*result.root().get("prompt_ids")),
            (std::vector<int64_t>{2047, 2005, 7}));
}

TEST(Tales, IdsBeyondTheVocabularyAreRefused) {
  Outcome outcome = runSinter({"run", tales, "--ids", "2048"});
  EXPECT_EQ(outcome.exitCode, 3);
  EXPECT_NE(outcome.err.find("SIN2702"), std::string::npos);
  EXPECT_EQ(outcome.out, "");
}

/// Three rows for the prompt and thirty for all new tokens but the last.
TEST(Tales, MorePositionsThanTheCacheHoldsAreRefused) {
  Outcome outcome = runSinter(
      {"run", tales, "--ids", "1,2,3", "-n", "31", "--max-context", "32"});
  EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("SIN2703"), std::string::npos);
  EXPECT_EQ(outcome.out, "");
}

TEST(Tales, SameInputSamePlanBytes) {
  // Compiled from two working directories, the model named in two ways.
  Scratch first;
  Scratch second;
  std::filesystem::copy(tales, second.path / "copy",
                        std::filesystem::copy_options::recursive);
  Invocation one{{"compile", tales, "-o", "a.plan"}};
  one.directory = first.path;
  Invocation two{{"compile", "copy", "-o", "b.plan"}};
  two.directory = second.path;
  Outcome outcome = runSinter(one);
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  outcome = runSinter(two);
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  size_t compared = 0;
  for (const auto &entry :
       std::filesystem::recursive_directory_iterator(first.path / "a.plan")) {
    if (entry.is_regular_file()) {
      auto relative =
          std::filesystem::relative(entry.path(), first.path / "a.plan");
      EXPECT_EQ(readText(entry.path()),
                readText(second.path / "b.plan" / relative))
          << relative;
      ++compared;
    }
  }
  EXPECT_GE(compared, 10u);
}

TEST(Tales, APlanFindsItsWeights) {
  Scratch scratch;
  std::filesystem::copy(tales, scratch.path / "copy",
                        std::filesystem::copy_options::recursive);
  std::string plan = scratch.at("t.plan");
  Outcome outcome =
      runSinter({"compile", scratch.at("copy"), "-o", plan, "--no-nvrtc"});
  ASSERT_EQ(outcome.exitCode, 0) << outcome.err;
  std::vector<std::string> run = {"run", plan, "--ids",      "1",
                                  "-n",  "1",  "--unchecked"};
  outcome = runSinter(run);
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  // Gone from where it was: said with the remedy, and --model mends it.
  std::filesystem::remove_all(scratch.path / "copy");
  outcome = runSinter(run);
  EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("SIN2705"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("--model"), std::string::npos);
  run.insert(run.end(), {"--model", tales});
  outcome = runSinter(run);
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  // Another checkpoint is not taken for it.
  run.back() = checkpoints / "qwen2-rand";
  outcome = runSinter(run);
  EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
}

} // namespace
