//===- ErrorBounds.cpp - How far a kernel may be from its body ------------===//

#include "tools/ErrorBounds.h"

#include "models/golden/Golden.h"

#include <llvm/ADT/TypeSwitch.h>

#include <algorithm>
#include <cmath>
#include <map>

using namespace mlir;

namespace sinter {

std::string toleranceOf(const std::string &kind) {
  static const std::map<std::string, const char *> words = {
      {"embed", "exact"},
      {"take_rows", "exact"},
      {"add", "exact"},
      {"kv_append", "exact"},
      {"argmax", "exact"},
      {"rms_norm", "2 ulp"},
      {"swiglu", "2 ulp"},
      {"linear", "1 ulp + 2^-22 sqrt(K) sum|wx|"},
      {"rope", "2^-7 (|x| + |partner|)"},
      {"attention", "1 ulp + 2^-14 max|V|"}};
  if (kind.find('+') != std::string::npos) {
    return "those of its ops, carried on";
  }
  auto found = words.find(kind);
  return found == words.end() ? "" : found->second;
}

/// How far a value rounds from round(reference) that is at most `distance` from
/// it before both are rounded.
static double rounded(double reference, double distance) {
  return distance == 0 ? 0 : distance + bf16Ulp(std::abs(reference) + distance);
}

static double silu(double x) { return x / (1 + std::exp(-x)); }
/// The steepest slope of silu.
static constexpr double siluSlope = 1.1;

ErrorBounds::ErrorBounds(Block &body, llvm::DenseMap<Value, HostTensor> values)
    : view(codegen::GroupView::ofBody(body)), values(std::move(values)) {}

int64_t ErrorBounds::extent(Value value, unsigned dimension) {
  return cast<RankedTensorType>(value.getType()).getDimSize(dimension);
}

const std::vector<double> &ErrorBounds::reference(Value value) {
  std::vector<double> &all = references[value.getAsOpaquePointer()];
  if (all.empty()) {
    const codegen::BufferView part = view.view(value);
    const std::vector<float> whole = values.at(part.base).toFloats();
    const int64_t count =
        cast<RankedTensorType>(value.getType()).getNumElements();
    for (int64_t i = 0; i < count; ++i) {
      all.push_back(whole[static_cast<size_t>(part.offset + i * part.stride)]);
    }
  }
  return all;
}

const std::vector<double> &ErrorBounds::bounds(Value value) {
  if (auto known = allBounds.find(value.getAsOpaquePointer());
      known != allBounds.end()) {
    return known->second;
  }
  const int64_t count =
      cast<RankedTensorType>(value.getType()).getNumElements();
  std::vector<double> all;
  all.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    all.push_back(at(value, static_cast<size_t>(i)));
  }
  return allBounds[value.getAsOpaquePointer()] = std::move(all);
}

double ErrorBounds::at(Value value, size_t element) {
  const codegen::BufferView part = view.view(value);
  Operation *op = view.producer(value);
  if (!op) {
    return 0; // the kernel's own input
  }
  const size_t inside = static_cast<size_t>(part.offset) +
                        element * static_cast<size_t>(part.stride);
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<decoder::RmsNormOp, decoder::LinearOp, decoder::SwigluOp,
            decoder::AddOp, decoder::TakeRowsOp, decoder::RopeOp,
            decoder::KvAppendOp, decoder::AttentionOp>(
          [&](auto each) { return of(each, inside); })
      .Default([](Operation *) { return 0.0; });
}

/// x * s * gain, s = 1 / rms(x): to first order s moves by its share of rms(x's
/// bounds) / rms(x).
double ErrorBounds::of(decoder::RmsNormOp op, size_t element) {
  const std::vector<double> &x = reference(op.getInput());
  const std::vector<double> &dx = bounds(op.getInput());
  const auto width = static_cast<size_t>(extent(op.getGain(), 0));
  const size_t first = element / width * width;
  double squares = 0;
  double errors = 0;
  for (size_t i = first; i < first + width; ++i) {
    squares += x[i] * x[i];
    errors += dx[i] * dx[i];
  }
  const double share = 1.0 / static_cast<double>(width);
  const double s = 1 / std::sqrt(squares * share + op.epsValue());
  const double gain = std::abs(reference(op.getGain())[element % width]);
  const double moved =
      s * (dx[element] + std::abs(x[element]) * s * std::sqrt(errors * share));
  return 2 * bf16Ulp(x[element] * s * gain) +
         gain * rounded(x[element] * s, moved);
}

