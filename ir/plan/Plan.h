//===- Plan.h - The plan dialect --------------------------------*- C++ -*-===//

#ifndef SINTER_IR_PLAN_PLAN_H
#define SINTER_IR_PLAN_PLAN_H

#include "ir/interfaces/Interfaces.h"
#include "ir/interfaces/Tensors.h"
#include "ir/plan/PlanEnums.h"

#include <mlir/Bytecode/BytecodeOpInterface.h>
#include <mlir/IR/BuiltinAttributes.h>
#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/Dialect.h>
#include <mlir/IR/OpImplementation.h>
#include <mlir/IR/SymbolTable.h>
#include <mlir/Interfaces/SideEffectInterfaces.h>

#include "ir/plan/PlanDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttrs.h.inc"

#define GET_OP_CLASSES
#include "ir/plan/PlanOps.h.inc"

namespace sinter::plan {

/// The module's stage; Imported where the attribute is absent.
Stage getStage(mlir::ModuleOp module);
void setStage(mlir::ModuleOp module, Stage stage);

/// The workload of an entry function; null where the attribute is absent.
WorkloadAttr getWorkload(mlir::Operation *function);

/// Ops that name bytes of their operand and move none: tensor.expand_shape,
/// tensor.collapse_shape, tensor.extract_slice. False for null.
bool isView(mlir::Operation *op);

/// Memory that placed launches write.
struct ArenaResource : mlir::SideEffects::Resource::Base<ArenaResource> {
  llvm::StringRef getName() final { return "arena"; }
};

} // namespace sinter::plan

#endif // SINTER_IR_PLAN_PLAN_H
