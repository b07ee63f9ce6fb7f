//===- norm.cuh - Root mean square norm -----------------------------------===//
//
// y = bf16(bf16(x / sqrt(mean(x^2) + eps)) * gain), row by row; the normalised
// value is rounded before the product, as the published code does.
//
// Order of the sum of squares: thread t of the row's 32 * Warps threads has the
// pieces t, t + 32 * Warps, ... in turn, element k by fma to accumulator k;
// accumulators are folded in halves, lanes by warpSum, warps in ascending
// order.
//
//===----------------------------------------------------------------------===//

/// Sum over all threads of a block of Warps warps, in every thread. Takes Warps
/// floats of the arena at byte 0.
template <int Warps>
DEVICE float blockSum(float value) {
  const float part = warpSum(value);
  if constexpr (Warps == 1) {
    return part;
  } else {
    const Shared<float> parts = shared<float>(0, Warps);
    if (laneIndex() == 0) {
      store(parts, warpIndex(), part);
    }
    blockBarrier();
    float sum = load(parts, 0);
    UNROLL for (int w = 1; w < Warps; ++w) { sum += load(parts, w); }
    return sum;
  }
}

/// Normalises a row in place: each thread its share, times its share of the
/// gain. Warps > 1: the whole block.
template <int Width, int V, int Warps>
DEVICE void normalise(RowShare<Width, V, Warps> &row,
                      const RowShare<Width, V, Warps> &gain, int thread,
                      float eps) {
  Floats<V> squares = {};
  UNROLL for (int n = 0; n < row.count; ++n) {
    if (row.has(n, thread)) {
      const Floats<V> x = toFloats(row.held[n]);
      squares = fmaF(x, x, squares);
    }
  }
  const float sum = blockSum<Warps>(fold(squares));
  const float scale = rsqrtF(sum / static_cast<float>(Width) + eps);
  UNROLL for (int n = 0; n < row.count; ++n) {
    if (row.has(n, thread)) {
      float normed[V];
      UNROLL for (int k = 0; k < V; ++k) {
        normed[k] = roundBf16(at(row.held[n], k) * scale) * at(gain.held[n], k);
      }
      row.held[n] = roundPiece(normed);
    }
  }
}

/// Normalises row `row` of x with the 32 * Warps threads that call it; `thread`
/// counts them. Warps > 1: the whole block.
template <int Width, int V, int Warps>
DEVICE void rmsNormRow(In<bf16> x, In<bf16> gain, Out<bf16> y, i64 row,
                       int thread, float eps) {
  RowShare<Width, V, Warps> gains;
  RowShare<Width, V, Warps> values;
  loadShare(gain, 0, thread, gains);
  loadShare(x, row * Width, thread, values);
  normalise(values, gains, thread, eps);
  UNROLL for (int n = 0; n < values.count; ++n) {
    if (values.has(n, thread)) {
      storePiece(y, row * Width + (n * values.threads + thread) * V,
                 values.held[n]);
    }
  }
}

/// Prologue of gemv.cuh: every block normalises x itself; no launch, no trip
/// to memory.
template <int Width, int V, int Warps>
struct NormInput {
  In<bf16> gain;
  float eps;
  RowShare<Width, V, Warps> gains;
  MEMBER void request() { loadShare(gain, 0, threadIndex(), gains); }
  MEMBER void apply(RowShare<Width, V, Warps> &x) {
    normalise(x, gains, threadIndex(), eps);
  }
};
