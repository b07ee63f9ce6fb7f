//===- Neighbours.cpp - Why two ops are or are not one kernel -------------===//

#include "passes/planning/Decide.h"
#include "passes/planning/GroupSearch.h"

#include "ir/plan/Plan.h"

#include <algorithm>
#include <set>

using namespace mlir;

namespace sinter::planning {

namespace {

class Neighbourhood {
public:
  Neighbourhood(const EntryPlan &plan, const DeviceSpec &device)
      : plan(plan), device(device), phaseOf(plan.phaseOfOps()),
        holding(plan.entry.graph.size()) {
    for (uint32_t number = 0; number < plan.groups.size(); ++number) {
      for (uint32_t op : plan.groups[number].ops) {
        holding[op].push_back(number);
      }
    }
  }

  Neighbours explain(uint32_t from, uint32_t to) const {
    Neighbours pair;
    pair.from = from;
    pair.to = to;
    if (phaseOf[from] == phaseOf[to]) {
      pair.together = true;
      pair.reason = plan.phases[phaseOf[from]].reason;
      return pair;
    }
    for (uint32_t number : holding[from]) {
      const Group &group = plan.groups[number];
      if (std::binary_search(group.ops.begin(), group.ops.end(), to)) {
        consider(group, pair);
      }
    }
    if (pair.fused) {
      pair.reason = pair.fused->picoseconds >= pair.chosen->picoseconds
                        ? whyDearer(*pair.fused, *pair.chosen)
                        : plan::Reason::RefusedNotRequested;
      return pair;
    }
    refuse(pair);
    return pair;
  }

private:
  /// Keeps the group that costs least beyond what its ops cost in the plan.
  void consider(const Group &group, Neighbours &pair) const {
    std::set<uint32_t> phases;
    for (uint32_t op : group.ops) {
      phases.insert(phaseOf[op]);
    }
    const uint32_t first = *phases.begin();
    const uint32_t *tail =
        first == 0 ? nullptr : &plan.variantOf(plan.phases[first - 1]).tail;
    const Answer &answer = plan.answers[group.answer];
    const std::optional<uint32_t> best =
        cheapest(plan, answer, plan::Choice::Fuse, tail);
    if (!best) {
      return;
    }
    const Variant &variant = answer.variants[*best];
    const Cost fused = costOf(variant, priceBehind(plan, variant, tail));
    Cost chosen;
    for (uint32_t phase : phases) {
      chosen += plan.phases[phase].after;
    }
    auto extra = [](const Cost &a, const Cost &b) {
      return static_cast<int64_t>(a.picoseconds) -
             static_cast<int64_t>(b.picoseconds);
    };
    if (!pair.fused ||
        extra(fused, chosen) < extra(*pair.fused, *pair.chosen)) {
      pair.group = group;
      pair.fused = fused;
      pair.chosen = chosen;
    }
  }

  void refuse(Neighbours &pair) const {
    const uint32_t both[] = {pair.from, pair.to};
    llvm::SmallVector<Operation *> ops;
    for (uint32_t op : plan.entry.graph.closure(both)) {
      ops.push_back(plan.entry.ops[op]);
    }
    auto function = ops.front()->getParentOfType<func::FuncOp>();
    const Answer answer = askFamilies(ops, plan.families, device,
                                      plan::getWorkload(function).workload());
    if (!answer.variants.empty()) {
      pair.reason = plan::Reason::RefusedNotRequested;
    } else if (const Refusal *nearest = answer.nearestRefusal()) {
      pair.reason = nearest->verdict.reason();
      pair.note = nearest->verdict.note();
    }
  }

  const EntryPlan &plan;
  const DeviceSpec &device;
  std::vector<uint32_t> phaseOf;
  std::vector<std::vector<uint32_t>> holding; ///< groups, per op
};

} // namespace

std::vector<Neighbours> explainNeighbours(const EntryPlan &plan,
                                          const DeviceSpec &device) {
  const Neighbourhood neighbourhood(plan, device);
  std::vector<Neighbours> pairs;
  for (uint32_t from = 0; from < plan.entry.graph.size(); ++from) {
    for (uint32_t to : plan.entry.graph.consumers(from)) {
      pairs.push_back(neighbourhood.explain(from, to));
    }
  }
  return pairs;
}

} // namespace sinter::planning
