//===- SeedKernels.h - Device code of the notes' kernels --------*- C++ -*-===//
//
// What the sprint notes describe (tiles of a matrix walked one after the other
// by 128 or 256 threads), written on the prelude.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TEST_UNIT_SEEDS_SEEDKERNELS_H
#define SINTER_TEST_UNIT_SEEDS_SEEDKERNELS_H

namespace sinter::seeds {

/// Needs pieces.cuh and norm.cuh before it.
inline constexpr const char *seedText = R"cuda(
/// Rows x Cols of a matrix of Width columns, a piece of 8 per thread: lanes
/// next to each other share a row. The tiles of a row are walked in order, one
/// of them in flight.
template <int Width_, int Rows_, int Cols_>
struct Tile {
  static constexpr int Width = Width_;
  static constexpr int Rows = Rows_;
  static constexpr int Cols = Cols_;
  static constexpr int lanes = Cols / 8;
  static constexpr int warps = Rows * lanes / 32;
  static constexpr int steps = (Width + Cols - 1) / Cols;
  static MEMBER int row() { return threadIndex() / lanes; }
  static MEMBER int column() { return threadIndex() % lanes * 8; }
  static MEMBER bool has(int step) { return step * Cols + column() < Width; }
};

/// This thread's piece of tile `step` of the rows from `line` on.
template <typename T>
DEVICE Piece<8> requestTile(In<bf16> weight, i64 line, int step) {
  Piece<8> piece = {};
  if (T::has(step)) {
    piece = streamPiece<8>(weight, (line + T::row()) * T::Width +
                                       step * T::Cols + T::column());
  }
  return piece;
}

/// Sum over the lanes of a row, in each of them.
template <typename T>
DEVICE float rowSum(float sum) {
  UNROLL for (int mask = T::lanes / 2; mask > 0; mask /= 2) {
    sum += shflXor(sum, mask);
  }
  return sum;
}

/// Row T::row() of the rows from `line` on, times x; `piece` is of tile 0.
template <typename T>
DEVICE float tileProduct(In<bf16> weight, i64 line, Piece<8> piece,
                         Shared<bf16> x) {
  Floats<8> sums = {};
  for (int step = 0; step < T::steps; ++step) {
    if (step != 0) {
      piece = requestTile<T>(weight, line, step);
    }
    if (T::has(step)) {
      sums = fmaF(toFloats(piece),
                  toFloats(loadPiece<8>(x, step * T::Cols + T::column())),
                  sums);
    }
  }
  return rowSum<T>(fold(sums));
}

/// Copies x into shared memory, behind the floats of blockSum.
template <typename T>
DEVICE Shared<bf16> stageRow(In<bf16> x) {
  const Shared<bf16> row = shared<bf16>(32, T::Width);
  for (int i = threadIndex() * 8; i < T::Width; i += 8 * blockSize()) {
    storePiece<8>(row, i, loadPiece<8>(x, i));
  }
  blockBarrier();
  return row;
}

/// y = bf16(bf16(W x) + residual).
template <typename T>
DEVICE void tiledResidual(In<bf16> x, In<bf16> weight, In<bf16> residual,
                          Out<bf16> y) {
  const i64 line = static_cast<i64>(blockIndex()) * T::Rows;
  const Piece<8> piece = requestTile<T>(weight, line, 0);
  allowConsumers();
  waitForProducers();
  const Shared<bf16> row = stageRow<T>(x);
  const float sum = tileProduct<T>(weight, line, piece, row);
  if (T::column() == 0) {
    const i64 i = line + T::row();
    store(y, i, toBf16(roundBf16(sum) + toFloat(load(residual, i))));
  }
}

/// y = bf16(W rms_norm(x)); every block normalises x.
template <typename T>
DEVICE void tiledNorm(In<bf16> x, In<bf16> gain, In<bf16> weight, Out<bf16> y,
                      float eps) {
  const i64 line = static_cast<i64>(blockIndex()) * T::Rows;
  const Piece<8> piece = requestTile<T>(weight, line, 0);
  RowShare<T::Width, 8, T::warps> gains;
  loadShare(gain, 0, threadIndex(), gains);
  allowConsumers();
  waitForProducers();
  RowShare<T::Width, 8, T::warps> values;
  loadShare(x, 0, threadIndex(), values);
  normalise(values, gains, threadIndex(), eps);
  const Shared<bf16> row = shared<bf16>(32, T::Width);
  UNROLL for (int n = 0; n < values.count; ++n) {
    if (values.has(n, threadIndex())) {
      storePiece(row, (n * values.threads + threadIndex()) * 8,
                 values.held[n]);
    }
  }
  blockBarrier();
  const float sum = tileProduct<T>(weight, line, piece, row);
  if (T::column() == 0) {
    store(y, line + T::row(), toBf16(sum));
  }
}

/// y = bf16(D h), h = bf16(bf16(silu(bf16(G x))) * bf16(U x)); gateUp is G
/// above U. Every block computes the whole of h, a tile of rows at a time, for
/// its own rows of D: no block can read what another has computed.
template <int Width, int Inner, int Rows>
DEVICE void recomputingMlp(In<bf16> x, In<bf16> gateUp, In<bf16> down,
                           Out<bf16> y) {
  using Up = Tile<Width, Rows, Rows>;
  using Down = Tile<Inner, Rows, Rows>;
  const i64 line = static_cast<i64>(blockIndex()) * Rows;
  Piece<8> piece = requestTile<Up>(gateUp, 0, 0);
  allowConsumers();
  waitForProducers();
  const Shared<bf16> row = stageRow<Up>(x);
  const Shared<bf16> hidden = shared<bf16>(32 + 2 * Width, Rows);
  Floats<8> sums = {};
  for (int inner = 0; inner < Inner; inner += Rows) {
    if (inner != 0) {
      piece = requestTile<Up>(gateUp, inner, 0);
    }
    const float gate = tileProduct<Up>(gateUp, inner, piece, row);
    piece = requestTile<Up>(gateUp, Inner + inner, 0);
    const float up = tileProduct<Up>(gateUp, Inner + inner, piece, row);
    if (Up::column() == 0) {
      store(hidden, Up::row(),
            toBf16(roundBf16(siluF(roundBf16(gate))) * roundBf16(up)));
    }
    blockBarrier();
    piece = requestTile<Down>(down, line, inner / Rows);
    sums = fmaF(toFloats(piece), toFloats(loadPiece<8>(hidden, Down::column())),
                sums);
    blockBarrier();
  }
  const float sum = rowSum<Down>(fold(sums));
  if (Down::column() == 0) {
    store(y, line + Down::row(), toBf16(sum));
  }
}
)cuda";

} // namespace sinter::seeds

#endif // SINTER_TEST_UNIT_SEEDS_SEEDKERNELS_H
