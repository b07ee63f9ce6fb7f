//===- PlanOps.cpp - Groups, kernels, launches ----------------------------===//

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"

#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/IR/Builders.h>

using namespace mlir;
using namespace sinter;
using namespace sinter::plan;

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

static ParseResult parseSlots(OpAsmParser &parser, ArrayAttr &slots) {
  SmallVector<Attribute> parsed;
  auto parseOne = [&]() -> ParseResult {
    Attribute slot = SlotAttr::parse(parser, Type());
    if (!slot) {
      return failure();
    }
    parsed.push_back(slot);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne)) {
    return failure();
  }
  slots = parser.getBuilder().getArrayAttr(parsed);
  return success();
}

static void printSlots(OpAsmPrinter &printer, Operation *, ArrayAttr slots) {
  printer << "[";
  llvm::interleaveComma(slots.getAsRange<SlotAttr>(), printer,
                        [&](SlotAttr slot) { slot.print(printer); });
  printer << "]";
}

//===----------------------------------------------------------------------===//
// Decisions
//===----------------------------------------------------------------------===//

// Printed in full, so that an alias can stand for it. No ':' may follow in the
// op's assembly: MLIR's parser would take it for the attribute's type.
static ParseResult parseDecision(OpAsmParser &parser, DecisionAttr &decision) {
  return parser.parseAttribute(decision);
}

static void printDecision(OpAsmPrinter &printer, Operation *,
                          DecisionAttr decision) {
  printer << decision;
}

// Generated code shadows its own locals.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#define GET_OP_CLASSES
#include "ir/plan/PlanOps.cpp.inc"
#pragma GCC diagnostic pop

/// Slots, where present: one per result, each with the result's size.
static LogicalResult verifySlots(Operation *op,
                                 std::optional<ArrayAttr> slots) {
  if (!slots) {
    return success();
  }
  if (slots->size() != op->getNumResults()) {
    return op->emitOpError()
           << "slots_c1: one slot per result: " << op->getNumResults()
           << " results, " << slots->size() << " slots";
  }
  for (auto [index, slot] : llvm::enumerate(slots->getAsRange<SlotAttr>())) {
    int64_t bytes = tensorBytes(op->getResult(index).getType());
    if (slot.getBytes() != bytes) {
      return op->emitOpError()
             << "slots_c2: result " << index << " has " << bytes
             << " bytes, its slot " << slot.getBytes();
    }
  }
  return success();
}

