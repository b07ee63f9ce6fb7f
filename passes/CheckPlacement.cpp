//===- CheckPlacement.cpp - Does every read see what was written? ---------===//

#include "passes/CheckPlacement.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "passes/FirstFit.h"
#include "passes/Steps.h"
#include "passes/Support.h"

#include <mlir/IR/SymbolTable.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * (tensor.getElementTypeBitWidth() / 8);
}

namespace {

bool overlap(SlotAttr a, SlotAttr b) {
  return a.getArena() == b.getArena() &&
         a.getOffset() < b.getOffset() + b.getBytes() &&
         b.getOffset() < a.getOffset() + a.getBytes();
}

std::string describeSlot(SlotAttr slot) {
  return "bytes " + std::to_string(slot.getOffset()) + " to " +
         std::to_string(slot.getOffset() + slot.getBytes() - 1) + " of '" +
         slot.getArena().str() + "'";
}

/// What the arenas hold while an entry runs.
class Memory {
public:
  explicit Memory(func::FuncOp function) : function(function) {}

  std::string describe(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        PlanDialect::kNameAttr);
      return "argument " + (name ? "'" + name.str() + "'"
                                 : std::to_string(argument.getArgNumber()));
    }
    return "the result of " + describeOp(value.getDefiningOp());
  }

  /// Where `value` (no view, no weight) lies; null if that is not said.
  SlotAttr slotOf(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      return function.getArgAttrOfType<SlotAttr>(argument.getArgNumber(),
                                                 PlanDialect::kSlotAttr);
    }
    Operation *op = value.getDefiningOp();
    auto slots = op->getAttrOfType<ArrayAttr>("slots");
    unsigned index = cast<OpResult>(value).getResultNumber();
    return slots && index < slots.size() ? dyn_cast<SlotAttr>(slots[index])
                                         : SlotAttr();
  }

  /// `at` writes `value`; what lay there is gone.
  LogicalResult write(Operation *at, Value value) {
    SlotAttr slot = slotOf(value);
    if (!slot) {
      return at->emitError()
             << describe(value) << " has no slot; run plan-assign-buffers";
    }
    if (slot.getBytes() != bytesOf(value.getType())) {
      return at->emitError()
             << describe(value) << " has " << bytesOf(value.getType())
             << " bytes and a slot of " << slot.getBytes()
             << "; run plan-assign-buffers";
    }
    if (slot.getOffset() % slotAlignment != 0) {
      return at->emitError()
             << describe(value) << " lies at offset " << slot.getOffset()
             << ", slots begin at multiples of " << slotAlignment
             << "; run plan-assign-buffers";
    }
    llvm::erase_if(contents, [&](const Content &content) {
      return overlap(content.slot, slot);
    });
    contents.push_back({slot, value});
    return success();
  }

  /// `at` reads `value`, which must be whole.
  LogicalResult read(Operation *at, Value value) {
    SlotAttr slot = slotOf(value);
    for (const Content &content : contents) {
      if (content.value == value) {
        return success();
      }
    }
    for (const Content &content : contents) {
      if (overlap(content.slot, slot)) {
        return at->emitError()
               << describeOp(at) << " reads " << describe(value) << " after "
               << describe(content.value) << " was written over it ("
               << describeSlot(slot)
               << "); run plan-assign-buffers, or decoder-normalize if a cache "
                  "is read after its append";
      }
    }
    return at->emitError() << describeOp(at) << " reads " << describe(value)
                           << ", which nothing has written";
  }

  /// `result` is what `operand` becomes; the bytes are the same.
  void update(Value operand, Value result) {
    for (auto &[first, last] : lasting) {
      if (last == operand) {
        last = result;
      }
    }
  }

  void addArgument(BlockArgument argument) {
    lasting.push_back({argument, argument});
  }

  /// Arguments belong to the caller: in the end each is whole, or updated.
  LogicalResult checkArguments(Operation *at) {
    for (auto &[first, last] : lasting) {
      if (failed(read(at, last))) {
        return failure();
      }
    }
    return success();
  }

private:
  struct Content {
    SlotAttr slot;
    Value value;
  };
  func::FuncOp function;
  SmallVector<Content> contents; ///< disjoint
  /// Each argument and the value that its bytes hold by now.
  SmallVector<std::pair<Value, Value>> lasting;
};

