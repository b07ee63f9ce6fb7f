//===- Targets.cpp - One model on several devices -------------------------===//

#include "tools/inspect/Decisions.h"
#include "tools/inspect/Words.h"

#include "passes/planning/GroupSearch.h"

#include <algorithm>
#include <array>

namespace sinter {

namespace {

using planning::EntryPlan;
using planning::Variant;

/// The plan of one device on another one.
class Moved {
public:
  Moved(const EntryPlan &first, const EntryPlan &own, const DeviceSpec &device,
        const Workload &workload)
      : first(first), own(own), device(device), workload(workload) {}

  /// The time that the first device's kernels would take, or nothing and
  /// `reason`, where one of them does not run here; `reason` names the terms in
  /// which it loses to the device's own plan.
  std::optional<uint64_t> price(std::string &reason) {
    std::vector<cost::PhaseWork> works;
    for (const planning::PhaseDecision &phase : first.phases) {
      const cost::PhaseWork *work = workOf(phase, reason);
      if (!work) {
        return std::nullopt;
      }
      works.push_back(*work);
    }
    const auto step = cost::priceStep(works, own.chosenMode(), device);
    if (!step) {
      reason = step.error().message();
      return std::nullopt;
    }
    if (step->picoseconds != own.step.picoseconds) {
      reason = microsChange(own.step.picoseconds, step->picoseconds) + ": " +
               termsText(step->terms, own.step.terms);
    }
    return step->picoseconds;
  }

private:
  /// Registers and shared memory of this device decide how many blocks are
  /// resident, so the family is asked again, for the same configuration.
  const cost::PhaseWork *workOf(const planning::PhaseDecision &phase,
                                std::string &reason) {
    const auto key = std::pair(first.groups[phase.group].answer, phase.variant);
    if (auto found = known.find(key); found != known.end()) {
      return &found->second;
    }
    const Variant &variant = first.variantOf(phase);
    llvm::SmallVector<mlir::Operation *> ops;
    for (uint32_t op : phase.ops) {
      ops.push_back(first.entry.ops[op]);
    }
    const planning::Answer answer =
        variant.family ? planning::askFamilies(ops, variant.family, device,
                                               workload, &variant.config)
                       : planning::askFamilies(ops, {}, device, workload);
    for (const Variant &here : answer.variants) {
      if (here.family == variant.family) {
        return &known.emplace(key, here.work).first->second;
      }
    }
    const planning::Refusal *refusal = answer.nearestRefusal();
    reason = opsPattern(first, phase.ops) + " does not run as there: " +
             (refusal ? refusal->verdict.message() : "nothing runs it");
    return nullptr;
  }

  /// "exchanges +12.00 us, sm +3.10 us": most first, what is a tenth or more of
  /// all that is lost.
  static std::string termsText(const cost::Breakdown &a,
                               const cost::Breakdown &b) {
    struct Change {
      std::string name;
      int64_t picoseconds;
    };
    const auto change = [](uint64_t from, uint64_t to) {
      return static_cast<int64_t>(to) - static_cast<int64_t>(from);
    };
    Change body{"bodies", change(b.body, a.body)};
    int64_t most = 0; // of the body's terms
    for (cost::Term term :
         {cost::Term::Dram, cost::Term::L2, cost::Term::Sm, cost::Term::Latency,
          cost::Term::Issue, cost::Term::Tensor}) {
      if (change(b.of(term), a.of(term)) > most) {
        most = change(b.of(term), a.of(term));
        body.name = "bodies (" + std::string(cost::termName(term)) + ")";
      }
    }
    std::array changes = {Change{"edges", change(b.edge, a.edge)},
                          Change{"ramps", change(b.ramp, a.ramp)},
                          Change{"exchanges", change(b.exchange, a.exchange)},
                          Change{"library", change(b.library, a.library)},
                          body,
                          Change{"credit", change(a.credit, b.credit)},
                          Change{"host", change(b.host, a.host)}};
    std::sort(changes.begin(), changes.end(),
              [](const Change &one, const Change &other) {
                return std::pair(-one.picoseconds, one.name) <
                       std::pair(-other.picoseconds, other.name);
              });
    int64_t lost = 0;
    for (const Change &each : changes) {
      lost += std::max<int64_t>(0, each.picoseconds);
    }
    std::string text;
    for (const Change &each : changes) {
      if (each.picoseconds > 0 && each.picoseconds * 10 >= lost) {
        const auto time = static_cast<uint64_t>(each.picoseconds);
        text += (text.empty() ? "" : ", ") + each.name +
                (each.name == "credit" ? " -" : " +") + microsText(time);
      }
    }
    return text;
  }

