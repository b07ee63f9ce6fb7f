//===- Views.h - Memory, roofline, coverage ---------------------*- C++ -*-===//
//
// Views of `sinter inspect` that need no plan.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_VIEWS_H
#define SINTER_TOOLS_INSPECT_VIEWS_H

#include "ir/target/DeviceSpec.h"
#include "models/config/ModelConfig.h"
#include "passes/Analysis.h"
#include "passes/analysis/Coverage.h"
#include "passes/analysis/LiveRanges.h"
#include "runtime/format/Plan.h"
#include "tools/Table.h"

#include <utility>
#include <vector>

namespace sinter {

/// Device memory of a model before anything is placed: weights, KV cache, the
/// most activations alive at once, against the device's memory.
Table memoryTable(const ModelConfig &config, const EntryAnalysis &analysis,
                  const LiveRangeAnalysis &ranges, const DeviceSpec &device);

/// Device memory of a plan: weights, arenas and what lies in them.
Table memoryTable(const format::Plan &plan);

/// Floors per kind of op: device memory at the steady rate, L2, arithmetic at
/// the peak. SIN2806: the device file lacks a rate, named.
Result<Table> rooflineTable(const EntryAnalysis &analysis,
                            const DeviceSpec &device);

/// Which family runs which op alone, per batch size; ops of equal layers once.
/// `byBatch` ascending.
Table coverageTable(
    const std::vector<std::pair<int64_t, std::vector<OpCoverage>>> &byBatch);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_VIEWS_H
