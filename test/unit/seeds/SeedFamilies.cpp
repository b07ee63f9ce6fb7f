//===- SeedFamilies.cpp - The notes' kernels as families ------------------===//

#include "test/unit/seeds/SeedFamilies.h"

#include "codegen/families/Signature.h"
#include "ir/decoder/Decoder.h"
#include "ir/interfaces/Interfaces.h"
#include "test/unit/seeds/SeedKernels.h"

#include "llvm/ADT/StringExtras.h"

namespace sinter::seeds {

using namespace codegen;

namespace {

/// Ops by role; absent ones are null.
struct Roles {
  decoder::RmsNormOp norm;
  decoder::LinearOp linear;
  decoder::AddOp add;
  decoder::SwigluOp swiglu;
  decoder::LinearOp down;
};

/// One row of bf16, ops in a fixed order each reading the one before, one
/// live-out. Configurations {cols, rows}: blocks compute `rows` outputs each,
/// with rows x cols of a matrix in flight.
class SeedFamily : public KernelFamily {
public:
  struct Tile {
    int64_t rows, cols;
  };
  /// `order`: names of the ops, without dialect.
  SeedFamily(llvm::StringRef name, std::vector<llvm::StringRef> order,
             std::vector<Tile> tiles)
      : familyName(name), order(std::move(order)), tiles(std::move(tiles)) {}

  llvm::StringRef name() const override { return familyName; }

  bool mayGrow(const GroupView &group) const override {
    return group.ops().size() < order.size() && begins(group);
  }

  Verdict accepts(const GroupView &group, const DeviceSpec &) const override {
    if (group.ops().size() != order.size() || !begins(group)) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "wanted " + llvm::join(order, ", "));
    }
    if (group.liveOuts().size() != 1) {
      return Verdict::refused(plan::Reason::RefusedLiveOut,
                              "one live-out wanted");
    }
    if (Verdict verdict = acceptsElementTypes(group); !verdict) {
      return verdict;
    }
    Roles ops = rolesOf(group);
    decoder::LinearOp last = ops.down ? ops.down : ops.linear;
    if (ops.swiglu && (group.view(ops.swiglu.getGate()).offset != 0 ||
                       group.view(ops.swiglu.getUp()).offset !=
                           shapeOf(last.getWeight())[1])) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "gate above up wanted");
    }
    for (const Tile &tile : tiles) {
      if (shapeOf(ops.linear.getInput())[0] != 1 || width(ops) % 8 != 0 ||
          outputs(ops) % tile.rows != 0 ||
          shapeOf(last.getWeight())[1] % tile.rows != 0 ||
          ops.linear.getBias() || last.getBias()) {
        return Verdict::refused(plan::Reason::RefusedShape,
                                "one row, no bias, lines a multiple of " +
                                    std::to_string(tile.rows) + " wanted");
      }
    }
    return Verdict::ok();
  }

  llvm::SmallVector<KernelConfig> enumerate(const GroupView &,
                                            const DeviceSpec &) const override {
    llvm::SmallVector<KernelConfig> configs;
    for (const Tile &tile : tiles) {
      configs.push_back({{"cols", tile.cols}, {"rows", tile.rows}});
    }
    return configs;
  }

  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override {
    const int64_t rows = config.get("rows");
    Roles ops = rolesOf(group);
    KernelSignature signature = signatureOf(group, ops);
    const uint64_t blocks = outputs(ops) / rows;
    const uint64_t row = 2 * width(ops);
    auto load = [&](mlir::Value value, uint64_t bytes) {
      ParamWork &param = signature.of(value);
      param.loadedBytes += bytes;
      param.uniqueLoaded = 2 * elementsOf(value);
    };
    load(input(ops), blocks * row);
    load(ops.linear.getWeight(),
         2 * elementsOf(ops.linear.getWeight()) * (ops.down ? blocks : 1));
    if (ops.norm) {
      load(ops.norm.getGain(), blocks * row);
    }
    if (ops.add) {
      load(ops.add.getLhs(), 2 * outputs(ops));
    }
    if (ops.down) {
      load(ops.down.getWeight(), 2 * elementsOf(ops.down.getWeight()));
    }
    ParamWork &result = signature.of(group.liveOuts().front());
    result.storedBytes = result.uniqueStored = 2 * outputs(ops);
    Work work = signature.work(launchOf(ops, config), workload);
    work.prefetchBytes = blocks * 2 * rows * config.get("cols");
    return work;
  }

  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &) const override {
    return {"pieces.cuh", "norm.cuh"};
  }

  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override {
    const std::string rows = std::to_string(config.get("rows"));
    Roles ops = rolesOf(group);
    const KernelSignature signature = signatureOf(group, ops);
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::StringRef(seedText).split(lines, '\n');
    for (llvm::StringRef line : lines) {
      writer.line(line);
    }
    CudaWriter::Scope kernel =
        signature.openKernel(writer, launchOf(ops, config), Wait::InBody);
    const std::string &x = signature.name(input(ops));
    const std::string &weight = signature.name(ops.linear.getWeight());
    const std::string &y = signature.name(group.liveOuts().front());
    const std::string tile = "<Tile<" + std::to_string(width(ops)) + ", " +
                             rows + ", " + std::to_string(config.get("cols")) +
                             ">>";
    if (ops.down) {
      writer.call("recomputingMlp<" + std::to_string(width(ops)) + ", " +
                      std::to_string(shapeOf(ops.down.getWeight())[1]) + ", " +
                      rows + ">",
                  {x, weight, signature.name(ops.down.getWeight()), y});
    } else if (ops.norm) {
      writer.call("tiledNorm" + tile,
                  {x, signature.name(ops.norm.getGain()), weight, y,
                   floatLiteral(static_cast<float>(ops.norm.epsValue()))});
    } else {
      writer.call("tiledResidual" + tile,
                  {x, weight, signature.name(ops.add.getLhs()), y});
    }
  }

