//===- Nvml.h - Driver version and clocks of a GPU --------------*- C++ -*-===//
//
// NVML beside the driver, opened at run time; only for reports.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_NVML_H
#define SINTER_RUNTIME_CUDA_NVML_H

#include <optional>
#include <string>

namespace sinter::cuda {

struct GpuState {
  std::string driver; ///< "580.159.04"
  unsigned smMegahertz = 0;
  unsigned memoryMegahertz = 0;
};

/// The GPU of this UUID ("GPU-...") now; nothing where NVML is not there or
/// does not answer.
std::optional<GpuState> readGpuState(const std::string &uuid);

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_NVML_H
