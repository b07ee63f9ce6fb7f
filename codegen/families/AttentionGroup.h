//===- AttentionGroup.h - Ops that one attention kernel computes *- C++ -*-===//

#ifndef SINTER_CODEGEN_FAMILIES_ATTENTIONGROUP_H
#define SINTER_CODEGEN_FAMILIES_ATTENTIONGROUP_H

#include "codegen/families/Signature.h"
#include "ir/decoder/Decoder.h"

namespace sinter::codegen {

/// Attention with what makes its query, and what makes and appends the newest
/// key and value.
struct AttentionGroup {
  /// Heads that come from outside: [norm ->] [rope ->].
  struct Heads {
    decoder::RmsNormOp norm; ///< or null
    decoder::RopeOp rope;    ///< or null
    mlir::Value input;       ///< perhaps a part of its buffer
    int64_t offset = 0;      ///< of that part, elements
  };

  /// The group's ops by role, or a refusal.
  static Verdict match(const GroupView &group, AttentionGroup &out);
  /// Whether more ops could make of these a group that matches.
  static bool mayGrow(const GroupView &group);
  /// Of a group that matches.
  static AttentionGroup of(const GroupView &group);

  decoder::AttentionOp attention;
  decoder::KvAppendOp keyAppend; ///< both or neither
  decoder::KvAppendOp valueAppend;
  Heads query;
  Heads key;        ///< with keyAppend
  Heads value;      ///< with valueAppend
  mlir::Value keys; ///< the caches as they come in
  mlir::Value values;
  mlir::Value pages; ///< their table, or null: contiguous caches

  int64_t rows = 0, heads = 0, headDim = 0, batch = 0, kvHeads = 0,
          capacity = 0;
  int64_t perKvHead = 0;     ///< query heads per KV head
  decoder::CacheShape cache; ///< batch, kvHeads, capacity with its pages

  int64_t tokens() const { return rows / batch; }
  /// The rope whose frequencies the kernel needs, or null.
  decoder::RopeOp rope() const { return query.rope ? query.rope : key.rope; }
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_ATTENTIONGROUP_H
