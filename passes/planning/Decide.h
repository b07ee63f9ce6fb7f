//===- Decide.h - Evidence of the phases of a solution ----------*- C++ -*-===//

#ifndef SINTER_PASSES_PLANNING_DECIDE_H
#define SINTER_PASSES_PLANNING_DECIDE_H

#include "passes/planning/Constraints.h"
#include "passes/planning/EntryPlanning.h"

namespace sinter::planning {

/// Fills in `phases`, `step` and `priors` from the solution's best plan.
/// Errors: those of cost::price.
Status decidePhases(EntryPlan &plan, const std::vector<Constraint> &constraints,
                    const DeviceSpec &device);

/// Of `variants` of a choice, the index of the cheapest in the plan's mode
/// behind a phase of `tail` (null: none before); nothing if none has a price.
std::optional<uint32_t> cheapest(const EntryPlan &plan, const Answer &answer,
                                 plan::Choice choice, const uint32_t *tail);

/// Price of a variant in the plan's mode behind a phase of `tail`.
uint64_t priceBehind(const EntryPlan &plan, const Variant &variant,
                     const uint32_t *tail);

Cost costOf(const Variant &variant, uint64_t picoseconds);

/// Why a group is refused that is dearer than its ops apart: its blocks compute
/// a producer again, reading at least twice as much, or it is just slower.
plan::Reason whyDearer(const Cost &group, const Cost &apart);

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_DECIDE_H
