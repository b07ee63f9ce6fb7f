//===- GemvGroup.cpp - A linear layer and its neighbours ------------------===//

#include "codegen/families/GemvGroup.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

namespace sinter::codegen {

static Verdict refusedOp(mlir::Operation *op) {
  return Verdict::refused(plan::Reason::RefusedOp,
                          op->getName().getStringRef().str());
}

/// A whole buffer that comes from outside.
static bool isWholeLiveIn(const GroupView &group, mlir::Value value) {
  return group.liveInIndex(value) && group.view(value).whole;
}

/// Sorts the ops by role.
static Verdict collect(const GroupView &group, GemvGroup &out) {
  unsigned linears = 0;
  unsigned consumers = 0;
  for (mlir::Operation *op : group.ops()) {
    if (auto linear = mlir::dyn_cast<decoder::LinearOp>(op)) {
      out.linear = linear;
      ++linears;
    } else if (auto norm = mlir::dyn_cast<decoder::RmsNormOp>(op);
               norm && !out.norm) {
      out.norm = norm;
    } else if (auto add = mlir::dyn_cast<decoder::AddOp>(op)) {
      out.residual = add;
      ++consumers;
    } else if (auto swiglu = mlir::dyn_cast<decoder::SwigluOp>(op)) {
      out.swiglu = swiglu;
      ++consumers;
    } else if (auto argmax = mlir::dyn_cast<decoder::ArgmaxOp>(op)) {
      out.argmax = argmax;
      ++consumers;
    } else {
      return refusedOp(op);
    }
  }
  if (linears == 0) {
    return refusedOp(group.ops().front());
  }
  if (linears > 1 || consumers > 1) {
    return Verdict::refused(plan::Reason::RefusedGroupSize,
                            std::to_string(linears) + " linear layers and " +
                                std::to_string(consumers) +
                                " ops after them, wanted one (on one packed "
                                "weight) and at most one");
  }
  return Verdict::ok();
}

/// The way in: [norm ->] linear.
static Verdict matchInput(const GroupView &group, GemvGroup &out) {
  const mlir::Value input = out.linear.getInput();
  out.input = out.norm ? out.norm.getInput() : input;
  llvm::SmallVector<mlir::Value> outside = {out.input, out.linear.getWeight()};
  if (out.norm) {
    outside.push_back(out.norm.getGain());
    if (group.producer(input) != out.norm || !group.view(input).whole ||
        shapeOf(out.norm.getGain())[0] != out.width()) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "decoder.rms_norm over something else than the "
                              "linear layer's input");
    }
  }
  if (out.linear.getBias()) {
    outside.push_back(out.linear.getBias());
  }
  for (mlir::Value value : outside) {
    if (!isWholeLiveIn(group, value)) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "an operand is computed inside the group, or a "
                              "part of its buffer");
    }
  }
  return Verdict::ok();
}

static Verdict matchResidual(const GroupView &group, GemvGroup &out) {
  for (bool swap : {false, true}) {
    const mlir::Value mine = out.residual->getOperand(swap);
    const mlir::Value other = out.residual->getOperand(!swap);
    if (group.producer(mine) == out.linear && isWholeLiveIn(group, other)) {
      out.addend = other;
      return Verdict::ok();
    }
  }
  return Verdict::refused(plan::Reason::RefusedOp,
                          "decoder.add of something else than the linear "
                          "layer's output and a value from outside");
}

/// Which columns of the linear layer's output, of several rows, a value is:
/// first and distance.
static std::optional<std::pair<int64_t, int64_t>>
columnsOf(const GroupView &group, GemvGroup &out, mlir::Value value) {
  auto slice = value.getDefiningOp<mlir::tensor::ExtractSliceOp>();
  if (!slice || group.producer(slice.getSource()) != out.linear ||
      slice.getSourceType() != out.linear.getType() ||
      mlir::ShapedType::isDynamicShape(slice.getStaticOffsets()) ||
      mlir::ShapedType::isDynamicShape(slice.getStaticSizes()) ||
      mlir::ShapedType::isDynamicShape(slice.getStaticStrides())) {
    return std::nullopt;
  }
  if (slice.getStaticOffsets()[0] != 0 ||
      slice.getStaticSizes()[0] != out.rows() ||
      slice.getStaticStrides()[0] != 1) {
    return std::nullopt;
  }
  return std::pair(slice.getStaticOffsets()[1], slice.getStaticStrides()[1]);
}

static Verdict matchSwiglu(const GroupView &group, GemvGroup &out) {
  const int64_t half = out.lines() / 2;
  const auto gate = columnsOf(group, out, out.swiglu.getGate());
  const auto up = columnsOf(group, out, out.swiglu.getUp());
  const bool mine =
      gate && up && out.lines() == 2 * half && gate->first == 0 &&
      static_cast<int64_t>(elementsOf(out.swiglu)) == half * out.rows();
  // Of a single column the distance says nothing.
  if (mine && up->first == half && gate->second == 1 && up->second == 1) {
    out.pair = half;
  } else if (mine && up->first == 1 && gate->second == 2 && up->second == 2) {
    out.pair = -1;
  } else {
    return Verdict::refused(plan::Reason::RefusedOp,
                            "decoder.swiglu of something else than the halves "
                            "or the alternating elements of the linear "
                            "layer's output");
  }
  return Verdict::ok();
}

