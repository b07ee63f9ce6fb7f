//===- skinny_norm.cuh - Root mean square norm before skinny.cuh ----------===//
//
// y = bf16(bf16(x / sqrt(mean(x^2) + eps)) * gain), row by row: every block
// normalises the rows itself, in the fragments that it multiplies.
//
// Order of the sum of squares: a lane takes its pieces in turn, element k by
// fma to accumulator k % 4; accumulators are folded in halves, the four lanes
// of a row by the xor tree 2, 1, the warps in ascending order.
//
//===----------------------------------------------------------------------===//

/// The products of two pairs of bf16, each rounded to bf16.
DEVICE u32 multiplyWords(u32 a, u32 b) {
#if defined(__CUDACC__)
  u32 product; // plus -0: the product itself, rounded once
  asm("fma.rn.bf16x2 %0, %1, %2, %3;"
      : "=r"(product)
      : "r"(a), "r"(b), "r"(0x80008000u));
  return product;
#else
  return packWord(halfOf(a, 0) * halfOf(b, 0), halfOf(a, 1) * halfOf(b, 1));
#endif
}

template <typename Shape>
struct NormRows {
  /// Chunk 8 * n + k of a slice: the piece of the lanes 4 * k and following.
  static constexpr int count = (Shape::depth + 7) / 8;
  In<bf16> gain;
  float eps;
  typename Shape::Words gains[count];
  float scales[Shape::halves];

  MEMBER void requestSlice(int slice) {
    UNROLL for (int n = 0; n < count; ++n) {
      const int k = 8 * n + laneIndex() / 4;
      const int piece = Shape::piece(slice, k);
      gains[n] = {};
      if ((Shape::depth % 8 == 0 || k < Shape::depth) && Shape::has(piece)) {
        gains[n] = bitsAs<typename Shape::Words>(
            loadVec<8>(gain, static_cast<i64>(piece) * 8));
      }
    }
  }
  MEMBER void request() {
    if constexpr (Shape::Slices == 1) {
      requestSlice(0);
    }
  }

  /// `all` holds x if it is one slice.
  template <typename S>
  MEMBER void prepare(In<bf16> x, const typename S::Inputs &all) {
    float squares[S::halves][4] = {};
    if constexpr (S::Slices == 1) {
      addSquares<S>(all, squares);
    } else {
      ONE_BY_ONE for (int slice = 0; slice < S::Slices; ++slice) {
        typename S::Inputs inputs;
        loadInputs<S>(x, slice, inputs);
        addSquares<S>(inputs, squares);
      }
    }
    const Shared<float> parts = shared<float>(0, S::sumsAt);
    const int row = laneIndex() / 4;
    UNROLL for (int half = 0; half < S::halves; ++half) {
      float sum = (squares[half][0] + squares[half][2]) +
                  (squares[half][1] + squares[half][3]);
      sum += shflXor(sum, 2);
      sum += shflXor(sum, 1);
      if (laneIndex() % 4 == 0) {
        store(parts, (warpIndex() * S::halves + half) * 8 + row, sum);
      }
    }
    blockBarrier();
    UNROLL for (int half = 0; half < S::halves; ++half) {
      float sum = load(parts, 8 * half + row);
      UNROLL for (int w = 1; w < S::Warps; ++w) {
        sum += load(parts, (w * S::halves + half) * 8 + row);
      }
      scales[half] = rsqrtF(sum / static_cast<float>(S::Width) + eps);
    }
  }

  template <typename S>
  MEMBER void apply(int slice, typename S::Inputs &inputs) {
    if constexpr (S::Slices > 1) {
      requestSlice(slice);
    }
    UNROLL for (int k = 0; k < S::depth; ++k) {
      UNROLL for (int w = 0; w < 4; ++w) {
        const u32 factors = shfl(gains[k / 8][w], k % 8 * 4 + laneIndex() % 4);
        UNROLL for (int half = 0; half < S::halves; ++half) {
          u32 &word = inputs.tiles[k][w / 2].words[w % 2 * 2 + half];
          const u32 normed =
              packWord(asFloat(word << 16) * scales[half],
                       asFloat(word & 0xffff0000u) * scales[half]);
          word = multiplyWords(normed, factors);
        }
      }
    }
  }

private:
  template <typename S>
  MEMBER void addSquares(const typename S::Inputs &inputs,
                         float (&squares)[S::halves][4]) {
    UNROLL for (int k = 0; k < S::depth; ++k) {
      UNROLL for (int w = 0; w < 4; ++w) {
        UNROLL for (int half = 0; half < S::halves; ++half) {
          const u32 word = inputs.tiles[k][w / 2].words[w % 2 * 2 + half];
          const float low = asFloat(word << 16);
          const float high = asFloat(word & 0xffff0000u);
          float(&sum)[4] = squares[half];
          sum[w % 2 * 2] = fmaF(low, low, sum[w % 2 * 2]);
          sum[w % 2 * 2 + 1] = fmaF(high, high, sum[w % 2 * 2 + 1]);
        }
      }
    }
  }
};
