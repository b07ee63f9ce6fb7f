//===- PromptFileTest.cpp - Several texts at once -------------------------===//

#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::e2e;

namespace {

std::vector<std::string> linesOf(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t from = 0; from < text.size();) {
    const size_t to = text.find('\n', from);
    lines.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return lines;
}

/// Five texts and room for two: what each is alone, but for a bad one, which is
/// an error of its own.
TEST(PromptFile, TextsOfABatchAreThoseOfEachAlone) {
  Scratch scratch;
  const std::string plan = scratch.at("two.plan");
  ASSERT_EQ(runSinter({"compile", tales, "--batch", "2", "--prefill", "4,16",
                       "--max-context", "256", "--no-nvrtc", "-o", plan})
                .exitCode,
            0);
  writeText(scratch.path / "prompts.jsonl",
            "{\"prompt\": \"Once upon a time there was a compiler\"}\n"
            "{\"chat\": \"What is a fusion?\", \"count\": 24}\n"
            "\n"
            "{\"ids\": []}\n"
            "{\"ids\": [5, 6, 7], \"count\": 3}\n"
            "{\"prompt\": \"The\", \"count\": 1}\n");
  Outcome batch =
      runSinter({"run", plan, "--prompt-file", scratch.at("prompts.jsonl"),
                 "-n", "12", "--unchecked"});
  EXPECT_EQ(batch.exitCode, 3) << batch.err;
  EXPECT_NE(batch.err.find("SIN2701"), std::string::npos) << batch.err;
  EXPECT_NE(batch.err.find("text 3: prompt"), std::string::npos) << batch.err;
  const std::vector<std::string> lines = linesOf(batch.out);
  ASSERT_EQ(lines.size(), 5u) << batch.out;
  EXPECT_NE(lines[2].find("\"error\""), std::string::npos) << lines[2];

  const std::vector<std::vector<std::string>> alone = {
      {"--prompt", "Once upon a time there was a compiler", "-n", "12"},
      {"--chat", "What is a fusion?", "-n", "24"},
      {},
      {"--ids", "5,6,7", "-n", "3"},
      {"--prompt", "The", "-n", "1"}};
  for (size_t i = 0; i < alone.size(); ++i) {
    if (alone[i].empty()) {
      continue;
    }
    std::vector<std::string> arguments = {"run",      tales,  "--unchecked",
                                          "--format", "json", "--max-context",
                                          "256"};
    arguments.insert(arguments.end(), alone[i].begin(), alone[i].end());
    Outcome one = runSinter(arguments);
    ASSERT_EQ(one.exitCode, 0) << one.err;
    EXPECT_EQ(lines[i] + "\n", one.out) << i;
  }
}

TEST(PromptFile, OneTextGoesThroughPrefillEntriesToo) {
  Outcome chunks = runSinter({"run", tales, "--ids", "1,2,3,4,5,6,7,8,9", "-n",
                              "4", "--prefill", "4", "--unchecked"});
  ASSERT_EQ(chunks.exitCode, 0) << chunks.err;
  Outcome steps = runSinter(
      {"run", tales, "--ids", "1,2,3,4,5,6,7,8,9", "-n", "4", "--unchecked"});
  EXPECT_EQ(chunks.out, steps.out);
  Scratch scratch;
  const std::string plan = scratch.at("t.plan");
  ASSERT_EQ(runSinter({"compile", tales, "-o", plan, "--no-nvrtc"}).exitCode,
            0);
  Outcome asked = runSinter({"run", plan, "--ids", "1", "--prefill", "4"});
  EXPECT_EQ(asked.exitCode, 2) << asked.err;
  EXPECT_NE(asked.err.find("SIN1004"), std::string::npos) << asked.err;
}

/// Four texts, three of which begin alike, in pages for little more than two:
/// what each is alone in a contiguous cache, and the common ids run once.
TEST(PromptFile, WhatBeginsAlikeIsComputedOnce) {
  Scratch scratch;
  const std::string plan = scratch.at("paged.plan");
  Outcome compiled =
      runSinter({"compile", tales, "--batch", "3", "--max-context", "64",
                 "--page", "16", "--pool", "8", "--no-nvrtc", "-o", plan});
  ASSERT_EQ(compiled.exitCode, 0) << compiled.err;
  std::string common;
  for (int id = 40; id < 60; ++id) {
    common += std::to_string(id) + ",";
  }
  const std::vector<std::string> prompts = {common + "7", common + "8,9",
                                            "5,6,7", common + "300"};
  std::string file;
  for (const std::string &ids : prompts) {
    file += "{\"ids\": [" + ids + "]}\n";
  }
  writeText(scratch.path / "p.jsonl", file);
  Outcome batch = runSinter({"run", plan, "--prompt-file",
                             scratch.at("p.jsonl"), "-n", "12", "--unchecked"});
  ASSERT_EQ(batch.exitCode, 0) << batch.err;
  EXPECT_NE(batch.err.find("40 of 67 prompt tokens taken from texts that begin "
                           "alike"),
            std::string::npos)
      << batch.err;
  const std::vector<std::string> lines = linesOf(batch.out);
  ASSERT_EQ(lines.size(), prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) {
    Outcome one =
        runSinter({"run", tales, "--ids", prompts[i], "-n", "12", "--unchecked",
                   "--format", "json", "--max-context", "64"});
    ASSERT_EQ(one.exitCode, 0) << one.err;
    EXPECT_EQ(lines[i] + "\n", one.out) << i;
  }
  Outcome memory = runSinter({"inspect", plan, "--view", "memory"});
  EXPECT_NE(memory.out.find("8 pages of 16 positions"), std::string::npos)
      << memory.out;
  Outcome bad = runSinter({"inspect", tales, "--page", "24"});
  EXPECT_EQ(bad.exitCode, 3) << bad.err;
  EXPECT_NE(bad.err.find("SIN2711"), std::string::npos) << bad.err;
}

TEST(PromptFile, MalformedFilesAreRefusedByLine) {
  Scratch scratch;
  auto refusal = [&](const std::string &text) {
    writeText(scratch.path / "p.jsonl", text);
    Outcome outcome = runSinter(
        {"run", tales, "--prompt-file", scratch.at("p.jsonl"), "--unchecked"});
    EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  auto expectIn = [](const std::string &text, const std::string &part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  const std::string good = "{\"ids\": [1]}\n";
  expectIn(refusal(good + "{\"ids\": [1]"), "p.jsonl, line 2");
  expectIn(refusal(good + "{\"id\": [1]}"), "SIN2009");
  expectIn(refusal(good + "{}"), "SIN2008");
  expectIn(refusal("{\"ids\": [1], \"chat\": \"x\"}"), "2 of them");
  expectIn(refusal("{\"ids\": [4294967296]}"), "SIN2007");
  expectIn(refusal("{\"ids\": [1], \"count\": 0}"), "SIN2007");
  expectIn(refusal("\n \n"), "SIN2701");
}

} // namespace
