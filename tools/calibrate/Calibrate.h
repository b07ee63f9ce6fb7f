//===- Calibrate.h - A GPU into a device file -------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_CALIBRATE_CALIBRATE_H
#define SINTER_TOOLS_CALIBRATE_CALIBRATE_H

#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/Nvml.h"
#include "tools/Options.h"
#include "tools/calibrate/DeviceFile.h"

#include <functional>
#include <optional>
#include <string>

namespace sinter {

struct CalibrationRequest {
  CalibrationSizes sizes;
  std::vector<LibraryShape> shapes; ///< that the library is priced for
  std::string binaries;             ///< folder of KernelKit; empty: NVRTC
  std::string date;                 ///< "2026-11-21"
  /// Clocks and driver now; nothing where NVML does not say.
  std::function<std::optional<cuda::GpuState>()> state;
  std::function<void(const std::string &)> note; ///< what takes its time
};

struct Calibration {
  CalibrationFindings findings;
  CalibratedDevice made;
  /// Of the first part that could not be measured; its numbers are kept.
  std::optional<Error> failure;
};

/// What is measured on such a GPU: as much cold memory as it has to spare.
CalibrationSizes sizesFor(const cuda::GpuFacts &facts);

/// Measures, and makes the device file. `before` may be null. A part that fails
/// leaves its numbers as they were; the others are measured. Errors: SIN3206
/// too little free memory; SIN3001 a binary that is missing; those of the
/// device, of makeDeviceFile.
Result<Calibration> calibrate(cuda::CudaDevice &device,
                              const CalibrationRequest &request,
                              const DeviceSpec *before);

} // namespace sinter

#endif // SINTER_TOOLS_CALIBRATE_CALIBRATE_H
