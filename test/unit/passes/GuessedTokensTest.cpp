//===- GuessedTokensTest.cpp - Several tokens verified in one step --------===//

#include "models/config/Tensors.h"
#include "runtime/Sequences.h"
#include "runtime/format/Checkpoint.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace sinter;

namespace {

using Ids = std::vector<int32_t>;

struct Asked {
  std::string checkpoint = "/test/data/checkpoints/qwen3-rand";
  int64_t batch = 1;
  int64_t capacity = 40;
  std::vector<int64_t> verifies = {3, 8};
  bool random = true; ///< weights
};

struct Subject {
  explicit Subject(const Asked &asked) {
    CompileRequest request;
    const std::string folder =
        std::string(SINTER_SOURCE_DIR) + asked.checkpoint;
    Result<ModelSource> source = resolveModel(folder);
    EXPECT_TRUE(source.ok());
    request.source = std::move(*source);
    std::unique_ptr<WeightSource> weights;
    if (asked.random) {
      request.weights.seed = 3;
      weights = std::make_unique<RandomWeights>(
          3, expectedTensors(request.source.config));
    } else {
      auto checkpoint = Checkpoint::open(folder);
      EXPECT_TRUE(checkpoint.ok());
      weights = std::move(*checkpoint);
      request.weights.fingerprint = weights->fingerprint();
    }
    request.workload.batch = asked.batch;
    request.workload.context = 12;
    request.workload.maxContext = asked.capacity;
    request.prefills = {4};
    request.verifies = asked.verifies;
    Result<PlanArtifact> artifact = compileModel(request);
    EXPECT_TRUE(artifact.ok()) << artifact.error().message();
    host::HostOptions options;
    options.checked = asked.random;
    options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
    auto made = host::HostDevice::create(options);
    EXPECT_TRUE(made.ok());
    device = std::move(*made);
    auto prepared = Session::prepare(*artifact, *weights, *device);
    EXPECT_TRUE(prepared.ok()) << prepared.error().message();
    session = std::move(*prepared);
    auto texts = Sequences::create(*session, 0);
    EXPECT_TRUE(texts.ok()) << texts.error().message();
    sequences.emplace(std::move(*texts));
  }

  SequenceId open() {
    Result<SequenceId> id = sequences->open();
    EXPECT_TRUE(id.ok()) << id.error().message();
    return *id;
  }
  /// Of the only sequence that waits: the choice behind the last of `ids`.
  int32_t feed(SequenceId id, const Ids &ids) {
    Status fed = sequences->feed(id, ids);
    EXPECT_TRUE(fed.ok()) << fed.error().message();
    int32_t token = -1;
    while (sequences->waiting()) {
      auto choices = sequences->step();
      EXPECT_TRUE(choices.ok()) << choices.error().message();
      for (const Sequences::Choice &choice : *choices) {
        token = choice.token;
      }
    }
    return token;
  }
  /// `count` greedy tokens behind `prompt`, with the logits behind each.
  Ids greedy(SequenceId id, const Ids &prompt, size_t count) {
    Ids tokens = {feed(id, prompt)};
    logits = {*sequences->logits(id)};
    while (tokens.size() < count) {
      tokens.push_back(feed(id, {tokens.back()}));
      logits.push_back(*sequences->logits(id));
    }
    return tokens;
  }
  Ids verify(SequenceId id, const Ids &guessed) {
    auto choices = sequences->verify(id, guessed);
    EXPECT_TRUE(choices.ok()) << choices.error().message();
    return choices ? *choices : Ids();
  }

  std::unique_ptr<host::HostDevice> device;
  std::unique_ptr<Session> session;
  std::optional<Sequences> sequences;
  std::vector<std::vector<uint16_t>> logits;
};

Ids promptOf(size_t seed, size_t length) {
  Ids ids(length);
  for (size_t i = 0; i < length; ++i) {
    ids[i] = static_cast<int32_t>((31 * i + 97 * seed + 2) % 1000);
  }
  return ids;
}

/// Relative L2; bf16 alone is twice as far from fp32 on these checkpoints.
void expectNear(const std::vector<uint16_t> &found,
                const std::vector<uint16_t> &wanted, size_t row) {
  ASSERT_EQ(found.size(), wanted.size());
  double distance = 0;
  double norm = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const auto wide = [](uint16_t bits) {
      return double{std::bit_cast<float>(uint32_t{bits} << 16)};
    };
    distance += std::pow(wide(found[i]) - wide(wanted[i]), 2);
    norm += std::pow(wide(wanted[i]), 2);
  }
  EXPECT_LE(std::sqrt(distance / norm), 0x1p-7) << "row " << row;
}

