//===- MeasureLibrary.h - Prices of the vendor's products -------*- C++ -*-===//

#ifndef SINTER_TOOLS_CALIBRATE_MEASURELIBRARY_H
#define SINTER_TOOLS_CALIBRATE_MEASURELIBRARY_H

#include "ir/target/DeviceSpec.h"
#include "runtime/cuda/CudaDevice.h"
#include "tools/Options.h"
#include "tools/calibrate/ProbeBench.h"

#include <string>
#include <vector>

namespace sinter {

/// Algorithms of the library that are tried for a shape.
inline constexpr size_t triedAlgorithms = 8;

/// A price per shape, in the order of a device file: as a link of a chain in a
/// graph with plain edges, W cold, with the library's own pick and with the
/// best of the first eight that it offers. `bench` is on `device`; origins lack
/// date and GPU. SIN3206: no room for a shape; else those of the device.
Result<std::vector<LibraryPrice>> priceLibrary(ProbeBench &bench,
                                               cuda::CudaDevice &device,
                                               std::vector<LibraryShape> shapes,
                                               uint64_t l2Bytes);

/// library_overhead: least of price less stream time at m = 1;
/// library_tensor_rate: the highest rate seen. Those that the measured prices
/// tell are set and returned.
std::vector<CostConstant> deriveLibraryCosts(DeviceSpec &device);

} // namespace sinter

#endif // SINTER_TOOLS_CALIBRATE_MEASURELIBRARY_H
