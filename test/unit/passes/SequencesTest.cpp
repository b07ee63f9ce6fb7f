//===- SequencesTest.cpp - Several texts through one plan -----------------===//

#include "test/unit/passes/SequencesFixture.h"

using namespace sinter;

namespace {

class SequencesOf : public ::testing::TestWithParam<std::vector<int64_t>> {};

// Lengths differ, one ends early, one begins while others run in the place of
// another: bit for bit what each is alone in the same plan.
TEST_P(SequencesOf, DoNotSeeEachOther) {
  Subject subject(3, GetParam());
  const size_t lengths[] = {1, 7, 17, 30};
  const size_t counts[] = {4, 9, 3, 10};
  std::vector<Text> wanted;
  for (size_t i = 0; i < 4; ++i) {
    wanted.push_back(alone(subject, promptOf(i, lengths[i]), counts[i]));
  }
  EXPECT_NE(wanted[0], wanted[1]);

  Sequences &sequences = *subject.sequences;
  std::map<SequenceId, size_t> asked;
  std::vector<SequenceId> ids;
  for (size_t i = 0; i < 3; ++i) {
    ids.push_back(subject.open(promptOf(i, lengths[i])));
    asked[ids.back()] = counts[i];
  }
  std::map<SequenceId, Text> texts;
  // The first one is over when the fourth begins.
  for (int steps = 0; steps < 4; ++steps) {
    auto choices = sequences.step();
    ASSERT_TRUE(choices.ok()) << choices.error().message();
    for (const Sequences::Choice &choice : *choices) {
      Text &text = texts[choice.sequence];
      text.logits.push_back(*sequences.logits(choice.sequence));
      text.tokens.push_back(choice.token);
      const bool over = text.tokens.size() == asked.at(choice.sequence);
      ASSERT_TRUE(
          (over ? sequences.close(choice.sequence)
                : sequences.feed(choice.sequence, std::span(&choice.token, 1)))
              .ok());
    }
  }
  ASSERT_EQ(sequences.length(ids[0]).error().code, ErrorCode::SequenceClosed);
  ids.push_back(subject.open(promptOf(3, lengths[3])));
  asked[ids[3]] = counts[3];
  for (auto &[id, count] : asked) {
    count -= texts[id].tokens.size();
  }
  for (auto &[id, rest] : run(sequences, asked)) {
    Text &text = texts[id];
    text.tokens.insert(text.tokens.end(), rest.tokens.begin(),
                       rest.tokens.end());
    text.logits.insert(text.logits.end(), rest.logits.begin(),
                       rest.logits.end());
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(texts[ids[i]].tokens, wanted[i].tokens) << i;
    EXPECT_TRUE(texts[ids[i]] == wanted[i]) << i << ": other logits";
  }
}

INSTANTIATE_TEST_SUITE_P(Prefills, SequencesOf,
                         ::testing::Values(std::vector<int64_t>{},
                                           std::vector<int64_t>{4, 16}),
                         [](const auto &info) {
                           return info.param.empty() ? "TokenByToken"
                                                     : "InChunks";
                         });

TEST(Sequences, OneOfThemGoesOnLater) {
  Subject subject(2, {4});
  const std::vector<int32_t> prompt = promptOf(1, 9);
  const Text wanted = alone(subject, prompt, 1);
  // In two parts, the other one busy between them.
  Sequences &sequences = *subject.sequences;
  const SequenceId other = subject.open(promptOf(2, 3));
  const SequenceId id =
      subject.open(std::vector<int32_t>(prompt.begin(), prompt.begin() + 5));
  while (sequences.waiting()) {
    ASSERT_TRUE(sequences.step().ok());
  }
  const std::vector<uint16_t> before = *sequences.logits(id);
  ASSERT_TRUE(sequences.feed(other, promptOf(5, 6)).ok());
  while (sequences.waiting()) {
    ASSERT_TRUE(sequences.step().ok());
  }
  EXPECT_EQ(*sequences.logits(id), before) << "repeating changes nothing";
  EXPECT_EQ(*sequences.length(id), 5u);
  EXPECT_EQ(*sequences.length(other), 9u);
  ASSERT_TRUE(sequences.feed(id, std::span(prompt).subspan(5)).ok());
  int32_t token = -1;
  while (sequences.waiting()) {
    auto choices = sequences.step();
    ASSERT_TRUE(choices.ok());
    for (const Sequences::Choice &choice : *choices) {
      EXPECT_EQ(choice.sequence, id);
      token = choice.token;
    }
  }
  EXPECT_EQ(token, wanted.tokens[0]);
}

TEST(Sequences, FillTheCacheExactly) {
  Subject subject(2, {16});
  const SequenceId full = subject.open(promptOf(1, capacity));
  const SequenceId other = subject.open(promptOf(2, 1));
  Sequences &sequences = *subject.sequences;
  while (sequences.waiting()) {
    ASSERT_TRUE(sequences.step().ok());
  }
  const std::vector<uint16_t> last = *sequences.logits(full);
  // It stands at the end while the other goes on.
  ASSERT_TRUE(sequences.feed(other, promptOf(3, 20)).ok());
  while (sequences.waiting()) {
    ASSERT_TRUE(sequences.step().ok());
  }
  EXPECT_EQ(*sequences.logits(full), last);
  const int32_t one = 1;
  Status refused = sequences.feed(full, std::span(&one, 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message(),
            "SIN2703 (more positions than the KV cache holds): sequence 0: "
            "wanted at most 40 positions (--max-context), found 40 + 1; close "
            "it, or compile with a larger --max-context");
}

TEST(Sequences, BadInputLeavesTheOthersAlone) {
  Subject subject(2);
  Sequences &sequences = *subject.sequences;
  const Text wanted = alone(subject, promptOf(0, 3), 5);
  EXPECT_EQ(sequences.most(), 2u);
  const SequenceId good = subject.open(promptOf(0, 3));
  const SequenceId bad = subject.open({1});
  auto message = [](const auto &result) {
    return result ? "" : result.error().message();
  };
  auto feed = [&](SequenceId id, std::vector<int32_t> ids) {
    return message(sequences.feed(id, ids));
  };
  EXPECT_EQ(message(sequences.open()),
            "SIN2709 (no room for another sequence): sequences: wanted at most "
            "2 open (--batch), found one more; close one, or compile with a "
            "larger --batch");
  EXPECT_EQ(feed(bad, {}).substr(0, 7), "SIN2701");
  EXPECT_EQ(feed(bad, {1, 1000}).substr(0, 7), "SIN2702");
  EXPECT_EQ(feed(bad, {-1}).substr(0, 7), "SIN2702");
  EXPECT_EQ(feed(bad, promptOf(0, capacity)).substr(0, 7), "SIN2703");
  EXPECT_EQ(*sequences.length(bad), 1u) << "refused ids are not fed";
  EXPECT_EQ(message(sequences.logits(bad)).substr(0, 7), "SIN2520");
  ASSERT_TRUE(sequences.close(bad).ok());
  EXPECT_EQ(message(sequences.close(bad)),
            "SIN2710 (sequence that is not open): sequence " +
                std::to_string(static_cast<uint64_t>(bad)) +
                ": wanted one that is open, found a closed one");
  EXPECT_EQ(feed(SequenceId{99}, {1}),
            "SIN2710 (sequence that is not open): sequence 99: wanted one that "
            "is open, found one that never was");
  EXPECT_EQ(message(sequences.logits(bad)).substr(0, 7), "SIN2710");
  EXPECT_TRUE(run(sequences, {{good, 5}})[good] == wanted);
}

} // namespace
