//===- gemv.cuh - Matrix times vector -------------------------------------===//
//
// weight [lines, Width] row major, x [Width], both bf16, products summed in
// fp32. All threads of a block share each line: thread t has the pieces t,
// t + threads, ... of it and of x, which it keeps in registers. A block
// computes Lines sums at a time, which are outputs, or the halves of Lines / 2
// outputs that take two lines each (gate and up): `Pair` is 0, one line per
// output; -1, output j has lines 2j and 2j + 1; else it has j and Pair + j. The
// weights of the first Unroll pieces are requested before the block waits for
// x.
//
// Order of the sum, the same for every Lines, Unroll, Turns and Pair: a thread
// takes its pieces in turn, element k of a piece goes by fma to accumulator
// k % 4; the accumulators are folded in halves (fold), the lanes by the xor
// tree, the warps in ascending order.
//
//===----------------------------------------------------------------------===//

template <int Width_, int V_, int Warps_, int Outputs_, int Lines_, int Unroll_,
          int Turns_, int Pair_, bool Late_ = false>
struct GemvShape {
  static constexpr int V = V_;
  static constexpr int Width = Width_;
  static constexpr int Warps = Warps_;
  static constexpr int Outputs = Outputs_;
  static constexpr int Lines = Lines_;
  static constexpr int Unroll = Unroll_;
  static constexpr int Turns = Turns_; ///< batches of Lines per block
  static constexpr int Pair = Pair_;
  static constexpr bool Late = Late_; ///< consumers start behind the wait
  using Row = RowShare<Width, V, Warps>;
  static constexpr int rows = Pair == 0 ? Lines : Lines / 2; ///< outputs
  static constexpr bool full = Outputs % (rows * Turns) == 0;
  static constexpr int steps = (Row::count + Unroll - 1) / Unroll;
  static constexpr int lanes = V < 4 ? V : 4; ///< accumulators of a line
  /// Floats of the arena: of blockSum, then the warps' sums in two buffers.
  static constexpr int sumsAt = (Warps + 3) / 4 * 4;
  static constexpr int buffers = Turns == 1 ? 1 : 2;
  static constexpr int end = sumsAt + buffers * Warps * Lines;

  struct Weights {
    Piece<V> pieces[Unroll][Lines];
  };
  struct Sums {
    Floats<lanes> lines[Lines];
  };
};

/// The line of sum r; `row` is the first output.
template <typename S>
DEVICE i64 lineOf(i64 row, int r) {
  if constexpr (S::Pair > 0) {
    return r < S::rows ? row + r : row + r + (S::Pair - S::rows);
  } else {
    return S::Pair == 0 ? row + r : 2 * row + r;
  }
}
/// The sum of the gate or, with `second`, the up line of output j.
template <typename S>
DEVICE int sumOf(int j, bool second) {
  return S::Pair == 0 ? j : S::Pair > 0 ? j + second * S::rows : 2 * j + second;
}
/// Whether sum r belongs to an output; `row` is the first of its batch.
template <typename S>
DEVICE bool hasSum(i64 row, int r) {
  const int output = S::Pair == 0 ? r : S::Pair > 0 ? r % S::rows : r / 2;
  return S::full || row + output < S::Outputs;
}

/// Requests the pieces of step `step` of every line.
template <typename S>
DEVICE void requestStep(In<bf16> weight, i64 row, int step,
                        typename S::Weights &weights) {
  UNROLL for (int c = 0; c < S::Unroll; ++c) {
    const int n = step * S::Unroll + c;
    if (S::Row::has(n, threadIndex())) {
      const int piece = n * S::Row::threads + threadIndex();
      UNROLL for (int r = 0; r < S::Lines; ++r) {
        if (hasSum<S>(row, r)) {
          weights.pieces[c][r] = streamPiece<S::V>(
              weight, lineOf<S>(row, r) * S::Width + piece * S::V);
        }
      }
    }
  }
}

/// Adds the products of one piece.
template <int N, int V>
DEVICE Floats<N> multiplyPiece(Piece<V> weights, Floats<V> x, Floats<N> sum) {
  const Floats<V> w = toFloats(weights);
  sum = fmaF(slice<N, 0>(w), slice<N, 0>(x), sum);
  if constexpr (V == 2 * N) {
    sum = fmaF(slice<N, N>(w), slice<N, N>(x), sum);
  }
  return sum;
}

