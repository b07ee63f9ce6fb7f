//===- ContextBuckets.h - Which contexts deserve entries --------*- C++ -*-===//

#ifndef SINTER_PASSES_PLANNING_CONTEXTBUCKETS_H
#define SINTER_PASSES_PLANNING_CONTEXTBUCKETS_H

#include "passes/planning/EntryPlanning.h"

#include <functional>

namespace sinter::planning {

/// Picoseconds of a step with the phases of `plan` at the context of `other`, a
/// plan of the same graph, device and options. Nothing if one of the phases has
/// no price there.
std::optional<uint64_t> priceAt(const EntryPlan &plan, const EntryPlan &other);

/// Of `count` contexts, ascending, the fewest to keep, ascending, the last
/// among them, so that each context is served by the first kept one that is
/// not below it. `serves(kept, context)` says whether that is good enough; it
/// is of every context for itself.
std::vector<size_t>
fewestBuckets(size_t count,
              const std::function<bool(size_t kept, size_t context)> &serves);

/// The same for plans of one graph: a step is good enough within `tolerance`
/// (0.01: one percent) of the plan made for its context.
std::vector<size_t> fewestBuckets(llvm::ArrayRef<EntryPlan> plans,
                                  double tolerance);

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_CONTEXTBUCKETS_H
