//===- PlanFormGroups.cpp - Turns marks into groups -----------------------===//

#include "passes/Marks.h"
#include "passes/Passes.h"
#include "passes/Support.h"

#include "codegen/GroupView.h"

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
    // All checks come first, so that a refusal leaves the module as it was.
    SmallVector<SmallVector<MarkedGroup>> entries;
    for (func::FuncOp function : entriesOf(module)) {
      auto groups =
          markedGroups(function, [](Operation *op) { return op->emitError(); });
      if (failed(groups)) {
        return signalPassFailure();
      }
      entries.push_back(std::move(*groups));
    }
    for (const SmallVector<MarkedGroup> &groups : entries) {
      formGroups(groups);
    }
    setStage(module, Stage::Grouped);
  }

  /// Writes the ops in the order of their groups, then forms each group.
  void formGroups(ArrayRef<MarkedGroup> groups) {
    if (groups.empty()) {
      return;
    }
    Block *block = groups.front().ops.front()->getBlock();
    for (const MarkedGroup &group : groups) {
      for (Operation *op : group.ops) {
        op->moveBefore(block->getTerminator());
      }
    }
    sinkToUsers(*block);
    for (const MarkedGroup &group : groups) {
      getContext().executeAction<FormGroupAction>(
          [&] { formGroup(group); }, ArrayRef<IRUnit>(group.ops.front()));
    }
  }

  static void formGroup(const MarkedGroup &group) {
    // The group stands where its last op stood: what its ops need from outside
    // is there by then, and nothing outside needs a result before.
    OpBuilder builder(group.ops.back());
    const auto view = codegen::GroupView::ofOps(group.ops);
    SmallVector<Value> results(view.liveOuts());
    SmallVector<Type> types;
    for (Value result : results) {
      types.push_back(result.getType());
    }
    for (Operation *op : group.ops) {
      op->removeAttr(PlanDialect::kMarkAttr);
      op->removeAttr(PlanDialect::kForceAttr);
    }
    const DecisionAttr why = group.mark.getDecision();
    if (why.getChoice() == Choice::Library) {
      return formLibrary(builder, cast<decoder::LinearOp>(group.ops.front()),
                         why);
    }
    Operation *formed;
    if (why.getChoice() == Choice::Single) {
      formed = builder.create<SingleOp>(group.ops.front()->getLoc(), types,
                                        group.mark.getFamily(),
                                        group.mark.getConfig(), why);
    } else {
      SmallVector<Location> locations;
      for (Operation *op : group.ops) {
        locations.push_back(op->getLoc());
      }
      formed = builder.create<GroupOp>(
          FusedLoc::get(builder.getContext(), locations), types,
          group.mark.getFamily(), group.mark.getConfig(), why);
    }
    Block *body = builder.createBlock(&formed->getRegion(0));
    for (Operation *op : group.ops) {
      op->moveBefore(body, body->end());
    }
    builder.create<YieldOp>(formed->getLoc(), results);
    takeInViews(formed, *body);
    for (auto [inner, outer] : llvm::zip(results, formed->getResults())) {
      inner.replaceUsesWithIf(outer, [&](OpOperand &use) {
        return use.getOwner()->getBlock() != body;
      });
    }
  }

  /// Views of what the body computes move into it. So do slices with the views
  /// behind them, wherever they come from: a kernel gets whole buffers and
  /// knows which part it reads. Each body has its own; what others need of the
  /// originals goes behind the group.
  static void takeInViews(Operation *formed, Block &body) {
    IRMapping mapping;
    SetVector<Operation *> taken;
    for (Operation &op : llvm::make_early_inc_range(body)) {
      for (OpOperand &operand : op.getOpOperands()) {
        SmallVector<Operation *> views;
        size_t count = 0; ///< of `views`, to be taken
        Value base = operand.get();
        for (Operation *view = base.getDefiningOp();
             isView(view) && view->getBlock() != &body;
             view = base.getDefiningOp()) {
          views.push_back(view);
          count = isa<tensor::ExtractSliceOp>(view) ? views.size() : count;
          base = view->getOperand(0);
        }
        if (base.getParentBlock() == &body) {
          count = views.size();
        }
        OpBuilder builder(&op);
        for (Operation *view :
             llvm::reverse(ArrayRef(views).take_front(count))) {
          if (!mapping.contains(view->getResult(0))) {
            builder.clone(*view, mapping);
          }
        }
        operand.set(mapping.lookupOrDefault(operand.get()));
        taken.insert(views.rbegin() +
                         static_cast<std::ptrdiff_t>(views.size() - count),
                     views.rend());
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
    Operation *last = formed;
    for (Operation *view : taken) {
      const bool ofBody =
          withoutViews(view->getResult(0)).getParentBlock() == &body;
      if (ofBody && view->isBeforeInBlock(formed)) {
        view->moveAfter(last);
        last = view;
      }
    }
  }

  static void formLibrary(OpBuilder &builder, decoder::LinearOp linear,
                          DecisionAttr why) {
    auto input = cast<RankedTensorType>(linear.getInput().getType());
    auto weight = cast<RankedTensorType>(linear.getWeight().getType());
    auto problem = GemmAttr::get(
        linear.getContext(), input.getDimSize(0), weight.getDimSize(0),
        weight.getDimSize(1), weight.getElementType(),
        linear.getBias() ? Epilogue::Bias : Epilogue::None, /*workspace=*/0);
    auto call = builder.create<LibraryOp>(
        linear.getLoc(), linear.getResult().getType(),
        stringifyLibrary(Library::CublasLtMatmul), linear->getOperands(),
        problem, /*slots=*/ArrayAttr(), why);
    linear.getResult().replaceAllUsesWith(call.getResult());
    linear.erase();
  }
};

} // namespace
} // namespace sinter
