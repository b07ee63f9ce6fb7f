//===- SoakTest.cpp - Many tokens, twice ----------------------------------===//

#include "tools/Soak.h"

#include <gtest/gtest.h>

#include <set>

using namespace sinter;

namespace {

/// Token = id + position; from the call `breaksAt` on it says something else.
class Counting : public StepEngine {
public:
  uint32_t capacity() const override { return 16; }
  uint32_t vocabSize() const override { return 100; }
  Result<int32_t> step(int32_t id, uint32_t position) override {
    if (position == 0) {
      starts.insert(id);
    }
    const int32_t drift = calls++ >= breaksAt ? 1 : 0;
    return (id + static_cast<int32_t>(position) + drift) % 100;
  }
  Result<std::vector<float>> logits() override {
    return std::vector<float>(100);
  }

  std::set<int32_t> starts;
  size_t calls = 0;
  size_t breaksAt = SIZE_MAX;
};

TEST(Soak, SeveralSequencesOfAllLengths) {
  Counting engine;
  auto run = soak(engine, 50);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->tokens, 50u);
  // 4 + 8 + 12 + 15, then 4 and what is left.
  EXPECT_EQ(run->sequences, 6u);
  EXPECT_EQ(engine.starts.size(), 6u);
  EXPECT_EQ(run->digest.size(), 64u);
}

TEST(Soak, TwoRunsMustAgree) {
  Counting steady;
  auto same = soakTwice(steady, 30, nullptr);
  ASSERT_TRUE(same) << same.error().message();
  Counting drifting;
  drifting.breaksAt = 40;
  auto other = soakTwice(drifting, 30, nullptr);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::VerifyMismatch);
}

TEST(Soak, MemoryThatTheSecondRunTakesIsAnError) {
  for (uint64_t lost : {0, 4096}) {
    Counting engine;
    uint64_t free = 1 << 20;
    auto run = soakTwice(engine, 30, [&]() -> Result<uint64_t> {
      const uint64_t now = free;
      free -= lost;
      return now;
    });
    EXPECT_EQ(run.ok(), lost == 0);
    if (!run) {
      EXPECT_NE(run.error().message().find("4096 bytes"), std::string::npos);
    }
  }
}

} // namespace
