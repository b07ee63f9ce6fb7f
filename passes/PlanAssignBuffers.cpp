//===- PlanAssignBuffers.cpp - Gives every value a place in an arena ------===//

#include "passes/CheckPlacement.h"
#include "passes/FirstFit.h"
#include "passes/Passes.h"
#include "passes/Steps.h"
#include "passes/Support.h"

#include <llvm/ADT/StringSet.h>
#include <mlir/IR/SymbolTable.h>

#include <map>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANASSIGNBUFFERS
#include "passes/Passes.h.inc"

namespace {

/// One buffer: an argument or a result of a launch, with everything that shares
/// its bytes (views, tied results).
struct Buffer {
  enum class Kind { Cache, Io, Activation, Weight };
  Kind kind = Kind::Activation;
  Value value; ///< the first one
  int64_t first = 0;
  int64_t last = 0;
  SlotAttr slot;    ///< null for a weight
  std::string name; ///< "in.ids", "out.logits" of Io
};

/// Places that functions share.
struct Arenas {
  struct Cache {
    SlotAttr slot;
    RankedTensorType type; ///< in the first entry
  };
  llvm::StringMap<Cache> caches;
  /// By direction, name, type.
  std::map<std::pair<std::string, const void *>, SlotAttr> io;
  int64_t cacheBytes = 0;
  int64_t ioBytes = 0;
};

class EntryPlacer {
public:
  EntryPlacer(func::FuncOp function, SymbolTableCollection &symbols,
              Arenas &arenas)
      : function(function), context(function.getContext()), symbols(symbols),
        arenas(arenas) {}

  LogicalResult place() {
    FailureOr<LaunchMode> mode = launchModeOf(function);
    if (failed(mode)) {
      return failure();
    }
    edges = programmaticEdges(flatOps(function), *mode);
    if (failed(findBuffers()) || failed(placeLasting())) {
      return failure();
    }
    placeActivations();
    writeSlots();
    return success();
  }

private:
  Buffer &bufferOf(Value value) { return buffers[bufferIndex.at(value)]; }

  void addBuffer(Value value, Buffer::Kind kind, int64_t step) {
    bufferIndex[value] = buffers.size();
    buffers.push_back({kind, value, step, step, nullptr, ""});
  }

  LogicalResult findBuffers() {
    for (BlockArgument argument : function.getArguments()) {
      StringRef name = argumentName(argument);
      addBuffer(argument,
                name.starts_with("cache.") ? Buffer::Kind::Cache
                                           : Buffer::Kind::Io,
                0);
      nameIo(buffers.back(), "in.", name);
    }
    int64_t step = 0;
    Operation *before = nullptr; ///< the launch or library call before
    for (Operation &op : function.getBody().front()) {
      ++step;
      // Both may run at once: what one needs, the other does not overwrite.
      if (before && edges.contains(&op)) {
        for (Value operand : before->getOperands()) {
          bufferOf(operand).last = step;
        }
        for (Value result : before->getResults()) {
          bufferOf(result).last = step;
        }
      }
      if (isa<LaunchOp, LibraryOp>(op)) {
        before = &op;
      }
      if (isWeight(&op)) {
        addBuffer(op.getResult(0), Buffer::Kind::Weight, step);
        continue;
      }
      for (Value operand : op.getOperands()) {
        bufferOf(operand).last = step;
      }
      if (isView(&op)) {
        bufferIndex[op.getResult(0)] = bufferIndex.at(op.getOperand(0));
      } else if (auto launch = dyn_cast<LaunchOp>(op)) {
        if (failed(findResults(launch, step))) {
          return failure();
        }
      } else if (auto returned = dyn_cast<func::ReturnOp>(op)) {
        if (failed(findReturned(returned))) {
          return failure();
        }
      } else {
        for (Value result : op.getResults()) {
          addBuffer(result, Buffer::Kind::Activation, step);
        }
      }
    }
    return success();
  }

  /// Nothing is shared by a name that the entry has twice, or lacks.
  void nameIo(Buffer &buffer, StringRef direction, StringRef name) {
    std::string key = (direction + name).str();
    if (!name.empty() && ioNames.insert(key).second) {
      buffer.name = std::move(key);
    }
  }

  LogicalResult findResults(LaunchOp launch, int64_t step) {
    for (OpResult result : launch.getResults()) {
      std::optional<unsigned> tied =
          launch.getTiedOperand(result.getResultNumber(), symbols);
      if (!tied) {
        addBuffer(result, Buffer::Kind::Activation, step);
        continue;
      }
      Buffer &buffer = bufferOf(launch.getInputs()[*tied]);
      if (buffer.kind == Buffer::Kind::Weight) {
        return launch.emitError()
               << describeOp(launch)
               << " updates a weight in place; append to a cache";
      }
      if (isa<BlockArgument>(buffer.value)) {
        buffer.kind = Buffer::Kind::Cache;
      }
      bufferIndex[result] = bufferIndex.at(launch.getInputs()[*tied]);
    }
    return success();
  }

