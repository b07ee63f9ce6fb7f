//===- Steps.h - Launches of an entry, in order -----------------*- C++ -*-===//

#ifndef SINTER_PASSES_STEPS_H
#define SINTER_PASSES_STEPS_H

#include "ir/plan/Plan.h"

#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/StringMap.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

namespace sinter {

/// Ops of an entry in the order in which they run, those of a capture in its
/// place.
llvm::SmallVector<mlir::Operation *> flatOps(mlir::func::FuncOp function);

/// How the launches and library calls of an entry reach the GPU: what their
/// decisions say, `stream` where there is none. An error if they disagree, or
/// ask for what this version does not launch.
mlir::FailureOr<plan::LaunchMode> launchModeOf(mlir::func::FuncOp function);

/// Finds the launches of a mode-pdl entry that may start before the launch
/// before them has ended.
class ProgrammaticEdges {
public:
  /// Such launches in `ops` (flatOps of an entry): a launch right behind a
  /// launch, whose kernel waits for its producers itself.
  llvm::DenseSet<mlir::Operation *> find(llvm::ArrayRef<mlir::Operation *> ops,
                                         plan::LaunchMode mode);

private:
  bool waits(plan::LaunchOp launch);

  mlir::SymbolTableCollection symbols;
  llvm::StringMap<bool> known; ///< by kernel
};

} // namespace sinter

#endif // SINTER_PASSES_STEPS_H
