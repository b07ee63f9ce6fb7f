//===- CudaDevice.h - Kernels on an NVIDIA GPU ------------------*- C++ -*-===//
//
// Everything is given to one stream. Programs in modes Graph and Pdl are
// graphs of explicit kernel nodes, built once; a run is one launch.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_CUDADEVICE_H
#define SINTER_RUNTIME_CUDA_CUDADEVICE_H

#include "runtime/Device.h"
#include "runtime/cuda/AsyncReads.h"
#include "runtime/cuda/Gpu.h"
#include "runtime/cuda/Kernels.h"
#include "runtime/cuda/Programs.h"
#include "runtime/cuda/Staging.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sinter::cuda {

struct CudaOptions {
  KernelCompiler compile = compileWithNvrtc();   ///< kernels without a binary
  CublasLtOpener library = openCublasLt;         ///< when a plan calls it
  std::function<void(const std::string &)> note; ///< what a person may miss
  std::function<void(uint64_t done, uint64_t total)> progress; ///< loadKernels
};

class CudaDevice final : public Device {
public:
  /// SIN3205; with openDriver() those of a machine without a GPU.
  static Result<std::unique_ptr<CudaDevice>>
  create(std::shared_ptr<const DriverApi> api, CudaOptions options);
  ~CudaDevice() override;

  const GpuFacts &facts() const { return gpu->facts(); }
  const DriverApi &api() const { return gpu->api(); }
  Result<uint64_t> freeBytes() const { return gpu->freeBytes(); }

  std::string name() const override { return "cuda: " + facts().name; }
  std::string binaryArch() const override { return facts().arch(); }
  bool countsTraffic() const override { return false; }
  std::string describe() const override;
  Status admit(const format::Requires &requirements,
               const std::string &target) override {
    return gpu->admit(requirements, target);
  }
  Status admitMode(LaunchMode mode) const override;
  Result<BufferId> allocate(uint64_t bytes, std::string label) override;
  Result<std::span<std::byte>> stage(BufferId buffer, uint64_t offset,
                                     uint64_t bytes) override;
  Status commit() override;
  Status upload(BufferId buffer, uint64_t offset,
                std::span<const std::byte> bytes) override;
  Status download(BufferId buffer, uint64_t offset,
                  std::span<std::byte> bytes) override;
  Result<ReadId> startRead(BufferId buffer, uint64_t offset,
                           uint64_t bytes) override;
  Status finishRead(ReadId read, std::span<std::byte> into) override {
    return reads->finish(read, into);
  }
  Status copy(BufferId from, uint64_t fromOffset, BufferId to,
              uint64_t toOffset, uint64_t bytes) override;
  Status zero(BufferId buffer, uint64_t offset, uint64_t bytes) override;
  Result<std::vector<KernelId>>
  loadKernels(std::span<const KernelSource> sources) override;
  Status launch(KernelId kernel, const LaunchShape &shape,
                std::span<const Argument> arguments) override;
  Status admitGemm(const format::Gemm &problem) const override;
  Status gemm(const format::Gemm &problem, std::span<const Argument> arguments,
              const Argument *workspace) override;
  /// As LibraryGemm::algorithms; opens the library at its first use.
  Result<std::vector<std::string>>
  gemmAlgorithms(const format::Gemm &problem, uint64_t workspaceBytes) const {
    SINTER_TRY(admitGemm(problem));
    return LibraryGemm::algorithms(library, problem, workspaceBytes);
  }
  /// Of the library, once it is open; else empty.
  std::string libraryVersion() const {
    return library ? library->versionText() : std::string();
  }
  Status synchronize() override;
  /// SIN2807 of admitMode.
  Result<ProgramId> prepareProgram(std::span<const ProgramStep> steps,
                                   LaunchMode mode) override;
  Status run(ProgramId program) override;
  Result<std::vector<double>> timeProgram(ProgramId program, uint32_t samples,
                                          uint32_t runs) override;
  KernelCounters counters(KernelId kernel) const override;
  void resetCounters() override;

private:
  struct Memory {
    OwnedMemory pointer;
    uint64_t bytes = 0;
    std::string label;
  };
  struct Program {
    std::vector<BoundStep> steps;
    OwnedGraphExec graph; ///< none in mode Stream
    uint64_t runs = 0;
  };
  CudaDevice(std::unique_ptr<Gpu> gpu, CudaOptions options)
      : options(std::move(options)), gpu(std::move(gpu)) {}
  /// The address of a range. SIN4009: it is not inside the buffer.
  Result<driver::Pointer> locate(BufferId buffer, uint64_t offset,
                                 uint64_t bytes) const;
  Result<BoundStep> bind(const ProgramStep &step);
  Status bindGemm(const ProgramStep &step, BoundStep &bound);
  Status bindLaunch(const ProgramStep &step, BoundStep &bound);

  CudaOptions options;
  // Released in the reverse order.
  std::unique_ptr<Gpu> gpu;
  OwnedStream stream;
  std::unique_ptr<Staging> staging;
  std::unique_ptr<AsyncReads> reads;
  mutable std::shared_ptr<const CublasLtApi> library; ///< once asked for
  std::set<std::string> algorithms; ///< of the library, said by now
  std::vector<Memory> memories;
  std::vector<LoadedKernel> kernels;
  std::vector<Program> programs;
  driver::Pointer staged = 0;
  uint64_t stagedBytes = 0;
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_CUDADEVICE_H
