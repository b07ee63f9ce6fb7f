//===- Kernels.h - Kernels loaded on a GPU ----------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_CUDA_KERNELS_H
#define SINTER_RUNTIME_CUDA_KERNELS_H

#include "runtime/Device.h"
#include "runtime/cuda/Gpu.h"

#include <functional>
#include <string>
#include <vector>

namespace sinter::cuda {

/// A cubin of `source` for `arch`. Errors are the compiler's.
using KernelCompiler = std::function<Result<std::string>(
    const KernelSource &source, const std::string &arch)>;

/// NVRTC, opened when the first kernel needs it. SIN3202, SIN3203.
KernelCompiler compileWithNvrtc();

struct LoadedKernel {
  std::string symbol;
  std::vector<format::Param> params;
  OwnedModule module;
  driver::Function function = nullptr;
  uint64_t launches = 0; ///< by themselves, not in a program
  int sharedAllowed = 0; ///< dynamic bytes that may be asked for by now
};

/// From the binary of the source that fits the GPU, else from `compile`;
/// `compiled` says which. SIN3208: a binary that the driver refuses; SIN3205;
/// those of `compile`.
Result<LoadedKernel> loadKernel(const Gpu &gpu, const KernelSource &source,
                                const KernelCompiler &compile, bool &compiled);

/// Lets the kernel be launched with this shape. SIN4011: a shape that no GPU
/// takes, or a cooperative grid that does not fit this one (SIN4008); SIN3205.
Status allowShape(const Gpu &gpu, LoadedKernel &kernel,
                  const LaunchShape &shape);

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_KERNELS_H
