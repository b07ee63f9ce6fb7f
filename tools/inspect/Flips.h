//===- Flips.h - Which change of the device flips a choice ------*- C++ -*-===//

#ifndef SINTER_TOOLS_INSPECT_FLIPS_H
#define SINTER_TOOLS_INSPECT_FLIPS_H

#include "tools/inspect/PlannedEntry.h"

#include <string>
#include <vector>

namespace sinter {

/// A number of a device file that decides.
struct DeviceKey {
  std::string key;  ///< "costs/edge_graph", "limits/shared_bytes_per_block"
  std::string unit; ///< "ns"
  DeviceNumber *(*find)(DeviceSpec &device); ///< null: the file lacks it
  uint64_t least = 1;
  uint64_t most = 1;
};

/// The numbers whose change may flip a choice: those of the cost model, the
/// shared memory of a block, the flag of programmatic launch.
const std::vector<DeviceKey> &deviceKeys();

/// Changing `key` from `now` to `then` changes how an op runs; the value before
/// `then` on the way from `now` does not.
struct Flip {
  const DeviceKey *key = nullptr;
  uint64_t now = 0;
  uint64_t then = 0;
  std::string runs; ///< how the op runs then (runsText)
};

/// How an op runs, for comparison: the ops of its phase and the choice.
std::string choiceOf(const planning::EntryPlan &plan, uint32_t op);

/// Numbers that `step` rests on, and limits, each changed alone by up to a
/// factor of 64: those that flip the choice of `op`, nearest first. Every flip
/// was planned on `entry`, the step itself. `small`, the same model with few
/// layers and the same op, is where values are searched.
std::vector<Flip> findFlips(const PreparedEntry &entry, uint32_t op,
                            const PreparedEntry &small, uint32_t smallOp,
                            const DeviceSpec &device,
                            const planning::PlanningOptions &options);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_FLIPS_H
