//===- RowChainFamily.cpp - Neighbouring row ops in one kernel ------------===//
//
// What neither gemv nor attention takes in: where the library or another kernel
// runs the linear layers, or attention does not append.
//
//===----------------------------------------------------------------------===//

#include "codegen/families/OpKernel.h"
#include "codegen/families/RowChain.h"
#include "codegen/families/RowKernels.h"
#include "ir/decoder/RopeFrequencies.h"
#include "ir/target/DeviceSpec.h"

namespace sinter::codegen {

namespace {

/// {warps} share a row. One warp per row: {rows} rows per block; a row of heads
/// is one head.
class RowChainFamily : public KernelFamily {
public:
  llvm::StringRef name() const override { return "row_chain"; }

  bool mayGrow(const GroupView &group) const override {
    return RowChain::mayGrow(group);
  }

  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override {
    RowChain chain;
    if (Verdict verdict = RowChain::match(group, chain); !verdict) {
      return verdict;
    }
    if (enumerate(group, device).empty()) {
      return Verdict::refused(
          plan::Reason::RefusedRegisters,
          "no block of at most " +
              std::to_string(device.limits.threadsPerBlock.value) +
              " threads holds rows of " + std::to_string(chain.width) +
              " twice and their gain");
    }
    return Verdict::ok();
  }

  llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const override {
    const RowChain chain = RowChain::of(group);
    llvm::SmallVector<KernelConfig> configs;
    auto add = [&](int64_t rows, int64_t warps) {
      const KernelConfig config{{"rows", rows}, {"warps", warps}};
      const LaunchShape launch = launchOf(chain, config);
      if (rows <= chain.rows &&
          launch.threads <= device.limits.threadsPerBlock.value &&
          registers(chain, warps) <= registerBound(launch)) {
        configs.push_back(config);
      }
    };
    if (chain.add) {
      for (int64_t warps : normWarps(chain.width, device)) {
        add(1, warps);
      }
    } else {
      add(1, 1);
    }
    add(4, 1);
    return configs;
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    RowChain chain = RowChain::of(group);
    KernelSignature signature = signatureOf(group, chain);
    const uint64_t all = 2 * chain.rows * chain.width;
    auto load = [&](mlir::Value value, uint64_t bytes, uint64_t unique) {
      ParamWork &param = signature.of(value);
      param.loadedBytes += bytes;
      param.uniqueLoaded += unique;
    };
    auto store = [&](mlir::Value value) {
      ParamWork &param = signature.of(value);
      param.storedBytes = param.uniqueStored = all;
    };
    load(chain.input.value, all, all);
    if (chain.add) {
      const bool same =
          chain.input.offset == chain.other.offset &&
          group.source(chain.input.value) == group.source(chain.other.value);
      load(chain.other.value, all, same ? 0 : all);
      store(chain.norm.getResult());
      if (chain.keepsSum) {
        store(chain.add.getResult());
      }
    } else {
      const mlir::Value positions = chain.rope.getPositions();
      // Every lane reads its row's position.
      load(positions, uint64_t{128} * chain.rows, 4 * elementsOf(positions));
      store(chain.append ? chain.append.getResult() : chain.rope.getResult());
      if (const mlir::Value pages = pagesOf(chain)) {
        // Every lane that stores looks its row up.
        const uint64_t entries = chain.width / 8 * chain.rows;
        load(pages, 4 * entries,
             4 * std::min<uint64_t>(elementsOf(positions), elementsOf(pages)));
      }
    }
    uint64_t gain = 0;
    const LaunchShape launch = launchOf(chain, config);
    if (chain.norm) {
      // Once per row, also of rows that the last block does not have.
      gain = 2 * chain.width;
      load(chain.norm.getGain(), gain * launch.gridX * config.get("rows"),
           gain);
    }
    Work work = signature.work(launch, workload);
    work.prefetchBytes = gain;
    work.lookups = pagesOf(chain) ? 1 : 0;
    return work;
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const override {
    RowChain chain = RowChain::of(group);
    if (chain.add) {
      return {"pieces.cuh", "norm.cuh", "chain_add.cuh"};
    }
    // Heads are attention's, whose chunks name the lanes.
    llvm::SmallVector<llvm::StringRef> texts = {
        "pieces.cuh", "rope.cuh", "attention_chunks.cuh", "attention_heads.cuh",
        "chain_heads.cuh"};
    if (pagesOf(chain)) {
      texts.push_back("pages.cuh");
    }
    return texts;
  }

  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override {
    RowChain chain = RowChain::of(group);
    const KernelSignature signature = signatureOf(group, chain);
    writer.constant("kRows", static_cast<uint64_t>(chain.rows));
    writer.constant("kWidth", static_cast<uint64_t>(chain.width));
    if (chain.norm) {
      writer.constant("kEps", static_cast<float>(chain.norm.epsValue()));
    }
    if (chain.add) {
      emitAdd(chain, config, signature, writer);
    } else {
      emitHeads(chain, config, signature, writer);
    }
  }

private:
  /// The page table that it appends through, or null.
  static mlir::Value pagesOf(RowChain &chain) {
    return chain.append ? mlir::Value(chain.append.getPages()) : mlir::Value();
  }

  /// Registers that a thread needs: two rows and the gain, what addresses them
  /// and a piece as floats; of heads, 8 columns, their turns and the gain.
  static uint32_t registers(const RowChain &chain, int64_t warps) {
    if (!chain.add) {
      return 64;
    }
    const int64_t length = pieceLength(chain.width);
    const auto share =
        static_cast<uint32_t>(ceilDiv(chain.width / length, 32 * warps));
    return 3 * share * std::max<uint32_t>(length / 2, 1) + 32;
  }

  static LaunchShape launchOf(const RowChain &chain,
                              const KernelConfig &config) {
    const int64_t warps = config.get("warps");
    const int64_t rows = config.get("rows");
    LaunchShape shape;
    shape.gridX = ceilDiv(chain.rows, rows);
    shape.threads = 32 * warps * rows;
    shape.blocksPerSm = shape.threads <= 512 ? 512 / shape.threads : 1;
    shape.sharedBytes = !chain.add   ? 4 * rows * chain.width
                        : warps == 1 ? 0
                                     : 4 * warps;
    return shape;
  }

  static KernelSignature signatureOf(const GroupView &group, RowChain &chain) {
    llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>> roles;
    auto add = [&](mlir::Value value, llvm::StringRef role) {
      roles.emplace_back(group.source(value), role);
    };
    if (chain.add) {
      add(chain.add.getLhs(), "lhs");
      add(chain.add.getRhs(), "rhs");
      add(chain.add.getResult(), "sum");
    } else {
      add(chain.input.value, "x");
      add(chain.rope.getPositions(), "positions");
    }
    if (chain.norm) {
      add(chain.norm.getGain(), "gain");
    }
    if (chain.append) {
      add(chain.append.getCache(), "cache");
      if (chain.append.getPages()) {
        add(chain.append.getPages(), "pages");
      }
    }
    return {group, roles};
  }

  static std::string textOf(const KernelSignature &signature,
                            const RowChain::Input &input) {
    const std::string &name = signature.name(input.value);
    return input.offset == 0
               ? name
               : "partOf(" + name + ", " + std::to_string(input.offset) + ")";
  }

  static void emitAdd(RowChain &chain, const KernelConfig &config,
                      const KernelSignature &signature, CudaWriter &writer) {
    const int64_t warps = config.get("warps");
    const std::string share = "<kWidth, " +
                              std::to_string(pieceLength(chain.width)) + ", " +
                              std::to_string(warps) + ">";
    const std::string thread = warps == 1 ? "laneIndex()" : "threadIndex()";
    writer.line();
    CudaWriter::Scope kernel =
        signature.openKernel(writer, launchOf(chain, config), Wait::InBody);
    writer.line("RowShare" + share + " gains;");
    writer.call("loadShare",
                {signature.name(chain.norm.getGain()), "0", thread, "gains"});
    writer.line("allowConsumers();");
    writer.line("waitForProducers();");
    auto row = [&] {
      writer.call(
          "addNormRow",
          {textOf(signature, chain.input), textOf(signature, chain.other),
           "gains", signature.name(chain.norm.getResult()), "row", thread,
           "kEps",
           chain.keepsSum
               ? "KeepSum{" + signature.name(chain.add.getResult()) + "}"
               : "DropSum{}"});
    };
    if (warps > 1) {
      writer.line("const i64 row = blockIndex();");
      row();
    } else {
      writer.line("const i64 row = static_cast<i64>(blockIndex()) * "
                  "warpCount() + warpIndex();");
      CudaWriter::Scope inside = writer.scope("if (row < kRows)");
      row();
    }
  }

  static void emitHeads(RowChain &chain, const KernelConfig &config,
                        const KernelSignature &signature, CudaWriter &writer) {
    writer.constant("kHeads",
                    static_cast<uint64_t>(shapeOf(chain.rope.getInput())[1]));
    std::string store;
    if (chain.append) {
      const decoder::CacheShape cache = chain.append.cacheShape();
      auto number = [&](llvm::StringRef name, int64_t value) {
        writer.constant(name, static_cast<uint64_t>(value));
      };
      number("kTokens", shapeOf(chain.rope.getInput())[0] / cache.batch);
      const std::string &out = signature.name(chain.append.getResult());
      if (const mlir::Value pages = pagesOf(chain)) {
        number("kPage", cache.page);
        number("kPages", cache.perSequence);
        store = "AppendPagedHead<kWidth, kTokens, kHeads, kPage, kPages>{" +
                out + ", " + signature.name(pages) + "}";
      } else {
        number("kCapacity", cache.capacity);
        store = "AppendHead<kWidth, kTokens, kHeads, kCapacity>{" + out + "}";
      }
    } else {
      store =
          "StoreHead<kWidth>{" + signature.name(chain.rope.getResult()) + "}";
    }
    writer.table("kInverseFrequencies",
                 decoder::ropeInverseFrequencies(chain.rope.thetaValue(),
                                                 chain.width,
                                                 chain.rope.getScalingAttr()));
    writer.line();
    CudaWriter::Scope kernel =
        signature.openKernel(writer, launchOf(chain, config), Wait::InBody);
    writer.line("const i64 row = static_cast<i64>(blockIndex()) * "
                "warpCount() + warpIndex();");
    writer.line(chain.norm
                    ? "const HeadRecipe<kWidth, true, true> recipe = {"
                    : "const HeadRecipe<kWidth, false, true> recipe = {};");
    if (chain.norm) {
      writer.line("    requestGain<kWidth>(" +
                  signature.name(chain.norm.getGain()) + "), kEps};");
    }
    writer.call("makeRow<kRows, kHeads>",
                {textOf(signature, chain.input),
                 signature.name(chain.rope.getPositions()), "recipe", store,
                 "row", "kInverseFrequencies"});
  }
};

} // namespace

std::unique_ptr<KernelFamily> makeRowChainFamily() {
  return std::make_unique<RowChainFamily>();
}

} // namespace sinter::codegen
