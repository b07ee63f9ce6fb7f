//===- RowRope.cpp - Rotary position embedding ----------------------------===//

#include "codegen/families/PieceKernel.h"
#include "codegen/families/RowKernels.h"
#include "ir/decoder/Decoder.h"
#include "ir/decoder/RopeFrequencies.h"

namespace sinter::codegen {

namespace {

/// The elements that threads share out are pairs (d, d + head_dim / 2).
class RopeKernel : public PieceKernel {
public:
  bool covers(mlir::Operation *op) const override {
    return mlir::isa<decoder::RopeOp>(op);
  }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {"x", "positions"};
  }
  bool takesPart(unsigned operand) const override { return operand == 0; }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"rope.cuh"};
  }
  MovedBytes moved(mlir::Operation *op, const KernelConfig &config,
                   const Workload &) const override {
    // Every thread reads its row's position.
    return {{4 * elements(op), 4 * pieces(op, config)}, 4 * elements(op)};
  }
  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    auto rope = mlir::cast<decoder::RopeOp>(op);
    llvm::ArrayRef<int64_t> shape = shapeOf(rope.getInput());
    writer.constant("kHeads", static_cast<uint64_t>(shape[1]));
    writer.constant("kHeadDim", static_cast<uint64_t>(shape[2]));
    writer.table("kInverseFrequencies",
                 decoder::ropeInverseFrequencies(rope.thetaValue(), shape[2],
                                                 rope.getScalingAttr()));
    emitPieces(op, config, signature, writer, "ropePiece<kHeads, kHeadDim, ",
               {signature.operand(0), signature.operand(1), signature.result(),
                "i", "kInverseFrequencies"});
  }

protected:
  int64_t unit(mlir::Operation *op) const override {
    return shapeOf(op->getOperand(0))[2] / 2;
  }
  uint64_t elements(mlir::Operation *op) const override {
    return elementsOf(op->getOperand(0)) / 2;
  }
  // Four sines and cosines a thread; more would need too many registers.
  int64_t longestPiece() const override { return 4; }
};

} // namespace

std::unique_ptr<OpKernel> makeRopeKernel() {
  return std::make_unique<RopeKernel>();
}

} // namespace sinter::codegen
