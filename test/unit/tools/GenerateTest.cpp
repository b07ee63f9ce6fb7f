//===- GenerateTest.cpp - The token loop ----------------------------------===//

#include "tools/Generate.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace sinter;

namespace {

/// After id i the largest logit is at (i + 1) % vocab; the one after it is next
/// best.
class Counting : public StepEngine {
public:
  uint32_t capacity() const override { return 8; }
  uint32_t vocabSize() const override { return 10; }
  Result<int32_t> step(int32_t id, uint32_t position) override {
    EXPECT_EQ(position, fed.size());
    fed.push_back(id);
    return (id + 1) % 10;
  }
  Result<std::vector<float>> logits() override {
    std::vector<float> all(10, 0.0F);
    all[static_cast<size_t>((fed.back() + 1) % 10)] = 9;
    all[static_cast<size_t>((fed.back() + 2) % 10)] = 8;
    ++logitReads;
    return all;
  }
  std::vector<int32_t> fed;
  int logitReads = 0;
};

/// Runs two steps ahead of what greedy() has given.
class FeedingItself : public Counting {
public:
  bool feedsItself() const override { return true; }
  Result<int32_t> step(int32_t id, uint32_t position) override {
    at.push_back(position);
    fed.push_back(id);
    return (id + 1) % 10;
  }
  Status beginGreedy(int32_t id, uint32_t position, uint32_t count,
                     std::span<const int32_t> stopIds) override {
    begun.push_back({id, static_cast<int32_t>(position),
                     static_cast<int32_t>(count),
                     static_cast<int32_t>(stopIds.size())});
    next = id;
    left = count;
    return Status::success();
  }
  Result<int32_t> greedy() override {
    EXPECT_GT(left, 0u);
    --left;
    next = (next + 1) % 10;
    fed.push_back((next + 1) % 10); // logits are those of a step ahead
    return next;
  }
  std::vector<std::vector<int32_t>> begun;
  std::vector<uint32_t> at; ///< positions of step()
  int32_t next = 0;
  uint32_t left = 0;
};

Status ignore(int32_t) { return Status::success(); }

TEST(Generate, FeedsPromptThenItsOwnTokens) {
  Counting engine;
  std::vector<int32_t> shown;
  auto result = generate(engine, {{4, 5}, 3, {}, {}, 0}, [&](int32_t id) {
    shown.push_back(id);
    return Status::success();
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->ids, (std::vector<int32_t>{6, 7, 8}));
  EXPECT_EQ(shown, result->ids);
  EXPECT_EQ(engine.fed, (std::vector<int32_t>{4, 5, 6, 7}));
  EXPECT_FALSE(result->stoppedBy.has_value());
  EXPECT_EQ(engine.logitReads, 0) << "greedy needs no logits";
}

TEST(Generate, StopsAtAnEndToken) {
  Counting engine;
  std::vector<int32_t> shown;
  auto result = generate(engine, {{1}, 7, {9, 4}, {}, 0}, [&](int32_t id) {
    shown.push_back(id);
    return Status::success();
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->ids, (std::vector<int32_t>{2, 3, 4}));
  EXPECT_EQ(shown, (std::vector<int32_t>{2, 3}));
  EXPECT_EQ(result->stoppedBy, 4);
}

TEST(Generate, NeverChoosesAnIdFromTheLimitOn) {
  Counting engine;
  SamplingOptions sampling;
  sampling.limit = 7;
  auto result = generate(engine, {{5}, 3, {}, sampling, 0}, ignore);
  ASSERT_TRUE(result.ok());
  // After 5 comes 6; after 6 neither 7 nor 8 may come: 0 is the lowest of the
  // rest, which are equal.
  EXPECT_EQ(result->ids, (std::vector<int32_t>{6, 0, 1}));
  EXPECT_EQ(engine.logitReads, 1);
}

TEST(Generate, GreedyStepsFollowEachOtherWithoutTheHost) {
  FeedingItself engine;
  auto result = generate(engine, {{4, 5}, 6, {9}, {}, 0}, ignore);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->ids, (std::vector<int32_t>{6, 7, 8, 9}));
  EXPECT_EQ(result->stoppedBy, 9);
  EXPECT_EQ(engine.at, (std::vector<uint32_t>{0, 1})) << "the prompt";
  EXPECT_EQ(engine.begun, (std::vector<std::vector<int32_t>>{{6, 2, 5, 1}}));
  EXPECT_EQ(engine.logitReads, 0);
}

TEST(Generate, AnIdThatMayNotComeIsChosenAgainByItsOwnLogits) {
  FeedingItself engine;
  SamplingOptions sampling;
  sampling.limit = 7;
  auto result = generate(engine, {{4}, 5, {}, sampling, 0}, ignore);
  ASSERT_TRUE(result.ok());
  // As an engine that the host feeds.
  EXPECT_EQ(result->ids, (std::vector<int32_t>{5, 6, 0, 1, 2}));
  EXPECT_EQ(engine.logitReads, 1);
  // 6 was fed at position 2, and again for its logits.
  EXPECT_EQ(engine.at, (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(engine.begun,
            (std::vector<std::vector<int32_t>>{{5, 1, 4, 0}, {0, 3, 2, 0}}));
}

TEST(Generate, SampledStepsAreFedByTheHost) {
  FeedingItself engine;
  SamplingOptions sampling;
  sampling.temperature = 5;
  ASSERT_TRUE(generate(engine, {{4}, 3, {}, sampling, 0}, ignore).ok());
  EXPECT_EQ(engine.at.size(), 3u);
  EXPECT_TRUE(engine.begun.empty());
}

TEST(Generate, SamplesReproduciblyBySeed) {
  SamplingOptions sampling;
  sampling.temperature = 5;
  auto draw = [&](uint64_t seed) {
    Counting engine;
    auto result = generate(engine, {{0}, 8, {}, sampling, seed}, ignore);
    EXPECT_TRUE(result.ok());
    return result->ids;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(Generate, RefusesWhatCannotRun) {
  Counting engine;
  auto code = [&](const GenerateRequest &request) {
    auto result = generate(engine, request, ignore);
    return result ? ErrorCode::Internal : result.error().code;
  };
  EXPECT_EQ(code({{}, 1, {}, {}, 0}), ErrorCode::PromptEmpty);
  EXPECT_EQ(code({{3, 10}, 1, {}, {}, 0}), ErrorCode::TokenOutsideVocabulary);
  EXPECT_EQ(code({{-1}, 1, {}, {}, 0}), ErrorCode::TokenOutsideVocabulary);
  EXPECT_EQ(code({{1, 2}, 8, {}, {}, 0}), ErrorCode::ContextExceeded);
  EXPECT_TRUE(engine.fed.empty()) << "refused before the first step";
  // Seven rows for the prompt and six new tokens, the seventh is not fed.
  EXPECT_TRUE(generate(engine, {{1, 2}, 7, {}, {}, 0}, ignore).ok());
}

TEST(Generate, RefusesSamplingThatMeansNothing) {
  Counting engine;
  SamplingOptions sampling;
  sampling.topP = 0;
  auto result = generate(engine, {{1}, 1, {}, sampling, 0}, ignore);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::InvalidSampling);
  EXPECT_TRUE(engine.fed.empty());
}

TEST(Generate, RefusesLogitsThatAreNoNumbers) {
  class Broken : public Counting {
  public:
    Result<std::vector<float>> logits() override {
      return std::vector<float>(10, std::nanf(""));
    }
  };
  Broken engine;
  SamplingOptions sampling;
  sampling.temperature = 1;
  auto result = generate(engine, {{1}, 1, {}, sampling, 0}, ignore);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::UnusableLogits);
}

TEST(Generate, PassesOnWhatTheListenerSays) {
  Counting engine;
  auto result = generate(engine, {{1}, 4, {}, {}, 0}, [](int32_t) -> Status {
    return Error{ErrorCode::FileUnwritable, "stdout", "", "", ""};
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::FileUnwritable);
  EXPECT_EQ(engine.fed.size(), 1u);
}

} // namespace
