//===- KernelRegistry.h - All kernel families -------------------*- C++ -*-===//

#ifndef SINTER_CODEGEN_KERNELREGISTRY_H
#define SINTER_CODEGEN_KERNELREGISTRY_H

#include "codegen/KernelFamily.h"

namespace sinter::codegen {

/// Every family, in the order in which they are asked: embed, row, gemv,
/// kv_append, attention_decode, argmax, row_chain. The first that accepts is
/// the default, so the order is part of what a plan depends on: append, never
/// reorder.
llvm::ArrayRef<const KernelFamily *> kernelFamilies();

/// The family called `name`; null if there is none.
const KernelFamily *findFamily(llvm::StringRef name);

/// The first family that accepts `group`, or null and, in `why`, the refusal
/// that came closest: that of the family that covers the op at all.
const KernelFamily *chooseFamily(const GroupView &group,
                                 const DeviceSpec &device, Verdict &why);

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_KERNELREGISTRY_H
