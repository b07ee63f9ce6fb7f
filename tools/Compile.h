//===- Compile.h - From a config to a plan ----------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_COMPILE_H
#define SINTER_TOOLS_COMPILE_H

#include "ir/interfaces/Workload.h"
#include "models/config/ModelSource.h"
#include "runtime/format/PlanFiles.h"
#include "tools/Options.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sinter {

struct CompileRequest {
  ModelSource source;
  /// Fingerprint of the checkpoint, or the seed of random weights.
  format::WeightOrigin weights;
  /// Device file: a name inside the program, or a path.
  std::string target = "h200";
  Workload workload;
  /// Contexts of the entries, ascending; empty: workload.context alone. A step
  /// runs in the entry with the smallest one that covers its position.
  std::vector<int64_t> contexts;
  /// Tokens of the prefill entries (chunkOf), ascending, each at most the
  /// capacity.
  std::vector<int64_t> prefills;
  /// The same of the verify entries.
  std::vector<int64_t> verifies;
  /// Ids from here on are never chosen; nothing: all may be.
  std::optional<int64_t> idLimit;
  DecisionOptions decisions;
  /// Which configuration of each kernel family to take; -1: the cheapest.
  int32_t config = -1;
};

/// A step of `tokens` of one sequence, beside the decode step `decode`.
Workload chunkOf(const Workload &decode, plan::Phase phase, int64_t tokens);

/// SIN2673: a decision set that can be counted, but of which no kernels are
/// made.
Status checkCompilable(const DecisionOptions &decisions);

/// Imports, plans and prints in memory. Equal requests give equal artifacts,
/// wherever the checkpoint and the device file lie. There are no cubins
/// (addCubins makes them).
/// Errors: those of resolveDevice and importDecoder; SIN2673 decisions that can
/// only be counted; SIN2661 an op that no kernel family runs; SIN2674 to
/// SIN2676 forces and patterns that no plan honours; SIN2520 steps per launch
/// of entries that cannot; SIN5002 a stage that
/// breaks its contract.
Result<PlanArtifact> compileModel(const CompileRequest &request);

/// The imported module as text, with the names of its ops as locations: what
/// `input_digest` of the plan is the SHA-256 of.
Result<std::string> importedText(const CompileRequest &request);

} // namespace sinter

#endif // SINTER_TOOLS_COMPILE_H
