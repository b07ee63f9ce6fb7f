//===- AttentionPrefillFamily.cpp - Many query rows against the cache -----===//
//
// {heads}: query heads of a token in a block, a divisor of the query heads per
// KV head; keys and values are read once for them. {warps}: of a block, 16 rows
// each. {keys}: positions of a tile.
//
//===----------------------------------------------------------------------===//

#include "codegen/families/AttentionGroup.h"
#include "codegen/families/OpKernel.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

/// A configuration in numbers; PrefillShape has the words.
struct Layout {
  Layout(const AttentionGroup &group, const KernelConfig &config)
      : heads(config.get("heads")), keys(config.get("keys")),
        warps(config.get("warps")), tokens(16 * warps / heads),
        tiles(ceilDiv(group.tokens(), tokens)), headDim(group.headDim) {
    launch.gridX = group.heads / heads;
    launch.gridY = group.batch * tiles;
    launch.threads = 32 * warps;
    launch.blocksPerSm = residentBlocks(launch.threads, registers());
    // Two tiles of keys, two of values, and the warps' last positions.
    launch.sharedBytes = 8 * keys * (headDim + 8) + 4 * warps;
  }

  /// Of a thread, an upper bound found by compiling: query, product, scores,
  /// tiles of the cache, and the rest.
  int64_t registers() const { return headDim * 3 / 4 + keys / 2 + 64; }

  int64_t heads;
  int64_t keys;
  int64_t warps;
  int64_t tokens; ///< of a block
  int64_t tiles;  ///< blocks along the tokens of a sequence
  int64_t headDim;
  LaunchShape launch;
};

/// What a grid of blocks reads and computes, for one sequence and one column of
/// the grid.
struct Triangle {
  Triangle(const Layout &layout, int64_t tokens, int64_t context) {
    for (int64_t tile = 0; tile < layout.tiles; ++tile) {
      const int64_t after = std::min(tokens, (tile + 1) * layout.tokens);
      const int64_t count = std::max<int64_t>(context - tokens + after, 1);
      positions += count;
      keyTiles += ceilDiv(count, layout.keys);
      longest = std::max<uint64_t>(longest, ceilDiv(count, layout.keys));
    }
  }
  uint64_t positions = 0; ///< rows of the cache read
  uint64_t keyTiles = 0;
  uint64_t longest = 0; ///< tiles of a block
};

Verdict fits(const AttentionGroup &group, const KernelConfig &config,
             const DeviceSpec &device) {
  const Layout layout(group, config);
  if (layout.launch.sharedBytes > device.limits.sharedBytesPerBlock.value) {
    return Verdict::refused(
        plan::Reason::RefusedSharedMemory,
        std::to_string(layout.launch.sharedBytes) +
            " bytes of shared memory, wanted at most " +
            std::to_string(device.limits.sharedBytesPerBlock.value));
  }
  if (layout.launch.gridY > 0xffff) {
    return Verdict::refused(plan::Reason::RefusedGridSize,
                            std::to_string(layout.launch.gridX) + " x " +
                                std::to_string(layout.launch.gridY) +
                                " blocks, wanted at most 2147483647 x 65535");
  }
  const int64_t registers = layout.launch.threads * layout.registers();
  if (registers > static_cast<int64_t>(device.limits.registersPerSm.value)) {
    return Verdict::refused(
        plan::Reason::RefusedRegisters,
        std::to_string(registers) + " registers for a block of " +
            std::to_string(layout.launch.threads) +
            " threads, wanted at most " +
            std::to_string(device.limits.registersPerSm.value));
  }
  return Verdict::ok();
}

/// Fewer than four warps leave tensor cores of an SM idle: admitted, but
/// enumerated by nobody.
llvm::SmallVector<KernelConfig> configsOf(const AttentionGroup &group,
                                          const DeviceSpec &device) {
  llvm::SmallVector<KernelConfig> configs;
  for (int64_t warps : {4, 8}) {
    int64_t heads = std::min<int64_t>(group.perKvHead, 16 * warps);
    while (group.perKvHead % heads != 0) {
      --heads;
    }
    for (int64_t keys : {64, 32}) {
      const KernelConfig config{
          {"heads", heads}, {"keys", keys}, {"warps", warps}};
      if (fits(group, config, device)) {
        configs.push_back(config);
      }
    }
  }
  return configs;
}

