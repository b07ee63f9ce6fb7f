//===- OpsTest.cpp - The decoder ops on host tensors ----------------------===//

#include "models/interpreter/Ops.h"
#include "models/interpreter/Bfloat16.h"
#include "models/interpreter/Dot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace sinter;

namespace {

class Ops : public ::testing::Test {
protected:
  ThreadPool pool{1};
  Numerics bf16{Precision::Bf16, AttentionRounding::Strict, &pool};
  Numerics eager{Precision::Bf16, AttentionRounding::Eager, &pool};
  Numerics fp32{Precision::Fp32, AttentionRounding::Strict, &pool};
};

HostTensor bf(std::vector<int64_t> shape, const std::vector<float> &values) {
  return HostTensor::fromFloats(DType::BF16, std::move(shape), values);
}
HostTensor single(std::vector<int64_t> shape,
                  const std::vector<float> &values) {
  return HostTensor::fromFloats(DType::F32, std::move(shape), values);
}
HostTensor ints(const std::vector<int32_t> &values) {
  return HostTensor::fromInts(values);
}
using Floats = std::vector<float>;

/// Values in (-1, 1), reproducible.
Floats noise(size_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  Floats values(count);
  for (float &value : values) {
    value = static_cast<float>(generator()) * 0x1p-31f - 1.0f;
  }
  return values;
}

TEST(Bfloat16, NearestTiesToEven) {
  EXPECT_EQ(toBf16(1.0f), 0x3f80);
  EXPECT_EQ(roundBf16(1.0f + 0x1p-8f), 1.0f);                // tie, even below
  EXPECT_EQ(roundBf16(1.0f + 3 * 0x1p-8f), 1.0f + 0x1p-6f);  // tie, even above
  EXPECT_EQ(roundBf16(1.0f + 0x1.01p-8f), 1.0f + 0x1p-7f);   // above the tie
  EXPECT_EQ(roundBf16(-1.0f - 0x1.01p-8f), -1.0f - 0x1p-7f); //
  EXPECT_EQ(toBf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(toBf16(-std::numeric_limits<float>::infinity()), 0xff80);
  EXPECT_TRUE(
      std::isnan(roundBf16(std::numeric_limits<float>::signaling_NaN())));
  EXPECT_TRUE(std::signbit(roundBf16(-0.0f)));
}

TEST(Bfloat16, DoubleIsRoundedOnce) {
  // Through single precision this becomes a tie and falls to 1.
  EXPECT_EQ(roundBf16(1.0 + 0x1p-8 + 0x1p-40), 1.0f + 0x1p-7f);
  EXPECT_EQ(roundBf16(1.0 + 3 * 0x1p-8 - 0x1p-40), 1.0f + 0x1p-7f);
  EXPECT_EQ(roundBf16(-1.0 - 0x1p-8 - 0x1p-40), -1.0f - 0x1p-7f);
  EXPECT_EQ(roundBf16(1.0 + 0x1p-8), 1.0f);
  EXPECT_EQ(toBf16(1e300), 0x7f80);
  EXPECT_EQ(toBf16(1e-300), 0x0000);
  EXPECT_EQ(toBf16(-1e-300), 0x8000);
}

TEST(Dot, EveryLengthMatchesExactIntegers) {
  for (int64_t count = 0; count < 70; ++count) {
    std::vector<double> a(count), b(count);
    std::vector<float> af(count), bFloat(count);
    std::vector<uint16_t> b16(count);
    double wanted = 0;
    for (int64_t i = 0; i < count; ++i) {
      af[i] = static_cast<float>(i + 1);
      bFloat[i] = static_cast<float>((i * 37) % 101 - 50);
      a[i] = af[i];
      b[i] = bFloat[i];
      b16[i] = toBf16(bFloat[i]);
      wanted += a[i] * b[i];
    }
    EXPECT_EQ(dot(a.data(), b.data(), count), wanted);
    EXPECT_EQ(dotBf16(a.data(), b16.data(), count), wanted);
    EXPECT_EQ(dotSingle(af.data(), bFloat.data(), count), wanted);
  }
}

TEST(HostTensor, CopiesShareUntilOneIsWritten) {
  HostTensor a = single({2}, {1, 2});
  HostTensor b = a;
  EXPECT_EQ(a.data<float>().data(), b.data<float>().data());
  b.mutableData<float>()[0] = 5;
  EXPECT_EQ(a.toFloats(), (Floats{1, 2}));
  EXPECT_EQ(b.toFloats(), (Floats{5, 2}));
  const float *before = b.data<float>().data();
  b.mutableData<float>()[1] = 6;
  EXPECT_EQ(b.data<float>().data(), before);
  EXPECT_EQ(bf({1, 3}, {1, 2, 3}).describe(), "bf16 [1, 3]");
  EXPECT_EQ(HostTensor::fromSeed(7).data<uint64_t>()[0], 7u);
}

TEST_F(Ops, EmbedPicksRowsAndChecksIds) {
  HostTensor table = bf({3, 2}, {0, 1, 10, 11, 20, 21});
  Result<HostTensor> rows = ops::embed(bf16, ints({2, 0}), table);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->describe(), "bf16 [2, 2]");
  EXPECT_EQ(rows->toFloats(), (Floats{20, 21, 0, 1}));
  EXPECT_EQ(ops::embed(fp32, ints({1}), table)->dtype(), DType::F32);
  for (int32_t bad : {-1, 3}) {
    Result<HostTensor> refused = ops::embed(bf16, ints({0, bad}), table);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::IndexOutOfRange);
    EXPECT_EQ(refused.error().object, "token id 1");
    EXPECT_EQ(refused.error().wanted, "0 to 2");
  }
}

