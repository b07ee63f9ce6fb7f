//===- Inspect.cpp - sinter inspect ---------------------------------------===//

#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "models/importer/Importer.h"
#include "passes/Analysis.h"
#include "runtime/format/PlanFiles.h"
#include "tools/Commands.h"
#include "tools/Compile.h"
#include "tools/Console.h"
#include "tools/InspectTables.h"
#include "tools/Model.h"
#include "tools/inspect/Views.h"

#include <mlir/IR/MLIRContext.h>

#include <set>

namespace sinter {

namespace {

/// Imports the entry and asks `analyze` about it.
template <typename Analyze>
auto ofEntry(const ModelOptions &options, const ModelConfig &config,
             Analyze analyze)
    -> decltype(analyze(mlir::func::FuncOp(), Workload())) {
  SINTER_ASSIGN(Workload workload, workloadOf(options, config));
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  SINTER_ASSIGN(mlir::OwningOpRef<mlir::ModuleOp> module,
                importDecoder(context, config, workload));
  return analyze(*module->getOps<mlir::func::FuncOp>().begin(), workload);
}

/// The counts of a framework are the same on every device.
Result<Table> eagerTableOf(const InspectOptions &options) {
  if (const std::string &view = options.view;
      view == "memory" || view == "roofline" || view == "coverage") {
    return Error{ErrorCode::ConflictingArguments, "--view " + view,
                 "Sinter's own kernels", "--decisions eager",
                 "leave --decisions out"};
  }
  if (Result<DeviceSpec> device = resolveDevice(options.model.target);
      !device) {
    return device.takeError();
  }
  SINTER_ASSIGN(Model model, loadModel(options.model));
  return ofEntry(
      options.model, model.source.config,
      [&](mlir::func::FuncOp entry, const Workload &workload) -> Result<Table> {
        SINTER_ASSIGN(EagerProfile profile,
                      profileEager(entry, EagerAttention::Sdpa));
        return eagerTable(model.source, workload, profile, options.view);
      });
}

/// Tables of a model that need neither a decision nor a kernel.
Result<Table> undecidedTableOf(const ModelOptions &options,
                               const ModelSource &source,
                               const std::string &view) {
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(options.target));
  return ofEntry(
      options, source.config,
      [&](mlir::func::FuncOp entry, const Workload &) -> Result<Table> {
        SINTER_ASSIGN(EntryAnalysis analysis, analyzeEntry(entry, device));
        if (view == "memory") {
          return memoryTable(source.config, analysis, analyzeLiveRanges(entry),
                             device);
        }
        if (view == "roofline") {
          return rooflineTable(analysis, device);
        }
        return modelTable(source, analysis, view);
      });
}

/// Of the batch sizes at which families differ, and the one asked for.
Result<Table> coverageTableOf(const ModelOptions &options,
                              const ModelConfig &config) {
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(options.target));
  std::set<uint32_t> batches = {1, 2, 4, 8, 16, 64, options.batch};
  std::vector<std::pair<int64_t, std::vector<OpCoverage>>> byBatch;
  for (uint32_t batch : batches) {
    ModelOptions with = options;
    with.batch = batch;
    SINTER_ASSIGN(std::vector<OpCoverage> coverage,
                  ofEntry(with, config,
                          [&](mlir::func::FuncOp entry, const Workload &)
                              -> Result<std::vector<OpCoverage>> {
                            return coverageOf(entry, device);
                          }));
    byBatch.emplace_back(batch, std::move(coverage));
  }
  return coverageTable(byBatch);
}

/// SIN1004: a view that needs the model rather than its plan.
Result<Table> planTableOf(const std::string &directory,
                          const std::string &view) {
  if (view == "roofline" || view == "coverage") {
    return Error{ErrorCode::ConflictingArguments, "--view " + view, "a model",
                 "the plan " + directory,
                 "name the model that the plan was compiled from"};
  }
  SINTER_ASSIGN(PlanArtifact artifact, loadPlan(directory));
  return view == "memory" ? memoryTable(artifact.plan)
                          : planTable(artifact.plan, view);
}

} // namespace

Status runCommand(const InspectOptions &options) {
  Table table;
  if (isPlanDirectory(options.model.model)) {
    if (options.decisions) {
      return Error{ErrorCode::ConflictingArguments, "--decisions", "a model",
                   "the plan " + options.model.model,
                   "leave --decisions out: a plan has its own"};
    }
    SINTER_ASSIGN(table, planTableOf(options.model.model, options.view));
  } else if (options.decisions == DecisionSet::Eager) {
    SINTER_ASSIGN(table, eagerTableOf(options));
  } else if (options.view == "coverage") {
    SINTER_ASSIGN(Model model, loadModel(options.model));
    SINTER_ASSIGN(table, coverageTableOf(options.model, model.source.config));
  } else if (options.view == "kernels") {
    // Kernels exist once a plan does.
    SINTER_ASSIGN(Model model, loadModel(options.model));
    SINTER_ASSIGN(PlanArtifact artifact, compileFor(options.model, model));
    table = planTable(artifact.plan, options.view);
  } else {
    SINTER_ASSIGN(Model model, loadModel(options.model));
    SINTER_ASSIGN(table,
                  undecidedTableOf(options.model, model.source, options.view));
  }
  return writeOut(printTable(table, options.format));
}

} // namespace sinter
