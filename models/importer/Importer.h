//===- Importer.h - From a config to a decoder module -----------*- C++ -*-===//
//
// Builds the graph of one entry, or of several that share weights and caches.
// Families differ in operands and attributes
// only: biases of q, k and v, norms of q and k, a shared head, scaled rope.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_MODELS_IMPORTER_IMPORTER_H
#define SINTER_MODELS_IMPORTER_IMPORTER_H

#include "ir/interfaces/Workload.h"
#include "models/config/ModelConfig.h"

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/OwningOpRef.h>

#include <llvm/ADT/ArrayRef.h>

#include <optional>

namespace sinter {

struct ImportOptions {
  /// Ids from here on are never chosen by argmax (a vocabulary padded beyond
  /// its tokenizer); nothing: all may be.
  std::optional<int64_t> idLimit;
};

/// A verified module with the weights as extern globals and one function,
/// named "decode", "prefill" or "verify" after the phase:
///
///   (ids [R] i32, positions [R] i32, rows [B] i32 (prefill only),
///    cache.0.k [B, kv heads, max context, head dim], cache.0.v, cache.1.k,
///    ...)
///   -> (token i32, logits, cache.0.k, cache.0.v, cache.1.k, ...)
///
/// With pages an argument pages [B, max context / page] i32 stands before the
/// caches, which are [pool, kv heads, page, head dim].
///
/// R = batch * tokens. Token and logits have one row per sequence: in prefill
/// that of row number rows[b], so that a prompt may be shorter than the bucket;
/// in phase verify one per row.
/// Errors: SIN2711 for a workload that the model cannot have, and for pages
/// that no kernel takes or that do not hold one sequence beside a page for each
/// other.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
importDecoder(mlir::MLIRContext &context, const ModelConfig &config,
              const Workload &workload, const ImportOptions &options = {});

/// The same with one function per workload. They have one max_context,
/// page, pool and batch, but that those of phases prefill and verify may have
/// batch 1 and take one sequence of the caches; they ascend by phase, tokens,
/// context. Of several of a phase that differ in tokens or in context each says
/// its own: "decode_c512", "prefill_t64". Entries of a plan share weights and
/// caches, and inputs and outputs of one name and type. Errors: SIN2711, also
/// for workloads that differ in more.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
importEntries(mlir::MLIRContext &context, const ModelConfig &config,
              llvm::ArrayRef<Workload> workloads,
              const ImportOptions &options = {});

} // namespace sinter

#endif // SINTER_MODELS_IMPORTER_IMPORTER_H
