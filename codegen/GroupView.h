//===- GroupView.h - The ops that one kernel computes -----------*- C++ -*-===//

#ifndef SINTER_CODEGEN_GROUPVIEW_H
#define SINTER_CODEGEN_GROUPVIEW_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace sinter::codegen {

/// Which elements of a buffer a value is: offset, offset + stride, ...
struct BufferView {
  mlir::Value base; ///< a live-in or the result of a compute op
  int64_t offset = 0;
  int64_t stride = 1;
  bool whole = true; ///< all elements of `base`
};

/// Ops in program order with what flows in and out: the body of a plan.group,
/// plan.single or plan.kernel, or one op. Views are looked through, as buffers
/// have no shape: tensor.expand_shape, tensor.collapse_shape, and every
/// tensor.extract_slice whose elements lie at one distance of each other.
class GroupView {
public:
  /// A body with its terminator. Live-ins are the block's arguments or, where
  /// it has none, the captured values in the order of first use.
  static GroupView ofBody(mlir::Block &body);
  /// One op outside any body: live-ins are its distinct operands.
  static GroupView ofOp(mlir::Operation *op);
  /// Ops of one block in program order that are no body yet. Views anywhere in
  /// the block are looked through: a slice between two groups is the reader's.
  /// Live-ins in the order of first use; live-outs are the results that
  /// something else than `ops` and views needs.
  static GroupView ofOps(llvm::ArrayRef<mlir::Operation *> ops);

  /// All ops but views and the terminator.
  llvm::ArrayRef<mlir::Operation *> ops() const { return computeOps; }
  /// The only op, or null.
  mlir::Operation *singleOp() const {
    return computeOps.size() == 1 ? computeOps.front() : nullptr;
  }
  llvm::ArrayRef<mlir::Value> liveIns() const { return inputs; }
  llvm::ArrayRef<mlir::Value> liveOuts() const { return outputs; }

  /// `value` without the views inside the group. A slice that is not regular
  /// is its own base, and so nobody's live-in.
  BufferView view(mlir::Value value) const;
  mlir::Value source(mlir::Value value) const { return view(value).base; }
  /// The op of the group that computes source(value), or null.
  mlir::Operation *producer(mlir::Value value) const;
  /// Position of source(value) among the live-ins.
  std::optional<unsigned> liveInIndex(mlir::Value value) const;
  /// The live-in whose buffer live-out `index` updates in place (kv_append).
  std::optional<unsigned> tiedLiveIn(unsigned index) const;

private:
  mlir::Block *block = nullptr; ///< null for one op
  llvm::SmallVector<mlir::Operation *> computeOps;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::Value> outputs;
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_GROUPVIEW_H