double ErrorBounds::of(decoder::LinearOp op, size_t element) {
  const auto terms = static_cast<size_t>(extent(op.getWeight(), 1));
  const auto lines = static_cast<size_t>(extent(op.getWeight(), 0));
  const size_t first = element / lines * terms;
  const std::vector<double> &x = reference(op.getInput());
  const std::vector<double> &dx = bounds(op.getInput());
  // A line alone: the weight may have gigabytes.
  std::vector<float> w(terms);
  values.at(view.source(op.getWeight()))
      .readFloats(static_cast<int64_t>(element % lines * terms),
                  static_cast<int64_t>(terms), w.data());
  double scale = 0;
  double carried = 0;
  for (size_t k = 0; k < terms; ++k) {
    scale += std::abs(x[first + k] * w[k]);
    carried += std::abs(double{w[k]}) * dx[first + k];
  }
  const double y = reference(op.getResult())[element];
  return 4 * 0x1p-24 * std::sqrt(static_cast<double>(terms)) * scale + carried +
         bf16Ulp(std::abs(y) + carried);
}

double ErrorBounds::of(decoder::SwigluOp op, size_t element) {
  const double gate = reference(op.getGate())[element];
  const double up = std::abs(reference(op.getUp())[element]);
  const double dUp = at(op.getUp(), element);
  const double dSilu =
      rounded(silu(gate), siluSlope * at(op.getGate(), element));
  const double carried = up * dSilu + (std::abs(silu(gate)) + dSilu) * dUp;
  return 2 * bf16Ulp(std::abs(silu(gate)) * up + carried) + carried;
}

double ErrorBounds::of(decoder::AddOp op, size_t element) {
  return rounded(reference(op.getResult())[element],
                 at(op.getLhs(), element) + at(op.getRhs(), element));
}

double ErrorBounds::of(decoder::TakeRowsOp op, size_t element) {
  const auto width = static_cast<size_t>(extent(op.getResult(), 1));
  const auto row = static_cast<size_t>(
      values.at(view.source(op.getRows())).data<int32_t>()[element / width]);
  return at(op.getInput(), row * width + element % width);
}

double ErrorBounds::of(decoder::RopeOp op, size_t element) {
  const auto headDim = static_cast<size_t>(extent(op.getInput(), 2));
  const size_t partner = element % headDim < headDim / 2
                             ? element + headDim / 2
                             : element - headDim / 2;
  const std::vector<double> &x = reference(op.getInput());
  const double carried =
      at(op.getInput(), element) + at(op.getInput(), partner);
  const double own = 0x1p-7 * (std::abs(x[element]) + std::abs(x[partner]));
  // Both products and their sum may round to their other neighbours.
  return carried == 0 ? own : 2 * own + carried * (1 + 0x1p-6);
}

double ErrorBounds::of(decoder::KvAppendOp op, size_t element) {
  const decoder::CacheShape cache = op.cacheShape();
  const auto heads = static_cast<size_t>(cache.kvHeads);
  const auto headDim = static_cast<size_t>(cache.headDim);
  const size_t lines = static_cast<size_t>(extent(op.getCache(), 2));
  const size_t head = element / headDim / lines % heads;
  auto positions = values.at(view.source(op.getPositions())).data<int32_t>();
  const size_t tokens = positions.size() / static_cast<size_t>(cache.batch);
  for (size_t row = 0; row < positions.size(); ++row) {
    if (cacheRow(cache, op.getPages(), row / tokens, head,
                 static_cast<size_t>(positions[row])) == element / headDim) {
      return at(op.getRows(),
                (row * heads + head) * headDim + element % headDim);
    }
  }
  return at(op.getCache(), element);
}

size_t ErrorBounds::cacheRow(const decoder::CacheShape &cache, Value pages,
                             size_t sequence, size_t head, size_t position) {
  const auto heads = static_cast<size_t>(cache.kvHeads);
  if (!pages) {
    return (sequence * heads + head) * static_cast<size_t>(cache.capacity) +
           position;
  }
  const auto page = static_cast<size_t>(cache.page);
  const int32_t number =
      values.at(view.source(pages))
          .data<int32_t>()[sequence * static_cast<size_t>(cache.perSequence) +
                           position / page];
  return (static_cast<size_t>(number) * heads + head) * page + position % page;
}

