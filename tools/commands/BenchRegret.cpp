//===- BenchRegret.cpp - sinter bench --regret ----------------------------===//

#include "codegen/devices/Devices.h"
#include "tools/BenchCells.h"
#include "tools/BenchSubject.h"
#include "tools/Console.h"
#include "tools/Model.h"
#include "tools/PlanEngine.h"
#include "tools/Regret.h"

namespace sinter {

Status benchRegret(const BenchOptions &options) {
  if (isPlanDirectory(options.model.model)) {
    return Error{ErrorCode::ConflictingArguments, "--regret",
                 "a model, whose layers have many candidates",
                 "the plan " + options.model.model, "name the model"};
  }
  SINTER_ASSIGN(DeviceSpec target, resolveDevice(options.model.target));
  SINTER_ASSIGN(std::unique_ptr<Device> device,
                chooseDevice(options.device, /*unchecked=*/true));
  SINTER_ASSIGN(ModelSource source, resolveModel(options.model.model));
  SINTER_ASSIGN(Workload workload, workloadOf(options.model, source.config));
  SINTER_ASSIGN(std::vector<RegretCandidate> candidates,
                regretCandidates(source.config, workload, target,
                                 options.tokens.empty() ? projectionRows()
                                                        : options.tokens));
  std::vector<FamilyKernel> kernels;
  kernels.reserve(candidates.size());
  for (const RegretCandidate &candidate : candidates) {
    kernels.push_back(candidate.kernel);
  }
  SINTER_ASSIGN(std::unique_ptr<FamilyBench> bench,
                FamilyBench::create(*device, kernels,
                                    target.limits.l2Bytes.value,
                                    static_cast<uint32_t>(workload.context)));
  BenchPoint point;
  point.samples = options.samples;
  point.runs = options.runs;
  std::vector<StepTimes> times;
  Progress progress("candidate");
  for (const FamilyKernel &kernel : kernels) {
    progress.at(times.size() + 1, kernels.size());
    // Each in the mode of the plans that it is part of.
    point.mode = kernel.gemm || !target.launches.programmatic ||
                         target.launches.programmatic->value == 0
                     ? LaunchMode::Graph
                     : LaunchMode::Pdl;
    SINTER_ASSIGN(FamilyTime time, bench->time(kernel, point));
    times.push_back(time.times);
  }
  Table table = regretTable(candidates, times, target.name);
  table.notes.push_back("device: " + device->describe());
  table.notes.emplace_back("each launch of a chain has weights of its own; "
                           "kernels in mode pdl where the GPU has it, the "
                           "library in mode graph");
  return writeOut(printTable(table, options.format));
}

} // namespace sinter
