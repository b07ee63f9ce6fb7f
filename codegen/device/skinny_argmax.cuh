//===- skinny_argmax.cuh - Greedy choices of a few rows -------------------===//
//
// As gemv_argmax.cuh, row by row: each block takes the best of its own logits
// of every row, the last block the best of all.
//
//===----------------------------------------------------------------------===//

/// Epilogue of skinny.cuh: takes in logits below Limit, as rounded. The n-th
/// output of a thread is always of the same row.
template <typename S, int Limit>
struct TakeRowLogits {
  float best[S::each];
  i32 index[S::each];
  MEMBER void clear() {
    UNROLL for (int n = 0; n < S::each; ++n) {
      best[n] = asFloat(0xff800000u);
      index[n] = noIndex;
    }
  }
  MEMBER float early(int, i64) const { return 0.0f; }
  MEMBER void late(int n, int, i64 j, float y, float, float) {
    if (j < Limit) {
      takeBetter(roundBf16(y), static_cast<i32>(j), best[n], index[n]);
    }
  }
};
/// And stores them.
template <typename S, int Limit>
struct StoreRowLogits : TakeRowLogits<S, Limit> {
  Out<bf16> logits;
  MEMBER void late(int n, int m, i64 j, float y, float, float) {
    store(logits, static_cast<i64>(m) * S::Outputs + j, toBf16(y));
    TakeRowLogits<S, Limit>::late(n, m, j, y, 0.0f, 0.0f);
  }
};

/// Stores of each row the id of the best pair of the grid. Workspace: a pair
/// per row and block. Takes 8 * S::rows * S::Rows + 4 bytes of the arena at
/// byte `arena`, which nobody else uses.
template <typename S, typename Logits>
DEVICE void storeRowArgMax(Out<i32> ids, InOut<float> values,
                           InOut<i32> indices, InOut<u32> arrivals, int arena,
                           const Logits &own) {
  constexpr int count = S::rows * S::Rows;
  const Shared<float> bests = shared<float>(arena, count);
  const Shared<i32> places = shared<i32>(arena + 4 * count, count);
  UNROLL for (int n = 0; n < S::each; ++n) {
    const int place = n * S::threads + threadIndex();
    if (place < count) {
      store(bests, place, own.best[n]);
      store(places, place, own.index[n]);
    }
  }
  blockBarrier();
  for (int m = warpIndex(); m < S::Rows; m += S::Warps) {
    float best = asFloat(0xff800000u);
    i32 index = noIndex;
    for (int j = laneIndex(); j < S::rows; j += 32) {
      takeBetter(load(bests, m * S::rows + j), load(places, m * S::rows + j),
                 best, index);
    }
    warpArgMax(best, index);
    if (laneIndex() == 0) {
      store(values, m * gridSize() + blockIndex(), best);
      store(indices, m * gridSize() + blockIndex(), index);
    }
  }
  if (!lastToArrive(arrivals, 0, gridSize(), arena + 8 * count)) {
    return;
  }
  for (int m = warpIndex(); m < S::Rows; m += S::Warps) {
    float best = asFloat(0xff800000u);
    i32 index = noIndex;
    // Several pairs on their way at a time.
    constexpr int ahead = 8;
    for (int first = laneIndex(); first < gridSize(); first += ahead * 32) {
      float candidates[ahead];
      i32 found[ahead];
      UNROLL for (int n = 0; n < ahead; ++n) {
        const int block = first + n * 32;
        if (block < gridSize()) {
          candidates[n] = load(values, m * gridSize() + block);
          found[n] = load(indices, m * gridSize() + block);
        }
      }
      UNROLL for (int n = 0; n < ahead; ++n) {
        if (first + n * 32 < gridSize()) {
          takeBetter(candidates[n], found[n], best, index);
        }
      }
    }
    warpArgMax(best, index);
    if (laneIndex() == 0) {
      store(ids, m, index == noIndex ? 0 : index);
    }
  }
}
