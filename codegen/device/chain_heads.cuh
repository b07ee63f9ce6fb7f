//===- chain_heads.cuh - Norm, rope and append of heads in one kernel -----===//
//
// Heads as attention_heads.cuh makes them, one warp each.
//
//===----------------------------------------------------------------------===//

/// Where head `row` of [tokens * Heads, D] goes: to its own place, or into a
/// cache [batch, Heads, Capacity, D] with Tokens rows per sequence.
template <int D>
struct StoreHead {
  Out<bf16> y;
  MEMBER void put(i64 row, i32 /*position*/, int first, Piece<8> piece) const {
    storePiece(y, row * D + first, piece);
  }
};
template <int D, int Tokens, int Heads, int Capacity>
struct AppendHead {
  InOut<bf16> cache;
  MEMBER void put(i64 row, i32 position, int first, Piece<8> piece) const {
    const i64 sequence = row / (Tokens * Heads);
    const i64 line = (sequence * Heads + row % Heads) * Capacity + position;
    storePiece(cache, line * D + first, piece);
  }
};

/// Head `row` of x [tokens * Heads, D], made by `recipe` at its token's
/// position, by one warp with D floats of the arena. Rows that are not there
/// take part in what the warp does together.
template <int Rows, int Heads, int D, bool Norm, typename Store>
DEVICE void makeRow(In<bf16> x, In<i32> positions,
                    const HeadRecipe<D, Norm, true> &recipe, Store out, i64 row,
                    const float *inverseFrequencies) {
  const Shared<float> heads = shared<float>(0, warpCount() * D);
  const int at = warpIndex() * D;
  const int first = laneIndex() * 8;
  const bool here = row < Rows;
  const i32 position = here ? load(positions, row / Heads) : 0;
  HeadTurns<D> turns;
  makeTurns<D>(static_cast<float>(position), inverseFrequencies, turns);
  allowConsumers();
  waitForProducers();
  Piece<8> piece = {};
  if (here && first < D) {
    piece = loadPiece<8>(x, row * D + first);
  }
  makeHead<D>(piece, recipe, turns, heads, at);
  warpBarrier();
  if (here && first < D) {
    out.put(row, position, first, roundFloats(loadFloats(heads, at + first)));
  }
}
