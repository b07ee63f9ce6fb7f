//===- EmitKernel.h - Printing of whole kernel texts ------------*- C++ -*-===//

#ifndef SINTER_CODEGEN_EMITKERNEL_H
#define SINTER_CODEGEN_EMITKERNEL_H

#include "codegen/KernelFamily.h"

#include <string>

namespace sinter::codegen {

/// The page that is a kernel's own: comment, constants, function. No prelude
/// and no library pieces.
std::string emitKernelPage(const GroupView &group, const KernelFamily &family,
                           const KernelConfig &config, llvm::StringRef symbol);

/// The whole self-contained text of a kernel that `family` accepted: the page's
/// comment, the prelude, the pieces of the device library it uses, the rest of
/// the page.
/// Equal ops give equal texts: neither layer numbers nor SSA names are printed.
/// `symbol` is the name of the extern "C" function.
std::string emitKernelText(const GroupView &group, const KernelFamily &family,
                           const KernelConfig &config, llvm::StringRef symbol);
} // namespace sinter::codegen

#endif // SINTER_CODEGEN_EMITKERNEL_H
