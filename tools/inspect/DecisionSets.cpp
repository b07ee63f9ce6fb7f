//===- DecisionSets.cpp - Eager, single, library, greedy, exact -----------===//

#include "tools/inspect/Decisions.h"
#include "tools/inspect/EagerStep.h"
#include "tools/inspect/Measured.h"
#include "tools/inspect/Words.h"

#include "passes/cost/Picoseconds.h"

#include <algorithm>

namespace sinter {

namespace {

using cost::ExecutionMode;

constexpr ExecutionMode planModes[] = {
    ExecutionMode::Stream, ExecutionMode::Graph, ExecutionMode::Programmatic};

Cell timeCell(const planning::EntryPlan &plan, ExecutionMode mode) {
  for (size_t i = 0; i < plan.modes.size(); ++i) {
    if (plan.modes[i] == mode && plan.solution.plans[i].exists()) {
      return Micros{plan.solution.plans[i].picoseconds};
    }
  }
  return std::string();
}

class SetsTable {
public:
  SetsTable(const DeviceSpec &device,
            const std::optional<std::vector<MeasuredStep>> &measured)
      : device(device), measured(measured) {
    table.view = "decision_sets";
    table.columns = {
        {"decisions", "decisions"},   {"launches_per_layer", "per layer"},
        {"launches", "launches"},     {"unique_weights", "weight bytes"},
        {"unique_cache", "kv bytes"}, {"issued", "issued bytes"},
        {"stream_ps", "stream us"},   {"graph_ps", "graph us"},
        {"pdl_ps", "pdl us"},         {"mode", "mode"},
        {"step_ps", "step us"},       {"tokens_per_second", "tokens/s"}};
    if (measured) {
      table.columns.push_back({"measured_ps", "measured us"});
      table.columns.push_back({"predicted_by_measured", "predicted/measured"});
    }
  }

  void add(DecisionSet set, const planning::EntryPlan &plan, int64_t batch) {
    const StepFigures figures = figuresOf(plan);
    std::vector<Cell> row = {std::string(decisionSetName(set)),
                             figures.launchesOfLayer,
                             figures.launches,
                             figures.unique.weights,
                             figures.unique.cache,
                             figures.read + figures.written};
    for (ExecutionMode mode : planModes) {
      row.push_back(timeCell(plan, mode));
    }
    row.emplace_back(std::string(cost::modeName(plan.chosenMode())));
    finish(std::move(row), plan.step.picoseconds, batch);
    addMeasured(set, plan.chosenMode(), figures.launches,
                [&](ExecutionMode mode) { return timeCell(plan, mode); });
    table.notes.push_back(std::string(decisionSetName(set)) + ": " +
                          stepText(plan.step) + ".");
    for (size_t i = 0; i < plan.modes.size(); ++i) {
      if (plan.modeRefusals[i]) {
        refused = std::string(cost::modeName(plan.modes[i])) + " on " +
                  device.name + ": wanted " + plan.modeRefusals[i]->wanted +
                  ", found " + plan.modeRefusals[i]->found + ".";
      }
    }
  }

  void add(const EagerStep &eager, int64_t batch) {
    finish({std::string("eager"), eager.launchesOfLayer, eager.price.launches,
            eager.weights, std::string(), eager.moved, std::string(),
            std::string(), std::string(), std::string("eager")},
           eager.price.picoseconds, batch);
    addMeasured(
        DecisionSet::Eager, ExecutionMode::Eager, eager.price.launches,
        [&](ExecutionMode) { return Cell(Micros{eager.price.picoseconds}); });
    const DeviceNumber &host = *device.costs.edgeFramework;
    const bool waits = eager.price.terms.host > eager.price.busy;
    table.notes.push_back(
        "eager: " + std::to_string(eager.price.launches) + " launches x " +
        microsText(host.value * 1000) + " (edge_framework, " +
        std::string(originName(host.origin)) + ": " + host.source +
        ") = " + microsText(eager.price.terms.host) +
        " on the host; kernels run for " + microsText(eager.price.busy) +
        (waits ? ": bound by launches." : ": bound by the GPU."));
  }

  /// A set that has no plan here.
  void addNone(DecisionSet set, const Error &error) {
    std::vector<Cell> row(table.columns.size(), std::string());
    row.front() = std::string(decisionSetName(set));
    table.rows.push_back(std::move(row));
    table.notes.push_back(std::string(decisionSetName(set)) +
                          " has no plan: " + error.message());
  }