  LogicalResult findReturned(func::ReturnOp op) {
    for (auto [index, value] : llvm::enumerate(op.getOperands())) {
      Buffer &buffer = bufferOf(value);
      if (buffer.kind == Buffer::Kind::Weight) {
        return op.emitError() << "entry '" << function.getName()
                              << "' returns a weight as result " << index
                              << "; return what is computed from it";
      }
      if (buffer.kind == Buffer::Kind::Activation) {
        buffer.kind = Buffer::Kind::Io;
        nameIo(buffer, "out.", resultName(index));
      }
    }
    return success();
  }

  LogicalResult placeLasting() {
    for (Buffer &buffer : buffers) {
      int64_t bytes = bytesOf(buffer.value.getType());
      if (buffer.kind == Buffer::Kind::Io) {
        // Entries share what the caller reads and writes.
        SlotAttr fresh = slot("io", arenas.ioBytes, bytes);
        if (buffer.name.empty()) {
          buffer.slot = fresh;
        } else {
          buffer.slot =
              arenas.io
                  .try_emplace({buffer.name,
                                buffer.value.getType().getAsOpaquePointer()},
                               fresh)
                  .first->second;
        }
        if (buffer.slot == fresh) {
          arenas.ioBytes += alignedSlot(bytes);
        }
      } else if (buffer.kind == Buffer::Kind::Cache) {
        StringRef name = argumentName(buffer.value);
        auto type = cast<RankedTensorType>(buffer.value.getType());
        Arenas::Cache &shared = arenas.caches[name];
        if (!shared.slot || name.empty()) {
          shared = {slot("cache", arenas.cacheBytes, bytes), type};
          arenas.cacheBytes += alignedSlot(bytes);
        } else if (shared.slot.getBytes() != bytes &&
                   !isOneSequence(type, shared.type)) {
          return function.emitError()
                 << "entry '" << function.getName() << "' has a cache '" << name
                 << "' of " << bytes << " bytes, another entry one of "
                 << shared.slot.getBytes()
                 << "; entries share caches, so import them with one "
                    "max_context, and one batch or 1 behind it";
        }
        // An entry of one sequence is placed at the first.
        buffer.slot = slot("cache", shared.slot.getOffset(), bytes);
      }
    }
    return success();
  }

  /// Is `type` one sequence of a cache `shared`?
  static bool isOneSequence(RankedTensorType type, RankedTensorType shared) {
    return type.getShape().front() == 1 &&
           type.getShape().drop_front() == shared.getShape().drop_front() &&
           type.getElementType() == shared.getElementType();
  }

  void placeActivations() {
    SmallVector<Lifetime> lifetimes;
    for (const Buffer &buffer : buffers) {
      if (buffer.kind == Buffer::Kind::Activation) {
        lifetimes.push_back(
            {bytesOf(buffer.value.getType()), buffer.first, buffer.last});
      }
    }
    Layout layout = firstFit(lifetimes);
    size_t next = 0;
    for (Buffer &buffer : buffers) {
      if (buffer.kind == Buffer::Kind::Activation) {
        buffer.slot =
            slot("activations", layout.offsets[next], lifetimes[next].bytes);
        ++next;
      }
    }
  }

  void writeSlots() {
    for (BlockArgument argument : function.getArguments()) {
      function.setArgAttr(argument.getArgNumber(), PlanDialect::kSlotAttr,
                          bufferOf(argument).slot);
    }
    for (Operation &op : function.getBody().front()) {
      if (!isa<LaunchOp, LibraryOp>(op)) {
        continue;
      }
      SmallVector<Attribute> slots;
      for (Value result : op.getResults()) {
        slots.push_back(bufferOf(result).slot);
      }
      op.setAttr("slots", ArrayAttr::get(context, slots));
    }
  }

  StringRef argumentName(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument) {
      return "";
    }
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      PlanDialect::kNameAttr);
    return name ? name.getValue() : "";
  }

  StringRef resultName(unsigned index) {
    auto name =
        function.getResultAttrOfType<StringAttr>(index, PlanDialect::kNameAttr);
    return name ? name.getValue() : "";
  }

  SlotAttr slot(StringRef arena, int64_t offset, int64_t bytes) {
    return SlotAttr::get(context, arena, offset, bytes);
  }

  func::FuncOp function;
  MLIRContext *context;
  SymbolTableCollection &symbols;
  Arenas &arenas;
  SmallVector<Buffer> buffers; ///< in the order of their first values
  DenseMap<Value, size_t> bufferIndex;
  llvm::StringSet<> ioNames;
  DenseSet<Operation *> edges; ///< launches behind programmatic edges
};

struct PlanAssignBuffersPass
    : public impl::PlanAssignBuffersBase<PlanAssignBuffersPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, getArgument(), Stage::Outlined,
                          Stage::Placed))) {
      return signalPassFailure();
    }
    for (func::FuncOp function : entriesOf(module)) {
      for (Operation &op : function.getBody().front()) {
        if (isStepOp(&op) || isa<SingleOp, GroupOp>(op)) {
          op.emitError() << describeOp(&op)
                         << " is no launch; run plan-outline-kernels first";
          return signalPassFailure();
        }
      }
    }
    SymbolTableCollection symbols;
    Arenas arenas;
    for (func::FuncOp function : entriesOf(module)) {
      if (failed(EntryPlacer(function, symbols, arenas).place()) ||
          failed(checkPlacement(function))) {
        return signalPassFailure();
      }
    }
    setStage(module, Stage::Placed);
  }
};

} // namespace
} // namespace sinter
