//===- SeedFamilies.h - The notes' kernels as families ----------*- C++ -*-===//
//
// Sprint notes of another project (braidpool/braidinfer, RTX 4090) fused a
// decoder's ops by hand and measured most of it slower. Their kernels behind
// the contract of KernelFamily, for tests only: one row, shapes that tiles
// divide.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TEST_UNIT_SEEDS_SEEDFAMILIES_H
#define SINTER_TEST_UNIT_SEEDS_SEEDFAMILIES_H

#include "codegen/KernelFamily.h"

namespace sinter::seeds {

/// linear -> add: blocks of 64 rows, 64 x 32 of the matrix in flight.
const codegen::KernelFamily &tiledResidualFamily();
/// The same with 4 rows to a block, 4 x 256 of the matrix in flight.
const codegen::KernelFamily &rowSplitFamily();
/// rms_norm -> linear: every block of 4 or of 32 rows normalises the input.
const codegen::KernelFamily &normLinearFamily();
/// linear (gate above up) -> swiglu -> linear: every block of 32 outputs
/// computes the whole hidden vector, 32 x 32 of a matrix in flight.
const codegen::KernelFamily &recomputingMlpFamily();

} // namespace sinter::seeds

#endif // SINTER_TEST_UNIT_SEEDS_SEEDFAMILIES_H
