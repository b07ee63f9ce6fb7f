//===- Decide.cpp - Evidence of the phases of a solution ------------------===//

#include "passes/planning/Decide.h"

#include <algorithm>

namespace sinter::planning {

uint64_t priceBehind(const EntryPlan &plan, const Variant &variant,
                     const uint32_t *tail) {
  const size_t row = plan.candidates.tails.size() + 1;
  return variant.prices[plan.mode * row + (tail ? *tail + 1 : 0)];
}

std::optional<uint32_t> cheapest(const EntryPlan &plan, const Answer &answer,
                                 plan::Choice choice, const uint32_t *tail) {
  std::optional<uint32_t> best;
  uint64_t least = fusion::kNoPrice;
  for (uint32_t i = 0; i < answer.variants.size(); ++i) {
    const Variant &variant = answer.variants[i];
    const uint64_t price = priceBehind(plan, variant, tail);
    if (variant.choice == choice && price < least) {
      best = i;
      least = price;
    }
  }
  return best;
}

Cost costOf(const Variant &variant, uint64_t picoseconds) {
  return {variant.work.launches, variant.read, variant.written, picoseconds};
}

plan::Reason whyDearer(const Cost &group, const Cost &apart) {
  return group.read >= 2 * apart.read ? plan::Reason::RefusedRecompute
                                      : plan::Reason::RefusedSlower;
}

namespace {

class Decider {
public:
  Decider(EntryPlan &plan, const std::vector<Constraint> &constraints,
          const DeviceSpec &device)
      : plan(plan), constraints(constraints), device(device),
        alone(plan.entry.graph.size()), holding(plan.entry.graph.size()) {
    for (uint32_t number = 0; number < plan.groups.size(); ++number) {
      const Group &group = plan.groups[number];
      if (group.ops.size() == 1) {
        alone[group.ops.front()] = &plan.answers[group.answer];
      } else {
        for (uint32_t op : group.ops) {
          holding[op].push_back(number);
        }
      }
    }
  }

  Status run() {
    const Variant *before = nullptr;
    std::vector<cost::PhaseWork> works;
    for (const fusion::Phase &chosen : plan.solution.plans[plan.mode].phases) {
      const EntryPlan::CandidateOrigin &origin = plan.origins[chosen.candidate];
      PhaseDecision phase;
      phase.group = origin.group;
      phase.variant = origin.variants[chosen.option];
      phase.ops = plan.groups[phase.group].ops;
      const Variant &variant = plan.variantOf(phase);
      SINTER_ASSIGN(phase.price,
                    cost::price(variant.work, plan.chosenMode(), device,
                                before ? &before->work : nullptr));
      phase.after = costOf(variant, phase.price.picoseconds);
      const uint32_t *tail = before ? &before->tail : nullptr;
      decide(phase, variant, tail);
      works.push_back(variant.work);
      before = &variant;
      plan.phases.push_back(std::move(phase));
    }
    SINTER_ASSIGN(plan.step, cost::priceStep(works, plan.chosenMode(), device));
    plan.priors = cost::priors(cost::grounds(plan.step, device));
    return Status::success();
  }

private:
  /// The ops one after the other, behind `tail`: linear layers by the library
  /// with `library`, all else alone. `body` receives the time of the bodies.
  std::optional<Cost> apart(const fusion::Ops &ops, bool library,
                            const uint32_t *tail, uint64_t *body = nullptr) {
    Cost sum;
    for (uint32_t op : ops) {
      std::optional<uint32_t> best;
      if (library) {
        best = cheapest(plan, *alone[op], plan::Choice::Library, tail);
      }
      if (!best) {
        best = cheapest(plan, *alone[op], plan::Choice::Single, tail);
      }
      if (!best) {
        return std::nullopt;
      }
      const Variant &variant = alone[op]->variants[*best];
      sum += costOf(variant, priceBehind(plan, variant, tail));
      if (body) {
        Result<cost::Price> price =
            cost::price(variant.work, plan.chosenMode(), device, nullptr);
        *body += price ? price->terms.body : 0;
      }
      tail = &variant.tail;
    }
    return sum;
  }

  static plan::Reason compare(const Cost &other, const Cost &chosen) {
    return other.picoseconds >= chosen.picoseconds
               ? plan::Reason::RefusedSlower
               : plan::Reason::RefusedNotRequested;
  }

  void decide(PhaseDecision &phase, const Variant &variant,
              const uint32_t *tail) {
    uint64_t body = 0;
    phase.before =
        variant.choice == plan::Choice::Single
            ? phase.after
            : apart(phase.ops, false, tail, &body).value_or(phase.after);
    phase.forced = llvm::any_of(phase.ops, [&](uint32_t op) {
      return constraints[op].forced == variant.choice ||
             constraints[op].config.has_value();
    });
    switch (variant.choice) {
    case plan::Choice::Fuse:
      phase.reason = whyFused(phase, body);
      rejectSingle(phase, tail);
      rejectLibrary(phase, tail);
      break;
    case plan::Choice::Library:
      phase.reason = plan::Reason::LibraryFaster;
      rejectSingle(phase, tail);
      rejectFuse(phase, tail);
      break;
    case plan::Choice::Single:
      phase.reason = plan.decisions == DecisionSet::Single
                         ? plan::Reason::SingleUnfusedStage
                         : plan::Reason::SingleFaster;
      rejectFuse(phase, tail);
      rejectLibrary(phase, tail);
      break;
    }
    if (phase.forced) {
      phase.reason = plan::Reason::ForcedByUser;
    }
  }