  /// No plan can be faster: weights and KV cache once, at the steady rate.
  Status addFloor(const cost::TrafficBytes &unique, int64_t batch) {
    const auto &rate = device.costs.dramReadRate;
    if (!rate) {
      return Status::success();
    }
    const cost::Exact time =
        cost::Exact(unique.weights + unique.cache) * 1000 / rate->value;
    if (!time.fits()) {
      return Error{ErrorCode::PriceOutOfRange, "the floor of the step",
                   "a time below 2^63 picoseconds", "more",
                   "no such workload runs; check its shapes"};
    }
    finish({std::string("floor"), std::string(), std::string(), unique.weights,
            unique.cache, unique.weights + unique.cache, std::string(),
            std::string(), std::string(), std::string()},
           time.get(), batch);
    table.notes.push_back(
        "floor: weights and KV cache once at " + std::to_string(rate->value) +
        " GB/s (dram_read_rate, " + std::string(originName(rate->origin)) +
        "), no launches.");
    return Status::success();
  }

  Table take() {
    if (!refused.empty()) {
      table.notes.push_back(refused);
    }
    return std::move(table);
  }

private:
  /// What was measured of a set, in the plan's mode beside its prediction, in
  /// others below. A plan is the one that was timed if it launches as much;
  /// eager steps launch what the framework does.
  template <typename Predicted>
  void addMeasured(DecisionSet set, ExecutionMode chosen, uint64_t launches,
                   Predicted predicted) {
    if (!measured) {
      return;
    }
    std::vector<Cell> &row = table.rows.back();
    for (const MeasuredStep &step : *measured) {
      if (step.decisions != set) {
        continue;
      }
      const std::string what = std::string(decisionSetName(set)) + ", " +
                               std::string(cost::modeName(step.mode)) +
                               ": measured " + microsText(step.picoseconds) +
                               " with " + groupedText(step.launches) +
                               " launches (" + step.source + ")";
      if (set != DecisionSet::Eager && step.launches != launches) {
        table.notes.push_back(what + "; not of this plan, which has " +
                              groupedText(launches) + ".");
        continue;
      }
      const Cell cell = predicted(step.mode);
      const auto *price = std::get_if<Micros>(&cell);
      if (!price) {
        table.notes.push_back(what + "; no price in that mode.");
        continue;
      }
      const Ratio ratio{static_cast<uint64_t>(
          (static_cast<unsigned __int128>(price->picoseconds) * 1000 +
           step.picoseconds / 2) /
          step.picoseconds)};
      if (step.mode == chosen) {
        row[row.size() - 2] = Micros{step.picoseconds};
        row.back() = ratio;
      }
      table.notes.push_back(
          what + "; predicted " + microsText(price->picoseconds) + ", " +
          std::to_string((ratio.thousandths + 5) / 10) + " % of it.");
    }
  }

  void finish(std::vector<Cell> row, uint64_t picoseconds, int64_t batch) {
    row.emplace_back(Micros{picoseconds});
    row.emplace_back(picoseconds == 0 ? uint64_t{0}
                                      : static_cast<uint64_t>(batch) *
                                            1000000000000 / picoseconds);
    row.resize(table.columns.size(), std::string());
    table.rows.push_back(std::move(row));
  }

  const DeviceSpec &device;
  const std::optional<std::vector<MeasuredStep>> &measured;
  Table table;
  std::string refused;
};

} // namespace

Result<Table> decisionSetsTable(const ModelConfig &config,
                                const Workload &workload,
                                const DeviceSpec &device,
                                const std::vector<DecisionSet> &sets,
                                const DecisionOptions &asked,
                                const std::string &measuredFile) {
  std::optional<std::vector<MeasuredStep>> measured;
  if (!measuredFile.empty()) {
    SINTER_ASSIGN(measured,
                  readMeasured(measuredFile, config, workload, device));
  }
  SetsTable rows(device, measured);
  std::optional<cost::TrafficBytes> least;
  for (DecisionSet set : sets) {
    if (set == DecisionSet::Eager) {
      SINTER_ASSIGN(EagerStep eager, priceEager(config, workload, device));
      rows.add(eager, workload.batch);
      continue;
    }
    SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                  PreparedEntry::create(config, workload, set));
    SINTER_ASSIGN(planning::PlanningOptions options,
                  planningOptions(set, asked));
    Result<planning::EntryPlan> plan =
        planning::planEntry(entry->function(), device, options);
    if (!plan) {
      // Another set may have a plan.
      if (plan.error().code != ErrorCode::NotPlannable) {
        return plan.takeError();
      }
      rows.addNone(set, plan.error());
      continue;
    }
    rows.add(set, *plan, workload.batch);
    const cost::TrafficBytes unique = figuresOf(*plan).unique;
    if (!least ||
        unique.weights + unique.cache < least->weights + least->cache) {
      least = unique;
    }
  }
  if (least) {
    SINTER_TRY(rows.addFloor(*least, workload.batch));
  }
  return rows.take();
}

} // namespace sinter
