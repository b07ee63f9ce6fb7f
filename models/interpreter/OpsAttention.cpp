//===- OpsAttention.cpp - KV cache and attention --------------------------===//

#include "models/interpreter/Dot.h"
#include "models/interpreter/Ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sinter::ops {

namespace {

Status checkPositions(const HostTensor &positions, int64_t capacity) {
  std::span<const int32_t> at = positions.data<int32_t>();
  for (size_t r = 0; r < at.size(); ++r) {
    if (at[r] < 0 || at[r] >= capacity) {
      return Error{ErrorCode::IndexOutOfRange, "position " + std::to_string(r),
                   "0 to " + std::to_string(capacity - 1),
                   std::to_string(at[r]), "the KV cache holds no more"};
    }
  }
  return Status::success();
}

/// Page of `position` of a sequence; SIN2731 where the pool has no such page.
Result<int64_t> pageOf(const HostTensor &pages, int64_t sequence,
                       int64_t position, int64_t page, int64_t pool) {
  const int64_t each = pages.dim(1);
  const int32_t found = pages.data<int32_t>()[static_cast<size_t>(
      sequence * each + position / page)];
  if (found < 0 || found >= pool) {
    return Error{ErrorCode::IndexOutOfRange,
                 "page of position " + std::to_string(position) +
                     " of sequence " + std::to_string(sequence),
                 "0 to " + std::to_string(pool - 1), std::to_string(found),
                 "the pool holds no more"};
  }
  return int64_t{found};
}

/// The pages of each sequence up to its last position, one behind the other:
/// [batch, kv heads, capacity, d]. What lies behind is zero.
Result<HostTensor> contiguous(const HostTensor &cache, const HostTensor &pages,
                              std::span<const int32_t> positions) {
  const int64_t batch = pages.dim(0);
  const int64_t heads = cache.dim(1);
  const int64_t page = cache.dim(2);
  const int64_t capacity = pages.dim(1) * page;
  const auto tokens = static_cast<int64_t>(positions.size()) / batch;
  HostTensor out(cache.dtype(), {batch, heads, capacity, cache.dim(3)});
  const size_t chunk =
      static_cast<size_t>(page * cache.dim(3)) * dtypeBytes(cache.dtype());
  const std::byte *from = cache.bytes().data();
  std::byte *to = out.mutableBytes().data();
  for (int64_t sequence = 0; sequence < batch; ++sequence) {
    const int32_t last =
        *std::max_element(positions.begin() + sequence * tokens,
                          positions.begin() + (sequence + 1) * tokens);
    for (int64_t first = 0; first <= last; first += page) {
      SINTER_ASSIGN(int64_t number,
                    pageOf(pages, sequence, first, page, cache.dim(0)));
      for (int64_t head = 0; head < heads; ++head) {
        const int64_t line =
            ((sequence * heads + head) * capacity + first) / page;
        std::memcpy(to + static_cast<size_t>(line) * chunk,
                    from + static_cast<size_t>(number * heads + head) * chunk,
                    chunk);
      }
    }
  }
  return out;
}

/// Softmax of `scores` in place. The published code takes exponentials and
/// their sum in single precision; eager mode rounds the quotient.
void softmax(const Numerics &numerics, std::span<float> scores) {
  float largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float &score : scores) {
    score = static_cast<float>(std::exp(double{score} - double{largest}));
    sum += score;
  }
  bool eager = numerics.attention == AttentionRounding::Eager;
  for (float &score : scores) {
    double probability = double{score} / sum;
    score = eager ? numerics.round(static_cast<float>(probability))
                  : static_cast<float>(probability);
  }
}

} // namespace

