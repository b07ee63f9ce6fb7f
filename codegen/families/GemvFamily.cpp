//===- GemvFamily.cpp - Linear layers of one row --------------------------===//

#include "codegen/families/GemvGroup.h"
#include "codegen/families/OpKernel.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

/// Whole warps of a block, lines per warp.
struct Layout {
  Layout(GemvGroup &gemv, const KernelConfig &config)
      : rows(config.get("rows")), warps(config.get("warps")),
        unroll(config.get("unroll")), lines(rows * gemv.linesPerOutput()),
        blocks(ceilDiv(gemv.outputs(), rows * warps)),
        full(gemv.outputs() % (rows * warps) == 0) {
    const int64_t sums = warps == 1 ? 0 : 4 * warps;
    const int64_t staged =
        gemv.norm ? (sums + 15) / 16 * 16 + 2 * gemv.width() : 0;
    argmaxAt = (staged + 15) / 16 * 16;
    shared = gemv.argmax ? argmaxAt + 8 * warps + 4 : staged;
  }
  int64_t rows;  ///< outputs per warp
  int64_t warps; ///< per block
  int64_t unroll;
  int64_t lines; ///< weight rows per warp
  int64_t blocks;
  bool full; ///< every warp has all its outputs
  int64_t argmaxAt = 0;
  int64_t shared = 0;
};

/// Elements of a row that one thread may hold while it normalises.
constexpr int64_t mostHeld = 64;

