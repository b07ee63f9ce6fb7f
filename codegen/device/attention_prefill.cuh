//===- attention_prefill.cuh - Many query rows against the cache ----------===//
//
// q [rows, heads, D], keys and values [batch, kv heads, capacity, D], bf16.
// A block has Warps warps of 16 query rows each (attention_tiles.cuh): rows of
// consecutive tokens of one sequence, for each token Heads query heads that
// share one KV head. Positions are the rows' own: a row attends those up to its
// own, and no key or value above the highest of the block is read.
//
//===----------------------------------------------------------------------===//

/// This lane's two rows of the tokens from `token` on of `sequence`.
template <typename A, int Tokens, int Heads>
DEVICE void takeRows(In<bf16> q, In<i32> positions, int sequence, int token,
                     int head, typename A::Rows &rows) {
  UNROLL for (int r = 0; r < 2; ++r) {
    const int index = warpIndex() * 16 + laneIndex() / 4 + r * 8;
    const int mine = token + index / A::Heads;
    rows.has[r] = index < A::tokens * A::Heads && mine < Tokens;
    const i64 row = static_cast<i64>(sequence) * Tokens + mine;
    rows.at[r] = (row * Heads + head + index % A::Heads) * A::D;
    rows.position[r] = rows.has[r] ? load(positions, row) : 0;
    rows.highest[r] = asFloat(0xff800000u); // -infinity
    rows.norm[r] = 0.0f;
  }
  UNROLL for (int k = 0; k < A::D / 16; ++k) {
    UNROLL for (int w = 0; w < 4; ++w) {
      const int r = w % 2;
      const int column = k * 16 + w / 2 * 8 + laneIndex() % 4 * 2;
      rows.query[k].words[w] = 0;
      if (rows.has[r]) {
        rows.query[k].words[w] =
            bitsAs<u32>(loadVec<2>(q, rows.at[r] + column));
      }
    }
  }
  UNROLL for (int n = 0; n < A::D / 8; ++n) {
    rows.product[n / A::Wide][n % A::Wide] = TileD{};
  }
}

/// The highest position in the block; `at`: a place for Warps i32.
template <typename A>
DEVICE int lastPosition(const typename A::Rows &rows, int at) {
  int last =
      rows.position[0] > rows.position[1] ? rows.position[0] : rows.position[1];
  UNROLL for (int mask = 4; mask < 32; mask *= 2) {
    const int other = shflXor(last, mask);
    last = other > last ? other : last;
  }
  const Shared<i32> all = shared<i32>(at, A::Warps);
  if (laneIndex() == 0) {
    store(all, warpIndex(), last);
  }
  blockBarrier();
  UNROLL for (int w = 0; w < A::Warps; ++w) {
    const int other = load(all, w);
    last = other > last ? other : last;
  }
  return last;
}

/// Where the tokens of this block begin; blockIndexY() is a tile of tokens of a
/// sequence, the last ones, which attend most, first.
struct TokenTile {
  int sequence;
  int token;
};
template <typename A, int Tokens>
DEVICE TokenTile tokenTile() {
  constexpr int tiles = (Tokens + A::tokens - 1) / A::tokens;
  const int batch = gridSizeY() / tiles;
  return {blockIndexY() % batch,
          (tiles - 1 - blockIndexY() / batch) * A::tokens};
}

/// Attends for a tile of tokens and the query heads from `head` on.
/// cache.row(p) is the row of their KV head at position p.
template <typename A, int Tokens, int Heads, typename Cache>
DEVICE void attendTokens(In<bf16> q, In<bf16> keys, In<bf16> values,
                         In<i32> positions, Out<bf16> y, TokenTile tile,
                         int head, const Cache &cache, float scale) {
  const Shared<bf16> arena = shared<bf16>(0, 4 * A::tile);
  typename A::Rows rows;
  takeRows<A, Tokens, Heads>(q, positions, tile.sequence, tile.token, head,
                             rows);
  const int to = lastPosition<A>(rows, 8 * A::tile) + 1;
  typename A::Queue queue;
  requestTiles<A>(keys, values, cache, 0, to, arena, 0, queue);
  int buffer = 0;
  for (int first = 0; first < to; first += A::Keys) {
    queue.template wait<0>();
    // Behind it this tile is there, and nobody reads the one before.
    blockBarrier();
    const int other = 2 * A::tile - buffer;
    if (first + A::Keys < to) {
      requestTiles<A>(keys, values, cache, first + A::Keys, to, arena, other,
                      queue);
    }
    TileD scores[A::Keys / 8] = {};
    float rescale[2];
    scoreTile<A>(arena, buffer, rows, scores);
    weighTile<A>(first, scale, scores, rows, rescale);
    addTile<A>(arena, buffer + A::tile, scores, rescale, rows);
    buffer = other;
  }
  UNROLL for (int r = 0; r < 2; ++r) {
    float norm = rows.norm[r];
    norm += shflXor(norm, 1);
    norm += shflXor(norm, 2);
    const float share = 1.0f / norm;
    if (rows.has[r]) {
      UNROLL for (int n = 0; n < A::D / 8; ++n) {
        const float *sums = rows.product[n / A::Wide][n % A::Wide].sums + 2 * r;
        const float pair[2] = {sums[0] * share, sums[1] * share};
        storePiece<2>(y, rows.at[r] + n * 8 + laneIndex() % 4 * 2, pair);
      }
    }
  }
}
