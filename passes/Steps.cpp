//===- Steps.cpp - Launches of an entry, in order -------------------------===//

#include "passes/Steps.h"

#include "passes/Support.h"

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

SmallVector<Operation *> flatOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  for (Operation &op : function.getBody().front()) {
    if (auto capture = dyn_cast<CaptureOp>(op)) {
      for (Operation &inner : capture.getBodyBlock()->without_terminator()) {
        ops.push_back(&inner);
      }
    } else {
      ops.push_back(&op);
    }
  }
  return ops;
}

FailureOr<LaunchMode> launchModeOf(func::FuncOp function) {
  std::optional<LaunchMode> mode;
  for (Operation *op : flatOps(function)) {
    if (!isa<LaunchOp, LibraryOp>(op)) {
      continue;
    }
    auto why = op->getAttrOfType<DecisionAttr>("why");
    LaunchMode asked = why ? why.getLaunch() : LaunchMode::Stream;
    if (asked == LaunchMode::Persistent) {
      return op->emitError()
             << describeOp(op)
             << " is to be launched as 'persistent'; modes are stream, graph "
                "and pdl";
    }
    if (mode && *mode != asked) {
      return op->emitError()
             << describeOp(op) << " is to be launched as '"
             << stringifyLaunchMode(asked) << "', the ops before it as '"
             << stringifyLaunchMode(*mode)
             << "'; an entry has one mode, so run plan-mark again";
    }
    mode = asked;
  }
  return mode.value_or(LaunchMode::Stream);
}

DenseSet<Operation *> programmaticEdges(ArrayRef<Operation *> ops,
                                        LaunchMode mode) {
  DenseSet<Operation *> edges;
  // Kernels of the library take part in programmatic launch themselves and do
  // not wait: beside one, all edges are full.
  if (llvm::any_of(ops, llvm::IsaPred<LibraryOp>)) {
    return edges;
  }
  Operation *before = nullptr;
  for (Operation *op : ops) {
    if (!isa<LaunchOp, LibraryOp>(op)) {
      continue;
    }
    if (mode == LaunchMode::Pdl && isa<LaunchOp>(op) &&
        isa_and_nonnull<LaunchOp>(before)) {
      edges.insert(op);
    }
    before = op;
  }
  return edges;
}

} // namespace sinter
