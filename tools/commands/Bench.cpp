//===- Bench.cpp - sinter bench -------------------------------------------===//

#include "codegen/devices/Devices.h"
#include "runtime/format/PlanJson.h"
#include "runtime/format/PlanWords.h"
#include "runtime/format/Sha256.h"
#include "tools/BenchCells.h"
#include "tools/BenchKernels.h"
#include "tools/BenchSubject.h"
#include "tools/Commands.h"
#include "tools/Console.h"
#include "tools/Model.h"
#include "tools/OpenPlan.h"
#include "tools/PlanDigest.h"
#include "tools/PlanEngine.h"
#include "tools/Table.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <set>

namespace sinter {

namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

Table stepTable() {
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
                   {"tokens_per_second", "tokens/s"},
                   {"gigaflops_per_second", "TFLOP/s"},
                   {"share_of_matrix_rate", "share"},
                   {"predicted_ns", "predicted"},
                   {"measured_by_predicted", "measured/predicted"}};
  return table;
}

std::vector<Cell> stepRow(const format::Plan &plan, size_t index,
                          const BenchPoint &point, const StepTimes &times,
                          uint64_t matrixRate) {
  const format::Entry &entry = plan.entries[index];
  const double tokens = entry.workload.batch * entry.workload.tokens;
  const double gigaflops = static_cast<double>(flopsOf(entry)) / times.median;
  std::vector<Cell> row = {std::string(word(point.mode)),
                           uint64_t{point.context},
                           entry.name,
                           uint64_t{entry.steps.size()},
                           rounded(times.median),
                           rounded(times.p10),
                           rounded(times.p99),
                           percent(times.variation),
                           rounded(tokens * 1e9 / times.median),
                           Ratio{rounded(gigaflops)},
                           shareOfRate(gigaflops, matrixRate)};
  std::optional<uint64_t> predicted;
  if (auto prices = predictedSteps(plan, index, point.mode, point.context)) {
    predicted = std::accumulate(prices->begin(), prices->end(), uint64_t{0});
  }
  addPrediction(row, times.median, predicted);
  return row;
}

Table kernelTable() {
  Table table;
  table.view = "bench-kernels";
  table.columns = {{"mode", "mode"},
                   {"context", "context"},
                   {"kernel", "kernel"},
                   {"launches", "launches"},
                   {"total_ns", "total ns"},
                   {"each_ns", "each"},
                   {"bytes", "bytes"},
                   {"gigabytes_per_second", "GB/s"},
                   {"share_of_stream_rate", "share"},
                   {"predicted_ns", "predicted"},
                   {"measured_by_predicted", "measured/predicted"}};
  return table;
}

/// Differences of medians: a kernel that hides behind another may come out at
/// nothing, or by noise below.
std::vector<Cell> kernelRow(const BenchPoint &point, const KernelTime &time,
                            uint64_t streamRate) {
  const double nanoseconds = std::max(time.nanoseconds, 0.0);
  const double rate =
      nanoseconds > 0 ? static_cast<double>(time.bytes) / nanoseconds : 0;
  std::vector<Cell> row = {
      std::string(word(point.mode)),
      uint64_t{point.context},
      time.kernel,
      time.launches,
      rounded(nanoseconds),
      rounded(nanoseconds / static_cast<double>(time.launches)),
      time.bytes,
      rate > 0 ? Cell(rounded(rate)) : Cell(std::string()),
      rate > 0 ? shareOfRate(rate, streamRate) : Cell(std::string())};
  addPrediction(row, nanoseconds, time.predicted);
  return row;
}

/// SIN2707 for the first batch of which the plan has no decode entry.
Status checkBatches(const format::Plan &plan,
                    const std::vector<uint32_t> &batches) {
  std::string found;
  for (const format::Entry &entry : plan.entries) {
    found += (found.empty() ? "" : ", ") + entry.name + " of batch " +
             std::to_string(entry.workload.batch);
  }
  for (uint32_t batch : batches) {
    const bool known = std::any_of(plan.entries.begin(), plan.entries.end(),
                                   [&](const format::Entry &entry) {
                                     return entry.workload.phase == "decode" &&
                                            entry.workload.batch == batch;
                                   });
    if (!known) {
      return Error{ErrorCode::NotADecodeStep,
                   "--batch " + std::to_string(batch),
                   "a decode entry of that batch", found,
                   "compile a plan with --batch " + std::to_string(batch)};
    }
  }
  return Status::success();
}

/// Rows of one context and mode.
Status measure(Session &session, size_t index, const BenchPoint &point,
               bool kernels, const DeviceSpec *device, Table &table) {
  const format::Plan &plan = session.plan();
  if (!kernels) {
    SINTER_ASSIGN(StepTimes times, timeStep(session, index, point));
    table.rows.push_back(stepRow(plan, index, point, times,
                                 device ? measuredMatrixRate(*device) : 0));
    return Status::success();
  }
  SINTER_ASSIGN(std::vector<KernelTime> times,
                timeKernels(session, index, point));
  for (const KernelTime &time : times) {
    table.rows.push_back(
        kernelRow(point, time, device ? measuredStreamRate(*device) : 0));
  }
  return Status::success();
}