/// Adds what was requested for `step`, times x.
template <typename S>
DEVICE void multiplyStep(const typename S::Row &x,
                         const typename S::Weights &weights, i64 row, int step,
                         typename S::Sums &sums) {
  UNROLL for (int c = 0; c < S::Unroll; ++c) {
    const int n = step * S::Unroll + c;
    if (n < S::Row::count && S::Row::has(n, threadIndex())) {
      const Floats<S::V> xs = toFloats(x.held[n]);
      UNROLL for (int r = 0; r < S::Lines; ++r) {
        if (hasSum<S>(row, r)) {
          sums.lines[r] =
              multiplyPiece(weights.pieces[c][r], xs, sums.lines[r]);
        }
      }
    }
  }
}

/// Leaves this warp's sums in buffer `buffer` of the arena.
template <typename S>
DEVICE void leaveSums(const typename S::Sums &sums, int buffer) {
  const Shared<float> parts = shared<float>(
      4 * (S::sumsAt + buffer * S::Warps * S::Lines), S::Warps * S::Lines);
  float lines[S::Lines];
  UNROLL for (int r = 0; r < S::Lines; ++r) { lines[r] = fold(sums.lines[r]); }
  const float sum = groupSums<32>(lines);
  constexpr int each = 32 / S::Lines;
  if (laneIndex() % each == 0) {
    store(parts, warpIndex() * S::Lines + laneIndex() / each, sum);
  }
}
/// Sum r over all warps.
template <typename S>
DEVICE float joinSums(int r, int buffer) {
  const Shared<float> parts = shared<float>(
      4 * (S::sumsAt + buffer * S::Warps * S::Lines), S::Warps * S::Lines);
  float sum = load(parts, r);
  UNROLL for (int w = 1; w < S::Warps; ++w) {
    sum += load(parts, w * S::Lines + r);
  }
  return sum;
}

/// One linear layer. Prologue: request() before and apply(x) after the wait.
/// Bias: at(line), before the wait for the first batch. Epilogue: early(output)
/// as soon as other kernels' results can be read, late(output, y, up, early).
/// One lane of the first warp has each output of a batch.
template <typename S, typename Prologue, typename Bias, typename Epilogue>
DEVICE void gemv(In<bf16> x, In<bf16> weight, Prologue prologue, Bias bias,
                 Epilogue &epilogue) {
  i64 row = static_cast<i64>(blockIndex()) * (S::rows * S::Turns);
  const int lane = threadIndex();
  const int first = sumOf<S>(lane, false);
  const int second = sumOf<S>(lane, true);
  const bool mine = lane < S::rows;
  bool has = mine && hasSum<S>(row, first);
  typename S::Weights weights;
  requestStep<S>(weight, row, 0, weights);
  prologue.request();
  float shift = has ? bias.at(lineOf<S>(row, first)) : 0.0f;
  float upShift = S::Pair && has ? bias.at(lineOf<S>(row, second)) : 0.0f;
  if constexpr (!S::Late) {
    allowConsumers();
  }
  waitForProducers();
  if constexpr (S::Late) {
    allowConsumers();
  }
  typename S::Row share;
  loadShare(x, 0, threadIndex(), share);
  float early = has ? epilogue.early(row + lane) : 0.0f;
  prologue.apply(share);
  for (int turn = 0; turn < S::Turns; ++turn) {
    typename S::Sums sums = {};
    multiplyStep<S>(share, weights, row, 0, sums);
    UNROLL for (int step = 1; step < S::steps; ++step) {
      requestStep<S>(weight, row, step, weights);
      multiplyStep<S>(share, weights, row, step, sums);
    }
    const i64 next = row + S::rows;
    const bool more = turn + 1 < S::Turns && (S::full || next < S::Outputs);
    if (more) {
      requestStep<S>(weight, next, 0, weights);
    }
    const int buffer = turn % S::buffers;
    leaveSums<S>(sums, buffer);
    blockBarrier();
    if (has) {
      const float y = joinSums<S>(first, buffer) + shift;
      const float up = S::Pair ? joinSums<S>(second, buffer) + upShift : 0.0f;
      epilogue.late(row + lane, y, up, early);
    }
    if (!more) {
      break;
    }
    row = next;
    has = mine && hasSum<S>(row, first);
    if (has) {
      shift = bias.at(lineOf<S>(row, first));
      upShift = S::Pair ? bias.at(lineOf<S>(row, second)) : 0.0f;
      early = epilogue.early(row + lane);
    }
  }
}