/// A placed op writes memory; an unplaced one is a function of its operands.
static void placedEffects(
    std::optional<ArrayAttr> slots,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (slots) {
    effects.emplace_back(MemoryEffects::Read::get(), ArenaResource::get());
    effects.emplace_back(MemoryEffects::Write::get(), ArenaResource::get());
  }
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

bool plan::isView(Operation *op) {
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                         tensor::ExtractSliceOp>(op);
}

/// A body holds decoder ops and views, ends in plan.yield, and yields values of
/// the types in `results` that it computes itself. Sets `count` to the number
/// of decoder ops.
static LogicalResult verifyBody(Operation *op, Block &body, TypeRange results,
                                int64_t &count) {
  count = 0;
  auto yield =
      dyn_cast_if_present<YieldOp>(body.empty() ? nullptr : &body.back());
  if (!yield) {
    return op->emitOpError() << "body_c1: the body ends in 'plan.yield'";
  }
  for (Operation &inner : body.without_terminator()) {
    if (isa_and_nonnull<decoder::DecoderDialect>(inner.getDialect())) {
      ++count;
    } else if (!isView(&inner)) {
      InFlightDiagnostic diagnostic =
          op->emitOpError()
          << "body_c2: the body holds decoder ops, tensor.expand_shape, "
             "tensor.collapse_shape and tensor.extract_slice only, found '"
          << inner.getName() << "'";
      diagnostic.attachNote(inner.getLoc()) << "this op";
      return diagnostic;
    }
  }
  if (yield.getValues().getTypes() != results) {
    return op->emitOpError()
           << "body_c3: yields (" << yield.getValues().getTypes()
           << "), results are (" << results << ")";
  }
  llvm::SmallPtrSet<Value, 4> yielded;
  for (auto [index, value] : llvm::enumerate(yield.getValues())) {
    if (!yielded.insert(value).second) {
      return op->emitOpError()
             << "body_c5: yielded value " << index << " is yielded twice";
    }
    Operation *producer = value.getDefiningOp();
    if (!producer || producer->getBlock() != &body) {
      return op->emitOpError() << "body_c4: yielded value " << index
                               << " is not computed in the body";
    }
  }
  return success();
}

/// A configuration is a family and its integers.
static LogicalResult verifyConfig(Operation *op,
                                  std::optional<StringRef> family,
                                  std::optional<DictionaryAttr> config) {
  if (family.has_value() != config.has_value() || (family && family->empty())) {
    return op->emitOpError()
           << "config_c1: a family's name and its config come together";
  }
  if (!config) {
    return success();
  }
  for (NamedAttribute entry : *config) {
    auto integer = dyn_cast<IntegerAttr>(entry.getValue());
    if (!integer || !integer.getType().isSignlessInteger(64)) {
      return op->emitOpError()
             << "config_c2: configurations are i64; '"
             << entry.getName().getValue() << "' is " << entry.getValue();
    }
  }
  return success();
}

LogicalResult GroupOp::verify() {
  int64_t count;
  if (failed(verifyConfig(*this, getFamily(), getConfig())) ||
      failed(verifyBody(*this, *getBodyBlock(), getResultTypes(), count))) {
    return failure();
  }
  if (count < 2) {
    return emitOpError()
           << "group_c1: a group holds at least 2 decoder ops, found " << count
           << "; one op is a 'plan.single'";
  }
  return success();
}

LogicalResult SingleOp::verify() {
  int64_t count;
  if (failed(verifyConfig(*this, getFamily(), getConfig())) ||
      failed(verifyBody(*this, *getBodyBlock(), getResultTypes(), count))) {
    return failure();
  }
  if (count != 1) {
    return emitOpError()
           << "single_c1: a single holds exactly 1 decoder op, found " << count;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Capture
//===----------------------------------------------------------------------===//

LogicalResult CaptureOp::verify() {
  Block &body = *getBodyBlock();
  auto yield =
      dyn_cast_if_present<YieldOp>(body.empty() ? nullptr : &body.back());
  if (!yield) {
    return emitOpError() << "capture_c1: the body ends in 'plan.yield'";
  }
  if (yield.getValues().getTypes() != getResultTypes()) {
    return emitOpError() << "capture_c2: yields ("
                         << yield.getValues().getTypes() << "), results are ("
                         << getResultTypes() << ")";
  }
  Operation *before = nullptr;
  for (Operation &inner : body.without_terminator()) {
    if (isView(&inner)) {
      continue;
    }
    auto kernel = dyn_cast<KernelOpInterface>(inner);
    if (!kernel) {
      return emitOpError() << "capture_c3: a capture holds launches, library "
                              "calls and views only, found '"
                           << inner.getName() << "'";
    }
    if (Verdict verdict = kernel.canCapture(); !verdict) {
      InFlightDiagnostic diagnostic =
          emitOpError() << "capture_c4: '" << inner.getName()
                        << "' cannot be captured: " << verdict.message();
      diagnostic.attachNote(inner.getLoc()) << "this op";
      return diagnostic;
    }
    auto launch = dyn_cast<LaunchOp>(inner);
    if (launch && launch.getProgrammatic() &&
        !isa_and_nonnull<LaunchOp>(before)) {
      InFlightDiagnostic diagnostic =
          emitOpError() << "capture_c5: a programmatic launch stands behind a "
                           "launch of the same capture";
      diagnostic.attachNote(inner.getLoc()) << "this op";
      return diagnostic;
    }
    before = &inner;
  }
  return success();
}

int64_t CaptureOp::getLaunchCount() {
  int64_t count = 0;
  for (Operation &inner : getBodyBlock()->without_terminator()) {
    if (auto kernel = dyn_cast<KernelOpInterface>(inner)) {
      count += kernel.getLaunchCount();
    }
  }
  return count;
}

Verdict CaptureOp::canCapture() {
  return Verdict::refused(Reason::RefusedCapture, "captures do not nest");
}

//===----------------------------------------------------------------------===//
// Kernel
//===----------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     StringRef family, DictionaryAttr config,
                     FunctionType type) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getFamilyAttrName(state.name),
                     builder.getStringAttr(family));
  state.addAttribute(getConfigAttrName(state.name), config);
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block *body = new Block;
  state.addRegion()->push_back(body);
  for (Type input : type.getInputs()) {
    body->addArgument(input, state.location);
  }
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name, family;
  DictionaryAttr config;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> inputs, results;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes) ||
      parser.parseKeyword("family") ||
      parser.parseAttribute(family, getFamilyAttrName(result.name),
                            result.attributes) ||
      parser.parseKeyword("config") ||
      parser.parseAttribute(config, getConfigAttrName(result.name),
                            result.attributes) ||
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true)) {
    return failure();
  }
  if (succeeded(parser.parseOptionalArrow())) {
    if (succeeded(parser.parseOptionalLParen())) {
      if (parser.parseTypeList(results) || parser.parseRParen()) {
        return failure();
      }
    } else if (parser.parseType(results.emplace_back())) {
      return failure();
    }
  }
  for (const OpAsmParser::Argument &argument : arguments) {
    inputs.push_back(argument.type);
  }
  result.addAttribute(
      getFunctionTypeAttrName(result.name),
      TypeAttr::get(parser.getBuilder().getFunctionType(inputs, results)));
  return failure(parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), arguments));
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << " family " << getFamilyAttr() << " config " << getConfigAttr()
          << " (";
  llvm::interleaveComma(
      getBody().getArguments(), printer,
      [&](BlockArgument argument) { printer.printRegionArgument(argument); });
  printer << ")";
  ArrayRef<Type> results = getResultTypes();
  if (!results.empty()) {
    printer << " -> ";
    bool wrap = results.size() > 1;
    printer << (wrap ? "(" : "");
    llvm::interleaveComma(results, printer);
    printer << (wrap ? ")" : "");
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getFamilyAttrName(),
                            getConfigAttrName(), getFunctionTypeAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult KernelOp::verify() {
  if (getBodyBlock()->getArgumentTypes() != TypeRange(getArgumentTypes())) {
    return emitOpError() << "kernel_c1: the body's arguments have the types of "
                            "the kernel's type";
  }
  int64_t count;
  if (failed(verifyBody(*this, *getBodyBlock(), getResultTypes(), count))) {
    return failure();
  }
  if (count < 1) {
    return emitOpError() << "kernel_c2: a kernel holds at least 1 decoder op";
  }
  return verifyConfig(*this, getFamily(), getConfig());
}

std::optional<unsigned> KernelOp::getTiedArgument(unsigned index) {
  Value value = getYielded()[index];
  while (auto append = value.getDefiningOp<decoder::KvAppendOp>()) {
    value = append.getCache();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      return argument.getArgNumber();
    }
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Launch
//===----------------------------------------------------------------------===//

KernelOp LaunchOp::lookupKernel(SymbolTableCollection &symbols) {
  return symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
}

std::optional<unsigned>
LaunchOp::getTiedOperand(unsigned index, SymbolTableCollection &symbols) {
  KernelOp kernel = lookupKernel(symbols);
  return kernel ? kernel.getTiedArgument(index) : std::nullopt;
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  KernelOp kernel = lookupKernel(symbols);
  if (!kernel) {
    return emitOpError() << "launch_c1: no 'plan.kernel' named "
                         << getKernelAttr();
  }
  FunctionType type = kernel.getFunctionType();
  if (TypeRange(getInputs().getTypes()) != TypeRange(type.getInputs()) ||
      TypeRange(getResultTypes()) != TypeRange(type.getResults())) {
    InFlightDiagnostic diagnostic =
        emitOpError() << "launch_c2: the kernel's type is " << type;
    diagnostic.attachNote(kernel.getLoc()) << "this kernel";
    return diagnostic;
  }
  if (getProgrammatic() && !isa<CaptureOp>((*this)->getParentOp())) {
    return emitOpError()
           << "launch_c3: a programmatic launch stands in a capture";
  }
  return verifySlots(*this, getSlots());
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  placedEffects(getSlots(), effects);
}

int64_t LaunchOp::getLaunchCount() { return 1; }

Verdict LaunchOp::canCapture() {
  if (!getSlots()) {
    return Verdict::refused(Reason::RefusedNotPlaced,
                            "its results have no slots");
  }
  return Verdict::ok();
}

//===----------------------------------------------------------------------===//
// Library
//===----------------------------------------------------------------------===//

LogicalResult LibraryOp::verify() {
  if (!symbolizeLibrary(getRoutine())) {
    return emitOpError() << "library_c1: unknown routine '" << getRoutine()
                         << "', known: cublaslt.matmul";
  }
  GemmAttr problem = getProblem();
  Type type = problem.getType();
  auto shaped = [&](ArrayRef<int64_t> shape) -> Type {
    return RankedTensorType::get(shape, type);
  };
  SmallVector<Type> wanted = {shaped({problem.getM(), problem.getK()}),
                              shaped({problem.getN(), problem.getK()})};
  if (problem.getEpilogue() == Epilogue::Bias) {
    wanted.push_back(shaped({problem.getN()}));
  }
  if (TypeRange(getInputs().getTypes()) != TypeRange(wanted)) {
    return emitOpError() << "library_c2: the problem wants operands (" << wanted
                         << "), found (" << getInputs().getTypes() << ")";
  }
  Type result = shaped({problem.getM(), problem.getN()});
  if (getResult().getType() != result) {
    return emitOpError() << "library_c3: the problem's result is " << result
                         << ", found " << getResult().getType();
  }
  return verifySlots(*this, getSlots());
}

void LibraryOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  placedEffects(getSlots(), effects);
}

int64_t LibraryOp::getLaunchCount() { return 1; }

Verdict LibraryOp::canCapture() {
  if (!getSlots()) {
    return Verdict::refused(Reason::RefusedNotPlaced, "its result has no slot");
  }
  return Verdict::ok();
}
