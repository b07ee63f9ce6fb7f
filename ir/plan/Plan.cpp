//===- Plan.cpp - Dialect, attributes, attribute checks -------------------===//

#include "ir/plan/Plan.h"

#include "ir/decoder/Decoder.h"

#include <llvm/ADT/StringSet.h>
#include <llvm/ADT/TypeSwitch.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/Builders.h>

using namespace mlir;
using namespace sinter;
using namespace sinter::plan;

static FailureOr<SmallVector<RejectionAttr>> parseElements(AsmParser &parser) {
  SmallVector<RejectionAttr> rejections;
  auto parseOne = [&]() -> ParseResult {
    auto rejection =
        dyn_cast_or_null<RejectionAttr>(RejectionAttr::parse(parser, Type()));
    if (!rejection) {
      return failure();
    }
    rejections.push_back(rejection);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne)) {
    return failure();
  }
  return rejections;
}

namespace sinter::plan {
static FailureOr<SmallVector<RejectionAttr>>
parseRejections(AsmParser &parser) {
  return parseElements(parser);
}

static void printRejections(AsmPrinter &printer,
                            ArrayRef<RejectionAttr> rejections) {
  printer << "[";
  llvm::interleaveComma(rejections, printer, [&](RejectionAttr rejection) {
    rejection.print(printer);
  });
  printer << "]";
}
} // namespace sinter::plan

#include "ir/plan/PlanDialect.cpp.inc"
#include "ir/plan/PlanEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttrs.cpp.inc"

StringRef plan::describe(Reason reason) {
  return stringifyReasonText(
      static_cast<ReasonText>(static_cast<uint32_t>(reason)));
}

namespace {
/// Many ops share a decision: print each once, on top of the module.
struct PlanAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    if (isa<DecisionAttr>(attribute)) {
      os << "decision";
      return AliasResult::FinalAlias;
    }
    return AliasResult::NoAlias;
  }
};
} // namespace

void PlanDialect::initialize() {
  addInterfaces<PlanAliases>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/plan/PlanAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/plan/PlanOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

Workload WorkloadAttr::workload() const {
  return {getPhase(), getBatch(), getTokens(), getAttended(), getCapacity()};
}

WorkloadAttr WorkloadAttr::get(MLIRContext *context, const Workload &workload) {
  return get(context, workload.phase, workload.batch, workload.tokens,
             workload.context, workload.maxContext);
}

// Keeps products of two such numbers, and of a number and a byte count, in 63
// bits.
static constexpr int64_t largestExtent = int64_t(1) << 31;

LogicalResult WorkloadAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   Phase phase, int64_t batch, int64_t tokens,
                                   int64_t context, int64_t maxContext) {
  if (batch < 1 || tokens < 1 || context < 1 || maxContext >= largestExtent ||
      batch >= largestExtent / std::max<int64_t>(tokens, 1)) {
    return emitError() << "workload_c1: batch, tokens and context are at least "
                          "1, batch * tokens and max_context below 2^31";
  }
  if (tokens > context || context > maxContext) {
    return emitError() << "workload_c2: tokens (" << tokens << ") <= context ("
                       << context << ") <= max_context (" << maxContext << ")";
  }
  if (phase == Phase::Decode && tokens != 1) {
    return emitError() << "workload_c3: phase decode has 1 token, found "
                       << tokens;
  }
  return success();
}

LogicalResult CostAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t launches, int64_t read, int64_t written,
                               int64_t picoseconds) {
  if (launches < 0 || read < 0 || written < 0 || picoseconds < 0) {
    return emitError() << "cost_c1: no number of a cost is negative";
  }
  return success();
}

LogicalResult DecisionAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   Choice choice, LaunchMode launch,
                                   StringRef rule, Origin origin, Reason reason,
                                   CostAttr before, CostAttr after,
                                   ArrayRef<RejectionAttr> rejected) {
  if (rule.empty()) {
    return emitError() << "decision_c1: a decision names the rule that made it";
  }
  if (stringifyReason(reason).starts_with("refused_")) {
    return emitError() << "decision_c2: '" << stringifyReason(reason)
                       << "' explains a refusal, not a choice";
  }
  if ((origin == Origin::Forced) != (reason == Reason::ForcedByUser)) {
    return emitError() << "decision_c3: origin 'forced' and reason "
                          "'forced_by_user' go together";
  }
  for (RejectionAttr rejection : rejected) {
    StringRef word = stringifyReason(rejection.getReason());
    if (!word.starts_with("refused_")) {
      return emitError() << "decision_c4: a rejection's reason begins with "
                            "'refused_', found '"
                         << word << "'";
    }
  }
  return success();
}

