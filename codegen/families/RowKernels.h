//===- RowKernels.h - Parts of the family "row" -----------------*- C++ -*-===//

#ifndef SINTER_CODEGEN_FAMILIES_ROWKERNELS_H
#define SINTER_CODEGEN_FAMILIES_ROWKERNELS_H

#include "codegen/families/OpKernel.h"

namespace sinter::codegen {

/// Warps that may share a row of `width` elements to normalise it, the default
/// first; none if a thread would hold more than 64 elements.
llvm::SmallVector<int64_t> normWarps(int64_t width, const DeviceSpec &device);

std::unique_ptr<OpKernel> makeRmsNormKernel();
std::unique_ptr<OpKernel> makeRopeKernel();
std::unique_ptr<OpKernel> makeTakeRowsKernel();

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_ROWKERNELS_H
