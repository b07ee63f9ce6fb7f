//===- HostDevice.h - Printed kernels on the CPU ----------------*- C++ -*-===//
//
// Checked: one thread, every access verified and counted, the order of blocks
// and threads shuffled by seed. Unchecked: all processors, nothing verified but
// divergent barriers and collectives (which would hang).
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_HOST_HOSTDEVICE_H
#define SINTER_RUNTIME_HOST_HOSTDEVICE_H

#include "runtime/Device.h"
#include "runtime/host/Checker.h"
#include "runtime/host/HostKernel.h"
#include "runtime/host/WorkerPool.h"

#include <memory>
#include <string>
#include <vector>

namespace sinter::host {

struct HostOptions {
  bool checked = true;
  /// Of the schedule in checked mode; 0 runs blocks and threads in order.
  uint64_t seed = 1;
  /// Of unchecked launches and of compilation; 0: one per processor, at most
  /// 16.
  unsigned threads = 0;
  /// Blocks that the planned-for GPU can hold at once; a cooperative launch of
  /// more is refused. 0: no limit.
  uint64_t residentBlocks = 0;
  std::string cacheDirectory; ///< empty: KernelCache::defaultDirectory()
  Progress progress;          ///< of loadKernels
};

class HostDevice final : public Device {
public:
  /// SIN3104, SIN3002: the cache directory; SIN3105: no memory for stacks.
  static Result<std::unique_ptr<HostDevice>> create(HostOptions options);

  std::string name() const override;
  bool countsTraffic() const override { return options.checked; }
  Result<BufferId> allocate(uint64_t bytes, std::string label) override;
  Result<std::span<std::byte>> stage(BufferId buffer, uint64_t offset,
                                     uint64_t bytes) override;
  Status commit() override;
  Status upload(BufferId buffer, uint64_t offset,
                std::span<const std::byte> bytes) override;
  Status download(BufferId buffer, uint64_t offset,
                  std::span<std::byte> bytes) override;
  Status copy(BufferId from, uint64_t fromOffset, BufferId to,
              uint64_t toOffset, uint64_t bytes) override;
  Status zero(BufferId buffer, uint64_t offset, uint64_t bytes) override;
  Result<std::vector<KernelId>>
  loadKernels(std::span<const KernelSource> sources) override;
  Status launch(KernelId kernel, const LaunchShape &shape,
                std::span<const Argument> arguments) override;
  Status admitGemm(const format::Gemm & /*problem*/) const override {
    return Status::success();
  }
  /// SIN4009: arguments that do not fit; SIN4006: an operand that nobody wrote.
  Status gemm(const format::Gemm &problem, std::span<const Argument> arguments,
              const Argument *workspace) override;
  /// In mode Pdl, checked launches are watched as if those with a programmatic
  /// edge started before the ones before them had ended.
  Result<ProgramId> prepareProgram(std::span<const ProgramStep> steps,
                                   LaunchMode mode) override;
  Status run(ProgramId program) override;
  Status synchronize() override { return Status::success(); }
  KernelCounters counters(KernelId kernel) const override;
  KernelCounters gemmCounters() const override { return products; }
  void resetCounters() override;

private:
  explicit HostDevice(HostOptions options) : options(std::move(options)) {}
  Status checkRange(BufferId buffer, uint64_t offset, uint64_t bytes) const;
  Status checkShape(const HostKernel &kernel, const LaunchShape &shape) const;
  Status bind(const HostKernel &kernel, std::span<const Argument> arguments,
              bool startsEarly);
  Status runChecked(HostKernel &kernel, const LaunchContext &context);

  HostOptions options;
  std::unique_ptr<KernelCache> cache;
  std::unique_ptr<WorkerPool> pool; ///< unchecked
  Checker checker;
  std::unique_ptr<BlockRunner> runner; ///< checked
  std::vector<std::unique_ptr<Allocation>> allocations;
  std::vector<HostKernel> kernels;
  std::vector<SinterBuffer> buffers; ///< of the launch that runs
  uint64_t launchCount = 0;
  std::vector<std::vector<ProgramStep>> programs;
  bool early = false;      ///< the next launch, in a program
  KernelCounters products; ///< of gemm(); bytes in checked mode
  BufferId staged;
  uint64_t stagedOffset = 0;
  uint64_t stagedBytes = 0;
};

} // namespace sinter::host

#endif // SINTER_RUNTIME_HOST_HOSTDEVICE_H
