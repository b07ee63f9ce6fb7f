//===- KernelChecker.h - Kernels against the interpreter --------*- C++ -*-===//
//
// After each launch of a session the kernel's body in plan.mlir, which is its
// specification, is evaluated by the reference interpreter on the kernel's own
// inputs, and the results are compared. So one op's error is not another's.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_KERNELCHECKER_H
#define SINTER_TOOLS_KERNELCHECKER_H

#include "models/interpreter/Interpreter.h"
#include "runtime/Session.h"
#include "tools/Compare.h"

#include <mlir/IR/BuiltinOps.h>

#include <map>
#include <string>

namespace sinter {

class KernelChecker {
public:
  /// All must outlive the checker. `module` is the plan's.
  KernelChecker(mlir::ModuleOp module, Session &session,
                const WeightSource &weights)
      : module(module), session(session), weights(weights) {}

  /// Fills the KV caches with zeros, so that they can be read before they are
  /// full. Errors: those of Session::write.
  Status begin();

  /// To be called after each step. Errors: SIN4102 for the first element
  /// outside the tolerance; SIN2708 if module and plan do not fit each other.
  Status check(const format::Step &step);

  /// Results by kind of op, in alphabetical order.
  const std::map<std::string, Agreement> &agreements() const { return counts; }

private:
  Result<HostTensor> readOperand(const std::string &name,
                                 mlir::RankedTensorType type);
  Status checkLaunch(const format::Step &step);
  Status checkLibrary(const format::Step &step);
  /// Compares what `what` wrote to `resultNames` with `yielded` of the body on
  /// the arguments of the step.
  Status checkBody(mlir::Block &body, mlir::ValueRange yielded,
                   const std::vector<std::string> &resultNames,
                   const format::Step &step, const std::string &what);
  Result<HostTensor> readWeight(const std::string &name);
  mlir::ModuleOp module;
  Session &session;
  Weights weights;
  Interpreter interpreter;
  /// Caches as they were after the last launch that wrote them.
  std::map<std::string, HostTensor> caches;
  std::map<std::string, Agreement> counts;
};

} // namespace sinter

#endif // SINTER_TOOLS_KERNELCHECKER_H
