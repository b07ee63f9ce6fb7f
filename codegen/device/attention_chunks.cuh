//===- attention_chunks.cuh - Rows of the cache on their way --------------===//
//
// How the threads of a block share out the cache, where its arena has what, and
// how rows are requested into registers (attention_decode.cuh has the rest).
//
//===----------------------------------------------------------------------===//

constexpr int powerAbove(int n) {
  int power = 1;
  while (power < n) {
    power *= 2;
  }
  return power;
}

template <int D_, int G_, int Warps_, int Depth_, int Stages_>
struct AttentionShape {
  static constexpr int D = D_;
  static constexpr int G = G_;
  static constexpr int Warps = Warps_;
  static constexpr int Stages = Stages_; ///< chunks on their way
  static constexpr int threads = 32 * Warps;
  static constexpr int heads = powerAbove(G);
  static constexpr int Lanes = powerAbove(D / 8) > heads ? powerAbove(D / 8)
                                                         : heads;
  static constexpr int perWarp = 32 / Lanes; ///< streams of a warp
  static constexpr int streams = Warps * perWarp;
  /// Positions of a stream per chunk.
  static constexpr int Depth = Depth_;
  static_assert(Depth * heads <= Lanes, "a lane has one score");
  static constexpr int Tile = streams * Depth; ///< positions of a chunk
  static constexpr int scores = heads * Depth;
  static constexpr int repeats = Lanes / scores; ///< lanes with the same score

  // Floats of the arena, by part; the streams' parts take the weights' place.
  static constexpr int query = 0;                     ///< [G][D]
  static constexpr int newest = G * D;                ///< [D], a key
  static constexpr int highest = newest + D;          ///< [G][streams]
  static constexpr int norms = highest + G * streams; ///< [G][streams]
  static constexpr int weights =
      (norms + G * streams + 3) / 4 * 4; ///< [2][streams][scores]
  static constexpr int rescales = weights + 2 * streams * scores;
  static constexpr int parts = weights; ///< [streams][G][D]

  /// Rows of keys or of values, as this thread has them.
  struct Rows {
    Piece<8> at[Depth];
  };
  /// The chunks on their way, in turn.
  struct Chunks {
    Rows keys[Stages];
    Rows values[Stages];
  };
  /// Running softmax of a stream.
  struct State {
    float highest; ///< of this lane's head
    float norm;    ///< over this lane's scores
    Floats<8> product[G];
  };
};

template <typename A>
DEVICE int streamIndex() {
  return threadIndex() / A::Lanes;
}
/// The first column of this lane.
template <typename A>
DEVICE int laneColumn() {
  return threadIndex() % A::Lanes * 8;
}
/// The position of this lane's d-th rows in the chunk that begins at `chunk`.
template <typename A>
DEVICE int chunkPosition(int chunk, int d) {
  return chunk + d * A::streams + streamIndex<A>();
}

/// Requests rows at the positions below `to` of the chunk that begins at
/// `chunk`; the others are zero. The rows of the KV head begin at `line`.
template <typename A>
DEVICE void requestRows(In<bf16> cache, i64 line, int chunk, int to,
                        typename A::Rows &rows) {
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    const int p = chunkPosition<A>(chunk, d);
    rows.at[d] = toPiece(
        loadStreamIf<8>(p < to && laneColumn<A>() < A::D, cache,
                        line + static_cast<i64>(p) * A::D + laneColumn<A>()));
  }
}
/// Likewise those at the positions [from, to); the others stay.
template <typename A>
DEVICE void requestMore(In<bf16> cache, i64 line, int chunk, int from, int to,
                        typename A::Rows &rows) {
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    const int p = chunkPosition<A>(chunk, d);
    if (p >= from && p < to && laneColumn<A>() < A::D) {
      rows.at[d] = loadPiece<8>(cache, line + static_cast<i64>(p) * A::D +
                                           laneColumn<A>());
    }
  }
}
/// The key in the arena, where a chunk has its position: no lane may read it
/// from the cache yet.
template <typename A>
DEVICE void insertNewestKey(int chunk, int newest, typename A::Rows &rows) {
  const Shared<float> key = shared<float>(4 * A::newest, A::D);
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    if (chunkPosition<A>(chunk, d) == newest && laneColumn<A>() < A::D) {
      rows.at[d] = roundFloats(loadFloats(key, laneColumn<A>()));
    }
  }
}
/// Likewise a value.
template <typename A>
DEVICE void insertRow(int chunk, int position, Piece<8> row,
                      typename A::Rows &rows) {
  UNROLL for (int d = 0; d < A::Depth; ++d) {
    if (chunkPosition<A>(chunk, d) == position) {
      rows.at[d] = row;
    }
  }
}

/// x[i] to x[i + N - 1] of shared memory, i a multiple of N = 1, 2, 4 or 8.
template <int N>
DEVICE void loadRow(Shared<float> x, i64 i, float (&row)[N]) {
  constexpr int step = N < 4 ? N : 4;
  UNROLL for (int n = 0; n < N; n += step) {
    if constexpr (step == 1) {
      row[n] = load(x, i + n);
    } else {
      const Vec<float, step> part = loadVec<step>(x, i + n);
      UNROLL for (int k = 0; k < step; ++k) { row[n + k] = part[k]; }
    }
  }
}

/// Reads the G heads of a query row, which begin at `first`, into the arena.
template <typename A>
DEVICE void stageQuery(In<bf16> q, i64 first) {
  const Shared<float> query = shared<float>(4 * A::query, A::G * A::D);
  for (int p = threadIndex(); p < A::G * A::D / 8; p += A::threads) {
    storeFloats(query, p * 8, toFloats(loadPiece<8>(q, first + p * 8)));
  }
}
/// This lane's columns of the query.
template <typename A>
DEVICE void takeQuery(Floats<8> (&query)[A::G]) {
  const Shared<float> staged = shared<float>(4 * A::query, A::G * A::D);
  const int column = laneColumn<A>();
  UNROLL for (int g = 0; g < A::G; ++g) {
    query[g] = Floats<8>{};
    if (column < A::D) {
      query[g] = loadFloats(staged, g * A::D + column);
    }
  }
}