static Verdict matchOutput(const GroupView &group, GemvGroup &out) {
  mlir::Operation *last = out.linear;
  if (out.residual) {
    last = out.residual;
    if (Verdict verdict = matchResidual(group, out); !verdict) {
      return verdict;
    }
  } else if (out.swiglu) {
    last = out.swiglu;
    if (Verdict verdict = matchSwiglu(group, out); !verdict) {
      return verdict;
    }
  } else if (out.argmax) {
    last = out.argmax;
    if (group.producer(out.argmax.getLogits()) != out.linear ||
        !group.view(out.argmax.getLogits()).whole) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "decoder.argmax of something else than the "
                              "linear layer's output");
    }
  }
  unsigned results = 0;
  for (mlir::Value value : group.liveOuts()) {
    mlir::Operation *op = group.producer(value);
    const bool logits = out.argmax && op == out.linear;
    if ((op != last && !logits) || !group.view(value).whole) {
      return Verdict::refused(plan::Reason::RefusedLiveOut,
                              "live-outs wanted: the result of the last op, "
                              "and with argmax the logits");
    }
    out.storesLogits |= logits;
    results += op == last;
  }
  if (results != 1 || group.liveOuts().size() > 1u + out.storesLogits) {
    return Verdict::refused(plan::Reason::RefusedLiveOut,
                            "one live-out wanted, the result of the last op");
  }
  return Verdict::ok();
}

Verdict GemvGroup::match(const GroupView &group, int64_t least, int64_t most,
                         GemvGroup &out) {
  if (Verdict verdict = collect(group, out); !verdict) {
    return verdict;
  }
  if (const int64_t rows = out.rows(); rows < least || rows > most) {
    return Verdict::refused(
        plan::Reason::RefusedRows,
        std::to_string(rows) + " rows, wanted " + std::to_string(least) +
            (most > least ? " to " + std::to_string(most) : ""));
  }
  for (auto *step : {matchInput, matchOutput}) {
    if (Verdict verdict = step(group, out); !verdict) {
      return verdict;
    }
  }
  return acceptsElementTypes(group);
}

bool GemvGroup::mayGrow(const GroupView &group) {
  unsigned norms = 0;
  unsigned linears = 0;
  for (mlir::Operation *op : group.ops()) {
    norms += mlir::isa<decoder::RmsNormOp>(op);
    linears += mlir::isa<decoder::LinearOp>(op);
  }
  // Whatever takes in the output comes last.
  return norms <= 1 && linears <= 1 && norms + linears == group.ops().size();
}

GemvGroup GemvGroup::of(const GroupView &group) {
  GemvGroup out;
  [[maybe_unused]] const Verdict verdict = match(group, 1, INT64_MAX, out);
  assert(verdict && "only groups that were accepted are asked");
  return out;
}

KernelSignature GemvGroup::signature(const GroupView &group, int64_t blocks) {
  llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>> roles;
  auto add = [&](mlir::Value value, llvm::StringRef role) {
    if (value) {
      roles.emplace_back(group.source(value), role);
    }
  };
  add(input, "x");
  add(linear.getWeight(), "weight");
  add(linear.getBias(), "bias");
  add(addend, "residual");
  if (norm) {
    add(norm.getGain(), "gain");
  }
  if (argmax) {
    add(argmax.getResult(), "ids");
    add(linear.getResult(), "logits");
  }
  KernelSignature signature(group, roles);
  if (argmax) {
    const uint64_t pairs = rows() * blocks;
    signature.addWorkspace("bestValues", DType::F32, pairs);
    signature.addWorkspace("bestIndices", DType::I32, pairs);
    signature.addWorkspace("arrivals", DType::U32, 1);
  }
  return signature;
}

std::string GemvGroup::tunedName() {
  return (norm ? "norm " : "") + std::to_string(lines()) + "x" +
         std::to_string(width()) + (linear.getBias() ? " bias" : "") +
         (residual ? " residual" : "") + (swiglu ? " swiglu" : "") +
         (argmax ? " argmax" : "");
}

std::pair<std::string, std::string>
GemvGroup::epilogue(const KernelSignature &signature) {
  if (residual) {
    return {"StoreResidual", "{" + signature.name(residual) + ", " +
                                 signature.name(addend) + "}"};
  }
  if (swiglu) {
    return {"StoreSwiglu", "{" + signature.name(swiglu) + "}"};
  }
  return {"StoreOutput", "{" + signature.name(linear) + "}"};
}

std::string GemvGroup::bias(const KernelSignature &signature) {
  return linear.getBias()
             ? "LinearBias{" + signature.name(linear.getBias()) + "}"
             : "NoBias{}";
}

std::string GemvGroup::pairText() const {
  return pair > 0 ? "kOutputs" : pair < 0 ? "-1" : "0";
}

} // namespace sinter::codegen
