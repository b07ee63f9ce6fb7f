//===- Device.h - What a session needs of a device --------------*- C++ -*-===//
//
// Memory, kernels, launches, counters. Two devices stand behind this interface:
// `host` (runtime/host) runs the printed kernels on the CPU, `cuda` on a GPU.
// Calls come from one thread. Launches run in the order given.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_DEVICE_H
#define SINTER_RUNTIME_DEVICE_H

#include "runtime/format/Plan.h"
#include "runtime/format/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter {

/// An allocation; valid as long as the device.
struct BufferId {
  uint32_t index = UINT32_MAX;
};

/// A loaded kernel; valid as long as the device.
struct KernelId {
  uint32_t index = UINT32_MAX;
};

/// A prepared list of steps; valid as long as the device.
struct ProgramId {
  uint32_t index = UINT32_MAX;
};

/// A read that was started; valid until it is finished.
struct ReadId {
  uint32_t index = UINT32_MAX;
};

/// A kernel built beforehand for one architecture ("sm_90a").
struct KernelBinary {
  std::string arch;
  std::string bytes;
};

/// What a device compiles: a printed text with one kernel, and its parameters
/// in order. A device may take one of `binaries` instead.
struct KernelSource {
  std::string symbol;
  std::string text;
  std::vector<format::Param> params;
  std::vector<KernelBinary> binaries;
};

/// One argument of a launch: `count` elements at byte `offset` of a buffer.
/// The parameter's dtype gives the element's size; offset is a multiple of it.
struct Argument {
  BufferId buffer;
  uint64_t offset = 0;
  uint64_t count = 0;
};

/// Blocks and threads, as in the plan. The third dimension of the grid and the
/// last two of the block are 1.
struct LaunchShape {
  uint32_t gridX = 1;
  uint32_t gridY = 1;
  uint32_t blockSize = 32;
  uint64_t sharedBytes = 0; ///< dynamic shared memory per block
  bool cooperative = false; ///< all blocks resident at once
};

/// How the steps of a program reach the device; results are equal.
using format::LaunchMode;

/// A launch, a copy of arguments[0] to arguments[1], or a product of the
/// vendor's library on arguments x, W, (bias,) y.
struct ProgramStep {
  enum class Kind : uint8_t { Launch, Copy, Gemm };
  Kind kind = Kind::Launch;
  KernelId kernel;   ///< Launch
  LaunchShape shape; ///< Launch
  std::vector<Argument> arguments;
  uint64_t copyBytes = 0; ///< Copy
  format::Gemm gemm;      ///< Gemm
  /// Gemm: memory that the library may write.
  std::optional<Argument> workspace;
  /// Launch after a launch: in mode Pdl it may start before that one has
  /// ended; its kernel waits for producers itself.
  bool programmatic = false;
};

/// What a kernel has done since it was loaded or since resetCounters(). Bytes
/// come from the accesses of the running kernel, never from a plan; a device
/// that does not count leaves `params` empty.
struct KernelCounters {
  uint64_t launches = 0;
  std::vector<format::ParamTraffic> params;
};

class Device {
public:
  virtual ~Device() = default;

  /// "host", "host unchecked", "cuda: NVIDIA H200".
  virtual std::string name() const = 0;
  /// The name with what belongs to a measurement: driver, clocks now.
  virtual std::string describe() const { return name(); }
  /// Can the device run a plan with these requirements now? Nothing is
  /// allocated. `target` is the device that the plan was made for.
  virtual Status admit(const format::Requires & /*requirements*/,
                       const std::string & /*target*/) {
    return Status::success();
  }
  /// Do its programs run in this mode? SIN2807: mode Pdl before compute
  /// capability 9.0.
  virtual Status admitMode(format::LaunchMode /*mode*/) const {
    return Status::success();
  }
  /// The architecture ("sm_90a") whose binaries loadKernels takes; empty: none.
  virtual std::string binaryArch() const { return {}; }
  /// True if launches fill KernelCounters::params.
  virtual bool countsTraffic() const = 0;

