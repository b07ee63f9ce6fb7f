//===- Support.cpp - What several passes need -----------------------------===//

#include "passes/Support.h"

#include "codegen/devices/Devices.h"
#include "ir/decoder/Decoder.h"

#include <mlir/Dialect/MLProgram/IR/MLProgram.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>

using namespace mlir;

namespace sinter {

bool isWeightLoad(Operation *op) {
  return isa_and_nonnull<ml_program::GlobalLoadConstOp>(op);
}

bool isWeight(Operation *op) {
  return isWeightLoad(op) || isa_and_nonnull<decoder::PackWeightsOp>(op);
}

bool isDecoderOp(Operation *op) {
  return op && isa_and_nonnull<decoder::DecoderDialect>(op->getDialect());
}

bool isStepOp(Operation *op) {
  return isDecoderOp(op) && !isa<decoder::PackWeightsOp>(op);
}

Value withoutViews(Value value) {
  while (Operation *producer = value.getDefiningOp()) {
    if (auto capture = dyn_cast<plan::CaptureOp>(producer)) {
      value = capture.getBodyBlock()->getTerminator()->getOperand(
          cast<OpResult>(value).getResultNumber());
    } else if (isView(producer)) {
      value = producer->getOperand(0);
    } else {
      break;
    }
  }
  return value;
}

void sinkToUsers(Block &block) {
  auto standsAtItsUser = [](Operation *op) {
    return isView(op) || isWeight(op);
  };
  SmallVector<Operation *> movable;
  SmallVector<Operation *> fixed;
  for (Operation &op : block) {
    (standsAtItsUser(&op) ? movable : fixed).push_back(&op);
  }
  DenseSet<Operation *> placed;
  for (Operation *user : fixed) {
    // Chains: the deepest first.
    auto place = [&](auto &self, Operation *op) -> void {
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (producer && producer->getBlock() == &block &&
            standsAtItsUser(producer) && placed.insert(producer).second) {
          self(self, producer);
          producer->moveBefore(user);
        }
      }
    };
    place(place, user);
  }
  for (Operation *op : llvm::reverse(movable)) {
    if (!placed.contains(op)) {
      op->erase();
    }
  }
}

SmallVector<func::FuncOp> entriesOf(ModuleOp module) {
  SmallVector<func::FuncOp> entries;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!function.isExternal()) {
      entries.push_back(function);
    }
  }
  return entries;
}

std::string describeOp(Operation *op) {
  return ("'" + decoder::opName(op) + "' (" + op->getName().getStringRef() +
          ")")
      .str();
}

StringRef passTo(plan::Stage stage) {
  switch (stage) {
  case plan::Stage::Imported:
    return "";
  case plan::Stage::Normalized:
    return "decoder-normalize";
  case plan::Stage::Packed:
    return "decoder-pack-weights";
  case plan::Stage::Marked:
    return "plan-mark";
  case plan::Stage::Grouped:
    return "plan-form-groups";
  case plan::Stage::Selected:
    return "plan-select-kernels";
  case plan::Stage::Outlined:
    return "plan-outline-kernels";
  case plan::Stage::Placed:
    return "plan-assign-buffers";
  case plan::Stage::Captured:
    return "plan-form-captures";
  }
  return "";
}

LogicalResult checkStage(ModuleOp module, StringRef pass, plan::Stage from,
                         plan::Stage to) {
  plan::Stage stage = plan::getStage(module);
  if (stage < from) {
    auto next = static_cast<plan::Stage>(static_cast<uint32_t>(stage) + 1);
    return module.emitError()
           << pass << " wants stage '" << plan::stringifyStage(from)
           << "', the module is at '" << plan::stringifyStage(stage)
           << "'; run " << passTo(next) << " first";
  }
  if (stage > to) {
    return module.emitError()
           << pass << " makes stage '" << plan::stringifyStage(to)
           << "', the module is already at '" << plan::stringifyStage(stage)
           << "'; run it on the module before " << passTo(stage);
  }
  return success();
}

FailureOr<DeviceSpec> deviceFor(ModuleOp module, StringRef target) {
  auto planned =
      module->getAttrOfType<StringAttr>(plan::PlanDialect::kTargetAttr);
  std::string name = target.str();
  if (name.empty()) {
    name = planned ? planned.str() : std::string(defaultDevice);
  }
  Result<DeviceSpec> device = resolveDevice(name);
  if (!device) {
    module.emitError() << device.error().message();
    return failure();
  }
  if (planned && planned != device->name) {
    module.emitError() << "the module is planned for '" << planned.getValue()
                       << "' (plan.target), the option target names '"
                       << device->name
                       << "'; plan again from the decoder graph";
    return failure();
  }
  return std::move(*device);
}

} // namespace sinter
