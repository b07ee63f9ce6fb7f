//===- EmitAdvance.h - The kernel that feeds a token back -------*- C++ -*-===//

#ifndef SINTER_CODEGEN_EMITADVANCE_H
#define SINTER_CODEGEN_EMITADVANCE_H

#include "codegen/KernelFamily.h"

namespace sinter::codegen {

struct AdvanceShape {
  uint64_t batch = 1;    ///< sequences, at most 32
  uint64_t rows = 0;     ///< of the log, one per step
  uint64_t capacity = 0; ///< positions of the cache
  bool operator==(const AdvanceShape &) const = default;
};

/// End ids that the kernel compares with; unused ones are -1.
inline constexpr uint64_t advanceEnds = 8;

/// What the kernel does in a step that does not stop. Parameters, all i32:
/// ids [batch], positions [batch], token [batch], log [rows, batch], count [1],
/// stop [batch], ends [advanceEnds].
Work advanceWork(const AdvanceShape &shape);

/// The self-contained text.
std::string emitAdvanceText(const AdvanceShape &shape, llvm::StringRef symbol);

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_EMITADVANCE_H
