//===- KernelKit.h - Kernels built for another machine ----------*- C++ -*-===//
//
// A folder of binaries for kernels that belong to no plan. A file's name holds
// the digest of the kernel's text: what another version wrote is not found.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_KERNELKIT_H
#define SINTER_TOOLS_KERNELKIT_H

#include "runtime/Device.h"
#include "runtime/cuda/Nvrtc.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sinter {

/// Builds every kernel for `arch` ("sm_90a") into `directory`, which is made.
/// `progress` as of Cubins.h. Errors: SIN3203 from NVRTC, SIN3002.
Status
writeKernelKit(const std::string &directory,
               std::span<const KernelSource> kernels, const cuda::Nvrtc &nvrtc,
               const std::string &arch,
               const std::function<void(size_t done, size_t total)> &progress);

/// Gives every kernel its binary. SIN3001: one is not there.
Status readKernelKit(const std::string &directory, const std::string &arch,
                     std::vector<KernelSource> &kernels);

} // namespace sinter

#endif // SINTER_TOOLS_KERNELKIT_H
