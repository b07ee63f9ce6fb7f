//===- WhatIf.cpp - Plans beside each other -------------------------------===//

#include "tools/inspect/Decisions.h"
#include "tools/inspect/Words.h"

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
  const PhaseCounts old = phaseCounts(before);
  const PhaseCounts now = phaseCounts(after);
  table.notes.push_back("before: " + stepText(before.step));
  table.notes.push_back("after: " + stepText(after.step));
  const std::string gone = onlyIn(old, now);
  const std::string come = onlyIn(now, old);
  table.notes.push_back(gone.empty()
                            ? "The plan stays as it is."
                            : "In place of " + gone + ": " + come + ".");
  return table;
}

} // namespace sinter
