//===- AttentionDecodeFamily.cpp - Few query rows against the cache -------===//

#include "codegen/families/AttentionGroup.h"
#include "codegen/families/OpKernel.h"
#include "ir/decoder/RopeFrequencies.h"
#include "ir/target/DeviceSpec.h"

#include "llvm/Support/MathExtras.h"

namespace sinter::codegen {

namespace {

/// A configuration in numbers; AttentionShape has the words.
struct Layout {
  Layout(const AttentionGroup &group, const KernelConfig &config)
      : heads(config.get("heads")), warps(config.get("warps")),
        depth(config.get("depth")), stages(config.get("stages")),
        splits(config.get("splits")),
        streams(warps * 32 / lanes(group.headDim, heads)),
        blocksPerRow(group.heads / heads), items(group.rows * blocksPerRow) {
    const auto padded = static_cast<int64_t>(llvm::PowerOf2Ceil(heads));
    const int64_t chunks =
        (heads * group.headDim + group.headDim + 2 * heads * streams +
         2 * streams * padded * (depth + 1) + 3) /
        4 * 4;
    arena = 4 * chunks + std::max(32 * stages * depth * 32 * warps,
                                  4 * streams * heads * group.headDim);
  }
  /// Of a stream.
  static int64_t lanes(int64_t headDim, int64_t heads) {
    return static_cast<int64_t>(
        std::max(llvm::PowerOf2Ceil(headDim / 8), llvm::PowerOf2Ceil(heads)));
  }
  /// Each lane has at most one score.
  static int64_t mostDepth(const AttentionGroup &group, int64_t heads) {
    return lanes(group.headDim, heads) /
           static_cast<int64_t>(llvm::PowerOf2Ceil(heads));
  }
  int64_t heads;
  int64_t warps;
  int64_t depth;  ///< positions of a stream per chunk
  int64_t stages; ///< chunks on their way
  int64_t splits;
  int64_t streams;      ///< of a block
  int64_t blocksPerRow; ///< and split
  int64_t items;        ///< rows times KV heads, or parts of KV heads
  int64_t arena = 0;    ///< bytes of shared memory

