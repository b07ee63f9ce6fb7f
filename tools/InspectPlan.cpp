//===- InspectPlan.cpp - Tables of a plan ---------------------------------===//

#include "tools/InspectTables.h"

#include "runtime/format/SharedWeights.h"
#include "tools/inspect/Totals.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

/// Bytes that one execution moves.
format::ParamTraffic trafficOf(const format::Work &work) {
  format::ParamTraffic sum;
  for (const format::ParamTraffic &param : work.params) {
    sum.loaded += param.loaded;
    sum.stored += param.stored;
  }
  return sum;
}

/// What a row of a table sums up.
struct Sums {
  uint64_t steps = 0;
  uint64_t launches = 0;
  uint64_t loaded = 0;
  uint64_t stored = 0;
  uint64_t flops = 0;

  void add(const format::Work &work) {
    format::ParamTraffic traffic = trafficOf(work);
    ++steps;
    launches += work.launches;
    loaded += traffic.loaded;
    stored += traffic.stored;
    flops += work.flops;
  }
};

class PlanView {
public:
  PlanView(const format::Plan &plan, const format::Entry &entry)
      : plan(plan), entry(entry), decisions(decisionsOf(plan, entry)) {
    for (const format::KernelWork &item : entry.works) {
      works[item.kernel] = &item.work;
    }
  }

  Table summary() const;
  Table layers() const;
  Table ops() const;
  Table kernelTable() const;

private:
  const format::Work *workOf(const std::string &kernel) const {
    auto found = works.find(kernel);
    return found == works.end() ? nullptr : found->second;
  }
  Sums total() const {
    Sums sums;
    for (const format::Step &step : entry.steps) {
      if (const format::Work *work = workOf(step.kernel)) {
        sums.add(*work);
      }
    }
    return sums;
  }

  const format::Plan &plan;
  const format::Entry &entry;
  std::map<std::string, const format::Work *> works; ///< by kernel
  std::map<std::string, const format::Decision *> decisions;
};

std::string shape(const std::array<uint32_t, 3> &extent) {
  return std::to_string(extent[0]) + "x" + std::to_string(extent[1]) + "x" +
         std::to_string(extent[2]);
}

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words) {
    text += (text.empty() ? "" : " + ") + word;
  }
  return text;
}

/// Rows of a summary.
struct Summary {
  Table table;
  Summary() {
    table.columns = {{"key", "what"}, {"value", "value"}, {"how", "how"}};
  }
  void add(const std::string &key, Cell value, std::string how = "") {
    table.rows.push_back({key, std::move(value), std::move(how)});
  }
};

/// What all entries share.
Table sharedSummary(const format::Plan &plan) {
  Summary summary;
  const format::WeightOrigin &origin = plan.model.weights;
  summary.add("architecture", plan.model.architecture);
  summary.add("target", plan.target);
  summary.add("weights_from",
              origin.seed ? "seed " + std::to_string(*origin.seed)
                          : "checkpoint " +
                                origin.fingerprint.value_or("").substr(0, 12),
              origin.seed ? "random" : "fingerprint of its headers");
  summary.add("weight_bytes", weightBytes(plan).value_or(0),
              std::to_string(plan.weights.size()) + " tensors");
  for (const format::Arena &arena : plan.arenas) {
    summary.add("arena_bytes_" + arena.name, arena.bytes);
  }
  return summary.table;
}

Table PlanView::summary() const {
  Summary summary;
  Sums sums = total();
  std::map<std::string, uint64_t> choices;
  for (const auto &[op, decision] : decisions) {
    ++choices[decision->choice];
  }
  std::string decided;
  for (const auto &[choice, count] : choices) {
    decided +=
        (decided.empty() ? "" : ", ") + std::to_string(count) + " " + choice;
  }
  summary.add("entry", entry.name);
  summary.add("batch", uint64_t{entry.workload.batch});
  if (entry.workload.phase != "decode") {
    summary.add("tokens", uint64_t{entry.workload.tokens},
                entry.workload.phase + ": of a sequence, in one step");
  }
  summary.add("context", uint64_t{entry.workload.context},
              "positions attended, the new one included");
  summary.add("max_context", uint64_t{entry.workload.maxContext});
  summary.add("launches_per_step", sums.launches,
              std::to_string(sums.steps) + " steps of " +
                  std::to_string(works.size()) + " kernels");
  const auto calls = std::count_if(
      entry.steps.begin(), entry.steps.end(), [](const format::Step &step) {
        return step.kind == format::StepKind::Library;
      });
  if (calls != 0) {
    summary.add("library_calls_per_step", static_cast<uint64_t>(calls),
                "beside these launches; what they ask for is not counted");
  }
  summary.add("captured_launches", capturedText(entry));
  if (entry.stepsPerLaunch > 1) {
    summary.add("steps_per_launch", uint64_t{entry.stepsPerLaunch},
                "of the graph, each with the launch that feeds the token back");
  }
  summary.add("decisions", decided);
  summary.add("issued_bytes_loaded_per_step", sums.loaded,
              "as the kernels ask for them");
  summary.add("issued_bytes_stored_per_step", sums.stored);
  summary.add("flops_per_step", sums.flops, "an fma is two");
  return summary.table;
}

