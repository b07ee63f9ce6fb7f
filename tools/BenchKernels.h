//===- BenchKernels.h - Time of each kernel inside a step -------*- C++ -*-===//

#ifndef SINTER_TOOLS_BENCHKERNELS_H
#define SINTER_TOOLS_BENCHKERNELS_H

#include "tools/BenchStep.h"

#include <span>

namespace sinter {

/// All launches of a kernel in a step, or of the library for one problem.
struct KernelTime {
  std::string kernel; ///< symbol, or "library 1x4096x1024"
  uint64_t launches = 0;
  uint64_t bytes = 0; ///< loaded and stored; 0: not known
  double nanoseconds = 0;
  std::optional<uint64_t> predicted; ///< picoseconds
};

/// `ends`: nanoseconds at which each step of the entry has ended, then its
/// advance step if it has one. A kernel's time is its end less that of the one
/// before, so the times add up to the last end however launches overlap.
/// In the order of first launches.
std::vector<KernelTime>
timesByKernel(const format::Plan &plan, size_t entry,
              std::span<const double> ends,
              const std::optional<std::vector<uint64_t>> &predicted);

/// Measured with programs of the first step, the first two, and so on: each
/// ends where the next goes on, with the edges of the whole, so nothing is
/// added to a kernel. Of what setStep left, one step per program. Errors: those
/// of the device.
Result<std::vector<KernelTime>> timeKernels(Session &session, size_t entry,
                                            const BenchPoint &point);

} // namespace sinter

#endif // SINTER_TOOLS_BENCHKERNELS_H
