//===- Constraints.h - What is asked of each op -----------------*- C++ -*-===//

#ifndef SINTER_PASSES_PLANNING_CONSTRAINTS_H
#define SINTER_PASSES_PLANNING_CONSTRAINTS_H

#include "passes/planning/EntryPlanning.h"

namespace sinter::planning {

/// What `plan.force`, forces, forbidden patterns and configurations ask of one
/// op.
struct Constraint {
  std::optional<plan::Choice> forced;
  std::string forcedBy; ///< "plan.force", "force 'l*=fuse'"
  bool forbidden = false;
  std::string forbiddenBy; ///< "forbid 'l*'"
  std::optional<codegen::KernelConfig> config;
  std::string configBy; ///< "config 'l*=rows = 4, warps = 4'"
};

/// One per op of the graph. SIN2675: an op of which two things are asked;
/// SIN2676: a pattern that is malformed or matches no op.
Result<std::vector<Constraint>> constraintsOf(const fusion::EntryGraph &entry,
                                              const PlanningOptions &options);

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_CONSTRAINTS_H
