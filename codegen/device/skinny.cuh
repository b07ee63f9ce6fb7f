//===- skinny.cuh - A linear layer of a few rows on tensor cores ----------===//
//
// weight [lines, Width] and x [Rows, Width], both row major, bf16, 2 to 16
// rows. A weight is used once, so it goes from global memory straight into the
// fragments of mma.m16n8k16 (tiles.cuh): rows of x are those of A, 8 lines the
// columns of B. Both operands may be permuted alike along the depth, so lane
// 4 * g + t takes piece t (8 neighbours) of each chunk of 32 in one access: of
// line g of each octet, and of rows g and g + 8 of x. Words 0 and 1 of a piece
// are the first 16 of depth, words 2 and 3 the others: two words of a weight
// are a fragment of B as they come.
//
// The warps of a block share the depth: warp w has the chunks w, w + Warps, ...
// in Slices slices of `depth` chunks. Its part of x stays in registers while
// the lines pass; the weights of one step (up to 16 lines, one slice) are
// always under way: what a product has taken in makes room for the next step's.
// Lines and Pair as in gemv.cuh, whose lineOf, sumOf and hasSum are used.
//
// Order of a sum: chunks of a warp ascending, the halves of a chunk in two
// accumulators (within one: tiles.cuh), then the first plus the second, then
// the warps ascending. It depends on Warps alone. Rows and pieces that are not
// there are zeros that nobody reads.
//
//===----------------------------------------------------------------------===//

// Loops that are not to be unrolled: what one turn loads would be held for all.
#if defined(__CUDACC__)
#define ONE_BY_ONE _Pragma("unroll 1")
#else
#define ONE_BY_ONE
#endif

template <int Rows_, int Width_, int Warps_, int Outputs_, int Lines_,
          int Slices_, int Turns_, int Pair_, bool Late_ = false>
struct SkinnyShape {
  static constexpr int Rows = Rows_; ///< of x
  static constexpr int Width = Width_;
  static constexpr int Warps = Warps_;
  static constexpr int Outputs = Outputs_; ///< of a row
  static constexpr int Lines = Lines_;     ///< of a batch: 8, or 16 a group
  static constexpr int Slices = Slices_;
  static constexpr int Turns = Turns_; ///< batches of a block
  static constexpr int Pair = Pair_;
  static constexpr bool Late = Late_; ///< consumers start behind the wait
  static constexpr int threads = 32 * Warps;
  static constexpr int halves = Rows > 8 ? 2 : 1;   ///< of A that have rows
  static constexpr int octets = Lines == 8 ? 1 : 2; ///< of lines in a group
  static constexpr int groups = Lines / (8 * octets);
  static constexpr int rows = Pair == 0 ? Lines : Lines / 2; ///< outputs
  static constexpr bool full = Outputs % (rows * Turns) == 0;
  static constexpr int pieces = Width / 8;
  /// Chunks that a warp has in a slice.
  static constexpr int depth =
      (pieces + 4 * Warps * Slices - 1) / (4 * Warps * Slices);
  static constexpr bool even = pieces == 4 * Warps * Slices * depth;
  /// Chunks multiplied before they are asked for again: at most four bunches,
  /// as a GPU counts what is under way on few scoreboards.
  static constexpr int bunch = (depth + 3) / 4;
  /// Sums and outputs of a batch that one thread joins.
  static constexpr int each = (rows * Rows + threads - 1) / threads;
  /// Floats of the arena: those of the norm, then the warps' parts in two
  /// buffers. So many to a row that lanes 4 * g + t meet all banks.
  static constexpr int sumsAt = Warps * 8 * halves;
  static constexpr int pitch = Lines == 8 ? 8 : Lines + 8;
  static constexpr int part = Warps * Rows * pitch;

  static constexpr int stride = 4 * Warps; ///< pieces to the next chunk
  /// Piece of this lane in chunk k of a slice.
  static MEMBER int piece(int slice, int k) {
    return ((slice * depth + k) * Warps + warpIndex()) * 4 + laneIndex() % 4;
  }
  static MEMBER bool has(int piece) { return even || piece < pieces; }

  using Words = Vec<u32, 4>;
  struct Weights {
    Words words[depth][octets];
  };
  struct Inputs {
    TileA tiles[depth][2];
  };
  struct Sums {
    TileD chains[2][octets];
  };
};

/// A group of lines, a slice of the depth, the first output of the batch.
struct SkinnyStep {
  i64 row;
  int slice;
  int group;
};

/// The weights of chunks [first, end).
template <typename S>
DEVICE void requestChunks(bool wanted, In<bf16> weight, SkinnyStep step,
                          int first, int end, typename S::Weights &weights) {
  const int piece = S::piece(step.slice, 0);
  UNROLL for (int octet = 0; octet < S::octets; ++octet) {
    const int r = 16 * step.group + 8 * octet + laneIndex() / 4;
    const bool mine = wanted && hasSum<S>(step.row, r);
    const i64 start = lineOf<S>(step.row, r) * S::Width + piece * 8;
    UNROLL for (int k = first; k < end; ++k) {
      weights.words[k][octet] = bitsAs<typename S::Words>(
          loadStreamIf<8>(mine && S::has(piece + k * S::stride), weight,
                          start + k * S::stride * 8));
    }
  }
}

