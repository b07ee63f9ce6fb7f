//===- Interpreter.cpp - Reference interpreter of decoder IR --------------===//

#include "models/interpreter/Interpreter.h"

#include "ir/decoder/Decoder.h"
#include "ir/decoder/RopeFrequencies.h"
#include "ir/plan/Plan.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/TypeSwitch.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>

using namespace mlir;

namespace sinter {

namespace {

/// Element type of an IR tensor in host memory; nothing for types that no
/// input has.
std::optional<DType> storedType(Type element) {
  if (element.isBF16()) {
    return DType::BF16;
  }
  if (element.isF32()) {
    return DType::F32;
  }
  if (element.isInteger(32)) {
    return DType::I32;
  }
  if (element.isInteger(64)) {
    return DType::I64;
  }
  return std::nullopt;
}

std::vector<int64_t> shapeOf(Type type) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  return {shape.begin(), shape.end()};
}

std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// The values of one run and how often each is still needed, so that a tensor
/// goes when its last user has run and a cache is updated in place.
class Run {
public:
  Run(const InterpreterOptions &options, ThreadPool &pool, Weights *weights,
      const Interpreter::Observer &observer)
      : options(options), pool(pool), weights(weights), observer(observer) {}

  Status define(Value value, HostTensor tensor);
  Status defineAll(ValueRange values, std::vector<HostTensor> tensors);
  /// Keeps `value` alive for one more take().
  void pin(Value value) { ++extra[value]; }
  /// The tensor of an operand, for one of its uses.
  Result<HostTensor> take(Value value);
  Result<std::vector<HostTensor>> takeAll(ValueRange values);
  Status execute(Operation *op);
  Status executeBody(Block &block) {
    for (Operation &op : block.without_terminator()) {
      SINTER_TRY(execute(&op));
    }
    return Status::success();
  }

private:
  Numerics numericsFor(Type result) const;
  Result<HostTensor> compute(Operation *op);
  Status launch(plan::LaunchOp op);
  Status bodyOf(Operation *op, Block &block);

