//===- KernelChecker.cpp - Kernels against the interpreter ----------------===//

#include "tools/KernelChecker.h"

#include "codegen/GroupView.h"
#include "ir/plan/Plan.h"
#include "runtime/format/Bindings.h"
#include "tools/ErrorBounds.h"

#include <llvm/ADT/STLExtras.h>
#include <mlir/IR/Builders.h>

#include <cstdio>

namespace sinter {

namespace {

DType dtypeOf(mlir::Type type) {
  if (type.isBF16()) {
    return DType::BF16;
  }
  return type.isInteger(32) ? DType::I32 : DType::F32;
}

Error unfit(const std::string &object, const std::string &found) {
  return Error{ErrorCode::PlanModuleUnfit, object,
               "the module that the plan was made from", found,
               "compile the plan again"};
}

std::string shown(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// "linear"; kinds of a fused body joined by "+".
std::string kindOf(mlir::Block &body) {
  std::string kinds;
  const auto group = codegen::GroupView::ofBody(body);
  for (mlir::Operation *op : group.ops()) {
    kinds += (kinds.empty() ? "" : "+") + op->getName().stripDialect().str();
  }
  return kinds;
}

} // namespace

Status KernelChecker::begin() {
  for (const format::Value &value : session.plan().values) {
    if (value.operandClass == format::OperandClass::Cache) {
      HostTensor zeros(value.dtype, {value.shape.begin(), value.shape.end()});
      SINTER_TRY(session.write(value.name, zeros.bytes()));
      caches[value.name] = std::move(zeros);
    }
  }
  return Status::success();
}

/// As the recipe says, from the checkpoint: not what the session has packed.
Result<HostTensor> KernelChecker::readWeight(const std::string &name) {
  auto planned =
      llvm::find_if(session.plan().weights, [&](const format::Weight &weight) {
        return weight.name == name;
      });
  if (planned == session.plan().weights.end() || !planned->pack) {
    return weights.get(name);
  }
  std::vector<HostTensor> parts;
  for (const format::PackPart &part : planned->pack->parts) {
    SINTER_ASSIGN(HostTensor tensor, weights.get(part.tensor));
    parts.push_back(std::move(tensor));
  }
  return planned->pack->layout == format::PackLayout::Concat
             ? ops::packConcat(parts)
             : ops::packInterleave(parts);
}

/// What the operand holds now, under the shape that the body gives it.
Result<HostTensor> KernelChecker::readOperand(const std::string &name,
                                              mlir::RankedTensorType type) {
  std::vector<int64_t> shape(type.getShape());
  const format::Value *value = format::findValue(session.plan(), name);
  if (!value) {
    SINTER_ASSIGN(HostTensor weight, readWeight(name));
    return weight.reshaped(std::move(shape));
  }
  HostTensor tensor(dtypeOf(type.getElementType()), std::move(shape));
  SINTER_TRY(session.read(name, tensor.mutableBytes()));
  return tensor;
}

static mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

Status KernelChecker::check(const format::Step &step) {
  switch (step.kind) {
  case format::StepKind::Launch:
    return checkLaunch(step);
  case format::StepKind::Library:
    return checkLibrary(step);
  case format::StepKind::Copy:
    break;
  }
  return Status::success();
}

/// A call of the vendor's library is a decoder.linear of its operands.
Status KernelChecker::checkLibrary(const format::Step &step) {
  const format::Gemm &gemm = *step.gemm;
  mlir::Builder types(module.getContext());
  auto bf16 = [&](llvm::ArrayRef<uint64_t> shape) {
    return mlir::RankedTensorType::get(
        llvm::SmallVector<int64_t>(shape.begin(), shape.end()),
        types.getBF16Type());
  };
  const mlir::Location location = types.getUnknownLoc();
  llvm::SmallVector<mlir::Type> operands = {bf16({gemm.m, gemm.k}),
                                            bf16({gemm.n, gemm.k})};
  if (gemm.epilogue == format::GemmEpilogue::Bias) {
    operands.push_back(bf16({gemm.n}));
  }
  // In a function, as a body belongs to an op.
  mlir::OwningOpRef<mlir::func::FuncOp> call = mlir::func::FuncOp::create(
      location, "call", types.getFunctionType(operands, {}));
  mlir::Block &body = *call->addEntryBlock();
  mlir::Value bias = operands.size() > 2 ? body.getArgument(2) : mlir::Value();
  auto builder = mlir::OpBuilder::atBlockEnd(&body);
  auto linear = builder.create<decoder::LinearOp>(
      location, bf16({gemm.m, gemm.n}), body.getArgument(0),
      body.getArgument(1), bias);
  auto yield = builder.create<plan::YieldOp>(location, linear->getResults());
  if (step.args.size() != body.getNumArguments() + 1) {
    return unfit("op " + step.ops.front(), "another number of operands");
  }
  return checkBody(body, yield.getValues(), {step.args.back()}, step,
                   "the library");
}

Status KernelChecker::checkLaunch(const format::Step &step) {
  auto kernel = module.lookupSymbol<plan::KernelOp>(step.kernel);
  if (!kernel) {
    return unfit("kernel " + step.kernel, "no such kernel in the module");
  }
  mlir::Block &body = *kernel.getBodyBlock();
  auto planned =
      llvm::find_if(session.plan().kernels, [&](const format::Kernel &each) {
        return each.symbol == step.kernel;
      });
  for (mlir::BlockArgument argument : body.getArguments()) {
    unsigned index = argument.getArgNumber();
    if (index >= planned->params.size() ||
        static_cast<int64_t>(planned->params[index].count) !=
            typeOf(argument).getNumElements()) {
      return unfit("kernel " + step.kernel,
                   "another shape of parameter " + std::to_string(index));
    }
  }
  // Parameters: arguments, then results that are no argument updated in place.
  std::vector<std::string> resultNames;
  size_t next = body.getNumArguments();
  for (unsigned i = 0; i < kernel.getYielded().size(); ++i) {
    std::optional<unsigned> tied = kernel.getTiedArgument(i);
    size_t param = tied ? *tied : next++;
    if (param >= step.args.size()) {
      return unfit("kernel " + step.kernel, "too few arguments");
    }
    resultNames.push_back(step.args[param]);
  }
  // Workspaces come last; the body knows nothing of them.
  const bool rest = std::all_of(
      step.args.begin() + static_cast<std::ptrdiff_t>(next), step.args.end(),
      [&](const std::string &name) {
        const format::Value *value = format::findValue(session.plan(), name);
        return value && value->operandClass == format::OperandClass::Workspace;
      });
  if (!rest) {
    return unfit("kernel " + step.kernel, "too many arguments");
  }
  return checkBody(body, kernel.getYielded(), resultNames, step,
                   "kernel " + step.kernel);
}

Status KernelChecker::checkBody(mlir::Block &body, mlir::ValueRange yielded,
                                const std::vector<std::string> &resultNames,
                                const format::Step &step,
                                const std::string &what) {
  std::vector<HostTensor> inputs;
  for (mlir::BlockArgument argument : body.getArguments()) {
    const std::string &name = step.args[argument.getArgNumber()];
    auto cache = caches.find(name);
    if (cache != caches.end()) {
      inputs.push_back(cache->second);
      continue;
    }
    SINTER_ASSIGN(HostTensor input, readOperand(name, typeOf(argument)));
    inputs.push_back(std::move(input));
  }
  llvm::DenseMap<mlir::Value, HostTensor> computed;
  for (auto [argument, input] : llvm::zip(body.getArguments(), inputs)) {
    computed[argument] = input;
  }
  SINTER_ASSIGN(std::vector<HostTensor> references,
                interpreter.evaluate(body, inputs,
                                     [&](mlir::Operation *op,
                                         llvm::ArrayRef<HostTensor> results) {
                                       computed[op->getResult(0)] =
                                           results.front();
                                       return Status::success();
                                     }));
  ErrorBounds bounds(body, std::move(computed));

  std::string kind = kindOf(body);
  for (size_t index = 0; index < yielded.size(); ++index) {
    const std::string &name = resultNames[index];
    const mlir::Value value = yielded[index];
    SINTER_ASSIGN(HostTensor found, readOperand(name, typeOf(value)));
    Tolerance tolerance;
    tolerance.bound = [&](size_t element) { return bounds.at(value, element); };
    tolerance.mayBe = [&](size_t element, int32_t id) {
      auto argmax = value.getDefiningOp<decoder::ArgmaxOp>();
      return argmax && bounds.mayChoose(argmax, element, id);
    };
    std::optional<Difference> difference =
        compareResult(references[index], found, tolerance, counts[kind]);
    if (difference) {
      return Error{ErrorCode::VerifyMismatch,
                   "op " + (step.ops.empty() ? kind : step.ops.front()) + ", " +
                       what + ", element " +
                       std::to_string(difference->element) + " of " +
                       std::to_string(found.count()),
                   shown(difference->wanted) + " (reference interpreter)",
                   shown(difference->found) + " (generated kernel), " +
                       shown(difference->ulps) + " ulp away",
                   "the plan must not be used; please report it with the "
                   "command line"};
    }
    if (caches.count(name)) {
      caches[name] = std::move(found);
    }
  }
  return Status::success();
}

} // namespace sinter
