//===- Crossover.h - Generated kernel or library, by rows -------*- C++ -*-===//
//
// A price table per linear layer: what the library takes for m rows, and what
// the generated kernels, which take one row, would take once per row.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_CROSSOVER_H
#define SINTER_TOOLS_INSPECT_CROSSOVER_H

#include "ir/decoder/Decoder.h"
#include "passes/cost/CostModel.h"
#include "tools/Table.h"
#include "tools/inspect/PlannedEntry.h"

#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// One linear layer, alone, behind a launch of its own kind, in mode pdl where
/// the GPU has it, else graph.
class LinearPrices {
public:
  /// `linear` has one row. Errors: those of cost::price.
  static Result<LinearPrices> create(decoder::LinearOp linear,
                                     const DeviceSpec &device,
                                     const Workload &workload);

  /// The cheapest generated kernel run once per row: the first row finds cold
  /// weights, later ones find them in L2 if they fit. None if no family takes
  /// the layer.
  std::optional<uint64_t> perRow(uint64_t rows) const;
  /// SIN2806: no price of the library's.
  Result<cost::Price> library(uint64_t rows) const;
  /// The fewest rows, `most` at most, at which the library is cheaper.
  Result<std::optional<uint64_t>> libraryFrom(uint64_t most) const;

  uint64_t outputs() const { return n; }
  uint64_t width() const { return k; }

private:
  struct Kernel {
    uint64_t first = 0; ///< picoseconds
    uint64_t next = 0;  ///< picoseconds
  };
  uint64_t n = 0;
  uint64_t k = 0;
  const DeviceSpec *device = nullptr;
  cost::ExecutionMode mode = cost::ExecutionMode::Graph;
  std::vector<Kernel> kernels;
};

/// "Alone, at 64 rows, the library takes 5.06 us (listed); a generated kernel,
/// run once per row, 124.91 us. From 3 rows on the library is cheaper." Of the
/// linear layer called `op`; empty if there is none.
/// Errors: those above and of importDecoder.
Result<std::string> crossoverText(const ModelConfig &config,
                                  const Workload &workload,
                                  const DeviceSpec &device,
                                  const std::string &op);

/// A row per linear layer (equal ones of equal layers once) and number of rows,
/// with what the planner runs at a batch of so many. Errors: those above.
Result<Table> crossoverTable(const ModelConfig &config,
                             const Workload &workload, const DeviceSpec &device,
                             const std::vector<uint32_t> &rows,
                             const DecisionOptions &asked);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_CROSSOVER_H
