//===- RowNorm.cpp - Root mean square norm --------------------------------===//

#include "codegen/families/RowKernels.h"
#include "ir/decoder/Decoder.h"
#include "ir/target/DeviceSpec.h"

#include "llvm/ADT/STLExtras.h"

namespace sinter::codegen {

/// Elements of a row that one thread may hold at 8 per piece.
static constexpr int64_t mostHeld = 64;

llvm::SmallVector<int64_t> normWarps(int64_t width, const DeviceSpec &device) {
  const int64_t pieces = width / pieceLength(width);
  llvm::SmallVector<int64_t> list;
  auto add = [&](int64_t warps) {
    const bool held = pieces <= mostHeld / 8 * 32 * warps;
    const bool busy = warps == 1 || pieces > 16 * warps;
    if (held && busy &&
        static_cast<uint64_t>(32 * warps) <=
            device.limits.threadsPerBlock.value) {
      list.push_back(warps);
    }
  };
  // The default: a warp takes up to two pieces per lane.
  int64_t wanted = 1;
  while (wanted < 16 && pieces > 64 * wanted) {
    wanted *= 2;
  }
  add(wanted);
  for (int64_t warps : {1, 2, 4, 8, 16, 32}) {
    if (warps != wanted) {
      add(warps);
    }
  }
  return list;
}

namespace {

/// {warps}: warps per row. One warp per row: {rows} rows per block, no barrier;
/// else the block is one row.
class RmsNormKernel : public OpKernel {
public:
  bool covers(mlir::Operation *op) const override {
    return mlir::isa<decoder::RmsNormOp>(op);
  }
  llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *) const override {
    return {"x", "gain"};
  }
  bool takesPart(unsigned operand) const override { return operand == 0; }
  llvm::SmallVector<llvm::StringRef> deviceTexts() const override {
    return {"norm.cuh"};
  }

  Verdict accepts(mlir::Operation *op,
                  const DeviceSpec &device) const override {
    if (enumerate(op, device).empty()) {
      return Verdict::refused(
          plan::Reason::RefusedShape,
          "rows of " + std::to_string(width(op)) + ", wanted at most " +
              std::to_string(mostHeld * device.limits.threadsPerBlock.value /
                             8 * pieceLength(width(op))));
    }
    return Verdict::ok();
  }

  llvm::SmallVector<KernelConfig>
  enumerate(mlir::Operation *op, const DeviceSpec &device) const override {
    llvm::SmallVector<KernelConfig> configs;
    const llvm::SmallVector<int64_t> all = normWarps(width(op), device);
    for (int64_t warps : all) {
      configs.push_back({{"rows", 1}, {"warps", warps}});
    }
    if (rowCount(op) >= 4 && llvm::is_contained(all, 1) &&
        device.limits.threadsPerBlock.value >= 128) {
      configs.push_back({{"rows", 4}, {"warps", 1}});
    }
    return configs;
  }

  LaunchShape launch(mlir::Operation *op,
                     const KernelConfig &config) const override {
    LaunchShape shape;
    const int64_t warps = config.get("warps");
    const int64_t rows = config.get("rows");
    shape.gridX = ceilDiv(rowCount(op), rows);
    shape.threads = 32 * warps * rows;
    shape.blocksPerSm = shape.threads <= 512 ? 512 / shape.threads : 1;
    shape.sharedBytes = warps == 1 ? 0 : 4 * warps;
    return shape;
  }

  MovedBytes moved(mlir::Operation *op, const KernelConfig &,
                   const Workload &) const override {
    const uint64_t bytes = 2 * elementsOf(op->getOperand(0));
    return {{bytes, bytes}, bytes}; // the gain once per row
  }

  void emit(mlir::Operation *op, const KernelConfig &config,
            const Signature &signature, CudaWriter &writer) const override {
    const int64_t warps = config.get("warps");
    writer.constant("kRows", rowCount(op));
    writer.constant("kWidth", static_cast<uint64_t>(width(op)));
    writer.constant("kEps", static_cast<float>(
                                mlir::cast<decoder::RmsNormOp>(op).epsValue()));
    writer.line();
    CudaWriter::Scope kernel = signature.openKernel(writer, launch(op, config));
    const std::string callee = "rmsNormRow<kWidth, " +
                               std::to_string(pieceLength(width(op))) + ", " +
                               std::to_string(warps) + ">";
    const std::string arguments[] = {signature.operand(0),
                                     signature.operand(1),
                                     signature.result(),
                                     "row",
                                     warps == 1 ? "laneIndex()"
                                                : "threadIndex()",
                                     "kEps"};
    if (warps > 1) {
      writer.line("const i64 row = blockIndex();");
      writer.call(callee, arguments);
    } else {
      writer.line("const i64 row = static_cast<i64>(blockIndex()) * "
                  "warpCount() + warpIndex();");
      CudaWriter::Scope inside = writer.scope("if (row < kRows)");
      writer.call(callee, arguments);
    }
  }

private:
  static int64_t width(mlir::Operation *op) {
    return shapeOf(op->getOperand(0)).back();
  }
  static uint64_t rowCount(mlir::Operation *op) {
    return elementsOf(op->getOperand(0)) / width(op);
  }
};

} // namespace

std::unique_ptr<OpKernel> makeRmsNormKernel() {
  return std::make_unique<RmsNormKernel>();
}

} // namespace sinter::codegen
