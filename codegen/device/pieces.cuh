//===- pieces.cuh - Short runs of bf16 ------------------------------------===//
//
// A piece is V = 1, 2, 4 or 8 consecutive bf16 of a row, moved by one access.
// V divides the row length, so every row begins at a multiple of V.
//
//===----------------------------------------------------------------------===//

// All loops below have constant bounds; arrays stay in registers only if they
// are unrolled.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define UNROLL _Pragma("GCC unroll 64")
#else
#define UNROLL _Pragma("unroll")
#endif

/// On the host a vector type: GCC would copy a struct of halves one by one.
template <int V>
struct Piece {
#if defined(__CUDACC__)
  Vec<bf16, V> raw;
#else
  typedef u16 Halves __attribute__((vector_size(2 * V)));
  Halves raw;
#endif
};
template <>
struct Piece<1> {
  bf16 raw;
};

template <int V>
DEVICE Piece<V> toPiece(Vec<bf16, V> vec) {
  return {bitsAs<decltype(Piece<V>::raw)>(vec)};
}
template <int V>
DEVICE Vec<bf16, V> toVec(Piece<V> piece) {
  return bitsAs<Vec<bf16, V>>(piece.raw);
}

/// Element k of a piece.
template <int V>
DEVICE float at(Piece<V> piece, int k) {
  if constexpr (V == 1) {
    return toFloat(piece.raw);
  } else {
    return toFloat(toVec(piece)[k]);
  }
}

/// View is In, InOut or Shared.
template <int V, typename View>
DEVICE Piece<V> loadPiece(View x, i64 i) {
  if constexpr (V == 1) {
    return {load(x, i)};
  } else {
    return toPiece(loadVec<V>(x, i));
  }
}

/// For weights, which a launch reads once: does not displace what the L1 keeps.
template <int V>
DEVICE Piece<V> streamPiece(In<bf16> x, i64 i) {
  if constexpr (V == 8) {
    return toPiece(loadStream<8>(x, i));
  } else {
    return loadPiece<V>(x, i);
  }
}

/// View is Out or InOut.
template <int V, typename View>
DEVICE void storePiece(View y, i64 i, Piece<V> piece) {
  if constexpr (V == 1) {
    store(y, i, piece.raw);
  } else {
    storeVec(y, i, toVec(piece));
  }
}

/// V floats, each rounded to bf16.
template <int V>
DEVICE Piece<V> roundPiece(const float (&values)[V]) {
  if constexpr (V == 1) {
    return {toBf16(values[0])};
  } else {
    Vec<bf16, V> raw{};
    UNROLL for (int k = 0; k < V; ++k) { raw.set(k, toBf16(values[k])); }
    return toPiece(raw);
  }
}
template <int V, typename View>
DEVICE void storePiece(View y, i64 i, const float (&values)[V]) {
  storePiece(y, i, roundPiece(values));
}

/// Copies V bf16 unchanged.
template <int V, typename View>
DEVICE void copyPiece(In<bf16> x, i64 from, View y, i64 to) {
  storePiece(y, to, loadPiece<V>(x, from));
}

/// V floats to compute with: registers on a GPU, one vector on the host, whose
/// compilers would not all find the vector in an array.
template <int V>
struct Floats {
#if defined(__CUDACC__)
  float e[V];
#else
  typedef float Vector __attribute__((vector_size(4 * V)));
  typedef u16 Halves __attribute__((vector_size(2 * V)));
  typedef u32 Words __attribute__((vector_size(4 * V)));
  Vector e;
#endif
};

template <int V>
DEVICE Floats<V> toFloats(Piece<V> piece) {
  Floats<V> floats;
#if defined(__CUDACC__)
  if constexpr (V == 1) {
    floats.e[0] = toFloat(piece.raw);
  } else {
    // The upper half is a float as it stands, but for the lower one's bits.
    UNROLL for (int w = 0; w < V / 2; ++w) {
      floats.e[2 * w] = asFloat(piece.raw.words[w] << 16);
      floats.e[2 * w + 1] = asFloat(piece.raw.words[w] & 0xffff0000u);
    }
  }
#else
  using Words = typename Floats<V>::Words;
  typename Floats<V>::Halves halves;
  __builtin_memcpy(&halves, &piece, sizeof(halves));
  const Words words = __builtin_convertvector(halves, Words) << 16;
  __builtin_memcpy(&floats.e, &words, sizeof(words));
#endif
  return floats;
}

