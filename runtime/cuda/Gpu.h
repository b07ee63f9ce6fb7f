//===- Gpu.h - One GPU and its context --------------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_CUDA_GPU_H
#define SINTER_RUNTIME_CUDA_GPU_H

#include "runtime/cuda/DriverApi.h"
#include "runtime/format/Plan.h"

#include <memory>
#include <string>
#include <string_view>

namespace sinter::cuda {

struct GpuFacts {
  std::string name; ///< "NVIDIA H200"
  std::string uuid; ///< "GPU-0123abcd-..."
  int major = 0;    ///< compute capability
  int minor = 0;
  int multiprocessors = 0;
  int sharedBytesPerBlock = 0; ///< the most that a kernel may ask for
  int l2Bytes = 0;
  bool cooperative = false;
  // Of one multiprocessor, and of blocks on it; for device files.
  int warpThreads = 0;
  int threadsPerBlock = 0;
  int threadsPerSm = 0;
  int blocksPerSm = 0;
  int registersPerSm = 0;
  int sharedBytesPerSm = 0;
  int sharedBytesReserved = 0; ///< per block
  int memoryKilohertz = 0;
  int memoryBusBits = 0;
  uint64_t memoryBytes = 0;

  /// "sm_90a": what kernels are compiled for here.
  std::string arch() const;
  /// Does a binary for `other` ("sm_80", "sm_90a") run here?
  bool runs(std::string_view other) const;
};

/// The first GPU that the driver offers (CUDA_VISIBLE_DEVICES chooses), with
/// its primary context current.
class Gpu {
public:
  /// SIN3205.
  static Result<std::unique_ptr<Gpu>>
  open(std::shared_ptr<const DriverApi> api);
  ~Gpu();
  Gpu(const Gpu &) = delete;
  Gpu &operator=(const Gpu &) = delete;

  const DriverApi &api() const { return *driverApi; }
  const GpuFacts &facts() const { return theFacts; }
  driver::Context context() const { return primary; }

  /// SIN3207: the GPU lacks something that the plan requires; SIN3206: its free
  /// memory does not hold the plan.
  Status admit(const format::Requires &requirements,
               const std::string &target) const;
  /// Bytes of device memory that are free now. SIN3205.
  Result<uint64_t> freeBytes() const;

private:
  explicit Gpu(std::shared_ptr<const DriverApi> api)
      : driverApi(std::move(api)) {}
  Status readFacts();

  std::shared_ptr<const DriverApi> driverApi;
  driver::DeviceNumber number = 0;
  driver::Context primary = nullptr;
  GpuFacts theFacts;
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_GPU_H
