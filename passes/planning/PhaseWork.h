//===- PhaseWork.h - From a family's work to a priced phase -----*- C++ -*-===//

#ifndef SINTER_PASSES_PLANNING_PHASEWORK_H
#define SINTER_PASSES_PLANNING_PHASEWORK_H

#include "codegen/KernelFamily.h"
#include "ir/decoder/Decoder.h"
#include "passes/cost/CostModel.h"

#include <optional>

namespace sinter::planning {

/// The phase that one execution of a generated kernel is.
///
/// Bytes by class, launch shape and bounds are those of `work`. Issue slots:
/// widening a bf16 element takes 5/4 (one shift or mask each, and the address
/// of every eighth), a multiply-add one (the kernels of the measured GEMVs; see
/// passes/cost/RATIONALE.md); elements that several threads read are widened
/// by each. Bytes in flight: a kernel that requests some of its weights
/// (attention: of the cache) before its wait goes on in rounds of that size (a
/// matrix that many blocks read takes the rounds of each), and all that a block
/// issues is spread evenly over the rounds; enough, where there is one round.
cost::PhaseWork phaseOf(const codegen::Work &work);

/// The library's call for `linear`; nothing if it has none: x, W and y in bf16.
std::optional<cost::LibraryCall> libraryCallFor(decoder::LinearOp linear);

/// The phase of that call. Bytes are the unique ones: what a closed kernel
/// issues is unknown, and its price does not ask.
cost::PhaseWork phaseOf(decoder::LinearOp linear,
                        const cost::LibraryCall &call);

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_PHASEWORK_H