/// `op` may start before `before` has ended: it writes over nothing of that.
LogicalResult checkBeside(Operation *op, Operation *before, Memory &memory,
                          SymbolTableCollection &symbols) {
  auto launch = cast<LaunchOp>(op);
  SmallVector<Value> used(before->getOperands());
  llvm::append_range(used, before->getResults());
  for (OpResult result : op->getResults()) {
    if (launch.getTiedOperand(result.getResultNumber(), symbols)) {
      continue; // what it waits for before
    }
    for (Value value : used) {
      Value source = withoutViews(value);
      if (!isWeight(source.getDefiningOp()) &&
          overlap(memory.slotOf(source), memory.slotOf(result))) {
        return op->emitError()
               << describeOp(op) << " writes over " << memory.describe(source)
               << " beside " << describeOp(before)
               << ", which may still run: the edge between them is "
                  "programmatic; run plan-assign-buffers";
      }
    }
  }
  return success();
}

/// A launch or a library call.
LogicalResult checkStep(Operation *op, Memory &memory,
                        SymbolTableCollection &symbols) {
  auto launch = dyn_cast<LaunchOp>(op);
  SmallVector<Value> inputs;
  for (Value input : op->getOperands()) {
    Value source = withoutViews(input);
    inputs.push_back(source);
    if (!isWeight(source.getDefiningOp()) && failed(memory.read(op, source))) {
      return failure();
    }
  }
  SmallVector<OpResult> results(op->getResults());
  for (auto [index, result] : llvm::enumerate(results)) {
    SlotAttr slot = memory.slotOf(result);
    if (!slot) {
      return op->emitError() << memory.describe(result)
                             << " has no slot; run plan-assign-buffers";
    }
    std::optional<unsigned> tied =
        launch ? launch.getTiedOperand(index, symbols) : std::nullopt;
    if (tied && memory.slotOf(inputs[*tied]) != slot) {
      return op->emitError()
             << describeOp(op)
             << " updates its operand in place, and the result has another "
                "slot; run plan-assign-buffers";
    }
    for (auto [position, input] : llvm::enumerate(inputs)) {
      if (isWeight(input.getDefiningOp()) ||
          (tied && inputs[*tied] == input && position == *tied)) {
        continue;
      }
      if (overlap(memory.slotOf(input), slot)) {
        return op->emitError()
               << describeOp(op) << " writes over " << memory.describe(input)
               << " while it reads it (" << describeSlot(slot)
               << "); run plan-assign-buffers";
      }
    }
    for (OpResult other : ArrayRef(results).take_front(index)) {
      if (overlap(memory.slotOf(other), slot)) {
        return op->emitError()
               << describeOp(op) << " has two results in " << describeSlot(slot)
               << "; run plan-assign-buffers";
      }
    }
  }
  for (auto [index, result] : llvm::enumerate(results)) {
    if (failed(memory.write(op, result))) {
      return failure();
    }
    if (auto tied =
            launch ? launch.getTiedOperand(index, symbols) : std::nullopt) {
      memory.update(inputs[*tied], result);
    }
  }
  return success();
}

} // namespace

LogicalResult checkPlacement(func::FuncOp function) {
  Memory memory(function);
  SymbolTableCollection symbols;
  for (BlockArgument argument : function.getArguments()) {
    if (failed(memory.write(function, argument))) {
      return failure();
    }
    memory.addArgument(argument);
  }
  // They are all there at once.
  if (failed(memory.checkArguments(function))) {
    return failure();
  }
  SmallVector<Operation *> ops = flatOps(function);
  FailureOr<LaunchMode> mode = launchModeOf(function);
  if (failed(mode)) {
    return failure();
  }
  DenseSet<Operation *> edges = programmaticEdges(ops, *mode);
  Operation *before = nullptr;
  for (Operation *op : ops) {
    if (isa<LaunchOp, LibraryOp>(op)) {
      if (failed(checkStep(op, memory, symbols)) ||
          (edges.contains(op) &&
           failed(checkBeside(op, before, memory, symbols)))) {
        return failure();
      }
      before = op;
    } else if (auto result = dyn_cast<func::ReturnOp>(op)) {
      for (Value value : result.getOperands()) {
        Value source = withoutViews(value);
        if (failed(memory.read(result, source))) {
          return failure();
        }
      }
      if (failed(memory.checkArguments(result))) {
        return failure();
      }
    }
  }
  return success();
}

} // namespace sinter
