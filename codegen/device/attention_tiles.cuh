//===- attention_tiles.cuh - Tiles of the cache against query rows --------===//
//
// Each warp has 16 query rows. Keys and values come in tiles of Keys positions,
// ascending, into shared memory; scores and products are made by tensor cores.
//
// Scores, softmax and the product are fp32 and the output is rounded once. A
// weight enters the tensor core as two bf16, itself rounded and what is left,
// which together have 17 bits of it; the normaliser adds the weight itself.
// Order of every sum (within a tensor core: tiles.cuh):
//   score       ascending depth, 16 at a time
//   normaliser  per lane over its positions ascending, then the xor tree 1, 2
//   product     ascending positions, 16 at a time, lower parts before higher
//
//===----------------------------------------------------------------------===//

template <int D_, int Heads_, int Warps_, int Keys_>
struct PrefillShape {
  static constexpr int D = D_;         ///< a multiple of 16
  static constexpr int Heads = Heads_; ///< of a token in a block
  static constexpr int Warps = Warps_;
  static constexpr int Keys = Keys_; ///< positions of a tile
  static constexpr int threads = 32 * Warps;
  static constexpr int tokens = 16 * Warps / Heads; ///< of a block
  /// Elements from row to row of a tile: 8 rows that a warp reads at once lie
  /// in different banks, as D / 8 + 1 is odd.
  static constexpr int pitch = D + 8;
  static constexpr int tile = Keys * pitch; ///< elements
  /// Copies of a thread per tile.
  static constexpr int copies = (Keys * D / 8 + threads - 1) / threads;
  /// Tiles of 8 columns whose products are under way together.
  static constexpr int Wide = D % 32 == 0 ? 4 : 2;
  using Queue = CopyQueue<4 * copies>; ///< both buffers

  /// A lane's part of two rows of its warp, lane / 4 and lane / 4 + 8; the four
  /// lanes of a row share out its columns.
  struct Rows {
    bool has[2];      ///< whether there is such a row
    i64 at[2];        ///< its first element in q and y
    int position[2];  ///< 0 where there is none
    float highest[2]; ///< score so far, unscaled
    float norm[2];    ///< of this lane's positions
    TileA query[D / 16];
    TileD product[D / 8 / Wide][Wide];
  };
};

/// Rows of one head of one sequence that are neighbours.
struct NeighbouringRows {
  i64 first;
  /// Number of the row of `position`, counted in rows of D elements.
  MEMBER i64 row(i32 position) const { return first + position; }
};

/// Requests keys and values of the positions [first, first + Keys) into the
/// buffer at element `at`; from `to` on they are zero.
template <typename A, typename Cache>
DEVICE void requestTiles(In<bf16> keys, In<bf16> values, const Cache &cache,
                         int first, int to, Shared<bf16> arena, int at,
                         typename A::Queue &queue) {
  UNROLL for (int n = 0; n < A::copies; ++n) {
    const int p = n * A::threads + threadIndex();
    const int row = p / (A::D / 8);
    const int column = p % (A::D / 8) * 8;
    if (row < A::Keys) {
      const bool wanted = first + row < to;
      const i64 from = wanted ? cache.row(first + row) * A::D + column : i64{0};
      const int place = at + row * A::pitch + column;
      queue.put(wanted, arena, place, keys, from);
      queue.put(wanted, arena, place + A::tile, values, from);
    }
  }
  queue.close();
}

/// Products of the queries with the keys that begin at element `keys`.
template <typename A>
DEVICE void scoreTile(Shared<bf16> arena, int keys,
                      const typename A::Rows &rows,
                      TileD (&scores)[A::Keys / 8]) {
  // Matrix m: keys from m / 2 * 8 on, depths from m % 2 * 8 on.
  const int lane = laneIndex();
  const int at =
      keys + (lane / 16 * 8 + lane % 8) * A::pitch + lane / 8 % 2 * 8;
  UNROLL for (int k = 0; k < A::D / 16; ++k) {
    TileB b[A::Keys / 8];
    UNROLL for (int n = 0; n < A::Keys / 16; ++n) {
      const TileA four =
          loadMatrices<false>(arena, at + n * 16 * A::pitch + k * 16);
      b[2 * n] = {four.words[0], four.words[1]};
      b[2 * n + 1] = {four.words[2], four.words[3]};
    }
    multiplyTiles(scores, rows.query[k], b);
  }
}