TEST_F(Ops, RmsNormRoundsTwice) {
  // mean(x^2) = 12.5, so x / sqrt(12.5) = 0.848528, 1.131371.
  HostTensor x = bf({1, 2}, {3, 4});
  HostTensor gain = bf({2}, {15, -1});
  Floats exact = ops::rmsNorm(fp32, single({1, 2}, {3, 4}), gain, 0).toFloats();
  EXPECT_NEAR(exact[0], 15 * 3 / std::sqrt(12.5), 1e-5);
  EXPECT_NEAR(exact[1], -4 / std::sqrt(12.5), 1e-6);
  Floats rounded = ops::rmsNorm(bf16, x, gain, 0).toFloats();
  // 0.848528 -> 0.84765625; times 15 gives 12.6875, without the first
  // rounding 12.75.
  EXPECT_EQ(rounded[0], 12.6875f);
  EXPECT_EQ(rounded[1], -1.1328125f);
}

TEST_F(Ops, RmsNormEpsCountsAndHeadsAreSeparate) {
  HostTensor x = single({1, 2, 2}, {3, 4, 0, 0});
  HostTensor gain = bf({2}, {1, 1});
  Floats y = ops::rmsNorm(fp32, x, gain, 3.5).toFloats();
  EXPECT_EQ(y, (Floats{0.75, 1, 0, 0})); // sqrt(12.5 + 3.5) = 4
}

TEST_F(Ops, LinearRoundsOnceWithTheBias) {
  HostTensor x = bf({1, 2}, {1, 1});
  HostTensor weight = bf({2, 2}, {256, 1, 1, 2});
  HostTensor bias = bf({2}, {1, 0});
  // 257 would fall to 256, and 256 + 1 to 256 again; 258 is a bf16.
  EXPECT_EQ(ops::linear(bf16, x, weight, &bias).toFloats(), (Floats{258, 3}));
  EXPECT_EQ(ops::linear(bf16, x, weight, nullptr).toFloats(), (Floats{256, 3}));
  EXPECT_EQ(
      ops::linear(fp32, single({1, 2}, {1, 1}), weight, nullptr).toFloats(),
      (Floats{257, 3}));
}

