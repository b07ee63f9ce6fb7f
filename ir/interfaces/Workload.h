//===- Workload.h - Shape of the work of one entry --------------*- C++ -*-===//

#ifndef SINTER_IR_INTERFACES_WORKLOAD_H
#define SINTER_IR_INTERFACES_WORKLOAD_H

#include "ir/plan/PlanEnums.h"

#include <cstdint>

namespace sinter {

/// `batch` sequences with `tokens` new tokens each; the last of them attends
/// `context` positions (itself included). Caches hold `maxContext` positions of
/// each, in one piece or in pages.
struct Workload {
  plan::Phase phase = plan::Phase::Decode;
  int64_t batch = 1;
  int64_t tokens = 1;
  int64_t context = 512;
  int64_t maxContext = 2048;
  // Said to the importer alone: a module has them in the types of its caches.
  int64_t page = 0; ///< positions of a page; 0: in one piece
  int64_t pool = 0; ///< pages of all sequences; 0: as many as they fill

  int64_t rows() const { return batch * tokens; }
  bool operator==(const Workload &) const = default;
};

} // namespace sinter

#endif // SINTER_IR_INTERFACES_WORKLOAD_H
