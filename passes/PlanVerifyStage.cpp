//===- PlanVerifyStage.cpp - Contract of the stage of a module ------------===//

#include "passes/CheckPlacement.h"
#include "passes/Marks.h"
#include "passes/Passes.h"
#include "passes/Steps.h"
#include "passes/Support.h"

#include "codegen/KernelRegistry.h"
#include "ir/plan/CacheDiscipline.h"

#include <llvm/ADT/TypeSwitch.h>

#include <mlir/IR/SymbolTable.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANVERIFYSTAGE
#include "passes/Passes.h.inc"

namespace {

class StageContract {
public:
  StageContract(ModuleOp module, const DeviceSpec &device)
      : module(module), device(device), stage(getStage(module)) {}

  LogicalResult check() {
    for (func::FuncOp function : entriesOf(module)) {
      if (failed(checkEntry(function)) || failed(checkBody(function)) ||
          failed(checkMarks(function)) ||
          failed(verifyCacheDiscipline(function))) {
        return failure();
      }
      if (stage >= Stage::Placed && failed(checkPlacement(function))) {
        return failure();
      }
      if (stage == Stage::Captured && failed(checkCaptures(function))) {
        return failure();
      }
    }
    return checkKernels();
  }

private:
  /// "at stage 'marked': ...", to which the rule and the pass to run belong.
  InFlightDiagnostic broken(Operation *op) {
    return op->emitError() << "at stage '" << stringifyStage(stage) << "': ";
  }

  LogicalResult checkEntry(func::FuncOp function) {
    std::string entry = "entry '" + function.getName().str() + "'";
    if (!llvm::hasSingleElement(function.getBody())) {
      return broken(function) << entry << " has more than one block";
    }
    if (!plan::getWorkload(function)) {
      return broken(function)
             << entry << " has no plan.workload; the importer sets it";
    }
    auto unnamed = [&](StringRef kind, unsigned index) {
      return broken(function) << entry << ": " << kind << " " << index
                              << " has no plan.name; the importer sets it";
    };
    for (unsigned index = 0; index < function.getNumArguments(); ++index) {
      if (!function.getArgAttr(index, PlanDialect::kNameAttr)) {
        return unnamed("argument", index);
      }
    }
    for (unsigned index = 0; index < function.getNumResults(); ++index) {
      if (!function.getResultAttr(index, PlanDialect::kNameAttr)) {
        return unnamed("result", index);
      }
    }
    return success();
  }

  LogicalResult checkBody(func::FuncOp function) {
    llvm::StringMap<Operation *> loads;
    for (CaptureOp capture : function.getOps<CaptureOp>()) {
      if (stage < Stage::Captured) {
        return broken(capture)
               << "a capture before plan-form-captures has run; "
                  "start again from the decoder graph";
      }
    }
    for (Operation *each : flatOps(function)) {
      Operation &op = *each;
      if (isWeightLoad(&op)) {
        StringRef weight = cast<ml_program::GlobalLoadConstOp>(op)
                               .getGlobal()
                               .getLeafReference();
        if (stage >= Stage::Normalized &&
            !loads.try_emplace(weight, &op).second) {
          return broken(&op) << "weight '" << weight
                             << "' is loaded twice; run decoder-normalize";
        }
      }
      if (auto pack = dyn_cast<decoder::PackWeightsOp>(op);
          pack && failed(checkPack(pack))) {
        return failure();
      }
      if (stage >= Stage::Grouped && isa<tensor::ExtractSliceOp>(op)) {
        return broken(&op) << describeOp(&op)
                           << " is a part of a buffer outside the group that "
                              "reads it; run plan-form-groups";
      }
      if (isWeight(&op) || isView(&op)) {
        if (stage >= Stage::Normalized && op.use_empty()) {
          return broken(&op)
                 << describeOp(&op) << " is not used; run decoder-normalize";
        }
        continue;
      }
      if (isa<func::ReturnOp>(op)) {
        continue;
      }
      if (failed(checkStep(&op))) {
        return failure();
      }
    }
    return success();
  }

