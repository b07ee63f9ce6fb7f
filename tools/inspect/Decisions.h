//===- Decisions.h - What was decided, and what else was --------*- C++ -*-===//
//
// Views of `sinter inspect` that plan without compiling.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_DECISIONS_H
#define SINTER_TOOLS_INSPECT_DECISIONS_H

#include "models/config/ModelSource.h"
#include "passes/analysis/Eager.h"
#include "runtime/format/Plan.h"
#include "tools/Table.h"
#include "tools/inspect/PlannedEntry.h"

#include <string>
#include <utility>
#include <vector>

namespace sinter {

/// A row per phase of a plan, equal phases of equal layers once: choice, price
/// and its limiting part, the ops alone before, what was rejected.
Table decisionsTable(const planning::EntryPlan &plan, const DeviceSpec &device);

/// An answer for every two ops of which one needs the other's result: in one
/// kernel, or why not. Equal pairs of equal layers once.
Table neighboursTable(const planning::EntryPlan &plan,
                      const DeviceSpec &device);

/// Phases of a plan's entries, from its evidence.
Table decisionsTable(const format::Plan &plan);

/// Decision sets side by side: launches, bytes by class, predicted time per
/// mode, the floor; in the notes what the eager step waits for, and why a set
/// has no plan. With a file of measured steps (Measured.h), what was timed of
/// the very same step, and predicted by measured.
/// Errors: those of importDecoder, planEntry, priceStep, profileEager and
/// readMeasured.
Result<Table> decisionSetsTable(const ModelConfig &config,
                                const Workload &workload,
                                const DeviceSpec &device,
                                const std::vector<DecisionSet> &sets,
                                const DecisionOptions &asked,
                                const std::string &measuredFile = {});

/// A row per device: mode, launches, time, the part of it that is largest, and
/// what differs from the first device's plan. Errors as above.
Result<Table> targetsTable(const ModelConfig &config, const Workload &workload,
                           const std::vector<DeviceSpec> &devices,
                           DecisionSet set, const DecisionOptions &asked);

/// Why an op runs as it does: what was considered with prices, its neighbours,
/// priors, and changes of device constants, each tried, that flip the choice.
/// SIN2712: no op of that name.
Result<Table> whyTable(const ModelConfig &config, const Workload &workload,
                       const DeviceSpec &device, DecisionSet set,
                       const DecisionOptions &asked, const std::string &op);

/// Before and after questions such as "fuse(layers.*.swiglu)". SIN1003: a
/// question that is not understood; SIN2674 to SIN2676 for one that no plan
/// answers.
Result<Table> whatIfTable(const ModelConfig &config, const Workload &workload,
                          const DeviceSpec &device, DecisionSet set,
                          const DecisionOptions &asked,
                          const std::vector<std::string> &questions);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_DECISIONS_H
