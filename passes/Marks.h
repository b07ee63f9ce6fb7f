//===- Marks.h - Groups as plan-mark left them ------------------*- C++ -*-===//

#ifndef SINTER_PASSES_MARKS_H
#define SINTER_PASSES_MARKS_H

#include "ir/plan/Plan.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

namespace sinter {

/// The ops with one group number, in program order.
struct MarkedGroup {
  plan::MarkAttr mark;
  llvm::SmallVector<mlir::Operation *> ops;
};

/// How errors begin: an error of the op given.
using ReportAt =
    llvm::function_ref<mlir::InFlightDiagnostic(mlir::Operation *)>;

/// The marked groups of `function` by number. An error for a step op without a
/// mark, numbers that leave one out, ops of one group with different marks, a
/// `single` or `library` of several ops or a `fuse` of one, a library call for
/// anything but a linear layer, and a group that runs before one that it needs.
mlir::FailureOr<llvm::SmallVector<MarkedGroup>>
markedGroups(mlir::func::FuncOp function, ReportAt report);

} // namespace sinter

#endif // SINTER_PASSES_MARKS_H
