//===- Regret.h - What the model's choice costs, measured -------*- C++ -*-===//
//
// Linear layers alone at several numbers of rows: the candidate that is
// predicted cheapest beside the one that is measured fastest.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_REGRET_H
#define SINTER_TOOLS_REGRET_H

#include "tools/BenchFamilies.h"
#include "tools/Table.h"
#include "tools/inspect/Projections.h"

#include <vector>

namespace sinter {

/// Candidates measured of a family and layer, the cheapest predicted first.
inline constexpr size_t regretConfigs = 8;

/// A way to run a linear layer, ready to be timed.
struct RegretCandidate {
  std::string pattern;
  uint64_t outputs = 0;
  uint64_t width = 0;
  uint64_t rows = 0;
  bool chosen = false; ///< predicted cheapest of its layer and rows
  FamilyKernel kernel;
};

/// Those of every linear layer at each of `rows`; of a family at most
/// regretConfigs. Errors: those of Projections::create.
Result<std::vector<RegretCandidate>>
regretCandidates(const ModelConfig &config, const Workload &workload,
                 const DeviceSpec &device, const std::vector<uint32_t> &rows);

/// A row per candidate. A choice is fine if it takes at most 1.05 of the best,
/// or no longer than the best's 90th percentile. The notes name those that are
/// not and the worst. `times` are parallel to `candidates`.
Table regretTable(const std::vector<RegretCandidate> &candidates,
                  const std::vector<StepTimes> &times,
                  const std::string &target);

} // namespace sinter

#endif // SINTER_TOOLS_REGRET_H
