//===- Measured.h - Steps that were timed on a GPU --------------*- C++ -*-===//
//
// What a person timed and wrote down, to stand beside predictions; no price
// rests on it.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_MEASURED_H
#define SINTER_TOOLS_INSPECT_MEASURED_H

#include "ir/interfaces/Workload.h"
#include "ir/target/DeviceSpec.h"
#include "models/config/ModelConfig.h"
#include "passes/cost/CostModel.h"
#include "runtime/format/Status.h"
#include "tools/Options.h"
#include "tools/inspect/Projections.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace sinter {

struct MeasuredStep {
  DecisionSet decisions = DecisionSet::Exact;
  cost::ExecutionMode mode = cost::ExecutionMode::Stream;
  uint64_t launches = 0;
  uint64_t picoseconds = 0;
  std::string source; ///< who timed what, when, where
};

/// Those of `path` that were timed on `device` with the very shapes of `config`
/// and the workload's batch and context; the cache's capacity aside.
/// The file: "device", the name of a device file; "steps", a list of objects
/// with "model" (a published name), "decisions", "mode", "batch", "context",
/// "launches", "ps" and "source". Other keys of the file are others' data.
/// Errors: those of readFile and of JSON that is not so.
Result<std::vector<MeasuredStep>> readMeasured(const std::string &path,
                                               const ModelConfig &config,
                                               const Workload &workload,
                                               const DeviceSpec &device);

/// Times of linear layers alone, as `sinter bench --regret --format json` wrote
/// them.
struct MeasuredProjections {
  /// Outputs, width, rows, family, configuration.
  using Key =
      std::tuple<uint64_t, uint64_t, uint64_t, std::string, std::string>;

  std::string source;              ///< what the file says of the measurement
  std::map<Key, uint64_t> medians; ///< picoseconds

  /// Of rows planned for `device`. Errors: those of readFile and of the strict
  /// reader; SIN2007 for another table.
  static Result<MeasuredProjections> read(const std::string &path,
                                          const DeviceSpec &device);
  std::optional<uint64_t> find(const Projection &projection,
                               const ProjectionCandidate &candidate) const;
};

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_MEASURED_H
