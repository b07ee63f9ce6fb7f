//===- DriverHeaderTest.cpp - Our declarations against NVIDIA's -----------===//
//
// Most of it holds or fails when this file compiles.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/DriverApi.h"
#include "test/unit/cuda/SameCall.h"

#include <gtest/gtest.h>

#if SINTER_HAS_CUDA_HEADER
#include <cuda.h>

using namespace sinter::cuda;
using sinter::cuda::test::alike;
using sinter::cuda::test::SameCall;

namespace {

#define SINTER_DRIVER(MEMBER, SYMBOL, PARAMS)                                  \
  static_assert(                                                               \
      SameCall<decltype(driver::Table::MEMBER), decltype(&::SYMBOL)>::value,   \
      #SYMBOL);
#include "runtime/cuda/DriverFunctions.def"

#define SAME_FIELD(OURS, FIELD, THEIRS, NAME)                                  \
  static_assert(                                                               \
      offsetof(driver::OURS, FIELD) == offsetof(THEIRS, NAME) &&               \
      alike<decltype(driver::OURS::FIELD), decltype(THEIRS::NAME)>())
#define SAME_SIZE(OURS, THEIRS)                                                \
  static_assert(sizeof(driver::OURS) == sizeof(THEIRS) &&                      \
                alignof(driver::OURS) == alignof(THEIRS))

SAME_SIZE(Uuid, CUuuid);
SAME_SIZE(LaunchAttributeValue, CUlaunchAttributeValue);
SAME_SIZE(LaunchAttribute, CUlaunchAttribute);
SAME_FIELD(LaunchAttribute, id, CUlaunchAttribute, id);
static_assert(offsetof(driver::LaunchAttribute, value) ==
              offsetof(CUlaunchAttribute, value));

SAME_SIZE(LaunchConfig, CUlaunchConfig);
SAME_FIELD(LaunchConfig, gridX, CUlaunchConfig, gridDimX);
SAME_FIELD(LaunchConfig, gridZ, CUlaunchConfig, gridDimZ);
SAME_FIELD(LaunchConfig, blockX, CUlaunchConfig, blockDimX);
SAME_FIELD(LaunchConfig, blockZ, CUlaunchConfig, blockDimZ);
SAME_FIELD(LaunchConfig, sharedBytes, CUlaunchConfig, sharedMemBytes);
SAME_FIELD(LaunchConfig, stream, CUlaunchConfig, hStream);
SAME_FIELD(LaunchConfig, attributes, CUlaunchConfig, attrs);
SAME_FIELD(LaunchConfig, attributeCount, CUlaunchConfig, numAttrs);

SAME_SIZE(KernelNode, CUDA_KERNEL_NODE_PARAMS_v2);
SAME_FIELD(KernelNode, function, CUDA_KERNEL_NODE_PARAMS_v2, func);
SAME_FIELD(KernelNode, gridX, CUDA_KERNEL_NODE_PARAMS_v2, gridDimX);
SAME_FIELD(KernelNode, blockX, CUDA_KERNEL_NODE_PARAMS_v2, blockDimX);
SAME_FIELD(KernelNode, sharedBytes, CUDA_KERNEL_NODE_PARAMS_v2, sharedMemBytes);
SAME_FIELD(KernelNode, params, CUDA_KERNEL_NODE_PARAMS_v2, kernelParams);
SAME_FIELD(KernelNode, extra, CUDA_KERNEL_NODE_PARAMS_v2, extra);
SAME_FIELD(KernelNode, kernel, CUDA_KERNEL_NODE_PARAMS_v2, kern);
SAME_FIELD(KernelNode, context, CUDA_KERNEL_NODE_PARAMS_v2, ctx);

SAME_SIZE(CopyNode, CUDA_MEMCPY3D);
SAME_FIELD(CopyNode, fromX, CUDA_MEMCPY3D, srcXInBytes);
SAME_FIELD(CopyNode, fromLevel, CUDA_MEMCPY3D, srcLOD);
SAME_FIELD(CopyNode, fromType, CUDA_MEMCPY3D, srcMemoryType);
SAME_FIELD(CopyNode, fromDevice, CUDA_MEMCPY3D, srcDevice);
SAME_FIELD(CopyNode, fromPitch, CUDA_MEMCPY3D, srcPitch);
SAME_FIELD(CopyNode, toX, CUDA_MEMCPY3D, dstXInBytes);
SAME_FIELD(CopyNode, toType, CUDA_MEMCPY3D, dstMemoryType);
SAME_FIELD(CopyNode, toDevice, CUDA_MEMCPY3D, dstDevice);
SAME_FIELD(CopyNode, toHeight, CUDA_MEMCPY3D, dstHeight);
SAME_FIELD(CopyNode, width, CUDA_MEMCPY3D, WidthInBytes);
SAME_FIELD(CopyNode, height, CUDA_MEMCPY3D, Height);
SAME_FIELD(CopyNode, depth, CUDA_MEMCPY3D, Depth);

SAME_SIZE(EdgeData, CUgraphEdgeData);
SAME_FIELD(EdgeData, fromPort, CUgraphEdgeData, from_port);
SAME_FIELD(EdgeData, toPort, CUgraphEdgeData, to_port);
SAME_FIELD(EdgeData, type, CUgraphEdgeData, type);

TEST(DriverHeader, Numbers) {
  EXPECT_EQ(driver::success, CUDA_SUCCESS);
  EXPECT_EQ(driver::outOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(driver::noDevice, CUDA_ERROR_NO_DEVICE);
  EXPECT_EQ(driver::invalidImage, CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(driver::noBinaryForGpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(int{driver::MultiprocessorCount},
            int{CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT});
  EXPECT_EQ(int{driver::L2CacheBytes}, int{CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE});
  EXPECT_EQ(int{driver::CapabilityMajor},
            int{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR});
  EXPECT_EQ(int{driver::CapabilityMinor},
            int{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR});
  EXPECT_EQ(int{driver::CooperativeLaunch},
            int{CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH});
  EXPECT_EQ(int{driver::MaxSharedBytesPerBlock},
            int{CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN});
  EXPECT_EQ(int{driver::ThreadsPerBlock},
            int{CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK});
  EXPECT_EQ(int{driver::WarpThreads}, int{CU_DEVICE_ATTRIBUTE_WARP_SIZE});
  EXPECT_EQ(int{driver::MemoryKilohertz},
            int{CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE});
  EXPECT_EQ(int{driver::MemoryBusBits},
            int{CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH});
  EXPECT_EQ(int{driver::ThreadsPerMultiprocessor},
            int{CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR});
  EXPECT_EQ(int{driver::SharedBytesPerMultiprocessor},
            int{CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR});
  EXPECT_EQ(int{driver::RegistersPerMultiprocessor},
            int{CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR});
  EXPECT_EQ(int{driver::BlocksPerMultiprocessor},
            int{CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR});
  EXPECT_EQ(int{driver::ReservedSharedBytesPerBlock},
            int{CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK});
  EXPECT_EQ(int{driver::MaxDynamicShared},
            int{CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES});
  EXPECT_EQ(driver::streamNonBlocking, unsigned{CU_STREAM_NON_BLOCKING});
  EXPECT_EQ(driver::eventTimed, unsigned{CU_EVENT_DEFAULT});
  EXPECT_EQ(driver::eventUntimed, unsigned{CU_EVENT_DISABLE_TIMING});
  EXPECT_EQ(int{driver::CaptureThreadLocal},
            int{CU_STREAM_CAPTURE_MODE_THREAD_LOCAL});
  EXPECT_EQ(int{driver::LaunchCooperative},
            int{CU_LAUNCH_ATTRIBUTE_COOPERATIVE});
  EXPECT_EQ(int{driver::LaunchProgrammaticSerialization},
            int{CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION});
  EXPECT_EQ(int{driver::DeviceMemory}, int{CU_MEMORYTYPE_DEVICE});
  EXPECT_EQ(driver::portProgrammatic, CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC);
  EXPECT_EQ(int{driver::dependencyProgrammatic},
            int{CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC});
}

} // namespace

#else

TEST(DriverHeader, Numbers) {
  GTEST_SKIP() << "no cuda.h of CUDA 12.3 or later";
}

#endif
