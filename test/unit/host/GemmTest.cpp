//===- GemmTest.cpp - Library calls on the host device --------------------===//

#include "runtime/host/HostDevice.h"
#include "runtime/host/HostGemm.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace sinter;
using namespace sinter::host;

namespace {

float value(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

std::vector<uint16_t> random(uint64_t count, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<uint16_t> numbers(count);
  for (uint16_t &number : numbers) {
    // Signs, and magnitudes from 2^-8 to 2.
    number = static_cast<uint16_t>((engine() & 0x8000) |
                                   (0x3B80 + engine() % 0x480));
  }
  return numbers;
}

/// All that a number is away from `exact` after sums in fp32 and one rounding.
double tolerance(double exact, double magnitude, uint64_t terms) {
  return std::abs(exact) / 256 +
         magnitude * static_cast<double>(terms) * 0x1p-24;
}

TEST(Gemm, OddShapesAgainstExactSums) {
  struct Shape {
    uint64_t m, n, k;
  };
  for (auto [m, n, k] :
       {Shape{1, 1, 1}, Shape{1, 7, 15}, Shape{3, 5, 16}, Shape{2, 33, 17},
        Shape{5, 3, 1023}, Shape{1, 4099, 1031}}) {
    for (bool biased : {false, true}) {
      std::vector<uint16_t> x = random(m * k, 1);
      std::vector<uint16_t> w = random(n * k, 2);
      std::vector<uint16_t> bias = random(n, 3);
      std::vector<uint16_t> y(m * n + 1, 0xABCD);
      HostGemm gemm = {m,        n,        k,
                       x.data(), w.data(), biased ? bias.data() : nullptr,
                       y.data()};
      computeGemm(gemm, 1);
      EXPECT_EQ(y.back(), 0xABCD);
      for (uint64_t row = 0; row < m; ++row) {
        for (uint64_t column = 0; column < n; ++column) {
          double exact = biased ? value(bias[column]) : 0;
          double magnitude = std::abs(exact);
          for (uint64_t i = 0; i < k; ++i) {
            double product = static_cast<double>(value(x[row * k + i])) *
                             value(w[column * k + i]);
            exact += product;
            magnitude += std::abs(product);
          }
          ASSERT_NEAR(value(y[row * n + column]), exact,
                      tolerance(exact, magnitude, k / 16 + 6))
              << m << "x" << n << "x" << k << " at " << row << ", " << column;
        }
      }
      std::vector<uint16_t> again(m * n + 1, 0xABCD);
      gemm.y = again.data();
      computeGemm(gemm, 5);
      EXPECT_EQ(again, y);
    }
  }
}

/// 16 partial sums, halved: worked out by hand where the order shows.
TEST(Gemm, SumsInTheOrderStated) {
  const uint16_t one = 0x3F80, large = 0x4B80; // 1 and 2^24: 2^24 + 1 is 2^24
  std::vector<uint16_t> w(32, one);
  std::vector<uint16_t> x(32, 0);
  uint16_t y = 0;
  auto result = [&] {
    computeGemm({1, 1, 32, x.data(), w.data(), nullptr, &y}, 1);
    return value(y);
  };
  // In one partial sum the 1 is lost against 2^24 and stays lost.
  x[0] = large;
  x[16] = one;
  x[8] = large | 0x8000;
  EXPECT_EQ(result(), 0);
  // In a partial sum of its own it meets 2^24 - 2^24 = 0 and stays.
  x[16] = 0;
  x[4] = one;
  EXPECT_EQ(result(), 1);
  // The bias comes last.
  x[4] = 0;
  const uint16_t bias = one;
  computeGemm({1, 1, 32, x.data(), w.data(), &bias, &y}, 1);
  EXPECT_EQ(value(y), 1);
}

std::unique_ptr<HostDevice> open(bool checked) {
  HostOptions options;
  options.checked = checked;
  auto device = HostDevice::create(options);
  EXPECT_TRUE(device);
  return std::move(*device);
}

struct Buffers {
  BufferId all;
  std::vector<Argument> arguments; ///< x, W, bias, y of 2 x 3 x 4
};

Buffers place(HostDevice &device) {
  Buffers buffers;
  buffers.all = *device.allocate(1024, "all");
  buffers.arguments = {{buffers.all, 0, 8},
                       {buffers.all, 256, 12},
                       {buffers.all, 512, 3},
                       {buffers.all, 768, 6}};
  return buffers;
}

const format::Gemm problem = {2, 3, 4, format::GemmEpilogue::Bias, {}, {}};

TEST(Gemm, CountsBytesAndFindsUnwrittenOperands) {
  auto device = open(true);
  Buffers buffers = place(*device);
  ASSERT_TRUE(device->admitGemm(problem));
  ASSERT_TRUE(device->zero(buffers.all, 0, 16));
  ASSERT_TRUE(device->zero(buffers.all, 256, 22));
  Status status = device->gemm(problem, buffers.arguments, nullptr);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::KernelUnwrittenRead);
  EXPECT_EQ(status.error().object, "library call, operand W");
  EXPECT_EQ(status.error().found, "byte 278 of all that nobody wrote");

  ASSERT_TRUE(device->zero(buffers.all, 278, 2));
  ASSERT_TRUE(device->zero(buffers.all, 512, 6));
  device->resetCounters();
  ASSERT_TRUE(device->gemm(problem, buffers.arguments, nullptr));
  ASSERT_TRUE(device->gemm(problem, buffers.arguments, nullptr));
  KernelCounters counted = device->gemmCounters();
  EXPECT_EQ(counted.launches, 2u);
  EXPECT_EQ(counted.params, (std::vector<format::ParamTraffic>{
                                {32, 0}, {48, 0}, {12, 0}, {0, 24}}));
  // What it wrote may be read.
  std::vector<std::byte> y(12);
  EXPECT_TRUE(device->download(buffers.all, 768, y));
}

TEST(Gemm, ArgumentsMustFit) {
  auto device = open(false);
  Buffers buffers = place(*device);
  auto refusal = [&](std::vector<Argument> arguments) {
    Status status = device->gemm(problem, arguments, nullptr);
    return status ? "" : status.error().message();
  };
  EXPECT_EQ(refusal(buffers.arguments), "");
  std::vector<Argument> changed = buffers.arguments;
  changed[2].count = 4;
  EXPECT_EQ(refusal(changed),
            "SIN4009 (arguments do not fit the kernel): library call, operand "
            "bias: wanted 3 elements of bf16, found 4 at byte 512");
  changed = buffers.arguments;
  changed[3].offset = 1020;
  EXPECT_EQ(refusal(changed).substr(0, 7), "SIN4009");
  changed = buffers.arguments;
  changed.pop_back();
  EXPECT_EQ(refusal(changed),
            "SIN4009 (arguments do not fit the kernel): library call: wanted 4 "
            "arguments, found 3");
}

} // namespace
