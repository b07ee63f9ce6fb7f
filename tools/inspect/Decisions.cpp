//===- Decisions.cpp - What was decided, phase by phase -------------------===//

#include "tools/inspect/Decisions.h"

#include "ir/plan/Plan.h"
#include "passes/analysis/OpNames.h"
#include "tools/inspect/Totals.h"
#include "tools/inspect/Words.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

/// Rows that say the same are one, with their number in the first column.
class Collapsed {
public:
  explicit Collapsed(Table &table) : table(table) {}

  void add(std::vector<Cell> row) {
    for (std::vector<Cell> &known : table.rows) {
      if (std::equal(row.begin(), row.end(), known.begin() + 1)) {
        ++std::get<uint64_t>(known.front());
        return;
      }
    }
    row.insert(row.begin(), uint64_t{1});
    table.rows.push_back(std::move(row));
  }

private:
  Table &table;
};

std::string rejectedText(const planning::PhaseDecision &phase) {
  std::string text;
  for (const planning::Rejected &rejected : phase.rejected) {
    text += text.empty() ? "" : "; ";
    text += std::string(stringifyChoice(rejected.choice)) + " ";
    if (rejected.cost) {
      text += microsText(rejected.cost->picoseconds) + " ";
    }
    text += std::string(stringifyReason(rejected.reason));
  }
  return text;
}

} // namespace

Table decisionsTable(const planning::EntryPlan &plan,
                     const DeviceSpec &device) {
  Table table;
  table.view = "decisions";
  table.columns = {
      {"count", "count"},          {"ops", "ops"},
      {"choice", "choice"},        {"family", "family"},
      {"config", "config"},        {"launches_before", "launches before"},
      {"launches_after", "after"}, {"before_ps", "us before"},
      {"after_ps", "us after"},    {"limiting", "limited by"},
      {"reason", "reason"},        {"rejected", "rejected"}};
  Collapsed rows(table);
  for (const planning::PhaseDecision &phase : plan.phases) {
    const planning::Variant &variant = plan.variantOf(phase);
    rows.add({opsPattern(plan, phase.ops),
              std::string(stringifyChoice(variant.choice)),
              variant.family ? variant.family->name().str()
                             : std::string("cublaslt.matmul"),
              variant.config.text(), phase.before.launches,
              phase.after.launches, Micros{phase.before.picoseconds},
              Micros{phase.after.picoseconds},
              std::string(cost::termName(phase.price.limiting)),
              std::string(stringifyReason(phase.reason)), rejectedText(phase)});
  }
  std::string modes;
  for (size_t i = 0; i < plan.modes.size(); ++i) {
    const fusion::ModePlan &other = plan.solution.plans[i];
    modes += (modes.empty() ? "" : ", ") +
             std::string(cost::modeName(plan.modes[i])) + " " +
             (other.exists() ? microsText(other.picoseconds) + " in " +
                                   std::to_string(other.launches) + " launches"
                             : "none");
  }
  table.notes.push_back("On " + device.name + " the step is predicted at " +
                        microsText(plan.step.picoseconds) + " in " +
                        std::to_string(plan.step.launches) +
                        " launches, mode " +
                        std::string(cost::modeName(plan.chosenMode())) +
                        ". Best plan of each mode: " + modes + ".");
  std::string priors;
  for (const cost::Ground &ground : plan.priors) {
    priors += (priors.empty() ? "" : ", ") + ground.key;
  }
  table.notes.push_back(
      priors.empty()
          ? "No price rests on a prior."
          : "Guessed constants that prices rest on: " + priors + ".");
  return table;
}

Table neighboursTable(const planning::EntryPlan &plan,
                      const DeviceSpec &device) {
  Table table;
  table.view = "neighbours";
  table.columns = {
      {"count", "count"},      {"from", "from"},     {"to", "to"},
      {"answer", "answer"},    {"reason", "reason"}, {"fused_ps", "us fused"},
      {"chosen_ps", "us now"}, {"detail", "detail"}};
  Collapsed rows(table);
  for (const planning::Neighbours &pair :
       planning::explainNeighbours(plan, device)) {
    const Cell none = std::string();
    std::string detail = pair.note;
    if (!pair.together && detail.empty()) {
      detail = barrierText(plan, pair.from, pair.to);
    }
    if (!pair.together && pair.group) {
      detail += (detail.empty() ? "" : "; ") + std::string("as ") +
                opsPattern(plan, pair.group->ops);
    }
    rows.add({opsPattern(plan, {pair.from}), opsPattern(plan, {pair.to}),
              std::string(pair.together ? "fused" : "not fused"),
              std::string(stringifyReason(pair.reason)),
              pair.fused ? Cell(Micros{pair.fused->picoseconds}) : none,
              pair.chosen ? Cell(Micros{pair.chosen->picoseconds}) : none,
              detail});
  }
  table.notes.push_back(
      "Both times are of the same ops: in the cheapest kernel "
      "that holds the pair, and as the plan runs them, a "
      "phase counted in full.");
  return table;
}

static Table decisionsTable(const format::Plan &plan,
                            const format::Entry &entry) {
  Table table;
  table.view = "decisions";
  table.columns = {
      {"count", "count"},          {"ops", "ops"},
      {"choice", "choice"},        {"launch", "launch"},
      {"origin", "origin"},        {"launches_before", "launches before"},
      {"launches_after", "after"}, {"bytes_before", "bytes before"},
      {"bytes_after", "after"},    {"before_ps", "us before"},
      {"after_ps", "us after"},    {"rule", "rule"},
      {"reasons", "reasons"}};
  // Every op has a decision; those of one step say the same.
  const auto decisions = decisionsOf(plan, entry);
  Collapsed rows(table);
  for (const format::Step &step : entry.steps) {
    auto found =
        step.ops.empty() ? decisions.end() : decisions.find(step.ops.front());
    if (found == decisions.end()) {
      continue;
    }
    const format::Decision &decision = *found->second;
    std::string ops;
    for (const std::string &op : step.ops) {
      ops += (ops.empty() ? "" : " + ") + layerPattern(op);
    }
    std::string reasons;
    for (const std::string &reason : decision.reasons) {
      reasons += (reasons.empty() ? "" : " ") + reason;
    }
    rows.add({ops, decision.choice, decision.launch, decision.origin,
              decision.before.launches, decision.after.launches,
              decision.before.bytes, decision.after.bytes,
              Micros{decision.before.picoseconds},
              Micros{decision.after.picoseconds}, decision.rule, reasons});
  }
  return table;
}

Table decisionsTable(const format::Plan &plan) {
  return joinEntries(plan, [&](const format::Entry &entry) {
    return decisionsTable(plan, entry);
  });
}

} // namespace sinter
