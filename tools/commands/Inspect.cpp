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
#include "tools/Prefills.h"
#include "tools/inspect/Crossover.h"
#include "tools/inspect/Decisions.h"
#include "tools/inspect/EqualLayers.h"
#include "tools/inspect/Totals.h"
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
      view == "memory" || view == "roofline" || view == "coverage" ||
      view == "decisions" || view == "neighbours" || view == "crossover" ||
      view == "buckets") {
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
    SINTER_ASSIGN(
        std::vector<OpCoverage> coverage,
        ofEntry(with, config, [&](mlir::func::FuncOp entry, const Workload &) {
          return coverageOf(entry, device);
        }));
    byBatch.emplace_back(batch, std::move(coverage));
  }
  return coverageTable(byBatch);
}

/// SIN1004: a view or a question that needs the model rather than its plan.
Status checkPlanQuestion(const InspectOptions &options) {
  auto refuse = [&](std::string what) {
    return Error{ErrorCode::ConflictingArguments, std::move(what), "a model",
                 "the plan " + options.model.model,
                 "name the model that the plan was compiled from"};
  };
  if (options.view == "roofline" || options.view == "coverage" ||
      options.view == "neighbours" || options.view == "crossover" ||
      options.view == "buckets") {
    return refuse("--view " + options.view);
  }
  const std::pair<bool, const char *> asked[] = {
      {!options.decisions.empty(), "--decisions"},
      {options.why.has_value(), "--why"},
      {!options.whatIf.empty(), "--what-if"},
      {options.targets.size() > 1, "--target with several devices"}};
  for (const auto &[is, what] : asked) {
    if (is) {
      return refuse(what);
    }
  }
  return checkNothingAsked(options.asked, options.model);
}

Table ofPlan(const format::Plan &plan, const std::string &view) {
  return view == "memory"      ? memoryTable(plan)
         : view == "decisions" ? decisionsTable(plan)
                               : planTable(plan, view);
}

/// Asks the planner; nothing is compiled.
Result<Table> ofPlanner(const InspectOptions &options,
                        const ModelConfig &config) {
  SINTER_ASSIGN(Workload workload, workloadOf(options.model, config));
  std::vector<DeviceSpec> devices;
  for (const std::string &target : options.targets) {
    SINTER_ASSIGN(DeviceSpec one, resolveDevice(target));
    devices.push_back(std::move(one));
  }
  const DeviceSpec &device = devices.front();
  const DecisionOptions &asked = options.asked;
  if (options.decisions.size() > 1) {
    return decisionSetsTable(config, workload, device, options.decisions, asked,
                             options.measured);
  }
  if (options.view == "crossover") {
    return crossoverTable(config, workload, device,
                          options.tokens.empty() ? projectionRows()
                                                 : options.tokens,
                          asked, options.measured);
  }
  if (options.view == "buckets") {
    CompileRequest request;
    request.source.config = config;
    request.target = options.model.target;
    request.workload = workload;
    request.decisions = asked;
    SINTER_ASSIGN(PrefillBuckets buckets, pricePrefills(request));
    return bucketsTable(buckets);
  }
  const DecisionSet set = asked.set.value_or(DecisionSet::Exact);
  if (devices.size() > 1) {
    return targetsTable(config, workload, devices, set, asked);
  }
  if (options.why) {
    return whyTable(config, workload, device, set, asked, *options.why);
  }
  if (!options.whatIf.empty()) {
    return whatIfTable(config, workload, device, set, asked, options.whatIf);
  }
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                PreparedEntry::create(config, workload, set));
  SINTER_ASSIGN(planning::PlanningOptions rules, planningOptions(set, asked));
  SINTER_ASSIGN(planning::EntryPlan plan,
                planning::planEntry(entry->function(), device, rules));
  return options.view == "neighbours" ? neighboursTable(plan, device)
                                      : decisionsTable(plan, device);
}

/// Is a question asked that the planner answers?
bool isQuestion(const InspectOptions &options) {
  return options.why || !options.whatIf.empty() || options.targets.size() > 1 ||
         options.decisions.size() > 1 || options.view == "decisions" ||
         options.view == "neighbours" || options.view == "crossover" ||
         options.view == "buckets";
}

