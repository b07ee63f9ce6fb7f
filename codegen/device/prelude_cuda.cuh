//===- prelude_cuda.cuh - The prelude on a GPU ----------------------------===//
//
// NVRTC without include paths, sm_80 and later, --fmad=false. A parameter view
// is one pointer, in the kernel's signature as well.
//
//===----------------------------------------------------------------------===//

#define DEVICE __device__ __forceinline__
#define MEMBER DEVICE
#define SINTER_KERNEL(NAME, MAX_THREADS, MIN_BLOCKS, PARAMS)                   \
  extern "C" __global__ void __launch_bounds__(MAX_THREADS, MIN_BLOCKS)        \
      NAME PARAMS

DEVICE u32 asBits(float x) { return __float_as_uint(x); }
DEVICE float asFloat(u32 bits) { return __uint_as_float(bits); }
/// In the upper half of two at once, an arithmetic instruction; one alone goes
/// to the slow unit for conversions. Its NaN is 0x7fff.
DEVICE float roundBf16(float x) {
  u32 bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(x), "f"(0.0f));
  return x != x ? __uint_as_float(0x7fc00000u) : __uint_as_float(bits);
}
DEVICE bf16 toBf16(float x) {
  return bf16{static_cast<u16>(__float_as_uint(roundBf16(x)) >> 16)};
}

template <typename To, typename From>
DEVICE To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes differ");
  union Both {
    From from;
    To to;
    __device__ Both() {}
  } both;
  both.from = from;
  return both.to;
}

/// Held as 32-bit words, so that it lives in registers and moves as one access.
template <typename T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Vec {
  static constexpr int perWord = sizeof(T) == 2 ? 2 : 1;
  static_assert(sizeof(T) == 2 || sizeof(T) == 4, "2 or 4 byte elements");
  static_assert(N % perWord == 0, "whole words");
  u32 words[N / perWord];

  DEVICE T operator[](int k) const {
    if constexpr (sizeof(T) == 2) {
      return bitsAs<T>(static_cast<u16>(words[k / 2] >> (k % 2 * 16)));
    } else {
      return bitsAs<T>(words[k]);
    }
  }
  DEVICE void set(int k, T value) {
    if constexpr (sizeof(T) == 2) {
      const u32 shift = k % 2 * 16;
      words[k / 2] = (words[k / 2] & ~(0xffffu << shift)) |
                     static_cast<u32>(bitsAs<u16>(value)) << shift;
    } else {
      words[k] = bitsAs<u32>(value);
    }
  }
};

template <typename T>
struct In {
  T *data;
};
template <typename T>
struct InOut : In<T> {};
template <typename T>
struct Out {
  T *data;
};
template <typename T>
struct Shared {
  T *data;
};

template <typename T>
DEVICE In<T> partOf(In<T> x, i64 first) {
  return {x.data + first};
}

extern __shared__ __align__(16) unsigned char sinterArena[];

template <typename T>
DEVICE Shared<T> shared(i64 byteOffset, i64 count) {
  return {reinterpret_cast<T *>(sinterArena + byteOffset)};
}

/// What moves as one access; a struct of words is copied word by word.
template <int Bytes>
struct Access;
template <>
struct Access<4> {
  using Type = u32;
};
template <>
struct Access<8> {
  using Type = uint2;
};
template <>
struct Access<16> {
  using Type = uint4;
};
template <int N, typename T>
DEVICE Vec<T, N> loadWords(const T *from) {
  using Whole = typename Access<sizeof(T) * N>::Type;
  return bitsAs<Vec<T, N>>(*reinterpret_cast<const Whole *>(from));
}
template <int N, typename T>
DEVICE void storeWords(T *to, Vec<T, N> value) {
  using Whole = typename Access<sizeof(T) * N>::Type;
  *reinterpret_cast<Whole *>(to) = bitsAs<Whole>(value);
}

#define SINTER_LOADS(VIEW)                                                     \
  template <typename T>                                                        \
  DEVICE T load(VIEW<T> x, i64 i) {                                            \
    return x.data[i];                                                          \
  }                                                                            \
  template <int N, typename T>                                                 \
  DEVICE Vec<T, N> loadVec(VIEW<T> x, i64 i) {                                 \
    return loadWords<N>(x.data + i);                                           \
  }
