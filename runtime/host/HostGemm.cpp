//===- HostGemm.cpp - Matrix product on the CPU ---------------------------===//

#include "runtime/host/HostGemm.h"

#include <algorithm>
#include <bit>
#include <thread>
#include <vector>

namespace sinter::host {

namespace {

constexpr uint64_t lanes = 16;

/// Products below which a second thread costs more than it saves.
constexpr uint64_t productsPerThread = 1 << 21;

float fromBf16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

/// To nearest, ties to even; NaN stays NaN.
uint16_t toBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
    return static_cast<uint16_t>(bits >> 16 | 0x40u);
  }
  return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/// Products of two bf16 are exact in fp32, so fused or not is the same.
float dot(const float *x, const uint16_t *w, uint64_t count) {
  float sums[lanes] = {};
  uint64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (uint64_t lane = 0; lane < lanes; ++lane) {
      sums[lane] += x[i + lane] * fromBf16(w[i + lane]);
    }
  }
  for (uint64_t lane = 0; i + lane < count; ++lane) {
    sums[lane] += x[i + lane] * fromBf16(w[i + lane]);
  }
  for (uint64_t half = lanes / 2; half > 0; half /= 2) {
    for (uint64_t lane = 0; lane < half; ++lane) {
      sums[lane] += sums[lane + half];
    }
  }
  return sums[0];
}

void computeColumns(const HostGemm &gemm, const std::vector<float> &x,
                    uint64_t first, uint64_t last) {
  for (uint64_t column = first; column < last; ++column) {
    for (uint64_t row = 0; row < gemm.m; ++row) {
      float sum =
          dot(x.data() + row * gemm.k, gemm.weight + column * gemm.k, gemm.k);
      if (gemm.bias != nullptr) {
        sum += fromBf16(gemm.bias[column]);
      }
      gemm.y[row * gemm.n + column] = toBf16(sum);
    }
  }
}

} // namespace

void computeGemm(const HostGemm &gemm, unsigned threads) {
  std::vector<float> x(gemm.m * gemm.k);
  std::transform(gemm.x, gemm.x + x.size(), x.begin(), fromBf16);
  const uint64_t workers =
      std::clamp<uint64_t>(gemm.m * gemm.n * gemm.k / productsPerThread, 1,
                           std::min<uint64_t>(std::max(threads, 1u), gemm.n));
  const uint64_t share = (gemm.n + workers - 1) / workers;
  std::vector<std::jthread> helpers;
  for (uint64_t first = share; first < gemm.n; first += share) {
    helpers.emplace_back([&, first] {
      computeColumns(gemm, x, first, std::min(first + share, gemm.n));
    });
  }
  computeColumns(gemm, x, 0, std::min(share, gemm.n));
}

} // namespace sinter::host