  struct Slot {
    HostTensor tensor;
    size_t uses = 0;
  };
  const InterpreterOptions &options;
  ThreadPool &pool;
  Weights *weights;
  const Interpreter::Observer &observer;
  llvm::DenseMap<Value, Slot> slots;
  llvm::DenseMap<Value, size_t> extra;
  SymbolTableCollection symbols;
};

Status Run::define(Value value, HostTensor tensor) {
  size_t uses =
      static_cast<size_t>(std::distance(value.use_begin(), value.use_end()));
  uses += extra.lookup(value);
  if (uses > 0) {
    slots[value] = {std::move(tensor), uses};
  }
  return Status::success();
}

/// Checks inputs against the types of `values`.
Status Run::defineAll(ValueRange values, std::vector<HostTensor> tensors) {
  if (values.size() != tensors.size()) {
    return Error{ErrorCode::InterpreterInputs, "inputs",
                 std::to_string(values.size()) + " tensors",
                 std::to_string(tensors.size()), ""};
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    std::optional<DType> wanted =
        type ? storedType(type.getElementType()) : std::nullopt;
    bool wide = options.precision == Precision::Fp32 && wanted == DType::BF16 &&
                tensors[i].dtype() == DType::F32;
    if (!wanted || (!wide && tensors[i].dtype() != *wanted) ||
        tensors[i].shape() != shapeOf(type)) {
      return Error{ErrorCode::InterpreterInputs, "input " + std::to_string(i),
                   typeText(value.getType()), tensors[i].describe(), ""};
    }
    SINTER_TRY(define(value, std::move(tensors[i])));
  }
  return Status::success();
}

Result<HostTensor> Run::take(Value value) {
  auto slot = slots.find(value);
  if (slot == slots.end()) {
    return Error{ErrorCode::InterpreterInputs, "a value from outside",
                 "a tensor of type " + typeText(value.getType()), "none",
                 "pass it as an input"};
  }
  if (--slot->second.uses > 0) {
    return slot->second.tensor;
  }
  HostTensor tensor = std::move(slot->second.tensor);
  slots.erase(slot);
  return tensor;
}

Result<std::vector<HostTensor>> Run::takeAll(ValueRange values) {
  std::vector<HostTensor> tensors;
  tensors.reserve(values.size());
  for (Value value : values) {
    SINTER_ASSIGN(HostTensor tensor, take(value));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

/// Tensors of type f32 are rounded to single precision in both modes.
Numerics Run::numericsFor(Type result) const {
  bool single = cast<RankedTensorType>(result).getElementType().isF32();
  return {single ? Precision::Fp32 : options.precision, options.attention,
          &pool};
}

/// The result of a decoder op, view or load. Operands are taken in the order of
/// the op: taking is what frees them.
Result<HostTensor> Run::compute(Operation *op) {
  if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op)) {
    std::string name = load.getGlobal().getLeafReference().str();
    if (!weights) {
      return Error{ErrorCode::InterpreterInputs, name, "weights", "none", ""};
    }
    SINTER_ASSIGN(HostTensor tensor, weights->get(name));
    if (tensor.shape() != shapeOf(load.getType())) {
      return Error{ErrorCode::WeightShape, name, typeText(load.getType()),
                   tensor.describe(), ""};
    }
    return tensor;
  }
  SINTER_ASSIGN(std::vector<HostTensor> in, takeAll(op->getOperands()));
  Type type = op->getResult(0).getType();
  Numerics numerics = numericsFor(type);
  using Computed = Result<HostTensor>;
  return llvm::TypeSwitch<Operation *, Computed>(op)
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
          [&](auto) -> Computed { return in[0].reshaped(shapeOf(type)); })
      .Case([&](tensor::ExtractSliceOp slice) -> Computed {
        return ops::slice(in[0], shapeOf(type), slice.getStaticOffsets(),
                          slice.getStaticStrides());
      })
      .Case([&](decoder::EmbedOp) -> Computed {
        return ops::embed(numerics, in[0], in[1]);
      })
      .Case([&](decoder::RmsNormOp norm) -> Computed {
        return ops::rmsNorm(numerics, in[0], in[1], norm.epsValue());
      })
      .Case([&](decoder::LinearOp) -> Computed {
        return ops::linear(numerics, in[0], in[1],
                           in.size() > 2 ? &in[2] : nullptr);
      })
      .Case([&](plan::LibraryOp) -> Computed {
        return ops::linear(numerics, in[0], in[1],
                           in.size() > 2 ? &in[2] : nullptr);
      })
      .Case([&](decoder::RopeOp rope) -> Computed {
        auto frequencies = decoder::ropeInverseFrequencies(
            rope.thetaValue(), in[0].dim(2), rope.getScalingAttr());
        return ops::rope(numerics, in[0], in[1],
                         {frequencies.data(), frequencies.size()});
      })
      .Case([&](decoder::KvAppendOp append) -> Computed {
        HostTensor &cache = in.back();
        if (cache.dtype() != numerics.state()) {
          cache = numerics.toState(cache);
        }
        return ops::kvAppend(numerics, in[0], in[1], std::move(cache),
                             append.getPages() ? &in[2] : nullptr);
      })
      .Case([&](decoder::AttentionOp attention) -> Computed {
        return ops::attention(numerics, in[0], in[1], in[2], in[3],
                              attention.scaleValue(),
                              attention.getPages() ? &in[4] : nullptr);
      })
      .Case([&](decoder::SwigluOp) -> Computed {
        return ops::swiglu(numerics, in[0], in[1]);
      })
      .Case([&](decoder::AddOp) -> Computed {
        return ops::add(numerics, in[0], in[1]);
      })
      .Case([&](decoder::TakeRowsOp) -> Computed {
        return ops::takeRows(in[0], in[1]);
      })
      .Case([&](decoder::ArgmaxOp argmax) -> Computed {
        return ops::argmax(in[0], argmax.getLimit());
      })
      .Case([&](decoder::SampleOp sample) -> Computed {
        SamplingOptions how;
        how.temperature = sample.temperatureValue();
        how.topK = static_cast<uint32_t>(sample.getTopK());
        how.topP = sample.topPValue();
        if (std::optional<int64_t> limit = sample.getLimit()) {
          how.limit = static_cast<uint32_t>(*limit);
        }
        return ops::sample(in[0], in[1], in[2], how);
      })
      .Case([&](decoder::PackWeightsOp pack) -> Computed {
        return pack.getLayout() == decoder::PackLayout::Concat
                   ? ops::packConcat(in)
                   : ops::packInterleave(in);
      })
      .Default([](Operation *other) -> Computed {
        return Error{ErrorCode::NotInterpretable,
                     other->getName().getStringRef().str(),
                     "an op of decoder or plan, a view or a weight",
                     "an op without an interpretation", ""};
      });
}

