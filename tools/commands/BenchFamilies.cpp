//===- BenchFamilies.cpp - sinter bench --families ------------------------===//

#include "tools/BenchFamilies.h"

#include "codegen/devices/Devices.h"
#include "tools/BenchCells.h"
#include "tools/BenchSubject.h"
#include "tools/Console.h"
#include "tools/KernelKit.h"
#include "tools/Model.h"
#include "tools/PlanEngine.h"
#include "tools/Table.h"

namespace sinter {

namespace {

Result<std::vector<FamilyKernel>> collect(const BenchOptions &options) {
  if (isPlanDirectory(options.model.model)) {
    return Error{ErrorCode::ConflictingArguments, "--families",
                 "a model, whose kernels have many configurations",
                 "the plan " + options.model.model, "name the model"};
  }
  ModelOptions wanted = options.model;
  if (!options.contexts.empty()) {
    wanted.context = options.contexts.front();
  }
  SINTER_ASSIGN(Model model, loadModel(wanted));
  std::vector<FamilyKernel> kernels;
  std::vector<DecisionOptions> asked = {options.asked};
  if (options.asked.empty()) {
    asked.emplace_back().set = DecisionSet::Single;
  }
  for (const DecisionOptions &decisions : asked) {
    SINTER_ASSIGN(std::vector<PlanArtifact> plans,
                  plansByConfig([&](int32_t config) {
                    return compileFor(wanted, decisions, model, config);
                  }));
    addFamilyKernels(plans, kernels);
  }
  return kernels;
}

std::vector<KernelSource> sourcesOf(const std::vector<FamilyKernel> &kernels) {
  std::vector<KernelSource> sources;
  sources.reserve(kernels.size());
  for (const FamilyKernel &kernel : kernels) {
    sources.push_back(kernel.source);
  }
  return sources;
}

Status prepare(const BenchOptions &options, const DeviceSpec &target,
               const std::vector<FamilyKernel> &kernels) {
  SINTER_ASSIGN(std::shared_ptr<const cuda::Nvrtc> nvrtc, cuda::Nvrtc::open());
  Progress progress("kernel");
  SINTER_TRY(writeKernelKit(
      options.prepare, sourcesOf(kernels), *nvrtc, target.arch(),
      [&](size_t done, size_t total) { progress.at(done + 1, total); }));
  note(options.prepare + ": " + std::to_string(kernels.size()) +
       " kernels for " + target.arch());
  return Status::success();
}

std::vector<Cell> rowOf(const FamilyKernel &kernel, const FamilyTime &time,
                        uint64_t streamRate) {
  const double nanoseconds = time.times.median;
  const double rate = static_cast<double>(kernel.coldBytes) / nanoseconds;
  std::vector<Cell> row = {
      kernel.family,           kernel.config,        kernel.op,
      time.launches,           rounded(nanoseconds), rounded(time.times.p10),
      rounded(time.times.p99), kernel.coldBytes,     rounded(rate)};
  row.push_back(shareOfRate(rate, streamRate));
  addPrediction(row, nanoseconds, kernel.predicted);
  return row;
}

} // namespace

Status benchFamilies(const BenchOptions &options) {
  SINTER_ASSIGN(DeviceSpec target, resolveDevice(options.model.target));
  SINTER_ASSIGN(std::vector<FamilyKernel> kernels, collect(options));
  if (!options.prepare.empty()) {
    return prepare(options, target, kernels);
  }
  SINTER_ASSIGN(std::unique_ptr<Device> device,
                chooseDevice(options.device, /*unchecked=*/true));
  if (!options.binaries.empty()) {
    std::vector<KernelSource> sources = sourcesOf(kernels);
    SINTER_TRY(readKernelKit(options.binaries, device->binaryArch(), sources));
    for (size_t i = 0; i < kernels.size(); ++i) {
      kernels[i].source = std::move(sources[i]);
    }
  }
  BenchPoint point;
  point.mode =
      options.modes.empty() ? LaunchMode::Pdl : launchModeOf(options.modes[0]);
  point.context = options.contexts.empty() ? options.model.context.value_or(512)
                                           : options.contexts.front();
  point.samples = options.samples;
  point.runs = options.runs;
  SINTER_ASSIGN(std::unique_ptr<FamilyBench> bench,
                FamilyBench::create(*device, kernels,
                                    target.limits.l2Bytes.value,
                                    point.context));
  const uint64_t streamRate = measuredStreamRate(target);
  Table table;
  table.view = "bench-families";
  table.columns = {{"family", "family"},
                   {"config", "config"},
                   {"op", "op"},
                   {"launches", "launches"},
                   {"median_ns", "median ns"},
                   {"p10_ns", "p10"},
                   {"p99_ns", "p99"},
                   {"cold_bytes", "cold bytes"},
                   {"gigabytes_per_second", "GB/s"},
                   {"share_of_stream_rate", "share"},
                   {"predicted_ns", "predicted"},
                   {"measured_by_predicted", "measured/predicted"}};
  Progress progress("kernel");
  for (const FamilyKernel &kernel : kernels) {
    progress.at(table.rows.size() + 1, kernels.size());
    SINTER_ASSIGN(FamilyTime time, bench->time(kernel, point));
    table.rows.push_back(rowOf(kernel, time, streamRate));
  }
  table.notes = {"device: " + device->describe(),
                 "planned for: " + target.name,
                 "each launch of a chain has weights and caches of its own",
                 "cold bytes: loaded of weights and caches",
                 "share: of the measured dram_read_rate",
                 "predicted: of the planner's own choices, inside their step"};
  return writeOut(printTable(table, options.format));
}

} // namespace sinter