TEST_F(Ops, LinearManyRowsEqualsOneRow) {
  const int64_t rows = 70, in = 37, out = 19;
  HostTensor weight = bf({out, in}, noise(out * in, 1));
  Floats values = noise(rows * in, 2);
  ThreadPool four(4);
  Numerics threaded = bf16;
  threaded.pool = &four;
  Floats all =
      ops::linear(bf16, bf({rows, in}, values), weight, nullptr).toFloats();
  Floats parallel =
      ops::linear(threaded, bf({rows, in}, values), weight, nullptr).toFloats();
  EXPECT_EQ(all, parallel);
  for (int64_t r = 0; r < rows; ++r) {
    Floats row(values.begin() + r * in, values.begin() + (r + 1) * in);
    Floats one =
        ops::linear(bf16, bf({1, in}, row), weight, nullptr).toFloats();
    EXPECT_EQ(one, Floats(all.begin() + r * out, all.begin() + (r + 1) * out));
  }
}

TEST_F(Ops, RopeRotatesHalves) {
  // Pairs are (0, 2) and (1, 3); frequencies 1 and 0.5.
  HostTensor x = single({2, 1, 4}, {1, 2, 3, 4, 1, 2, 3, 4});
  Floats frequencies = {1, 0.5};
  Result<HostTensor> y = ops::rope(fp32, x, ints({0, 3}), frequencies);
  ASSERT_TRUE(y.ok());
  Floats got = y->toFloats();
  EXPECT_EQ(Floats(got.begin(), got.begin() + 4), (Floats{1, 2, 3, 4}));
  EXPECT_NEAR(got[4], 1 * std::cos(3.0) - 3 * std::sin(3.0), 1e-6);
  EXPECT_NEAR(got[6], 3 * std::cos(3.0) + 1 * std::sin(3.0), 1e-6);
  EXPECT_NEAR(got[5], 2 * std::cos(1.5) - 4 * std::sin(1.5), 1e-6);
  EXPECT_NEAR(got[7], 4 * std::cos(1.5) + 2 * std::sin(1.5), 1e-6);
  EXPECT_FALSE(ops::rope(fp32, x, ints({0, -1}), frequencies).ok());
}

TEST_F(Ops, RopeRoundsEveryStep) {
  HostTensor x = bf({1, 1, 2}, {1.5, -2.25});
  Floats got = ops::rope(bf16, x, ints({1}), Floats{1})->toFloats();
  float c = roundBf16(std::cos(1.0)), s = roundBf16(std::sin(1.0));
  EXPECT_EQ(got[0], roundBf16(roundBf16(1.5f * c) - roundBf16(-2.25f * s)));
  EXPECT_EQ(got[1], roundBf16(roundBf16(-2.25f * c) + roundBf16(1.5f * s)));
}

TEST_F(Ops, KvAppendPlacesRowsBySequenceAndPosition) {
  // batch 2, one head, capacity 3, width 1; two tokens per sequence.
  HostTensor cache = bf({2, 1, 3, 1}, {1, 2, 3, 4, 5, 6});
  HostTensor rows = bf({4, 1, 1}, {10, 20, 30, 40});
  HostTensor kept = cache;
  Result<HostTensor> out = ops::kvAppend(bf16, rows, ints({2, 0, 1, 2}), cache);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->toFloats(), (Floats{20, 2, 10, 4, 30, 40}));
  EXPECT_EQ(kept.toFloats(), (Floats{1, 2, 3, 4, 5, 6}));

  // Alone, the storage is written in place.
  const uint16_t *storage = out->data<uint16_t>().data();
  out =
      ops::kvAppend(bf16, bf({2, 1, 1}, {7, 8}), ints({0, 0}), std::move(*out));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->data<uint16_t>().data(), storage);
  EXPECT_EQ(out->toFloats(), (Floats{7, 2, 10, 8, 30, 40}));

  Result<HostTensor> full = ops::kvAppend(bf16, rows, ints({0, 1, 2, 3}), kept);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::IndexOutOfRange);
}

TEST_F(Ops, AttentionSeesItsOwnPastAndItsGroupsHead) {
  // 4 heads over 2 kv heads, width 1. Equal keys: plain averages of V.
  Floats keys(2 * 4, 0.0f);
  Floats values = {1, 2, 3, 99, 10, 20, 30, 99};
  HostTensor k = single({1, 2, 4, 1}, keys), v = single({1, 2, 4, 1}, values);
  HostTensor q = single({2, 4, 1}, Floats(8, 1.0f));
  Result<HostTensor> y = ops::attention(fp32, q, k, v, ints({1, 2}), 1);
  ASSERT_TRUE(y.ok());
  EXPECT_EQ(y->toFloats(), (Floats{1.5, 1.5, 15, 15, 2, 2, 20, 20}));
  EXPECT_FALSE(ops::attention(fp32, q, k, v, ints({1, 4}), 1).ok());
}

