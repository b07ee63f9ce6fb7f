//===- AttentionDecodeFamily.cpp - Few query rows against the cache -------===//

#include "codegen/families/AttentionGroup.h"
#include "codegen/families/OpKernel.h"
#include "ir/decoder/RopeFrequencies.h"
#include "ir/target/DeviceSpec.h"

#include <algorithm>

namespace sinter::codegen {

namespace {

/// AttentionArena<headDim, heads, warps>::end.
int64_t arenaBytes(int64_t headDim, int64_t heads, int64_t warps) {
  const int64_t slots = 32 / (headDim / 8);
  return 4 * heads * (headDim + warps * (2 * 32 + 1 + 1 + slots * headDim));
}

/// A configuration in numbers.
struct Layout {
  Layout(const AttentionGroup &group, const KernelConfig &config)
      : heads(config.get("heads")), warps(config.get("warps")),
        splits(config.get("splits")), blocksPerRow(group.heads / heads),
        items(group.rows * blocksPerRow) {}
  int64_t heads;
  int64_t warps;
  int64_t splits;
  int64_t blocksPerRow; ///< and split
  int64_t items;        ///< rows times KV heads, or parts of KV heads
};

/// Splits that have positions: splitRange<splits>(_, count).active.
int64_t activeSplits(int64_t count, int64_t splits) {
  const int64_t each = ceilDiv(ceilDiv(count, 32), splits) * 32;
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
          std::to_string(arenaBytes(attention.headDim, 1, 2)) +
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
    for (int64_t splits : {1, 2, 4, 8, 16, 32}) {
      for (int64_t warps : {4, 8, 2}) {
        // Accumulators of 8 heads are what the registers hold; whoever appends
        // must be alone with its KV head.
        const int64_t least = attention.keyAppend ? attention.perKvHead : 1;
        for (int64_t heads = std::min<int64_t>(attention.perKvHead, 8);
             heads >= least; --heads) {
          if (attention.perKvHead % heads == 0 &&
              (splits == 1 || 32 * splits <= attention.capacity) &&
              static_cast<uint64_t>(
                  arenaBytes(attention.headDim, heads, warps)) <=
                  device.limits.sharedBytesPerBlock.value &&
              static_cast<uint64_t>(32 * warps) <=
                  device.limits.threadsPerBlock.value) {
            configs.push_back(
                {{"heads", heads}, {"splits", splits}, {"warps", warps}});
          }
        }
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
    for (int64_t token = 0; token < attention.tokens(); ++token) {
      const int64_t count = std::max<int64_t>(workload.context - token, 1);
      positions += attention.batch * count;
      active += attention.batch * layout.blocksPerRow *
                activeSplits(count, layout.splits);
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
    const uint64_t queryBytes = head * attention.rows * attention.heads;
    read(attention.query.input, 2 * outputs * active, queryBytes);
    if (attention.query.norm) {
      read(attention.query.norm.getGain(), 2 * outputs * active, head);
    }
    auto traffic =
        mlir::cast<TrafficOpInterface>(attention.attention.getOperation());
    read(attention.keys, head * positions * layout.blocksPerRow,
         traffic.getOperandTraffic(1, workload).uniqueBytes);
    read(attention.values, head * positions * layout.blocksPerRow,
         traffic.getOperandTraffic(2, workload).uniqueBytes);
    write(attention.attention.getResult(), queryBytes);
    if (attention.keyAppend) {
      const uint64_t newest = head * attention.rows * attention.kvHeads;
      read(attention.key.input, newest, newest);
      read(attention.value.input, newest, newest);
      if (attention.key.norm) {
        read(attention.key.norm.getGain(), newest, head);
      }
      write(attention.keys, newest);
      write(attention.values, newest);
    }
    if (layout.splits > 1) {
      addWorkspaceBytes(signature, layout, active, outputs);
    }
    return signature.work(launchOf(attention, layout), workload);
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const override {
    const AttentionGroup attention = AttentionGroup::of(group);
    llvm::SmallVector<llvm::StringRef> texts = {"pieces.cuh"};
    if (attention.rope()) {
      texts.push_back("rope.cuh"); // for its table
    }
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
        signature.openKernel(writer, launchOf(attention, layout));
    writer.line("waitForProducers();");
    writer.line("const i64 row = blockIndexY();");
    writer.line("const i64 head = static_cast<i64>(blockIndex()" +
                llvm::Twine(split ? " / kSplits" : "") + ") * kHeadsPerBlock;");
    writer.line(
        "const i64 kvHead = row / kTokens * kKvHeads + head / (kHeads / "
        "kKvHeads);");
    writer.line("const i64 first = (row * kHeads + head) * kHeadDim;");
    writer.line("const i64 line = kvHead * kCapacity * kHeadDim;");
    writer.line("const int count = load(" +
                signature.name(attention.attention.getPositions()) +
                ", row) + 1;");
    if (split) {
      writer.line("const int split = blockIndex() % kSplits;");
      writer.line(
          "const SplitRange range = splitRange<kSplits>(split, count);");
      CudaWriter::Scope idle = writer.scope("if (split >= range.active)");
      writer.line("return;");
    }
    emitHeads(attention, layout, signature, writer);
    const std::string shape =
        "<kHeadDim, kHeadsPerBlock, " + std::to_string(layout.warps);
    const std::string keys = signature.name(attention.keys);
    const std::string values = signature.name(attention.values);
    const std::string y = signature.name(attention.attention.getResult());
    if (split) {
      writer.line(
          "const int item = blockIndexY() * (kHeads / kHeadsPerBlock) +");
      writer.line("                 blockIndex() / kSplits;");
      writer.call("attendSplit" + shape + ", kSplits>",
                  {keys, values, y, signature.workspace("stats").name,
                   signature.workspace("parts").name,
                   signature.workspace("arrivals").name, "item", "split",
                   "range", "first", "line", "kScale"});
    } else {
      writer.call("attendHeads" + shape + ">",
                  {keys, values, y, "first", "line", "count", "kScale"});
    }
  }

private:
  /// Anything to do before scores.
  static bool makesHeads(const AttentionGroup &attention) {
    return attention.query.norm || attention.query.rope || attention.keyAppend;
  }

  static LaunchShape launchOf(const AttentionGroup &attention,
                              const Layout &layout) {
    LaunchShape launch;
    launch.gridX = layout.blocksPerRow * layout.splits;
    launch.gridY = attention.rows;
    launch.threads = 32 * layout.warps;
    // 8 warps per SM: at most 255 registers.
    launch.blocksPerSm = 8 / layout.warps;
    launch.sharedBytes =
        arenaBytes(attention.headDim, layout.heads, layout.warps);
    return launch;
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

  /// Of attendSplit: the last block reads each split's maximum twice and its
  /// norm once per output.
  static void addWorkspaceBytes(KernelSignature &signature,
                                const Layout &layout, uint64_t active,
                                uint64_t outputs) {
    auto add = [&](llvm::StringRef name, uint64_t loaded, uint64_t stored) {
      ParamWork &param = signature.workspace(name);
      param.loadedBytes = loaded;
      param.storedBytes = stored;
      param.uniqueStored = stored;
      param.uniqueLoaded = std::min(loaded, stored);
    };
    add("stats", 12 * outputs * active, 8 * layout.heads * active);
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
    if (layout.splits > 1) {
      number("kSplits", layout.splits);
    }
    writer.constant("kScale",
                    static_cast<float>(attention.attention.scaleValue()));
    if (attention.keyAppend || attention.query.offset != 0) {
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
    writer.line();
  }

  /// "const HeadRecipe<norm, rope> name = {...};"
  static void emitRecipe(AttentionGroup::Heads &heads, llvm::StringRef name,
                         llvm::StringRef eps, const KernelSignature &signature,
                         CudaWriter &writer) {
    auto word = [](bool is) { return is ? "true" : "false"; };
    writer.line("const HeadRecipe<" + llvm::Twine(word(!!heads.norm)) + ", " +
                word(!!heads.rope) + "> " + name + " = {");
    writer.line("    " +
                (heads.norm ? signature.name(heads.norm.getGain())
                            : signature.name(heads.input)) +
                ", " + (heads.norm ? eps.str() : "0.0f") +
                ", static_cast<float>(count - 1),");
    writer.line(heads.rope ? "    kInverseFrequencies};" : "    nullptr};");
  }

  static void emitHeads(AttentionGroup &attention, const Layout &layout,
                        const KernelSignature &signature, CudaWriter &writer) {
    const std::string query = signature.name(attention.query.input);
    const std::string from = attention.keyAppend || attention.query.offset != 0
                                 ? "kQueryAt + first"
                                 : "first";
    if (attention.query.norm || attention.query.rope) {
      emitRecipe(attention.query, "query", "kQueryEps", signature, writer);
      writer.call("stageQuery<kHeadDim, kHeadsPerBlock>",
                  {query, from, "query"});
    } else {
      writer.call("stageQuery<kHeadDim, kHeadsPerBlock>", {query, from});
    }
    if (!attention.keyAppend) {
      return;
    }
    std::optional<CudaWriter::Scope> newest;
    if (layout.splits > 1) {
      newest.emplace(writer.scope("if (range.to == count)"));
    }
    emitRecipe(attention.key, "key", "kKeyEps", signature, writer);
    writer.call(
        "appendNewest<kHeadDim>",
        {signature.name(attention.key.input), "kKeyAt + kvHead * kHeadDim",
         signature.name(attention.value.input), "kValueAt + kvHead * kHeadDim",
         "key", signature.name(attention.keys),
         signature.name(attention.values),
         "line + static_cast<i64>(count - 1) * kHeadDim",
         "AttentionArena<kHeadDim, kHeadsPerBlock, " +
             std::to_string(layout.warps) + ">::parts"});
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeAttentionDecodeFamily() {
  return std::make_unique<AttentionDecodeFamily>();
}

} // namespace sinter::codegen
