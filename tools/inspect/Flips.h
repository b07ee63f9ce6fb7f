//===- Flips.h - Which change of the device flips a choice ------*- C++ -*-===//

#ifndef SINTER_TOOLS_INSPECT_FLIPS_H
#define SINTER_TOOLS_INSPECT_FLIPS_H

#include "tools/inspect/DeviceKeys.h"
#include "tools/inspect/PlannedEntry.h"

#include <string>
#include <vector>

namespace sinter {

/// Changing `key` from `now` to `then` changes how an op runs; the value before
/// `then` on the way from `now` does not.
struct Flip {
  DeviceKey key;
  uint64_t now = 0;
  uint64_t then = 0;
  std::string runs; ///< how the op runs then (runsText)
};

/// How an op runs, for comparison: the ops of its phase and the choice.
std::string choiceOf(const planning::EntryPlan &plan, uint32_t op);

/// The device's numbers (deviceKeys), each changed alone by up to a factor of
/// 64 and within what a device file may say: those that flip the choice of
/// `op`, nearest first. Every flip was planned on `entry`, the step itself.
/// `small`, the same model with few layers and the same op, is where values are
/// searched.
std::vector<Flip> findFlips(const PreparedEntry &entry, uint32_t op,
                            const PreparedEntry &small, uint32_t smallOp,
                            const DeviceSpec &device,
                            const planning::PlanningOptions &options);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_FLIPS_H