// The choices behind k tokens are those of k steps; a wrong guess is found, and
// what follows the tokens that were kept is as if it had never been there.
TEST(GuessedTokens, ChoicesAreThoseOfSteps) {
  Subject subject({.checkpoint = "/models/checkpoints/tales",
                   .capacity = 64,
                   .verifies = {2, 7},
                   .random = false});
  const Ids prompt = {5, 17, 300, 42, 8};
  const SequenceId plain = subject.open();
  const Ids wanted = subject.greedy(plain, prompt, 24);
  ASSERT_TRUE(subject.sequences->close(plain).ok());

  const SequenceId id = subject.open();
  Ids text = {subject.feed(id, prompt)};
  size_t rejected = 0;
  for (size_t round = 0; text.size() + 7 < wanted.size(); ++round) {
    // Right guesses, then from `right` on wrong ones.
    const size_t count = round % 3 == 2 ? 2 : 4 + round % 4;
    const size_t right = 1 + round % count;
    Ids guessed = {text.back()};
    for (size_t i = 1; i < count; ++i) {
      const int32_t next = wanted[text.size() - 1 + i];
      guessed.push_back(i < right ? next : (next + 1) % 2000);
    }
    const uint32_t before = *subject.sequences->length(id);
    const Ids choices = subject.verify(id, guessed);
    ASSERT_EQ(choices.size(), count);
    EXPECT_EQ(*subject.sequences->length(id), before + count);
    size_t kept = 1;
    text.push_back(choices[0]);
    while (kept < count && guessed[kept] == choices[kept - 1]) {
      text.push_back(choices[kept++]);
    }
    EXPECT_EQ(kept, right) << "round " << round;
    rejected += count - kept;
    ASSERT_TRUE(
        subject.sequences->truncate(id, before + static_cast<uint32_t>(kept))
            .ok());
    ASSERT_EQ(text, Ids(wanted.begin(),
                        wanted.begin() + static_cast<long>(text.size())));
  }
  EXPECT_GT(rejected, 5u);
  // Steps go on behind it.
  while (text.size() < wanted.size()) {
    text.push_back(subject.feed(id, {text.back()}));
  }
  EXPECT_EQ(text, wanted);
}

TEST(GuessedTokens, LogitsOfAllRows) {
  Subject subject({});
  const SequenceId plain = subject.open();
  const Ids tokens = subject.greedy(plain, promptOf(1, 5), 9);
  const auto wanted = subject.logits;
  ASSERT_TRUE(subject.sequences->close(plain).ok());
  const SequenceId id = subject.open();
  subject.feed(id, promptOf(1, 5));
  const Ids guessed(tokens.begin(), tokens.begin() + 6);
  subject.verify(id, guessed);
  for (size_t row = 0; row < guessed.size(); ++row) {
    auto found = subject.sequences->verifiedLogits(row);
    ASSERT_TRUE(found.ok()) << found.error().message();
    expectNear(*found, wanted[row + 1], row);
  }
  auto beyond = subject.sequences->verifiedLogits(6);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().message(),
            "SIN2731 (token id, row or position out of range): row of verified "
            "logits: wanted one of the 6 ids verified last, found 6");
}

// In a batch: the others' bits stay what they are.
TEST(GuessedTokens, TheOthersGoOnUntouched) {
  Subject subject({.batch = 2});
  const SequenceId alone = subject.open();
  const Ids wanted = subject.greedy(alone, promptOf(2, 6), 6);
  const auto bits = subject.logits;
  ASSERT_TRUE(subject.sequences->close(alone).ok());

  const SequenceId other = subject.open();
  const SequenceId id = subject.open();
  const int32_t first = subject.feed(id, promptOf(3, 7));
  Ids tokens = {subject.feed(other, promptOf(2, 6))};
  EXPECT_EQ(*subject.sequences->logits(other), bits[0]);
  const Ids again = subject.verify(id, {first, 7, 8});
  for (size_t i = 1; i < wanted.size(); ++i) {
    tokens.push_back(subject.feed(other, {tokens.back()}));
    EXPECT_EQ(*subject.sequences->logits(other), bits[i]) << i;
    // Its own cache is what it was too, whatever the steps of the batch did.
    ASSERT_TRUE(subject.sequences->truncate(id, 7).ok());
    EXPECT_EQ(subject.verify(id, {first, 7, 8}), again) << i;
  }
  EXPECT_EQ(tokens, wanted);
}