  LogicalResult checkPack(decoder::PackWeightsOp pack) {
    if (stage < Stage::Packed) {
      return broken(pack) << describeOp(pack)
                          << " is packed before decoder-pack-weights has run; "
                             "start again from the decoder graph";
    }
    for (Value part : pack.getInputs()) {
      if (!isWeightLoad(part.getDefiningOp())) {
        return broken(pack) << describeOp(pack)
                            << " packs something else than whole weights, "
                               "which can only be loaded";
      }
    }
    return success();
  }

  /// What the stage allows beside weights, views and the return.
  LogicalResult checkStep(Operation *op) {
    if (isDecoderOp(op)) {
      if (stage >= Stage::Grouped) {
        return broken(op) << describeOp(op) << " is in no group; run "
                          << passTo(Stage::Marked) << " and "
                          << passTo(Stage::Grouped);
      }
      return success();
    }
    if (isa<SingleOp, GroupOp>(op)) {
      if (stage != Stage::Grouped && stage != Stage::Selected) {
        return broken(op)
               << describeOp(op)
               << (stage < Stage::Grouped
                       ? " is a group before groups are formed; "
                         "start again from the decoder graph"
                       : " is not outlined; run plan-outline-kernels");
      }
      return TypeSwitch<Operation *, LogicalResult>(op).Case<SingleOp, GroupOp>(
          [&](auto group) { return checkGroup(group); });
    }
    if (isa<LaunchOp, LibraryOp>(op)) {
      // Library calls need no kernel: they are there with the groups.
      if (stage < (isa<LibraryOp>(op) ? Stage::Grouped : Stage::Outlined)) {
        return broken(op) << describeOp(op)
                          << " is a launch before kernels are outlined; start "
                             "again from the decoder graph";
      }
      if (!op->hasAttr("why")) {
        return broken(op) << describeOp(op)
                          << " has no decision; run plan-mark on the decoder "
                             "graph";
      }
      if ((stage >= Stage::Placed) != op->hasAttr("slots")) {
        return broken(op) << describeOp(op)
                          << (stage >= Stage::Placed ? " has no slots; run "
                                                     : " has slots before ")
                          << passTo(Stage::Placed);
      }
      return success();
    }
    return broken(op) << "'" << op->getName()
                      << "' does not belong in an entry: decoder ops, "
                         "tensor.expand_shape, tensor.collapse_shape, "
                         "tensor.extract_slice, ml_program.global_load_const "
                         "and ops of plan do";
  }

  /// Captures hold every launch of an entry that is not launched one by one,
  /// and say which start early.
  LogicalResult checkCaptures(func::FuncOp function) {
    FailureOr<LaunchMode> mode = launchModeOf(function);
    if (failed(mode)) {
      return failure();
    }
    SmallVector<Operation *> ops = flatOps(function);
    DenseSet<Operation *> edges = programmaticEdges(ops, *mode);
    for (Operation *op : ops) {
      if (!isa<LaunchOp, LibraryOp>(op)) {
        continue;
      }
      const bool captured = isa<CaptureOp>(op->getParentOp());
      if (captured != (*mode != LaunchMode::Stream)) {
        return broken(op) << describeOp(op) << " is launched as '"
                          << stringifyLaunchMode(*mode)
                          << (captured ? "' and captured"
                                       : "' and not captured")
                          << "; run plan-form-captures on the placed module";
      }
      auto launch = dyn_cast<LaunchOp>(op);
      if (launch && launch.getProgrammatic() != edges.contains(op)) {
        return broken(op) << describeOp(op)
                          << (edges.contains(op)
                                  ? " may start early and does not say so"
                                  : " cannot start early: no kernel is "
                                    "launched right before it")
                          << "; run plan-form-captures on the placed module";
      }
    }
    return success();
  }

  LogicalResult checkMarks(func::FuncOp function) {
    if (stage == Stage::Marked) {
      return failure(failed(
          markedGroups(function, [&](Operation *op) { return broken(op); })));
    }
    for (Operation &op : function.getBody().front()) {
      if (stage < Stage::Marked && op.hasAttr(PlanDialect::kMarkAttr)) {
        return broken(&op) << describeOp(&op)
                           << " has a plan.mark before plan-mark has run; "
                              "remove it, or plan.stage is wrong";
      }
    }
    return success();
  }