template <int V>
DEVICE Floats<V> toFloats(Vec<float, V> vec) {
  Floats<V> floats;
  UNROLL for (int k = 0; k < V; ++k) { floats.e[k] = vec[k]; }
  return floats;
}

/// 8 floats of shared memory from i on, a multiple of 4.
DEVICE Floats<8> loadFloats(Shared<float> x, i64 i) {
  Floats<8> y;
  UNROLL for (int part = 0; part < 8; part += 4) {
    const Float4 four = loadVec<4>(x, i + part);
    UNROLL for (int k = 0; k < 4; ++k) { y.e[part + k] = four[k]; }
  }
  return y;
}
DEVICE void storeFloats(Shared<float> y, i64 i, Floats<8> x) {
  UNROLL for (int part = 0; part < 8; part += 4) {
    Float4 four{};
    UNROLL for (int k = 0; k < 4; ++k) { four.set(k, x.e[part + k]); }
    storeVec(y, i + part, four);
  }
}
/// Each rounded to bf16.
DEVICE Piece<8> roundFloats(Floats<8> x) {
  float values[8];
  UNROLL for (int k = 0; k < 8; ++k) { values[k] = x.e[k]; }
  return roundPiece(values);
}

/// Elements [From, From + V) of x.
template <int V, int From, int W>
DEVICE Floats<V> slice(Floats<W> x) {
  Floats<V> part;
  UNROLL for (int k = 0; k < V; ++k) { part.e[k] = x.e[From + k]; }
  return part;
}

/// x in every element.
template <int V>
DEVICE Floats<V> spread(float x) {
  Floats<V> y;
  UNROLL for (int k = 0; k < V; ++k) { y.e[k] = x; }
  return y;
}

/// x * factor.
template <int V>
DEVICE Floats<V> scaled(Floats<V> x, float factor) {
  UNROLL for (int k = 0; k < V; ++k) { x.e[k] *= factor; }
  return x;
}

/// a * b + c, each rounded once.
template <int V>
DEVICE Floats<V> fmaF(Floats<V> a, Floats<V> b, Floats<V> c) {
  Floats<V> y;
  UNROLL for (int k = 0; k < V; ++k) { y.e[k] = fmaF(a.e[k], b.e[k], c.e[k]); }
  return y;
}

/// Sum of the elements in halves: k takes in k + V/2, then k + V/4, ...
template <int V>
DEVICE float fold(Floats<V> x) {
  UNROLL for (int half = V / 2; half > 0; half /= 2) {
    UNROLL for (int k = 0; k < half; ++k) { x.e[k] += x.e[k + half]; }
  }
  return x.e[0];
}

/// What one thread has of a row of Width elements that the 32 * Warps threads
/// of its group share: the pieces thread, thread + 32 * Warps, ...
template <int Width, int V, int Warps>
struct RowShare {
  static constexpr int threads = 32 * Warps;
  static constexpr int pieces = Width / V;
  static constexpr int count = (pieces + threads - 1) / threads;
  /// Whether `thread` has an n-th piece.
  static MEMBER bool has(int n, int thread) {
    return (pieces % threads == 0 && n < count) ||
           n * threads + thread < pieces;
  }
  Piece<V> held[count];
};

/// The share of the row that begins at `first`.
template <int Width, int V, int Warps>
DEVICE void loadShare(In<bf16> x, i64 first, int thread,
                      RowShare<Width, V, Warps> &share) {
  UNROLL for (int n = 0; n < share.count; ++n) {
    if (share.has(n, thread)) {
      share.held[n] = loadPiece<V>(x, first + (n * share.threads + thread) * V);
    }
  }
}

/// The first element of this thread where each thread of the grid has one
/// piece of V.
template <int V>
DEVICE i64 pieceIndex() {
  return (static_cast<i64>(blockIndex()) * blockSize() + threadIndex()) * V;
}
