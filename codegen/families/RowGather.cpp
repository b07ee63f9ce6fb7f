//===- RowGather.cpp - Rows of a table, by number -------------------------===//
//
// embed and take_rows. The embedding has a family of its own, so that a plan's
// tables tell the two apart.
//
//===----------------------------------------------------------------------===//

#include "codegen/families/PieceKernel.h"
#include "codegen/families/RowKernels.h"
#include "ir/decoder/Decoder.h"

namespace sinter::codegen {

namespace {

/// y[n, :] = table[rows[n], :].
template <typename Op>
class GatherKernel : public PieceKernel {
public:
  /// Names of the operands, and which of them is the table.
  GatherKernel(llvm::StringRef first, llvm::StringRef second, unsigned table)
      : names{first, second}, table(table) {}

  bool covers(mlir::Operation *op) const override { return mlir::isa<Op>(op); }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {names[0], names[1]};
  }
  bool takesPart(unsigned operand) const override { return operand == table; }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"elementwise.cuh"};
  }
  MovedBytes moved(mlir::Operation *op, const KernelConfig &config,
                   const Workload &) const override {
    // Every thread reads its row's number.
    MovedBytes bytes;
    bytes.loaded.assign(2, 4 * pieces(op, config));
    bytes.loaded[table] = bytes.stored = 2 * elements(op);
    return bytes;
  }
  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    writer.constant("kWidth", static_cast<uint64_t>(unit(op)));
    emitPieces(op, config, signature, writer, "gatherPiece<kWidth, ",
               {signature.operand(1 - table), signature.operand(table),
                signature.result(), "i"});
  }

protected:
  int64_t unit(mlir::Operation *op) const override {
    return shapeOf(op->getResult(0))[1];
  }
  uint64_t elements(mlir::Operation *op) const override {
    return elementsOf(op->getResult(0));
  }

private:
  llvm::StringRef names[2];
  unsigned table;
};

} // namespace

std::unique_ptr<OpKernel> makeTakeRowsKernel() {
  return std::make_unique<GatherKernel<decoder::TakeRowsOp>>("x", "rows", 0);
}

std::unique_ptr<KernelFamily> makeEmbedFamily() {
  std::vector<std::unique_ptr<OpKernel>> kernels;
  kernels.push_back(
      std::make_unique<GatherKernel<decoder::EmbedOp>>("ids", "table", 1));
  return std::make_unique<SingleOpFamily>("embed", std::move(kernels));
}

} // namespace sinter::codegen
