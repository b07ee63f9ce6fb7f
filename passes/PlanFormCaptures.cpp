//===- PlanFormCaptures.cpp - Launches that are replayed as a graph -------===//

#include "passes/CheckPlacement.h"
#include "passes/Passes.h"
#include "passes/Steps.h"
#include "passes/Support.h"

#include <llvm/ADT/MapVector.h>
#include <mlir/IR/Builders.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANFORMCAPTURES
#include "passes/Passes.h.inc"

namespace {

struct PlanFormCapturesPass
    : public impl::PlanFormCapturesBase<PlanFormCapturesPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, getArgument(), Stage::Placed,
                          Stage::Captured))) {
      return signalPassFailure();
    }
    if (getStage(module) == Stage::Captured) {
      return;
    }
    // All checks come first, so that a refusal leaves the module as it was.
    SmallVector<std::pair<func::FuncOp, LaunchMode>> captured;
    for (func::FuncOp function : entriesOf(module)) {
      FailureOr<LaunchMode> mode = launchModeOf(function);
      if (failed(mode) || failed(checkEntry(function, *mode))) {
        return signalPassFailure();
      }
      if (*mode != LaunchMode::Stream) {
        captured.push_back({function, *mode});
      }
    }
    for (auto [function, mode] : captured) {
      for (Operation *op : programmaticEdges(flatOps(function), mode)) {
        cast<LaunchOp>(op).setProgrammatic(true);
      }
      capture(function);
    }
    setStage(module, Stage::Captured);
  }

  static LogicalResult checkEntry(func::FuncOp function, LaunchMode mode) {
    for (Operation &op : function.getBody().front()) {
      auto kernel = dyn_cast<KernelOpInterface>(op);
      if (!kernel || mode == LaunchMode::Stream) {
        continue;
      }
      if (Verdict verdict = kernel.canCapture(); !verdict) {
        return op.emitError() << describeOp(&op)
                              << " cannot be captured: " << verdict.message()
                              << "; plan this entry for the mode stream";
      }
    }
    return success();
  }

  /// Moves launches, library calls and their views into one capture, behind
  /// what is done while loading.
  static void capture(func::FuncOp function) {
    Block &block = function.getBody().front();
    SmallVector<Operation *> inside;
    for (Operation &op : block.without_terminator()) {
      if (isa<LaunchOp, LibraryOp>(op) || isView(&op)) {
        inside.push_back(&op);
      }
    }
    if (inside.empty()) {
      return;
    }
    DenseSet<Operation *> moved(inside.begin(), inside.end());
    SmallVector<Value> needed;
    for (Operation *op : inside) {
      for (Value result : op->getResults()) {
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !moved.contains(user);
            })) {
          needed.push_back(result);
        }
      }
    }
    OpBuilder builder(block.getTerminator());
    auto op = builder.create<CaptureOp>(function.getLoc(),
                                        TypeRange(ValueRange(needed)));
    Block *body = builder.createBlock(&op.getBody());
    for (Operation *step : inside) {
      step->moveBefore(body, body->end());
    }
    builder.setInsertionPointToEnd(body);
    builder.create<YieldOp>(function.getLoc(), needed);
    for (auto [inner, outer] : llvm::zip(needed, op.getResults())) {
      inner.replaceUsesWithIf(outer, [&](OpOperand &use) {
        return use.getOwner()->getBlock() == &block;
      });
    }
  }
};

} // namespace
} // namespace sinter
