//===- RowFamily.cpp - Ops that work row by row ---------------------------===//
//
// rms_norm, rope, swiglu, add, take_rows. Norm, rope and take_rows have files
// of their own.
//
//===----------------------------------------------------------------------===//

#include "codegen/families/PieceKernel.h"
#include "codegen/families/RowKernels.h"
#include "ir/decoder/Decoder.h"

namespace sinter::codegen {

namespace {

/// add and swiglu: two inputs and an output of one shape.
template <typename Op>
class BinaryKernel : public PieceKernel {
public:
  BinaryKernel(llvm::StringRef lhs, llvm::StringRef rhs,
               llvm::StringRef function)
      : lhs(lhs), rhs(rhs), function(function) {}

  bool covers(mlir::Operation *op) const override { return mlir::isa<Op>(op); }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {lhs, rhs};
  }
  bool takesPart(unsigned) const override { return true; }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"elementwise.cuh"};
  }
  MovedBytes moved(mlir::Operation *op, const KernelConfig &,
                   const Workload &) const override {
    const uint64_t bytes = 2 * elements(op);
    return {{bytes, bytes}, bytes};
  }
  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    emitPieces(
        op, config, signature, writer, function + "<",
        {signature.operand(0), signature.operand(1), signature.result(), "i"});
  }

protected:
  // Rows lie one after the other, so a piece may cross from one to the next.
  int64_t unit(mlir::Operation *op) const override { return elements(op); }
  uint64_t elements(mlir::Operation *op) const override {
    return elementsOf(op->getResult(0));
  }

private:
  llvm::StringRef lhs;
  llvm::StringRef rhs;
  llvm::StringRef function;
};

} // namespace

std::unique_ptr<KernelFamily> makeRowFamily() {
  std::vector<std::unique_ptr<OpKernel>> kernels;
  kernels.push_back(makeRmsNormKernel());
  kernels.push_back(makeRopeKernel());
  kernels.push_back(std::make_unique<BinaryKernel<decoder::SwigluOp>>(
      "gate", "up", "swigluPiece"));
  kernels.push_back(
      std::make_unique<BinaryKernel<decoder::AddOp>>("lhs", "rhs", "addPiece"));
  kernels.push_back(makeTakeRowsKernel());
  return std::make_unique<SingleOpFamily>("row", std::move(kernels));
}

} // namespace sinter::codegen