/// Of which rate the shares are.
std::string shareText(const std::string &target, const DeviceSpec *device,
                      bool kernels) {
  const uint64_t rate = device == nullptr ? 0
                        : kernels         ? measuredStreamRate(*device)
                                          : measuredMatrixRate(*device);
  if (rate == 0) {
    return kernels ? "share: the device file has no measured dram_read_rate"
                   : "share: the device file has no measured rate of products";
  }
  return "share: of " + std::to_string(kernels ? rate : rate / 1000) +
         (kernels ? " GB/s, the dram_read_rate of "
                  : " TFLOP/s, measured of products on ") +
         target;
}

} // namespace

Result<BenchSubject> openSubject(const BenchOptions &options,
                                 const Device &device) {
  BenchSubject subject;
  if (isPlanDirectory(options.model.model)) {
    SINTER_ASSIGN(OpenedPlan opened, openPlan(options.model, options.asked,
                                              options.checkpoint, device));
    subject.artifact = std::move(opened.artifact);
    subject.weights = std::move(opened.checkpoint.weights);
    return subject;
  }
  ModelOptions wanted = options.model;
  const std::set<uint32_t> contexts(options.contexts.begin(),
                                    options.contexts.end());
  for (uint32_t context : contexts) {
    wanted.contexts +=
        (wanted.contexts.empty() ? "" : ",") + std::to_string(context);
  }
  if (!contexts.empty()) {
    wanted.context = *contexts.rbegin(); // the cache must hold it
  }
  SINTER_ASSIGN(Model model, loadModel(wanted));
  SINTER_ASSIGN(subject.artifact, compileFor(wanted, options.asked, model));
  subject.weights = std::move(model.weights);
  return subject;
}

Status runCommand(const BenchOptions &options) {
  if (options.families) {
    return benchFamilies(options);
  }
  if (options.regret) {
    return benchRegret(options);
  }
  SINTER_ASSIGN(std::unique_ptr<Device> device,
                chooseDevice(options.device, /*unchecked=*/true));
  SINTER_ASSIGN(BenchSubject subject, openSubject(options, *device));
  SINTER_TRY(checkBatches(subject.artifact.plan, options.batches));
  if (options.soak != 0) {
    return benchSoak(options, std::move(subject), std::move(device));
  }
  const std::string digest = sha256Hex(writePlanJson(subject.artifact.plan));
  const std::string program = programDigest(subject.artifact.plan);
  Progress progress("MB of weights");
  SINTER_ASSIGN(std::unique_ptr<Session> session,
                Session::prepare(subject.artifact, *subject.weights, *device,
                                 [&](uint64_t done, uint64_t total) {
                                   progress.at(done >> 20, total >> 20);
                                 }));
  const format::Plan &plan = session->plan();

  SINTER_ASSIGN(std::vector<EntryAt> entries,
                entriesAt(plan, options.contexts));
  const auto target = resolveDevice(plan.target);
  const DeviceSpec *known = target ? &*target : nullptr;
  Table table = options.kernels ? kernelTable() : stepTable();
  for (const auto &[index, context] : entries) {
    const format::Entry &entry = plan.entries[index];
    SINTER_TRY(setStep(*session, entry, context));
    std::vector<std::string> modes = options.modes;
    if (modes.empty()) {
      modes.emplace_back(word(entry.mode));
    }
    for (const std::string &mode : modes) {
      BenchPoint point;
      point.mode = launchModeOf(mode);
      point.context = context;
      point.warmup = options.warmup;
      point.samples = options.samples;
      point.runs = options.runs;
      point.repeats =
          options.repeats == 0 ? entry.stepsPerLaunch : options.repeats;
      SINTER_TRY(
          measure(*session, index, point, options.kernels, known, table));
    }
  }
  table.notes = {"device: " + device->describe(), "plan: sha256 " + digest,
                 "program: sha256 " + program, "planned for: " + plan.target,
                 "per row: " + std::to_string(options.warmup) +
                     " steps of warm-up, " + std::to_string(options.samples) +
                     " samples of " + std::to_string(options.runs) +
                     " launched programs of " +
                     (options.repeats == 0 ? "the plan's"
                                           : std::to_string(options.repeats)) +
                     " steps; ns are of one step"};
  table.notes.emplace_back(
      "predicted: in the mode and at the context that the plan was priced for, "
      "without the advance step");
  if (options.kernels) {
    table.notes.emplace_back(
        "a kernel's time: its end less the end of the one before, from "
        "programs of the first launch, the first two, and so on");
  }
  table.notes.push_back(shareText(plan.target, known, options.kernels));
  return writeOut(printTable(table, options.format));
}

} // namespace sinter
