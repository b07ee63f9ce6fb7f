//===- Compare.h - Results of a kernel and of the reference -----*- C++ -*-===//

#ifndef SINTER_TOOLS_COMPARE_H
#define SINTER_TOOLS_COMPARE_H

#include "models/interpreter/HostTensor.h"

#include <functional>
#include <optional>

namespace sinter {

/// An element outside the tolerance.
struct Difference {
  size_t element = 0;
  double wanted = 0;
  double found = 0;
  double ulps = 0; ///< distance, in ulps of bf16; of ids 0
};

/// What all comparisons of one class of op gave.
struct Agreement {
  uint64_t results = 0; ///< tensors compared
  uint64_t elements = 0;
  uint64_t differing = 0; ///< not equal, tolerated or not
  double largestUlps = 0; ///< among the tolerated
};

/// Whether a result of the kernel may stand for the reference's.
struct Tolerance {
  /// Largest absolute distance at an element.
  std::function<double(size_t element)> bound;
  /// For ids: whether an id may stand for another one.
  std::function<bool(size_t element, int32_t found)> mayBe;
};

/// Compares with the reference of equal type and shape; the first element
/// outside the tolerance, if there is one. Bounds are asked for only where the
/// two differ.
std::optional<Difference> compareResult(const HostTensor &reference,
                                        const HostTensor &found,
                                        const Tolerance &tolerance,
                                        Agreement &agreement);

} // namespace sinter

#endif // SINTER_TOOLS_COMPARE_H
