//===- Analysis.h - Launches and bytes of an undecided graph ----*- C++ -*-===//

#ifndef SINTER_PASSES_ANALYSIS_H
#define SINTER_PASSES_ANALYSIS_H

#include "ir/interfaces/Workload.h"
#include "ir/target/DeviceSpec.h"
#include "runtime/format/Status.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// Exact counts of one execution. Issued bytes are those of the accesses in the
/// kernel text, as the host device counts them; unique bytes are those that
/// must move at least once however often a kernel asks for them.
struct WorkCounts {
  uint64_t launches = 0;
  uint64_t loaded = 0;        ///< issued, bytes
  uint64_t stored = 0;        ///< issued, bytes
  uint64_t loadedWeights = 0; ///< the part of loaded that is weights
  uint64_t loadedCache = 0;   ///< the part of loaded that is KV cache
  uint64_t storedCache = 0;   ///< the part of stored that is KV cache
  uint64_t uniqueRead = 0;
  uint64_t uniqueWritten = 0;
  uint64_t uniqueWeights = 0; ///< the part of uniqueRead that is weights
  uint64_t uniqueCache = 0;   ///< the part of uniqueRead that is KV cache
  uint64_t flops = 0;

  /// The rest of loaded and stored; no kernel of one op has a workspace.
  uint64_t loadedActivations() const {
    return loaded - loadedWeights - loadedCache;
  }
  uint64_t storedActivations() const { return stored - storedCache; }
  /// Arithmetic intensity: flops per 1,000 unique bytes, rounded down; 0 if
  /// nothing moves.
  uint64_t flopsPerThousandBytes() const;

  WorkCounts &operator+=(const WorkCounts &other);
  bool operator==(const WorkCounts &) const = default;
};

/// One decoder op as one kernel of the first family that accepts it, in that
/// family's first configuration.
struct OpAnalysis {
  std::string name; ///< "layers.0.q_proj"
  std::string kind; ///< "linear"
  std::optional<int64_t> layer;
  std::string family;  ///< empty if no family accepts the op
  std::string config;  ///< "rows = 4, warps = 4"
  std::string refusal; ///< why no family does; then there is no issued work
  WorkCounts work;
};

struct LayerAnalysis {
  int64_t layer = 0;
  uint64_t ops = 0;
  WorkCounts work;
};

struct EntryAnalysis {
  std::string name; ///< of the function
  Workload workload;
  std::vector<OpAnalysis> ops;       ///< in program order
  std::vector<LayerAnalysis> layers; ///< ascending
  /// Sum over all ops, but `uniqueWeights` and with it `uniqueRead` count bytes
  /// that several ops read once: a tied embedding row lies within the head.
  WorkCounts step;
  /// K and V of one position of one sequence in all layers, bytes.
  uint64_t cacheBytesPerPosition = 0;
  uint64_t cacheBytes = 0; ///< of all caches; in pages: of the pool
};

/// Counts an entry of the decoder dialect before anything is decided.
/// SIN2662: no plan.workload.
Result<EntryAnalysis> analyzeEntry(mlir::func::FuncOp function,
                                   const DeviceSpec &device);

} // namespace sinter

#endif // SINTER_PASSES_ANALYSIS_H
