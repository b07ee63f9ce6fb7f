//===- PlanMark.cpp - Decides how each op runs, and writes down why -------===//

#include "passes/Passes.h"
#include "passes/Support.h"
#include "passes/planning/EntryPlanning.h"

#include <llvm/ADT/StringSet.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANMARK
#include "passes/Passes.h.inc"

namespace {

LaunchMode launchMode(cost::ExecutionMode mode) {
  switch (mode) {
  case cost::ExecutionMode::Eager:
  case cost::ExecutionMode::Stream:
    return LaunchMode::Stream;
  case cost::ExecutionMode::Graph:
    return LaunchMode::Graph;
  case cost::ExecutionMode::Programmatic:
    return LaunchMode::Pdl;
  }
  return LaunchMode::Stream;
}

/// What decided, for people.
StringRef ruleOf(planning::DecisionSet decisions) {
  switch (decisions) {
  case planning::DecisionSet::Single:
    return "one-kernel-per-op";
  case planning::DecisionSet::Library:
    return "library-per-linear";
  case planning::DecisionSet::Greedy:
    return "greedy-gain-queue";
  case planning::DecisionSet::Exact:
    return "exact-cheapest";
  }
  return "";
}

CostAttr costAttr(MLIRContext *context, const planning::Cost &cost) {
  return CostAttr::get(context, static_cast<int64_t>(cost.launches),
                       static_cast<int64_t>(cost.read),
                       static_cast<int64_t>(cost.written),
                       static_cast<int64_t>(cost.picoseconds));
}

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
    Result<planning::PlanningOptions> asked = planningOptions();
    if (!asked) {
      refuse(module, asked.error());
      return signalPassFailure();
    }
    // A refusal leaves the module as it was.
    std::vector<std::pair<func::FuncOp, planning::EntryPlan>> plans;
    bool refused = false;
    for (func::FuncOp function : entriesOf(module)) {
      std::vector<planning::Unplannable> ops;
      Result<planning::EntryPlan> plan =
          planning::planEntry(function, *device, *asked, &ops);
      if (plan) {
        plans.emplace_back(function, std::move(*plan));
        continue;
      }
      refused = true;
      if (ops.empty()) {
        refuse(function, plan.error());
      }
      // Equal layers refuse for the same reason: one message per kind of op and
      // reason is enough.
      llvm::StringSet<> told;
      for (const planning::Unplannable &one : ops) {
        if (told.insert(
                    (one.op->getName().getStringRef() + one.error.found).str())
                .second) {
          refuse(one.op, one.error);
        }
      }
    }
    if (refused) {
      return signalPassFailure();
    }
    for (auto &[function, plan] : plans) {
      mark(function, plan, asked->decisions);
    }
    module->setAttr(PlanDialect::kTargetAttr,
                    StringAttr::get(&getContext(), device->name));
    setStage(module, Stage::Marked);
  }

  /// Receives what is refused, with its code; diagnostics hold the text alone.
  std::vector<Error> *refusals = nullptr;

private:
  void refuse(Operation *op, const Error &error) {
    op->emitError() << error.message();
    if (refusals) {
      refusals->push_back(error);
    }
  }

  Result<planning::PlanningOptions> planningOptions() const {
    planning::PlanningOptions asked;
    std::optional<planning::DecisionSet> set =
        planning::findDecisionSet(decisions.getValue());
    if (!set) {
      return Error{ErrorCode::BadArgument, "decisions",
                   "single, library, greedy or exact",
                   "'" + decisions.getValue() + "'", ""};
    }
    asked.decisions = *set;
    if (!mode.empty()) {
      asked.mode = planning::findPlanMode(mode.getValue());
      if (!asked.mode) {
        return Error{ErrorCode::BadArgument, "mode", "stream, graph or pdl",
                     "'" + mode.getValue() + "'", ""};
      }
    }
    for (const std::string &text : force) {
      SINTER_ASSIGN(planning::Force one, planning::parseForce(text));
      asked.forces.push_back(std::move(one));
    }
    asked.forbidden.assign(forbid.begin(), forbid.end());
    for (const std::string &text : kernelConfig) {
      SINTER_ASSIGN(planning::ConfigRequest one,
                    planning::parseConfigRequest(text));
      asked.configs.push_back(std::move(one));
    }
    return asked;
  }

  void mark(func::FuncOp function, const planning::EntryPlan &plan,
            planning::DecisionSet set) {
    MLIRContext *context = &getContext();
    const LaunchMode launch = launchMode(plan.chosenMode());
    for (auto [number, phase] : llvm::enumerate(plan.phases)) {
      const planning::Variant &variant = plan.variantOf(phase);
      SmallVector<RejectionAttr> rejected;
      for (const planning::Rejected &other : phase.rejected) {
        rejected.push_back(RejectionAttr::get(
            context, other.choice, other.reason,
            other.cost ? costAttr(context, *other.cost) : CostAttr()));
      }
      auto decision =
          DecisionAttr::get(context, variant.choice, launch, ruleOf(set),
                            phase.forced    ? plan::Origin::Forced
                            : variant.tuned ? plan::Origin::Measured
                                            : plan::Origin::Model,
                            phase.reason, costAttr(context, phase.before),
                            costAttr(context, phase.after), rejected);
      const bool configured = configs && variant.family;
      auto mark = MarkAttr::get(
          context, static_cast<int64_t>(number), decision,
          configured ? StringAttr::get(context, variant.family->name())
                     : StringAttr(),
          configured ? variant.config.attribute(context) : DictionaryAttr());
      for (uint32_t op : phase.ops) {
        plan.entry.ops[op]->setAttr(PlanDialect::kMarkAttr, mark);
      }
    }
    SmallVector<Attribute> priors;
    for (const cost::Ground &prior : plan.priors) {
      priors.push_back(StringAttr::get(
          context,
          prior.key + " = " + std::to_string(prior.value) + " " + prior.unit));
    }
    if (priors.empty()) {
      function->removeAttr(PlanDialect::kPriorsAttr);
    } else {
      function->setAttr(PlanDialect::kPriorsAttr,
                        ArrayAttr::get(context, priors));
    }
  }
};

} // namespace

std::unique_ptr<Pass> createPlanMark(const PlanMarkOptions &options,
                                     std::vector<Error> &refusals) {
  auto pass = std::make_unique<PlanMarkPass>(options);
  pass->refusals = &refusals;
  return pass;
}

} // namespace sinter
