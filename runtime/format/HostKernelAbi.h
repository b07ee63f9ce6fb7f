//===- HostKernelAbi.h - Between host device and kernels -*- C++ -*-===//
//
// The text of this file is part of every printed kernel (host face) and is
// compiled into the host device; both must agree on SINTER_HOST_ABI. Plain
// structs and function pointers, no includes, so that it stands in any text.
//
// A kernel is compiled to a shared object with two symbols:
//   sinterKernelInfo   SinterKernelInfo, static facts
//   sinterKernelBlock  runs threads of a block (SinterHostCalls::nextThread)
// A running thread finds its worker by rounding its stack pointer down to a
// multiple of SINTER_WORKER_BYTES: no thread-local storage, one cache line for
// all threads.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_FORMAT_HOSTKERNELABI_H
#define SINTER_RUNTIME_FORMAT_HOSTKERNELABI_H

#define SINTER_HOST_ABI 2
#define SINTER_WORKER_BYTES (1ull << 26)
#define SINTER_WARP 32

extern "C" {

struct SinterWorker;

enum SinterParamAccess { SinterIn = 0, SinterInOut = 1, SinterOut = 2 };
enum SinterScalar {
  SinterBf16 = 0,
  SinterF32 = 1,
  SinterI32 = 2,
  SinterU32 = 3,
  SinterI64 = 4
};
enum SinterMemoryOp {
  SinterRead = 0,
  SinterWrite = 1,
  SinterAcquire = 2,
  SinterAcquireRelease = 3
};

/// One argument of a launch. Unchecked kernels read `data` only.
struct SinterBuffer {
  unsigned char *data;
  unsigned long long count;  ///< elements
  unsigned long long loaded; ///< bytes, counted by checked kernels
  unsigned long long stored;
  unsigned int
      slow; ///< not zero: every access goes through SinterHostCalls::access
  unsigned int index; ///< position among the parameters
};

/// Reduces deposits[word * 32 + lane] of a whole warp into results, which has
/// the same layout.
using SinterCombine = void (*)(const unsigned int *deposits,
                               unsigned int *results, unsigned int words);

/// What a kernel may ask of the device. `line` is the line in the kernel text.
struct SinterHostCalls {
  void (*blockBarrier)(struct SinterWorker *, unsigned int line);
  /// All 32 lanes deposit `words` words; the last one combines. Returns the
  /// results, valid until the caller's next collective.
  const unsigned int *(*warpCollective)(struct SinterWorker *, SinterCombine,
                                        const unsigned int *in,
                                        unsigned int words, unsigned int line);
  /// Checks and records `bytes` at element `index` of a parameter whose
  /// elements have `elementBytes`. Does not return after an error.
  void (*access)(struct SinterWorker *, struct SinterBuffer *, long long index,
                 unsigned int elementBytes, unsigned int bytes,
                 unsigned int memoryOp, unsigned int line);
  /// The same for a view of the shared arena that has `viewBytes` from byte
  /// `viewOffset` on; `offset` counts from the view's start.
  void (*sharedAccess)(struct SinterWorker *, long long viewOffset,
                       long long viewBytes, long long offset,
                       unsigned int bytes, unsigned int memoryOp,
                       unsigned int line);
  /// A view of the shared arena that does not fit in it.
  void (*sharedOverflow)(struct SinterWorker *, long long offset,
                         long long bytes, unsigned int line);
  /// Moves to the next thread that has not started; 0 when none is left for
  /// this fiber.
  int (*nextThread)(struct SinterWorker *);
  /// Checked kernels: this thread sees what earlier launches stored from now
  /// on.
  void (*waitForProducers)(struct SinterWorker *);
};

/// State of the running thread; the device updates it at every switch.
struct SinterWorker {
  unsigned int threadIndex;
  unsigned int blockIndexX;
  unsigned int blockIndexY;
  unsigned int blockSize;
  unsigned int gridSizeX;
  unsigned int gridSizeY;
  unsigned int sharedBytes;
  unsigned int reserved;
  unsigned char *shared;
  struct SinterBuffer *arguments;
  const struct SinterHostCalls *calls;
};

struct SinterParamInfo {
  unsigned int access; ///< SinterParamAccess
  unsigned int scalar; ///< SinterScalar
};

struct SinterKernelInfo {
  unsigned int abi;     ///< SINTER_HOST_ABI
  unsigned int checked; ///< 1 if compiled with SINTER_CHECKED
  unsigned int maxThreads;
  unsigned int paramCount;
  const struct SinterParamInfo *params;
  const char *name;
};

using SinterKernelBlock = void (*)(struct SinterWorker *);

} // extern "C"

#endif // SINTER_RUNTIME_FORMAT_HOSTKERNELABI_H
