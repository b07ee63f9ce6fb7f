//===- Crossover.cpp - Generated kernel or library, by rows ---------------===//

#include "tools/inspect/Crossover.h"

#include "codegen/KernelRegistry.h"
#include "ir/decoder/Decoder.h"
#include "passes/analysis/OpNames.h"
#include "passes/planning/GroupSearch.h"
#include "tools/inspect/Words.h"

#include <algorithm>
#include <map>

namespace sinter {

Result<LinearPrices> LinearPrices::create(decoder::LinearOp linear,
                                          const DeviceSpec &device,
                                          const Workload &workload) {
  LinearPrices prices;
  auto weight =
      mlir::cast<mlir::RankedTensorType>(linear.getWeight().getType());
  prices.n = static_cast<uint64_t>(weight.getDimSize(0));
  prices.k = static_cast<uint64_t>(weight.getDimSize(1));
  prices.device = &device;
  if (device.launches.programmatic &&
      device.launches.programmatic->value != 0) {
    prices.mode = cost::ExecutionMode::Programmatic;
  }
  mlir::Operation *op = linear;
  const planning::Answer answer =
      planning::askFamilies(op, codegen::kernelFamilies(), device, workload);
  for (const planning::Variant &variant : answer.variants) {
    if (!variant.family) {
      continue;
    }
    const cost::PhaseWork &cold = variant.work;
    // Activations lie in L2 unless they are larger.
    cost::PhaseWork warm = cold;
    warm.unique.activations += warm.unique.weights;
    warm.unique.weights = 0;
    warm.hoisted = 0;
    SINTER_ASSIGN(cost::Price first,
                  cost::price(cold, prices.mode, device, &cold));
    SINTER_ASSIGN(cost::Price next,
                  cost::price(warm, prices.mode, device, &cold));
    prices.kernels.push_back({first.picoseconds, next.picoseconds});
  }
  return prices;
}

std::optional<uint64_t> LinearPrices::perRow(uint64_t rows) const {
  std::optional<uint64_t> least;
  for (const Kernel &kernel : kernels) {
    const uint64_t all = kernel.first + (rows - 1) * kernel.next;
    least = std::min(least.value_or(all), all);
  }
  return least;
}

Result<cost::Price> LinearPrices::library(uint64_t rows) const {
  cost::PhaseWork call;
  call.kind = cost::PhaseKind::Library;
  call.library = {rows, n, k};
  return cost::price(call, mode, *device, &call);
}

Result<std::optional<uint64_t>> LinearPrices::libraryFrom(uint64_t most) const {
  for (uint64_t rows = 1; rows <= most; ++rows) {
    SINTER_ASSIGN(cost::Price price, library(rows));
    const std::optional<uint64_t> own = perRow(rows);
    if (!own || price.picoseconds < *own) {
      return std::optional(rows);
    }
  }
  return std::optional<uint64_t>();
}

namespace {

constexpr uint64_t mostRows = 4096;

std::string basisText(cost::LibraryBasis basis) {
  return basis == cost::LibraryBasis::Listed  ? "listed"
         : basis == cost::LibraryBasis::NextM ? "listed for more rows"
                                              : "overhead and rates";
}

std::string flipText(std::optional<uint64_t> from) {
  return !from        ? "No number of rows makes the library cheaper."
         : *from == 1 ? "The library is cheaper at any number of rows."
                      : "From " + groupedText(*from) +
                            " rows on the library is cheaper.";
}

/// At most `layers` layers, one row.
Result<std::unique_ptr<PreparedEntry>>
smallEntry(ModelConfig config, Workload workload, int64_t batch) {
  config.layers = std::min<int64_t>(config.layers, 1);
  workload.batch = batch;
  return PreparedEntry::create(config, workload, DecisionSet::Exact);
}

std::string patternOf(mlir::Operation *op) {
  std::string text;
  for (const std::string &name : namesOf(op)) {
    const std::string pattern = layerPattern(name);
    text +=
        text.empty() ? pattern : "/" + pattern.substr(pattern.rfind('.') + 1);
  }
  return text;
}

/// How the planner runs each linear layer, by the pattern of each of its names:
/// more rows leave unpacked what one row packs.
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

Result<std::string> crossoverText(const ModelConfig &config,
                                  const Workload &workload,
                                  const DeviceSpec &device,
                                  const std::string &op) {
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                smallEntry(config, workload, 1));
  const std::string wanted = layerPattern(op);
  for (mlir::Operation *each : fusion::graphOf(entry->function()).ops) {
    auto linear = mlir::dyn_cast<decoder::LinearOp>(each);
    if (!linear || layerPattern(decoder::opName(each)) != wanted) {
      continue;
    }
    SINTER_ASSIGN(LinearPrices prices,
                  LinearPrices::create(linear, device, workload));
    const auto rows = static_cast<uint64_t>(workload.batch) * workload.tokens;
    SINTER_ASSIGN(cost::Price library, prices.library(rows));
    SINTER_ASSIGN(std::optional<uint64_t> from, prices.libraryFrom(mostRows));
    const std::optional<uint64_t> own = prices.perRow(rows);
    return "Alone, at " + groupedText(rows) + (rows == 1 ? " row" : " rows") +
           ", the library takes " + microsText(library.picoseconds) + " (" +
           basisText(library.basis) + "); " +
           (own ? "a generated kernel, run once per row, " + microsText(*own)
                : std::string("no generated kernel takes it")) +
           ". " + flipText(from);
  }
  return std::string();
}

Result<Table> crossoverTable(const ModelConfig &config,
                             const Workload &workload, const DeviceSpec &device,
                             const std::vector<uint32_t> &rows,
                             const DecisionOptions &asked) {
  SINTER_ASSIGN(planning::PlanningOptions options,
                planningOptions(DecisionSet::Exact, asked));
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> one,
                smallEntry(config, workload, 1));
  std::map<uint32_t, std::map<std::string, std::string>> planned;
  for (uint32_t count : rows) {
    SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                  smallEntry(config, workload, count));
    planned[count] = plannedRuns(*entry, device, options);
  }
  Table table;
  table.view = "crossover";
  table.columns = {{"op", "linear layer"},
                   {"outputs", "outputs"},
                   {"width", "width"},
                   {"rows", "rows"},
                   {"per_row_ps", "generated x rows us"},
                   {"library_ps", "library us"},
                   {"basis", "price of the library"},
                   {"cheaper", "cheaper"},
                   {"planned", "the plan of such a batch runs it"}};
  for (mlir::Operation *op : fusion::graphOf(one->function()).ops) {
    auto linear = mlir::dyn_cast<decoder::LinearOp>(op);
    if (!linear) {
      continue;
    }
    const std::string pattern = patternOf(op);
    SINTER_ASSIGN(LinearPrices prices,
                  LinearPrices::create(linear, device, workload));
    for (uint32_t count : rows) {
      SINTER_ASSIGN(cost::Price library, prices.library(count));
      const std::optional<uint64_t> own = prices.perRow(count);
      table.rows.push_back(
          {pattern, prices.outputs(), prices.width(), uint64_t{count},
           own ? Cell(Micros{*own}) : Cell(std::string()),
           Micros{library.picoseconds}, basisText(library.basis),
           std::string(own && *own <= library.picoseconds ? "generated"
                                                          : "library"),
           planned[count][layerPattern(namesOf(op).front())]});
    }
    SINTER_ASSIGN(std::optional<uint64_t> from, prices.libraryFrom(mostRows));
    table.notes.push_back(pattern + ": " + flipText(from));
  }
  table.notes.push_back(
      "Each layer alone; what it would be fused with is not in these prices. "
      "The generated kernels take one row: they are priced once per row, the "
      "weights in L2 after the first where they fit.");
  return table;
}

} // namespace sinter
