//===- EntryGraph.cpp - The ops of an entry as plain data -----------------===//

#include "passes/fusion/EntryGraph.h"

#include "ir/decoder/Decoder.h"
#include "passes/Support.h"

#include <llvm/ADT/DenseMap.h>

using namespace mlir;

namespace sinter::fusion {

EntryGraph graphOf(func::FuncOp function) {
  EntryGraph entry;
  llvm::DenseMap<Operation *, uint32_t> numbers;
  for (Operation &op : function.getBody().front()) {
    if (!isStepOp(&op)) {
      continue;
    }
    const uint32_t number = entry.graph.add(decoder::opName(&op).str());
    numbers[&op] = number;
    entry.ops.push_back(&op);
    for (Value operand : op.getOperands()) {
      auto producer = numbers.find(withoutViews(operand).getDefiningOp());
      if (producer != numbers.end()) {
        entry.graph.connect(producer->second, number);
      }
    }
  }
  return entry;
}

} // namespace sinter::fusion