LogicalResult MarkAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t group, DecisionAttr decision,
                               StringAttr family, DictionaryAttr config) {
  if (group < 0) {
    return emitError() << "mark_c1: group numbers start at 0, found " << group;
  }
  if (!family != !config) {
    return emitError()
           << "mark_c2: a family's name and its config come together";
  }
  return success();
}

LogicalResult SlotAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               StringRef arena, int64_t offset, int64_t bytes) {
  if (arena.empty()) {
    return emitError() << "slot_c1: a slot names its arena";
  }
  if (offset < 0 || bytes < 1 ||
      bytes > std::numeric_limits<int64_t>::max() - offset) {
    return emitError() << "slot_c2: offset (" << offset
                       << ") is at least 0, bytes (" << bytes
                       << ") at least 1, their sum below 2^63";
  }
  return success();
}

LogicalResult GemmAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t m, int64_t n, int64_t k, Type type,
                               Epilogue epilogue, int64_t workspace) {
  if (m < 1 || n < 1 || k < 1 || workspace < 0) {
    return emitError()
           << "gemm_c1: m, n, k are at least 1 and workspace at least 0";
  }
  if (!type.isBF16() && !type.isF32()) {
    return emitError() << "gemm_c2: type is bf16 or f32, found " << type;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Attributes on ops of others
//===----------------------------------------------------------------------===//

/// Arguments that every entry names alike have the workload's shapes.
static LogicalResult verifyEntry(func::FuncOp function,
                                 const Workload &workload) {
  llvm::StringSet<> argumentNames, resultNames;
  RankedTensorType pages, paged; // the table; the first cache beside it
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    auto name =
        function.getArgAttrOfType<StringAttr>(index, PlanDialect::kNameAttr);
    if (name && name.getValue() == "pages") {
      Type type = function.getArgumentTypes()[index];
      pages = dyn_cast<RankedTensorType>(type);
      if (!isPageTable(type) || pages.getDimSize(0) != workload.batch) {
        return function.emitOpError()
               << "entry_c4: \"pages\" is i32 [batch = " << workload.batch
               << ", pages of a sequence], found " << type;
      }
    }
  }
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    auto name =
        function.getArgAttrOfType<StringAttr>(index, PlanDialect::kNameAttr);
    if (!name) {
      continue;
    }
    if (!argumentNames.insert(name.getValue()).second) {
      return function.emitOpError()
             << "entry_c1: two arguments are named " << name;
    }
    Type type = function.getArgumentTypes()[index];
    bool isRow = name.getValue() == "ids" || name.getValue() == "positions";
    if (isRow && !isIntegerVector(type, 32, workload.rows())) {
      return function.emitOpError()
             << "entry_c2: " << name << " is tensor<" << workload.rows()
             << "xi32>, batch * tokens of the workload, found " << type;
    }
    if (!name.getValue().starts_with("cache.")) {
      continue;
    }
    auto cache = dyn_cast<RankedTensorType>(type);
    if (pages) {
      if (!isFloatTensor(type) || cache.getRank() != 4 ||
          (paged && (cache.getDimSize(0) != paged.getDimSize(0) ||
                     cache.getDimSize(2) != paged.getDimSize(2)))) {
        return function.emitOpError()
               << "entry_c3: " << name
               << " is [pages, kv_heads, page, head_dim] with the pages of the "
                  "other caches, found "
               << type;
      }
      paged = cache;
      const int64_t page = cache.getDimSize(2);
      const int64_t wanted = (workload.maxContext + page - 1) / page;
      if (pages.getDimSize(1) != wanted) {
        return function.emitOpError()
               << "entry_c4: \"pages\" has max_context / page = " << wanted
               << " entries a sequence, found " << pages;
      }
      continue;
    }
    if (!isFloatTensor(type) || cache.getRank() != 4 ||
        cache.getDimSize(0) != workload.batch ||
        cache.getDimSize(2) != workload.maxContext) {
      return function.emitOpError()
             << "entry_c3: " << name << " is [batch = " << workload.batch
             << ", kv_heads, max_context = " << workload.maxContext
             << ", head_dim], found " << type;
    }
  }
  for (unsigned index = 0; index < function.getNumResults(); ++index) {
    auto name =
        function.getResultAttrOfType<StringAttr>(index, PlanDialect::kNameAttr);
    if (name && !resultNames.insert(name.getValue()).second) {
      return function.emitOpError()
             << "entry_c1: two results are named " << name;
    }
  }
  return success();
}

