//===- Crossover.cpp - Which family is fastest, by rows -------------------===//

#include "tools/inspect/Crossover.h"

#include "ir/decoder/Decoder.h"
#include "passes/analysis/OpNames.h"
#include "tools/inspect/Measured.h"
#include "tools/inspect/Words.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

constexpr uint32_t mostRows = 4096;

/// Projections by number of rows, each made once.
class ByRows {
public:
  ByRows(const ModelConfig &config, const Workload &workload,
         const DeviceSpec &device)
      : config(config), workload(workload), device(device) {}

  Result<const Projections *> at(uint32_t rows) {
    auto found = made.find(rows);
    if (found == made.end()) {
      SINTER_ASSIGN(Projections one,
                    Projections::create(config, workload, device, rows));
      found = made.emplace(rows, std::move(one)).first;
    }
    return &found->second;
  }

  /// The cheapest family of a layer; empty: nothing runs it.
  Result<std::string> cheapest(uint32_t rows, const std::string &op) {
    SINTER_ASSIGN(const Projections *all, at(rows));
    const Projection *found = all->find(op);
    return found == nullptr || found->candidates.empty()
               ? std::string()
               : found->candidates.front().familyName();
  }

private:
  const ModelConfig &config;
  const Workload &workload;
  const DeviceSpec &device;
  std::map<uint32_t, Projections> made;
};

/// The fewest rows above `low` with another family than there; `high` has one.
Result<uint32_t> borderOf(ByRows &byRows, const std::string &op, uint32_t low,
                          uint32_t high) {
  SINTER_ASSIGN(const std::string before, byRows.cheapest(low, op));
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    SINTER_ASSIGN(const std::string family, byRows.cheapest(middle, op));
    (family == before ? low : high) = middle;
  }
  return high;
}

Result<std::vector<Crossing>> crossingsIn(ByRows &byRows,
                                          const std::vector<uint32_t> &rows,
                                          const std::string &op) {
  std::vector<Crossing> crossings;
  for (size_t i = 0; i < rows.size(); ++i) {
    SINTER_ASSIGN(const std::string family, byRows.cheapest(rows[i], op));
    if (i == 0) {
      crossings.push_back({rows[i], family});
      continue;
    }
    uint32_t low = rows[i - 1];
    while (crossings.back().family != family) {
      SINTER_ASSIGN(low, borderOf(byRows, op, low, rows[i]));
      SINTER_ASSIGN(std::string from, byRows.cheapest(low, op));
      crossings.push_back({low, std::move(from)});
    }
  }
  return crossings;
}

std::string basisText(cost::LibraryBasis basis) {
  return basis == cost::LibraryBasis::Listed  ? "listed"
         : basis == cost::LibraryBasis::NextM ? "listed for more rows"
         : basis == cost::LibraryBasis::None  ? ""
                                              : "overhead and rates";
}

std::string crossingText(const std::vector<Crossing> &crossings) {
  std::string text;
  for (const Crossing &one : crossings) {
    if (&one == &crossings.front()) {
      text = crossings.size() == 1 ? one.family + " is cheapest at all of them."
                                   : "";
      continue;
    }
    text += (text.empty() ? "From " : ", from ") + groupedText(one.rows) +
            " rows on " + one.family + " is cheapest";
  }
  return crossings.size() > 1 ? text + "." : text;
}

/// How the planner runs each linear layer, by the pattern of each of its names.
std::map<std::string, std::string>
plannedRuns(const PreparedEntry &entry, const DeviceSpec &device,
            const planning::PlanningOptions &options) {
  std::map<std::string, std::string> runs;
  auto plan = planning::planEntry(entry.function(), device, options);
  const fusion::EntryGraph graph = fusion::graphOf(entry.function());
  for (uint32_t op = 0; op < graph.ops.size(); ++op) {
    if (mlir::isa<decoder::LinearOp>(graph.ops[op])) {
      for (const std::string &name : namesOf(graph.ops[op])) {
        runs[layerPattern(name)] =
            plan ? runsText(*plan, op) : "no plan: " + plan.error().found;
      }
    }
  }
  return runs;
}

} // namespace