template <typename S>
DEVICE void loadInputs(In<bf16> x, int slice, typename S::Inputs &inputs) {
  const int piece = S::piece(slice, 0);
  UNROLL for (int half = 0; half < 2; ++half) {
    const int row = 8 * half + laneIndex() / 4;
    const bool mine = half < S::halves && (S::Rows % 8 == 0 || row < S::Rows);
    const i64 start = static_cast<i64>(row) * S::Width + piece * 8;
    UNROLL for (int k = 0; k < S::depth; ++k) {
      typename S::Words words{};
      if (mine && S::has(piece + k * S::stride)) {
        words =
            bitsAs<typename S::Words>(loadVec<8>(x, start + k * S::stride * 8));
      }
      UNROLL for (int w = 0; w < 4; ++w) {
        inputs.tiles[k][w / 2].words[w % 2 * 2 + half] = words[w];
      }
    }
  }
}

/// Adds the products of chunk k.
template <typename S>
DEVICE void multiplyChunk(const typename S::Weights &weights,
                          const typename S::Inputs &inputs, int k,
                          typename S::Sums &sums) {
  UNROLL for (int step = 0; step < 2; ++step) {
    TileB lines[S::octets];
    UNROLL for (int octet = 0; octet < S::octets; ++octet) {
      UNROLL for (int w = 0; w < 2; ++w) {
        lines[octet].words[w] = weights.words[k][octet][2 * step + w];
      }
    }
    multiplyTiles(sums.chains[step], inputs.tiles[k][step], lines);
  }
}

/// Leaves this warp's sums of a group in buffer `buffer` of the arena.
template <typename S>
DEVICE void leaveGroup(const typename S::Sums &sums, int group, int buffer) {
  const Shared<float> parts =
      shared<float>(4 * (S::sumsAt + buffer * S::part), S::part);
  UNROLL for (int octet = 0; octet < S::octets; ++octet) {
    UNROLL for (int half = 0; half < S::halves; ++half) {
      const int row = 8 * half + laneIndex() / 4;
      const int line = 16 * group + 8 * octet + laneIndex() % 4 * 2;
      Vec<float, 2> pair{};
      UNROLL for (int k = 0; k < 2; ++k) {
        pair.set(k, sums.chains[0][octet].sums[2 * half + k] +
                        sums.chains[1][octet].sums[2 * half + k]);
      }
      if (S::Rows % 8 == 0 || row < S::Rows) {
        storeVec(parts, (warpIndex() * S::Rows + row) * S::pitch + line, pair);
      }
    }
  }
}
/// The sum of line r of the batch and row m of x over all warps.
template <typename S>
DEVICE float joinWarps(int m, int r, int buffer) {
  const Shared<float> parts =
      shared<float>(4 * (S::sumsAt + buffer * S::part), S::part);
  float sum = load(parts, m * S::pitch + r);
  UNROLL for (int w = 1; w < S::Warps; ++w) {
    sum += load(parts, (w * S::Rows + m) * S::pitch + r);
  }
  return sum;
}

/// What a thread does of a batch: its n-th output is output j of row m of x.
template <typename S, typename Bias, typename Epilogue>
struct SkinnyOutputs {
  float shift[S::each];
  float upShift[S::each];
  float before[S::each];

  static MEMBER int row(int n) { return place(n) / S::rows; }
  static MEMBER int output(int n) { return place(n) % S::rows; }
  static MEMBER bool has(i64 first, int n) {
    return (S::rows * S::Rows % S::threads == 0 ||
            place(n) < S::rows * S::Rows) &&
           hasSum<S>(first, sumOf<S>(output(n), false));
  }
  MEMBER void request(i64 first, Bias bias) {
    UNROLL for (int n = 0; n < S::each; ++n) {
      const bool mine = has(first, n);
      const int j = output(n);
      shift[n] = mine ? bias.at(lineOf<S>(first, sumOf<S>(j, false))) : 0.0f;
      upShift[n] =
          S::Pair && mine ? bias.at(lineOf<S>(first, sumOf<S>(j, true))) : 0.0f;
    }
  }
  MEMBER void early(i64 first, Epilogue &epilogue) {
    UNROLL for (int n = 0; n < S::each; ++n) {
      before[n] =
          has(first, n) ? epilogue.early(row(n), first + output(n)) : 0.0f;
    }
  }
  MEMBER void late(i64 first, int buffer, Epilogue &epilogue) {
    UNROLL for (int n = 0; n < S::each; ++n) {
      if (has(first, n)) {
        const int m = row(n);
        const int j = output(n);
        const float y = joinWarps<S>(m, sumOf<S>(j, false), buffer) + shift[n];
        const float up =
            S::Pair ? joinWarps<S>(m, sumOf<S>(j, true), buffer) + upShift[n]
                    : 0.0f;
        epilogue.late(n, m, first + j, y, up, before[n]);
      }
    }
  }

private:
  static MEMBER int place(int n) { return n * S::threads + threadIndex(); }
};

/// An epilogue of gemv_parts.cuh for all rows, of Outputs each.
template <int Outputs, typename Epilogue>
struct EachRow {
  Epilogue epilogue;
  MEMBER float early(int m, i64 j) const {
    return epilogue.early(static_cast<i64>(m) * Outputs + j);
  }
  MEMBER void late(int, int m, i64 j, float y, float up, float before) const {
    epilogue.late(static_cast<i64>(m) * Outputs + j, y, up, before);
  }
};
