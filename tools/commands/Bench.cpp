//===- Bench.cpp - sinter bench -------------------------------------------===//

#include "runtime/format/PlanJson.h"
#include "runtime/format/PlanWords.h"
#include "runtime/format/Sha256.h"
#include "tools/BenchStep.h"
#include "tools/CheckpointMemory.h"
#include "tools/Commands.h"
#include "tools/Console.h"
#include "tools/Model.h"
#include "tools/PlanEngine.h"
#include "tools/Table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sinter {

namespace {

struct Subject {
  PlanArtifact artifact;
  std::unique_ptr<WeightSource> weights;
};

Result<Subject> openSubject(const BenchOptions &options, const Device &device) {
  Subject subject;
  if (isPlanDirectory(options.model.model)) {
    SINTER_TRY(checkNothingAsked(options.asked, options.model.model));
    SINTER_ASSIGN(subject.artifact,
                  loadPlan(options.model.model, nullptr, device.binaryArch()));
    SINTER_ASSIGN(PlanCheckpoint found,
                  openCheckpointOf(subject.artifact.plan, options.checkpoint));
    subject.weights = std::move(found.weights);
    return subject;
  }
  ModelOptions wanted = options.model;
  if (!options.contexts.empty() && !wanted.maxContext) {
    wanted.maxContext =
        std::max(2048u, *std::max_element(options.contexts.begin(),
                                          options.contexts.end()));
  }
  SINTER_ASSIGN(Model model, loadModel(wanted));
  SINTER_ASSIGN(subject.artifact, compileFor(wanted, options.asked, model));
  subject.weights = std::move(model.weights);
  return subject;
}

/// The command line takes no other words.
LaunchMode modeOf(const std::string &text) {
  for (LaunchMode mode : {LaunchMode::Stream, LaunchMode::Graph}) {
    if (word(mode) == text) {
      return mode;
    }
  }
  return LaunchMode::Pdl;
}

uint64_t rounded(double value) {
  return static_cast<uint64_t>(std::llround(value));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

Table newTable() {
  Table table;
  table.view = "bench";
  table.columns = {{"mode", "mode"},
                   {"context", "context"},
                   {"entry", "entry"},
                   {"launches", "launches"},
                   {"median_ns", "median ns"},
                   {"p10_ns", "p10"},
                   {"p99_ns", "p99"},
                   {"cv", "cv"},
                   {"tokens_per_second", "tokens/s"}};
  return table;
}

std::vector<Cell> rowOf(const format::Entry &entry, const BenchPoint &point,
                        const StepTimes &times) {
  const double tokens = entry.workload.batch * entry.workload.tokens;
  return {std::string(word(point.mode)),
          uint64_t{point.context},
          entry.name,
          uint64_t{entry.steps.size()},
          rounded(times.median),
          rounded(times.p10),
          rounded(times.p99),
          percent(times.variation),
          rounded(tokens * 1e9 / times.median)};
}

} // namespace

Status runCommand(const BenchOptions &options) {
  SINTER_ASSIGN(std::unique_ptr<Device> device,
                chooseDevice(options.device, /*unchecked=*/true));
  SINTER_ASSIGN(Subject subject, openSubject(options, *device));
  const std::string digest = sha256Hex(writePlanJson(subject.artifact.plan));
  Progress progress("MB of weights");
  SINTER_ASSIGN(std::unique_ptr<Session> session,
                Session::prepare(std::move(subject.artifact), *subject.weights,
                                 *device, [&](uint64_t done, uint64_t total) {
                                   progress.at(done >> 20, total >> 20);
                                 }));
  const format::Plan &plan = session->plan();

  std::vector<uint32_t> contexts = options.contexts;
  if (contexts.empty()) {
    for (const format::Entry &entry : plan.entries) {
      contexts.push_back(entry.workload.context);
    }
  }
  Table table = newTable();
  for (uint32_t context : contexts) {
    SINTER_ASSIGN(size_t index, entryFor(plan, context));
    const format::Entry &entry = plan.entries[index];
    std::vector<std::string> modes = options.modes;
    if (modes.empty()) {
      modes.emplace_back(word(entry.mode));
    }
    for (const std::string &mode : modes) {
      BenchPoint point;
      point.mode = modeOf(mode);
      point.context = context;
      point.warmup = options.warmup;
      point.samples = options.samples;
      point.runs = options.runs;
      point.repeats = options.repeats;
      SINTER_ASSIGN(StepTimes times, timeStep(*session, index, point));
      table.rows.push_back(rowOf(entry, point, times));
    }
  }
  table.notes = {
      "device: " + device->describe(), "plan: sha256 " + digest,
      "planned for: " + plan.target,
      "per row: " + std::to_string(options.warmup) + " steps of warm-up, " +
          std::to_string(options.samples) + " samples of " +
          std::to_string(options.runs) + " launched programs of " +
          std::to_string(options.repeats) + " steps; ns are of one step"};
  return writeOut(printTable(table, options.format));
}

} // namespace sinter
