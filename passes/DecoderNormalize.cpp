//===- DecoderNormalize.cpp - One way to write each decoder graph ---------===//

#include "passes/Passes.h"
#include "passes/Support.h"

#include <mlir/IR/Dominance.h>
#include <mlir/IR/PatternMatch.h>
#include <mlir/Transforms/CSE.h>
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>

using namespace mlir;

namespace sinter {

#define GEN_PASS_DEF_DECODERNORMALIZE
#include "passes/Passes.h.inc"

namespace {

struct DecoderNormalizePass
    : public impl::DecoderNormalizeBase<DecoderNormalizePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, getArgument(), plan::Stage::Imported,
                          plan::Stage::Normalized))) {
      return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    FrozenRewritePatternSet frozen(std::move(patterns));
    IRRewriter rewriter(&getContext());
    for (func::FuncOp function : entriesOf(module)) {
      // Reports no convergence only for patterns that undo each other.
      if (failed(applyPatternsAndFoldGreedily(function, frozen))) {
        function.emitError() << "decoder-normalize: reshapes do not settle";
        return signalPassFailure();
      }
      DominanceInfo dominance(function);
      eliminateCommonSubExpressions(rewriter, dominance, function);
      sinkToUsers(function.getBody().front());
    }
    plan::setStage(module, plan::Stage::Normalized);
  }
};

} // namespace
} // namespace sinter
