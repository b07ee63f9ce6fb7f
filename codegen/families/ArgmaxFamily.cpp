//===- ArgmaxFamily.cpp - Greedy choice of a token ------------------------===//

#include "codegen/families/OpKernel.h"
#include "ir/decoder/Decoder.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

/// {warps} of the block that scans a row.
class ArgmaxKernel : public OpKernel {
public:
  bool covers(mlir::Operation *op) const override {
    return mlir::isa<decoder::ArgmaxOp>(op);
  }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {"logits"};
  }
  llvm::StringRef resultName() const override { return "ids"; }
  bool takesPart(unsigned operand) const override { return operand == 0; }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"argmax.cuh"};
  }
  Verdict accepts(mlir::Operation *op, const DeviceSpec &) const override {
    if (shapeOf(op->getOperand(0))[1] > 0x7fffffff) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "more than 2147483647 logits");
    }
    return Verdict::ok();
  }

  llvm::SmallVector<KernelConfig>
  enumerate(mlir::Operation *op, const DeviceSpec &device) const override {
    llvm::SmallVector<KernelConfig> configs;
    for (int64_t warps : {32, 8, 1}) {
      // A warp more must have at least one piece per lane to scan.
      if ((warps == 1 || limit(op) >= 256 * warps) &&
          static_cast<uint64_t>(32 * warps) <=
              device.limits.threadsPerBlock.value) {
        configs.push_back({{"warps", warps}});
      }
    }
    return configs;
  }

  LaunchShape launch(mlir::Operation *op,
                     const KernelConfig &config) const override {
    LaunchShape shape;
    const int64_t warps = config.get("warps");
    shape.gridX = shapeOf(op->getOperand(0))[0];
    shape.threads = 32 * warps;
    // At most 64 registers.
    shape.blocksPerSm = warps == 1 ? 16 : 32 / warps;
    shape.sharedBytes = warps == 1 ? 0 : 8 * warps;
    return shape;
  }

  MovedBytes moved(mlir::Operation *op, const KernelConfig &,
                   const Workload &) const override {
    const uint64_t rows = shapeOf(op->getOperand(0))[0];
    return {{2 * rows * limit(op)}, 4 * rows};
  }

  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    writer.constant("kVocabulary",
                    static_cast<uint64_t>(shapeOf(op->getOperand(0))[1]));
    writer.constant("kLimit", static_cast<uint64_t>(limit(op)));
    writer.line();
    CudaWriter::Scope kernel = signature.openKernel(writer, launch(op, config));
    writer.line("const i64 first = static_cast<i64>(blockIndex()) * "
                "kVocabulary;");
    writer.line("const i32 id = argMaxRow<kLimit, " + llvm::Twine(piece(op)) +
                ", " + llvm::Twine(config.get("warps")) + ">(" +
                signature.operand(0) + ", first);");
    CudaWriter::Scope one = writer.scope("if (threadIndex() == 0)");
    writer.line("store(" + signature.result() + ", blockIndex(), id);");
  }

private:
  /// Ids from here on are never chosen and never read.
  static int64_t limit(mlir::Operation *op) {
    auto argmax = mlir::cast<decoder::ArgmaxOp>(op);
    return argmax.getLimit() ? static_cast<int64_t>(*argmax.getLimit())
                             : shapeOf(argmax.getLogits())[1];
  }
  /// A single row begins at 0, however long it is.
  static int64_t piece(mlir::Operation *op) {
    llvm::ArrayRef<int64_t> shape = shapeOf(op->getOperand(0));
    return shape[0] == 1 ? 8 : pieceLength(shape[1]);
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeArgmaxFamily() {
  std::vector<std::unique_ptr<OpKernel>> kernels;
  kernels.push_back(std::make_unique<ArgmaxKernel>());
  return std::make_unique<SingleOpFamily>("argmax", std::move(kernels));
}

} // namespace sinter::codegen
