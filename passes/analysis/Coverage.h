//===- Coverage.h - Which family runs which op, and why not -----*- C++ -*-===//

#ifndef SINTER_PASSES_ANALYSIS_COVERAGE_H
#define SINTER_PASSES_ANALYSIS_COVERAGE_H

#include "ir/interfaces/Verdict.h"
#include "ir/target/DeviceSpec.h"
#include "runtime/format/Status.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sinter {

/// What one family says of one op alone.
struct FamilyAnswer {
  std::string family;
  Verdict verdict = Verdict::ok();
  uint64_t configs = 0; ///< legal ones, if it accepts
  std::string first;    ///< the first of them, as text
};

/// Ops of the same name in every layer ("layers.*.q_proj"), of which every
/// family says the same.
struct OpCoverage {
  std::string op;
  std::string kind; ///< "linear"
  uint64_t count = 0;
  /// Of every family that knows the kind of op, in the registry's order; empty:
  /// none does.
  std::vector<FamilyAnswer> answers;
  /// Families that run one of these ops in a kernel with others of the entry,
  /// in the registry's order.
  std::vector<std::string> together;
};

/// Asks every family about every op of an entry of the decoder dialect, and
/// about every group that grows from it; in program order. SIN2671: too many
/// groups begin with one op.
Result<std::vector<OpCoverage>> coverageOf(mlir::func::FuncOp function,
                                           const DeviceSpec &device);

} // namespace sinter

#endif // SINTER_PASSES_ANALYSIS_COVERAGE_H