TEST_F(Ops, PagesAreFoundThroughTheirTable) {
  // Two sequences of at most four positions, in four pages of two.
  HostTensor table = ints({3, 0, 1, 2}).reshaped({2, 2});
  HostTensor cache = single({4, 1, 2, 1}, Floats(8, 0.0f));
  HostTensor rows = single({4, 1, 1}, {1, 2, 3, 4});
  Result<HostTensor> kept =
      ops::kvAppend(fp32, rows, ints({1, 2, 0, 3}), cache, &table);
  ASSERT_TRUE(kept.ok()) << kept.error().message();
  EXPECT_EQ(kept->toFloats(), (Floats{2, 0, 3, 0, 0, 4, 0, 1}));
  // Equal keys: averages of the values 0, 1, 2 and 3, 0, 0, 4.
  HostTensor zeros = single({4, 1, 2, 1}, Floats(8, 0.0f));
  HostTensor q = single({2, 1, 1}, {1, 1});
  Result<HostTensor> y =
      ops::attention(fp32, q, zeros, *kept, ints({2, 3}), 1, &table);
  ASSERT_TRUE(y.ok()) << y.error().message();
  EXPECT_EQ(y->toFloats(), (Floats{1, 1.75}));

  HostTensor bad = ints({3, 4, 1, 2}).reshaped({2, 2});
  Result<HostTensor> refused =
      ops::kvAppend(fp32, rows, ints({1, 2, 0, 3}), cache, &bad);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::IndexOutOfRange);
  EXPECT_EQ(refused.error().object, "page of position 2 of sequence 0");
  // Behind the last position the table may say anything.
  EXPECT_TRUE(
      ops::attention(fp32, q, zeros, zeros, ints({1, 3}), 1, &bad).ok());
}

TEST_F(Ops, AttentionWeightsByScaledScores) {
  // Scores 0 and log(3) / 2 * 2: probabilities 1/4 and 3/4.
  HostTensor q = single({1, 1, 1}, {1});
  HostTensor k = single({1, 1, 2, 1}, {0, std::log(3.0f) / 2});
  HostTensor v = single({1, 1, 2, 1}, {0, 8});
  EXPECT_NEAR(ops::attention(fp32, q, k, v, ints({1}), 2)->toFloats()[0], 6,
              1e-6);
}

TEST_F(Ops, AttentionBatchesAreSeparate) {
  HostTensor q = single({2, 1, 1}, {1, 1});
  HostTensor k = single({2, 1, 2, 1}, {0, 0, 0, 0});
  HostTensor v = single({2, 1, 2, 1}, {1, 3, 5, 7});
  EXPECT_EQ(ops::attention(fp32, q, k, v, ints({1, 0}), 1)->toFloats(),
            (Floats{2, 5}));
}

TEST_F(Ops, AttentionRoundsScoresOnlyInEagerMode) {
  // The score 257 rounds to 256, so eager mode finds equal scores.
  HostTensor q = bf({1, 1, 2}, {1, 1});
  HostTensor k = bf({1, 1, 2, 2}, {256, 0, 256, 1});
  HostTensor v = bf({1, 1, 2, 2}, {0, 0, 1, 1});
  EXPECT_EQ(ops::attention(eager, q, k, v, ints({1}), 1)->toFloats()[0], 0.5f);
  EXPECT_EQ(ops::attention(bf16, q, k, v, ints({1}), 1)->toFloats()[0],
            roundBf16(1 / (1 + std::exp(-1.0))));
}

