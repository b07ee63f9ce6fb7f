//===- Passes.h - From a decoder to a placed plan ---------------*- C++ -*-===//

#ifndef SINTER_PASSES_PASSES_H
#define SINTER_PASSES_PASSES_H

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/Pass/Pass.h>
#include <mlir/Pass/PassOptions.h>

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "runtime/format/Status.h"

namespace sinter {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// Options of the pipeline "sinter-plan".
struct PlanPipelineOptions
    : public mlir::PassPipelineOptions<PlanPipelineOptions> {
  Option<std::string> target{
      *this, "target",
      llvm::cl::desc(
          "name of a device file inside the program, or path of one")};
  Option<unsigned> config{
      *this, "config",
      llvm::cl::desc("which of a family's configurations to take"),
      llvm::cl::init(0)};
  Option<std::string> pack{
      *this, "pack",
      llvm::cl::desc("layout of the weights of linear layers with one input: "
                     "none or concat"),
      llvm::cl::init("none")};
  Option<bool> verify{*this, "verify",
                      llvm::cl::desc("check the contract after every stage"),
                      llvm::cl::init(true)};
};

/// imported -> placed, with a check after every stage.
void buildPlanPipeline(mlir::OpPassManager &manager,
                       const PlanPipelineOptions &options);

/// Runs the pipeline; `name` stands for the module in errors, which carry the
/// first diagnostic. SIN2661: plan-mark refused an op, which another workload
/// or target may remedy. SIN5002: any other failure.
Status runPlanPipeline(mlir::ModuleOp module, llvm::StringRef name,
                       const PlanPipelineOptions &options);

/// Every pass above and the pipeline "sinter-plan". Call once per process.
void registerSinterPasses();

} // namespace sinter

#endif // SINTER_PASSES_PASSES_H
