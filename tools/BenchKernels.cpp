//===- BenchKernels.cpp - Time of each kernel inside a step ---------------===//

#include "tools/BenchKernels.h"

#include <algorithm>

namespace sinter {

using namespace format;

namespace {

std::string nameOf(const Step &step) {
  switch (step.kind) {
  case StepKind::Launch:
    return step.kernel;
  case StepKind::Library:
    return "library " + std::to_string(step.gemm->m) + "x" +
           std::to_string(step.gemm->n) + "x" + std::to_string(step.gemm->k);
  case StepKind::Copy:
    break;
  }
  return "copy";
}

uint64_t bytesOf(const Entry &entry, const Step &step) {
  const Work *work = findWork(entry, step.kernel);
  uint64_t bytes = 0;
  if (work != nullptr) {
    for (const auto &param : work->params) {
      bytes += param.loaded + param.stored;
    }
  }
  return bytes;
}

/// The steps, then the advance step.
std::vector<const Step *> stepsOf(const Entry &entry) {
  std::vector<const Step *> steps;
  for (const Step &step : entry.steps) {
    steps.push_back(&step);
  }
  if (entry.advance) {
    steps.push_back(&*entry.advance);
  }
  return steps;
}

} // namespace

std::vector<KernelTime>
timesByKernel(const Plan &plan, size_t entry, std::span<const double> ends,
              const std::optional<std::vector<uint64_t>> &predicted) {
  const Entry &planned = plan.entries[entry];
  const std::vector<const Step *> steps = stepsOf(planned);
  std::vector<KernelTime> times;
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string name = nameOf(*steps[i]);
    auto found =
        std::find_if(times.begin(), times.end(), [&](const KernelTime &time) {
          return time.kernel == name;
        });
    if (found == times.end()) {
      found = times.insert(times.end(), KernelTime{});
      found->kernel = name;
    }
    ++found->launches;
    found->bytes += bytesOf(planned, *steps[i]);
    found->nanoseconds += ends[i] - (i == 0 ? 0 : ends[i - 1]);
    if (predicted && i < predicted->size()) {
      found->predicted = found->predicted.value_or(0) + (*predicted)[i];
    }
  }
  return times;
}

Result<std::vector<KernelTime>> timeKernels(Session &session, size_t entry,
                                            const BenchPoint &point) {
  const Plan &plan = session.plan();
  const size_t count = stepsOf(plan.entries[entry]).size();
  BenchPoint prefix = point;
  prefix.repeats = 1;
  std::vector<double> ends;
  for (prefix.launches = 1; prefix.launches <= count; ++prefix.launches) {
    SINTER_ASSIGN(StepTimes times, timeStep(session, entry, prefix));
    ends.push_back(times.median);
  }
  return timesByKernel(plan, entry, ends,
                       predictedSteps(plan, entry, point.mode, point.context));
}

} // namespace sinter
