//===- Support.h - What several passes need ---------------------*- C++ -*-===//

#ifndef SINTER_PASSES_SUPPORT_H
#define SINTER_PASSES_SUPPORT_H

#include "ir/plan/Plan.h"
#include "ir/target/DeviceSpec.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/BuiltinOps.h>

namespace sinter {

using plan::isView;
/// True for ml_program.global_load_const.
bool isWeightLoad(mlir::Operation *op);
/// True for what is done while weights are loaded, not in a step: a weight load
/// or decoder.pack_weights.
bool isWeight(mlir::Operation *op);
/// True for ops of the decoder dialect.
bool isDecoderOp(mlir::Operation *op);
/// True for the decoder ops that run in a step: all but decoder.pack_weights.
bool isStepOp(mlir::Operation *op);

/// `value` before any views and captures.
mlir::Value withoutViews(mlir::Value value);

/// Writes the block in the one order that depends only on its step ops: before
/// each of them, what it needs of weights and views, in operand order. Weights
/// and views that nothing needs are erased.
void sinkToUsers(mlir::Block &block);

/// Functions of the module that have a body, in order.
llvm::SmallVector<mlir::func::FuncOp> entriesOf(mlir::ModuleOp module);

/// "'layers.0.q_proj' (decoder.linear)", for messages.
std::string describeOp(mlir::Operation *op);

/// Whether `pass`, which takes modules from stage `from` to stage `to`, may
/// run: at either of the two. Otherwise an error that names the pass to run.
mlir::LogicalResult checkStage(mlir::ModuleOp module, llvm::StringRef pass,
                               plan::Stage from, plan::Stage to);

/// The pass that takes modules to `stage`; empty for `imported`.
llvm::StringRef passTo(plan::Stage stage);

/// The device of the option `target` or, where that is empty, the module's, or
/// the default. An error if it is unknown, or not the module's `plan.target`.
mlir::FailureOr<DeviceSpec> deviceFor(mlir::ModuleOp module,
                                      llvm::StringRef target);

} // namespace sinter

#endif // SINTER_PASSES_SUPPORT_H
