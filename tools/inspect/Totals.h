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

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sinter {

/// An entry of a plan, or a decision set, for comparison.
struct StepTotals {
  std::string name;
  uint64_t launches = 0;
  uint64_t read = 0;                   ///< bytes issued
  uint64_t written = 0;                ///< bytes issued
  std::optional<uint64_t> picoseconds; ///< predicted
  uint32_t context = 0;                ///< positions attended
  uint32_t tokens = 1;                 ///< of a sequence: more in prefill

  uint64_t moved() const { return read + written; }
};

/// Of an entry of a plan; the prediction is the sum over its steps.
StepTotals totalsOf(const format::Plan &plan, const format::Entry &entry,
                    std::string name);

using StepPair = std::pair<StepTotals, StepTotals>;

/// Totals of equal tokens and contexts, one each of `a` and `b`, neither of
/// them empty. SIN1004: they have none in common.
Result<std::vector<StepPair>> pairByContext(const std::vector<StepTotals> &a,
                                            const std::vector<StepTotals> &b);

/// At least one pair; all of the same two names. A column says how many tokens
/// a step takes where one takes several.
Table compareTable(const std::vector<StepPair> &pairs);

/// SIN4104: `b` launches more or moves more than `a`.
Status checkNotWorse(const StepTotals &a, const StepTotals &b);

/// What a plan decided about the ops of an entry, by op.
std::map<std::string, const format::Decision *>
decisionsOf(const format::Plan &plan, const format::Entry &entry);

/// The tables of a plan's entries as one, with the entry's name in front where
/// there are several.
template <typename TableOf>
Table joinEntries(const format::Plan &plan, TableOf tableOf) {
  Table all = tableOf(plan.entries.front());
  if (plan.entries.size() == 1) {
    return all;
  }
  all.rows.clear();
  all.columns.insert(all.columns.begin(), {"entry", "entry"});
  for (const format::Entry &entry : plan.entries) {
    for (std::vector<Cell> &row : tableOf(entry).rows) {
      row.insert(row.begin(), entry.name);
      all.rows.push_back(std::move(row));
    }
  }
  return all;
}

/// "captured 142 of 142 launches".
std::string capturedText(const format::Entry &entry);

/// SIN4105: a step of the entry that is outside every captured graph; names the
/// first and its ops.
Status checkCaptured(const format::Entry &entry);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_TOTALS_H
