//===- Tensors.h - Which tensors Sinter computes with -----------*- C++ -*-===//

#ifndef SINTER_IR_INTERFACES_TENSORS_H
#define SINTER_IR_INTERFACES_TENSORS_H

#include <mlir/IR/BuiltinTypes.h>

#include <cstdint>
#include <initializer_list>

namespace sinter {

/// Ranked, static, every extent in 1 .. 2^31 - 1, at most 2^62 bytes, elements
/// bf16, f32, i32 or i64.
bool isSinterTensor(mlir::Type type);

/// Of those, the tensors of bf16 or f32.
bool isFloatTensor(mlir::Type type);

/// Of those, the tensors of rank 1 with `bits` wide integers and `extent`
/// elements (0: any number).
bool isIntegerVector(mlir::Type type, unsigned bits, int64_t extent);

/// Of those, the tensors of i32 and rank 2.
bool isPageTable(mlir::Type type);

/// Bytes of a tensor for which isSinterTensor holds; contiguous, no padding.
int64_t tensorBytes(mlir::Type type);

/// Product, or 2^63 - 1 where it does not fit: a cost too high to be chosen.
int64_t saturatingProduct(std::initializer_list<int64_t> factors);

} // namespace sinter

#endif // SINTER_IR_INTERFACES_TENSORS_H