/// One side of --compare: a plan's entries, or a decision set of the model.
Result<std::vector<StepTotals>> sideOf(const InspectOptions &options,
                                       const std::string &name) {
  if (isPlanDirectory(name)) {
    SINTER_ASSIGN(PlanArtifact artifact, loadPlan(name));
    std::vector<StepTotals> totals;
    totals.reserve(artifact.plan.entries.size());
    for (const format::Entry &entry : artifact.plan.entries) {
      totals.push_back(totalsOf(artifact.plan, entry, name));
    }
    return totals;
  }
  const std::optional<DecisionSet> set = findDecisionSet(name);
  if (!set || *set == DecisionSet::Eager) {
    return Error{ErrorCode::BadArgument, "--compare",
                 "a plan, or single, library, greedy or exact", name,
                 "see sinter inspect --help"};
  }
  if (options.model.model.empty()) {
    return Error{ErrorCode::MissingArgument, "--compare " + name, "MODEL",
                 "none", "see sinter inspect --help"};
  }
  SINTER_ASSIGN(Model model, loadModel(options.model));
  SINTER_ASSIGN(Workload workload,
                workloadOf(options.model, model.source.config));
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(options.model.target));
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                PreparedEntry::create(model.source.config, workload, *set));
  SINTER_ASSIGN(planning::PlanningOptions rules,
                planningOptions(*set, options.asked));
  SINTER_ASSIGN(planning::EntryPlan plan,
                planning::planEntry(entry->function(), device, rules));
  const StepFigures figures = figuresOf(plan);
  return std::vector<StepTotals>{{name, figures.launches, figures.read,
                                  figures.written, plan.step.picoseconds,
                                  static_cast<uint32_t>(workload.context)}};
}

Status compare(const InspectOptions &options) {
  SINTER_ASSIGN(std::vector<StepTotals> a,
                sideOf(options, options.compare.at(0)));
  SINTER_ASSIGN(std::vector<StepTotals> b,
                sideOf(options, options.compare.at(1)));
  SINTER_ASSIGN(std::vector<StepPair> pairs, pairByContext(a, b));
  SINTER_TRY(writeOut(printTable(compareTable(pairs), options.format)));
  for (const auto &[one, other] : pairs) {
    SINTER_TRY(checkNotWorse(one, other));
  }
  return Status::success();
}

} // namespace

Status runCommand(const InspectOptions &options) {
  if (!options.compare.empty()) {
    return compare(options);
  }
  Table table;
  std::optional<PlanArtifact> artifact;
  if (isPlanDirectory(options.model.model)) {
    SINTER_TRY(checkPlanQuestion(options));
    SINTER_ASSIGN(artifact, loadPlan(options.model.model));
  } else if (options.asked.set == DecisionSet::Eager) {
    SINTER_ASSIGN(table, eagerTableOf(options));
  } else {
    SINTER_ASSIGN(Model model, loadModel(options.model));
    const ModelConfig &config = model.source.config;
    if (isQuestion(options)) {
      SINTER_ASSIGN(table, ofPlanner(options, config));
    } else if (options.view == "coverage") {
      SINTER_ASSIGN(table, coverageTableOf(options.model, config));
    } else if (options.view == "kernels" || options.requireGraph ||
               !options.asked.empty()) {
      SINTER_ASSIGN(artifact, compileFor(options.model, options.asked, model));
    } else {
      SINTER_ASSIGN(
          table, undecidedTableOf(options.model, model.source, options.view));
    }
  }
  if (artifact) {
    table = ofPlan(artifact->plan, options.view);
  }
  const bool forPeople = options.format == OutputFormat::Table ||
                         options.format == OutputFormat::Markdown;
  if (forPeople && (options.view == "layers" || options.view == "ops") &&
      !isQuestion(options)) {
    table = equalLayersOnce(table);
  }
  SINTER_TRY(writeOut(printTable(table, options.format)));
  if (artifact && options.requireGraph) {
    for (const format::Entry &entry : artifact->plan.entries) {
      SINTER_TRY(checkCaptured(entry));
    }
  }
  return Status::success();
}

} // namespace sinter
