//===- SharedWeights.h - Weights that lie in packed ones --------*- C++ -*-===//

#ifndef SINTER_RUNTIME_FORMAT_SHAREDWEIGHTS_H
#define SINTER_RUNTIME_FORMAT_SHAREDWEIGHTS_H

#include "runtime/format/Plan.h"

#include <optional>
#include <vector>

namespace sinter {

/// Where a weight lies that has no memory of its own.
struct WeightPlace {
  size_t holder = 0;   ///< position in Plan::weights of a packed one
  uint64_t offset = 0; ///< bytes, a multiple of 16
};

/// Parallel to plan.weights; none: memory of its own. A weight as stored lies
/// in the first weight with layout concat that has it as a part of equal type
/// and shape, if that part begins at a multiple of 16 bytes.
std::vector<std::optional<WeightPlace>> sharedWeights(const format::Plan &plan);

/// Bytes of all weights, shared ones once. None: they do not fit 64 bits.
std::optional<uint64_t> weightBytes(const format::Plan &plan);

} // namespace sinter

#endif // SINTER_RUNTIME_FORMAT_SHAREDWEIGHTS_H
