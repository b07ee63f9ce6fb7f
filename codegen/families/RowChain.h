//===- RowChain.h - Row ops that one kernel computes ------------*- C++ -*-===//

#ifndef SINTER_CODEGEN_FAMILIES_ROWCHAIN_H
#define SINTER_CODEGEN_FAMILIES_ROWCHAIN_H

#include "codegen/families/Signature.h"
#include "ir/decoder/Decoder.h"

namespace sinter::codegen {

/// add -> rms_norm (the residual stream and its norm), or, of heads,
/// [rms_norm ->] rope [-> kv_append] of two ops or more. Each op takes the
/// whole of the one before.
struct RowChain {
  /// A value from outside: a buffer, or neighbours in it from `offset` on.
  struct Input {
    mlir::Value value;
    int64_t offset = 0; ///< elements, a multiple of 8
  };

  /// The group's ops by role, or a refusal.
  static Verdict match(const GroupView &group, RowChain &out);
  /// Whether more ops could make of these a group that matches.
  static bool mayGrow(const GroupView &group);
  /// Of a group that matches.
  static RowChain of(const GroupView &group);

  decoder::AddOp add; ///< or null: a chain of heads
  decoder::RmsNormOp norm;
  decoder::RopeOp rope;
  decoder::KvAppendOp append;
  bool keepsSum = false; ///< somebody else reads the sum

  Input input; ///< of the first op; of add the left one
  Input other; ///< of add the right one
  int64_t rows = 0;
  int64_t width = 0; ///< of a row: of heads, head_dim
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_ROWCHAIN_H
