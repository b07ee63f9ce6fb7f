//===- Kernels.cpp - Kernels loaded on a GPU ------------------------------===//

#include "runtime/cuda/Kernels.h"

#include "runtime/cuda/Nvrtc.h"

#include <memory>

namespace sinter::cuda {

KernelCompiler compileWithNvrtc() {
  auto opened = std::make_shared<std::shared_ptr<const Nvrtc>>();
  return [opened](const KernelSource &source,
                  const std::string &arch) -> Result<std::string> {
    if (!*opened) {
      SINTER_ASSIGN(*opened, Nvrtc::open());
    }
    SINTER_ASSIGN(CompiledKernel kernel,
                  (*opened)->compile(source.text, source.symbol, arch));
    return std::move(kernel.cubin);
  };
}

Result<LoadedKernel> loadKernel(const Gpu &gpu, const KernelSource &source,
                                const KernelCompiler &compile, bool &compiled) {
  const DriverApi &api = gpu.api();
  const std::string object = "kernel '" + source.symbol + "'";
  LoadedKernel kernel;
  kernel.symbol = source.symbol;
  kernel.params = source.params;
  std::string built;
  const std::string *image = nullptr;
  for (const KernelBinary &binary : source.binaries) {
    if (gpu.facts().runs(binary.arch)) {
      image = &binary.bytes;
    }
  }
  compiled = image == nullptr;
  if (compiled) {
    SINTER_ASSIGN(built, compile(source, gpu.facts().arch()));
    image = &built;
  }
  kernel.module = OwnedModule(api);
  const driver::Code code =
      api->moduleLoad(kernel.module.out(), image->c_str());
  if (code == driver::invalidImage || code == driver::noBinaryForGpu) {
    return Error{ErrorCode::CudaBinary, object,
                 "a binary for " + gpu.facts().arch(),
                 compiled ? "NVRTC's own, which the driver refuses"
                          : "one that the driver refuses",
                 compiled ? "install a driver as new as NVRTC"
                          : "compile the plan again"};
  }
  SINTER_TRY(api.check(code, "moduleLoad", object));
  SINTER_CUDA(api, object, moduleFunction, &kernel.function,
              kernel.module.get(), kernel.symbol.c_str());
  return kernel;
}

Status allowShape(const Gpu &gpu, LoadedKernel &kernel,
                  const LaunchShape &shape) {
  const DriverApi &api = gpu.api();
  const std::string object = "launch of kernel '" + kernel.symbol + "'";
  if (shape.gridX == 0 || shape.gridX > INT32_MAX || shape.gridY == 0 ||
      shape.gridY > 65535 || shape.blockSize == 0 ||
      shape.blockSize % 32 != 0 || shape.blockSize > 1024) {
    return Error{ErrorCode::KernelLaunchShape, object,
                 "1 to 2147483647 by 1 to 65535 blocks of whole warps, at most "
                 "1024 threads",
                 std::to_string(shape.gridX) + " by " +
                     std::to_string(shape.gridY) + " of " +
                     std::to_string(shape.blockSize),
                 "change the configuration"};
  }
  const auto most = static_cast<uint64_t>(gpu.facts().sharedBytesPerBlock);
  if (shape.sharedBytes > most) {
    return Error{ErrorCode::KernelLaunchShape, object,
                 "at most " + std::to_string(most) + " bytes of shared memory",
                 std::to_string(shape.sharedBytes), "use less"};
  }
  const int shared = static_cast<int>(shape.sharedBytes);
  constexpr int withoutAsking = 48 * 1024;
  if (shared > withoutAsking && shared > kernel.sharedAllowed) {
    SINTER_CUDA(api, object, functionSet, kernel.function,
                driver::MaxDynamicShared, shared);
    kernel.sharedAllowed = shared;
  }
  if (shape.cooperative) {
    int perMultiprocessor = 0;
    SINTER_CUDA(api, object, occupancy, &perMultiprocessor, kernel.function,
                static_cast<int>(shape.blockSize), shape.sharedBytes);
    const uint64_t resident =
        static_cast<uint64_t>(perMultiprocessor) *
        static_cast<uint64_t>(gpu.facts().multiprocessors);
    const uint64_t blocks = static_cast<uint64_t>(shape.gridX) * shape.gridY;
    if (blocks > resident) {
      return Error{ErrorCode::KernelGridTooLarge, object,
                   "a cooperative grid of at most " + std::to_string(resident) +
                       " resident blocks",
                   std::to_string(blocks),
                   "use fewer blocks: those beyond would never start"};
    }
  }
  return Status::success();
}

} // namespace sinter::cuda
