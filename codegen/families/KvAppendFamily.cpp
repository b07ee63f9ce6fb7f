//===- KvAppendFamily.cpp - New rows of the KV cache ----------------------===//

#include "codegen/families/PieceKernel.h"
#include "ir/decoder/Decoder.h"

namespace sinter::codegen {

namespace {

class KvAppendKernel : public PieceKernel {
public:
  bool covers(mlir::Operation *op) const override {
    auto append = mlir::dyn_cast<decoder::KvAppendOp>(op);
    return append && !append.getPages();
  }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {"rows", "positions", "cache"};
  }
  llvm::StringRef resultName() const override { return "cache"; }
  bool takesPart(unsigned operand) const override { return operand == 0; }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"elementwise.cuh"};
  }
  MovedBytes moved(mlir::Operation *op, const KernelConfig &config,
                   const Workload &) const override {
    // Every thread reads its row's position; the cache is only written.
    return {{2 * elements(op), 4 * pieces(op, config), 0}, 2 * elements(op)};
  }
  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    llvm::ArrayRef<int64_t> rows = shapeOf(op->getOperand(0));
    llvm::ArrayRef<int64_t> cache = shapeOf(op->getOperand(2));
    writer.constant("kTokens", static_cast<uint64_t>(rows[0] / cache[0]));
    writer.constant("kHeads", static_cast<uint64_t>(cache[1]));
    writer.constant("kHeadDim", static_cast<uint64_t>(cache[3]));
    writer.constant("kCapacity", static_cast<uint64_t>(cache[2]));
    emitPieces(
        op, config, signature, writer,
        "appendPiece<kTokens, kHeads, kHeadDim, kCapacity, ",
        {signature.operand(0), signature.operand(1), signature.result(), "i"});
  }

protected:
  int64_t unit(mlir::Operation *op) const override {
    return shapeOf(op->getOperand(0))[2];
  }
  uint64_t elements(mlir::Operation *op) const override {
    return elementsOf(op->getOperand(0));
  }
};

/// Through a page table.
class PagedAppendKernel : public KvAppendKernel {
public:
  bool covers(mlir::Operation *op) const override {
    auto append = mlir::dyn_cast<decoder::KvAppendOp>(op);
    return append && append.getPages();
  }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {"rows", "positions", "pages", "cache"};
  }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"pages.cuh"};
  }
  MovedBytes moved(mlir::Operation *op, const KernelConfig &config,
                   const Workload &) const override {
    const uint64_t each = 4 * pieces(op, config);
    return {{2 * elements(op), each, each, 0}, 2 * elements(op)};
  }
  uint64_t lookups() const override { return 1; }
  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    const decoder::CacheShape cache =
        mlir::cast<decoder::KvAppendOp>(op).cacheShape();
    const int64_t rows = shapeOf(op->getOperand(0))[0];
    auto number = [&](llvm::StringRef name, int64_t value) {
      writer.constant(name, static_cast<uint64_t>(value));
    };
    number("kTokens", rows / cache.batch);
    number("kHeads", cache.kvHeads);
    number("kHeadDim", cache.headDim);
    number("kPage", cache.page);
    number("kPages", cache.perSequence);
    emitPieces(op, config, signature, writer,
               "appendPagedPiece<kTokens, kHeads, kHeadDim, kPage, kPages, ",
               {signature.operand(0), signature.operand(1),
                signature.operand(2), signature.result(), "i"});
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeKvAppendFamily() {
  std::vector<std::unique_ptr<OpKernel>> kernels;
  kernels.push_back(std::make_unique<PagedAppendKernel>());
  kernels.push_back(std::make_unique<KvAppendKernel>());
  return std::make_unique<SingleOpFamily>("kv_append", std::move(kernels));
}

} // namespace sinter::codegen
