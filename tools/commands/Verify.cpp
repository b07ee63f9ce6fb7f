//===- Verify.cpp - sinter verify -----------------------------------------===//

#include "codegen/devices/Devices.h"
#include "ir/ParseModule.h"
#include "ir/Register.h"
#include "passes/Passes.h"
#include "runtime/format/Bindings.h"
#include "runtime/format/Files.h"
#include "tools/Commands.h"
#include "tools/Console.h"
#include "tools/ErrorBounds.h"
#include "tools/KernelChecker.h"
#include "tools/Model.h"
#include "tools/OpenPlan.h"
#include "tools/PlanEngine.h"
#include "tools/Table.h"
#include "tools/VerifyGolden.h"

#include <mlir/IR/MLIRContext.h>

#include <algorithm>
#include <cstdio>

namespace sinter {

namespace {

/// Longest plan.mlir that is read.
constexpr uint64_t moduleLimit = kModuleTextLimit;

struct Subject {
  PlanArtifact artifact;
  std::string moduleText;
  std::unique_ptr<WeightSource> weights;
  std::optional<ModelConfig> config; ///< absent for random weights of a plan
};

Result<Subject> openSubject(const VerifyOptions &options,
                            const Device &device) {
  Subject subject;
  if (isPlanDirectory(options.model.model)) {
    SINTER_ASSIGN(OpenedPlan opened, openPlan(options.model, options.asked,
                                              options.checkpoint, device));
    SINTER_ASSIGN(
        subject.moduleText,
        readFile(joinPath(options.model.model, "plan.mlir"), moduleLimit));
    subject.artifact = std::move(opened.artifact);
    subject.weights = std::move(opened.checkpoint.weights);
    const std::string &directory = opened.checkpoint.directory;
    if (!directory.empty()) {
      SINTER_ASSIGN(ModelSource source, resolveModel(directory));
      subject.config = source.config;
    }
    return subject;
  }
  SINTER_ASSIGN(Model model, loadModel(options.model));
  SINTER_ASSIGN(subject.artifact,
                compileFor(options.model, options.asked, model));
  subject.moduleText = subject.artifact.mlir;
  subject.weights = std::move(model.weights);
  subject.config = model.source.config;
  return subject;
}

std::string inUlps(double ulps) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3g ulp", ulps);
  return text;
}

Table newTable() {
  Table table;
  table.view = "verify";
  table.columns = {{"check", "check"},         {"compared", "compared"},
                   {"differing", "differing"}, {"found", "found"},
                   {"limit", "limit"},         {"state", "state"}};
  return table;
}

/// Some steps on ids drawn from the seed, op by op.
Status verifyOps(PlanEngine &engine, KernelChecker &checker,
                 const VerifyOptions &options) {
  SINTER_TRY(checker.begin());
  uint32_t steps = std::min(options.steps, engine.capacity());
  for (uint32_t position = 0; position < steps; ++position) {
    double drawn = uniformFromCounter(options.model.seed, position);
    auto id = static_cast<int32_t>(drawn * engine.vocabSize());
    engine.setHook([&](size_t, const format::Step &step) -> Status {
      Status status = checker.check(step);
      if (!status) {
        Error error = status.takeError();
        error.object =
            "position " + std::to_string(position) + ", " + error.object;
        return error;
      }
      return status;
    });
    SINTER_ASSIGN(int32_t next, engine.step(id, position));
    (void)next;
  }
  engine.setHook({});
  return Status::success();
}

/// A chunk of each prefill and verify entry behind the steps, op by op.
Status verifyChunks(PlanEngine &engine, KernelChecker &checker,
                    const VerifyOptions &options) {
  Session &session = engine.state();
  const std::vector<format::Entry> &entries = engine.plan().entries;
  for (size_t i = 0; i < entries.size(); ++i) {
    const format::Entry &entry = entries[i];
    if (entry.workload.phase == "decode") {
      continue;
    }
    const uint32_t tokens = entry.workload.tokens;
    const uint32_t first = std::min(options.steps, engine.capacity() - tokens);
    std::vector<int32_t> ids;
    std::vector<int32_t> positions;
    for (uint32_t position = first; position < first + tokens; ++position) {
      const double drawn = uniformFromCounter(options.model.seed, position);
      ids.push_back(static_cast<int32_t>(drawn * engine.vocabSize()));
      positions.push_back(static_cast<int32_t>(position));
    }
    auto write = [&](const char *input, const std::vector<int32_t> &numbers) {
      return session.write(format::boundValue(entry.inputs, input),
                           std::as_bytes(std::span(numbers)));
    };
    SINTER_TRY(write("ids", ids));
    SINTER_TRY(write("positions", positions));
    if (entry.workload.phase == "prefill") {
      SINTER_TRY(write("rows", {static_cast<int32_t>(tokens - 1)}));
    }
    SINTER_TRY(session.run(i, [&](size_t, const format::Step &step) -> Status {
      Status status = checker.check(step);
      if (status) {
        return status;
      }
      Error error = status.takeError();
      error.object = "entry " + entry.name + ", " + error.object;
      return error;
    }));
  }
  return Status::success();
}

void addAgreements(Table &table, const KernelChecker &checker, bool passed) {
  for (const auto &[kind, agreement] : checker.agreements()) {
    std::string tolerance = toleranceOf(kind);
    table.rows.push_back({kind, agreement.elements, agreement.differing,
                          inUlps(agreement.largestUlps),
                          tolerance.empty() ? "exact" : tolerance,
                          passed ? "ok" : "see below"});
  }
}

/// The first check that failed becomes the error; all are in the table.
Status addGoldens(Table &table, const std::vector<GoldenCheck> &checks) {
  Status verdict;
  for (const GoldenCheck &check : checks) {
    table.rows.push_back({check.what, check.compared, "", check.found,
                          check.limit, check.passed ? "ok" : "differs"});
    if (!check.passed && verdict) {
      verdict =
          Error{ErrorCode::GoldenMismatch, check.what, check.limit, check.found,
                "is the golden of this checkpoint? if so, please report "
                "it"};
    }
  }
  return verdict;
}

Status verifyGolden(Table &table, PlanEngine &engine, const Subject &subject,
                    const Golden &golden) {
  Status verdict;
  if (subject.config) {
    SINTER_ASSIGN(std::vector<GoldenCheck> checks,
                  checkInterpreter(golden, *subject.config, *subject.weights,
                                   engine.capacity()));
    verdict = addGoldens(table, checks);
  }
  SINTER_ASSIGN(std::vector<GoldenCheck> checks, checkKernels(golden, engine));
  Status kernels = addGoldens(table, checks);
  return verdict ? kernels : verdict;
}

} // namespace

