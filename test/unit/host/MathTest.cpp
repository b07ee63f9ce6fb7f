//===- MathTest.cpp - The prelude's mathematics against double libm -------===//

#include "test/unit/host/Bench.h"

#include "runtime/format/Sha256.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>

using namespace sinter;
using namespace sinter::host;

namespace {

std::vector<float> evaluate(const std::string &expression,
                            const std::vector<float> &x,
                            HostOptions options = unchecked()) {
  const auto count = static_cast<uint32_t>(x.size());
  Bench bench("SINTER_KERNEL(k, 256, 1, (In<float> xs, Out<float> ys)) {\n"
              "  const int i = blockIndex() * 256 + threadIndex();\n"
              "  if (i < " +
                  std::to_string(count) +
                  ") {\n"
                  "    const float x = load(xs, i);\n"
                  "    float y = 0, other = 0;\n    " +
                  expression +
                  ";\n"
                  "    store(ys, i, y);\n  }\n}\n",
              {in("xs", DType::F32, count), out("ys", DType::F32, count)},
              options);
  bench.set(0, x);
  const Status status = bench.launch((count + 255) / 256, 256);
  EXPECT_TRUE(status) << status.error().message();
  return bench.get<float>(1);
}

/// Distance from the exact value in units of the last place of the float
/// nearest to it.
double ulps(float value, double exact) {
  const auto nearest = static_cast<float>(exact);
  if (std::isinf(nearest) || std::isinf(value)) {
    return value == nearest ? 0.0 : 1e9;
  }
  const float above = std::nextafter(std::fabs(nearest),
                                     std::numeric_limits<float>::infinity());
  return std::fabs(value - exact) / (above - std::fabs(nearest));
}

double worst(const std::vector<float> &x, const std::vector<float> &y,
             const std::function<double(double)> &exact) {
  double most = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    most = std::max(most, ulps(y[i], exact(static_cast<double>(x[i]))));
  }
  return most;
}

std::vector<float> sweep(float from, float to, size_t count) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) {
    x[i] = from + (to - from) *
                      (static_cast<float>(i) / static_cast<float>(count - 1));
  }
  return x;
}

TEST(Math, ExpWithinOneUlp) {
  for (const auto &[from, to] : {std::pair(-87.3f, 88.7f),
                                 {-1.0f, 1.0f},
                                 {-1e-3f, 1e-3f},
                                 {-20.0f, 0.0f}}) {
    const std::vector<float> x = sweep(from, to, 1000003);
    EXPECT_LE(worst(x, evaluate("y = expF(x)", x),
                    [](double v) { return std::exp(v); }),
              1.0)
        << from << " to " << to;
  }
}

TEST(Math, ExpAtTheEdges) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> y =
      evaluate("y = expF(x)", {-infinity, infinity, 0.0f, -0.0f, -104.0f,
                               -1e30f, 88.73f, 1e30f, 88.72f, -103.0f, NAN});
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], infinity);
  EXPECT_EQ(y[2], 1.0f);
  EXPECT_EQ(y[3], 1.0f);
  EXPECT_EQ(y[4], 0.0f);
  EXPECT_EQ(y[5], 0.0f);
  EXPECT_EQ(y[6], infinity);
  EXPECT_EQ(y[7], infinity);
  EXPECT_LE(ulps(y[8], std::exp(static_cast<double>(88.72f))), 1.0);
  EXPECT_EQ(y[9], static_cast<float>(std::exp(-103.0))); // subnormal
  EXPECT_TRUE(std::isnan(y[10]));
}

TEST(Math, SubnormalExpIsOneStepOffAtMost) {
  const std::vector<float> x = sweep(-104.5f, -87.0f, 200001);
  const std::vector<float> y = evaluate("y = expF(x)", x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(static_cast<double>(x[i]));
    const double step = std::max(0x1p-149, exact * 0x1p-23);
    ASSERT_LE(std::fabs(y[i] - exact), step) << x[i];
  }
}

TEST(Math, ExpBelowZeroWithinAFewSteps) {
  for (const auto &[from, to] :
       {std::pair{-87.0f, 0.0f}, {-1.0f, 0.0f}, {-1e-3f, 0.0f}}) {
    const std::vector<float> x = sweep(from, to, 1000003);
    EXPECT_LE(worst(x, evaluate("y = expBelowF(x)", x),
                    [](double v) { return std::exp(v); }),
              4.0)
        << from << " to " << to;
  }
  const std::vector<float> y = evaluate(
      "y = expBelowF(x)", {0.0f, -0.0f, -87.0f, -88.0f, -1e30f,
                           -std::numeric_limits<float>::infinity(), NAN});
  EXPECT_EQ(y[0], 1.0f);
  EXPECT_EQ(y[1], 1.0f);
  // Nothing beside 1, and never subnormal.
  for (size_t i = 3; i < 6; ++i) {
    EXPECT_EQ(y[i], y[2]);
  }
  EXPECT_GE(y[2], std::numeric_limits<float>::min());
  EXPECT_EQ(y[2] + 1.0f, 1.0f);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST(Math, SinCosUpToTwoHundredThousand) {
  for (const float bound : {1.0f, 100.0f, 40960.0f, 200000.0f}) {
    const std::vector<float> x = sweep(-bound, bound, 1000003);
    const std::vector<float> sine = evaluate("sinCos(x, y, other)", x);
    const std::vector<float> cosine = evaluate("sinCos(x, other, y)", x);
    double most = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const auto angle = static_cast<double>(x[i]);
      most = std::max({most, std::fabs(sine[i] - std::sin(angle)),
                       std::fabs(cosine[i] - std::cos(angle))});
    }
    EXPECT_LE(most, 1.2e-7) << bound;
  }
}