#define SINTER_STORES(VIEW)                                                    \
  template <typename T>                                                        \
  DEVICE void store(VIEW<T> x, i64 i, decltype(T()) value) {                   \
    x.data[i] = value;                                                         \
  }                                                                            \
  template <int N, typename T>                                                 \
  DEVICE void storeVec(VIEW<T> x, i64 i, Vec<T, N> value) {                    \
    storeWords<N>(x.data + i, value);                                          \
  }
SINTER_LOADS(In)
SINTER_LOADS(Shared)
SINTER_STORES(Out)
SINTER_STORES(InOut)
SINTER_STORES(Shared)
#undef SINTER_LOADS
#undef SINTER_STORES

/// Volatile: the order of the requests is the order of the text.
template <int N, typename T>
DEVICE Vec<T, N> loadStream(In<T> x, i64 i) {
  static_assert(sizeof(T) * N == 16, "16 bytes");
  Vec<T, N> v;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.words[0]), "=r"(v.words[1]), "=r"(v.words[2]),
                 "=r"(v.words[3])
               : "l"(__cvta_generic_to_global(x.data + i)));
  return v;
}

template <int N, typename T>
DEVICE Vec<T, N> loadStreamIf(bool wanted, In<T> x, i64 i) {
  static_assert(sizeof(T) * N == 16, "16 bytes");
  Vec<T, N> v;
  asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.u32 p, %5, 0;\n\t"
               "mov.u32 %0, 0;\n\tmov.u32 %1, 0;\n\t"
               "mov.u32 %2, 0;\n\tmov.u32 %3, 0;\n\t"
               "@p ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               "\n\t}"
               : "=&r"(v.words[0]), "=&r"(v.words[1]), "=&r"(v.words[2]),
                 "=&r"(v.words[3])
               : "l"(__cvta_generic_to_global(x.data + i)),
                 "r"(static_cast<u32>(wanted)));
  return v;
}

DEVICE u32 atomicAddRelease(InOut<u32> x, i64 i, u32 value) {
  u32 old;
  asm volatile("atom.add.acq_rel.gpu.u32 %0, [%1], %2;"
               : "=r"(old)
               : "l"(x.data + i), "r"(value)
               : "memory");
  return old;
}
DEVICE void addRelaxed(InOut<u32> x, i64 i, u32 value) {
  asm volatile("red.relaxed.gpu.global.add.u32 [%0], %1;" ::"l"(
                   __cvta_generic_to_global(x.data + i)),
               "r"(value)
               : "memory");
}
DEVICE u32 loadAcquire(In<u32> x, i64 i) {
  u32 value;
  asm volatile("ld.acquire.gpu.u32 %0, [%1];"
               : "=r"(value)
               : "l"(x.data + i)
               : "memory");
  return value;
}

DEVICE int threadIndex() { return threadIdx.x; }
DEVICE int blockIndex() { return blockIdx.x; }
DEVICE int blockIndexY() { return blockIdx.y; }
DEVICE int blockSize() { return blockDim.x; }
DEVICE int gridSize() { return gridDim.x; }
DEVICE int gridSizeY() { return gridDim.y; }

DEVICE void allowConsumers() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
/// The weights' requests before it stay before it: both are volatile.
DEVICE void waitForProducers() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

DEVICE void blockBarrier() { __syncthreads(); }
DEVICE void warpBarrier() { __syncwarp(); }

DEVICE float fmaF(float a, float b, float c) { return __fmaf_rn(a, b, c); }
DEVICE float sqrtF(float x) { return __fsqrt_rn(x); }
/// The bits of 1 / sqrtF(x) sooner: without the cases that a general root and
/// division take care of. Compared with it over all 2^32 floats.
DEVICE float rsqrtF(float x) {
  if (x > 1e-30f && x < 1e30f) {
    float r;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
    const float half = 0.5f * r;
    float root = x * r;
    root = __fmaf_rn(__fmaf_rn(-root, root, x), half, root);
    root = __fmaf_rn(__fmaf_rn(-root, root, x), half, root);
    return __frcp_rn(root);
  }
  return 1.0f / sqrtF(x);
}
DEVICE float maxF(float a, float b) { return fmaxf(a, b); }
DEVICE float minF(float a, float b) { return fminf(a, b); }
DEVICE bool argMaxBetter(float value, i32 index, float than, i32 thanIndex);