Result<HostTensor> kvAppend(const Numerics &numerics, const HostTensor &rows,
                            const HostTensor &positions, HostTensor cache,
                            const HostTensor *pages) {
  int64_t batch = pages ? pages->dim(0) : cache.dim(0);
  int64_t heads = cache.dim(1);
  int64_t page = cache.dim(2); // without a table: the whole capacity
  int64_t capacity = pages ? pages->dim(1) * page : page;
  int64_t width = cache.dim(3);
  int64_t tokens = rows.dim(0) / batch;
  SINTER_TRY(checkPositions(positions, capacity));
  std::span<const int32_t> at = positions.data<int32_t>();
  HostTensor source = numerics.toState(rows);
  size_t rowBytes = static_cast<size_t>(width) * dtypeBytes(cache.dtype());
  const std::byte *from = source.bytes().data();
  std::byte *to = cache.mutableBytes().data();
  for (int64_t r = 0; r < rows.dim(0); ++r) {
    int64_t block = r / tokens;
    if (pages) {
      SINTER_ASSIGN(block,
                    pageOf(*pages, r / tokens, at[r], page, cache.dim(0)));
    }
    for (int64_t h = 0; h < heads; ++h) {
      int64_t slot = (block * heads + h) * page + at[r] % page;
      std::memcpy(to + static_cast<size_t>(slot) * rowBytes,
                  from + static_cast<size_t>(r * heads + h) * rowBytes,
                  rowBytes);
    }
  }
  return cache;
}

Result<HostTensor> attention(const Numerics &numerics, const HostTensor &query,
                             const HostTensor &keys, const HostTensor &values,
                             const HostTensor &positions, double scale,
                             const HostTensor *pages) {
  if (pages) {
    SINTER_TRY(checkPositions(positions, pages->dim(1) * keys.dim(2)));
    std::span<const int32_t> all = positions.data<int32_t>();
    SINTER_ASSIGN(HostTensor k, contiguous(keys, *pages, all));
    SINTER_ASSIGN(HostTensor v, contiguous(values, *pages, all));
    return attention(numerics, query, k, v, positions, scale);
  }
  int64_t rows = query.dim(0);
  int64_t heads = query.dim(1);
  int64_t width = query.dim(2);
  int64_t batch = keys.dim(0);
  int64_t kvHeads = keys.dim(1);
  int64_t capacity = keys.dim(2);
  int64_t tokens = rows / batch;
  int64_t group = heads / kvHeads;
  SINTER_TRY(checkPositions(positions, capacity));
  std::span<const int32_t> at = positions.data<int32_t>();
  std::vector<float> queries = query.toFloats();
  std::vector<float> out(queries.size());
  bool eager = numerics.attention == AttentionRounding::Eager;
  float factor = static_cast<float>(scale);

  // One kv head of one sequence is read as singles once, for all its rows.
  auto oneKvHead = [&](int64_t sequence, int64_t kvHead) {
    int64_t firstRow = sequence * tokens;
    int64_t seen = *std::max_element(at.begin() + firstRow,
                                     at.begin() + firstRow + tokens) +
                   int64_t{1};
    int64_t start = (sequence * kvHeads + kvHead) * capacity * width;
    std::vector<float> k(static_cast<size_t>(seen * width));
    std::vector<float> v(k.size());
    keys.readFloats(start, seen * width, k.data());
    values.readFloats(start, seen * width, v.data());
    int64_t jobs = tokens * group;
    std::vector<float> scores(static_cast<size_t>(seen));
    std::vector<double> sums(static_cast<size_t>(width));
    for (int64_t job = 0; job < jobs; ++job) {
      int64_t row = firstRow + job / group;
      int64_t head = kvHead * group + job % group;
      const float *q = queries.data() + (row * heads + head) * width;
      std::span<float> mine(scores.data(), static_cast<size_t>(at[row]) + 1);
      for (size_t j = 0; j < mine.size(); ++j) {
        double product =
            dotSingle(q, k.data() + static_cast<int64_t>(j) * width, width);
        mine[j] = eager ? numerics.round(numerics.round(product) * factor)
                        : static_cast<float>(product) * factor;
      }
      softmax(numerics, mine);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (size_t j = 0; j < mine.size(); ++j) {
        addScaled(sums.data(), mine[j],
                  v.data() + static_cast<int64_t>(j) * width, width);
      }
      for (int64_t i = 0; i < width; ++i) {
        out[(row * heads + head) * width + i] = numerics.round(sums[i]);
      }
    }
  };
  int64_t cost = tokens * group *
                 (*std::max_element(at.begin(), at.end()) + 1) * width * 2;
  numerics.pool->forEach(batch * kvHeads, cost,
                         [&](int64_t first, int64_t last) {
                           for (int64_t i = first; i < last; ++i) {
                             oneKvHead(i / kvHeads, i % kvHeads);
                           }
                         });
  return HostTensor::fromFloats(numerics.state(), query.shape(), out);
}

} // namespace sinter::ops