TEST(Math, SinCosAtMultiplesOfAQuarterTurn) {
  std::vector<float> x;
  for (int quarter = -130000; quarter <= 130000; ++quarter) {
    x.push_back(static_cast<float>(quarter * 1.5707963267948966));
  }
  const std::vector<float> sine = evaluate("sinCos(x, y, other)", x);
  const std::vector<float> cosine = evaluate("sinCos(x, other, y)", x);
  for (size_t i = 0; i < x.size(); ++i) {
    const auto angle = static_cast<double>(x[i]);
    ASSERT_NEAR(sine[i], std::sin(angle), 1.2e-7) << x[i];
    ASSERT_NEAR(cosine[i], std::cos(angle), 1.2e-7) << x[i];
  }
}

TEST(Math, ReciprocalRootIsTwoRoundings) {
  std::vector<float> x = sweep(1e-9f, 4.0f, 100003);
  x.insert(x.end(), {1e-38f, 1e38f, 0.25f, 4.0f});
  const std::vector<float> y = evaluate("y = rsqrtF(x)", x);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(y[i], 1.0f / std::sqrt(x[i])) << x[i];
  }
}

TEST(Math, Silu) {
  const std::vector<float> x = sweep(-60.0f, 60.0f, 500001);
  EXPECT_LE(worst(x, evaluate("y = siluF(x)", x),
                  [](double v) { return v / (1.0 + std::exp(-v)); }),
            2.5);
}

TEST(Math, MaxMinAbsAsOnTheGpu) {
  const auto y = evaluate("y = maxF(x, 0.0f)", {-0.0f, 0.0f, NAN, -1.0f, 2.0f});
  EXPECT_FALSE(std::signbit(y[0]));
  EXPECT_EQ(y[2], 0.0f);
  EXPECT_EQ(y[3], 0.0f);
  EXPECT_EQ(y[4], 2.0f);
  const auto z = evaluate("y = minF(0.0f, x)", {-0.0f, NAN, -1.0f, 2.0f});
  EXPECT_TRUE(std::signbit(z[0]));
  EXPECT_EQ(z[1], 0.0f);
  EXPECT_EQ(z[2], -1.0f);
  EXPECT_EQ(z[3], 0.0f);
  EXPECT_EQ(evaluate("y = absF(x)", {-3.0f})[0], 3.0f);
}

/// By the definition: of the two neighbours the nearer, of equals the even one.
uint16_t roundedBits(float x) {
  if (std::isnan(x)) {
    return 0x7fc0;
  }
  const auto bits = std::bit_cast<uint32_t>(x);
  const auto low = static_cast<uint16_t>(bits >> 16);
  const uint32_t rest = bits & 0xffff;
  const bool up = rest > 0x8000 || (rest == 0x8000 && low % 2 == 1);
  return static_cast<uint16_t>(low + (up ? 1 : 0));
}

TEST(Math, Bf16RoundsToNearestEven) {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < 1ull << 32; bits += 4093) {
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  for (uint32_t high = 0; high < 0x10000; high += 7) {
    for (uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      x.push_back(std::bit_cast<float>(high << 16 | low));
    }
  }
  const std::vector<float> y = evaluate("y = roundBf16(x)", x);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(y[i]) >> 16, roundedBits(x[i]))
        << std::hex << std::bit_cast<uint32_t>(x[i]);
  }
}

/// Every compiler and both modes give the same bits.
TEST(Math, BitsDoNotDependOnTheCompiler) {
  const std::vector<float> x = sweep(-80.0f, 80.0f, 100003);
  const std::string expression =
      "sinCos(x * 1000.0f, y, other); y = fmaF(y, other, expF(x)) + "
      "siluF(x) * rsqrtF(absF(x) + 1e-6f) + x / 3.0f - x * other";
  std::string digest;
  const char *before = std::getenv("SINTER_HOST_CXX");
  const std::string restore = before == nullptr ? "" : before;
  int compilers = 0;
  for (const char *compiler : {"g++", "clang++-19", "clang++"}) {
    setenv("SINTER_HOST_CXX", compiler, 1);
    if (!HostCompiler::find()) {
      continue;
    }
    ++compilers;
    for (const HostOptions &options : {unchecked(), seeded(3)}) {
      const std::vector<float> y = evaluate(expression, x, options);
      const std::string found = sha256Hex(std::string_view(
          reinterpret_cast<const char *>(y.data()), y.size() * sizeof(float)));
      if (digest.empty()) {
        digest = found;
      }
      EXPECT_EQ(found, digest) << compiler;
    }
  }
  if (before == nullptr) {
    unsetenv("SINTER_HOST_CXX");
  } else {
    setenv("SINTER_HOST_CXX", restore.c_str(), 1);
  }
  EXPECT_GE(compilers, 1);
}

} // namespace
