//===- ProbeBench.h - Buffers and chains of probes --------------*- C++ -*-===//

#ifndef SINTER_TOOLS_CALIBRATE_PROBEBENCH_H
#define SINTER_TOOLS_CALIBRATE_PROBEBENCH_H

#include "runtime/Device.h"
#include "tools/Statistics.h"
#include "tools/calibrate/Probes.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sinter {

/// How much is measured; tests take less.
struct CalibrationSizes {
  uint64_t arenaBytes = 1192ull << 20; ///< cold memory
  /// Of the phases in device memory, ascending; `fitFrom` on for the fits.
  std::vector<uint64_t> phaseBytes = {2ull << 20,  4ull << 20,  6ull << 20,
                                      8ull << 20,  12ull << 20, 16ull << 20,
                                      24ull << 20, 32ull << 20, 64ull << 20};
  uint64_t fitFrom = 4ull << 20;
  /// Of a chain that is read without and with an exchange, in turns.
  std::vector<uint64_t> exchangePhases = {8ull << 20, 2ull << 20, 4ull << 20,
                                          12ull << 20, 6ull << 20};
  uint32_t samples = 15;
  uint32_t nodes = 150;     ///< of graphs of empty kernels
  uint32_t exchanges = 140; ///< phases of the chain above
  uint32_t queuedLaunches = 200;
  int32_t spin = 4000000; ///< multiply-adds that outlast their launches
  int32_t hops = 2000;
  int32_t rounds = 200;
};

/// The probes on a device with what they read. Chains are timed as a whole.
class ProbeBench {
public:
  /// `sources` are probeSources of windowOf(sizes), perhaps with binaries.
  /// Errors: those of the device.
  static Result<std::unique_ptr<ProbeBench>>
  create(Device &device, const CalibrationSizes &sizes, uint32_t sms,
         std::span<const KernelSource> sources);

  /// The buffers that `sizes` stand for.
  static ProbeSizes buffersOf(const CalibrationSizes &sizes);

  const CalibrationSizes &sizes() const { return theSizes; }
  uint32_t sms() const { return multiprocessors; }
  Device &device() { return theDevice; }

  // Arguments.
  Argument window(uint64_t offset) const;
  Argument arena() const { return {arenaBuffer, 0, buffers.arenaBytes / 4}; }
  /// A buffer's range of `elements`, for the library.
  Argument arenaPart(uint64_t offset, uint64_t elements) const {
    return {arenaBuffer, offset, elements};
  }
  Argument chase() const { return {chaseBuffer, 0, buffers.chaseBytes / 4}; }
  Argument sink() const { return {sinkBuffer, 0, 1}; }
  Argument counter() const { return {sinkBuffer, 256, 1}; }
  Argument zero() const { return {sinkBuffer, 512, 1}; }
  Argument exchange(size_t which) const {
    return {exchangeBuffer, which % 2 * buffers.exchangeBytes,
            buffers.exchangeBytes / 4};
  }
  /// Where phase `which` of a chain leaves the cycles of its blocks.
  Argument cycles(size_t which) const {
    return {cyclesBuffer, which * 4 * buffers.timedBlocks, buffers.timedBlocks};
  }
  /// Per phase the cycles of its first `blocks[phase]` blocks, as the last run
  /// of the chain left them. Errors: those of the device.
  Result<std::vector<std::vector<double>>>
  readCycles(std::span<const uint32_t> blocks);
  /// A buffer with this number, made when it is first asked for.
  Result<Argument> number(int32_t value);

  ProgramStep launch(const std::string &symbol, const LaunchShape &shape,
                     std::vector<Argument> arguments, bool programmatic) const;

  /// Of one run of the steps, microseconds per sample. Errors: those of the
  /// device.
  Result<std::vector<double>> time(std::span<const ProgramStep> steps,
                                   LaunchMode mode, uint32_t runs = 2);

private:
  ProbeBench(Device &device, const CalibrationSizes &sizes, uint32_t sms)
      : theDevice(device), theSizes(sizes), multiprocessors(sms) {}
  Status fill();

  Device &theDevice;
  CalibrationSizes theSizes;
  uint32_t multiprocessors;
  ProbeSizes buffers;
  BufferId arenaBuffer, chaseBuffer, sinkBuffer, exchangeBuffer, cyclesBuffer,
      numberBuffer;
  std::map<std::string, KernelId> kernels;
  std::vector<int32_t> numbers;
};

} // namespace sinter

#endif // SINTER_TOOLS_CALIBRATE_PROBEBENCH_H
