//===- BenchStep.h - Time of a decode step ----------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_BENCHSTEP_H
#define SINTER_TOOLS_BENCHSTEP_H

#include "runtime/Session.h"

#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// Of one step, in nanoseconds; percentiles by the nearest rank.
struct StepTimes {
  double median = 0;
  double p10 = 0;
  double p90 = 0;
  double p99 = 0;
  double variation = 0; ///< standard deviation by mean

  /// Of samples in microseconds of `repeats` steps each; not empty.
  static StepTimes of(std::vector<double> microseconds, uint32_t repeats);
};

struct BenchPoint {
  LaunchMode mode = LaunchMode::Stream;
  uint32_t context = 1; ///< the step is at position context - 1
  uint32_t warmup = 0;  ///< steps
  uint32_t samples = 1;
  uint32_t runs = 1;          ///< programs per sample
  uint32_t repeats = 1;       ///< steps per program
  size_t launches = SIZE_MAX; ///< of a program at most, from the first
};

/// The decode entry made for the smallest context that covers `context`, else
/// for the largest. SIN2707: none; SIN2703: `context` exceeds its cache.
Result<size_t> entryFor(const format::Plan &plan, uint32_t context);

/// An entry and the positions that its last token attends.
struct EntryAt {
  size_t entry = 0;
  uint32_t context = 0;
  bool operator==(const EntryAt &) const = default;
};

/// What to time: each entry at its own context or, where `contexts` are given,
/// at each of them the decode entry that covers it and the prefill and
/// verify entries whose chunk may end there. Errors: those of entryFor.
Result<std::vector<EntryAt>> entriesAt(const format::Plan &plan,
                                       const std::vector<uint32_t> &contexts);

/// Picoseconds of each step of an entry as the plan's decisions price it,
/// without the advance step; none: the plan was priced in another mode or at
/// another context.
std::optional<std::vector<uint64_t>> predictedSteps(const format::Plan &plan,
                                                    size_t entry,
                                                    LaunchMode mode,
                                                    uint32_t context);

/// Floating-point operations of a step, without the advance step.
uint64_t flopsOf(const format::Entry &entry);

/// Fills caches with zeros, ids with 1 and positions with those that end at
/// `context` - 1: what a step at that context reads. Of a prefill entry the
/// last row goes on. The advance step then moves nothing. SIN2520; those of the
/// device.
Status setStep(Session &session, const format::Entry &entry, uint32_t context);

/// Of what setStep left. Errors: those of the device.
Result<StepTimes> timeStep(Session &session, size_t entry,
                           const BenchPoint &point);

} // namespace sinter

#endif // SINTER_TOOLS_BENCHSTEP_H
