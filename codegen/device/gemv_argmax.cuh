//===- gemv_argmax.cuh - Greedy choice behind the last linear layer -------===//
//
// Each block takes the best of its own logits, the last block the best of all:
// the order does not matter, as warpArgMax follows a total order.
//
//===----------------------------------------------------------------------===//

/// The best logit of those that a thread has met.
struct BestLogit {
  float best = asFloat(0xff800000u);
  i32 index = noIndex;
};
/// Epilogue of gemv.cuh: takes in logits below Limit, as rounded.
template <int Limit>
struct TakeLogits : BestLogit {
  MEMBER float early(i64) const { return 0.0f; }
  MEMBER void late(i64 i, float y, float, float) {
    if (i < Limit) {
      takeBetter(roundBf16(y), static_cast<i32>(i), best, index);
    }
  }
};
/// And stores them.
template <int Limit>
struct StoreLogits : TakeLogits<Limit> {
  Out<bf16> logits;
  MEMBER void late(i64 i, float y, float, float) {
    store(logits, i, toBf16(y));
    TakeLogits<Limit>::late(i, y, 0.0f, 0.0f);
  }
};

/// Stores the id of the best pair of all threads of the grid.
/// Workspace: a pair per block. Takes 8 * Warps + 4 bytes of the arena at byte
/// `arena`, which nobody may be reading.
template <int Warps>
DEVICE void storeArgMax(Out<i32> ids, InOut<float> values, InOut<i32> indices,
                        InOut<u32> arrivals, int arena, BestLogit own) {
  float best = own.best;
  i32 index = own.index;
  blockArgMax<Warps>(arena, best, index);
  if (threadIndex() == 0) {
    store(values, blockIndex(), best);
    store(indices, blockIndex(), index);
  }
  if (!lastToArrive(arrivals, 0, gridSize(), arena + 8 * Warps)) {
    return;
  }
  best = asFloat(0xff800000u);
  index = noIndex;
  // Several pairs on their way at a time.
  constexpr int threads = 32 * Warps;
  constexpr int ahead = 4;
  for (int first = threadIndex(); first < gridSize();
       first += ahead * threads) {
    float candidates[ahead];
    i32 places[ahead];
    UNROLL for (int n = 0; n < ahead; ++n) {
      if (first + n * threads < gridSize()) {
        candidates[n] = load(values, first + n * threads);
        places[n] = load(indices, first + n * threads);
      }
    }
    UNROLL for (int n = 0; n < ahead; ++n) {
      if (first + n * threads < gridSize()) {
        takeBetter(candidates[n], places[n], best, index);
      }
    }
  }
  blockArgMax<Warps>(arena, best, index);
  if (threadIndex() == 0) {
    store(ids, 0, index == noIndex ? 0 : index);
  }
}
