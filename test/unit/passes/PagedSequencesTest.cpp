//===- PagedSequencesTest.cpp - Caches in pages, prefixes shared ----------===//

#include "runtime/format/Bindings.h"
#include "runtime/format/Validate.h"
#include "test/unit/passes/SequencesFixture.h"
#include "tools/BenchStep.h"

#include <random>

using namespace sinter;

namespace {

template <typename T>
std::string messageOf(const T &result) {
  return result ? "" : result.error().message();
}

/// All texts at once, as far as there is room; each is waited for.
std::vector<Text> together(Subject &subject,
                           const std::vector<std::vector<int32_t>> &prompts,
                           const std::vector<size_t> &counts) {
  std::map<SequenceId, size_t> asked;
  std::vector<SequenceId> ids;
  for (size_t i = 0; i < prompts.size(); ++i) {
    ids.push_back(subject.open(prompts[i]));
    asked[ids.back()] = counts[i];
  }
  std::map<SequenceId, Text> texts = run(*subject.sequences, asked);
  std::vector<Text> found;
  found.reserve(ids.size());
  for (SequenceId id : ids) {
    found.push_back(texts.at(id));
  }
  return found;
}

struct Paging {
  const char *name;
  int64_t page;
  int64_t pool; ///< 0: all that the sequences fill
  std::vector<int64_t> prefills;
};

class Pages : public ::testing::TestWithParam<Paging> {};

// Prompts that end before, on and behind the border of a page, texts that cross
// one, of different lengths at once: the logits' bits of contiguous caches.
TEST_P(Pages, GiveTheBitsOfContiguousCaches) {
  const Paging &paging = GetParam();
  Subject plain(3, paging.prefills, {.capacity = 72, .checked = false});
  Subject paged(3, paging.prefills,
                {.capacity = 72,
                 .page = paging.page,
                 .pool = paging.pool,
                 .checked = false});
  for (const std::vector<size_t> &lengths :
       {std::vector<size_t>{15, 16, 17}, {1, 63, 33}}) {
    std::vector<std::vector<int32_t>> prompts;
    prompts.reserve(lengths.size());
    for (size_t length : lengths) {
      prompts.push_back(promptOf(length, length));
    }
    const std::vector<size_t> counts = {3, 2, 4};
    const std::vector<Text> wanted = together(plain, prompts, counts);
    const std::vector<Text> found = together(paged, prompts, counts);
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(found[i].tokens, wanted[i].tokens) << lengths[i];
      // Chunks of contiguous caches run on tensor cores, in another order.
      if (paging.prefills.empty()) {
        EXPECT_TRUE(found[i] == wanted[i]) << lengths[i] << ": other logits";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Pages,
    ::testing::Values(Paging{"Of16", 16, 9, {}}, Paging{"Of64", 64, 0, {}},
                      Paging{"Of128InChunks", 128, 0, {4, 16}},
                      Paging{"Of16InChunks", 16, 10, {4, 16}}),
    [](const auto &info) { return info.param.name; });

// What a plan says of its kernels is what the checked device counts.
TEST(Paged, CountsArePredicted) {
  Subject subject(2, {4}, {.capacity = 72, .page = 16});
  const format::Plan &plan = subject.session->plan();
  for (size_t e = 0; e < plan.entries.size(); ++e) {
    const format::Entry &entry = plan.entries[e];
    ASSERT_TRUE(setStep(*subject.session, entry, entry.workload.context));
    subject.device->resetCounters();
    ASSERT_TRUE(subject.session->run(e));
    std::map<std::string, uint64_t> launches;
    for (const format::Step &step : entry.steps) {
      ++launches[step.kernel];
    }
    size_t tables = 0;
    for (const auto &[symbol, work] : entry.works) {
      if (!launches.contains(symbol)) {
        continue; // advance
      }
      auto counted = subject.session->counters(symbol);
      ASSERT_TRUE(counted.ok());
      for (size_t i = 0; i < work.params.size(); ++i) {
        EXPECT_EQ(counted->params[i].loaded,
                  launches[symbol] * work.params[i].loaded)
            << symbol << " " << i;
        EXPECT_EQ(counted->params[i].stored,
                  launches[symbol] * work.params[i].stored)
            << symbol << " " << i;
      }
      for (const format::Kernel &kernel : plan.kernels) {
        for (const format::Param &param : kernel.params) {
          tables += kernel.symbol == symbol && param.name == "pages";
        }
      }
    }
    EXPECT_GT(tables, 0u) << entry.name;
  }
}

TEST(Paged, PlansSayWhereTheirPagesAre) {
  Subject subject(2, {4}, {.capacity = 72, .page = 16});
  const format::Plan sound = subject.session->plan();
  EXPECT_TRUE(validatePlan(sound, "p").empty());
  auto first = [](const format::Plan &plan) {
    const std::vector<Error> errors = validatePlan(plan, "p");
    return errors.empty() ? std::string() : errors.front().message();
  };
  format::Plan lacking = sound;
  std::erase_if(lacking.entries[1].inputs, [](const format::Binding &input) {
    return input.name == "pages";
  });
  EXPECT_EQ(
      first(lacking),
      "SIN2514 (entry point inconsistent): p: entry prefill: input pages: "
      "wanted a page table in every entry or in none, found none");
  format::Plan narrow = sound;
  const std::string table =
      format::boundValue(narrow.entries[0].inputs, "pages");
  for (format::Value &value : narrow.values) {
    if (value.name == table) {
      value.shape = {2, 4};
    }
  }
  EXPECT_NE(first(narrow).find("[2, 5]"), std::string::npos) << first(narrow);
}

class Prefix : public ::testing::TestWithParam<int64_t> {};

// A text that begins as another takes from it what it computed: the bits of
// computing it again, and the other one goes on as if nothing had happened.
TEST_P(Prefix, TakenFromAnotherText) {
  const Shape shape = {.capacity = 72, .page = GetParam(), .checked = false};
  Subject subject(3, {}, shape);
  const std::vector<int32_t> first = promptOf(1, 34);
  const Text alone1 = alone(subject, first, 6);
  for (uint32_t alike : {1u, 15u, 16u, 17u, 32u, 34u}) {
    SCOPED_TRACE(alike);
    std::vector<int32_t> second(first.begin(), first.begin() + alike);
    const std::vector<int32_t> rest = promptOf(2, 5);
    second.insert(second.end(), rest.begin(), rest.end());
    const Text alone2 = alone(subject, second, 4);

    Sequences &sequences = *subject.sequences;
    const SequenceId a = subject.open(first);
    while (sequences.waiting()) {
      ASSERT_TRUE(sequences.step().ok());
    }
    const std::vector<uint16_t> before = *sequences.logits(a);
    auto b = sequences.open(a, alike);
    ASSERT_TRUE(b.ok()) << b.error().message();
    EXPECT_EQ(*sequences.length(*b), alike);
    EXPECT_EQ(messageOf(sequences.logits(*b)).substr(0, 7), "SIN2520");
    const auto prefix = sequences.findPrefix(second);
    ASSERT_TRUE(prefix);
    EXPECT_EQ(prefix->alike, alike);
    EXPECT_EQ(prefix->computed, alike);
    // Alone with a third for a while: nothing of a or b changes.
    const SequenceId c = subject.open(promptOf(7, 3));
    while (sequences.waiting()) {
      ASSERT_TRUE(sequences.step().ok());
    }
    ASSERT_TRUE(sequences.close(c));
    EXPECT_EQ(*sequences.logits(a), before);
    // Both go on at once.
    ASSERT_TRUE(sequences.feed(*b, rest));
    ASSERT_TRUE(sequences.feed(a, std::span(&alone1.tokens[0], 1)));
    std::map<SequenceId, Text> texts = run(sequences, {{a, 5}, {*b, 4}});
    EXPECT_TRUE(texts[*b] == alone2);
    EXPECT_TRUE(std::equal(texts[a].logits.begin(), texts[a].logits.end(),
                           alone1.logits.begin() + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Caches, Prefix, ::testing::Values(0, 16, 64),
                         [](const auto &info) {
                           return info.param == 0
                                      ? std::string("Contiguous")
                                      : "PagesOf" + std::to_string(info.param);
                         });

TEST(Paged, WholePagesAreShared) {
  Subject subject(3, {}, {.capacity = 64, .page = 16, .pool = 7});
  Sequences &sequences = *subject.sequences;
  EXPECT_EQ(sequences.unusedPages(), 4u);
  const SequenceId a = subject.open(promptOf(1, 40));
  EXPECT_EQ(sequences.unusedPages(), 2u);
  while (sequences.waiting()) {
    ASSERT_TRUE(sequences.step().ok());
  }
  // 40 positions are two whole pages, which are shared, and 8 rows of another.
  auto b = sequences.open(a, 40);
  ASSERT_TRUE(b.ok()) << b.error().message();
  EXPECT_EQ(sequences.pagesOf(*b), 3u);
  EXPECT_EQ(sequences.unusedPages(), 2u);
  // They outlive the one that computed them.
  ASSERT_TRUE(sequences.close(a));
  EXPECT_EQ(sequences.unusedPages(), 2u);
  auto third = sequences.open(*b, 32);
  ASSERT_TRUE(third.ok()) << third.error().message();
  ASSERT_TRUE(sequences.close(*b));
  ASSERT_TRUE(sequences.close(*third));
  EXPECT_EQ(sequences.unusedPages(), 4u);
}

// Ids taken back end inside a page that another text has too.
TEST(Paged, TakenBackWithoutTouchingWhatIsShared) {
  Subject subject(2, {}, {.capacity = 64, .page = 16, .checked = false});
  Sequences &sequences = *subject.sequences;
  const std::vector<int32_t> first = promptOf(1, 34);
  const std::vector<int32_t> rest = promptOf(3, 6);
  std::vector<int32_t> other(first.begin(), first.begin() + 20);
  other.insert(other.end(), rest.begin(), rest.end());
  std::vector<int32_t> longer = first;
  longer.insert(longer.end(), rest.begin(), rest.end());
  const Text wanted1 = alone(subject, other, 3);
  const Text wanted2 = alone(subject, longer, 3);
  const SequenceId a = subject.open(first);
  while (sequences.waiting()) {
    ASSERT_TRUE(sequences.step().ok());
  }
  auto b = sequences.open(a, 34);
  ASSERT_TRUE(b.ok()) << b.error().message();
  ASSERT_TRUE(sequences.truncate(a, 20));
  EXPECT_EQ(sequences.pagesOf(a), 2u);
  ASSERT_TRUE(sequences.feed(a, rest));
  ASSERT_TRUE(sequences.feed(*b, rest));
  std::map<SequenceId, Text> texts = run(sequences, {{a, 3}, {*b, 3}});
  EXPECT_TRUE(texts[a] == wanted1);
  EXPECT_TRUE(texts[*b] == wanted2);
}

TEST(Paged, BadInputLeavesTheOthersAlone) {
  Subject subject(2, {},
                  {.capacity = 64, .page = 16, .pool = 5, .checked = false});
  Sequences &sequences = *subject.sequences;
  const Text wanted = alone(subject, promptOf(0, 20), 5);
  const SequenceId good = subject.open(promptOf(0, 20));
  const SequenceId bad = subject.open(promptOf(1, 33));
  // Two pages and three are all.
  EXPECT_EQ(messageOf(sequences.feed(bad, promptOf(2, 16))),
            "SIN2713 (no free page for more positions): sequence " +
                std::to_string(static_cast<uint64_t>(bad)) +
                ": wanted 1 more pages of 16 positions (--pool, --page), found "
                "0 unused of 5; close a sequence, or compile with a larger "
                "--pool");
  EXPECT_EQ(*sequences.length(bad), 33u) << "refused ids are not fed";
  ASSERT_TRUE(sequences.close(bad));
  EXPECT_EQ(messageOf(sequences.open(good, 21)),
            "SIN2714 (prefix longer than what a sequence holds): sequence " +
                std::to_string(static_cast<uint64_t>(good)) +
                ": wanted 21 positions computed, found 0; share fewer, or call "
                "step() until its ids have run");
  EXPECT_EQ(messageOf(sequences.open(bad, 1)).substr(0, 7), "SIN2710");
  EXPECT_TRUE(run(sequences, {{good, 5}})[good] == wanted);
}

// Texts open, go on, begin as others and close at random: each is bit for bit
// what it is alone.
TEST(Paged, WhateverComesEachIsAsAlone) {
  Subject subject(3, {4},
                  {.capacity = 48, .page = 16, .pool = 6, .checked = false});
  Subject single(3, {}, {.capacity = 48, .checked = false});
  Sequences &sequences = *subject.sequences;
  std::mt19937 random(11);
  std::map<SequenceId, std::vector<int32_t>> open;
  size_t shared = 0;
  size_t refused = 0;
  size_t compared = 0;
  for (int move = 0; move < 60; ++move) {
    auto any = [&] {
      auto at = open.begin();
      std::advance(at, random() % open.size());
      return at;
    };
    const unsigned kind = random() % 4;
    if (kind == 0 && open.size() < 3) {
      open[*sequences.open()];
    } else if (kind == 1 && !open.empty() && open.size() < 3) {
      const auto from = any();
      const auto count =
          static_cast<uint32_t>(random() % (from->second.size() + 1));
      auto made = sequences.open(from->first, count);
      if (made) {
        open[*made].assign(from->second.begin(), from->second.begin() + count);
        ++shared;
      } else {
        ++refused;
      }
    } else if (kind == 2 && open.size() > 1) {
      const auto at = any();
      ASSERT_TRUE(sequences.close(at->first));
      open.erase(at);
    } else if (!open.empty()) {
      const auto at = any();
      const std::vector<int32_t> more =
          promptOf(random() % 9, 1 + random() % 14);
      if (sequences.feed(at->first, more)) {
        at->second.insert(at->second.end(), more.begin(), more.end());
      } else {
        ++refused;
      }
    }
    while (sequences.waiting()) {
      auto choices = sequences.step();
      ASSERT_TRUE(choices.ok()) << choices.error().message();
      for (const Sequences::Choice &choice : *choices) {
        if (random() % 4 == 0) {
          const Text wanted = alone(single, open[choice.sequence], 1);
          EXPECT_EQ(choice.token, wanted.tokens[0]) << move;
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(shared, 2u);
  EXPECT_GT(refused, 3u);
  EXPECT_GT(compared, 3u);
}

} // namespace
