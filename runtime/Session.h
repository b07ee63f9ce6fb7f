//===- Session.h - A plan on a device ---------------------------*- C++ -*-===//
//
// Three stages: loadPlan (PlanFiles.h) reads and judges, prepare() allocates
// everything and loads weights and kernels, run() only launches. Of a paged
// cache prepare() gives each sequence its pages one after the other, from the
// first again where the pool ends; Sequences (Sequences.h) gives them out anew.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_SESSION_H
#define SINTER_RUNTIME_SESSION_H

#include "runtime/Device.h"
#include "runtime/format/PlanFiles.h"
#include "runtime/format/WeightSource.h"

#include <functional>
#include <memory>
#include <unordered_map>

namespace sinter {

/// Called while weights are loaded, with true totals.
using LoadProgress = std::function<void(uint64_t bytesDone, uint64_t bytes)>;

/// Called after each step of a run; an error ends the run with it.
using StepHook = std::function<Status(size_t index, const format::Step &step)>;

/// What of an entry a program holds.
struct ProgramExtent {
  /// Times the steps follow each other. Each time begins behind a full edge:
  /// kernels read before their wait what only the advance step writes.
  uint32_t repeats = 1;
  bool advancing = false;     ///< the advance step behind each, if there is one
  size_t launches = SIZE_MAX; ///< of all this as many, from the first
  /// That an entry of one sequence works on, of those of the caches.
  uint32_t sequence = 0;
};

class Session {
public:
  /// `artifact` must have passed validatePlan (loadPlan and writePlan see to
  /// it). Reads every weight once, straight into the device's memory. `device`
  /// must outlive the session. SIN2517, SIN2518, and what the device and the
  /// weights report.
  static Result<std::unique_ptr<Session>>
  prepare(const PlanArtifact &artifact, const WeightSource &weights,
          Device &device, const LoadProgress &progress = {});

  const format::Plan &plan() const { return thePlan; }
  Device &device() const { return *theDevice; }

  /// Position in plan().entries. SIN2520: no such entry.
  Result<size_t> findEntry(std::string_view name) const;

  /// The entry for a step at `position`: of those that do the same as `entry`
  /// (workload but for the context, inputs, outputs) the one made for the
  /// fewest positions that still cover it, else for the most. Steps may
  /// alternate between them.
  size_t entryFor(size_t entry, uint32_t position) const;

  /// Starts the steps of plan().entries[entry] in order, without allocating.
  /// With a hook they are given one by one. Errors are those of the device and
  /// of `hook`.
  Status run(size_t entry, const StepHook &hook = {});

  /// Readies a text that the device continues itself: no steps counted, no
  /// sequence stopped, `ends` the ids that stop one (the rest is filled up with
  /// -1). SIN2520: the entry has no advance step, or it compares with fewer
  /// ids.
  Status beginAdvance(size_t entry, std::span<const int32_t> ends);
  /// Starts the entry's advance step, which feeds the token back on the device.
  /// SIN2520: the entry has none.
  Status advance(size_t entry);

  /// The steps of plan().entries[entry] as a program of its own. In mode Pdl
  /// launches are programmatic where the plan says so; in a plan of another
  /// mode, every launch after a launch.
  Result<ProgramId> prepareProgram(size_t entry, LaunchMode mode,
                                   const ProgramExtent &extent = {});

  /// Writes or reads the whole value called `name`; `bytes` has its size. What
  /// an activation holds is defined only between the step that writes it and
  /// the last one that reads it. SIN2520: no such value, or another size.
  Status write(std::string_view name, std::span<const std::byte> bytes);
  Status read(std::string_view name, std::span<std::byte> bytes);
  /// Device::startRead of elements first .. first + count of a value. SIN2520:
  /// it does not have them.
  Result<ReadId> startRead(std::string_view name, uint64_t first,
                           uint64_t count);

  /// Copies `count` elements within a cache; the ranges do not overlap.
  /// SIN2520: no such value, or it does not have them.
  Status copyWithin(std::string_view name, uint64_t from, uint64_t to,
                    uint64_t count);

  /// What the kernel called `symbol` has done since prepare() or
  /// device().resetCounters(). SIN2520: no such kernel.
  Result<KernelCounters> counters(std::string_view symbol) const;

private:
  struct Placed {
    BufferId buffer;
    uint64_t offset = 0;
    uint64_t count = 0;
    uint64_t bytes = 0;
    uint64_t sequences = 1; ///< of a cache
  };

  Session(format::Plan plan, Device &device)
      : thePlan(std::move(plan)), theDevice(&device) {}
  Status checkSteps() const;
  Status placeValues();
  Status writePages();
  Status loadWeights(const WeightSource &weights, const LoadProgress &progress);
  Status loadKernels(const PlanArtifact &artifact);
  Status checkAdvance(size_t entry) const;
  Argument argumentOf(const std::string &name, const format::Entry &entry,
                      uint32_t sequence) const;
  ProgramStep prepareStep(const format::Entry &entry, const format::Step &step,
                          uint32_t sequence = 0) const;
  void prepareSteps();
  Result<Placed> findValue(std::string_view name, uint64_t bytes) const;

  format::Plan thePlan;
  Device *theDevice;
  std::unordered_map<std::string_view, Placed> operands; ///< values, weights
  std::unordered_map<std::string_view, uint32_t> kernelNumbers;
  std::vector<KernelId> kernels;               ///< parallel to plan().kernels
  std::vector<std::vector<ProgramStep>> steps; ///< per entry
  std::vector<std::optional<ProgramStep>> advances; ///< per entry
  std::vector<ProgramId> programs;                  ///< per entry
};

} // namespace sinter

#endif // SINTER_RUNTIME_SESSION_H
