//===- prelude_host_threads.cuh - Threads and collectives on the host -----===//
//
// A collective deposits this lane's words; the last lane to arrive combines
// the deposits of all 32 once, in the order of the GPU's xor tree.
//
//===----------------------------------------------------------------------===//

DEVICE int threadIndex() { return worker()->threadIndex; }
DEVICE int blockIndex() { return worker()->blockIndexX; }
DEVICE int blockIndexY() { return worker()->blockIndexY; }
DEVICE int blockSize() { return worker()->blockSize; }
DEVICE int gridSize() { return worker()->gridSizeX; }
DEVICE int gridSizeY() { return worker()->gridSizeY; }

DEVICE float fmaF(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE float sqrtF(float x) { return __builtin_sqrtf(x); }
DEVICE float rsqrtF(float x) { return 1.0f / sqrtF(x); }
/// As the GPU: a NaN loses, +0 is above -0.
DEVICE float maxF(float a, float b) {
  if (a == b) {
    return asFloat(asBits(a) & asBits(b));
  }
  return a > b || b != b ? a : b;
}
DEVICE float minF(float a, float b) {
  if (a == b) {
    return asFloat(asBits(a) | asBits(b));
  }
  return a < b || b != b ? a : b;
}
DEVICE bool argMaxBetter(float value, i32 index, float than, i32 thanIndex);

/// Launches run one after the other; checked ones as if they overlapped.
DEVICE void allowConsumers() {}
DEVICE void waitForProducers() {
  if (SINTER_CHECKED) {
    worker()->calls->waitForProducers(worker());
  }
}

DEVICE void blockBarrier(SINTER_LINE) {
  worker()->calls->blockBarrier(worker(), line);
}

static void combineNothing(const u32 *, u32 *, u32) {}
static void combineCopy(const u32 *deposits, u32 *results, u32 words) {
  __builtin_memcpy(results, deposits, words * 32 * sizeof(u32));
}
/// Lane l of the xor tree ends with the same value for all l: one half of the
/// tree is enough, then it is spread.
template <typename Fold>
DEVICE void combineFold(const u32 *deposits, u32 *results, u32 words,
                        Fold fold) {
  for (u32 word = 0; word < words; ++word) {
    float values[32];
    __builtin_memcpy(values, deposits + word * 32, sizeof(values));
    for (int mask = 16; mask > 0; mask /= 2) {
      for (int lane = 0; lane < mask; ++lane) {
        values[lane] = fold(values[lane], values[lane + mask]);
      }
    }
    results[word * 32] = asBits(values[0]);
  }
}
static void combineSum(const u32 *deposits, u32 *results, u32 words) {
  combineFold(deposits, results, words, [](float a, float b) { return a + b; });
}
static void combineMax(const u32 *deposits, u32 *results, u32 words) {
  combineFold(deposits, results, words,
              [](float a, float b) { return maxF(a, b); });
}
/// The xor tree within each group of Lanes lanes.
template <u32 Lanes>
static void combineGroupSum(const u32 *deposits, u32 *results, u32 words) {
  for (u32 group = 0; group < words * 32; group += Lanes) {
    float values[Lanes];
    __builtin_memcpy(values, deposits + group, sizeof(values));
    for (u32 mask = Lanes / 2; mask > 0; mask /= 2) {
      for (u32 lane = 0; lane < mask; ++lane) {
        values[lane] += values[lane + mask];
      }
    }
    results[group] = asBits(values[0]);
  }
}
static void combineArgMax(const u32 *deposits, u32 *results, u32) {
  float value = asFloat(deposits[0]);
  i32 index = static_cast<i32>(deposits[32]);
  for (int lane = 1; lane < 32; ++lane) {
    const float otherValue = asFloat(deposits[lane]);
    const i32 otherIndex = static_cast<i32>(deposits[32 + lane]);
    if (argMaxBetter(otherValue, otherIndex, value, index)) {
      value = otherValue;
      index = otherIndex;
    }
  }
  results[0] = asBits(value);
  results[32] = static_cast<u32>(index);
}

DEVICE const u32 *collective(SinterCombine combine, const u32 *in, u32 words,
                             u32 line) {
  return worker()->calls->warpCollective(worker(), combine, in, words, line);
}

DEVICE void warpBarrier(SINTER_LINE) {
  collective(combineNothing, nullptr, 0, line);
}
template <typename T>
DEVICE T shfl(T value, int lane, SINTER_LINE) {
  const u32 in = bitsAs<u32>(value);
  return bitsAs<T>(collective(combineCopy, &in, 1, line)[lane & 31]);
}
template <typename T>
DEVICE T shflXor(T value, int mask, SINTER_LINE) {
  const u32 in = bitsAs<u32>(value);
  const u32 lane = (worker()->threadIndex ^ static_cast<u32>(mask)) & 31;
  return bitsAs<T>(collective(combineCopy, &in, 1, line)[lane]);
}

template <int N>
DEVICE void reduce(SinterCombine combine, float (&values)[N], u32 line) {
  static_assert(N <= 64, "at most 64 values at once");
  u32 in[N];
  __builtin_memcpy(in, values, sizeof(in));
  const u32 *results = collective(combine, in, N, line);
  for (int k = 0; k < N; ++k) {
    values[k] = asFloat(results[k * 32]);
  }
}
template <int N>
DEVICE void warpSum(float (&values)[N], SINTER_LINE) {
  reduce(combineSum, values, line);
}
template <int N>
DEVICE void warpMax(float (&values)[N], SINTER_LINE) {
  reduce(combineMax, values, line);
}
template <int Lanes, int N>
DEVICE float groupSums(float (&values)[N], SINTER_LINE) {
  static_assert(N <= Lanes && (N & (N - 1)) == 0, "a power of two");
  u32 in[N];
  __builtin_memcpy(in, values, sizeof(in));
  const u32 *results = collective(combineGroupSum<Lanes>, in, N, line);
  const u32 lane = worker()->threadIndex & 31;
  return asFloat(results[lane % Lanes * N / Lanes * 32 + lane / Lanes * Lanes]);
}
DEVICE float warpSum(float value, SINTER_LINE) {
  float values[1] = {value};
  reduce(combineSum, values, line);
  return values[0];
}
DEVICE float warpMax(float value, SINTER_LINE) {
  float values[1] = {value};
  reduce(combineMax, values, line);
  return values[0];
}
DEVICE void warpArgMax(float &value, i32 &index, SINTER_LINE) {
  const u32 in[2] = {asBits(value), static_cast<u32>(index)};
  const u32 *results = collective(combineArgMax, in, 2, line);
  value = asFloat(results[0]);
  index = static_cast<i32>(results[32]);
}

template <int... I>
struct Indices {};
template <int N, int... I>
struct MakeIndices : MakeIndices<N - 1, N - 1, I...> {};
template <int... I>
struct MakeIndices<0, I...> {
  using type = Indices<I...>;
};

template <auto Kernel>
struct HostEntry;
template <typename... Params, void (*Kernel)(Params...)>
struct HostEntry<Kernel> {
  static constexpr u32 count = sizeof...(Params);
  static constexpr SinterParamInfo params[count + 1] = {
      {Params::access, ScalarOf<typename Params::Element>::value}..., {0, 0}};

  template <int... I>
  DEVICE void call(SinterBuffer *arguments, Indices<I...>) {
    Kernel(Params(arguments[I])...);
  }
  DEVICE void block(SinterWorker *w) {
    do {
      call(w->arguments, typename MakeIndices<count>::type());
    } while (w->calls->nextThread(w));
  }
};

#define SINTER_KERNEL(NAME, MAX_THREADS, MIN_BLOCKS, PARAMS)                   \
  static void NAME PARAMS;                                                     \
  extern "C" {                                                                 \
  extern const SinterKernelInfo sinterKernelInfo;                              \
  const SinterKernelInfo sinterKernelInfo = {                                  \
      SINTER_HOST_ABI,        SINTER_CHECKED,          MAX_THREADS,            \
      HostEntry<NAME>::count, HostEntry<NAME>::params, #NAME};                 \
  void sinterKernelBlock(SinterWorker *w) { HostEntry<NAME>::block(w); }       \
  }                                                                            \
  static void NAME PARAMS