/// Body of a region op: its results are what its terminator yields.
Status Run::bodyOf(Operation *op, Block &block) {
  SINTER_TRY(executeBody(block));
  SINTER_ASSIGN(std::vector<HostTensor> results,
                takeAll(block.getTerminator()->getOperands()));
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    SINTER_TRY(define(result, std::move(results[i])));
  }
  return Status::success();
}

Status Run::launch(plan::LaunchOp op) {
  plan::KernelOp kernel = op.lookupKernel(symbols);
  if (!kernel) {
    return Error{ErrorCode::NotInterpretable, op.getKernel().str(),
                 "a plan.kernel of this name", "none", ""};
  }
  SINTER_ASSIGN(std::vector<HostTensor> inputs, takeAll(op.getInputs()));
  // Its own values: the same body runs once per layer.
  Run inner(options, pool, weights, observer);
  Block &body = *kernel.getBodyBlock();
  SINTER_TRY(inner.defineAll(body.getArguments(), std::move(inputs)));
  SINTER_TRY(inner.executeBody(body));
  SINTER_ASSIGN(std::vector<HostTensor> results,
                inner.takeAll(kernel.getYielded()));
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    SINTER_TRY(define(result, std::move(results[i])));
  }
  return Status::success();
}

Status Run::execute(Operation *op) {
  if (auto launched = dyn_cast<plan::LaunchOp>(op)) {
    return launch(launched);
  }
  if (isa<plan::SingleOp, plan::GroupOp, plan::CaptureOp>(op)) {
    return bodyOf(op, op->getRegion(0).front());
  }
  if (op->getNumResults() != 1 ||
      !isa<RankedTensorType>(op->getResult(0).getType())) {
    return Error{ErrorCode::NotInterpretable,
                 op->getName().getStringRef().str(), "one tensor as result",
                 std::to_string(op->getNumResults()) + " results", ""};
  }
  SINTER_ASSIGN(HostTensor result, compute(op));
  if (observer && isa<decoder::DecoderDialect>(op->getDialect())) {
    SINTER_TRY(observer(op, result));
  }
  return define(op->getResult(0), std::move(result));
}

} // namespace

Interpreter::Interpreter(const InterpreterOptions &options)
    : options(options), pool(options.threads) {}

Result<std::vector<HostTensor>> Interpreter::run(func::FuncOp function,
                                                 std::vector<HostTensor> inputs,
                                                 Weights &weights,
                                                 const Observer &observer) {
  if (function.isExternal()) {
    return Error{ErrorCode::NotInterpretable, function.getName().str(),
                 "a function with a body", "a declaration", ""};
  }
  Block &body = function.front();
  Run run(options, pool, &weights, observer);
  SINTER_TRY(run.defineAll(body.getArguments(), std::move(inputs)));
  SINTER_TRY(run.executeBody(body));
  return run.takeAll(body.getTerminator()->getOperands());
}

Result<std::vector<HostTensor>>
Interpreter::evaluate(Block &block, std::vector<HostTensor> inputs,
                      const Observer &observer) {
  Run run(options, pool, nullptr, observer);
  SINTER_TRY(run.defineAll(block.getArguments(), std::move(inputs)));
  SINTER_TRY(run.executeBody(block));
  return run.takeAll(block.getTerminator()->getOperands());
}

Result<std::vector<HostTensor>>
Interpreter::evaluate(ArrayRef<Operation *> operations, ArrayRef<Value> liveIns,
                      std::vector<HostTensor> inputs, ArrayRef<Value> liveOuts,
                      const Observer &observer) {
  Run run(options, pool, nullptr, observer);
  for (Value value : liveOuts) {
    run.pin(value);
  }
  SINTER_TRY(run.defineAll(liveIns, std::move(inputs)));
  for (Operation *op : operations) {
    SINTER_TRY(run.execute(op));
  }
  return run.takeAll(liveOuts);
}

} // namespace sinter
