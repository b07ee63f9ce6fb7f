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

#include <string>
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

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_MEASURED_H
