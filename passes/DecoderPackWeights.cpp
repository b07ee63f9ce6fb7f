//===- DecoderPackWeights.cpp - Linear layers with one input as one -------===//

#include "passes/Passes.h"
#include "passes/Support.h"

#include <llvm/ADT/MapVector.h>
#include <mlir/IR/Builders.h>

using namespace mlir;

namespace sinter {

#define GEN_PASS_DEF_DECODERPACKWEIGHTS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Layers with equal keys become one: the value that they read, whether they
/// have a bias (0 or 1), and their attributes.
using Key = std::tuple<Value, unsigned, Attribute>;

/// Whether the entry returns `value`, perhaps through views.
bool isReturned(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<func::ReturnOp>(user) ||
           (isView(user) && isReturned(user->getResult(0)));
  });
}

/// A load that only one op reads.
bool isOwnWeight(Value value) {
  return isWeightLoad(value.getDefiningOp()) && value.hasOneUse();
}

bool mayPack(decoder::LinearOp linear) {
  return typeOf(linear.getInput()).getDimSize(0) == 1 &&
         isOwnWeight(linear.getWeight()) &&
         (!linear.getBias() || isOwnWeight(linear.getBias())) &&
         !isReturned(linear.getResult());
}

/// Whether every part's result begins at a multiple of 8 elements, as kernels
/// that read a part want it.
bool beginAligned(ArrayRef<decoder::LinearOp> parts) {
  return llvm::all_of(parts.drop_back(), [](decoder::LinearOp part) {
    return typeOf(part.getResult()).getDimSize(1) % 8 == 0;
  });
}

/// Packs `weights` in front of `before`, where the loads go too.
Value packBefore(Operation *before, Location location,
                 ArrayRef<Value> weights) {
  auto first = typeOf(weights.front());
  SmallVector<int64_t> shape(first.getShape());
  shape[0] = 0;
  for (Value weight : weights) {
    weight.getDefiningOp()->moveBefore(before);
    shape[0] += typeOf(weight).getDimSize(0);
  }
  OpBuilder builder(before);
  return builder.create<decoder::PackWeightsOp>(
      location, RankedTensorType::get(shape, first.getElementType()),
      decoder::PackLayout::Concat, weights);
}

void pack(ArrayRef<decoder::LinearOp> parts) {
  decoder::LinearOp first = parts.front();
  SmallVector<Location> locations;
  SmallVector<Value> weights;
  SmallVector<Value> biases;
  int64_t lines = 0;
  for (decoder::LinearOp part : parts) {
    locations.push_back(part.getLoc());
    weights.push_back(part.getWeight());
    if (part.getBias()) {
      biases.push_back(part.getBias());
    }
    lines += typeOf(part.getResult()).getDimSize(1);
  }
  Location location = FusedLoc::get(first.getContext(), locations);
  Value weight = packBefore(first, location, weights);
  Value bias = biases.empty() ? Value() : packBefore(first, location, biases);
  OpBuilder builder(first);
  auto all = builder.create<decoder::LinearOp>(
      location,
      RankedTensorType::get({1, lines},
                            typeOf(first.getResult()).getElementType()),
      first.getInput(), weight, bias);
  all->setDiscardableAttrs(first->getDiscardableAttrDictionary());

  int64_t offset = 0;
  for (decoder::LinearOp part : parts) {
    RankedTensorType type = typeOf(part.getResult());
    auto indices = [&](int64_t row, int64_t line) {
      return builder.getDenseI64ArrayAttr({row, line});
    };
    Value slice = builder.create<tensor::ExtractSliceOp>(
        part.getLoc(), type, all.getResult(), ValueRange(), ValueRange(),
        ValueRange(), indices(0, offset), indices(1, type.getDimSize(1)),
        indices(1, 1));
    offset += type.getDimSize(1);
    part.getResult().replaceAllUsesWith(slice);
  }
  for (decoder::LinearOp part : parts) {
    part.erase();
  }
}

struct DecoderPackWeightsPass
    : public impl::DecoderPackWeightsBase<DecoderPackWeightsPass> {
  using DecoderPackWeightsBase::DecoderPackWeightsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, getArgument(), plan::Stage::Normalized,
                          plan::Stage::Packed))) {
      return signalPassFailure();
    }
    if (layout != "concat" && layout != "none") {
      module.emitError() << "decoder-pack-weights: '" << layout
                         << "' is no layout; layouts are none, concat";
      return signalPassFailure();
    }
    if (layout == "concat") {
      for (func::FuncOp function : entriesOf(module)) {
        packEntry(function);
      }
    }
    plan::setStage(module, plan::Stage::Packed);
  }

  static void packEntry(func::FuncOp function) {
    Block &body = function.getBody().front();
    llvm::MapVector<Key, SmallVector<decoder::LinearOp>> layers;
    for (auto linear : body.getOps<decoder::LinearOp>()) {
      if (mayPack(linear)) {
        layers[{withoutViews(linear.getInput()), linear.getBias() ? 1u : 0u,
                linear->getDiscardableAttrDictionary()}]
            .push_back(linear);
      }
    }
    for (auto &[key, parts] : layers) {
      if (parts.size() > 1 && beginAligned(parts)) {
        pack(parts);
      }
    }
    sinkToUsers(body);
  }
};

} // namespace
} // namespace sinter
