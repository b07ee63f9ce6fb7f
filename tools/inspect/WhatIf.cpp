//===- WhatIf.cpp - Plans beside each other -------------------------------===//

#include "tools/inspect/Decisions.h"
#include "tools/inspect/Words.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

using planning::EntryPlan;

/// "fuse(PATTERN)" into a force, "forbid(PATTERN)" into a forbidden pattern.
Status ask(const std::string &question, planning::PlanningOptions &options) {
  const size_t open = question.find('(');
  const std::string word = question.substr(0, open);
  const bool closed = open != std::string::npos && open + 2 < question.size() &&
                      question.back() == ')';
  const std::string pattern =
      closed ? question.substr(open + 1, question.size() - open - 2) : "";
  if (closed && word == "forbid") {
    options.forbidden.push_back(pattern);
    return Status::success();
  }
  if (!closed || (word != "fuse" && word != "library" && word != "single")) {
    return Error{ErrorCode::BadArgument, "--what-if",
                 "fuse(PATTERN), library(PATTERN), single(PATTERN) or "
                 "forbid(PATTERN)",
                 question, "see sinter inspect --help"};
  }
  SINTER_ASSIGN(planning::Force force,
                planning::parseForce(pattern + "=" + word));
  options.forces.push_back(std::move(force));
  return Status::success();
}

/// Phases as text, equal ones counted.
std::map<std::string, uint64_t> phasesOf(const EntryPlan &plan) {
  std::map<std::string, uint64_t> phases;
  for (const planning::PhaseDecision &phase : plan.phases) {
    const planning::Variant &variant = plan.variantOf(phase);
    ++phases[opsPattern(plan, phase.ops) + " (" +
             std::string(stringifyChoice(variant.choice)) + ")"];
  }
  return phases;
}

/// What `a` has and `b` has not.
std::string onlyIn(const std::map<std::string, uint64_t> &a,
                   const std::map<std::string, uint64_t> &b) {
  std::string text;
  for (const auto &[phase, count] : a) {
    auto other = b.find(phase);
    const uint64_t common = other == b.end() ? 0 : other->second;
    if (count > common) {
      text += (text.empty() ? "" : "; ") + std::to_string(count - common) +
              " x " + phase;
    }
  }
  return text;
}

} // namespace

Result<Table> whatIfTable(const ModelConfig &config, const Workload &workload,
                          const DeviceSpec &device, DecisionSet set,
                          const DecisionOptions &asked,
                          const std::vector<std::string> &questions) {
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                PreparedEntry::create(config, workload, set));
  SINTER_ASSIGN(planning::PlanningOptions options, planningOptions(set, asked));
  SINTER_ASSIGN(EntryPlan before,
                planning::planEntry(entry->function(), device, options));
  for (const std::string &question : questions) {
    SINTER_TRY(ask(question, options));
  }
  SINTER_ASSIGN(EntryPlan after,
                planning::planEntry(entry->function(), device, options));

  Table table;
  table.view = "what_if";
  table.columns = {{"key", "what"},
                   {"before", "before"},
                   {"after", "after"},
                   {"change", "change"}};
  auto add = [&](const char *key, uint64_t from, uint64_t to) {
    table.rows.push_back({std::string(key), from, to,
                          (from <= to ? "+" + groupedText(to - from)
                                      : "-" + groupedText(from - to))});
  };
  const StepFigures from = figuresOf(before);
  const StepFigures to = figuresOf(after);
  add("launches_per_step", from.launches, to.launches);
  add("launches_per_layer", from.launchesOfLayer, to.launchesOfLayer);
  add("unique_weight_bytes", from.unique.weights, to.unique.weights);
  add("issued_bytes_read", from.read, to.read);
  add("issued_bytes_written", from.written, to.written);
  table.rows.push_back(
      {"predicted_step_ps", Micros{before.step.picoseconds},
       Micros{after.step.picoseconds},
       microsChange(before.step.picoseconds, after.step.picoseconds)});
  table.rows.push_back({"mode",
                        std::string(cost::modeName(before.chosenMode())),
                        std::string(cost::modeName(after.chosenMode())), ""});
  const auto old = phasesOf(before);
  const auto now = phasesOf(after);
  table.notes.push_back("before: " + stepText(before.step));
  table.notes.push_back("after: " + stepText(after.step));
  const std::string gone = onlyIn(old, now);
  const std::string come = onlyIn(now, old);
  table.notes.push_back(gone.empty()
                            ? "The plan stays as it is."
                            : "In place of " + gone + ": " + come + ".");
  return table;
}

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
                   {"differs", "unlike the first"}};
  std::map<std::string, uint64_t> first;
  for (const DeviceSpec &device : devices) {
    SINTER_ASSIGN(EntryPlan plan,
                  planning::planEntry(entry->function(), device, options));
    const StepFigures figures = figuresOf(plan);
    const cost::Breakdown &terms = plan.step.terms;
    const std::pair<const char *, uint64_t> parts[] = {
        {"edges", terms.edge},         {"ramps", terms.ramp},
        {"exchanges", terms.exchange}, {"library", terms.library},
        {"bodies", terms.body},        {"host", terms.host}};
    const auto *largest = std::max_element(
        std::begin(parts), std::end(parts),
        [](const auto &a, const auto &b) { return a.second < b.second; });
    const auto phases = phasesOf(plan);
    std::string differs;
    if (table.rows.empty()) {
      first = phases;
    } else if (const std::string here = onlyIn(phases, first); !here.empty()) {
      differs = here;
    }
    for (size_t i = 0; i < plan.modes.size(); ++i) {
      if (plan.modeRefusals[i]) {
        differs += (differs.empty() ? "" : "; ") + std::string("no ") +
                   std::string(cost::modeName(plan.modes[i])) + ": wanted " +
                   plan.modeRefusals[i]->wanted + ", found " +
                   plan.modeRefusals[i]->found;
      }
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
         std::string(largest->first), uint64_t{plan.priors.size()}, differs});
  }
  table.notes.push_back("guesses: constants of origin prior that the step's "
                        "price rests on.");
  return table;
}

} // namespace sinter
