//===- Totals.cpp - What a step launches and moves ------------------------===//

#include "tools/inspect/Totals.h"

#include "tools/inspect/Words.h"

#include <algorithm>

namespace sinter {

std::map<std::string, const format::Decision *>
decisionsOf(const format::Plan &plan, const format::Entry &entry) {
  std::map<std::string, const format::Decision *> decisions;
  for (const format::Decision &decision : plan.decisions) {
    if (decision.entry == entry.name) {
      decisions[decision.op] = &decision;
    }
  }
  return decisions;
}

StepTotals totalsOf(const format::Plan &plan, const format::Entry &entry,
                    std::string name) {
  StepTotals totals;
  totals.name = std::move(name);
  totals.context = entry.workload.context;
  totals.tokens = entry.workload.tokens;
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
  const auto decisions = decisionsOf(plan, entry);
  uint64_t picoseconds = 0;
  for (const format::Step &step : entry.steps) {
    auto found =
        step.ops.empty() ? decisions.end() : decisions.find(step.ops.front());
    picoseconds +=
        found == decisions.end() ? 0 : found->second->after.picoseconds;
  }
  if (picoseconds != 0) {
    totals.picoseconds = picoseconds;
  }
  return totals;
}

static std::string contextsText(const std::vector<StepTotals> &side) {
  std::string text;
  for (const StepTotals &totals : side) {
    text += (text.empty() ? "" : ", ") + std::to_string(totals.context);
  }
  return text;
}

Result<std::vector<StepPair>> pairByContext(const std::vector<StepTotals> &a,
                                            const std::vector<StepTotals> &b) {
  std::vector<StepPair> pairs;
  for (const StepTotals &one : a) {
    auto other = std::find_if(b.begin(), b.end(), [&](const StepTotals &with) {
      return with.context == one.context && with.tokens == one.tokens;
    });
    if (other != b.end()) {
      pairs.emplace_back(one, *other);
    }
  }
  if (pairs.empty()) {
    return Error{ErrorCode::ConflictingArguments, "--compare",
                 "a context that both sides are made for",
                 contextsText(a) + " of " + a.front().name + ", " +
                     contextsText(b) + " of " + b.front().name,
                 "give a decision set the plan's --context"};
  }
  return pairs;
}

/// A first column; the rows of a pair stand together.
static void addTokens(Table &table, const std::vector<StepPair> &pairs) {
  table.columns.insert(table.columns.begin(), {"tokens", "tokens"});
  size_t row = 0;
  for (const auto &[a, b] : pairs) {
    const size_t rows = a.picoseconds && b.picoseconds ? 4 : 3;
    for (size_t end = row + rows; row < end; ++row) {
      table.rows[row].insert(table.rows[row].begin(), uint64_t{a.tokens});
    }
  }
}

Table compareTable(const std::vector<StepPair> &pairs) {
  Table table;
  table.view = "compare";
  table.columns = {{"context", "context"},
                   {"key", "what"},
                   {"a", pairs.front().first.name},
                   {"b", pairs.front().second.name},
                   {"change", "change"}};
  for (const auto &[a, b] : pairs) {
    auto add = [&, context = uint64_t{a.context}](const char *key,
                                                  uint64_t from, uint64_t to) {
      table.rows.push_back({context, std::string(key), from, to,
                            from <= to ? "+" + groupedText(to - from)
                                       : "-" + groupedText(from - to)});
    };
    add("launches_per_step", a.launches, b.launches);
    add("issued_bytes_read", a.read, b.read);
    add("issued_bytes_written", a.written, b.written);
    if (a.picoseconds && b.picoseconds) {
      table.rows.push_back({uint64_t{a.context}, "predicted_step_ps",
                            Micros{*a.picoseconds}, Micros{*b.picoseconds},
                            microsChange(*a.picoseconds, *b.picoseconds)});
    }
  }
  if (std::any_of(pairs.begin(), pairs.end(), [](const StepPair &pair) {
        return pair.first.tokens != 1;
      })) {
    addTokens(table, pairs);
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
