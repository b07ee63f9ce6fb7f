//===- Tensors.cpp - Which tensors Sinter computes with -------------------===//

#include "ir/interfaces/Tensors.h"

#include <limits>

using namespace mlir;

bool sinter::isSinterTensor(Type type) {
  auto tensor = dyn_cast_if_present<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding()) {
    return false;
  }
  Type element = tensor.getElementType();
  if (!element.isBF16() && !element.isF32() && !element.isSignlessInteger(32) &&
      !element.isSignlessInteger(64)) {
    return false;
  }
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  for (int64_t extent : tensor.getShape()) {
    if (extent < 1 || extent > std::numeric_limits<int32_t>::max() ||
        bytes > (int64_t(1) << 62) / extent) {
      return false;
    }
    bytes *= extent;
  }
  return true;
}

bool sinter::isFloatTensor(Type type) {
  return isSinterTensor(type) &&
         isa<FloatType>(cast<RankedTensorType>(type).getElementType());
}

bool sinter::isIntegerVector(Type type, unsigned bits, int64_t extent) {
  if (!isSinterTensor(type)) {
    return false;
  }
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getElementType().isSignlessInteger(bits) &&
         tensor.getRank() == 1 &&
         (extent == 0 || tensor.getDimSize(0) == extent);
}

bool sinter::isPageTable(Type type) {
  if (!isSinterTensor(type)) {
    return false;
  }
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getElementType().isSignlessInteger(32) && tensor.getRank() == 2;
}

int64_t sinter::tensorBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * (tensor.getElementTypeBitWidth() / 8);
}

int64_t sinter::saturatingProduct(std::initializer_list<int64_t> factors) {
  int64_t product = 1;
  for (int64_t factor : factors) {
    if (__builtin_mul_overflow(product, factor, &product)) {
      return std::numeric_limits<int64_t>::max();
    }
  }
  return product;
}
