//===- GemvFamily.cpp - Linear layers of one row --------------------------===//

#include "codegen/families/GemvGroup.h"
#include "codegen/families/OpKernel.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

/// A configuration in numbers; gemv.cuh has the words.
struct Layout {
  Layout(GemvGroup &gemv, const KernelConfig &config)
      : rows(config.get("rows")), turns(config.get("turns")),
        unroll(config.get("unroll")), warps(config.get("warps")),
        lines(rows * gemv.linesPerOutput()),
        blocks(ceilDiv(gemv.outputs(), rows * turns)),
        pieces(gemv.width() / pieceLength(gemv.width())),
        share(ceilDiv(pieces, 32 * warps)),
        full(gemv.outputs() % (rows * turns) == 0),
        late(config.get("late", 0) != 0) {
    const int64_t buffers = turns == 1 ? 1 : 2;
    // GemvShape::end.
    const int64_t sums = 4 * ((warps + 3) / 4 * 4 + buffers * warps * lines);
    argmaxAt = (sums + 15) / 16 * 16;
    shared = gemv.argmax ? argmaxAt + 8 * warps + 4 : sums;
  }
  int64_t rows;   ///< outputs of a batch
  int64_t turns;  ///< batches of a block
  int64_t unroll; ///< pieces per thread and line in flight
  int64_t warps;  ///< of a block
  int64_t lines;  ///< weight rows of a batch
  int64_t blocks;
  int64_t pieces; ///< of a row
  int64_t share;  ///< of them, a thread's
  bool full;      ///< every block has all its outputs
  bool late;      ///< consumers may start behind the wait, not before it
  int64_t argmaxAt = 0;
  int64_t shared = 0;

  /// Registers that a thread needs, an upper bound found by compiling every
  /// configuration for every architecture: 4 per piece of weights, row and
  /// gain, one per line, and what addresses and counts.
  int64_t registers(bool norm) const {
    int64_t count = 4 * lines * unroll + (norm ? 8 : 4) * share + lines + 36;
    if (turns > 1) {
      count += 2 * lines + 16; // the next batch is asked for before the sums
    }
    if (share > 1) {
      count += 4 * lines; // accumulators between the pieces
    }
    if (pieces % (32 * warps) != 0) {
      count += 2 * lines; // a predicate for each piece
    }
    return full ? count : count + lines;
  }
};

/// Pieces of a row that one thread may hold: 32 registers.
constexpr int64_t mostHeld = 8;

