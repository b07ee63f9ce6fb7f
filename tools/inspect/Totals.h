//===- Totals.h - What a step launches and moves ----------------*- C++ -*-===//
//
// For `sinter inspect --compare` and `--require`.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_TOTALS_H
#define SINTER_TOOLS_INSPECT_TOTALS_H

#include "runtime/format/Plan.h"
#include "runtime/format/Status.h"
#include "tools/Table.h"

#include <optional>
#include <string>

namespace sinter {

/// A plan or decision set, for comparison.
struct StepTotals {
  std::string name;
  uint64_t launches = 0;
  uint64_t read = 0;                   ///< bytes issued
  uint64_t written = 0;                ///< bytes issued
  std::optional<uint64_t> picoseconds; ///< predicted

  uint64_t moved() const { return read + written; }
};

/// Of a plan's first entry; the prediction is the sum over its steps.
StepTotals totalsOf(const format::Plan &plan, std::string name);

Table compareTable(const StepTotals &a, const StepTotals &b);

/// SIN4104: `b` launches more or moves more than `a`.
Status checkNotWorse(const StepTotals &a, const StepTotals &b);

/// "captured 142 of 142 launches".
std::string capturedText(const format::Entry &entry);

/// SIN4105: a step of the entry that is outside every captured graph; names the
/// first and its ops.
Status checkCaptured(const format::Entry &entry);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_TOTALS_H
