//===- SkinnyFamily.cpp - Linear layers of 2 to 16 rows -------------------===//

#include "codegen/families/GemvGroup.h"
#include "codegen/families/OpKernel.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

/// A configuration in numbers; skinny.cuh has the words.
struct Layout {
  Layout(GemvGroup &group, const KernelConfig &config)
      : rows(group.rows()), lines(config.get("lines")),
        outputs(lines / group.linesPerOutput()), slices(config.get("slices")),
        turns(config.get("turns")), warps(config.get("warps")),
        late(config.get("late", 0) != 0), halves(rows > 8 ? 2 : 1),
        octets(lines == 8 ? 1 : 2), groups(lines / (8 * octets)),
        pieces(group.width() / 8), depth(ceilDiv(pieces, 4 * warps * slices)),
        batches(ceilDiv(group.outputs(), outputs)),
        blocks(ceilDiv(batches, turns)),
        full(group.outputs() % (outputs * turns) == 0) {
    const int64_t sums = 4 * warps * 8 * halves;
    const int64_t buffers = turns == 1 ? 1 : 2;
    argmaxAt = sums + 4 * buffers * warps * rows * (lines == 8 ? 8 : lines + 8);
    shared = argmaxAt + (group.argmax ? 8 * outputs * rows + 4 : 0);
  }
  int64_t rows;    ///< of x
  int64_t lines;   ///< of a batch
  int64_t outputs; ///< of a batch and row
  int64_t slices;  ///< of the depth
  int64_t turns;   ///< batches of a block
  int64_t warps;   ///< of a block, each with a share of every slice
  bool late;       ///< consumers may start behind the wait, not before it
  int64_t halves;  ///< of 8 rows
  int64_t octets;  ///< of lines in a group
  int64_t groups;  ///< of a batch
  int64_t pieces;  ///< of 8 elements in a row
  int64_t depth;   ///< chunks of four pieces that a warp has of a slice
  int64_t batches;
  int64_t blocks;
  bool full; ///< every block has all its outputs
  int64_t argmaxAt = 0;
  int64_t shared = 0;

  uint64_t threads() const { return 32 * warps; }
  bool even() const { return pieces == 4 * warps * slices * depth; }
  /// Registers that a thread needs, an upper bound found by compiling: 4 per
  /// piece of weights, 8 per chunk of x, 8 sums an octet in each group that
  /// waits for more slices, what addresses and counts.
  int64_t registers(GemvGroup &group) const {
    const int64_t each = ceilDiv(outputs * rows, 32 * warps);
    int64_t count = 4 * depth * (octets + 2) +
                    8 * octets * (slices > 1 ? groups : 1) + 4 * each +
                    (slices * turns * groups > 1 ? 40 : 16);
    if (group.norm) {
      count += 4 * ceilDiv(depth, 8) + 4 * halves;
      count += depth > 4 ? 3 * depth * halves : 0;
    }
    if (!full || !even()) {
      count += 2 * depth + 4; // a predicate for each piece
    }
    // The next step is asked for beside what is multiplied.
    if (groups > 1) {
      count += 4 * depth * octets + 16;
    } else if (turns > 1 && slices == 1) {
      count += 2 * depth * octets;
    }
    return count;
  }
};

constexpr int64_t mostRows = 16;
/// Chunks of a warp in a slice: 64 registers of weights.
constexpr int64_t mostDepth = 8;