template <typename AttrT>
static LogicalResult expect(Operation *op, NamedAttribute attribute,
                            bool rightPlace, StringRef place) {
  if (!rightPlace) {
    return op->emitOpError() << "plan_c2: '" << attribute.getName().getValue()
                             << "' belongs on " << place;
  }
  if (!isa<AttrT>(attribute.getValue())) {
    return op->emitOpError()
           << "plan_c3: '" << attribute.getName().getValue()
           << "' has the wrong kind: " << attribute.getValue();
  }
  return success();
}

static LogicalResult refuseStray(Operation *op, NamedAttribute attribute) {
  return op->emitOpError() << "plan_c1: '" << attribute.getName().getValue()
                           << "' is not an attribute of the plan dialect";
}

LogicalResult PlanDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  StringRef name = attribute.getName();
  bool onModule = isa<ModuleOp>(op);
  bool onFunction = isa<func::FuncOp>(op);
  bool onDecoder = isa_and_nonnull<decoder::DecoderDialect>(op->getDialect());
  if (name == kModelAttr) {
    return expect<DictionaryAttr>(op, attribute, onModule, "a module");
  }
  if (name == kTargetAttr) {
    return expect<StringAttr>(op, attribute, onModule, "a module");
  }
  if (name == kStageAttr) {
    return expect<StageAttr>(op, attribute, onModule, "a module");
  }
  if (name == kWorkloadAttr) {
    if (failed(
            expect<WorkloadAttr>(op, attribute, onFunction, "a func.func"))) {
      return failure();
    }
    return verifyEntry(cast<func::FuncOp>(op),
                       cast<WorkloadAttr>(attribute.getValue()).workload());
  }
  if (name == kPriorsAttr) {
    return expect<ArrayAttr>(op, attribute, onFunction, "a func.func");
  }
  if (name == kMarkAttr) {
    return expect<MarkAttr>(op, attribute, onDecoder, "a decoder op");
  }
  if (name == kForceAttr) {
    return expect<ChoiceAttr>(op, attribute, onDecoder, "a decoder op");
  }
  return refuseStray(op, attribute);
}

LogicalResult PlanDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned,
                                                    NamedAttribute attribute) {
  StringRef name = attribute.getName();
  bool onFunction = isa<func::FuncOp>(op);
  if (name == kNameAttr) {
    return expect<StringAttr>(op, attribute, onFunction,
                              "an argument or result of a func.func");
  }
  if (name == kSlotAttr) {
    return expect<SlotAttr>(op, attribute, onFunction,
                            "an argument of a func.func");
  }
  return refuseStray(op, attribute);
}

LogicalResult
PlanDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                         NamedAttribute attribute) {
  if (attribute.getName() == kNameAttr) {
    return expect<StringAttr>(op, attribute, isa<func::FuncOp>(op),
                              "an argument or result of a func.func");
  }
  return refuseStray(op, attribute);
}

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

Stage plan::getStage(ModuleOp module) {
  auto stage = module->getAttrOfType<StageAttr>(PlanDialect::kStageAttr);
  return stage ? stage.getValue() : Stage::Imported;
}

void plan::setStage(ModuleOp module, Stage stage) {
  module->setAttr(PlanDialect::kStageAttr,
                  StageAttr::get(module.getContext(), stage));
}

WorkloadAttr plan::getWorkload(Operation *function) {
  return function->getAttrOfType<WorkloadAttr>(PlanDialect::kWorkloadAttr);
}
