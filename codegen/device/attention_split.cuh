//===- attention_split.cuh - Positions shared out among blocks ------------===//
//
// The positions of one row and KV head go to Splits blocks, evenly and in
// ascending order, a multiple of `unit` each. Splits without a position have no
// part in it. Each leaves its parts in the workspace; the last to arrive joins
// them in ascending order.
//
//===----------------------------------------------------------------------===//

/// The positions [from, to) of a split, and how many splits have any.
struct SplitRange {
  int from;
  int to;
  int active;
};
template <int Splits, int Unit>
DEVICE SplitRange splitRange(int split, int count) {
  const int each = (count + Splits * Unit - 1) / (Splits * Unit) * Unit;
  const int from = split * each;
  return {from, from + each < count ? from + each : count,
          (count + each - 1) / each};
}

/// Requests what can be requested before the wait: positions below `old` of the
/// first Stages chunks.
template <typename A>
DEVICE void requestRange(In<bf16> keys, In<bf16> values, i64 line,
                         SplitRange range, int old,
                         typename A::Chunks &chunks) {
  const int to = old < range.to ? old : range.to;
  UNROLL for (int s = 0; s < A::Stages; ++s) {
    requestRows<A>(keys, line, range.from + s * A::Tile, to, chunks.keys[s]);
    requestRows<A>(values, line, range.from + s * A::Tile, to,
                   chunks.values[s]);
  }
}
/// And the rest of these chunks behind it.
template <typename A>
DEVICE void requestRest(In<bf16> keys, In<bf16> values, i64 line,
                        SplitRange range, int old, typename A::Chunks &chunks) {
  UNROLL for (int s = 0; s < A::Stages; ++s) {
    const int chunk = range.from + s * A::Tile;
    requestMore<A>(keys, line, chunk, old, range.to, chunks.keys[s]);
    requestMore<A>(values, line, chunk, old, range.to, chunks.values[s]);
  }
}

/// Attends [range.from, range.to) and leaves the streams' parts in the arena.
/// The first chunks have been requested, the query lies in the arena. With
/// Append, `value` is of the newest position, which the cache does not show.
template <typename A, bool Append>
DEVICE void attendRange(In<bf16> keys, In<bf16> values, i64 line,
                        SplitRange range, int newest, Piece<8> value,
                        float scale, typename A::Chunks &chunks) {
  blockBarrier();
  Floats<8> query[A::G];
  takeQuery<A>(query);
  typename A::State state = {};
  state.highest = lowestScore;
  const bool mine = Append && newest < range.to;
  const int cached = mine ? newest : range.to;
  int turn = 0;
  for (int first = range.from; first < range.to; first += A::Stages * A::Tile) {
    UNROLL for (int s = 0; s < A::Stages; ++s) {
      const int chunk = first + s * A::Tile;
      const int next = chunk + A::Stages * A::Tile;
      if (chunk < range.to) {
        if (mine && newest < chunk + A::Tile) {
          insertNewestKey<A>(chunk, newest, chunks.keys[s]);
          insertRow<A>(chunk, newest, value, chunks.values[s]);
        }
        scoreChunk<A>(chunks.keys[s], chunk, range.to, query, scale, turn % 2,
                      state);
        if (next < range.to) {
          requestRows<A>(keys, line, next, cached, chunks.keys[s]);
        }
        addChunk<A>(chunks.values[s], turn % 2, state);
        if (next < range.to) {
          requestRows<A>(values, line, next, cached, chunks.values[s]);
        }
        ++turn;
      }
    }
  }
  leaveParts<A>(state);
}

/// Stores G * D outputs from `first` on, of a row that has one block.
template <typename A>
DEVICE void storeAttention(Out<bf16> y, i64 first) {
  for (int e = threadIndex(); e < A::G * A::D; e += A::threads) {
    const AttentionPart all = joinParts<A>(e);
    store(y, first + e, toBf16(all.sum / all.norm));
  }
}

/// Leaves the block's part in the workspace and, in the last block of `item` to
/// arrive, stores G * D outputs from `first` on. Workspace: stats [items,
/// Splits, 2, G], parts [items, Splits, G, D], arrivals [items].
template <typename A, int Splits>
DEVICE void joinSplits(Out<bf16> y, InOut<float> stats, InOut<float> parts,
                       InOut<u32> arrivals, int item, int split, int active,
                       i64 first) {
  constexpr int D = A::D;
  constexpr int G = A::G;
  const i64 begin = static_cast<i64>(item) * Splits;
  for (int e = threadIndex(); e < G * D; e += A::threads) {
    const AttentionPart part = joinParts<A>(e);
    if (e % D == 0) {
      store(stats, (begin + split) * 2 * G + e / D, part.highest);
      store(stats, (begin + split) * 2 * G + G + e / D, part.norm);
    }
    store(parts, (begin + split) * G * D + e, part.sum);
  }
  if (!lastToArrive(arrivals, item, active, 4 * A::query)) {
    return;
  }
  // Thread s * G + g weighs split s of head g. All loads are requested before
  // the first is used: they take one trip.
  const Shared<float> shares = shared<float>(4 * A::parts, 2 * Splits * G);
  constexpr int each = (G * D + A::threads - 1) / A::threads;
  float sums[each][Splits];
  UNROLL for (int n = 0; n < each; ++n) {
    const int e = n * A::threads + threadIndex();
    UNROLL for (int s = 0; s < Splits; ++s) {
      if (s < active && e < G * D) {
        sums[n][s] = load(parts, (begin + s) * G * D + e);
      }
    }
  }
  for (int i = threadIndex(); i < Splits * G; i += A::threads) {
    if (i < active * G) {
      const int g = i % G;
      const i64 own = (begin + i / G) * 2 * G + g;
      const float mine = load(stats, own);
      const float norm = load(stats, own + G);
      float others[Splits];
      UNROLL for (int s = 0; s < Splits; ++s) {
        if (s < active) {
          others[s] = load(stats, (begin + s) * 2 * G + g);
        }
      }
      float highest = mine;
      UNROLL for (int s = 0; s < Splits; ++s) {
        if (s < active) {
          highest = maxF(highest, others[s]);
        }
      }
      const float rescale = expBelowF(mine - highest);
      store(shares, i, rescale);
      store(shares, Splits * G + i, norm * rescale);
    }
  }
  blockBarrier();
  UNROLL for (int n = 0; n < each; ++n) {
    const int e = n * A::threads + threadIndex();
    if (e < G * D) {
      const int g = e / D;
      float norm = 0.0f;
      float sum = 0.0f;
      UNROLL for (int s = 0; s < Splits; ++s) {
        if (s < active) {
          norm += load(shares, Splits * G + s * G + g);
          sum = fmaF(sums[n][s], load(shares, s * G + g), sum);
        }
      }
      store(y, first + e, toBf16(sum / norm));
    }
  }
}
