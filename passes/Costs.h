//===- Costs.h - Work of a kernel as evidence -------------------*- C++ -*-===//

#ifndef SINTER_PASSES_COSTS_H
#define SINTER_PASSES_COSTS_H

#include "codegen/KernelFamily.h"
#include "ir/plan/Plan.h"

namespace sinter {

/// Launches and issued bytes of `work`; its time where a cost model gave one.
inline plan::CostAttr costOf(mlir::MLIRContext *context,
                             const codegen::Work &work,
                             int64_t picoseconds = 0) {
  return plan::CostAttr::get(context, static_cast<int64_t>(work.launches),
                             static_cast<int64_t>(work.loadedBytes()),
                             static_cast<int64_t>(work.storedBytes()),
                             picoseconds);
}

} // namespace sinter

#endif // SINTER_PASSES_COSTS_H
