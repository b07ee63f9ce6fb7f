//===- DeviceFile.h - Measured constants as a device file -------*- C++ -*-===//

#ifndef SINTER_TOOLS_CALIBRATE_DEVICEFILE_H
#define SINTER_TOOLS_CALIBRATE_DEVICEFILE_H

#include "ir/target/DeviceSpec.h"
#include "runtime/cuda/Gpu.h"
#include "tools/Table.h"
#include "tools/calibrate/Measure.h"

#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// What became of a number.
enum class FigureState : uint8_t {
  Measured, ///< here, or derived from what was
  Driver,   ///< as the driver says
  Kept,     ///< of the file that is replaced; nothing here measures it
  Refused,  ///< measured, but no GPU has that; the other file's is kept
  Missing,  ///< refused, and there is no other
};

/// "measured", "driver", "kept", "refused", "missing".
std::string_view stateName(FigureState state);

/// A key of the two files.
struct FigureChange {
  std::string key;
  std::string unit;
  std::optional<uint64_t> before;
  std::optional<uint64_t> now;
  std::string spread; ///< "150 to 171", 10th to 90th percentile; or empty
  FigureState state = FigureState::Kept;
  std::string source; ///< of what stands there now; why it was refused
};

struct CalibratedDevice {
  DeviceSpec spec;
  std::vector<FigureChange> changes;
};

/// What was found on a GPU.
struct CalibrationFindings {
  cuda::GpuFacts facts;
  Measured measured;
  std::vector<LibraryPrice> prices;
  std::string where; ///< "2026-11-21, NVIDIA H200, driver 580.159.04, ..."
};

/// Measured numbers before those of the driver before those of `before`, which
/// may be null. Of another GPU than the one measured, its numbers become
/// priors. A measured number outside its range, or that contradicts another
/// one, does not count. SIN2804: no measured number is sane; else what
/// parseDeviceSpec finds in the result.
Result<CalibratedDevice> makeDeviceFile(const CalibrationFindings &findings,
                                        const DeviceSpec *before);

/// The changes with both numbers, their ratio and the state.
Table changeTable(const std::vector<FigureChange> &changes);

} // namespace sinter

#endif // SINTER_TOOLS_CALIBRATE_DEVICEFILE_H
