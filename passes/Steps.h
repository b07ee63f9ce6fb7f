//===- Steps.h - Launches of an entry, in order -----------------*- C++ -*-===//

#ifndef SINTER_PASSES_STEPS_H
#define SINTER_PASSES_STEPS_H

#include "ir/plan/Plan.h"

#include <llvm/ADT/DenseSet.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

namespace sinter {

/// Ops of an entry in the order in which they run, those of a capture in its
/// place.
llvm::SmallVector<mlir::Operation *> flatOps(mlir::func::FuncOp function);

/// How the launches and library calls of an entry reach the GPU: what their
/// decisions say, `stream` where there is none. An error if they disagree, or
/// ask for what this version does not launch.
mlir::FailureOr<plan::LaunchMode> launchModeOf(mlir::func::FuncOp function);

/// The launches in `ops` (flatOps of an entry) that may start before the launch
/// before them has ended: in mode pdl every launch right behind a launch, as
/// every kernel waits for its producers itself (KernelFamily::emit); none
/// beside a call of the library, whose kernels do not.
llvm::DenseSet<mlir::Operation *>
programmaticEdges(llvm::ArrayRef<mlir::Operation *> ops, plan::LaunchMode mode);

} // namespace sinter

#endif // SINTER_PASSES_STEPS_H
