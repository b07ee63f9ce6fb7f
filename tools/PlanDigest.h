//===- PlanDigest.h - What a measurement belongs to --------------*- C++
//-*-===//

#ifndef SINTER_TOOLS_PLANDIGEST_H
#define SINTER_TOOLS_PLANDIGEST_H

#include "runtime/format/Plan.h"

#include <string>

namespace sinter {

/// SHA-256 of all that decides what a step of the plan does on a device:
/// weights, buffers, kernels, steps. Versions, prices, evidence and binaries do
/// not enter.
std::string programDigest(const format::Plan &plan);

} // namespace sinter

#endif // SINTER_TOOLS_PLANDIGEST_H