  /// Registers of a thread, an upper bound found by compiling: a chunk, query
  /// and product in floats, and the rest.
  int64_t registers() const { return 8 * depth + 16 * heads + 64; }
};

/// Splits that have positions: splitRange<splits, streams>(_, count).active.
int64_t activeSplits(int64_t count, const Layout &layout) {
  const int64_t each =
      ceilDiv(count, layout.splits * layout.streams) * layout.streams;
  return ceilDiv(count, each);
}

/// {heads}: query heads per block, a divisor of the query heads per KV head;
/// keys and values are read once for them. {warps} share out the positions of a
/// block, {splits} blocks those of a row and KV head. Every split makes the
/// query; the one with the newest position makes the newest key and appends.
class AttentionDecodeFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "attention_decode"; }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    AttentionGroup attention;
    if (Verdict verdict = AttentionGroup::match(group, attention); !verdict) {
      return verdict;
    }
    if (enumerate(group, device).empty()) {
      return Verdict::refused(
          plan::Reason::RefusedSharedMemory,
          std::to_string(Layout(attention, smallest(attention)).arena) +
              " bytes of shared memory, wanted at most " +
              std::to_string(device.limits.sharedBytesPerBlock.value));
    }
    if (attention.rows > 0xffff) {
      return Verdict::refused(plan::Reason::RefusedGridSize,
                              std::to_string(attention.kvHeads) + " x " +
                                  std::to_string(attention.rows) +
                                  " blocks, wanted at most 2147483647 x 65535");
    }
    return Verdict::ok();
  }

  bool mayGrow(const GroupView &group) const override {
    return AttentionGroup::mayGrow(group);
  }

  llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const override {
    const AttentionGroup attention = AttentionGroup::of(group);
    llvm::SmallVector<KernelConfig> configs;
    auto fits = [&](const KernelConfig &config) {
      const Layout layout(attention, config);
      const uint64_t threads = 32 * layout.warps;
      return (layout.splits == 1 || 32 * layout.splits <= attention.capacity) &&
             static_cast<uint64_t>(layout.arena) <=
                 device.limits.sharedBytesPerBlock.value &&
             threads <= device.limits.threadsPerBlock.value &&
             threads * layout.registers() <= 65536;
    };
    auto add = [&](int64_t splits, int64_t warps, int64_t depth,
                   int64_t stages) {
      // Accumulators of 8 heads are what the registers hold.
      for (int64_t heads = std::min<int64_t>(attention.perKvHead, 8);
           heads >= fewestHeads(attention); --heads) {
        const KernelConfig config{
            {"depth", std::min(depth, Layout::mostDepth(attention, heads))},
            {"heads", heads},
            {"splits", splits},
            {"stages", stages},
            {"warps", warps}};
        if (attention.perKvHead % heads == 0 && fits(config)) {
          configs.push_back(config);
        }
      }
    };
    add(1, 4, 4, 2);
    add(1, 8, 4, 4);
    if (fits(smallest(attention))) {
      configs.push_back(smallest(attention));
    }
    const int64_t items = attention.rows * attention.kvHeads;
    // Smaller blocks, or more than half the SMs, lost wherever measured.
    for (int64_t splits : {2, 4, 8, 16, 32}) {
      if (2 * items * splits <= static_cast<int64_t>(device.limits.sms.value)) {
        add(splits, 8, 4, 4);
        add(splits, 16, 2, 2);
      }
    }
    return configs;
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    AttentionGroup attention = AttentionGroup::of(group);
    const Layout layout(attention, config);
    KernelSignature signature = signatureOf(group, attention, layout);
    // The last token of a sequence attends `context` positions, the one before
    // it one less.
    uint64_t positions = 0; ///< attended, over the rows
    uint64_t active = 0;    ///< blocks with positions
    uint64_t weighed = 0;   ///< reads of joinSplits per head: maxima, own pair
    for (int64_t token = 0; token < attention.tokens(); ++token) {
      const int64_t count = std::max<int64_t>(workload.context - token, 1);
      positions += attention.batch * count;
      const uint64_t splits = activeSplits(count, layout);
      active += attention.batch * layout.blocksPerRow * splits;
      weighed += attention.batch * layout.blocksPerRow * splits * (splits + 2);
    }
    const uint64_t head = 2 * attention.headDim;
    const uint64_t outputs = layout.heads * attention.headDim;
    auto read = [&](mlir::Value value, uint64_t bytes, uint64_t unique) {
      ParamWork &param = signature.of(value);
      param.loadedBytes += bytes;
      param.uniqueLoaded += unique;
    };
    auto write = [&](mlir::Value value, uint64_t bytes) {
      ParamWork &param = signature.of(value);
      param.storedBytes += bytes;
      param.uniqueStored += bytes;
    };
    // Every thread reads its row's position.
    read(attention.attention.getPositions(),
         4 * layout.items * layout.splits * 32 * layout.warps,
         4 * attention.rows);
    // Every warp of a block with positions takes the gains, needed or not.
    const uint64_t gains = head * layout.warps * active;
    const uint64_t queryBytes = head * attention.rows * attention.heads;
    read(attention.query.input, 2 * outputs * active, queryBytes);
    if (attention.query.norm) {
      read(attention.query.norm.getGain(), gains, head);
    }
    auto traffic =
        mlir::cast<TrafficOpInterface>(attention.attention.getOperation());
    // The newest row, if made here, is not read back.
    const uint64_t cached =
        positions - (attention.keyAppend ? attention.rows : 0);
    const uint64_t cacheBytes = head * cached * layout.blocksPerRow;
    read(attention.keys, cacheBytes,
         std::min<uint64_t>(
             cacheBytes, traffic.getOperandTraffic(1, workload).uniqueBytes));
    read(attention.values, cacheBytes,
         std::min<uint64_t>(
             cacheBytes, traffic.getOperandTraffic(2, workload).uniqueBytes));
    write(attention.attention.getResult(), queryBytes);
    if (attention.keyAppend) {
      const uint64_t newest = head * attention.rows * attention.kvHeads;
      read(attention.key.input, newest, newest);
      read(attention.value.input, newest, newest);
      if (attention.key.norm) {
        read(attention.key.norm.getGain(), gains, head);
      }
      write(attention.keys, newest);
      write(attention.values, newest);
    }
    if (layout.splits > 1) {
      addWorkspaceBytes(signature, layout, active, weighed, outputs);
    }
    Work work = signature.work(launchOf(attention, layout), workload);
    work.prefetchBytes = prefetchBytes(attention, layout, workload);
    return work;
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const override {
    const AttentionGroup attention = AttentionGroup::of(group);
    llvm::SmallVector<llvm::StringRef> texts = {"pieces.cuh"};
    if (attention.rope()) {
      texts.push_back("rope.cuh"); // for its table
    }
    texts.push_back("attention_chunks.cuh");
    texts.push_back("attention_decode.cuh");
    if (makesHeads(attention)) {
      texts.push_back("attention_heads.cuh");
    }
    texts.push_back("arrive.cuh");
    texts.push_back("attention_split.cuh");
    return texts;
  }

  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override {
    AttentionGroup attention = AttentionGroup::of(group);
    const Layout layout(attention, config);
    KernelSignature signature = signatureOf(group, attention, layout);
    const bool split = layout.splits > 1;
    emitConstants(attention, layout, writer);
    CudaWriter::Scope kernel =
        signature.openKernel(writer, launchOf(attention, layout), Wait::InBody);
    writer.line("const i64 row = blockIndexY();");
    writer.line("const i64 head = static_cast<i64>(blockIndex() / kSplits) * "
                "kHeadsPerBlock;");
    writer.line(
        "const i64 kvHead = row / kTokens * kKvHeads + head / (kHeads / "
        "kKvHeads);");
    writer.line("const i64 first = (row * kHeads + head) * kHeadDim;");
    writer.line("const i64 line = kvHead * kCapacity * kHeadDim;");
    writer.line("const int count = load(" +
                signature.name(attention.attention.getPositions()) +
                ", row) + 1;");
    writer.line("const int split = blockIndex() % kSplits;");
    writer.line("const SplitRange range = splitRange<kSplits, "
                "Shape::streams>(split, count);");
    if (split) {
      CudaWriter::Scope idle = writer.scope("if (split >= range.active)");
      writer.line("return;");
    }
    // Rows of this step's tokens are written in this step.
    const std::string keys = signature.name(attention.keys);
    const std::string values = signature.name(attention.values);
    const std::string y = signature.name(attention.attention.getResult());
    writer.line("const int newest = count - 1;");
    writer.line("const int old = count - kTokens;");
    writer.call("requestRange<Shape>", {keys, values, "line", "range", "old"});
    emitHeads(attention, signature, writer);
    writer.call("attendRange<Shape, " +
                    llvm::Twine(attention.keyAppend ? "true" : "false") + ">",
                {keys, values, "line", "range", "newest",
                 makesHeads(attention) ? "pieces.value" : "Piece<8>{}",
                 "kScale"});
    if (split) {
      writer.line(
          "const int item = blockIndexY() * (kHeads / kHeadsPerBlock) +");
      writer.line("                 blockIndex() / kSplits;");
      writer.call("joinSplits<Shape, kSplits>",
                  {y, signature.workspace("stats").name,
                   signature.workspace("parts").name,
                   signature.workspace("arrivals").name, "item", "split",
                   "range.active", "first"});
    } else {
      writer.call("storeAttention<Shape>", {y, "first"});
    }
  }

private:
  /// Whoever appends must be alone with its KV head.
  static int64_t fewestHeads(const AttentionGroup &attention) {
    return attention.keyAppend ? attention.perKvHead : 1;
  }
  /// What asks least of a device.
  static KernelConfig smallest(const AttentionGroup &attention) {
    return {{"depth", 1},
            {"heads", fewestHeads(attention)},
            {"splits", 1},
            {"stages", 1},
            {"warps", 2}};
  }

  static bool makesHeads(const AttentionGroup &attention) {
    return attention.query.norm || attention.query.rope || attention.keyAppend;
  }

  static LaunchShape launchOf(const AttentionGroup &attention,
                              const Layout &layout) {
    LaunchShape launch;
    launch.gridX = layout.blocksPerRow * layout.splits;
    launch.gridY = attention.rows;
    launch.threads = 32 * layout.warps;
    launch.blocksPerSm = residentBlocks(launch.threads, layout.registers());
    launch.sharedBytes = layout.arena;
    return launch;
  }

  /// Rows of the cache in the first chunk of every block, but those of this
  /// step's tokens.
  static uint64_t prefetchBytes(const AttentionGroup &attention,
                                const Layout &layout,
                                const Workload &workload) {
    uint64_t rows = 0;
    for (int64_t token = 0; token < attention.tokens(); ++token) {
      const int64_t count = std::max<int64_t>(workload.context - token, 1);
      const int64_t old = std::max<int64_t>(count - attention.tokens(), 0);
      const int64_t each =
          ceilDiv(count, layout.splits * layout.streams) * layout.streams;
      for (int64_t from = 0; from < old; from += each) {
        rows += std::min(
            {each, old - from, layout.stages * layout.streams * layout.depth});
      }
    }
    return 4 * attention.headDim * rows * attention.batch * layout.blocksPerRow;
  }

  static KernelSignature signatureOf(const GroupView &group,
                                     AttentionGroup &attention,
                                     const Layout &layout) {
    llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>> roles;
    auto add = [&](mlir::Value value, llvm::StringRef role) {
      if (value) {
        roles.emplace_back(group.source(value), role);
      }
    };
    const bool packed =
        attention.key.input && group.source(attention.key.input) ==
                                   group.source(attention.query.input);
    add(attention.query.input, packed ? "qkv" : "q");
    add(attention.key.input, "k");
    add(attention.value.input, "v");
    add(attention.keys, "keys");
    add(attention.values, "values");
    add(attention.attention.getPositions(), "positions");
    if (attention.query.norm) {
      add(attention.query.norm.getGain(), "qGain");
    }
    if (attention.key.norm) {
      add(attention.key.norm.getGain(), "kGain");
    }
    KernelSignature signature(group, roles);
    if (layout.splits > 1) {
      const uint64_t blocks = layout.items * layout.splits;
      signature.addWorkspace("stats", DType::F32, 2 * layout.heads * blocks);
      signature.addWorkspace("parts", DType::F32,
                             layout.heads * attention.headDim * blocks);
      signature.addWorkspace("arrivals", DType::U32, layout.items);
    }
    return signature;
  }

  /// Of joinSplits.
  static void addWorkspaceBytes(KernelSignature &signature,
                                const Layout &layout, uint64_t active,
                                uint64_t weighed, uint64_t outputs) {
    auto add = [&](llvm::StringRef name, uint64_t loaded, uint64_t stored) {
      ParamWork &param = signature.workspace(name);
      param.loadedBytes = loaded;
      param.storedBytes = stored;
      param.uniqueStored = stored;
      param.uniqueLoaded = std::min(loaded, stored);
    };
    add("stats", 4 * layout.heads * weighed, 8 * layout.heads * active);
    add("parts", 4 * outputs * active, 4 * outputs * active);
    // One count per block that has positions, one reset per item.
    add("arrivals", 4 * (active + layout.items), 4 * (active + layout.items));
  }

  static void emitConstants(AttentionGroup &attention, const Layout &layout,
                            CudaWriter &writer) {
    auto number = [&](llvm::StringRef name, int64_t value) {
      writer.constant(name, static_cast<uint64_t>(value));
    };
    number("kTokens", attention.tokens());
    number("kHeads", attention.heads);
    number("kKvHeads", attention.kvHeads);
    number("kHeadDim", attention.headDim);
    number("kCapacity", attention.capacity);
    number("kHeadsPerBlock", layout.heads);
    number("kSplits", layout.splits);
    writer.constant("kScale",
                    static_cast<float>(attention.attention.scaleValue()));
    if (attention.query.offset != 0) {
      number("kQueryAt", attention.query.offset);
    }
    if (attention.keyAppend) {
      number("kKeyAt", attention.key.offset);
      number("kValueAt", attention.value.offset);
    }
    if (attention.query.norm) {
      writer.constant("kQueryEps",
                      static_cast<float>(attention.query.norm.epsValue()));
    }
    if (attention.key.norm) {
      writer.constant("kKeyEps",
                      static_cast<float>(attention.key.norm.epsValue()));
    }
    if (decoder::RopeOp rope = attention.rope()) {
      writer.table("kInverseFrequencies",
                   decoder::ropeInverseFrequencies(rope.thetaValue(),
                                                   attention.headDim,
                                                   rope.getScalingAttr()));
    }
    writer.line("using Shape = AttentionShape<kHeadDim, kHeadsPerBlock, " +
                llvm::Twine(layout.warps) + ", " + llvm::Twine(layout.depth) +
                ", " + llvm::Twine(layout.stages) + ">;");
    writer.line();
  }

  /// "const HeadRecipe<kHeadDim, norm, rope> name = {...};"
  static void emitRecipe(AttentionGroup::Heads &heads, llvm::StringRef name,
                         llvm::StringRef eps, const KernelSignature &signature,
                         CudaWriter &writer) {
    auto word = [](bool is) { return is ? "true" : "false"; };
    writer.line("const HeadRecipe<kHeadDim, " +
                llvm::Twine(word(!!heads.norm)) + ", " + word(!!heads.rope) +
                "> " + name + " = {");
    writer.line("    " +
                (heads.norm ? "requestGain<kHeadDim>(" +
                                  signature.name(heads.norm.getGain()) + "), " +
                                  eps.str()
                            : std::string("{}, 0.0f")) +
                "};");
  }

  /// The wait, and what is made behind it.
  static void emitHeads(AttentionGroup &attention,
                        const KernelSignature &signature, CudaWriter &writer) {
    const std::string query = signature.name(attention.query.input);
    const std::string from =
        attention.query.offset != 0 ? "kQueryAt + first" : "first";
    const bool made = makesHeads(attention);
    if (made) {
      writer.line("HeadTurns<kHeadDim> turns;");
      if (attention.rope()) {
        writer.line("makeTurns<kHeadDim>(static_cast<float>(newest), "
                    "kInverseFrequencies, turns);");
      }
      emitRecipe(attention.query, "queryRecipe", "kQueryEps", signature,
                 writer);
      if (attention.keyAppend) {
        emitRecipe(attention.key, "keyRecipe", "kKeyEps", signature, writer);
      }
    }
    writer.line("allowConsumers();");
    writer.line("waitForProducers();");
    if (!attention.keyAppend) {
      writer.call("requestRest<Shape>",
                  {signature.name(attention.keys),
                   signature.name(attention.values), "line", "range", "old"});
    }
    if (!made) {
      writer.call("stageQuery<Shape>", {query, from});
      return;
    }
    writer.line("HeadPieces<Shape> pieces = {};");
    writer.call("requestQuery", {query, from, "pieces"});
    if (attention.keyAppend) {
      writer.line("const int stream = (newest - range.from) % Shape::streams;");
      CudaWriter::Scope newest = writer.scope("if (range.to == count)");
      writer.call("requestNewest",
                  {signature.name(attention.key.input),
                   "kKeyAt + kvHead * kHeadDim",
                   signature.name(attention.value.input),
                   "kValueAt + kvHead * kHeadDim", "stream", "pieces"});
    }
    writer.line("makeQuery(pieces, queryRecipe, turns);");
    if (attention.keyAppend) {
      CudaWriter::Scope newest = writer.scope("if (range.to == count)");
      writer.call("appendNewest",
                  {"pieces", "keyRecipe", "turns",
                   signature.name(attention.keys),
                   signature.name(attention.values),
                   "line + static_cast<i64>(newest) * kHeadDim", "stream"});
    }
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeAttentionDecodeFamily() {
  return std::make_unique<AttentionDecodeFamily>();
}

} // namespace sinter::codegen
