//===- attention_heads.cuh - Query and newest key of attention ------------===//
//
// Heads on their way into attention, one warp each: norm (order as norm.cuh
// with one warp per row), rope, each with its roundings, as floats that are
// bf16 values into shared memory. What does not depend on other kernels is
// taken before the wait: gains, cosines and sines.
//
//===----------------------------------------------------------------------===//

/// The turns of the D / 2 pairs of a head at one position; lane l has those of
/// l, l + 32, ...
template <int D>
struct HeadTurns {
  static constexpr int count = (D / 2 + 31) / 32;
  float sine[count];
  float cosine[count];
};
template <int D>
DEVICE void makeTurns(float position, const float *inverseFrequencies,
                      HeadTurns<D> &turns) {
  UNROLL for (int n = 0; n < turns.count; ++n) {
    const int d = n * 32 + laneIndex();
    if (d < D / 2) {
      sinCos(position * inverseFrequencies[d], turns.sine[n], turns.cosine[n]);
      turns.sine[n] = roundBf16(turns.sine[n]);
      turns.cosine[n] = roundBf16(turns.cosine[n]);
    }
  }
}

/// The gain of a head's norm: this lane's 8 columns.
template <int D>
DEVICE Piece<8> requestGain(In<bf16> gains) {
  Piece<8> gain = {};
  if (laneIndex() * 8 < D) {
    gain = loadPiece<8>(gains, laneIndex() * 8);
  }
  return gain;
}

/// How a head is made: nothing, or norm, or rope, or both.
template <int D, bool Norm, bool Rope>
struct HeadRecipe {
  Piece<8> gain; ///< if Norm, this lane's
  float eps;
};

/// Rotates the head of D floats at `at` of `head`; as ropePiece.
template <int D>
DEVICE void rotateHead(Shared<float> head, int at, const HeadTurns<D> &turns) {
  warpBarrier();
  UNROLL for (int n = 0; n < turns.count; ++n) {
    const int d = n * 32 + laneIndex();
    if (d < D / 2) {
      const float low = load(head, at + d);
      const float high = load(head, at + d + D / 2);
      store(head, at + d,
            roundBf16(roundBf16(low * turns.cosine[n]) +
                      roundBf16(-high * turns.sine[n])));
      store(head, at + d + D / 2,
            roundBf16(roundBf16(high * turns.cosine[n]) +
                      roundBf16(low * turns.sine[n])));
    }
  }
}

/// One warp: the head whose pieces its lanes have, to `at` of `head`.
template <int D, bool Norm, bool Rope>
DEVICE void makeHead(Piece<8> piece, const HeadRecipe<D, Norm, Rope> &recipe,
                     const HeadTurns<D> &turns, Shared<float> head, int at) {
  const int first = laneIndex() * 8;
  Floats<8> values = {};
  if (first < D) {
    values = toFloats(piece);
  }
  if constexpr (Norm) {
    const float sum = warpSum(fold(fmaF(values, values, Floats<8>{})));
    const float scale = rsqrtF(sum / static_cast<float>(D) + recipe.eps);
    if (first < D) {
      const Floats<8> gains = toFloats(recipe.gain);
      UNROLL for (int k = 0; k < 8; ++k) {
        values.e[k] = roundBf16(roundBf16(values.e[k] * scale) * gains.e[k]);
      }
    }
  }
  if (first < D) {
    storeFloats(head, at + first, values);
  }
  if constexpr (Rope) {
    rotateHead<D>(head, at, turns);
  }
}

/// What this thread has of the heads of a step: requested together, so that
/// they take one trip.
template <typename A>
struct HeadPieces {
  static constexpr int count = (A::G + A::Warps - 1) / A::Warps;
  Piece<8> query[count]; ///< of heads warp, warp + Warps, ...
  Piece<8> key;          ///< in the last warp
  Piece<8> value;        ///< in the stream that will meet the newest position
};
template <typename A>
DEVICE void requestQuery(In<bf16> q, i64 from, HeadPieces<A> &pieces) {
  UNROLL for (int n = 0; n < pieces.count; ++n) {
    const int g = n * A::Warps + warpIndex();
    if (g < A::G && laneIndex() * 8 < A::D) {
      pieces.query[n] = loadPiece<8>(q, from + g * A::D + laneIndex() * 8);
    }
  }
}
template <typename A>
DEVICE void requestNewest(In<bf16> k, i64 keyFrom, In<bf16> v, i64 valueFrom,
                          int stream, HeadPieces<A> &pieces) {
  if (warpIndex() == A::Warps - 1 && laneIndex() * 8 < A::D) {
    pieces.key = loadPiece<8>(k, keyFrom + laneIndex() * 8);
  }
  if (streamIndex<A>() == stream && laneColumn<A>() < A::D) {
    pieces.value = loadPiece<8>(v, valueFrom + laneColumn<A>());
  }
}

/// The whole block: the G heads of the query into the arena. They can be read
/// after the next barrier.
template <typename A, bool Norm, bool Rope>
DEVICE void makeQuery(const HeadPieces<A> &pieces,
                      const HeadRecipe<A::D, Norm, Rope> &recipe,
                      const HeadTurns<A::D> &turns) {
  const Shared<float> query = shared<float>(4 * A::query, A::G * A::D);
  UNROLL for (int n = 0; n < pieces.count; ++n) {
    const int g = n * A::Warps + warpIndex();
    if (g < A::G) {
      makeHead<A::D>(pieces.query[n], recipe, turns, query, g * A::D);
    }
  }
}

/// Makes the newest key in the arena, where it can be read after the next
/// barrier, and stores key and value to `line` of the caches.
template <typename A, bool Norm, bool Rope>
DEVICE void appendNewest(const HeadPieces<A> &pieces,
                         const HeadRecipe<A::D, Norm, Rope> &recipe,
                         const HeadTurns<A::D> &turns, InOut<bf16> keys,
                         InOut<bf16> values, i64 line, int stream) {
  if (warpIndex() == A::Warps - 1) {
    const Shared<float> key = shared<float>(4 * A::newest, A::D);
    makeHead<A::D>(pieces.key, recipe, turns, key, 0);
    warpBarrier();
    const int first = laneIndex() * 8;
    if (first < A::D) {
      storePiece(keys, line + first, roundFloats(loadFloats(key, first)));
    }
  }
  if (streamIndex<A>() == stream && laneColumn<A>() < A::D) {
    storePiece(values, line + laneColumn<A>(), pieces.value);
  }
}
