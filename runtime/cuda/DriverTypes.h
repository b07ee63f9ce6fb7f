//===- DriverTypes.h - What crosses the driver's C interface ----*- C++ -*-===//
//
// Our own declarations of the few types of cuda.h that are used, so that the
// program builds without a toolkit. test/unit/cuda/DriverHeaderTest.cpp holds
// layout, numbers and signatures against NVIDIA's header.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_DRIVERTYPES_H
#define SINTER_RUNTIME_CUDA_DRIVERTYPES_H

#include <cstddef>
#include <cstdint>

namespace sinter::cuda::driver {

/// Result of every call; 0 is success.
using Code = int;
inline constexpr Code success = 0;
inline constexpr Code outOfMemory = 2;
inline constexpr Code noDevice = 100;
inline constexpr Code invalidImage = 200;
inline constexpr Code noBinaryForGpu = 209;

using DeviceNumber = int;
using Pointer = unsigned long long; ///< in device memory
using Context = struct OpaqueContext *;
using Stream = struct OpaqueStream *;
using Event = struct OpaqueEvent *;
using Module = struct OpaqueModule *;
using Function = struct OpaqueFunction *;
using Graph = struct OpaqueGraph *;
using GraphNode = struct OpaqueGraphNode *;
using GraphExec = struct OpaqueGraphExec *;

struct Uuid {
  char bytes[16];
};

enum DeviceAttribute : int {
  ThreadsPerBlock = 1,
  WarpThreads = 10,
  MultiprocessorCount = 16,
  MemoryKilohertz = 36,
  MemoryBusBits = 37,
  L2CacheBytes = 38,
  ThreadsPerMultiprocessor = 39,
  CapabilityMajor = 75,
  CapabilityMinor = 76,
  SharedBytesPerMultiprocessor = 81,
  RegistersPerMultiprocessor = 82,
  CooperativeLaunch = 95,
  MaxSharedBytesPerBlock = 97, ///< with FunctionAttribute::MaxDynamicShared
  BlocksPerMultiprocessor = 106,
  ReservedSharedBytesPerBlock = 111,
};

enum FunctionAttribute : int { MaxDynamicShared = 8 };

inline constexpr unsigned streamNonBlocking = 1;
inline constexpr unsigned eventTimed = 0;
inline constexpr unsigned eventUntimed = 2;

enum CaptureMode : int { CaptureThreadLocal = 1 };

enum LaunchAttributeId : int {
  LaunchCooperative = 2,
  LaunchProgrammaticSerialization = 6,
};

/// The members in use; the union has 64 bytes.
union LaunchAttributeValue {
  char pad[64];
  int cooperative;
  int programmaticSerializationAllowed;
  void *alignment; ///< other members hold pointers
};

struct LaunchAttribute {
  LaunchAttributeId id;
  char pad[4];
  LaunchAttributeValue value;
};

struct LaunchConfig {
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};

struct KernelNode {
  Function function;
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  void **params;
  void **extra;
  void *kernel; ///< in place of a function
  Context context;
};

enum MemoryType : int { DeviceMemory = 2 };

struct CopyNode {
  size_t fromX, fromY, fromZ, fromLevel;
  MemoryType fromType;
  const void *fromHost;
  Pointer fromDevice;
  void *fromArray;
  void *reserved0;
  size_t fromPitch, fromHeight;
  size_t toX, toY, toZ, toLevel;
  MemoryType toType;
  void *toHost;
  Pointer toDevice;
  void *toArray;
  void *reserved1;
  size_t toPitch, toHeight;
  size_t width, height, depth; ///< width in bytes
};

inline constexpr unsigned char portProgrammatic = 1;
inline constexpr unsigned char dependencyProgrammatic = 1;

/// All zero: the whole node before the whole node behind.
struct EdgeData {
  unsigned char fromPort;
  unsigned char toPort;
  unsigned char type;
  unsigned char reserved[5];
};

} // namespace sinter::cuda::driver

#endif // SINTER_RUNTIME_CUDA_DRIVERTYPES_H
