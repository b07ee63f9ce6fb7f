//===- BenchCells.h - What the tables of sinter bench share -----*- C++ -*-===//

#ifndef SINTER_TOOLS_BENCHCELLS_H
#define SINTER_TOOLS_BENCHCELLS_H

#include "ir/target/DeviceSpec.h"
#include "runtime/format/Plan.h"
#include "tools/Table.h"

#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// Of a word of --modes; the command line takes no other.
format::LaunchMode launchModeOf(const std::string &text);

/// The nearest whole number; not negative.
uint64_t rounded(double value);

/// GB/s that the device file has measured; 0: none.
uint64_t measuredStreamRate(const DeviceSpec &device);

/// GFLOP/s of matrix products that the device file has measured, of the library
/// or of the tensor cores; 0: none.
uint64_t measuredMatrixRate(const DeviceSpec &device);

/// `rate` by a `measured` one of the same unit; empty where none was measured.
Cell shareOfRate(double rate, uint64_t measured);

/// Predicted, and measured by predicted, of nanoseconds and picoseconds; both
/// empty without a prediction.
void addPrediction(std::vector<Cell> &row, double measured,
                   std::optional<uint64_t> picoseconds);

} // namespace sinter

#endif // SINTER_TOOLS_BENCHCELLS_H