  /// Whether most of the time saved was spent on bytes or between kernels.
  static plan::Reason whyFused(const PhaseDecision &phase, uint64_t bodies) {
    const uint64_t body = phase.price.terms.body;
    const uint64_t fewer = bodies > body ? bodies - body : 0;
    const uint64_t saved =
        phase.before.picoseconds > phase.after.picoseconds
            ? phase.before.picoseconds - phase.after.picoseconds
            : 0;
    return 2 * fewer > saved ? plan::Reason::FuseSavesTraffic
                             : plan::Reason::FuseSavesLaunch;
  }

  void rejectSingle(PhaseDecision &phase, const uint32_t *tail) {
    for (uint32_t op : phase.ops) {
      const Refusal *refusal = alone[op]->nearestRefusal();
      if (refusal && !cheapest(plan, *alone[op], plan::Choice::Single, tail)) {
        phase.rejected.push_back({plan::Choice::Single,
                                  refusal->verdict.reason(),
                                  refusal->verdict.note(), std::nullopt});
        return;
      }
    }
    phase.rejected.push_back({plan::Choice::Single,
                              compare(phase.before, phase.after), "",
                              phase.before});
  }

  void rejectLibrary(PhaseDecision &phase, const uint32_t *tail) {
    const bool has = llvm::any_of(phase.ops, [&](uint32_t op) {
      return cheapest(plan, *alone[op], plan::Choice::Library, tail)
          .has_value();
    });
    if (!has) {
      return;
    }
    if (std::optional<Cost> cost = apart(phase.ops, true, tail)) {
      Rejected rejected{plan::Choice::Library,
                        plan.decisions == DecisionSet::Single
                            ? plan::Reason::RefusedNotRequested
                            : compare(*cost, phase.after),
                        "", cost};
      if (plan.chosenMode() == cost::ExecutionMode::Programmatic &&
          plan.decisions != DecisionSet::Single && !phase.forced) {
        // Dearer for the step, whatever it takes here.
        rejected.reason = plan::Reason::RefusedSlower;
        rejected.note = "and beside it all edges of the step are full";
      }
      phase.rejected.push_back(std::move(rejected));
    }
  }

  /// The group of this op and others that comes nearest to paying.
  void rejectFuse(PhaseDecision &phase, const uint32_t *tail) {
    const uint32_t op = phase.ops.front();
    Rejected rejected{plan::Choice::Fuse, plan::Reason::RefusedNoFamily, "",
                      std::nullopt};
    const bool byLibrary =
        plan.decisions == DecisionSet::Library &&
        cheapest(plan, *alone[op], plan::Choice::Library, tail);
    if (plan.decisions == DecisionSet::Single || byLibrary) {
      rejected.reason = plan::Reason::RefusedNotRequested;
      phase.rejected.push_back(std::move(rejected));
      return;
    }
    int64_t least = INT64_MAX;
    for (uint32_t number : holding[op]) {
      const Group &group = plan.groups[number];
      const Answer &answer = plan.answers[group.answer];
      const std::optional<uint32_t> best =
          cheapest(plan, answer, plan::Choice::Fuse, tail);
      std::optional<Cost> parts = apart(group.ops, false, tail);
      if (!parts) { // an op that no family runs alone
        parts = apart(group.ops, true, tail);
      }
      if (best && parts) {
        const Cost cost =
            costOf(answer.variants[*best],
                   priceBehind(plan, answer.variants[*best], tail));
        const auto extra = static_cast<int64_t>(cost.picoseconds) -
                           static_cast<int64_t>(parts->picoseconds);
        if (extra < least) {
          least = extra;
          rejected.cost = cost;
          rejected.reason = constraints[op].forbidden
                                ? plan::Reason::RefusedNotRequested
                                : whyDearer(cost, *parts);
          rejected.note = "as " + plan.entry.graph.describe(group.ops);
        }
      } else if (!rejected.cost) {
        if (const Refusal *refusal = answer.nearestRefusal();
            refusal && rejected.note.empty()) {
          rejected.reason = refusal->verdict.reason();
          rejected.note = refusal->verdict.note();
        }
      }
    }
    phase.rejected.push_back(std::move(rejected));
  }

  EntryPlan &plan;
  const std::vector<Constraint> &constraints;
  const DeviceSpec &device;
  std::vector<const Answer *> alone;          ///< per op
  std::vector<std::vector<uint32_t>> holding; ///< groups of several, per op
};

} // namespace

Status decidePhases(EntryPlan &plan, const std::vector<Constraint> &constraints,
                    const DeviceSpec &device) {
  return Decider(plan, constraints, device).run();
}

} // namespace sinter::planning
