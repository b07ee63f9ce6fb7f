//===- AttentionDecodeFamily.cpp - Few query rows against the cache -------===//

#include "codegen/families/AttentionLayout.h"
#include "codegen/families/OpKernel.h"
#include "ir/decoder/RopeFrequencies.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

using Layout = AttentionLayout;

/// Every split makes the query; the one with the newest position makes the
/// newest key and appends.
class AttentionDecodeFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "attention_decode"; }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    AttentionGroup attention;
    if (Verdict verdict = AttentionGroup::match(group, attention); !verdict) {
      return verdict;
    }
    if (Layout::enumerate(attention, device).empty()) {
      return Verdict::refused(
          plan::Reason::RefusedSharedMemory,
          std::to_string(Layout(attention, Layout::smallest(attention)).arena) +
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
    return Layout::enumerate(AttentionGroup::of(group), device);
  }

  Verdict admits(const GroupView &group, const KernelConfig &config,
                 const DeviceSpec &device) const override {
    return Layout::admits(AttentionGroup::of(group), config, device);
  }

  /// "16/8 x 128 norm rope append": query heads / KV heads x head_dim of one
  /// row. Pages do not change it: sums keep their order, so tokens are equal.
  std::string tunedName(const GroupView &group) const override {
    const AttentionGroup attention = AttentionGroup::of(group);
    if (attention.rows != 1) {
      return {};
    }
    return std::to_string(attention.heads) + "/" +
           std::to_string(attention.kvHeads) + " x " +
           std::to_string(attention.headDim) +
           (attention.query.norm ? " norm" : "") +
           (attention.query.rope ? " rope" : "") +
           (attention.keyAppend ? " append" : "");
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
      const uint64_t splits = layout.activeSplits(count);
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
    if (attention.pages) {
      // The lanes of a cached row look it up; in a block that appends, every
      // thread the newest.
      const uint64_t entries =
          attention.headDim / 8 * cached * layout.blocksPerRow +
          (attention.keyAppend ? 32 * layout.warps * layout.items : 0);
      read(
          attention.pages, 4 * entries,
          std::min<uint64_t>(
              4 * entries, traffic.getOperandTraffic(4, workload).uniqueBytes));
    }
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
    Work work = signature.work(layout.launch(attention), workload);
    if (layout.splits > 1) {
      // Parts of the outputs, and a maximum and a norm of each head.
      work.joinedBytes =
          4 * layout.heads * (attention.headDim + 2) *
          layout.activeSplits(std::max<int64_t>(workload.context, 1));
    }
    work.lookups = attention.pages ? 1 : 0;
    work.prefetchBytes = layout.prefetchBytes(attention, workload);
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
    if (attention.pages) {
      texts.push_back("pages.cuh");
      texts.push_back("attention_pages.cuh");
    }
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
        signature.openKernel(writer, layout.launch(attention), Wait::InBody);
    writer.line("const i64 row = blockIndexY();");
    writer.line("const i64 head = static_cast<i64>(blockIndex() / kSplits) * "
                "kHeadsPerBlock;");
    writer.line(
        "const i64 kvHead = row / kTokens * kKvHeads + head / (kHeads / "
        "kKvHeads);");
    writer.line("const i64 first = (row * kHeads + head) * kHeadDim;");
    const std::string cache = attention.pages ? "cache" : "line";
    if (attention.pages) {
      writer.line("const auto cache = pagesOf<kKvHeads, kPage, kPages>(" +
                  signature.name(attention.pages) +
                  ", row / kTokens, head / (kHeads / kKvHeads));");
    } else {
      writer.line("const i64 line = kvHead * kCapacity * kHeadDim;");
    }
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
    if (attention.pages && attention.keyAppend) {
      writer.line("const i64 place = range.to == count ? cache.row(newest) : "
                  "0;");
    }
    writer.line("Shape::Chunks chunks;");
    writer.call("requestRange<Shape>",
                {keys, values, cache, "range", "old", "chunks"});
    emitHeads(attention, layout.late, signature, writer);
    writer.call("attendRange<Shape, " +
                    llvm::Twine(attention.keyAppend ? "true" : "false") + ">",
                {keys, values, cache, "range", "newest",
                 makesHeads(attention) ? "pieces.value" : "Piece<8>{}",
                 "kScale", "chunks"});
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
  static bool makesHeads(const AttentionGroup &attention) {
    return attention.query.norm || attention.query.rope || attention.keyAppend;
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
    add(attention.pages, "pages");
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
    if (attention.pages) {
      number("kPage", attention.cache.page);
      number("kPages", attention.cache.perSequence);
    } else {
      number("kCapacity", attention.capacity);
    }
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
  static void emitHeads(AttentionGroup &attention, bool late,
                        const KernelSignature &signature, CudaWriter &writer) {
    const std::string &query = signature.name(attention.query.input);
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
    writer.line(late ? "waitForProducers();" : "allowConsumers();");
    writer.line(late ? "allowConsumers();" : "waitForProducers();");
    if (!attention.keyAppend) {
      writer.call("requestRest<Shape>", {signature.name(attention.keys),
                                         signature.name(attention.values),
                                         attention.pages ? "cache" : "line",
                                         "range", "old", "chunks"});
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
      writer.call(
          "appendNewest",
          {"pieces", "keyRecipe", "turns", signature.name(attention.keys),
           signature.name(attention.values),
           attention.pages ? "place * kHeadDim"
                           : "line + static_cast<i64>(newest) * kHeadDim",
           "stream"});
    }
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeAttentionDecodeFamily() {
  return std::make_unique<AttentionDecodeFamily>();
}

} // namespace sinter::codegen
