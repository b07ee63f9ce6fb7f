//===- Analysis.cpp - Launches and bytes of an undecided graph ------------===//

#include "passes/Analysis.h"

#include "codegen/KernelRegistry.h"
#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "passes/CheckPlacement.h"
#include "passes/Support.h"
#include "passes/analysis/OpNames.h"

#include <llvm/ADT/MapVector.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>

#include <map>

using namespace mlir;

namespace sinter {

uint64_t WorkCounts::flopsPerThousandBytes() const {
  const uint64_t bytes = uniqueRead + uniqueWritten;
  // Up to 2^63 flops times 1,000.
  return bytes == 0 ? 0
                    : static_cast<uint64_t>(
                          static_cast<unsigned __int128>(flops) * 1000 / bytes);
}

WorkCounts &WorkCounts::operator+=(const WorkCounts &other) {
  launches += other.launches;
  loaded += other.loaded;
  stored += other.stored;
  loadedWeights += other.loadedWeights;
  loadedCache += other.loadedCache;
  storedCache += other.storedCache;
  uniqueRead += other.uniqueRead;
  uniqueWritten += other.uniqueWritten;
  uniqueWeights += other.uniqueWeights;
  uniqueCache += other.uniqueCache;
  flops += other.flops;
  return *this;
}

namespace {

class EntryAnalyzer {
public:
  EntryAnalyzer(func::FuncOp function, const DeviceSpec &device)
      : function(function), device(device) {}

  EntryAnalysis analyze(const Workload &workload) {
    EntryAnalysis entry;
    entry.name = function.getName().str();
    entry.workload = workload;
    std::map<int64_t, LayerAnalysis> layers;
    for (Operation &op : function.getBody().front()) {
      if (!isStepOp(&op)) {
        continue;
      }
      OpAnalysis analysis = analyzeOp(&op, workload);
      entry.step += analysis.work;
      if (analysis.layer) {
        LayerAnalysis &layer = layers[*analysis.layer];
        layer.layer = *analysis.layer;
        ++layer.ops;
        layer.work += analysis.work;
      }
      if (auto append = dyn_cast<decoder::KvAppendOp>(op)) {
        auto cache = cast<RankedTensorType>(append.getCache().getType());
        entry.cacheBytes += static_cast<uint64_t>(bytesOf(cache));
        entry.cacheBytesPerPosition +=
            static_cast<uint64_t>(bytesOf(cache)) /
            static_cast<uint64_t>(cache.getDimSize(0) * cache.getDimSize(2));
      }
      entry.ops.push_back(std::move(analysis));
    }
    for (auto &[number, layer] : layers) {
      entry.layers.push_back(std::move(layer));
    }
    // What several ops read of one tensor moves once.
    uint64_t distinct = 0;
    for (const auto &[name, weight] : weights) {
      distinct += std::min(weight.bytes, weight.read);
    }
    for (const auto &[value, pack] : packs) {
      distinct += std::min(pack.bytes, pack.read);
    }
    entry.step.uniqueRead -= entry.step.uniqueWeights - distinct;
    entry.step.uniqueWeights = distinct;
    return entry;
  }

private:
  struct WeightUse {
    uint64_t bytes = 0; ///< of the tensor
    uint64_t read = 0;  ///< by all ops, those that several read several times
  };

  OpAnalysis analyzeOp(Operation *op, const Workload &workload) {
    OpAnalysis analysis;
    analysis.name = decoder::opName(op).str();
    analysis.kind = op->getName().stripDialect().str();
    analysis.layer = layerOf(analysis.name);
    countUnique(op, workload, analysis.work);

    auto group = codegen::GroupView::ofOp(op);
    Verdict why = Verdict::ok();
    const codegen::KernelFamily *family =
        codegen::chooseFamily(group, device, why);
    if (!family) {
      analysis.refusal = why.message();
      return analysis;
    }
    codegen::KernelConfig config = family->enumerate(group, device).front();
    codegen::Work work = family->work(group, config, workload);
    analysis.family = family->name().str();
    analysis.config = config.text();
    analysis.work.launches = work.launches;
    analysis.work.loaded = work.loadedBytes();
    analysis.work.stored = work.storedBytes();
    for (const codegen::ParamWork &param : work.params) {
      if (!param.liveIn) {
        continue;
      }
      // A cache that is updated in place is a live-in too.
      Value source = withoutViews(group.liveIns()[*param.liveIn]);
      if (isWeight(source.getDefiningOp())) {
        analysis.work.loadedWeights += param.loadedBytes;
      } else if (isCache(source)) {
        analysis.work.loadedCache += param.loadedBytes;
        analysis.work.storedCache += param.storedBytes;
      }
    }
    return analysis;
  }

  void countUnique(Operation *op, const Workload &workload, WorkCounts &work) {
    auto traffic = cast<TrafficOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands()) {
      auto bytes = static_cast<uint64_t>(
          traffic.getOperandTraffic(operand.getOperandNumber(), workload)
              .uniqueBytes);
      work.uniqueRead += bytes;
      Value source = withoutViews(operand.get());
      if (auto load = source.getDefiningOp<ml_program::GlobalLoadConstOp>()) {
        work.uniqueWeights += bytes;
        WeightUse &use = weights[load.getGlobal().getLeafReference()];
        use.bytes = static_cast<uint64_t>(bytesOf(load.getType()));
        use.read += bytes;
      } else if (source.getDefiningOp<decoder::PackWeightsOp>()) {
        // decoder-pack-weights packs a weight once, and only if nothing else
        // reads it.
        work.uniqueWeights += bytes;
        WeightUse &use = packs[source];
        use.bytes = static_cast<uint64_t>(bytesOf(source.getType()));
        use.read += bytes;
      } else if (isCache(source)) {
        work.uniqueCache += bytes;
      }
    }
    for (OpResult result : op->getResults()) {
      work.uniqueWritten += static_cast<uint64_t>(
          traffic.getResultTraffic(result.getResultNumber(), workload)
              .uniqueBytes);
    }
    work.flops += static_cast<uint64_t>(traffic.getFlops(workload));
  }

  /// A cache is what is appended to, before and after.
  static bool isCache(Value source) {
    return source.getDefiningOp<decoder::KvAppendOp>() != nullptr ||
           llvm::any_of(source.getUses(), [](OpOperand &use) {
             auto append = dyn_cast<decoder::KvAppendOp>(use.getOwner());
             return append && append.getCache() == use.get();
           });
  }

  func::FuncOp function;
  const DeviceSpec &device;
  llvm::MapVector<StringRef, WeightUse> weights;
  llvm::MapVector<Value, WeightUse> packs;
};

} // namespace

Result<EntryAnalysis> analyzeEntry(func::FuncOp function,
                                   const DeviceSpec &device) {
  plan::WorkloadAttr workload = plan::getWorkload(function);
  if (!workload) {
    return Error{ErrorCode::WorkloadMissing,
                 "function '" + function.getName().str() + "'",
                 "the attribute plan.workload", "none",
                 "import the model with a workload"};
  }
  return EntryAnalyzer(function, device).analyze(workload.workload());
}

} // namespace sinter