/// Scores of the positions from `first` on to weights relative to the highest
/// score so far. What was summed before counts `rescale` of itself.
template <typename A>
DEVICE void weighTile(int first, float scale, TileD (&scores)[A::Keys / 8],
                      typename A::Rows &rows, float (&rescale)[2]) {
  UNROLL for (int r = 0; r < 2; ++r) {
    const int mine = first + laneIndex() % 4 * 2;
    if (first + A::Keys - 1 > rows.position[r]) {
      UNROLL for (int e = 0; e < A::Keys / 4; ++e) {
        float &score = scores[e / 2].sums[2 * r + e % 2];
        score = mine + e / 2 * 8 + e % 2 > rows.position[r]
                    ? asFloat(0xff800000u)
                    : score;
      }
    }
    float highest = rows.highest[r];
    UNROLL for (int e = 0; e < A::Keys / 4; ++e) {
      highest = maxF(highest, scores[e / 2].sums[2 * r + e % 2]);
    }
    highest = maxF(highest, shflXor(highest, 1));
    highest = maxF(highest, shflXor(highest, 2));
    const float scaled = highest * scale;
    rescale[r] = expBelowF(rows.highest[r] * scale - scaled);
    rows.highest[r] = highest;
    float norm = rows.norm[r] * rescale[r];
    UNROLL for (int e = 0; e < A::Keys / 4; ++e) {
      float &score = scores[e / 2].sums[2 * r + e % 2];
      score = expBelowF(fmaF(score, scale, -scaled));
      norm += score;
    }
    rows.norm[r] = norm;
  }
}

/// Adds the values that begin at element `values` by their weights.
template <typename A>
DEVICE void addTile(Shared<bf16> arena, int values,
                    const TileD (&weights)[A::Keys / 8],
                    const float (&rescale)[2], typename A::Rows &rows) {
  UNROLL for (int n = 0; n < A::D / 8; ++n) {
    UNROLL for (int e = 0; e < 4; ++e) {
      rows.product[n / A::Wide][n % A::Wide].sums[e] *= rescale[e / 2];
    }
  }
  // Matrix m: positions from m % 2 * 8 on, columns from m / 2 * 8 on.
  const int lane = laneIndex();
  const int at =
      values + (lane / 8 % 2 * 8 + lane % 8) * A::pitch + lane / 16 * 8;
  UNROLL for (int k = 0; k < A::Keys / 16; ++k) {
    TileA high;
    TileA low;
    UNROLL for (int w = 0; w < 4; ++w) {
      const float *pair = weights[2 * k + w / 2].sums + w % 2 * 2;
      high.words[w] = packWord(pair[0], pair[1]);
      low.words[w] = packWord(pair[0] - asFloat(high.words[w] << 16),
                              pair[1] - asFloat(high.words[w] & 0xffff0000u));
    }
    UNROLL for (int n = 0; n < A::D / 8 / A::Wide; ++n) {
      TileB b[A::Wide];
      UNROLL for (int c = 0; c < A::Wide / 2; ++c) {
        const TileA four = loadMatrices<true>(
            arena, at + k * 16 * A::pitch + (n * A::Wide + 2 * c) * 8);
        b[2 * c] = {four.words[0], four.words[1]};
        b[2 * c + 1] = {four.words[2], four.words[3]};
      }
      multiplyTiles(rows.product[n], low, b);
      multiplyTiles(rows.product[n], high, b);
    }
  }
}