/// {warps} of a block share each line, {rows} outputs at a time, {turns} times;
/// {unroll}: pieces per thread and line in flight. {late} = 1 lets consumers
/// start behind the wait: their blocks then find room that ends with the
/// producer's. The order of a sum depends on warps alone.
class GemvFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "gemv"; }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    GemvGroup gemv;
    if (Verdict verdict = GemvGroup::match(group, 1, 1, gemv); !verdict) {
      return verdict;
    }
    if (gemv.lines() > 0x7fffffff) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "more than 2147483647 lines");
    }
    if (enumerate(group, device).empty()) {
      const Layout least(gemv, {{"rows", 1},
                                {"turns", 1},
                                {"unroll", 1},
                                {"warps", widestWarps(gemv)}});
      return refuse(gemv, least, device);
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
    const auto sms = static_cast<int64_t>(device.limits.sms.value);
    llvm::SmallVector<KernelConfig> configs;
    auto add = [&](int64_t rows, int64_t warps, int64_t turns) {
      const int64_t lines = rows * gemv.linesPerOutput();
      if (rows > outputs || lines > 16) {
        return;
      }
      const int64_t pieces = gemv.width() / pieceLength(gemv.width());
      const int64_t share = ceilDiv(pieces, 32 * warps);
      const int64_t unroll =
          std::clamp<int64_t>(mostInFlight / lines, 1, share);
      const KernelConfig config{{"rows", rows},
                                {"turns", turns},
                                {"unroll", unroll},
                                {"warps", warps}};
      const Layout layout(gemv, config);
      if (refuse(gemv, layout, device) &&
          (turns == 1 || layout.blocks >= sms) &&
          !llvm::is_contained(configs, config)) {
        configs.push_back(config);
      }
    };
    // The default: each thread one piece of every line, or as few as a block
    // can have; 8 lines at a time, where every SM gets some.
    const int64_t warps = widestWarps(gemv);
    int64_t rows = 8 / gemv.linesPerOutput();
    while (rows > 1 && ceilDiv(outputs, rows) < sms) {
      rows /= 2;
    }
    add(rows, warps, 1);
    for (int64_t otherWarps : {warps, warps / 2, warps / 3, warps / 4}) {
      for (int64_t otherRows : {16, 8, 4, 2, 1}) {
        if (otherWarps == 0) {
          continue;
        }
        add(otherRows, otherWarps, 1);
        // One wave: as many blocks as the SMs hold, each with its turns. Narrow
        // blocks gain nothing by it and run out of registers.
        if (otherWarps < 3 && otherWarps < warps) {
          continue;
        }
        for (int64_t resident : {1, 2, 3, 4, 6}) {
          add(otherRows, otherWarps,
              ceilDiv(outputs, otherRows * sms * resident));
        }
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
    if (!config.hasNames({"rows", "turns", "unroll", "warps"}, "late")) {
      return unfit("rows, turns, unroll and warps, perhaps late");
    }
    if (const int64_t late = config.get("late", 0); late < 0 || late > 1) {
      return unfit("late of 0 or 1");
    }
    GemvGroup gemv = GemvGroup::of(group);
    const int64_t outputs = gemv.outputs();
    const int64_t rows = config.get("rows");
    const int64_t most = 16 / gemv.linesPerOutput();
    if (rows < 1 || rows > std::min(outputs, most) ||
        !llvm::isPowerOf2_64(rows)) {
      return unfit("rows of a power of two up to " +
                   std::to_string(std::min(outputs, most)));
    }
    const int64_t warps = config.get("warps");
    if (warps < 1 || warps > 32) {
      return unfit("1 to 32 warps");
    }
    const int64_t turns = config.get("turns");
    const int64_t mostTurns = ceilDiv(outputs, rows);
    if (turns < 1 || turns > mostTurns) {
      return unfit("1 to " + std::to_string(mostTurns) + " turns");
    }
    const int64_t unroll = config.get("unroll");
    const int64_t share =
        ceilDiv(gemv.width() / pieceLength(gemv.width()), 32 * warps);
    if (unroll < 1 || unroll > share) {
      return unfit("an unroll of 1 to " + std::to_string(share));
    }
    return refuse(gemv, Layout(gemv, config), device);
  }

  std::string tunedName(const GroupView &group) const override {
    return GemvGroup::of(group).tunedName();
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    GemvGroup gemv = GemvGroup::of(group);
    const Layout layout(gemv, config);
    KernelSignature signature = gemv.signature(group, layout.blocks);
    const uint64_t width = gemv.width();
    const uint64_t lines = gemv.lines();
    const uint64_t blocks = layout.blocks;
    // Every block reads, and normalises, the row once.
    signature.of(gemv.input).loadedBytes += 2 * width * blocks;
    if (gemv.norm) {
      signature.of(gemv.norm.getGain()).loadedBytes += 2 * width * blocks;
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
    Work work = signature.work(launchOf(gemv, layout), workload);
    if (gemv.argmax) {
      work.joinedBytes = 8 * blocks; // a pair of each
    }
    for (ParamWork &param : work.params) {
      const uint64_t whole = param.count * dtypeBytes(param.dtype);
      param.uniqueLoaded = std::min(param.loadedBytes, whole);
      param.uniqueStored = std::min(param.storedBytes, whole);
    }
    // The first pieces of the first batch of every block and its biases; the
    // gain, which all blocks share.
    const uint64_t outputs = gemv.outputs();
    const uint64_t each = layout.rows * layout.turns;
    const uint64_t first = outputs / each * layout.rows +
                           std::min<uint64_t>(outputs % each, layout.rows);
    const uint64_t requested =
        std::min<uint64_t>(layout.pieces, layout.unroll * 32 * layout.warps);
    work.prefetchBytes =
        2 * first * gemv.linesPerOutput() *
            (requested * pieceLength(gemv.width()) +
             (gemv.linear.getBias() ? uint64_t{1} : uint64_t{0})) +
        (gemv.norm ? 2 * width : 0);
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
    texts.push_back("gemv_parts.cuh");
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
    KernelSignature signature = gemv.signature(group, layout.blocks);
    emitConstants(gemv, layout, writer);
    CudaWriter::Scope kernel =
        signature.openKernel(writer, launchOf(gemv, layout), Wait::InBody);
    const std::string piece = std::to_string(pieceLength(gemv.width()));
    const std::string prologue =
        gemv.norm ? "NormInput<kWidth, " + piece + ", kWarps>{" +
                        signature.name(gemv.norm.getGain()) + ", kEps}"
                  : "PlainInput{}";
    writer.line(epilogueOf(gemv, signature) + ";");
    writer.call("gemv<Shape>", {signature.name(gemv.input),
                                signature.name(gemv.linear.getWeight()),
                                prologue, gemv.bias(signature), "epilogue"});
    if (gemv.argmax) {
      writer.call("storeArgMax<kWarps>",
                  {signature.name(gemv.argmax),
                   signature.workspace("bestValues").name,
                   signature.workspace("bestIndices").name,
                   signature.workspace("arrivals").name,
                   std::to_string(layout.argmaxAt), "epilogue"});
    }
  }

private:
  /// Weight pieces that a thread may have in flight: 64 registers.
  static constexpr int64_t mostInFlight = 16;

  /// Warps at which a thread has one piece of a row, or the fewest above that
  /// at which it can hold its share.
  static int64_t widestWarps(GemvGroup &gemv) {
    const int64_t pieces = gemv.width() / pieceLength(gemv.width());
    const int64_t one = ceilDiv(pieces, 32);
    if (one <= 12) {
      return one;
    }
    // As even as can be: 8 warps or more, the smallest remainder.
    int64_t best = 8;
    int64_t idle = INT64_MAX;
    for (int64_t warps = 8; warps <= 16; ++warps) {
      const int64_t share = ceilDiv(pieces, 32 * warps);
      if (share <= mostHeld && share * 32 * warps - pieces < idle) {
        best = warps;
        idle = share * 32 * warps - pieces;
      }
    }
    return idle == INT64_MAX ? ceilDiv(pieces, 32 * mostHeld) : best;
  }

  /// What the device lacks for a configuration.
  static Verdict refuse(GemvGroup &gemv, const Layout &layout,
                        const DeviceSpec &device) {
    const auto &limits = device.limits;
    const uint64_t threads = 32 * layout.warps;
    if (layout.share > mostHeld || threads > limits.threadsPerBlock.value) {
      return Verdict::refused(plan::Reason::RefusedBlockSize,
                              "a row of " + std::to_string(gemv.width()) +
                                  " needs " + std::to_string(threads) +
                                  " threads, wanted at most " +
                                  std::to_string(limits.threadsPerBlock.value));
    }
    if (static_cast<uint64_t>(layout.shared) >
        limits.sharedBytesPerBlock.value) {
      return Verdict::refused(
          plan::Reason::RefusedSharedMemory,
          std::to_string(layout.shared) + " bytes, wanted at most " +
              std::to_string(limits.sharedBytesPerBlock.value));
    }
    const uint64_t registers = threads * layout.registers(!!gemv.norm);
    if (registers > limits.registersPerSm.value) {
      return Verdict::refused(
          plan::Reason::RefusedRegisters,
          std::to_string(registers) + " registers for a block of " +
              std::to_string(threads) + " threads, wanted at most " +
              std::to_string(limits.registersPerSm.value));
    }
    return Verdict::ok();
  }

  static LaunchShape launchOf(GemvGroup &gemv, const Layout &layout) {
    LaunchShape shape;
    shape.threads = 32 * layout.warps;
    shape.gridX = layout.blocks;
    shape.sharedBytes = layout.shared;
    // All supported GPUs have at least 1,536 threads per SM.
    shape.blocksPerSm = std::clamp<uint32_t>(
        residentBlocks(shape.threads, layout.registers(!!gemv.norm)), 1,
        std::max<uint32_t>(1536 / shape.threads, 1));
    return shape;
  }

  static void emitConstants(GemvGroup &gemv, const Layout &layout,
                            CudaWriter &writer) {
    auto number = [&](llvm::StringRef name, int64_t value) {
      writer.constant(name, static_cast<uint64_t>(value));
    };
    number("kOutputs", gemv.outputs());
    number("kWidth", gemv.width());
    number("kWarps", layout.warps);
    number("kLines", layout.lines);
    number("kUnroll", layout.unroll);
    number("kTurns", layout.turns);
    if (gemv.norm) {
      writer.constant("kEps", static_cast<float>(gemv.norm.epsValue()));
    }
    if (gemv.argmax) {
      writer.constant("kLimit", gemv.argmax.getLimit().value_or(
                                    static_cast<uint64_t>(gemv.lines())));
    }
    writer.line("using Shape = GemvShape<kWidth, " +
                llvm::Twine(pieceLength(gemv.width())) +
                ", kWarps, kOutputs, kLines, kUnroll,");
    writer.line("                        kTurns, " + gemv.pairText() +
                (layout.late ? ", true>;" : ">;"));
    writer.line();
  }

  /// "StoreOutput epilogue = {y}".
  static std::string epilogueOf(GemvGroup &gemv,
                                const KernelSignature &signature) {
    if (gemv.argmax) {
      return gemv.storesLogits ? "StoreLogits<kLimit> epilogue = { {}, " +
                                     signature.name(gemv.linear) + "}"
                               : "TakeLogits<kLimit> epilogue = {}";
    }
    const auto [type, made] = gemv.epilogue(signature);
    return type + " epilogue = " + made;
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeGemvFamily() {
  return std::make_unique<GemvFamily>();
}

} // namespace sinter::codegen