Table PlanView::layers() const {
  // "layers.3.q_proj" belongs to 3; steps of several ops to that of the first.
  std::map<uint64_t, Sums> byLayer;
  Sums outside;
  for (const format::Step &step : entry.steps) {
    const format::Work *work = workOf(step.kernel);
    if (!work) {
      continue;
    }
    std::string name = step.ops.empty() ? "" : step.ops.front();
    const std::string prefix = "layers.";
    if (name.compare(0, prefix.size(), prefix) == 0) {
      byLayer[std::strtoull(name.c_str() + prefix.size(), nullptr, 10)].add(
          *work);
    } else {
      outside.add(*work);
    }
  }
  Table table;
  table.columns = {{"layer", "layer"},       {"steps", "steps"},
                   {"launches", "launches"}, {"loaded", "loaded"},
                   {"stored", "stored"},     {"flops", "flops"}};
  auto add = [&](const std::string &name, const Sums &sums) {
    table.rows.push_back({name, sums.steps, sums.launches, sums.loaded,
                          sums.stored, sums.flops});
  };
  for (const auto &[layer, sums] : byLayer) {
    add(std::to_string(layer), sums);
  }
  add("outside", outside);
  add("step", total());
  return table;
}

Table PlanView::ops() const {
  Table table;
  table.columns = {
      {"step", "step"},     {"ops", "ops"},       {"choice", "choice"},
      {"launch", "launch"}, {"rule", "rule"},     {"kernel", "kernel"},
      {"loaded", "loaded"}, {"stored", "stored"}, {"flops", "flops"}};
  uint64_t index = 0;
  for (const format::Step &step : entry.steps) {
    auto decision = decisions.find(step.ops.empty() ? "" : step.ops.front());
    bool decided = decision != decisions.end();
    const format::Work *work = workOf(step.kernel);
    format::ParamTraffic traffic =
        work ? trafficOf(*work) : format::ParamTraffic();
    table.rows.push_back(
        {index++, joined(step.ops), decided ? decision->second->choice : "",
         decided ? decision->second->launch : "",
         decided ? decision->second->rule : "", step.kernel, traffic.loaded,
         traffic.stored, work ? work->flops : uint64_t{0}});
  }
  return table;
}

Table PlanView::kernelTable() const {
  std::map<std::string, uint64_t> uses;
  for (const format::Step &step : entry.steps) {
    ++uses[step.kernel];
  }
  Table table;
  table.columns = {
      {"kernel", "kernel"}, {"family", "family"}, {"config", "config"},
      {"steps", "steps"},   {"grid", "grid"},     {"block", "block"},
      {"shared", "shared"}, {"loaded", "loaded"}, {"stored", "stored"},
      {"flops", "flops"},   {"cubins", "cubins"}, {"source", "source"}};
  for (const format::Kernel &kernel : plan.kernels) {
    const format::Work *work = workOf(kernel.symbol);
    if (!work) {
      continue; // of another entry
    }
    format::ParamTraffic traffic = trafficOf(*work);
    std::vector<std::string> archs;
    archs.reserve(kernel.cubins.size());
    for (const format::Cubin &cubin : kernel.cubins) {
      archs.push_back(cubin.arch);
    }
    table.rows.push_back({kernel.symbol, kernel.family, kernel.config,
                          uses[kernel.symbol], shape(kernel.grid),
                          shape(kernel.block), uint64_t{kernel.sharedBytes},
                          traffic.loaded, traffic.stored, work->flops,
                          joined(archs), kernel.source.substr(0, 12)});
  }
  table.notes.push_back("Bytes and flops are those of one launch; the text of "
                        "a kernel is kernels/SOURCE....cu in the plan.");
  return table;
}

} // namespace

Table planTable(const format::Plan &plan, const std::string &view) {
  Table table = joinEntries(plan, [&](const format::Entry &entry) {
    const PlanView shown(plan, entry);
    return view == "layers"    ? shown.layers()
           : view == "ops"     ? shown.ops()
           : view == "kernels" ? shown.kernelTable()
                               : shown.summary();
  });
  if (view == "summary") {
    std::vector<std::vector<Cell>> rows = sharedSummary(plan).rows;
    for (std::vector<Cell> &row : rows) {
      row.insert(row.begin(), table.columns.size() - row.size(), "");
    }
    table.rows.insert(table.rows.begin(), rows.begin(), rows.end());
  }
  table.view = view;
  return table;
}

} // namespace sinter
