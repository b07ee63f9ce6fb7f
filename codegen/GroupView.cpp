//===- GroupView.cpp - The ops that one kernel computes -------------------===//

#include "codegen/GroupView.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

namespace sinter::codegen {

using plan::isView;

/// Offset and stride of a slice within its source, in elements; nothing if its
/// elements are not evenly spaced.
static std::optional<std::pair<int64_t, int64_t>>
regularSlice(mlir::tensor::ExtractSliceOp slice) {
  auto from = mlir::cast<mlir::RankedTensorType>(slice.getSource().getType());
  if (!from.hasStaticShape() ||
      mlir::ShapedType::isDynamicShape(slice.getStaticOffsets()) ||
      mlir::ShapedType::isDynamicShape(slice.getStaticSizes()) ||
      mlir::ShapedType::isDynamicShape(slice.getStaticStrides())) {
    return std::nullopt;
  }
  int64_t offset = 0;
  int64_t distance = 1; ///< of neighbours along the dimension at hand
  int64_t count = 1;    ///< elements of the slice in the dimensions behind
  int64_t stride = 1;
  for (int64_t dim = from.getRank(); dim-- > 0;) {
    const int64_t size = slice.getStaticSizes()[dim];
    const int64_t step = slice.getStaticStrides()[dim] * distance;
    offset += slice.getStaticOffsets()[dim] * distance;
    if (size > 1) {
      if (count > 1 && step != stride * count) {
        return std::nullopt;
      }
      stride = count > 1 ? stride : step;
      count *= size;
    }
    distance *= from.getDimSize(dim);
  }
  return std::pair(offset, stride);
}

GroupView GroupView::ofBody(mlir::Block &body) {
  GroupView view;
  view.block = &body;
  view.inputs.assign(body.args_begin(), body.args_end());
  const bool isolated =
      body.getParentOp()->hasTrait<mlir::OpTrait::IsIsolatedFromAbove>();
  for (mlir::Operation &op : body) {
    const bool terminator = &op == body.getTerminator();
    if (!isolated) {
      for (mlir::Value operand : op.getOperands()) {
        if (operand.getParentBlock() != &body &&
            !llvm::is_contained(view.inputs, operand)) {
          view.inputs.push_back(operand);
        }
      }
    }
    if (!terminator && !isView(&op)) {
      view.computeOps.push_back(&op);
    }
  }
  view.outputs.assign(body.getTerminator()->operand_begin(),
                      body.getTerminator()->operand_end());
  return view;
}

GroupView GroupView::ofOp(mlir::Operation *op) {
  GroupView view;
  view.computeOps.push_back(op);
  for (mlir::Value operand : op->getOperands()) {
    if (!llvm::is_contained(view.inputs, operand)) {
      view.inputs.push_back(operand);
    }
  }
  view.outputs.assign(op->result_begin(), op->result_end());
  return view;
}

/// Whether something else than `ops` needs `value`, perhaps through views.
static bool isNeededBeside(llvm::ArrayRef<mlir::Operation *> ops,
                           mlir::Value value) {
  return llvm::any_of(value.getUsers(), [&](mlir::Operation *user) {
    return isView(user) ? isNeededBeside(ops, user->getResult(0))
                        : !llvm::is_contained(ops, user);
  });
}

GroupView GroupView::ofOps(llvm::ArrayRef<mlir::Operation *> ops) {
  GroupView view;
  view.block = ops.front()->getBlock();
  view.computeOps.assign(ops.begin(), ops.end());
  for (mlir::Operation *op : ops) {
    for (mlir::Value operand : op->getOperands()) {
      const mlir::Value base = view.source(operand);
      mlir::Operation *producer = base.getDefiningOp();
      const bool irregular = producer && isView(producer);
      if (!irregular && !llvm::is_contained(ops, producer) &&
          !llvm::is_contained(view.inputs, base)) {
        view.inputs.push_back(base);
      }
    }
    for (mlir::Value result : op->getResults()) {
      if (isNeededBeside(ops, result)) {
        view.outputs.push_back(result);
      }
    }
  }
  return view;
}

BufferView GroupView::view(mlir::Value value) const {
  BufferView view{value};
  while (mlir::Operation *op = view.base.getDefiningOp()) {
    if (!block || op->getBlock() != block || !isView(op)) {
      break;
    }
    if (auto slice = mlir::dyn_cast<mlir::tensor::ExtractSliceOp>(op)) {
      const auto regular = regularSlice(slice);
      if (!regular) {
        break;
      }
      view.offset = regular->first + view.offset * regular->second;
      view.stride *= regular->second;
      view.whole &= slice.getType().getNumElements() ==
                    slice.getSourceType().getNumElements();
    }
    view.base = op->getOperand(0);
  }
  return view;
}

mlir::Operation *GroupView::producer(mlir::Value value) const {
  mlir::Operation *op = source(value).getDefiningOp();
  return llvm::is_contained(computeOps, op) ? op : nullptr;
}

std::optional<unsigned> GroupView::liveInIndex(mlir::Value value) const {
  const mlir::Value *found = llvm::find(inputs, source(value));
  if (found == inputs.end()) {
    return std::nullopt;
  }
  return found - inputs.begin();
}

std::optional<unsigned> GroupView::tiedLiveIn(unsigned index) const {
  auto append = source(outputs[index]).getDefiningOp<decoder::KvAppendOp>();
  if (!append) {
    return std::nullopt;
  }
  return liveInIndex(append.getCache());
}

} // namespace sinter::codegen