Result<std::vector<Crossing>> crossingsOf(const ModelConfig &config,
                                          const Workload &workload,
                                          const DeviceSpec &device,
                                          const std::vector<uint32_t> &rows,
                                          const std::string &op) {
  ByRows byRows(config, workload, device);
  return crossingsIn(byRows, rows, op);
}

Result<std::string> crossoverText(const ModelConfig &config,
                                  const Workload &workload,
                                  const DeviceSpec &device,
                                  const std::string &op) {
  ByRows byRows(config, workload, device);
  const auto rows = static_cast<uint32_t>(workload.rows());
  SINTER_ASSIGN(const Projections *all, byRows.at(rows));
  const Projection *found = all->find(op);
  if (found == nullptr) {
    return std::string();
  }
  std::string text =
      "Alone, at " + groupedText(rows) + (rows == 1 ? " row, " : " rows, ");
  bool first = true;
  for (const ProjectionCandidate *best : found->bestByFamily()) {
    text += (first ? "" : ", ") + best->familyName() +
            (first ? " takes " : " ") + microsText(best->price.picoseconds) +
            (best->family ? "" : " (" + basisText(best->price.basis) + ")");
    first = false;
  }
  std::vector<uint32_t> powers;
  for (uint32_t power = 1; power <= mostRows; power *= 2) {
    powers.push_back(power);
  }
  SINTER_ASSIGN(std::vector<Crossing> crossings,
                crossingsIn(byRows, powers, op));
  return text + ". " + crossingText(crossings);
}

Result<Table> crossoverTable(const ModelConfig &config,
                             const Workload &workload, const DeviceSpec &device,
                             const std::vector<uint32_t> &rows,
                             const DecisionOptions &asked,
                             const std::string &measured) {
  SINTER_ASSIGN(planning::PlanningOptions options,
                planningOptions(DecisionSet::Exact, asked));
  std::optional<MeasuredProjections> times;
  if (!measured.empty()) {
    SINTER_ASSIGN(times, MeasuredProjections::read(measured, device));
  }
  Table table;
  table.view = "crossover";
  table.columns = {{"op", "linear layer"},
                   {"outputs", "outputs"},
                   {"width", "width"},
                   {"rows", "rows"},
                   {"family", "family"},
                   {"config", "configuration"},
                   {"predicted_ps", "predicted us"},
                   {"basis", "price of the library"},
                   {"cheapest", "cheapest"},
                   {"measured_ps", "measured us"},
                   {"planned", "the plan of such a batch runs it"}};
  ByRows byRows(config, workload, device);
  std::vector<std::string> ops; ///< one name of each layer
  for (uint32_t count : rows) {
    SINTER_ASSIGN(const Projections *all, byRows.at(count));
    const auto planned = plannedRuns(all->entry(), device, options);
    for (const Projection &projection : all->list()) {
      const std::string name = namesOf(projection.op).front();
      if (std::find(ops.begin(), ops.end(), name) == ops.end()) {
        ops.push_back(name);
      }
      for (const ProjectionCandidate *best : projection.bestByFamily()) {
        const bool cheapest = best == &projection.candidates.front();
        const auto time =
            times ? times->find(projection, *best) : std::optional<uint64_t>();
        table.rows.push_back(
            {projection.pattern, projection.outputs, projection.width,
             uint64_t{count}, best->familyName(), best->config.text(),
             Micros{best->price.picoseconds}, basisText(best->price.basis),
             std::string(cheapest ? "yes" : ""),
             time ? Cell(Micros{*time}) : Cell(std::string()),
             cheapest ? planned.at(layerPattern(name)) : std::string()});
      }
    }
  }
  for (const std::string &op : ops) {
    SINTER_ASSIGN(std::vector<Crossing> crossings,
                  crossingsIn(byRows, rows, op));
    table.notes.push_back(layerPattern(op) + ": " + crossingText(crossings));
  }
  table.notes.push_back("Each layer alone, its cheapest configuration of each "
                        "family; what it would be fused with is not in these "
                        "prices.");
  table.notes.push_back(
      times ? "Measured: " + times->source
            : "Not measured: --measured takes the output of sinter bench "
              "--regret --format json.");
  return table;
}

} // namespace sinter