/// {rows}: outputs per warp; {warps}: warps per block; {unroll}: pieces per
/// lane and line in flight. All give the same sums (gemv.cuh); a norm's order
/// depends on warps (norm.cuh).
class GemvFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "gemv"; }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    GemvGroup gemv;
    if (Verdict verdict = GemvGroup::match(group, gemv); !verdict) {
      return verdict;
    }
    if (gemv.argmax && gemv.lines() > 0x7fffffff) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "more than 2147483647 logits");
    }
    if (enumerate(group, device).empty()) {
      return Verdict::refused(
          plan::Reason::RefusedSharedMemory,
          "a row of " + std::to_string(gemv.width()) +
              " in shared memory and registers, wanted at most " +
              std::to_string(device.limits.sharedBytesPerBlock.value) +
              " bytes");
    }
    return Verdict::ok();
  }

  bool mayGrow(const GroupView &group) const override {
    return GemvGroup::mayGrow(group);
  }

  llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const override {
    GemvGroup gemv = GemvGroup::of(group);
    const int64_t outputs = gemv.outputs();
    const int64_t pieces = gemv.width() / pieceLength(gemv.width());
    const int64_t most = device.limits.threadsPerBlock.value / 32;
    llvm::SmallVector<KernelConfig> configs;
    auto add = [&](int64_t rows, int64_t warps, int64_t unroll) {
      const KernelConfig config{
          {"rows", rows}, {"unroll", unroll}, {"warps", warps}};
      const int64_t lines = rows * gemv.linesPerOutput();
      const bool held = !gemv.norm || pieces <= mostHeld / 8 * 32 * warps;
      // Weights and inputs in flight: at most 80 registers. A norm holds its
      // row beside the weights that were requested first.
      const bool fits =
          (lines + 1) * unroll <= 20 && (!gemv.norm || lines * unroll <= 12);
      if (rows <= outputs && warps <= most && lines <= 8 && held && fits &&
          static_cast<uint64_t>(Layout(gemv, config).shared) <=
              device.limits.sharedBytesPerBlock.value &&
          !llvm::is_contained(configs, config)) {
        configs.push_back(config);
      }
    };
    // The default: x is unpacked once for four lines; blocks as large as they
    // can be while every SM has one.
    const int64_t rows =
        std::min<int64_t>(outputs, 4) < 4 ? 1 : 4 / gemv.linesPerOutput();
    int64_t warps = 4;
    while (warps > 1 &&
           ceilDiv(outputs, rows * warps) < device.limits.sms.value) {
      warps /= 2;
    }
    add(rows, warps, 2);
    for (int64_t otherRows : {1, 2, 4, 8}) {
      for (int64_t otherWarps : {1, 4, 8}) {
        for (int64_t unroll : {1, 2, 4}) {
          add(otherRows, otherWarps, unroll);
        }
      }
    }
    // The widest rows need more threads to be normalised.
    if (gemv.norm) {
      add(1, 16, 1);
      add(1, 32, 1);
    }
    return configs;
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    GemvGroup gemv = GemvGroup::of(group);
    const Layout layout(gemv, config);
    KernelSignature signature = signatureOf(group, gemv, layout);
    const uint64_t width = gemv.width();
    const uint64_t lines = gemv.lines();
    const uint64_t warps = ceilDiv(gemv.outputs(), layout.rows);
    const uint64_t blocks = layout.blocks;
    if (gemv.norm) {
      // Every block normalises the row.
      signature.of(gemv.input).loadedBytes += 2 * width * blocks;
      signature.of(gemv.norm.getGain()).loadedBytes += 2 * width * blocks;
    } else {
      // Each warp with an output reads all of x.
      signature.of(gemv.input).loadedBytes += 2 * width * warps;
    }
    signature.of(gemv.linear.getWeight()).loadedBytes += 2 * width * lines;
    if (gemv.linear.getBias()) {
      signature.of(gemv.linear.getBias()).loadedBytes += 2 * lines;
    }
    if (gemv.residual) {
      signature.of(gemv.addend).loadedBytes += 2 * gemv.outputs();
      signature.of(gemv.residual).storedBytes += 2 * gemv.outputs();
    } else if (gemv.argmax) {
      signature.of(gemv.argmax).storedBytes += 4;
      for (llvm::StringRef part : {"bestValues", "bestIndices"}) {
        signature.workspace(part).loadedBytes = 4 * blocks;
        signature.workspace(part).storedBytes = 4 * blocks;
      }
      // One count per block, one reset.
      signature.workspace("arrivals").loadedBytes = 4 * (blocks + 1);
      signature.workspace("arrivals").storedBytes = 4 * (blocks + 1);
      if (gemv.storesLogits) {
        signature.of(gemv.linear).storedBytes += 2 * lines;
      }
    } else {
      const mlir::Value last =
          gemv.swiglu ? gemv.swiglu.getResult() : gemv.linear.getResult();
      signature.of(last).storedBytes += 2 * gemv.outputs();
    }
    Work work = signature.work(launchOf(layout), workload);
    for (ParamWork &param : work.params) {
      const uint64_t whole = param.count * dtypeBytes(param.dtype);
      param.uniqueLoaded = std::min(param.loadedBytes, whole);
      param.uniqueStored = std::min(param.storedBytes, whole);
    }
    // Each lane's first pieces of every line.
    const uint64_t pieces = width / pieceLength(width);
    const uint64_t first = pieces >= static_cast<uint64_t>(32 * layout.unroll)
                               ? 32 * layout.unroll
                               : std::min<uint64_t>(pieces, 32);
    work.prefetchBytes = 2 * lines * first * pieceLength(width);
    return work;
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const override {
    GemvGroup gemv = GemvGroup::of(group);
    llvm::SmallVector<llvm::StringRef> texts = {"pieces.cuh"};
    if (gemv.norm) {
      texts.push_back("norm.cuh");
    }
    texts.push_back("gemv.cuh");
    if (gemv.argmax) {
      llvm::append_range(
          texts, llvm::ArrayRef<llvm::StringRef>{"argmax.cuh", "arrive.cuh",
                                                 "gemv_argmax.cuh"});
    }
    return texts;
  }

  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override {
    GemvGroup gemv = GemvGroup::of(group);
    const Layout layout(gemv, config);
    KernelSignature signature = signatureOf(group, gemv, layout);
    emitConstants(gemv, layout, writer);
    CudaWriter::Scope kernel = signature.openKernel(writer, launchOf(layout));
    const std::string pair = gemv.pair > 0   ? "kOutputs"
                             : gemv.pair < 0 ? "-1"
                                             : "0";
    const std::string weight = signature.name(gemv.linear.getWeight());
    writer.line("const i64 row = gemvFirstRow<kRowsPerWarp>();");
    writer.line(layout.full ? "constexpr int rows = kRowsPerWarp;"
                            : "const int rows = gemvRowCount<kOutputs, "
                              "kRowsPerWarp>(row);");
    writer.line("GemvStart<kWidth, " + llvm::Twine(pieceLength(gemv.width())) +
                ", kLinesPerWarp, " + llvm::Twine(layout.unroll) + "> start;");
    writer.call("requestStart<" + pair + ">", {weight, "row", "rows", "start"});
    writer.line("waitForProducers();");
    std::string x = signature.name(gemv.input);
    if (gemv.norm) {
      writer.line("const Shared<bf16> normed = stageNorm<kWidth, " +
                  llvm::Twine(pieceLength(gemv.width())) + ", " +
                  llvm::Twine(layout.warps) + ">(" + x + ", " +
                  signature.name(gemv.norm.getGain()) + ", kEps);");
      x = "normed";
    }
    if (gemv.argmax) {
      writer.line("float best = asFloat(0xff800000u);");
      writer.line("i32 index = noIndex;");
    }
    {
      std::optional<CudaWriter::Scope> some;
      if (!layout.full) {
        some.emplace(writer.scope("if (rows > 0)"));
      }
      writer.line("float sums[kLinesPerWarp];");
      writer.call("gemvRows<" + pair + ">",
                  {x, weight, "row", "rows", "start", "sums"});
      emitEpilogue(gemv, signature, pair, writer);
    }
    if (gemv.argmax) {
      writer.call("storeArgMax<" + llvm::Twine(layout.warps) + ">",
                  {signature.name(gemv.argmax),
                   signature.workspace("bestValues").name,
                   signature.workspace("bestIndices").name,
                   signature.workspace("arrivals").name,
                   std::to_string(layout.argmaxAt), "best", "index"});
    }
  }

private:
  static LaunchShape launchOf(const Layout &layout) {
    LaunchShape shape;
    shape.threads = 32 * layout.warps;
    shape.gridX = layout.blocks;
    shape.sharedBytes = layout.shared;
    // 16 warps per SM leave 128 registers; the 64 accumulators of 8 lines need
    // more.
    shape.blocksPerSm =
        std::max<int64_t>((layout.lines == 8 ? 8 : 16) / layout.warps, 1);
    return shape;
  }

  static KernelSignature signatureOf(const GroupView &group, GemvGroup &gemv,
                                     const Layout &layout) {
    llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>> roles;
    auto add = [&](mlir::Value value, llvm::StringRef role) {
      if (value) {
        roles.emplace_back(group.source(value), role);
      }
    };
    add(gemv.input, "x");
    add(gemv.linear.getWeight(), "weight");
    add(gemv.linear.getBias(), "bias");
    add(gemv.addend, "residual");
    if (gemv.norm) {
      add(gemv.norm.getGain(), "gain");
    }
    if (gemv.argmax) {
      add(gemv.argmax.getResult(), "ids");
      add(gemv.linear.getResult(), "logits");
    }
    KernelSignature signature(group, roles);
    if (gemv.argmax) {
      signature.addWorkspace("bestValues", DType::F32, layout.blocks);
      signature.addWorkspace("bestIndices", DType::I32, layout.blocks);
      signature.addWorkspace("arrivals", DType::U32, 1);
    }
    return signature;
  }

  static void emitConstants(GemvGroup &gemv, const Layout &layout,
                            CudaWriter &writer) {
    writer.constant("kOutputs", static_cast<uint64_t>(gemv.outputs()));
    writer.constant("kWidth", static_cast<uint64_t>(gemv.width()));
    writer.constant("kRowsPerWarp", static_cast<uint64_t>(layout.rows));
    writer.constant("kLinesPerWarp", static_cast<uint64_t>(layout.lines));
    if (gemv.norm) {
      writer.constant("kEps", static_cast<float>(gemv.norm.epsValue()));
    }
    if (gemv.argmax) {
      writer.constant("kLimit",
                      static_cast<uint64_t>(gemv.argmax.getLimit()
                                                ? *gemv.argmax.getLimit()
                                                : gemv.lines()));
    }
    writer.line();
  }

  static void emitEpilogue(GemvGroup &gemv, const KernelSignature &signature,
                           const std::string &pair, CudaWriter &writer) {
    CudaWriter::Scope first = writer.scope("if (laneIndex() == 0)");
    if (gemv.linear.getBias()) {
      writer.call(
          "addBias<" + pair + ">",
          {signature.name(gemv.linear.getBias()), "row", "rows", "sums"});
    }
    if (gemv.argmax) {
      writer.line("takeLogits<kLimit>(row, rows, sums, best, index);");
      if (!gemv.storesLogits) {
        return;
      }
    }
    if (gemv.residual) {
      writer.call("storeResidual",
                  {signature.name(gemv.residual), signature.name(gemv.addend),
                   "row", "rows", "sums"});
    } else if (gemv.swiglu) {
      writer.call("storeSwiglu<" + pair + ">",
                  {signature.name(gemv.swiglu), "row", "rows", "sums"});
    } else {
      writer.call("storeOutputs",
                  {signature.name(gemv.linear), "row", "rows", "sums"});
    }
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeGemvFamily() {
  return std::make_unique<GemvFamily>();
}

} // namespace sinter::codegen
