//===- Device.cpp - Programs as lists of steps ----------------------------===//

#include "runtime/Device.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sinter {

Result<ProgramId> Device::prepareProgram(std::span<const ProgramStep> steps,
                                         LaunchMode /*mode*/) {
  programs.emplace_back(steps.begin(), steps.end());
  return ProgramId{static_cast<uint32_t>(programs.size() - 1)};
}

Result<ReadId> Device::startRead(BufferId buffer, uint64_t offset,
                                 uint64_t bytes) {
  std::vector<std::byte> data(bytes);
  SINTER_TRY(download(buffer, offset, data));
  auto free = std::find_if(reads.begin(), reads.end(),
                           [](const auto &each) { return each.empty(); });
  if (free == reads.end()) {
    free = reads.emplace(free);
  }
  *free = std::move(data);
  return ReadId{static_cast<uint32_t>(free - reads.begin())};
}

Status Device::finishRead(ReadId read, std::span<std::byte> into) {
  std::vector<std::byte> data = std::exchange(reads[read.index], {});
  if (!into.empty()) {
    std::copy(data.begin(), data.end(), into.begin());
  }
  return Status::success();
}

Status Device::admitGemm(const format::Gemm & /*problem*/) const {
  return Error{ErrorCode::PlanStepKind, "device " + name(),
               "launches and copies", "a call of the vendor's library",
               "compile the plan without library calls"};
}

Status Device::gemm(const format::Gemm &problem,
                    std::span<const Argument> /*arguments*/,
                    const Argument * /*workspace*/) {
  return admitGemm(problem);
}

Status Device::runStep(const ProgramStep &step) {
  if (step.kind == ProgramStep::Kind::Launch) {
    return launch(step.kernel, step.shape, step.arguments);
  }
  if (step.kind == ProgramStep::Kind::Gemm) {
    return gemm(step.gemm, step.arguments,
                step.workspace ? &*step.workspace : nullptr);
  }
  const Argument &from = step.arguments[0];
  const Argument &to = step.arguments[1];
  return copy(from.buffer, from.offset, to.buffer, to.offset, step.copyBytes);
}

Status Device::run(ProgramId program) {
  for (const ProgramStep &step : programs[program.index]) {
    SINTER_TRY(runStep(step));
  }
  return Status::success();
}

Result<std::vector<double>>
Device::timeProgram(ProgramId program, uint32_t samples, uint32_t runs) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> microseconds;
  SINTER_TRY(synchronize());
  for (uint32_t sample = 0; sample < samples; ++sample) {
    const Clock::time_point start = Clock::now();
    for (uint32_t i = 0; i < runs; ++i) {
      SINTER_TRY(run(program));
    }
    SINTER_TRY(synchronize());
    microseconds.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - start)
            .count() /
        runs);
  }
  return microseconds;
}

} // namespace sinter
