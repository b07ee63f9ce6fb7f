//===- Ops.h - The decoder ops on host tensors ------------------*- C++ -*-===//
//
// One function per op of the decoder dialect, after ir/SPEC.md, and nothing
// else: no MLIR, no code shared with the kernel families. Widths, row counts
// and element types are those the verifier has accepted; contents (token ids,
// positions, row numbers) are checked here.
//
// R = rows = batch * tokens. Activations are bf16 in bf16 mode and f32 in fp32
// mode; weights stay as stored in both.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_MODELS_INTERPRETER_OPS_H
#define SINTER_MODELS_INTERPRETER_OPS_H

#include "models/interpreter/HostTensor.h"
#include "models/interpreter/ThreadPool.h"
#include "runtime/format/Sampling.h"
#include "runtime/format/Status.h"

#include <optional>
#include <span>

namespace sinter {

/// Fp32: no rounding but that of single precision. Bf16: the rounding points
/// of the published code.
enum class Precision : uint8_t { Fp32, Bf16 };

/// Strict: scores, softmax and the product with V unrounded, one rounding of
/// the output. Eager: as Hugging Face's eager code, which rounds scores, scaled
/// scores and probabilities to bf16 too. The same thing in fp32 mode.
enum class AttentionRounding : uint8_t { Strict, Eager };

/// What every op needs to know.
struct Numerics {
  Precision precision = Precision::Bf16;
  AttentionRounding attention = AttentionRounding::Strict;
  ThreadPool *pool = nullptr;

  /// Element type of activations and caches.
  DType state() const {
    return precision == Precision::Bf16 ? DType::BF16 : DType::F32;
  }
  /// A rounding point: to bf16 or to single precision, once.
  float round(double value) const;
  /// Converts an activation that comes from outside to state().
  HostTensor toState(const HostTensor &tensor) const;
};

namespace ops {

/// Row ids[r] of `table` [vocab, width]. -> [R, width]
Result<HostTensor> embed(const Numerics &numerics, const HostTensor &ids,
                         const HostTensor &table);

/// Over the last dimension: x / sqrt(mean(x^2) + eps), rounded, times `gain`,
/// rounded.
HostTensor rmsNorm(const Numerics &numerics, const HostTensor &x,
                   const HostTensor &gain, double eps);

/// y = x W^T (+ bias), rounded once. x [R, in], W [out, in], bias [out].
HostTensor linear(const Numerics &numerics, const HostTensor &x,
                  const HostTensor &weight, const HostTensor *bias);

/// Rotates halves of each head. x [R, heads, d]; `frequencies` holds d/2 values
/// in single precision. Cosine and sine are rounded, both products are rounded,
/// and so is their sum.
Result<HostTensor> rope(const Numerics &numerics, const HostTensor &x,
                        const HostTensor &positions,
                        std::span<const float> frequencies);

/// `cache` [batch, kv heads, capacity, d] with row r of `rows` [R, kv heads, d]
/// at positions[r] of sequence r / tokens. Writes in place if nothing else
/// holds the cache's storage. With `pages` [batch, n] the cache is [pages, kv
/// heads, page, d] and a sequence has those that its line names, in order.
Result<HostTensor> kvAppend(const Numerics &numerics, const HostTensor &rows,
                            const HostTensor &positions, HostTensor cache,
                            const HostTensor *pages = nullptr);

/// Causal attention: row r sees positions 0..positions[r] of its sequence.
/// query [R, heads, d], keys and values [batch, kv heads, capacity, d]; head h
/// reads kv head h / (heads / kv heads). `pages` as of kvAppend. -> [R, heads,
/// d]
Result<HostTensor> attention(const Numerics &numerics, const HostTensor &query,
                             const HostTensor &keys, const HostTensor &values,
                             const HostTensor &positions, double scale,
                             const HostTensor *pages = nullptr);

/// silu(gate) rounded, times up, rounded.
HostTensor swiglu(const Numerics &numerics, const HostTensor &gate,
                  const HostTensor &up);

/// a + b, rounded.
HostTensor add(const Numerics &numerics, const HostTensor &a,
               const HostTensor &b);

/// Rows rows[i] of x [R, width]. -> [n, width]
Result<HostTensor> takeRows(const HostTensor &x, const HostTensor &rows);

/// Index of the largest logit below `limit`, the lowest at ties; a NaN is
/// never chosen over a number. logits [R, vocab] -> i32 [R]
HostTensor argmax(const HostTensor &logits, std::optional<int64_t> limit);

/// Sampling.h on each row, with the row's position. -> i32 [R]
Result<HostTensor> sample(const HostTensor &logits, const HostTensor &seed,
                          const HostTensor &positions,
                          const SamplingOptions &options);

/// Elements offsets + i * strides of x, for i below `shape`.
HostTensor slice(const HostTensor &x, const std::vector<int64_t> &shape,
                 std::span<const int64_t> offsets,
                 std::span<const int64_t> strides);

/// Weights stacked along dimension 0, one after the other.
HostTensor packConcat(std::span<const HostTensor> weights);
/// Row i of every weight, then row i + 1 of every weight.
HostTensor packInterleave(std::span<const HostTensor> weights);

} // namespace ops
} // namespace sinter

#endif // SINTER_MODELS_INTERPRETER_OPS_H
