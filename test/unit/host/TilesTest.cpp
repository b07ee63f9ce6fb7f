//===- TilesTest.cpp - Tiles for the tensor cores on the host device ------===//

#include "test/unit/host/Bench.h"

#include <cmath>
#include <cstdint>

using namespace sinter;
using namespace sinter::host;

namespace {

/// The page of kernels that use tiles.cuh.
std::string withTiles(const char *kernel) {
  return std::string(deviceText("tiles.cuh")) + kernel;
}

uint16_t bf16Of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return static_cast<uint16_t>(bits >> 16);
}

/// Small integers times powers of two: every product and sum is exact.
std::vector<uint16_t> smallNumbers(size_t count, uint32_t seed) {
  std::vector<uint16_t> values(count);
  for (uint16_t &value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = bf16Of(static_cast<float>(static_cast<int>(seed >> 24) % 15 - 7) *
                   0.25f);
  }
  return values;
}
float floatOf(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float x;
  std::memcpy(&x, &wide, 4);
  return x;
}

/// a [16, 16], b [16, 88] and d [16, 88] row major, by the layouts of PTX.
TEST(Tiles, ProductsOfElevenTilesAtOnce) {
  Bench bench(withTiles(R"(
SINTER_KERNEL(k, 32, 1, (In<bf16> a, In<bf16> b, InOut<float> d)) {
  const int g = laneIndex() / 4;
  const int t = laneIndex() % 4 * 2;
  const auto pair = [](bf16 low, bf16 high) {
    return low.bits | static_cast<u32>(high.bits) << 16;
  };
  TileA left;
  for (int w = 0; w < 4; ++w) {
    const int at = (g + w % 2 * 8) * 16 + t + w / 2 * 8;
    left.words[w] = pair(load(a, at), load(a, at + 1));
  }
  TileB right[11];
  TileD sums[11];
  for (int n = 0; n < 11; ++n) {
    for (int w = 0; w < 2; ++w) {
      const int at = (t + w * 8) * 88 + n * 8 + g;
      right[n].words[w] = pair(load(b, at), load(b, at + 88));
    }
    for (int k = 0; k < 4; ++k) {
      sums[n].sums[k] = load(d, (g + k / 2 * 8) * 88 + n * 8 + t + k % 2);
    }
  }
  multiplyTiles(sums, left, right);
  for (int n = 0; n < 11; ++n) {
    for (int k = 0; k < 4; ++k) {
      store(d, (g + k / 2 * 8) * 88 + n * 8 + t + k % 2, sums[n].sums[k]);
    }
  }
})"),
              {in("a", DType::BF16, 256), in("b", DType::BF16, 16 * 88),
               inOut("d", DType::F32, 16 * 88)});
  const std::vector<uint16_t> a = smallNumbers(256, 1);
  const std::vector<uint16_t> b = smallNumbers(16 * 88, 2);
  std::vector<float> d(16 * 88);
  for (size_t i = 0; i < d.size(); ++i) {
    d[i] = static_cast<float>(i % 13);
  }
  bench.set(0, a);
  bench.set(1, b);
  bench.set(2, d);
  ASSERT_TRUE(bench.launch(1, 32));
  const std::vector<float> out = bench.get<float>(2);
  for (size_t row = 0; row < 16; ++row) {
    for (size_t column = 0; column < 88; ++column) {
      float wanted = d[row * 88 + column];
      for (size_t k = 0; k < 16; ++k) {
        wanted += floatOf(a[row * 16 + k]) * floatOf(b[k * 88 + column]);
      }
      ASSERT_EQ(out[row * 88 + column], wanted) << row << ", " << column;
    }
  }
}

/// Four matrices of 8 x 8, rows 24 elements apart.
TEST(Tiles, MatricesStraightAndTransposed) {
  Bench bench(withTiles(R"(
SINTER_KERNEL(k, 32, 1, (In<bf16> x, Out<u32> y)) {
  const Shared<bf16> s = shared<bf16>(0, 32 * 24);
  for (int k = 0; k < 3; ++k) {
    storeVec(s, laneIndex() * 24 + 8 * k, loadVec<8>(x, laneIndex() * 24 + 8 * k));
  }
  blockBarrier();
  const TileA straight = loadMatrices<false>(s, laneIndex() * 24 + 8);
  const TileA turned = loadMatrices<true>(s, laneIndex() * 24 + 8);
  for (int m = 0; m < 4; ++m) {
    store(y, m * 64 + laneIndex(), straight.words[m]);
    store(y, m * 64 + 32 + laneIndex(), turned.words[m]);
  }
})"),
              {in("x", DType::BF16, 32 * 24), out("y", DType::U32, 256)});
  std::vector<uint16_t> x(32 * 24);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<uint16_t>(i);
  }
  bench.set(0, x);
  ASSERT_TRUE(bench.launch(1, 32, 32 * 24 * 2));
  const std::vector<uint32_t> y = bench.get<uint32_t>(1);
  for (uint32_t m = 0; m < 4; ++m) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const uint32_t g = lane / 4;
      const uint32_t t = lane % 4 * 2;
      const auto at = [&](uint32_t row, uint32_t column) {
        return (8 * m + row) * 24 + 8 + column;
      };
      EXPECT_EQ(y[m * 64 + lane], at(g, t) | at(g, t + 1) << 16);
      EXPECT_EQ(y[m * 64 + 32 + lane], at(t, g) | at(t + 1, g) << 16);
    }
  }
}

/// Two groups in flight; 'Open' of them may stay so.
std::string copies(int open) {
  return withTiles(R"(
SINTER_KERNEL(k, 32, 1, (In<bf16> x, Out<bf16> y)) {
  const Shared<bf16> s = shared<bf16>(0, 768);
  CopyQueue<3> queue;
  for (int n = 0; n < 3; ++n) {
    queue.put(n != 1, s, n * 256 + threadIndex() * 8, x, n * 256 + threadIndex() * 8);
    if (n > 0) {
      queue.close();
    }
  }
  queue.wait<)") +
         std::to_string(open) + R"(>();
  blockBarrier();
  for (int n = 0; n < 3; ++n) {
    storeVec(y, n * 256 + threadIndex() * 8, loadVec<8>(s, n * 256 + 248 - threadIndex() * 8));
  }
})";
}

TEST(Tiles, CopiesAreThereOnceWaitedFor) {
  const std::vector<uint16_t> x = smallNumbers(768, 3);
  for (int open : {0, 1}) {
    Bench bench(copies(open),
                {in("x", DType::BF16, 768), out("y", DType::BF16, 768)});
    bench.set(0, x);
    ASSERT_TRUE(bench.launch(1, 32, 1536));
    const std::vector<uint16_t> y = bench.get<uint16_t>(1);
    for (size_t i = 0; i < 768; ++i) {
      const size_t from = i / 256 * 256 + (31 - i % 256 / 8) * 8 + i % 8;
      // The middle third is of the first group and was not wanted.
      const bool there = i / 256 < 2 || open == 0;
      const uint16_t wanted = i / 256 == 1 ? 0 : there ? x[from] : 0x7fc0;
      ASSERT_EQ(y[i], wanted) << i << " with " << open << " open";
    }
    // 512 elements were read.
    EXPECT_EQ(bench.device->counters(bench.id).params[0].loaded, 1024u);
  }
}

} // namespace
