//===- Steps.cpp - Launches of an entry, in order -------------------------===//

#include "passes/Steps.h"

#include "codegen/KernelRegistry.h"
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

bool ProgrammaticEdges::waits(LaunchOp launch) {
  auto [found, isNew] = known.try_emplace(launch.getKernel(), false);
  if (isNew) {
    KernelOp kernel = launch.lookupKernel(symbols);
    const codegen::KernelFamily *family =
        codegen::findFamily(kernel.getFamily());
    auto config = codegen::KernelConfig::fromAttribute(kernel.getConfig());
    if (family && config) {
      found->second = family->waitsForProducers(
          codegen::GroupView::ofBody(*kernel.getBodyBlock()), *config);
    }
  }
  return found->second;
}

DenseSet<Operation *> ProgrammaticEdges::find(ArrayRef<Operation *> ops,
                                              LaunchMode mode) {
  DenseSet<Operation *> edges;
  Operation *before = nullptr;
  for (Operation *op : ops) {
    if (!isa<LaunchOp, LibraryOp>(op)) {
      continue;
    }
    auto launch = dyn_cast<LaunchOp>(op);
    if (mode == LaunchMode::Pdl && launch &&
        isa_and_nonnull<LaunchOp>(before) && waits(launch)) {
      edges.insert(op);
    }
    before = op;
  }
  return edges;
}

} // namespace sinter