TEST_F(Ops, AttentionDoesNotDependOnThreads) {
  const int64_t tokens = 33, heads = 6, kvHeads = 3, width = 80, capacity = 40;
  HostTensor q = bf({tokens, heads, width}, noise(tokens * heads * width, 3));
  HostTensor k =
      bf({1, kvHeads, capacity, width}, noise(kvHeads * capacity * width, 4));
  HostTensor v =
      bf({1, kvHeads, capacity, width}, noise(kvHeads * capacity * width, 5));
  std::vector<int32_t> positions(tokens);
  for (int32_t i = 0; i < tokens; ++i) {
    positions[i] = i + 5;
  }
  ThreadPool four(4);
  Numerics threaded = bf16;
  threaded.pool = &four;
  Floats one = ops::attention(bf16, q, k, v, ints(positions), 0.11)->toFloats();
  for (int repeat = 0; repeat < 5; ++repeat) {
    EXPECT_EQ(
        ops::attention(threaded, q, k, v, ints(positions), 0.11)->toFloats(),
        one);
  }
}

TEST_F(Ops, SwigluRoundsTheSiluFirst) {
  EXPECT_EQ(ops::swiglu(bf16, bf({1, 1}, {1}), bf({1, 1}, {3})).toFloats()[0],
            roundBf16(3 * roundBf16(1 / (1 + std::exp(-1.0)))));
  Floats y = ops::swiglu(fp32, single({1, 3}, {-200, 0, 200}),
                         single({1, 3}, {1, 1, 2}))
                 .toFloats();
  EXPECT_EQ(y, (Floats{0, 0, 400}));
}

TEST_F(Ops, AddRounds) {
  EXPECT_EQ(ops::add(bf16, bf({1, 1}, {256}), bf({1, 1}, {1})).toFloats()[0],
            256);
  EXPECT_EQ(
      ops::add(fp32, single({1, 1}, {256}), single({1, 1}, {1})).toFloats()[0],
      257);
}

TEST_F(Ops, TakeRows) {
  HostTensor x = bf({3, 2}, {0, 1, 10, 11, 20, 21});
  EXPECT_EQ(ops::takeRows(x, ints({2, 2}))->toFloats(),
            (Floats{20, 21, 20, 21}));
  EXPECT_EQ(ops::takeRows(x, ints({3})).error().object, "row 0");
}

TEST_F(Ops, Argmax) {
  HostTensor logits = bf({2, 4}, {1, 7, 7, 9, -3, -2, -1, -1});
  HostTensor all = ops::argmax(logits, std::nullopt);
  EXPECT_EQ(all.data<int32_t>()[0], 3);
  EXPECT_EQ(all.data<int32_t>()[1], 2);
  HostTensor some = ops::argmax(logits, 3);
  EXPECT_EQ(some.data<int32_t>()[0], 1);
}

TEST_F(Ops, SampleUsesEachRowsPosition) {
  HostTensor logits = single({2, 64}, Floats(128, 0.0f));
  SamplingOptions options;
  options.temperature = 1;
  Result<HostTensor> ids =
      ops::sample(logits, HostTensor::fromSeed(4), ints({10, 11}), options);
  ASSERT_TRUE(ids.ok());
  for (int row = 0; row < 2; ++row) {
    double u = uniformFromCounter(4, static_cast<uint64_t>(10 + row));
    EXPECT_EQ(ids->data<int32_t>()[row], static_cast<int32_t>(u * 64));
  }
}

TEST_F(Ops, PackWeights) {
  std::vector<HostTensor> weights = {bf({2, 2}, {0, 1, 2, 3}),
                                     bf({2, 2}, {10, 11, 12, 13})};
  EXPECT_EQ(ops::packConcat(weights).toFloats(),
            (Floats{0, 1, 2, 3, 10, 11, 12, 13}));
  EXPECT_EQ(ops::packInterleave(weights).toFloats(),
            (Floats{0, 1, 10, 11, 2, 3, 12, 13}));
  EXPECT_EQ(ops::packConcat(weights).shape(), (std::vector<int64_t>{4, 2}));
}

TEST(ThreadPool, CoversEachIterationOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<int> seen(static_cast<size_t>(count));
      pool.forEach(count, 1 << 20, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          ++seen[static_cast<size_t>(i)];
        }
      });
      EXPECT_EQ(seen, std::vector<int>(static_cast<size_t>(count), 1));
    }
  }
}

} // namespace
