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

/// plan-mark that also hands out what it refuses, with codes.
std::unique_ptr<mlir::Pass> createPlanMark(const PlanMarkOptions &options,
                                           std::vector<Error> &refusals);

/// Options of the pipeline "sinter-plan".
struct PlanPipelineOptions
    : public mlir::PassPipelineOptions<PlanPipelineOptions> {
  Option<std::string> target{
      *this, "target",
      llvm::cl::desc(
          "name of a device file inside the program, or path of one")};
  Option<int> config{
      *this, "config",
      llvm::cl::desc("which of a family's configurations to take; -1: "
                     "the cheapest"),
      llvm::cl::init(-1)};
  Option<std::string> pack{
      *this, "pack",
      llvm::cl::desc("layout of the weights of linear layers with one input: "
                     "none or concat; by default none with decisions=single, "
                     "else concat")};
  Option<std::string> decisions{
      *this, "decisions", llvm::cl::desc("single, library, greedy or exact"),
      llvm::cl::init("exact")};
  Option<std::string> mode{
      *this, "mode",
      llvm::cl::desc("stream, graph or pdl; by default the cheapest")};
  ListOption<std::string> force{
      *this, "force", llvm::cl::desc("PATTERN=fuse, =library or =single")};
  ListOption<std::string> forbid{
      *this, "forbid",
      llvm::cl::desc("patterns of ops that no group of several ops may hold")};
  ListOption<std::string> kernelConfig{
      *this, "kernel-config",
      llvm::cl::desc("PATTERN=NAME=NUMBER;NAME=NUMBER;...")};
  Option<bool> verify{*this, "verify",
                      llvm::cl::desc("check the contract after every stage"),
                      llvm::cl::init(true)};
};

/// imported -> captured, with a check after every stage.
/// `refusals` (or null) receives what plan-mark refuses.
void buildPlanPipeline(mlir::OpPassManager &manager,
                       const PlanPipelineOptions &options,
                       std::vector<Error> *refusals = nullptr);

/// Runs the pipeline. Errors: those of planning::planEntry, and SIN1003 an
/// option that is not understood; SIN5002: any other failure, with the first
/// diagnostic, in which `name` stands for the module.
Status runPlanPipeline(mlir::ModuleOp module, llvm::StringRef name,
                       const PlanPipelineOptions &options);

/// Checks a module that was read, as plan-verify-stage does: it has reached
/// `stage` for the device named in it, and keeps that stage's contract. SIN2604
/// with the first diagnostic, in which `name` stands for the module.
Status verifyStage(mlir::ModuleOp module, llvm::StringRef stage,
                   llvm::StringRef name);

/// Every pass above and the pipeline "sinter-plan". Call once per process.
void registerSinterPasses();

} // namespace sinter

#endif // SINTER_PASSES_PASSES_H
