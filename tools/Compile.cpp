//===- Compile.cpp - From a config to a plan ------------------------------===//

#include "tools/Compile.h"

#include "codegen/EmitPlan.h"
#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "models/importer/Importer.h"
#include "passes/Passes.h"
#include "runtime/format/Sha256.h"

#include <llvm/Support/raw_ostream.h>

#include <algorithm>

using namespace mlir;

namespace sinter {

namespace {

DialectRegistry registry() {
  DialectRegistry dialects;
  registerSinterDialects(dialects);
  return dialects;
}

std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module.print(out, flags);
  return text;
}

Result<OwningOpRef<ModuleOp>> import(MLIRContext &context,
                                     const CompileRequest &request) {
  ImportOptions options;
  options.idLimit = request.idLimit;
  std::vector<Workload> workloads(std::max<size_t>(request.contexts.size(), 1),
                                  request.workload);
  for (size_t i = 0; i < request.contexts.size(); ++i) {
    workloads[i].context = request.contexts[i];
  }
  for (int64_t tokens : request.prefills) {
    workloads.push_back(
        chunkOf(request.workload, plan::Phase::Prefill, tokens));
  }
  for (int64_t tokens : request.verifies) {
    workloads.push_back(chunkOf(request.workload, plan::Phase::Verify, tokens));
  }
  return importEntries(context, request.source.config, workloads, options);
}

/// As the pipeline's own options are written.
std::string optionsText(const DecisionOptions &decisions) {
  std::string text;
  if (decisions.set) {
    text += " decisions=" + std::string(decisionSetName(*decisions.set));
  }
  if (!decisions.mode.empty()) {
    text += " mode=" + decisions.mode;
  }
  auto list = [&](const char *name, const std::vector<std::string> &items) {
    for (size_t i = 0; i < items.size(); ++i) {
      text += (i == 0 ? std::string(" ") + name + "=" : ",") + items[i];
    }
  };
  list("force", decisions.forces);
  list("forbid", decisions.forbidden);
  std::vector<std::string> configs = decisions.configs;
  for (std::string &config : configs) {
    // Spaces and commas are the pipeline's own.
    std::replace(config.begin(), config.end(), ',', ';');
    std::erase(config, ' ');
  }
  list("kernel-config", configs);
  return text;
}

Status checkStepsPerLaunch(const format::Plan &plan, uint32_t asked) {
  const bool made = std::any_of(
      plan.entries.begin(), plan.entries.end(),
      [&](const format::Entry &e) { return e.stepsPerLaunch == asked; });
  if (made) {
    return Status::success();
  }
  return Error{ErrorCode::PlanLacks,
               "--steps-per-launch " + std::to_string(asked),
               "an entry that feeds its token back, in mode graph or pdl",
               "none", "leave it out, or choose another --mode"};
}

} // namespace

Workload chunkOf(const Workload &decode, plan::Phase phase, int64_t tokens) {
  Workload workload = decode;
  workload.phase = phase;
  workload.batch = 1;
  workload.tokens = tokens;
  workload.context = std::max(workload.context, tokens);
  return workload;
}

Status checkCompilable(const DecisionOptions &decisions) {
  if (decisions.set != DecisionSet::Eager) {
    return Status::success();
  }
  return Error{ErrorCode::DecisionsOnlyCounted, "--decisions eager",
               "decisions whose kernels Sinter prints",
               "those of an eager framework",
               "leave --decisions out, or count these with sinter inspect "
               "--decisions eager"};
}

Result<PlanArtifact> compileModel(const CompileRequest &request) {
  SINTER_TRY(checkCompilable(request.decisions));
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(request.target));
  MLIRContext context(registry(), MLIRContext::Threading::DISABLED);
  SINTER_ASSIGN(OwningOpRef<ModuleOp> module, import(context, request));

  codegen::PlanOrigin origin;
  origin.version = SINTER_VERSION;
  // The device by name: its path would make the plan depend on the machine.
  origin.pipeline = "sinter-plan{target=" + device.name +
                    " config=" + std::to_string(request.config) +
                    optionsText(request.decisions) + "}";
  origin.inputDigest = sha256Hex(textOf(*module));
  origin.model.architecture =
      architectureClass(request.source.config.architecture);
  origin.model.configDigest = sha256Hex(request.source.configText);
  origin.model.weights = request.weights;
  origin.stepsPerLaunch = request.decisions.stepsPerLaunch;

  PlanPipelineOptions options;
  options.target = request.target;
  options.config = request.config;
  const DecisionOptions &decisions = request.decisions;
  if (decisions.set) {
    options.decisions = std::string(decisionSetName(*decisions.set));
  }
  options.mode = decisions.mode;
  options.force = decisions.forces;
  options.forbid = decisions.forbidden;
  options.kernelConfig = decisions.configs;
  SINTER_TRY(runPlanPipeline(*module, request.source.name, options));
  PlanArtifact artifact = codegen::emitPlan(*module, device, origin);
  SINTER_TRY(checkStepsPerLaunch(artifact.plan, origin.stepsPerLaunch));
  return artifact;
}

Result<std::string> importedText(const CompileRequest &request) {
  MLIRContext context(registry(), MLIRContext::Threading::DISABLED);
  SINTER_ASSIGN(OwningOpRef<ModuleOp> module, import(context, request));
  return textOf(*module);
}

} // namespace sinter
