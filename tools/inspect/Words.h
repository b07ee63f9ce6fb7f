//===- Words.h - Numbers and decisions in sentences -------------*- C++ -*-===//

#ifndef SINTER_TOOLS_INSPECT_WORDS_H
#define SINTER_TOOLS_INSPECT_WORDS_H

#include "passes/planning/EntryPlanning.h"

#include <map>
#include <string>

namespace sinter {

/// "3.77 us".
std::string microsText(uint64_t picoseconds);
/// "+3.77 us", "-0.25 us".
std::string microsChange(uint64_t from, uint64_t to);
/// "1,130".
std::string groupedText(uint64_t value);

/// "403.07 us = edges 75.60 + ramps 12.00 + bodies 300.00 - credit 20.00".
std::string stepText(const cost::StepPrice &step);

/// "in one gemv kernel with layers.0.mlp_residual", "alone in a row kernel",
/// "by the library": how `op` runs in a plan.
std::string runsText(const planning::EntryPlan &plan, uint32_t op);

/// What stands between a producer and a consumer that reads whole rows of it:
/// "decoder.linear reads whole rows, which 768 blocks compute: they have to
/// meet before it". Empty where that is not so.
std::string barrierText(const planning::EntryPlan &plan, uint32_t from,
                        uint32_t to);

/// How often a plan has each phase, by its ops and its choice.
using PhaseCounts = std::map<std::string, uint64_t>;
PhaseCounts phaseCounts(const planning::EntryPlan &plan);
/// "28 x layers.*.q_norm (single); ...": what `a` has and `b` has not.
std::string onlyIn(const PhaseCounts &a, const PhaseCounts &b);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_WORDS_H
