//===- LiveRanges.cpp - Which activations live when -----------------------===//

#include "passes/analysis/LiveRanges.h"

#include "ir/decoder/Decoder.h"
#include "passes/Support.h"

#include <llvm/ADT/DenseMap.h>

using namespace mlir;

namespace sinter {

LiveRangeAnalysis analyzeLiveRanges(func::FuncOp function) {
  LiveRangeAnalysis result;
  llvm::DenseMap<Value, size_t> rangeOf;
  std::vector<std::string> names;
  for (Operation &op : function.getBody().front()) {
    const auto step = static_cast<uint32_t>(names.size());
    const bool returns = op.hasTrait<OpTrait::IsTerminator>();
    if (!isStepOp(&op) && !returns) {
      continue;
    }
    for (Value operand : op.getOperands()) {
      auto found = rangeOf.find(withoutViews(operand));
      if (found != rangeOf.end()) {
        result.ranges[found->second].last = step;
        result.ranges[found->second].returned |= returns;
      }
    }
    if (returns) {
      break;
    }
    names.push_back(decoder::opName(&op).str());
    // Caches are the caller's.
    if (isa<decoder::KvAppendOp>(op)) {
      continue;
    }
    for (Value value : op.getResults()) {
      rangeOf[value] = result.ranges.size();
      result.ranges.push_back(
          {names.back(), static_cast<uint64_t>(tensorBytes(value.getType())),
           step, step, false});
    }
  }
  std::vector<uint64_t> begins(names.size() + 2), ends(names.size() + 2);
  for (const LiveRange &range : result.ranges) {
    begins[range.first] += range.bytes;
    ends[range.last + 1] += range.bytes;
    result.totalBytes += range.bytes;
  }
  uint64_t alive = 0;
  for (uint32_t step = 0; step < names.size(); ++step) {
    alive += begins[step] - ends[step];
    if (alive > result.peakBytes) {
      result.peakBytes = alive;
      result.peakStep = step;
      result.peakOp = names[step];
    }
  }
  return result;
}

} // namespace sinter
