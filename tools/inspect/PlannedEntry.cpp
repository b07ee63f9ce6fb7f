//===- PlannedEntry.cpp - The step of a model, ready to be planned --------===//

#include "tools/inspect/PlannedEntry.h"

#include "ir/Register.h"
#include "ir/decoder/Decoder.h"
#include "models/importer/Importer.h"
#include "passes/Passes.h"
#include "passes/analysis/OpNames.h"

#include <mlir/Pass/PassManager.h>

namespace sinter {

static mlir::DialectRegistry dialects() {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  return registry;
}

PreparedEntry::PreparedEntry()
    : context(dialects(), mlir::MLIRContext::Threading::DISABLED) {}

Result<std::unique_ptr<PreparedEntry>>
PreparedEntry::create(const ModelConfig &config, const Workload &workload,
                      DecisionSet set) {
  std::unique_ptr<PreparedEntry> entry(new PreparedEntry());
  SINTER_ASSIGN(entry->module, importDecoder(entry->context, config, workload));
  mlir::PassManager manager(&entry->context);
  manager.addPass(createDecoderNormalize());
  if (set != DecisionSet::Single) {
    manager.addPass(createDecoderPackWeights());
  }
  if (mlir::failed(manager.run(*entry->module))) {
    return Error{ErrorCode::PlanningFailed, "an imported model",
                 "a module that the planner takes", "a pass that fails",
                 "please report this with the command line"};
  }
  return entry;
}

mlir::func::FuncOp PreparedEntry::function() const {
  return *(*module).getOps<mlir::func::FuncOp>().begin();
}

Result<planning::PlanningOptions>
planningOptions(DecisionSet set, const DecisionOptions &asked) {
  planning::PlanningOptions options;
  options.decisions = *planning::findDecisionSet(decisionSetName(set));
  if (!asked.mode.empty()) {
    options.mode = planning::findPlanMode(asked.mode);
  }
  for (const std::string &text : asked.forces) {
    SINTER_ASSIGN(planning::Force force, planning::parseForce(text));
    options.forces.push_back(std::move(force));
  }
  options.forbidden = asked.forbidden;
  for (const std::string &text : asked.configs) {
    SINTER_ASSIGN(planning::ConfigRequest config,
                  planning::parseConfigRequest(text));
    options.configs.push_back(std::move(config));
  }
  return options;
}

StepFigures figuresOf(const planning::EntryPlan &plan) {
  StepFigures figures;
  uint64_t first = 0; // launches of layer 0, of layer 1
  uint64_t second = 0;
  for (const planning::PhaseDecision &phase : plan.phases) {
    const planning::Variant &variant = plan.variantOf(phase);
    figures.launches += variant.work.launches;
    const auto layer = layerOf(plan.entry.graph.name(phase.ops.front()));
    first += layer == 0 ? variant.work.launches : 0;
    second += layer == 1 ? variant.work.launches : 0;
    figures.unique.weights += variant.work.unique.weights;
    figures.unique.cache += variant.work.unique.cache;
    figures.unique.activations += variant.work.unique.activations;
    figures.unique.workspace += variant.work.unique.workspace;
    figures.read += variant.read;
    figures.written += variant.written;
  }
  figures.launchesOfLayer = second != 0 ? second : first;
  return figures;
}

std::vector<std::string> namesOf(mlir::Operation *op) {
  std::vector<std::string> names;
  op->getLoc()->walk([&](mlir::Location location) {
    if (auto named = mlir::dyn_cast<mlir::NameLoc>(location)) {
      names.push_back(named.getName().str());
    }
    return mlir::WalkResult::advance();
  });
  if (names.empty()) {
    names.push_back(decoder::opName(op).str());
  }
  return names;
}

std::string opsPattern(const planning::EntryPlan &plan,
                       const fusion::Ops &ops) {
  std::string text;
  for (uint32_t op : ops) {
    bool first = true;
    for (const std::string &name : namesOf(plan.entry.ops[op])) {
      const std::string pattern = layerPattern(name);
      text += first ? (text.empty() ? "" : " + ") + pattern
                    : "/" + pattern.substr(pattern.rfind('.') + 1);
      first = false;
    }
  }
  return text;
}

} // namespace sinter
