//===- ErrorBounds.h - How far a kernel may be from its body ----*- C++ -*-===//
//
// A generated kernel and the reference interpreter round at the same points, so
// only the order of fp32 sums and the last bit of exp, sin, cos and rsqrt can
// differ. What one op may add, with an ulp that of bf16 at the reference:
//
//   embed, take_rows, add, kv_append   nothing
//   argmax     nothing: equal logits give equal ids
//   rms_norm, swiglu   2 ulp: a rounding before a product, then the product
//   linear     1 ulp + 4 * 2^-24 * sqrt(K) * sum |w x|: an fp32 sum of K terms
//   rope       2^-7 * (|x| + |partner|): cos or sin rounds to its neighbour
//   attention  1 ulp + 2^-14 * max |V|: weights that sum to 1
//
// In a kernel of several ops what the first adds is carried through the others,
// to first order: by |w| through a linear layer, and so on; where a value may
// differ it may also round to its other neighbour.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_ERRORBOUNDS_H
#define SINTER_TOOLS_ERRORBOUNDS_H

#include "codegen/GroupView.h"
#include "ir/decoder/Decoder.h"
#include "models/interpreter/HostTensor.h"

#include <llvm/ADT/DenseMap.h>

#include <map>
#include <string>
#include <vector>

namespace sinter {

/// What an op ("linear") may add, in words; empty for an op that must agree
/// exactly because nobody has said what it may.
std::string toleranceOf(const std::string &kind);

/// Bounds of the results of one body on one set of inputs.
class ErrorBounds {
public:
  /// `values`: what the reference computed, by argument and result of an op.
  ErrorBounds(mlir::Block &body,
              llvm::DenseMap<mlir::Value, HostTensor> values);

  /// The largest distance from the reference at an element of `value`.
  double at(mlir::Value value, size_t element);
  /// Whether `found` may be the id of row `row` in place of the reference's:
  /// the logits of the two could have changed places.
  bool mayChoose(decoder::ArgmaxOp argmax, size_t row, int32_t found);

private:
  double of(decoder::RmsNormOp op, size_t element);
  double of(decoder::LinearOp op, size_t element);
  double of(decoder::SwigluOp op, size_t element);
  double of(decoder::AddOp op, size_t element);
  double of(decoder::TakeRowsOp op, size_t element);
  double of(decoder::RopeOp op, size_t element);
  double of(decoder::KvAppendOp op, size_t element);
  double of(decoder::AttentionOp op, size_t element);
  double scoreBound(decoder::AttentionOp op, size_t row, size_t head);

  /// The reference's elements and their bounds, of a value seen through views.
  const std::vector<double> &reference(mlir::Value value);
  const std::vector<double> &bounds(mlir::Value value);
  int64_t extent(mlir::Value value, unsigned dimension);
  /// Number of a row of head_dim elements in a cache.
  size_t cacheRow(const decoder::CacheShape &cache, mlir::Value pages,
                  size_t sequence, size_t head, size_t position);

  codegen::GroupView view;
  llvm::DenseMap<mlir::Value, HostTensor> values;
  // By opaque pointer; their vectors stay where they are.
  std::map<void *, std::vector<double>> references;
  std::map<void *, std::vector<double>> allBounds;
};

} // namespace sinter

#endif // SINTER_TOOLS_ERRORBOUNDS_H
