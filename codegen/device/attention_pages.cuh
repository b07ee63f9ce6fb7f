//===- attention_pages.cuh - Attention over a cache in pages --------------===//
//
// requestRange, requestRest and attendRange (attention_split.cuh) for rows that
// pages.cuh finds: the same chunks, the same sums in the same order. Where the
// rows of a chunk lie is looked up before the chunk before it is weighed, so
// that the trip to the table passes meanwhile.
//
//===----------------------------------------------------------------------===//

/// Numbers of this thread's rows of a chunk.
template <typename A>
struct RowNumbers {
  int at[A::Depth]; ///< below 2^31
};

/// Looks up the rows at the positions [from, to) of a chunk.
template <typename A, typename Cache>
DEVICE void findRows(const Cache &cache, int chunk, int from, int to,
                     RowNumbers<A> &rows) {
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    const int p = chunkPosition<A>(chunk, d);
    rows.at[d] = 0;
    if (p >= from && p < to && laneColumn<A>() < A::D) {
      rows.at[d] = static_cast<int>(cache.row(p));
    }
  }
}
/// As requestRows, of rows that were looked up.
template <typename A>
DEVICE void requestFound(In<bf16> cache, const RowNumbers<A> &found, int chunk,
                         int to, typename A::Rows &rows) {
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    rows.at[d] = toPiece(loadStreamIf<8>(
        chunkPosition<A>(chunk, d) < to && laneColumn<A>() < A::D, cache,
        static_cast<i64>(found.at[d]) * A::D + laneColumn<A>()));
  }
}
/// As requestMore.
template <typename A>
DEVICE void requestMoreFound(In<bf16> cache, const RowNumbers<A> &found,
                             int chunk, int from, int to,
                             typename A::Rows &rows) {
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    const int p = chunkPosition<A>(chunk, d);
    if (p >= from && p < to && laneColumn<A>() < A::D) {
      rows.at[d] = loadPiece<8>(cache, static_cast<i64>(found.at[d]) * A::D +
                                           laneColumn<A>());
    }
  }
}

template <typename A, int Heads, int Page, int Each>
DEVICE void requestRange(In<bf16> keys, In<bf16> values,
                         const PagedRows<Heads, Page, Each> &cache,
                         SplitRange range, int old,
                         typename A::Chunks &chunks) {
  const int to = old < range.to ? old : range.to;
  RowNumbers<A> found[A::Stages];
  UNROLL for (int s = 0; s < A::Stages; ++s) {
    findRows<A>(cache, range.from + s * A::Tile, 0, to, found[s]);
  }
  UNROLL for (int s = 0; s < A::Stages; ++s) {
    const int chunk = range.from + s * A::Tile;
    requestFound<A>(keys, found[s], chunk, to, chunks.keys[s]);
    requestFound<A>(values, found[s], chunk, to, chunks.values[s]);
  }
}

template <typename A, int Heads, int Page, int Each>
DEVICE void requestRest(In<bf16> keys, In<bf16> values,
                        const PagedRows<Heads, Page, Each> &cache,
                        SplitRange range, int old, typename A::Chunks &chunks) {
  UNROLL for (int s = 0; s < A::Stages; ++s) {
    const int chunk = range.from + s * A::Tile;
    RowNumbers<A> found;
    findRows<A>(cache, chunk, old, range.to, found);
    requestMoreFound<A>(keys, found, chunk, old, range.to, chunks.keys[s]);
    requestMoreFound<A>(values, found, chunk, old, range.to, chunks.values[s]);
  }
}

template <typename A, bool Append, int Heads, int Page, int Each>
DEVICE void attendRange(In<bf16> keys, In<bf16> values,
                        const PagedRows<Heads, Page, Each> &cache,
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
        RowNumbers<A> found;
        findRows<A>(cache, next, 0, cached, found);
        if (mine && newest < chunk + A::Tile) {
          insertNewestKey<A>(chunk, newest, chunks.keys[s]);
          insertRow<A>(chunk, newest, value, chunks.values[s]);
        }
        scoreChunk<A>(chunks.keys[s], chunk, range.to, query, scale, turn % 2,
                      state);
        if (next < range.to) {
          requestFound<A>(keys, found, next, cached, chunks.keys[s]);
        }
        addChunk<A>(chunks.values[s], turn % 2, state);
        if (next < range.to) {
          requestFound<A>(values, found, next, cached, chunks.values[s]);
        }
        ++turn;
      }
    }
  }
  leaveParts<A>(state);
}
