//===- attention_decode.cuh - One query row against the cache -------------===//
//
// q [rows, heads, D], keys and values [batch, kv heads, capacity, D], bf16.
// A block has Warps warps and takes the G query heads of one row that share one
// KV head. Scores, softmax and the product with the values are fp32, and the
// output is rounded once.
//
// A group of Lanes lanes reads whole rows of the cache, 8 columns a lane, and
// is a stream: it has a softmax of its own, and the streams are joined at the
// end. The positions of a block go to its streams in turn, Depth of each at a
// time: a chunk. Of the first Stages chunks, what other kernels of this step do
// not write is requested before the wait, into registers. Rows that a chunk
// does not have are zero, so that no product needs a test. Order of every sum:
//   score       2 accumulators of a lane, element k to k % 2, then the xor tree
//   normaliser  per lane over the chunks, then the xor tree over the lanes that
//               have the head's positions, then streams ascending
//   product     per lane over its positions ascending, then streams ascending
//
//===----------------------------------------------------------------------===//

/// Below every score; its weight beside a score is nothing.
constexpr float lowestScore = -1e30f;

/// Weights of the positions below `to` of the chunk that begins at `chunk`, to
/// the arena; `buffer` alternates between 0 and 1.
template <typename A>
DEVICE void scoreChunk(const typename A::Rows &keys, int chunk, int to,
                       const Floats<8> (&query)[A::G], float scale, int buffer,
                       typename A::State &state) {
  constexpr int G = A::G;
  constexpr int Depth = A::Depth;
  float partial[A::scores] = {};
  UNROLL for (int d = 0; d < Depth; ++d) {
    const Floats<8> key = toFloats(keys.at[d]);
    UNROLL for (int g = 0; g < G; ++g) {
      Floats<2> sum =
          fmaF(slice<2, 0>(query[g]), slice<2, 0>(key), Floats<2>{});
      sum = fmaF(slice<2, 2>(query[g]), slice<2, 2>(key), sum);
      sum = fmaF(slice<2, 4>(query[g]), slice<2, 4>(key), sum);
      sum = fmaF(slice<2, 6>(query[g]), slice<2, 6>(key), sum);
      partial[g * Depth + d] = fold(sum);
    }
  }
  const float sum = groupSums<A::Lanes>(partial);
  const int index = threadIndex() % A::Lanes / A::repeats;
  const float score =
      chunkPosition<A>(chunk, index % Depth) < to ? sum * scale : lowestScore;
  float highest = maxF(score, state.highest);
  UNROLL for (int mask = A::repeats; mask < A::repeats * Depth; mask *= 2) {
    highest = maxF(highest, shflXor(highest, mask));
  }
  const float rescale = expBelowF(state.highest - highest);
  const float weight = expBelowF(score - highest);
  state.highest = highest;
  state.norm = fmaF(state.norm, rescale, weight);
  const int stream = buffer * A::streams + streamIndex<A>();
  const Shared<float> weights =
      shared<float>(4 * A::weights, 2 * A::streams * A::scores);
  const Shared<float> rescales =
      shared<float>(4 * A::rescales, 2 * A::streams * A::heads);
  if (threadIndex() % A::repeats == 0) {
    store(weights, stream * A::scores + index, weight);
    if (index % Depth == 0) {
      store(rescales, stream * A::heads + index / Depth, rescale);
    }
  }
  warpBarrier();
}

/// Adds the values of the same positions by their weights.
template <typename A>
DEVICE void addChunk(const typename A::Rows &values, int buffer,
                     typename A::State &state) {
  constexpr int Depth = A::Depth;
  const Shared<float> weights =
      shared<float>(4 * A::weights, 2 * A::streams * A::scores);
  const Shared<float> rescales =
      shared<float>(4 * A::rescales, 2 * A::streams * A::heads);
  const int stream = buffer * A::streams + streamIndex<A>();
  float weight[A::G][Depth];
  UNROLL for (int g = 0; g < A::G; ++g) {
    loadRow<Depth>(weights, stream * A::scores + g * Depth, weight[g]);
    state.product[g] =
        scaled(state.product[g], load(rescales, stream * A::heads + g));
  }
  UNROLL for (int d = 0; d < Depth; ++d) {
    const Floats<8> value = toFloats(values.at[d]);
    UNROLL for (int g = 0; g < A::G; ++g) {
      state.product[g] = fmaF(spread<8>(weight[g][d]), value, state.product[g]);
    }
  }
}

/// x[first] to x[first + N - 1] of shared memory, folded in ascending order.
template <int N, typename Fold>
DEVICE float foldShared(Shared<float> x, int first, Fold fold) {
  float all = load(x, first);
  if constexpr (N % 4 == 0) {
    UNROLL for (int n = 0; n < N; n += 4) {
      const Float4 four = loadVec<4>(x, first + n);
      UNROLL for (int k = 0; k < 4; ++k) {
        all = n + k == 0 ? four[0] : fold(all, four[k]);
      }
    }
  } else {
    UNROLL for (int n = 1; n < N; ++n) { all = fold(all, load(x, first + n)); }
  }
  return all;
}

/// The highest score of head g over the streams of the block.
template <typename A>
DEVICE float blockHighest(int g) {
  return foldShared<A::streams>(
      shared<float>(4 * A::highest, A::G * A::streams), g * A::streams,
      [](float a, float b) { return maxF(a, b); });
}

/// Leaves each stream's part in the arena, all relative to the block's maximum.
template <typename A>
DEVICE void leaveParts(typename A::State &state) {
  constexpr int G = A::G;
  const Shared<float> highest = shared<float>(4 * A::highest, G * A::streams);
  const Shared<float> norms = shared<float>(4 * A::norms, G * A::streams);
  const int stream = streamIndex<A>();
  UNROLL for (int mask = A::repeats; mask < A::repeats * A::Depth; mask *= 2) {
    state.norm += shflXor(state.norm, mask);
  }
  const int head = threadIndex() % A::Lanes / (A::repeats * A::Depth);
  const bool leads = threadIndex() % (A::repeats * A::Depth) == 0 && head < G;
  if (leads) {
    store(highest, head * A::streams + stream, state.highest);
  }
  blockBarrier();
  const Shared<float> parts =
      shared<float>(4 * A::parts, A::streams * G * A::D);
  UNROLL for (int g = 0; g < G; ++g) {
    const float rescale =
        expBelowF(load(highest, g * A::streams + stream) - blockHighest<A>(g));
    if (leads && head == g) {
      store(norms, g * A::streams + stream, state.norm * rescale);
    }
    if (laneColumn<A>() < A::D) {
      storeFloats(parts, (stream * G + g) * A::D + laneColumn<A>(),
                  scaled(state.product[g], rescale));
    }
  }
  blockBarrier();
}

/// The block's part of output e < G * D: sum / norm, relative to `highest`.
struct AttentionPart {
  float highest;
  float norm;
  float sum;
};
template <typename A>
DEVICE AttentionPart joinParts(int e) {
  constexpr int G = A::G;
  const Shared<float> norms = shared<float>(4 * A::norms, G * A::streams);
  const Shared<float> parts =
      shared<float>(4 * A::parts, A::streams * G * A::D);
  const int g = e / A::D;
  AttentionPart all = {};
  all.highest = blockHighest<A>(g);
  all.norm = foldShared<A::streams>(norms, g * A::streams,
                                    [](float a, float b) { return a + b; });
  UNROLL for (int s = 0; s < A::streams; ++s) {
    all.sum += load(parts, s * G * A::D + e);
  }
  return all;
}
