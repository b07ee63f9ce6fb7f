//===- OpsLinear.cpp - Matrix products and weight packing -----------------===//

#include "models/interpreter/Dot.h"
#include "models/interpreter/Ops.h"

#include <algorithm>
#include <cstring>

namespace sinter::ops {

namespace {
/// Rows multiplied while a weight row is at hand: their doubles stay in L2.
constexpr int64_t rowsAtOnce = 32;
} // namespace

HostTensor linear(const Numerics &numerics, const HostTensor &x,
                  const HostTensor &weight, const HostTensor *bias) {
  int64_t rows = x.dim(0);
  int64_t in = x.dim(1);
  int64_t out = weight.dim(0);
  std::vector<float> values = x.toFloats();
  std::vector<double> wide(values.begin(), values.end());
  std::vector<float> biases;
  if (bias) {
    biases = bias->toFloats();
  }
  std::vector<float> y(static_cast<size_t>(rows * out));
  auto store = [&](int64_t row, int64_t column, double sum) {
    y[row * out + column] =
        numerics.round(bias ? sum + double{biases[column]} : sum);
  };
  numerics.pool->forEach(out, rows * in, [&](int64_t first, int64_t last) {
    if (rows == 1 && weight.dtype() == DType::BF16) {
      const uint16_t *weights = weight.data<uint16_t>().data();
      for (int64_t o = first; o < last; ++o) {
        store(0, o, dotBf16(wide.data(), weights + o * in, in));
      }
      return;
    }
    std::vector<float> narrow(static_cast<size_t>(in));
    std::vector<double> row(static_cast<size_t>(in));
    for (int64_t begin = 0; begin < rows; begin += rowsAtOnce) {
      int64_t end = std::min(rows, begin + rowsAtOnce);
      for (int64_t o = first; o < last; ++o) {
        weight.readFloats(o * in, in, narrow.data());
        std::copy(narrow.begin(), narrow.end(), row.begin());
        for (int64_t r = begin; r < end; ++r) {
          store(r, o, dot(wide.data() + r * in, row.data(), in));
        }
      }
    }
  });
  return HostTensor::fromFloats(numerics.state(), {rows, out}, y);
}

namespace {
std::vector<int64_t> stackedShape(std::span<const HostTensor> weights) {
  std::vector<int64_t> shape = weights.front().shape();
  shape[0] = 0;
  for (const HostTensor &weight : weights) {
    shape[0] += weight.dim(0);
  }
  return shape;
}
} // namespace

HostTensor slice(const HostTensor &x, const std::vector<int64_t> &shape,
                 std::span<const int64_t> offsets,
                 std::span<const int64_t> strides) {
  HostTensor out(x.dtype(), shape);
  const size_t bytes = dtypeBytes(x.dtype());
  std::byte *to = out.mutableBytes().data();
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < out.count(); ++i) {
    int64_t from = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      from = from * x.dim(d) + offsets[d] + index[d] * strides[d];
    }
    std::memcpy(to + static_cast<size_t>(i) * bytes,
                x.bytes().data() + static_cast<size_t>(from) * bytes, bytes);
    for (size_t d = shape.size(); d > 0; --d) {
      if (++index[d - 1] != shape[d - 1]) {
        break;
      }
      index[d - 1] = 0;
    }
  }
  return out;
}

HostTensor packConcat(std::span<const HostTensor> weights) {
  HostTensor out(weights.front().dtype(), stackedShape(weights));
  std::byte *to = out.mutableBytes().data();
  for (const HostTensor &weight : weights) {
    std::memcpy(to, weight.bytes().data(), weight.bytes().size());
    to += weight.bytes().size();
  }
  return out;
}

HostTensor packInterleave(std::span<const HostTensor> weights) {
  HostTensor out(weights.front().dtype(), stackedShape(weights));
  int64_t rows = weights.front().dim(0);
  size_t rowBytes =
      rows == 0 ? 0
                : weights.front().bytes().size() / static_cast<size_t>(rows);
  std::byte *to = out.mutableBytes().data();
  for (int64_t row = 0; row < rows; ++row) {
    for (const HostTensor &weight : weights) {
      std::memcpy(to,
                  weight.bytes().data() + static_cast<size_t>(row) * rowBytes,
                  rowBytes);
      to += rowBytes;
    }
  }
  return out;
}

} // namespace sinter::ops
