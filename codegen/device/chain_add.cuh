//===- chain_add.cuh - A sum and its norm in one kernel -------------------===//
//
// The sum is rounded as addPiece rounds it and stays in registers; the norm is
// that of norm.cuh, its order of sums too.
//
//===----------------------------------------------------------------------===//

/// What becomes of the sum: stored for others, or nobody reads it.
struct KeepSum {
  Out<bf16> sum;
  template <int V>
  MEMBER void put(i64 i, Piece<V> piece) const {
    storePiece<V>(sum, i, piece);
  }
};
struct DropSum {
  template <int V>
  MEMBER void put(i64 /*i*/, Piece<V> /*piece*/) const {}
};

/// Row `row` of lhs + rhs, normalised, with the 32 * Warps threads that call
/// it; `thread` counts them. Warps > 1: the whole block.
template <int Width, int V, int Warps, typename Sum>
DEVICE void addNormRow(In<bf16> lhs, In<bf16> rhs,
                       const RowShare<Width, V, Warps> &gains, Out<bf16> y,
                       i64 row, int thread, float eps, Sum sum) {
  RowShare<Width, V, Warps> values;
  RowShare<Width, V, Warps> other;
  loadShare(lhs, row * Width, thread, values);
  loadShare(rhs, row * Width, thread, other);
  UNROLL for (int n = 0; n < values.count; ++n) {
    if (values.has(n, thread)) {
      float sums[V];
      UNROLL for (int k = 0; k < V; ++k) {
        sums[k] = at(values.held[n], k) + at(other.held[n], k);
      }
      values.held[n] = roundPiece(sums);
      sum.put(row * Width + (n * values.threads + thread) * V, values.held[n]);
    }
  }
  normalise(values, gains, thread, eps);
  UNROLL for (int n = 0; n < values.count; ++n) {
    if (values.has(n, thread)) {
      storePiece(y, row * Width + (n * values.threads + thread) * V,
                 values.held[n]);
    }
  }
}
