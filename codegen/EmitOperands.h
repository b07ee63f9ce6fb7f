//===- EmitOperands.h - Values and weights of an emitted plan ---*- C++ -*-===//

#ifndef SINTER_CODEGEN_EMITOPERANDS_H
#define SINTER_CODEGEN_EMITOPERANDS_H

#include "codegen/KernelFamily.h"
#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "runtime/format/Plan.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/ADT/StringSet.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>

namespace sinter::codegen {

/// Lists what steps bind to: weights, arenas, values; and knows what each
/// MLIR value is called. Entries come one after the other.
class PlanOperands {
public:
  /// Names of activations are prefixed with the entry's where `prefixes`.
  PlanOperands(format::Plan &plan, bool prefixes)
      : plan(plan), prefixes(prefixes) {}

  /// Names the arguments of an entry, which become its inputs or caches.
  void beginEntry(mlir::func::FuncOp function, format::Entry &entry);
  void addWeight(mlir::ml_program::GlobalLoadConstOp load);
  /// Entries share packed weights by their recipe, which is the name:
  /// "layers.0.self_attn.{q_proj,k_proj,v_proj}.weight".
  void addWeight(decoder::PackWeightsOp pack);
  /// A new value: called as the entry's result, else `op` (and a number).
  void addResult(mlir::OpResult result, llvm::StringRef op,
                 plan::SlotAttr slot);
  /// `result` is the buffer of `operand`, updated in place.
  void addTied(mlir::OpResult result, mlir::Value operand);
  /// The operand for a workspace parameter. All launches of a kernel share it:
  /// each leaves it as the next wants it.
  const std::string &workspace(llvm::StringRef kernel, const ParamWork &param);
  /// The workspace of all library calls, which run one after the other: as
  /// large as the largest.
  const std::string &libraryWorkspace(uint64_t bytes);
  /// A value of class io that no op names: what a device keeps between steps.
  /// Entries share it by name and type.
  const std::string &addState(llvm::StringRef name, DType dtype,
                              uint64_t count);
  /// Lists what the entry returns, caches excepted.
  void endEntry(mlir::func::ReturnOp returned, format::Entry &entry);

  const std::string &nameOf(mlir::Value value) const;

private:
  std::string unique(std::string name);
  std::string prefixed(llvm::StringRef name);
  format::Arena &arena(llvm::StringRef name);
  void addValue(mlir::Value value, std::string name, plan::SlotAttr slot);
  void addIo(mlir::Value value, llvm::StringRef name, plan::SlotAttr slot);

  format::Plan &plan;
  bool prefixes;
  mlir::func::FuncOp function;
  llvm::DenseMap<mlir::Value, std::string> names; ///< of values before views
  llvm::DenseMap<mlir::Value, std::string> returned;
  llvm::StringSet<> taken;
  llvm::StringSet<> weights;
  llvm::StringSet<> caches;
  llvm::StringMap<std::string> workspaces; ///< by kernel and parameter
  llvm::StringMap<std::string> states;     ///< of addState, by name and type
  std::string library;                     ///< name of the library's
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_EMITOPERANDS_H
