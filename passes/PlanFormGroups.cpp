//===- PlanFormGroups.cpp - Turns marks into groups -----------------------===//

#include "passes/Passes.h"
#include "passes/Support.h"

#include <mlir/IR/Action.h>
#include <mlir/IR/Builders.h>
#include <mlir/IR/IRMapping.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANFORMGROUPS
#include "passes/Passes.h.inc"

namespace {

/// Forming one group; debug counters and action logs know it by its tag.
struct FormGroupAction : public tracing::ActionImpl<FormGroupAction> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FormGroupAction)
  static constexpr StringLiteral tag = "form-group";
  using ActionImpl::ActionImpl;
};

struct PlanFormGroupsPass
    : public impl::PlanFormGroupsBase<PlanFormGroupsPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(
            checkStage(module, getArgument(), Stage::Marked, Stage::Grouped))) {
      return signalPassFailure();
    }
    if (getStage(module) == Stage::Grouped) {
      return;
    }
    SmallVector<Operation *> marked;
    for (func::FuncOp function : entriesOf(module)) {
      if (failed(collect(function, marked))) {
        return signalPassFailure();
      }
    }
    for (Operation *op : marked) {
      getContext().executeAction<FormGroupAction>([op] { formSingle(op); },
                                                  ArrayRef<IRUnit>(op));
    }
    setStage(module, Stage::Grouped);
  }

  /// All checks come first, so that a refusal leaves the module as it was.
  static LogicalResult collect(func::FuncOp function,
                               SmallVectorImpl<Operation *> &marked) {
    DenseMap<int64_t, Operation *> groups;
    for (Operation &op : function.getBody().front()) {
      if (!isStepOp(&op)) {
        continue;
      }
      auto mark = op.getAttrOfType<MarkAttr>(PlanDialect::kMarkAttr);
      if (!mark) {
        return op.emitError()
               << describeOp(&op) << " has no plan.mark; run plan-mark first";
      }
      if (mark.getDecision().getChoice() != Choice::Single) {
        return op.emitError() << describeOp(&op) << ": its mark says '"
                              << stringifyChoice(mark.getDecision().getChoice())
                              << "', groups are formed of 'single' only";
      }
      auto [other, isNew] = groups.try_emplace(mark.getGroup(), &op);
      if (!isNew) {
        InFlightDiagnostic diagnostic =
            op.emitError() << describeOp(&op) << ": group " << mark.getGroup()
                           << " has a second op, and a single holds one";
        diagnostic.attachNote(other->second->getLoc())
            << "the first is " << describeOp(other->second);
        return diagnostic;
      }
      marked.push_back(&op);
    }
    return success();
  }

  static void formSingle(Operation *op) {
    auto mark = cast<MarkAttr>(op->removeAttr(PlanDialect::kMarkAttr));
    op->removeAttr(PlanDialect::kForceAttr);
    OpBuilder builder(op);
    auto single = builder.create<SingleOp>(
        op->getLoc(), op->getResultTypes(), /*family=*/StringAttr(),
        /*config=*/DictionaryAttr(), mark.getDecision());
    op->replaceAllUsesWith(single.getResults());
    Block *body = builder.createBlock(&single.getBody());
    op->moveBefore(body, body->end());
    builder.create<YieldOp>(op->getLoc(), op->getResults());
    takeInSlices(*body);
  }

  /// A kernel gets whole buffers and knows which part it reads: slices move
  /// into the body, with the views behind them. Each body has its own.
  static void takeInSlices(Block &body) {
    IRMapping mapping;
    SetVector<Operation *> taken;
    for (Operation &op : body) {
      for (OpOperand &operand : op.getOpOperands()) {
        SmallVector<Operation *> views;
        size_t count = 0; ///< of `views`, up to the slice that comes first
        for (Operation *view = operand.get().getDefiningOp();
             isView(view) && view->getBlock() != &body;
             view = view->getOperand(0).getDefiningOp()) {
          views.push_back(view);
          count = isa<tensor::ExtractSliceOp>(view) ? views.size() : count;
        }
        OpBuilder builder(&op);
        for (Operation *view :
             llvm::reverse(ArrayRef(views).take_front(count))) {
          if (!mapping.contains(view->getResult(0))) {
            builder.clone(*view, mapping);
          }
        }
        operand.set(mapping.lookupOrDefault(operand.get()));
        taken.insert(views.begin(), views.begin() + count);
      }
    }
    // Users before what they use.
    for (bool erased = true; erased;) {
      erased = taken.remove_if([](Operation *view) {
        const bool unused = view->use_empty();
        if (unused) {
          view->erase();
        }
        return unused;
      });
    }
  }
};

} // namespace
} // namespace sinter