  /// Memory aligned to 256 bytes. Its contents are undefined, and the host
  /// device reports a read of what nobody wrote. `label` names it in errors.
  virtual Result<BufferId> allocate(uint64_t bytes, std::string label) = 0;

  /// Writable memory for `bytes` at `offset`, to be filled by the caller and
  /// handed over with commit(): weights are read straight into it. At most one
  /// range is staged at a time.
  virtual Result<std::span<std::byte>> stage(BufferId buffer, uint64_t offset,
                                             uint64_t bytes) = 0;
  virtual Status commit() = 0;

  virtual Status upload(BufferId buffer, uint64_t offset,
                        std::span<const std::byte> bytes) = 0;
  /// Waits for the launches before it.
  virtual Status download(BufferId buffer, uint64_t offset,
                          std::span<std::byte> bytes) = 0;
  /// Starts reading a range as everything given so far leaves it. What is given
  /// later runs beside it and must not write the range before finishRead().
  virtual Result<ReadId> startRead(BufferId buffer, uint64_t offset,
                                   uint64_t bytes);
  /// Waits for the read; `into` has its size, or is empty and forgets it.
  virtual Status finishRead(ReadId read, std::span<std::byte> into);
  /// Between two ranges that do not overlap.
  virtual Status copy(BufferId from, uint64_t fromOffset, BufferId to,
                      uint64_t toOffset, uint64_t bytes) = 0;
  /// Sets bytes to zero (workspaces, counters).
  virtual Status zero(BufferId buffer, uint64_t offset, uint64_t bytes) = 0;

  /// Compiles, or takes from the kernel cache. All kernels in one call, so
  /// that they compile side by side. Fails with the first error in order.
  virtual Result<std::vector<KernelId>>
  loadKernels(std::span<const KernelSource> sources) = 0;

  /// Arguments bind to the kernel's parameters in order; each must have the
  /// parameter's element count.
  virtual Status launch(KernelId kernel, const LaunchShape &shape,
                        std::span<const Argument> arguments) = 0;
  /// Can gemm() compute this product? Asked before anything is allocated.
  /// SIN2518, which is the answer of a device without such a library.
  virtual Status admitGemm(const format::Gemm &problem) const;
  /// y [m, n] = x [m, k] W [n, k]^T (+ bias [n]): bf16, sums in fp32, rounded
  /// once. `arguments` are x, W, (bias,) y; `workspace` may be null.
  virtual Status gemm(const format::Gemm &problem,
                      std::span<const Argument> arguments,
                      const Argument *workspace);
  /// Waits until everything given so far is done.
  virtual Status synchronize() = 0;

  /// One step alone: launch(), copy() or gemm().
  Status runStep(const ProgramStep &step);

  /// Makes `steps` ready to run as a whole: run() then allocates nothing. The
  /// device's own implementation takes the steps one by one, in any mode.
  virtual Result<ProgramId> prepareProgram(std::span<const ProgramStep> steps,
                                           LaunchMode mode);
  /// Starts the steps in order, after everything given before; need not wait.
  virtual Status run(ProgramId program);
  /// Runs the program samples * runs times; per sample the mean microseconds
  /// of one run, on the device's own clock where it has one.
  virtual Result<std::vector<double>>
  timeProgram(ProgramId program, uint32_t samples, uint32_t runs);

  virtual KernelCounters counters(KernelId kernel) const = 0;
  /// Of all products together: bytes of x, W, bias, y, each once per product.
  virtual KernelCounters gemmCounters() const { return {}; }
  virtual void resetCounters() = 0;

private:
  std::vector<std::vector<ProgramStep>> programs;
  std::vector<std::vector<std::byte>> reads; ///< empty: free
};

} // namespace sinter

#endif // SINTER_RUNTIME_DEVICE_H
