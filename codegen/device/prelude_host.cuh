//===- prelude_host.cuh - The prelude on the host device ------------------===//
//
// Needs HostKernelAbi.h before it. Threads are fibers that switch inside
// collectives. With SINTER_CHECKED every access is verified and counted, and
// carries the line of the call.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_CHECKED
#define SINTER_CHECKED 0
#endif
#define DEVICE [[maybe_unused]] static inline __attribute__((always_inline))
#define MEMBER inline __attribute__((always_inline))
#define SINTER_LINE u32 line = __builtin_LINE()

DEVICE SinterWorker *worker() {
  return reinterpret_cast<SinterWorker *>(
      reinterpret_cast<u64>(__builtin_frame_address(0)) &
      ~(SINTER_WORKER_BYTES - 1));
}

template <typename To, typename From>
DEVICE To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes differ");
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}
DEVICE u32 asBits(float x) { return bitsAs<u32>(x); }
DEVICE float asFloat(u32 bits) { return bitsAs<float>(bits); }
DEVICE bf16 toBf16(float x) {
  const u32 bits = asBits(x);
  if (x != x) {
    return bf16{0x7fc0};
  }
  return bf16{static_cast<u16>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}
DEVICE float roundBf16(float x) {
  return asFloat(static_cast<u32>(toBf16(x).bits) << 16);
}

template <typename T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Vec {
  T elements[N];
  T operator[](int k) const { return elements[k]; }
  void set(int k, T value) { elements[k] = value; }
};

template <typename T>
struct ScalarOf;
#define SINTER_SCALAR(T, CODE)                                                 \
  template <>                                                                  \
  struct ScalarOf<T> {                                                         \
    static constexpr u32 value = CODE;                                         \
  };
SINTER_SCALAR(bf16, SinterBf16)
SINTER_SCALAR(float, SinterF32)
SINTER_SCALAR(i32, SinterI32)
SINTER_SCALAR(u32, SinterU32)
SINTER_SCALAR(i64, SinterI64)
#undef SINTER_SCALAR

/// Common to In, InOut and Out; the descriptor if checked, else the data.
template <typename T>
struct View {
#if SINTER_CHECKED
  SinterBuffer *buffer;
  i64 first = 0; ///< element of the buffer that is element 0 here
  explicit View(SinterBuffer &argument) : buffer(&argument) {}
  T *data() const { return reinterpret_cast<T *>(buffer->data); }
#else
  T *pointer;
  explicit View(SinterBuffer &argument)
      : pointer(reinterpret_cast<T *>(argument.data)) {}
  T *data() const { return pointer; }
#endif

  /// Checks and counts n elements at i.
  T *at(i64 i, int n, u32 op, u32 line) const {
#if SINTER_CHECKED
    i += first;
    const u32 bytes = n * sizeof(T);
    T *address = data() + i;
    if (static_cast<u64>(i) >= buffer->count ||
        buffer->count - static_cast<u64>(i) < static_cast<u64>(n) ||
        reinterpret_cast<u64>(address) % bytes != 0 || buffer->slow != 0) {
      worker()->calls->access(worker(), buffer, i, sizeof(T), bytes, op, line);
    }
    buffer->loaded += op == SinterWrite ? 0 : bytes;
    buffer->stored +=
        op == SinterWrite || op == SinterAcquireRelease ? bytes : 0;
    return address;
#else
    return data() + i;
#endif
  }
};

template <typename T>
struct In : View<T> {
  static constexpr u32 access = SinterIn;
  using Element = T;
  using View<T>::View;
};
template <typename T>
struct InOut : In<T> {
  static constexpr u32 access = SinterInOut;
  using In<T>::In;
};
template <typename T>
struct Out : View<T> {
  static constexpr u32 access = SinterOut;
  using Element = T;
  using View<T>::View;
};

template <typename T>
DEVICE In<T> partOf(In<T> x, i64 first) {
#if SINTER_CHECKED
  x.first += first;
#else
  x.pointer += first;
#endif
  return x;
}

template <typename T>
struct Shared {
  i64 viewOffset; ///< bytes from the start of the arena
  i64 viewBytes;

  T *at(i64 i, int n, u32 op, u32 line) const {
    const i64 offset = i * static_cast<i64>(sizeof(T));
#if SINTER_CHECKED
    worker()->calls->sharedAccess(worker(), viewOffset, viewBytes, offset,
                                  n * sizeof(T), op, line);
#endif
    return reinterpret_cast<T *>(worker()->shared + viewOffset + offset);
  }
};

template <typename T>
DEVICE Shared<T> shared(i64 byteOffset, i64 count, SINTER_LINE) {
  const i64 bytes = count * static_cast<i64>(sizeof(T));
  if (byteOffset < 0 || byteOffset % sizeof(T) != 0 || count < 0 ||
      byteOffset + bytes > static_cast<i64>(worker()->sharedBytes)) {
    worker()->calls->sharedOverflow(worker(), byteOffset, bytes, line);
  }
  return {byteOffset, bytes};
}

#define SINTER_LOADS(VIEW)                                                     \
  template <typename T>                                                        \
  DEVICE T load(VIEW<T> x, i64 i, SINTER_LINE) {                               \
    return *x.at(i, 1, SinterRead, line);                                      \
  }                                                                            \
  template <int N, typename T>                                                 \
  DEVICE Vec<T, N> loadVec(VIEW<T> x, i64 i, SINTER_LINE) {                    \
    static_assert(sizeof(T) * N <= 16, "at most 16 bytes");                    \
    return *reinterpret_cast<Vec<T, N> *>(x.at(i, N, SinterRead, line));       \
  }
#define SINTER_STORES(VIEW)                                                    \
  template <typename T>                                                        \
  DEVICE void store(VIEW<T> x, i64 i, decltype(T()) value, SINTER_LINE) {      \
    *x.at(i, 1, SinterWrite, line) = value;                                    \
  }                                                                            \
  template <int N, typename T>                                                 \
  DEVICE void storeVec(VIEW<T> x, i64 i, Vec<T, N> value, SINTER_LINE) {       \
    static_assert(sizeof(T) * N <= 16, "at most 16 bytes");                    \
    *reinterpret_cast<Vec<T, N> *>(x.at(i, N, SinterWrite, line)) = value;     \
  }
SINTER_LOADS(In)
SINTER_LOADS(Shared)
SINTER_STORES(Out)
SINTER_STORES(InOut)
SINTER_STORES(Shared)
#undef SINTER_LOADS
#undef SINTER_STORES

template <int N, typename T>
DEVICE Vec<T, N> loadStream(In<T> x, i64 i, SINTER_LINE) {
  static_assert(sizeof(T) * N == 16, "16 bytes");
  return loadVec<N>(x, i, line);
}
template <int N, typename T>
DEVICE Vec<T, N> loadStreamIf(bool wanted, In<T> x, i64 i, SINTER_LINE) {
  return wanted ? loadStream<N>(x, i, line) : Vec<T, N>{};
}
DEVICE u32 atomicAddRelease(InOut<u32> x, i64 i, u32 value, SINTER_LINE) {
  return __atomic_fetch_add(x.at(i, 1, SinterAcquireRelease, line), value,
                            __ATOMIC_ACQ_REL);
}
DEVICE void addRelaxed(InOut<u32> x, i64 i, u32 value, SINTER_LINE) {
  atomicAddRelease(x, i, value, line);
}
DEVICE u32 loadAcquire(In<u32> x, i64 i, SINTER_LINE) {
  return __atomic_load_n(x.at(i, 1, SinterAcquire, line), __ATOMIC_ACQUIRE);
}