private:
  /// The group's ops are the first of `order`, each on the one before.
  bool begins(const GroupView &group) const {
    if (group.ops().size() > order.size()) {
      return false;
    }
    for (size_t i = 0; i < group.ops().size(); ++i) {
      mlir::Operation *op = group.ops()[i];
      if (op->getName().stripDialect() != order[i]) {
        return false;
      }
      // The residual comes first, what is added second.
      const unsigned operand = order[i] == "add" ? 1 : 0;
      if (i != 0 &&
          group.producer(op->getOperand(operand)) != group.ops()[i - 1]) {
        return false;
      }
    }
    if (auto add = mlir::dyn_cast<decoder::AddOp>(group.ops().back())) {
      return group.liveInIndex(add.getLhs()).has_value();
    }
    return true;
  }

  static Roles rolesOf(const GroupView &group) {
    Roles found;
    for (mlir::Operation *op : group.ops()) {
      if (auto norm = mlir::dyn_cast<decoder::RmsNormOp>(op)) {
        found.norm = norm;
      } else if (auto add = mlir::dyn_cast<decoder::AddOp>(op)) {
        found.add = add;
      } else if (auto swiglu = mlir::dyn_cast<decoder::SwigluOp>(op)) {
        found.swiglu = swiglu;
      } else if (auto linear = mlir::dyn_cast<decoder::LinearOp>(op)) {
        (found.linear ? found.down : found.linear) = linear;
      }
    }
    return found;
  }

  static mlir::Value input(Roles ops) {
    return ops.norm ? ops.norm.getInput() : ops.linear.getInput();
  }
  static int64_t width(Roles ops) { return shapeOf(ops.linear.getWeight())[1]; }
  static int64_t outputs(Roles ops) {
    return shapeOf((ops.down ? ops.down : ops.linear).getWeight())[0];
  }

  static LaunchShape launchOf(Roles ops, const KernelConfig &config) {
    const int64_t rows = config.get("rows");
    LaunchShape shape;
    shape.gridX = outputs(ops) / rows;
    shape.threads = rows * config.get("cols") / 8;
    shape.blocksPerSm = 512 / shape.threads;
    // Floats of blockSum, the row, the tile's part of the hidden vector.
    shape.sharedBytes = 32 + 2 * width(ops) + (ops.down ? 2 * rows : 0);
    return shape;
  }

  static KernelSignature signatureOf(const GroupView &group, Roles ops) {
    llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>> roles;
    auto add = [&](mlir::Value value, llvm::StringRef role) {
      roles.emplace_back(group.source(value), role);
    };
    add(input(ops), "x");
    add(ops.linear.getWeight(), "weight");
    if (ops.norm) {
      add(ops.norm.getGain(), "gain");
    }
    if (ops.add) {
      add(ops.add.getLhs(), "residual");
    }
    if (ops.down) {
      add(ops.down.getWeight(), "weight");
    }
    return {group, roles};
  }

  std::string familyName;
  std::vector<llvm::StringRef> order;
  std::vector<Tile> tiles;
};

} // namespace

const KernelFamily &tiledResidualFamily() {
  static const SeedFamily family("seed_tiled", {"linear", "add"}, {{64, 32}});
  return family;
}

const KernelFamily &rowSplitFamily() {
  static const SeedFamily family("seed_row_split", {"linear", "add"},
                                 {{4, 256}});
  return family;
}

const KernelFamily &normLinearFamily() {
  static const SeedFamily family("seed_norm_linear", {"rms_norm", "linear"},
                                 {{4, 256}, {32, 32}});
  return family;
}

const KernelFamily &recomputingMlpFamily() {
  static const SeedFamily family("seed_mlp", {"linear", "swiglu", "linear"},
                                 {{32, 32}});
  return family;
}

} // namespace sinter::seeds