  template <typename GroupLike>
  LogicalResult checkGroup(GroupLike group) {
    auto view = codegen::GroupView::ofBody(*group.getBodyBlock());
    std::string name = describeOp(view.ops().front());
    for (Operation *op : view.ops()) {
      if (op->hasAttr(PlanDialect::kMarkAttr)) {
        return broken(op) << describeOp(op)
                          << " still has its mark; run plan-form-groups";
      }
    }
    if (!group.getWhyAttr()) {
      return broken(group) << name
                           << " is grouped without a decision; run plan-mark "
                              "and plan-form-groups";
    }
    if (stage == Stage::Grouped) {
      return success();
    }
    return checkFamily(group, view, group.getFamily().value_or(""),
                       group.getConfigAttr(), name);
  }

  LogicalResult checkFamily(Operation *op, const codegen::GroupView &view,
                            StringRef familyName, DictionaryAttr configAttr,
                            StringRef name) {
    const codegen::KernelFamily *family = codegen::findFamily(familyName);
    if (!family) {
      return broken(op) << name << ": '" << familyName
                        << "' is no kernel family; run plan-select-kernels";
    }
    if (Verdict verdict = family->accepts(view, device); !verdict) {
      return broken(op) << name << ": family '" << familyName
                        << "' does not accept it on " << device.name << ": "
                        << verdict.message() << "; run plan-select-kernels";
    }
    std::optional<codegen::KernelConfig> config =
        configAttr ? codegen::KernelConfig::fromAttribute(configAttr)
                   : std::nullopt;
    if (!config || !family->admits(view, *config, device)) {
      return broken(op) << name << ": the configuration {"
                        << (config ? config->text() : "")
                        << "} is none of family '" << familyName
                        << "'; run plan-select-kernels";
    }
    return success();
  }

  LogicalResult checkKernels() {
    for (KernelOp kernel : module.getOps<KernelOp>()) {
      if (stage < Stage::Outlined) {
        return broken(kernel) << "kernel '" << kernel.getSymName()
                              << "' before kernels are outlined; start again "
                                 "from the decoder graph";
      }
      if (SymbolTable::symbolKnownUseEmpty(kernel, module)) {
        return broken(kernel) << "kernel '" << kernel.getSymName()
                              << "' is never launched; start again "
                                 "from the decoder graph";
      }
      auto view = codegen::GroupView::ofBody(*kernel.getBodyBlock());
      if (failed(checkFamily(kernel, view, kernel.getFamily(),
                             kernel.getConfigAttr(),
                             ("kernel '" + kernel.getSymName() + "'").str()))) {
        return failure();
      }
    }
    return success();
  }

  ModuleOp module;
  const DeviceSpec &device;
  Stage stage;
};

struct PlanVerifyStagePass
    : public impl::PlanVerifyStageBase<PlanVerifyStagePass> {
  using PlanVerifyStageBase::PlanVerifyStageBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    markAllAnalysesPreserved();
    if (!stage.empty() && stage != stringifyStage(getStage(module))) {
      std::optional<Stage> wanted = symbolizeStage(stage);
      if (!wanted) {
        module.emitError()
            << "plan-verify-stage: '" << stage
            << "' is no stage; stages are imported, normalized, "
               "packed, marked, grouped, selected, outlined, placed, "
               "captured";
      } else {
        module.emitError() << "plan-verify-stage: the module is at stage '"
                           << stringifyStage(getStage(module)) << "', wanted '"
                           << stage << "'; run "
                           << (*wanted == Stage::Imported
                                   ? StringRef("the importer")
                                   : passTo(*wanted));
      }
      return signalPassFailure();
    }
    FailureOr<DeviceSpec> device = deviceFor(module, target);
    if (failed(device) || failed(StageContract(module, *device).check())) {
      return signalPassFailure();
    }
  }
};

} // namespace
} // namespace sinter
