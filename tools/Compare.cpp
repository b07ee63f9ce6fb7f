//===- Compare.cpp - Results of a kernel and of the reference -------------===//

#include "tools/Compare.h"

#include "models/golden/Golden.h"

#include <algorithm>
#include <cmath>

namespace sinter {

static std::optional<Difference> compareIds(const HostTensor &reference,
                                            const HostTensor &found,
                                            const Tolerance &tolerance,
                                            Agreement &agreement) {
  auto wanted = reference.data<int32_t>();
  auto got = found.data<int32_t>();
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == got[i]) {
      continue;
    }
    ++agreement.differing;
    if (!tolerance.mayBe(i, got[i])) {
      return Difference{i, static_cast<double>(wanted[i]),
                        static_cast<double>(got[i]), 0};
    }
  }
  return std::nullopt;
}

std::optional<Difference> compareResult(const HostTensor &reference,
                                        const HostTensor &found,
                                        const Tolerance &tolerance,
                                        Agreement &agreement) {
  ++agreement.results;
  agreement.elements += static_cast<uint64_t>(reference.count());
  if (std::ranges::equal(reference.bytes(), found.bytes())) {
    return std::nullopt;
  }
  if (reference.dtype() == DType::I32) {
    return compareIds(reference, found, tolerance, agreement);
  }
  std::vector<float> wanted = reference.toFloats();
  std::vector<float> got = found.toFloats();
  std::optional<Difference> first;
  for (size_t i = 0; i < wanted.size(); ++i) {
    // Zeros of either sign are equal; NaN equals nothing.
    if (wanted[i] == got[i]) {
      continue;
    }
    ++agreement.differing;
    double distance = std::abs(double{wanted[i]} - got[i]);
    double ulps = distance / bf16Ulp(wanted[i]);
    if (distance <= tolerance.bound(i)) {
      agreement.largestUlps = std::max(agreement.largestUlps, ulps);
    } else if (!first) {
      first = Difference{i, wanted[i], got[i], ulps};
    }
  }
  return first;
}

} // namespace sinter
