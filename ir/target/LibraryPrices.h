//===- LibraryPrices.h - Products whose algorithm is known ------*- C++ -*-===//

#ifndef SINTER_IR_TARGET_LIBRARYPRICES_H
#define SINTER_IR_TARGET_LIBRARYPRICES_H

#include "ir/target/DeviceSpec.h"

namespace sinter {

/// The price of exactly this product without a bias that names its best
/// algorithm; null: the device file has none. A plan then pins the algorithm
/// and is priced with it.
inline const LibraryPrice *pinnedPrice(const DeviceSpec &device, uint64_t m,
                                       uint64_t n, uint64_t k, bool bias) {
  for (const LibraryPrice &price : device.library) {
    if (!bias && price.m == m && price.n == n && price.k == k &&
        !price.algorithm.empty()) {
      return &price;
    }
  }
  return nullptr;
}

} // namespace sinter

#endif // SINTER_IR_TARGET_LIBRARYPRICES_H