Status runCommand(const VerifyOptions &options) {
  std::optional<Golden> golden;
  if (!options.golden.empty()) {
    SINTER_ASSIGN(golden, Golden::open(options.golden));
  }
  SINTER_ASSIGN(std::unique_ptr<Device> device,
                chooseDevice(options.device, /*unchecked=*/false));
  SINTER_ASSIGN(Subject subject, openSubject(options, *device));
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  SINTER_ASSIGN(mlir::OwningOpRef<mlir::ModuleOp> module,
                parseModuleText(context, subject.moduleText, "plan.mlir"));
  if (resolveDevice(subject.artifact.plan.target)) {
    SINTER_TRY(verifyStage(*module, "captured", "plan.mlir"));
  } else {
    note("the stage of plan.mlir is not checked: no device file of the name " +
         subject.artifact.plan.target + " here");
  }
  SINTER_ASSIGN(std::unique_ptr<PlanEngine> engine,
                PlanEngine::create(subject.artifact, *subject.weights,
                                   std::move(device)));

  KernelChecker checker(*module, engine->state(), *subject.weights);
  Status verdict = verifyOps(*engine, checker, options);
  if (verdict) {
    verdict = verifyChunks(*engine, checker, options);
  }
  Table table = newTable();
  addAgreements(table, checker, verdict.ok());
  if (verdict && golden) {
    verdict = verifyGolden(table, *engine, subject, *golden);
  }
  // A device that fails has no table to show.
  if (verdict || verdict.error().exitCode() == 1) {
    SINTER_TRY(writeOut(printTable(table, options.format)));
  }
  return verdict;
}

} // namespace sinter