/// {warps} of a block share each line, {lines} at a time, {turns} times, the
/// depth in {slices}. {late} = 1 lets consumers start behind the wait. The
/// order of a sum depends on warps alone.
class SkinnyFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "skinny"; }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    GemvGroup linear;
    if (Verdict verdict = GemvGroup::match(group, 2, mostRows, linear);
        !verdict) {
      return verdict;
    }
    if (linear.width() % 8 != 0) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "a width of " + std::to_string(linear.width()) +
                                  ", wanted a multiple of 8");
    }
    if (linear.lines() > 0x7fffffff) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "more than 2147483647 lines");
    }
    if (enumerate(group, device).empty()) {
      return refuse(linear, Layout(linear, smallest(linear)), device);
    }
    return Verdict::ok();
  }

  bool mayGrow(const GroupView &group) const override {
    return GemvGroup::mayGrow(group);
  }

  llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const override {
    GemvGroup linear = GemvGroup::of(group);
    const auto sms = static_cast<int64_t>(device.limits.sms.value);
    const int64_t chunks = ceilDiv(linear.width(), 32);
    llvm::SmallVector<KernelConfig> configs;
    auto add = [&](int64_t lines, int64_t slices, int64_t turns,
                   int64_t warps) {
      const KernelConfig config{{"lines", lines},
                                {"slices", slices},
                                {"turns", turns},
                                {"warps", warps}};
      const Layout layout(linear, config);
      if (refuse(linear, layout, device) &&
          (turns == 1 || layout.blocks >= sms) &&
          !llvm::is_contained(configs, config)) {
        configs.push_back(config);
      }
    };
    // Fewer lines where SMs would have none.
    const int64_t first = linear.lines() < 16 * sms ? 8 : 16;
    for (int64_t lines : {first, 24 - first, int64_t{32}}) {
      const int64_t outputs = lines / linear.linesPerOutput();
      if (lines > 8 && outputs >= 2 * linear.outputs()) {
        continue;
      }
      for (int64_t warps : {8, 16, 4, 12, 6}) {
        if (warps > chunks && warps != 4) {
          continue;
        }
        for (int64_t most : {4, 8}) {
          // As few slices as this depth needs.
          const int64_t slices = ceilDiv(chunks, warps * most);
          add(lines, slices, 1, warps);
          for (int64_t resident : {1, 2, 3, 4}) {
            add(lines, slices,
                ceilDiv(linear.outputs(), outputs * sms * resident), warps);
          }
        }
      }
    }
    if (configs.empty()) {
      const KernelConfig config = smallest(linear);
      if (refuse(linear, Layout(linear, config), device)) {
        configs.push_back(config);
      }
    }
    return configs;
  }

  Verdict admits(const GroupView &group, const KernelConfig &config,
                 const DeviceSpec &device) const override {
    auto unfit = [&](const std::string &wanted) {
      return Verdict::refused(plan::Reason::RefusedConfiguration,
                              "'" + config.text() + "', wanted " + wanted);
    };
    if (!config.hasNames({"lines", "slices", "turns", "warps"}, "late")) {
      return unfit("lines, slices, turns and warps, perhaps late");
    }
    if (const int64_t late = config.get("late", 0); late < 0 || late > 1) {
      return unfit("late of 0 or 1");
    }
    GemvGroup linear = GemvGroup::of(group);
    const int64_t lines = config.get("lines");
    if (lines < 8 || lines > 32 || !llvm::isPowerOf2_64(lines)) {
      return unfit("8, 16 or 32 lines");
    }
    const int64_t warps = config.get("warps");
    if (warps < 1 || warps > 32) {
      return unfit("1 to 32 warps");
    }
    const int64_t chunks = ceilDiv(linear.width(), 32);
    const int64_t slices = config.get("slices");
    const int64_t mostSlices = ceilDiv(chunks, warps);
    const int64_t leastSlices = ceilDiv(chunks, warps * mostDepth);
    if (slices < leastSlices || slices > mostSlices) {
      return unfit(std::to_string(leastSlices) + " to " +
                   std::to_string(mostSlices) + " slices");
    }
    const int64_t turns = config.get("turns");
    const int64_t mostTurns =
        ceilDiv(linear.outputs(), lines / linear.linesPerOutput());
    if (turns < 1 || turns > mostTurns) {
      return unfit("1 to " + std::to_string(mostTurns) + " turns");
    }
    return refuse(linear, Layout(linear, config), device);
  }

  /// "8 rows, norm 4096x1024".
  std::string tunedName(const GroupView &group) const override {
    GemvGroup linear = GemvGroup::of(group);
    return std::to_string(linear.rows()) + " rows, " + linear.tunedName();
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    GemvGroup linear = GemvGroup::of(group);
    const Layout layout(linear, config);
    KernelSignature signature = linear.signature(group, layout.blocks);
    const uint64_t rows = layout.rows;
    const uint64_t width = linear.width();
    const uint64_t lines = linear.lines();
    const uint64_t blocks = layout.blocks;
    const uint64_t outputs = rows * linear.outputs();
    // x once per block, or in slices once per batch, and then once more for a
    // norm.
    const uint64_t passes = layout.slices == 1 ? blocks : layout.batches;
    uint64_t elements = width * passes;
    if (linear.norm) {
      signature.of(linear.norm.getGain()).loadedBytes += 2 * width * passes;
      elements += layout.slices == 1 ? 0 : width * blocks;
    }
    signature.of(linear.input).loadedBytes += 2 * rows * elements;
    signature.of(linear.linear.getWeight()).loadedBytes += 2 * width * lines;
    if (linear.linear.getBias()) {
      signature.of(linear.linear.getBias()).loadedBytes += 2 * lines * rows;
    }
    if (linear.residual) {
      signature.of(linear.addend).loadedBytes += 2 * outputs;
      signature.of(linear.residual).storedBytes += 2 * outputs;
    } else if (linear.argmax) {
      signature.of(linear.argmax).storedBytes += 4 * rows;
      for (llvm::StringRef part : {"bestValues", "bestIndices"}) {
        signature.workspace(part).loadedBytes = 4 * blocks * rows;
        signature.workspace(part).storedBytes = 4 * blocks * rows;
      }
      // One count per block, one reset.
      signature.workspace("arrivals").loadedBytes = 4 * (blocks + 1);
      signature.workspace("arrivals").storedBytes = 4 * (blocks + 1);
      if (linear.storesLogits) {
        signature.of(linear.linear).storedBytes += 2 * outputs;
      }
    } else {
      const mlir::Value last =
          linear.swiglu ? linear.swiglu.getResult() : linear.linear.getResult();
      signature.of(last).storedBytes += 2 * outputs;
    }
    Work work = signature.work(launchOf(linear, layout), workload);
    if (linear.argmax) {
      work.joinedBytes = 8 * blocks * rows; // a pair of each
    }
    for (ParamWork &param : work.params) {
      const uint64_t whole = param.count * dtypeBytes(param.dtype);
      param.uniqueLoaded = std::min(param.loadedBytes, whole);
      param.uniqueStored = std::min(param.storedBytes, whole);
    }
    // mma.m16n8k16 on whole tiles.
    work.tensorFlops = uint64_t{2} * 16 * 8 * 16 *
                       (layout.batches * layout.groups * layout.octets *
                        layout.warps * layout.slices * layout.depth * 2);
    // The warps' parts are added; a norm widens, squares, scales and rounds.
    work.fmaSlots = rows * lines * (layout.warps + 4) +
                    (linear.norm ? 6 * rows * elements : 0);
    const uint64_t slice =
        8 * std::min(layout.pieces, 4 * layout.warps * layout.depth);
    // The first group of the first batch of every block in the first slice and
    // the biases of the batch; the gain, which all blocks share.
    work.prefetchBytes = 2 * (requestedLines(linear, layout, true) * slice);
    if (linear.linear.getBias()) {
      work.prefetchBytes += 2 * requestedLines(linear, layout, false);
    }
    if (linear.norm && layout.slices == 1) {
      work.prefetchBytes += 2 * width;
    }
    return work;
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const override {
    GemvGroup linear = GemvGroup::of(group);
    llvm::SmallVector<llvm::StringRef> texts = {"pieces.cuh"};
    if (linear.norm) {
      texts.push_back("norm.cuh");
    }
    llvm::append_range(
        texts, llvm::ArrayRef<llvm::StringRef>{"gemv.cuh", "gemv_parts.cuh",
                                               "tiles.cuh", "skinny.cuh"});
    if (linear.norm) {
      texts.push_back("skinny_norm.cuh");
    }
    texts.push_back("skinny_layer.cuh");
    if (linear.argmax) {
      llvm::append_range(
          texts, llvm::ArrayRef<llvm::StringRef>{"argmax.cuh", "arrive.cuh",
                                                 "skinny_argmax.cuh"});
    }
    return texts;
  }

  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override {
    GemvGroup linear = GemvGroup::of(group);
    const Layout layout(linear, config);
    KernelSignature signature = linear.signature(group, layout.blocks);
    emitConstants(linear, layout, writer);
    CudaWriter::Scope kernel =
        signature.openKernel(writer, launchOf(linear, layout), Wait::InBody);
    const std::string prologue =
        linear.norm ? "NormRows<Shape>{" +
                          signature.name(linear.norm.getGain()) + ", kEps}"
                    : "PlainRows{}";
    if (linear.argmax) {
      writer.line(linear.storesLogits ? "Logits epilogue = { {}, " +
                                            signature.name(linear.linear) + "};"
                                      : "Logits epilogue = {};");
      writer.line("epilogue.clear();");
    } else {
      const auto [type, made] = linear.epilogue(signature);
      writer.line("EachRow<kOutputs, " + type + "> epilogue = { " + made +
                  "};");
    }
    writer.call("skinny<Shape>",
                {signature.name(linear.input),
                 signature.name(linear.linear.getWeight()), prologue,
                 linear.bias(signature), "epilogue"});
    if (linear.argmax) {
      writer.call("storeRowArgMax<Shape>",
                  {signature.name(linear.argmax),
                   signature.workspace("bestValues").name,
                   signature.workspace("bestIndices").name,
                   signature.workspace("arrivals").name,
                   std::to_string(layout.argmaxAt), "epilogue"});
    }
  }

private:
  /// What fits most easily: 8 lines, one chunk of a warp at a time.
  static KernelConfig smallest(GemvGroup &linear) {
    const int64_t chunks = ceilDiv(linear.width(), 32);
    const int64_t warps = std::min<int64_t>(chunks, 4);
    return {{"lines", 8},
            {"slices", ceilDiv(chunks, warps)},
            {"turns", 1},
            {"warps", warps}};
  }

  /// Weight lines of the first batches of all blocks, or of their first group.
  static uint64_t requestedLines(GemvGroup &linear, const Layout &layout,
                                 bool group) {
    uint64_t lines = 0;
    const int64_t most = group ? 8 * layout.octets : layout.lines;
    // Every block but the last one, which may lack outputs.
    for (int64_t block : {int64_t{0}, layout.blocks - 1}) {
      const int64_t first = block * layout.outputs * layout.turns;
      uint64_t count = 0;
      for (int64_t r = 0; r < most; ++r) {
        const int64_t output = linear.pair == 0  ? r
                               : linear.pair > 0 ? r % layout.outputs
                                                 : r / 2;
        count += first + output < linear.outputs();
      }
      lines += block == layout.blocks - 1 ? count : count * (layout.blocks - 1);
      if (layout.blocks == 1) {
        break;
      }
    }
    return lines;
  }

  /// What the device lacks for a configuration.
  static Verdict refuse(GemvGroup &linear, const Layout &layout,
                        const DeviceSpec &device) {
    const auto &limits = device.limits;
    const uint64_t threads = layout.threads();
    auto beyond = [](plan::Reason reason, const std::string &found,
                     uint64_t most) {
      return Verdict::refused(reason, found + ", wanted at most " +
                                          std::to_string(most));
    };
    if (threads > limits.threadsPerBlock.value) {
      return beyond(plan::Reason::RefusedBlockSize,
                    std::to_string(threads) + " threads",
                    limits.threadsPerBlock.value);
    }
    if (static_cast<uint64_t>(layout.shared) >
        limits.sharedBytesPerBlock.value) {
      return beyond(plan::Reason::RefusedSharedMemory,
                    std::to_string(layout.shared) + " bytes",
                    limits.sharedBytesPerBlock.value);
    }
    const int64_t each = layout.registers(linear);
    if (each > 255) {
      return beyond(plan::Reason::RefusedRegisters,
                    std::to_string(each) + " registers for a thread", 255);
    }
    if (threads * each > limits.registersPerSm.value) {
      return beyond(plan::Reason::RefusedRegisters,
                    std::to_string(threads * each) +
                        " registers for a block of " + std::to_string(threads) +
                        " threads",
                    limits.registersPerSm.value);
    }
    return Verdict::ok();
  }

  static LaunchShape launchOf(GemvGroup &linear, const Layout &layout) {
    LaunchShape shape;
    shape.threads = layout.threads();
    shape.gridX = layout.blocks;
    shape.sharedBytes = layout.shared;
    // All supported GPUs have at least 1,536 threads per SM.
    shape.blocksPerSm = std::clamp<uint32_t>(
        residentBlocks(shape.threads, layout.registers(linear)), 1,
        std::max<uint32_t>(1536 / shape.threads, 1));
    return shape;
  }

  static void emitConstants(GemvGroup &linear, const Layout &layout,
                            CudaWriter &writer) {
    auto number = [&](llvm::StringRef name, int64_t value) {
      writer.constant(name, static_cast<uint64_t>(value));
    };
    number("kRows", layout.rows);
    number("kOutputs", linear.outputs());
    number("kWidth", linear.width());
    number("kWarps", layout.warps);
    number("kLines", layout.lines);
    number("kSlices", layout.slices);
    number("kTurns", layout.turns);
    if (linear.norm) {
      writer.constant("kEps", static_cast<float>(linear.norm.epsValue()));
    }
    writer.line("using Shape = SkinnyShape<kRows, kWidth, kWarps, kOutputs, "
                "kLines, kSlices,");
    writer.line("                          kTurns, " + linear.pairText() +
                (layout.late ? ", true>;" : ">;"));
    if (linear.argmax) {
      const uint64_t limit = linear.argmax.getLimit().value_or(
          static_cast<uint64_t>(linear.lines()));
      writer.line((linear.storesLogits
                       ? "using Logits = StoreRowLogits<Shape, "
                       : "using Logits = TakeRowLogits<Shape, ") +
                  std::to_string(limit) + ">;");
    }
    writer.line();
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeSkinnyFamily() {
  return std::make_unique<SkinnyFamily>();
}

} // namespace sinter::codegen
