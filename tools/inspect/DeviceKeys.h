//===- DeviceKeys.h - Numbers of a device file that decide ------*- C++ -*-===//

#ifndef SINTER_TOOLS_INSPECT_DEVICEKEYS_H
#define SINTER_TOOLS_INSPECT_DEVICEKEYS_H

#include "ir/target/DeviceSpec.h"

#include <mlir/IR/Operation.h>

#include <functional>
#include <string>
#include <vector>

namespace sinter {

/// A number that a device file has.
struct DeviceKey {
  /// "costs/edge_graph", "limits/l2_bytes",
  /// "library/ps and best_ps of m = 1, n = 8, k = 8"
  std::string key;
  std::string unit; ///< "ns"
  /// What a file may say that is otherwise as this one: parseDeviceSpec accepts
  /// every value from `least` to `most`.
  uint64_t least = 0;
  uint64_t most = 0;
  std::function<uint64_t(const DeviceSpec &)> get;
  std::function<void(DeviceSpec &, uint64_t)> set;
};

/// The numbers of `device` whose change may flip how `op` runs: the constants
/// of the cost model, limits, the flag of programmatic launch, and the listed
/// price of the library where `op` is a linear layer that has one.
std::vector<DeviceKey> deviceKeys(const DeviceSpec &device,
                                  mlir::Operation *op);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_DEVICEKEYS_H