// The step ends at the position that the entry was made for.
TEST(GuessedTokens, TheHostCountsWhatThePlanSays) {
  Subject subject({.verifies = {5}});
  const SequenceId id = subject.open();
  subject.feed(id, promptOf(1, 7));
  subject.device->resetCounters();
  subject.verify(id, promptOf(2, 5));
  const format::Plan &plan = subject.session->plan();
  const format::Entry &entry = plan.entries.back();
  ASSERT_EQ(entry.name, "verify");
  ASSERT_EQ(entry.workload, (format::Workload{"verify", 1, 5, 12, 40}));
  std::map<std::string, uint64_t> launches;
  for (const format::Step &step : entry.steps) {
    launches[step.kernel] += step.kind == format::StepKind::Launch;
  }
  for (const format::Kernel &kernel : plan.kernels) {
    Result<KernelCounters> counted = subject.session->counters(kernel.symbol);
    ASSERT_TRUE(counted.ok());
    const uint64_t times = launches[kernel.symbol];
    EXPECT_EQ(counted->launches, times) << kernel.symbol;
    const format::Work *work = format::findWork(entry, kernel.symbol);
    for (size_t i = 0; i < kernel.params.size() && times != 0; ++i) {
      EXPECT_EQ(counted->params[i].loaded, times * work->params[i].loaded)
          << kernel.symbol << " " << kernel.params[i].name;
      EXPECT_EQ(counted->params[i].stored, times * work->params[i].stored)
          << kernel.symbol << " " << kernel.params[i].name;
    }
  }
}

TEST(GuessedTokens, TruncateTakesBackWhatWaitsToo) {
  Subject subject({});
  Sequences &sequences = *subject.sequences;
  const SequenceId plain = subject.open();
  const int32_t wanted = subject.feed(plain, promptOf(1, 6));
  ASSERT_TRUE(sequences.close(plain).ok());
  const SequenceId id = subject.open();
  ASSERT_TRUE(sequences.feed(id, promptOf(1, 9)).ok());
  ASSERT_TRUE(sequences.truncate(id, 5).ok());
  EXPECT_EQ(*sequences.length(id), 5u);
  subject.feed(id, {7, 8, 9});
  EXPECT_TRUE(sequences.logits(id).ok());
  ASSERT_TRUE(sequences.truncate(id, 5).ok());
  EXPECT_EQ(sequences.logits(id).error().code, ErrorCode::PlanLacks);
  EXPECT_EQ(subject.feed(id, {promptOf(1, 6)[5]}), wanted);
  ASSERT_TRUE(sequences.truncate(id, 0).ok());
  EXPECT_EQ(subject.feed(id, promptOf(1, 6)), wanted) << "an empty one again";
}

TEST(GuessedTokens, BadInputChangesNothing) {
  Subject subject({.batch = 2});
  Sequences &sequences = *subject.sequences;
  const SequenceId id = subject.open();
  subject.feed(id, promptOf(1, 33));
  const std::vector<uint16_t> before = *sequences.logits(id);
  auto refusal = [&](SequenceId of, const Ids &ids) {
    auto choices = sequences.verify(of, ids);
    return choices ? "" : choices.error().message();
  };
  EXPECT_EQ(refusal(id, {}).substr(0, 7), "SIN2701");
  EXPECT_EQ(refusal(id, {1, 1000}).substr(0, 7), "SIN2702");
  EXPECT_EQ(refusal(SequenceId{9}, {1}).substr(0, 7), "SIN2710");
  EXPECT_EQ(refusal(id, promptOf(1, 9)),
            "SIN2520 (plan lacks what was asked of it): sequence 0: wanted a "
            "verify entry of 9 tokens or more (--verify), found at most 8; "
            "verify fewer at once, or compile with --verify 9");
  EXPECT_EQ(refusal(id, promptOf(1, 4)),
            "SIN2703 (more positions than the KV cache holds): sequence 0: "
            "wanted at most 40 positions (--max-context), found 33 + 8 of the "
            "verify entry; feed these ids, or verify fewer at once");
  EXPECT_EQ(sequences.truncate(id, 34).error().message(),
            "SIN2731 (token id, row or position out of range): sequence 0: "
            "wanted at most its 33 ids, found 34");
  EXPECT_EQ(sequences.truncate(SequenceId{9}, 0).error().code,
            ErrorCode::SequenceClosed);
  EXPECT_EQ(*sequences.length(id), 33u);
  EXPECT_EQ(*sequences.logits(id), before);
  EXPECT_EQ(refusal(id, promptOf(1, 3)), "") << "three fit";
  ASSERT_TRUE(sequences.feed(id, promptOf(2, 2)).ok());
  EXPECT_NE(refusal(id, {1}).find("ids that have all run, found 2 waiting"),
            std::string::npos);
  Subject without({.verifies = {}});
  const SequenceId other = without.open();
  EXPECT_NE(
      without.sequences->verify(other, Ids{1}).error().message().find("none"),
      std::string::npos);
}

} // namespace
