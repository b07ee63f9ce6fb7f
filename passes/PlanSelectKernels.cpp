//===- PlanSelectKernels.cpp - Family and configuration of each group -----===//

#include "passes/Costs.h"
#include "passes/Passes.h"
#include "passes/Support.h"

#include "codegen/KernelRegistry.h"

#include <llvm/ADT/TypeSwitch.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANSELECTKERNELS
#include "passes/Passes.h.inc"

namespace {

struct PlanSelectKernelsPass
    : public impl::PlanSelectKernelsBase<PlanSelectKernelsPass> {
  using PlanSelectKernelsBase::PlanSelectKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, getArgument(), Stage::Grouped,
                          Stage::Selected))) {
      return signalPassFailure();
    }
    FailureOr<DeviceSpec> device = deviceFor(module, target);
    if (failed(device)) {
      return signalPassFailure();
    }
    for (func::FuncOp function : entriesOf(module)) {
      WorkloadAttr workload = plan::getWorkload(function);
      if (!workload) {
        function.emitError() << "entry '" << function.getName()
                             << "' has no plan.workload; the importer sets it";
        return signalPassFailure();
      }
      for (Operation &op : function.getBody().front()) {
        auto selected =
            TypeSwitch<Operation *, LogicalResult>(&op)
                .Case<SingleOp, GroupOp>([&](auto group) {
                  return select(group, *device, workload.workload());
                })
                .Default([](Operation *) { return success(); });
        if (failed(selected)) {
          return signalPassFailure();
        }
      }
    }
    setStage(module, Stage::Selected);
  }

  template <typename GroupLike>
  LogicalResult select(GroupLike op, const DeviceSpec &device,
                       const Workload &workload) {
    auto group = codegen::GroupView::ofBody(*op.getBodyBlock());
    const codegen::KernelFamily *family = nullptr;
    codegen::KernelConfig chosen;
    int64_t picoseconds = 0;
    if (op.getFamily()) {
      if (failed(take(op, group, device, family, chosen))) {
        return failure();
      }
      // The price of this kernel, if the mark that chose it had one.
      if (DecisionAttr decision = op.getWhyAttr()) {
        picoseconds = decision.getAfter().getPicoseconds();
      }
    } else if (failed(choose(op, group, device, family, chosen))) {
      return failure();
    }
    if (DecisionAttr decision = op.getWhyAttr()) {
      CostAttr after = costOf(
          &getContext(), family->work(group, chosen, workload), picoseconds);
      op.setWhyAttr(DecisionAttr::get(
          &getContext(), decision.getChoice(), decision.getLaunch(),
          decision.getRule(), decision.getOrigin(), decision.getReason(),
          decision.getBefore(), after, decision.getRejected()));
    }
    return success();
  }

  /// The family and configuration that plan-mark chose.
  template <typename GroupLike>
  LogicalResult
  take(GroupLike op, const codegen::GroupView &group, const DeviceSpec &device,
       const codegen::KernelFamily *&family, codegen::KernelConfig &chosen) {
    const std::string name = describeOp(group.ops().front());
    family = codegen::findFamily(*op.getFamily());
    if (!family) {
      return op.emitError() << name << ": '" << *op.getFamily()
                            << "' is no kernel family; run plan-mark again";
    }
    if (Verdict verdict = family->accepts(group, device); !verdict) {
      return op.emitError()
             << name << ": family '" << *op.getFamily()
             << "' does not accept this group: " << verdict.message()
             << "; run plan-mark again";
    }
    auto config = codegen::KernelConfig::fromAttribute(op.getConfigAttr());
    if (!config || !family->admits(group, *config, device)) {
      return op.emitError()
             << name << ": the configuration {"
             << (config ? config->text() : "") << "} is none of family '"
             << *op.getFamily() << "'; run plan-mark again";
    }
    chosen = *config;
    return success();
  }

  /// The first family that accepts the group.
  template <typename GroupLike>
  LogicalResult choose(GroupLike op, const codegen::GroupView &group,
                       const DeviceSpec &device,
                       const codegen::KernelFamily *&family,
                       codegen::KernelConfig &chosen) {
    Verdict why = Verdict::ok();
    family = codegen::chooseFamily(group, device, why);
    if (!family) {
      return op.emitError()
             << describeOp(group.ops().front())
             << ": no kernel family can run this group: " << why.message()
             << " (" << plan::describe(why.reason()) << ")";
    }
    SmallVector<codegen::KernelConfig> list = family->enumerate(group, device);
    chosen = list[std::min<size_t>(config, list.size() - 1)];
    op.setFamily(family->name());
    op.setConfigAttr(chosen.attribute(&getContext()));
    return success();
  }
};

} // namespace
} // namespace sinter
