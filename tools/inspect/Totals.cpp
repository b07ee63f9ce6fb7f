//===- Totals.cpp - What a step launches and moves ------------------------===//

#include "tools/inspect/Totals.h"

#include "tools/inspect/Words.h"

#include <algorithm>
#include <map>

namespace sinter {

StepTotals totalsOf(const format::Plan &plan, std::string name) {
  const format::Entry &entry = plan.entries.front();
  StepTotals totals;
  totals.name = std::move(name);
  for (const format::Step &step : entry.steps) {
    if (step.kind == format::StepKind::Launch) {
      const format::Work &work = *format::findWork(entry, step.kernel);
      totals.launches += work.launches;
      for (const format::ParamTraffic &param : work.params) {
        totals.read += param.loaded;
        totals.written += param.stored;
      }
      continue;
    }
    ++totals.launches;
    if (step.gemm) {
      const format::Gemm &gemm = *step.gemm;
      totals.read += 2 * (gemm.m * gemm.k + gemm.n * gemm.k);
      totals.written += 2 * gemm.m * gemm.n;
    }
  }
  // Every op has a decision; those of one step say the same.
  std::map<std::string, uint64_t> times;
  for (const format::Decision &decision : plan.decisions) {
    times[decision.op] = decision.after.picoseconds;
  }
  uint64_t picoseconds = 0;
  for (const format::Step &step : entry.steps) {
    picoseconds += step.ops.empty() ? 0 : times[step.ops.front()];
  }
  if (picoseconds != 0) {
    totals.picoseconds = picoseconds;
  }
  return totals;
}

Table compareTable(const StepTotals &a, const StepTotals &b) {
  Table table;
  table.view = "compare";
  table.columns = {
      {"key", "what"}, {"a", a.name}, {"b", b.name}, {"change", "change"}};
  auto add = [&](const char *key, uint64_t from, uint64_t to) {
    table.rows.push_back({std::string(key), from, to,
                          from <= to ? "+" + groupedText(to - from)
                                     : "-" + groupedText(from - to)});
  };
  add("launches_per_step", a.launches, b.launches);
  add("issued_bytes_read", a.read, b.read);
  add("issued_bytes_written", a.written, b.written);
  if (a.picoseconds && b.picoseconds) {
    table.rows.push_back({"predicted_step_ps", Micros{*a.picoseconds},
                          Micros{*b.picoseconds},
                          microsChange(*a.picoseconds, *b.picoseconds)});
  }
  return table;
}

Status checkNotWorse(const StepTotals &a, const StepTotals &b) {
  auto refuse = [&](const char *what, uint64_t most, uint64_t found) {
    return Error{ErrorCode::ComparisonWorse, b.name,
                 "at most the " + groupedText(most) + " " + what + " of " +
                     a.name,
                 groupedText(found), "inspect both with --view decisions"};
  };
  if (b.launches > a.launches) {
    return refuse("launches per step", a.launches, b.launches);
  }
  if (b.moved() > a.moved()) {
    return refuse("bytes per step", a.moved(), b.moved());
  }
  return Status::success();
}

static bool isCaptured(const format::Entry &entry, size_t step) {
  return std::any_of(entry.captures.begin(), entry.captures.end(),
                     [&](const format::Capture &capture) {
                       return capture.first <= step && step <= capture.last;
                     });
}

std::string capturedText(const format::Entry &entry) {
  size_t captured = 0;
  for (size_t i = 0; i < entry.steps.size(); ++i) {
    captured += isCaptured(entry, i);
  }
  return "captured " + std::to_string(captured) + " of " +
         std::to_string(entry.steps.size()) + " launches";
}

Status checkCaptured(const format::Entry &entry) {
  for (size_t i = 0; i < entry.steps.size(); ++i) {
    if (isCaptured(entry, i)) {
      continue;
    }
    std::string ops;
    for (const std::string &op : entry.steps[i].ops) {
      ops += (ops.empty() ? "" : " + ") + op;
    }
    return Error{ErrorCode::NotCaptured, "entry " + entry.name,
                 "every launch in a captured graph",
                 capturedText(entry) + "; the first outside is step " +
                     std::to_string(i) + ": " + ops,
                 "plan with --mode graph or --mode pdl"};
  }
  return Status::success();
}

} // namespace sinter
