//===- EmitPlan.h - From a captured module to a plan ------------*- C++ -*-===//

#ifndef SINTER_CODEGEN_EMITPLAN_H
#define SINTER_CODEGEN_EMITPLAN_H

#include "ir/target/DeviceSpec.h"
#include "runtime/format/PlanFiles.h"

#include <mlir/IR/BuiltinOps.h>

namespace sinter::codegen {

struct ParamWork;

/// As the plan and the devices know a parameter.
format::Param paramOf(const ParamWork &param);

/// What a plan says that its module does not know.
struct PlanOrigin {
  std::string version;     ///< of Sinter
  std::string pipeline;    ///< textual pass pipeline
  std::string inputDigest; ///< SHA-256 of the imported module's text
  format::Model model; ///< vocabSize and maxContext are taken from the module
  /// Of entries that feed their token back and are captured; the others make
  /// one step per launch.
  uint32_t stepsPerLaunch = 1;
};

/// The plan of a module at stage `captured` whose contract has been checked:
/// tables, kernel texts by digest and the module's text with its evidence. It
/// has no cubins. Depends on nothing but its arguments, and cannot fail.
///
/// Values are named by plan.name where they are arguments or results of the
/// entry, else by the op that computes them; with several entries in the module
/// these are prefixed with the entry's name. Entries share weights, caches,
/// kernels, and inputs and outputs of one name, type and slot. The work of a
/// kernel is said for each entry.
PlanArtifact emitPlan(mlir::ModuleOp module, const DeviceSpec &device,
                      const PlanOrigin &origin);

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_EMITPLAN_H
