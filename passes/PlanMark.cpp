//===- PlanMark.cpp - Decides how each op runs, and writes down why -------===//

#include "passes/Costs.h"
#include "passes/Passes.h"
#include "passes/Support.h"

#include "codegen/KernelRegistry.h"

#include <llvm/ADT/StringSet.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANMARK
#include "passes/Passes.h.inc"

namespace {

struct PlanMarkPass : public impl::PlanMarkBase<PlanMarkPass> {
  using PlanMarkBase::PlanMarkBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(
            checkStage(module, getArgument(), Stage::Packed, Stage::Marked))) {
      return signalPassFailure();
    }
    FailureOr<DeviceSpec> device = deviceFor(module, target);
    if (failed(device)) {
      return signalPassFailure();
    }
    // All refusals of a module are reported at once; equal layers refuse for
    // the same reason, so one message per kind of op and reason is enough.
    bool refused = false;
    for (func::FuncOp function : entriesOf(module)) {
      refused |= failed(markEntry(function, *device));
    }
    if (refused) {
      return signalPassFailure();
    }
    module->setAttr(PlanDialect::kTargetAttr,
                    StringAttr::get(&getContext(), device->name));
    setStage(module, Stage::Marked);
  }

  LogicalResult markEntry(func::FuncOp function, const DeviceSpec &device) {
    WorkloadAttr workload = plan::getWorkload(function);
    if (!workload) {
      return function.emitError()
             << "entry '" << function.getName()
             << "' has no plan.workload; the importer sets it";
    }
    int64_t group = 0;
    llvm::StringSet<> told;
    bool refused = false;
    for (Operation &op : function.getBody().front()) {
      if (!isStepOp(&op)) {
        continue;
      }
      FailureOr<DecisionAttr> decision =
          decide(&op, device, workload.workload(), told);
      if (failed(decision)) {
        refused = true;
        continue;
      }
      op.setAttr(PlanDialect::kMarkAttr,
                 MarkAttr::get(&getContext(), group++, *decision));
    }
    return failure(refused);
  }

  /// `told` holds the refusals that were reported already.
  FailureOr<DecisionAttr> decide(Operation *op, const DeviceSpec &device,
                                 const Workload &workload,
                                 llvm::StringSet<> &told) {
    auto forced = op->getAttrOfType<ChoiceAttr>(PlanDialect::kForceAttr);
    if (forced && forced.getValue() != Choice::Single) {
      return op->emitError()
             << describeOp(op) << ": plan.force asks for '"
             << stringifyChoice(forced.getValue())
             << "', and this pass makes one kernel per op; remove plan.force "
                "or set it to 'single'";
    }
    auto group = codegen::GroupView::ofOp(op);
    Verdict why = Verdict::ok();
    const codegen::KernelFamily *family =
        codegen::chooseFamily(group, device, why);
    if (!family) {
      std::string refusal =
          (op->getName().getStringRef() + why.message()).str();
      if (told.insert(refusal).second) {
        op->emitError() << describeOp(op)
                        << ": no kernel family can run this op: "
                        << why.message() << " (" << plan::describe(why.reason())
                        << ")";
      }
      return failure();
    }
    codegen::KernelConfig config = family->enumerate(group, device).front();
    CostAttr cost =
        costOf(&getContext(), family->work(group, config, workload));
    return DecisionAttr::get(
        &getContext(), Choice::Single, LaunchMode::Stream, "one-kernel-per-op",
        forced ? plan::Origin::Forced : plan::Origin::Model,
        forced ? Reason::ForcedByUser : Reason::SingleUnfusedStage, cost, cost,
        {});
  }
};

} // namespace
} // namespace sinter
