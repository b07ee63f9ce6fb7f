//===- Crossover.h - Which family is fastest, by rows -----------*- C++ -*-===//
//
// A price table per linear layer: what each family and the library take for M
// rows, and at how many rows another one becomes the cheapest.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_CROSSOVER_H
#define SINTER_TOOLS_INSPECT_CROSSOVER_H

#include "tools/Table.h"
#include "tools/inspect/Projections.h"

#include <string>
#include <vector>

namespace sinter {

/// The fewest rows from which on another family is the cheapest.
struct Crossing {
  uint32_t rows = 0;
  std::string family; ///< from there on
  bool operator==(const Crossing &) const = default;
};

/// Of the linear layer with an op called `op`; the first is that at
/// rows.front(). Found at `rows`, ascending, and between two of them that
/// differ by halving: a family that is cheapest only in between is missed.
/// Errors: those of Projections::create.
Result<std::vector<Crossing>> crossingsOf(const ModelConfig &config,
                                          const Workload &workload,
                                          const DeviceSpec &device,
                                          const std::vector<uint32_t> &rows,
                                          const std::string &op);

/// "Alone, at 1 row, gemv takes 3.58 us, library 5.57 us (listed). From 2 rows
/// on library is cheapest." Of the linear layer called `op`; empty if there is
/// none. Errors: those above.
Result<std::string> crossoverText(const ModelConfig &config,
                                  const Workload &workload,
                                  const DeviceSpec &device,
                                  const std::string &op);

/// A row per linear layer, number of rows (ascending) and family; what
/// `measured`, a file that sinter bench --regret wrote for this GPU, says
/// beside it where it is named. Errors: those above and of readMeasured.
Result<Table> crossoverTable(const ModelConfig &config,
                             const Workload &workload, const DeviceSpec &device,
                             const std::vector<uint32_t> &rows,
                             const DecisionOptions &asked,
                             const std::string &measured = "");

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_CROSSOVER_H