/// Attention of several tokens of a sequence, queries and cache as they are.
class AttentionPrefillFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "attention_prefill"; }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    AttentionGroup attention;
    if (Verdict verdict = AttentionGroup::match(group, attention); !verdict) {
      return verdict;
    }
    if (group.ops().size() != 1) {
      return Verdict::refused(plan::Reason::RefusedGroupSize,
                              std::to_string(group.ops().size()) +
                                  " ops, wanted attention alone");
    }
    if (attention.pages) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "attention over a cache in pages, wanted a "
                              "contiguous one");
    }
    if (attention.tokens() < 2) {
      return Verdict::refused(plan::Reason::RefusedRows,
                              "1 row per sequence, wanted at least 2");
    }
    if (attention.headDim % 16 != 0 || attention.headDim > 128) {
      return Verdict::refused(plan::Reason::RefusedHeadDim,
                              "head_dim " + std::to_string(attention.headDim) +
                                  ", wanted a multiple of 16 up to 128");
    }
    if (configsOf(attention, device).empty()) {
      return fits(attention, {{"heads", 1}, {"keys", 32}, {"warps", 4}},
                  device);
    }
    return Verdict::ok();
  }

  llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const override {
    return configsOf(AttentionGroup::of(group), device);
  }

  Verdict admits(const GroupView &group, const KernelConfig &config,
                 const DeviceSpec &device) const override {
    const AttentionGroup attention = AttentionGroup::of(group);
    auto unfit = [&](const std::string &wanted) {
      return Verdict::refused(plan::Reason::RefusedConfiguration,
                              "'" + config.text() + "', wanted " + wanted);
    };
    if (!config.hasNames({"heads", "keys", "warps"})) {
      return unfit("heads, keys and warps");
    }
    const int64_t warps = config.get("warps");
    if (warps < 1 || warps > 8) {
      return unfit("1 to 8 warps");
    }
    const int64_t keys = config.get("keys");
    if (keys < 16 || keys > 64 || keys % 16 != 0) {
      return unfit("keys of a multiple of 16 up to 64");
    }
    const int64_t heads = config.get("heads");
    const int64_t most = std::min(attention.perKvHead, 16 * warps);
    if (heads < 1 || heads > most || attention.perKvHead % heads != 0) {
      return unfit("heads of a divisor of " +
                   std::to_string(attention.perKvHead) + " up to " +
                   std::to_string(most));
    }
    return fits(attention, config, device);
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    AttentionGroup attention = AttentionGroup::of(group);
    const Layout layout(attention, config);
    KernelSignature signature = signatureOf(group, attention);
    const Triangle triangle(layout, attention.tokens(), workload.context);
    const uint64_t columns = layout.launch.gridX * attention.batch;
    const uint64_t head = 2 * attention.headDim; // bytes
    const uint64_t queries = attention.rows * attention.heads;
    auto read = [&](mlir::Value value, uint64_t bytes, uint64_t unique) {
      ParamWork &param = signature.of(value);
      param.loadedBytes += bytes;
      param.uniqueLoaded += std::min(bytes, unique);
    };
    auto traffic =
        mlir::cast<TrafficOpInterface>(attention.attention.getOperation());
    auto unique = [&](unsigned operand) {
      return traffic.getOperandTraffic(operand, workload).uniqueBytes;
    };
    read(attention.query.input, head * queries, head * queries);
    // Four lanes share a row.
    read(attention.attention.getPositions(), 16 * queries, 4 * attention.rows);
    const uint64_t cached = head * columns * triangle.positions;
    read(attention.keys, cached, unique(1));
    read(attention.values, cached, unique(2));
    ParamWork &result = signature.of(attention.attention.getResult());
    result.storedBytes = result.uniqueStored = head * queries;
    Work work = signature.work(layout.launch, workload);
    // Scores once, and the product by each of two parts of the weights.
    const uint64_t keyTiles = columns * triangle.keyTiles;
    const uint64_t scores = keyTiles * layout.keys * 16 * layout.warps;
    work.tensorFlops = 3 * scores * head;
    // Read in the disassembly for sm_90a: a score takes 25 instructions beside
    // mma, a product one for its rescaling, a copy of 16 bytes 14.
    work.fmaSlots =
        25 * scores + keyTiles * attention.headDim *
                          (16 * layout.warps + 2 * layout.keys / 8 * 14);
    work.evenBlocks = keyTiles / triangle.longest;
    return work;
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView & /*group*/) const override {
    return {"pieces.cuh", "tiles.cuh", "attention_tiles.cuh",
            "attention_prefill.cuh"};
  }

  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override {
    AttentionGroup attention = AttentionGroup::of(group);
    const Layout layout(attention, config);
    KernelSignature signature = signatureOf(group, attention);
    auto number = [&](llvm::StringRef name, int64_t value) {
      writer.constant(name, static_cast<uint64_t>(value));
    };
    number("kTokens", attention.tokens());
    number("kHeads", attention.heads);
    number("kKvHeads", attention.kvHeads);
    number("kHeadDim", attention.headDim);
    number("kCapacity", attention.capacity);
    writer.constant("kScale",
                    static_cast<float>(attention.attention.scaleValue()));
    writer.line("using Shape = PrefillShape<kHeadDim, " +
                llvm::Twine(layout.heads) + ", " + llvm::Twine(layout.warps) +
                ", " + llvm::Twine(layout.keys) + ">;");
    writer.line();
    CudaWriter::Scope kernel = signature.openKernel(writer, layout.launch);
    std::string query = signature.name(attention.query.input);
    if (attention.query.offset != 0) {
      query = "partOf(" + query + ", " +
              std::to_string(attention.query.offset) + ")";
    }
    writer.line("const TokenTile tile = tokenTile<Shape, kTokens>();");
    writer.line("const int head = blockIndex() * Shape::Heads;");
    writer.line("const i64 kvHead = static_cast<i64>(tile.sequence) * kKvHeads "
                "+ head / (kHeads / kKvHeads);");
    writer.line("const NeighbouringRows cache = {kvHead * kCapacity};");
    writer.call("attendTokens<Shape, kTokens, kHeads>",
                {query, signature.name(attention.keys),
                 signature.name(attention.values),
                 signature.name(attention.attention.getPositions()),
                 signature.name(attention.attention.getResult()), "tile",
                 "head", "cache", "kScale"});
  }

private:
  static KernelSignature signatureOf(const GroupView &group,
                                     AttentionGroup &attention) {
    return {group,
            {{group.source(attention.query.input), "q"},
             {group.source(attention.keys), "keys"},
             {group.source(attention.values), "values"},
             {group.source(attention.attention.getPositions()), "positions"}}};
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeAttentionPrefillFamily() {
  return std::make_unique<AttentionPrefillFamily>();
}

} // namespace sinter::codegen
