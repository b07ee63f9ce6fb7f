//===- PagePoolTest.cpp - Whose is which page -----------------------------===//

#include "runtime/PagePool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace sinter;

namespace {

std::vector<int32_t> lineOf(const PagePool &pool, size_t sequence,
                            uint32_t borrowed, size_t entries) {
  std::vector<int32_t> line(entries, -1);
  pool.line(sequence, borrowed, line);
  return line;
}

TEST(PagePool, GivesAPageToEachAndMoreWhenAsked) {
  PagePool pool(6, 16, 2);
  EXPECT_EQ(pool.unused(), 4u);
  EXPECT_EQ(pool.positions(0), 16u);
  ASSERT_TRUE(pool.reserve(0, 16, "a"));
  EXPECT_EQ(pool.unused(), 4u);
  ASSERT_TRUE(pool.reserve(0, 17, "a"));
  EXPECT_EQ(pool.positions(0), 32u);
  // What it has is not taken away.
  ASSERT_TRUE(pool.reserve(0, 1, "a"));
  EXPECT_EQ(pool.positions(0), 32u);
  EXPECT_EQ(lineOf(pool, 0, 0, 4), (std::vector<int32_t>{0, 2, 2, 2}));
  EXPECT_EQ(lineOf(pool, 1, 0, 4), (std::vector<int32_t>{1, 1, 1, 1}));
  // Unused pages behind its own, which stay unused.
  EXPECT_EQ(lineOf(pool, 1, 2, 4), (std::vector<int32_t>{1, 4, 3, 1}));
  EXPECT_EQ(pool.unused(), 3u);
}

TEST(PagePool, ExhaustedLeavesAllAsTheyWere) {
  PagePool pool(4, 64, 2);
  Status status = pool.reserve(1, 64 * 4, "sequence 7");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.takeError().message(),
            "SIN2713 (no free page for more positions): sequence 7: wanted 3 "
            "more pages of 64 positions (--pool, --page), found 2 unused of 4; "
            "close a sequence, or compile with a larger --pool");
  EXPECT_EQ(pool.unused(), 2u);
  EXPECT_EQ(pool.positions(1), 64u);
  EXPECT_TRUE(pool.reserve(1, 64 * 3, "sequence 7"));
  EXPECT_EQ(pool.unused(), 0u);
}

TEST(PagePool, SharedPagesGoBackWithTheLastThatHasThem) {
  PagePool pool(8, 16, 3);
  ASSERT_TRUE(pool.reserve(0, 48, "a"));
  pool.share(1, 0, 2);
  EXPECT_TRUE(std::equal(pool.pagesOf(1).begin(), pool.pagesOf(1).begin() + 2,
                         pool.pagesOf(0).begin()));
  EXPECT_EQ(pool.pagesOf(1).size(), 3u);
  EXPECT_NE(pool.pagesOf(1)[2], pool.pagesOf(0)[2]);
  EXPECT_EQ(pool.unused(), 3u);
  pool.release(0);
  EXPECT_EQ(pool.unused(), 3u); // two are the other's, the last stays
  pool.release(1);
  EXPECT_EQ(pool.unused(), 5u);
}

TEST(PagePool, CutInsideWhatIsSharedTakesTheOwnPage) {
  PagePool pool(8, 16, 2);
  ASSERT_TRUE(pool.reserve(0, 64, "a")); // 0 2 3 4
  pool.share(1, 0, 3);                   // 0 2 3 1
  EXPECT_EQ(pool.cut(0, 2), std::optional<int32_t>(2));
  EXPECT_EQ(lineOf(pool, 0, 0, 2), (std::vector<int32_t>{0, 4}));
  EXPECT_EQ(lineOf(pool, 1, 0, 4), (std::vector<int32_t>{0, 2, 3, 1}));
  EXPECT_EQ(pool.unused(), 3u);
  // Its alone by now.
  EXPECT_EQ(pool.cut(1, 2), std::nullopt);
  EXPECT_EQ(pool.unused(), 5u);
}

// Sequences come and go, grow, begin as others: after every move each page is
// unused or has as many owners as counted, and the last is its owner's alone.
TEST(PagePool, HoldsTogetherWhateverComes) {
  constexpr uint32_t pages = 10;
  constexpr size_t sequences = 5;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    PagePool pool(pages, 16, sequences);
    std::mt19937 random(seed);
    std::vector<std::vector<int32_t>> mine(sequences);
    for (size_t s = 0; s < sequences; ++s) {
      mine[s].assign(pool.pagesOf(s).begin(), pool.pagesOf(s).end());
    }
    auto owners = [&] {
      std::map<int32_t, int> count;
      for (const auto &list : mine) {
        for (int32_t page : list) {
          ++count[page];
        }
      }
      return count;
    };
    size_t refused = 0;
    for (int move = 0; move < 400; ++move) {
      const size_t s = random() % sequences;
      switch (random() % 3) {
      case 0: {
        const uint32_t more = mine[s].size() + random() % 4;
        const bool fits = more - mine[s].size() <= pages - owners().size();
        ASSERT_EQ(pool.reserve(s, more * 16, "s").ok(), fits);
        refused += !fits;
        if (fits) {
          mine[s].assign(pool.pagesOf(s).begin(), pool.pagesOf(s).end());
          ASSERT_EQ(mine[s].size(), more);
        }
        break;
      }
      case 1:
        pool.release(s);
        mine[s] = {mine[s].back()};
        break;
      default: {
        const size_t from = random() % sequences;
        if (from != s) {
          pool.release(s);
          const uint32_t count = random() % mine[from].size();
          pool.share(s, from, count);
          const int32_t own = mine[s].back();
          mine[s].assign(mine[from].begin(), mine[from].begin() + count);
          mine[s].push_back(own);
        }
      }
      }
      const auto count = owners();
      ASSERT_EQ(pool.unused(), pages - count.size());
      for (size_t i = 0; i < sequences; ++i) {
        ASSERT_TRUE(std::ranges::equal(pool.pagesOf(i), mine[i]));
        ASSERT_EQ(count.at(mine[i].back()), 1) << "the last page of " << i;
        ASSERT_EQ(std::set(mine[i].begin(), mine[i].end()).size(),
                  mine[i].size());
      }
    }
    EXPECT_GT(refused, 0u) << seed;
  }
}

} // namespace