  const EntryPlan &first;
  const EntryPlan &own;
  const DeviceSpec &device;
  const Workload &workload;
  std::map<std::pair<uint32_t, uint32_t>, cost::PhaseWork> known;
};

std::string largestPart(const cost::Breakdown &terms) {
  const std::pair<const char *, uint64_t> parts[] = {
      {"edges", terms.edge},         {"ramps", terms.ramp},
      {"exchanges", terms.exchange}, {"library", terms.library},
      {"bodies", terms.body},        {"host", terms.host}};
  return std::max_element(
             std::begin(parts), std::end(parts),
             [](const auto &a, const auto &b) { return a.second < b.second; })
      ->first;
}

/// Phases of another choice, kernels of another configuration, modes that the
/// device has not.
std::string unlike(const EntryPlan &plan, const EntryPlan &first) {
  std::string text = onlyIn(phaseCounts(plan), phaseCounts(first));
  if (text.empty()) {
    PhaseCounts here;
    PhaseCounts there;
    for (auto [of, counts] : {std::pair(&plan, &here), {&first, &there}}) {
      for (const planning::PhaseDecision &phase : of->phases) {
        ++(*counts)[opsPattern(*of, phase.ops) + " with " +
                    of->variantOf(phase).config.text()];
      }
    }
    text = onlyIn(here, there);
  }
  for (size_t i = 0; i < plan.modes.size(); ++i) {
    if (const auto &refusal = plan.modeRefusals[i]) {
      text += (text.empty() ? "" : "; ") + std::string("no ") +
              std::string(cost::modeName(plan.modes[i])) + ": wanted " +
              refusal->wanted + ", found " + refusal->found;
    }
  }
  return text;
}

} // namespace

Result<Table> targetsTable(const ModelConfig &config, const Workload &workload,
                           const std::vector<DeviceSpec> &devices,
                           DecisionSet set, const DecisionOptions &asked) {
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                PreparedEntry::create(config, workload, set));
  SINTER_ASSIGN(planning::PlanningOptions options, planningOptions(set, asked));
  Table table;
  table.view = "targets";
  table.columns = {{"target", "target"},
                   {"mode", "mode"},
                   {"launches_per_layer", "per layer"},
                   {"launches", "launches"},
                   {"step_ps", "step us"},
                   {"tokens_per_second", "tokens/s"},
                   {"edges_ps", "edges us"},
                   {"ramps_ps", "ramps us"},
                   {"exchanges_ps", "exchanges us"},
                   {"library_ps", "library us"},
                   {"bodies_ps", "bodies us"},
                   {"credit_ps", "credit us"},
                   {"largest", "largest part"},
                   {"priors", "guesses"},
                   {"differs", "unlike the first"},
                   {"as_first_ps", "as the first us"},
                   {"decided_by", "what decided"}};
  std::optional<EntryPlan> first;
  for (const DeviceSpec &device : devices) {
    SINTER_ASSIGN(EntryPlan plan,
                  planning::planEntry(entry->function(), device, options));
    const StepFigures figures = figuresOf(plan);
    const cost::Breakdown &terms = plan.step.terms;
    std::string reason;
    std::optional<uint64_t> moved;
    if (first) {
      moved = Moved(*first, plan, device, workload).price(reason);
    }
    table.rows.push_back(
        {device.name, std::string(cost::modeName(plan.chosenMode())),
         figures.launchesOfLayer, figures.launches,
         Micros{plan.step.picoseconds},
         plan.step.picoseconds == 0 ? uint64_t{0}
                                    : static_cast<uint64_t>(workload.batch) *
                                          1000000000000 / plan.step.picoseconds,
         Micros{terms.edge}, Micros{terms.ramp}, Micros{terms.exchange},
         Micros{terms.library}, Micros{terms.body}, Micros{terms.credit},
         largestPart(terms), uint64_t{plan.priors.size()},
         first ? unlike(plan, *first) : std::string(),
         moved ? Cell(Micros{*moved}) : Cell(std::string()), reason});
    if (!first) {
      first = std::move(plan);
    }
  }
  table.notes.push_back("guesses: constants of origin prior that the step's "
                        "price rests on.");
  table.notes.push_back("as the first: the kernels of the first device's plan, "
                        "priced on this one in its mode; what decided: the "
                        "terms in which they lose, or why they do not run.");
  return table;
}

} // namespace sinter
