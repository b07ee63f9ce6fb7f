//===- GroupSearch.h - Groups that something runs, and prices ---*- C++ -*-===//

#ifndef SINTER_PASSES_PLANNING_GROUPSEARCH_H
#define SINTER_PASSES_PLANNING_GROUPSEARCH_H

#include "passes/planning/Constraints.h"

namespace sinter::planning {

/// What `families` and the library say of `ops`. A configuration of which not
/// one block fits the device's register file is left out. With `config`,
/// enumerated or not, families answer for it alone and the library refuses.
Answer askFamilies(llvm::ArrayRef<mlir::Operation *> ops,
                   llvm::ArrayRef<const codegen::KernelFamily *> families,
                   const DeviceSpec &device, const Workload &workload,
                   const codegen::KernelConfig *config = nullptr);

/// Fills in `groups` and `answers` (without prices): every op alone and, with
/// `several`, every group that grows from its first op. Groups of one structure
/// and one configuration asked for are asked about once. SIN2671: too many
/// groups begin with one op.
Status findGroups(EntryPlan &plan, const DeviceSpec &device,
                  const Workload &workload, bool several,
                  const std::vector<Constraint> &constraints);

/// Fills in prices and tails of all variants, `candidates.tails`, and
/// `modeRefusals`. The tail of a phase is whether it is generated and which
/// others fit beside it on an SM: all that a price asks of the phase before.
/// SIN5002: work that contradicts itself.
Status priceGroups(EntryPlan &plan, const DeviceSpec &device);

/// Of `answer`'s variants of one choice, those that no other one beats at every
/// price with the same tail; of equal ones that which issues least, then the
/// first.
std::vector<uint32_t> bestVariants(const Answer &answer, plan::Choice choice);

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_GROUPSEARCH_H