/// How far a score of a query head may move.
double ErrorBounds::scoreBound(decoder::AttentionOp op, size_t row,
                               size_t head) {
  const auto heads = static_cast<size_t>(extent(op.getQuery(), 1));
  const auto headDim = static_cast<size_t>(extent(op.getQuery(), 2));
  const decoder::CacheShape cache = op.cacheShape();
  const size_t kvHead = head / (heads / static_cast<size_t>(cache.kvHeads));
  auto positions = values.at(view.source(op.getPositions())).data<int32_t>();
  const size_t sequence =
      row / (positions.size() / static_cast<size_t>(cache.batch));
  const std::vector<double> &q = reference(op.getQuery());
  const std::vector<double> &k = reference(op.getKeys());
  const size_t query = (row * heads + head) * headDim;
  double largest = 0;
  for (size_t t = 0; t <= static_cast<size_t>(positions[row]); ++t) {
    double moved = 0;
    const size_t line =
        cacheRow(cache, op.getPages(), sequence, kvHead, t) * headDim;
    for (size_t d = 0; d < headDim; ++d) {
      const size_t key = line + d;
      const double dq = at(op.getQuery(), query + d);
      moved += dq * std::abs(k[key]) +
               (std::abs(q[query + d]) + dq) * at(op.getKeys(), key);
    }
    largest = std::max(largest, op.scaleValue() * moved);
  }
  return largest;
}

/// Scores that move by at most m move the weight of any set of positions by at
/// most tanh(m / 2), and so an element by that share of the values' range.
double ErrorBounds::of(decoder::AttentionOp op, size_t element) {
  const auto heads = static_cast<size_t>(extent(op.getQuery(), 1));
  const auto headDim = static_cast<size_t>(extent(op.getQuery(), 2));
  const decoder::CacheShape cache = op.cacheShape();
  const size_t head = element / headDim % heads;
  const size_t row = element / headDim / heads;
  auto positions = values.at(view.source(op.getPositions())).data<int32_t>();
  const size_t sequence =
      row / (positions.size() / static_cast<size_t>(cache.batch));
  const std::vector<double> &v = reference(op.getValues());
  auto place = [&](size_t t) {
    return cacheRow(cache, op.getPages(), sequence,
                    head / (heads / static_cast<size_t>(cache.kvHeads)), t) *
               headDim +
           element % headDim;
  };
  double low = v[place(0)];
  double high = low;
  double moved = 0;
  for (size_t t = 0; t <= static_cast<size_t>(positions[row]); ++t) {
    const size_t at0 = place(t);
    low = std::min(low, v[at0]);
    high = std::max(high, v[at0]);
    moved = std::max(moved, at(op.getValues(), at0));
  }
  double largest = 0;
  for (double value : v) {
    largest = std::max(largest, std::abs(value));
  }
  const double carried =
      std::tanh(scoreBound(op, row, head) / 2) * (high - low + 2 * moved) +
      moved;
  return 0x1p-14 * largest + carried +
         bf16Ulp(std::abs(reference(op.getResult())[element]) + carried);
}

bool ErrorBounds::mayChoose(decoder::ArgmaxOp argmax, size_t row,
                            int32_t found) {
  const auto width = static_cast<size_t>(extent(argmax.getLogits(), 1));
  const auto limit = argmax.getLimit()
                         ? static_cast<int64_t>(*argmax.getLimit())
                         : static_cast<int64_t>(width);
  if (found < 0 || found >= limit) {
    return false;
  }
  const std::vector<double> &logits = reference(argmax.getLogits());
  const auto best =
      static_cast<size_t>(values.at(argmax.getResult()).data<int32_t>()[row]);
  const size_t at0 = row * width + best;
  const size_t at1 = row * width + static_cast<size_t>(found);
  const double bound =
      at(argmax.getLogits(), at0) + at(argmax.getLogits(), at1);
  return bound > 0 && logits[at1] + bound >= logits[at0];
}

} // namespace sinter
