//===- Calibrate.cpp - A GPU into a device file ---------------------------===//

#include "tools/calibrate/Calibrate.h"

#include "tools/KernelKit.h"
#include "tools/calibrate/MeasureLibrary.h"

#include <algorithm>
#include <chrono>

namespace sinter {

namespace {

std::string whereText(const cuda::CudaDevice &device,
                      const CalibrationRequest &request) {
  std::string text = request.date + ", " + device.facts().name;
  if (const std::optional<cuda::GpuState> state = request.state()) {
    text += ", driver " + state->driver + ", memory clock " +
            std::to_string(state->memoryMegahertz) + " MHz";
  }
  return text + ", CUDA " + device.api().versionText();
}

/// A part of the measurement, with what it took.
class Parts {
public:
  explicit Parts(const CalibrationRequest &request) : request(request) {}
  void done(const std::string &part) {
    const auto now = std::chrono::steady_clock::now();
    char text[96];
    std::snprintf(text, sizeof text, "%s: %.1f s", part.c_str(),
                  std::chrono::duration<double>(now - begin).count());
    request.note(text);
    begin = now;
  }

private:
  const CalibrationRequest &request;
  std::chrono::steady_clock::time_point begin =
      std::chrono::steady_clock::now();
};

} // namespace

CalibrationSizes sizesFor(const cuda::GpuFacts &facts) {
  CalibrationSizes sizes;
  sizes.arenaBytes =
      std::min(sizes.arenaBytes, facts.memoryBytes / 4 >> 20 << 20);
  return sizes;
}

Result<Calibration> calibrate(cuda::CudaDevice &device,
                              const CalibrationRequest &request,
                              const DeviceSpec *before) {
  Parts parts(request);
  const ProbeSizes buffers = ProbeBench::buffersOf(request.sizes);
  SINTER_ASSIGN(const uint64_t free, device.freeBytes());
  const uint64_t wanted = buffers.arenaBytes + 2 * buffers.windowBytes;
  if (free < wanted) {
    return Error{ErrorCode::CudaMemory, "calibration",
                 std::to_string(wanted) + " bytes of free GPU memory",
                 std::to_string(free), "free memory of the GPU"};
  }
  std::vector<KernelSource> kernels = probeSources(buffers);
  if (!request.binaries.empty()) {
    SINTER_TRY(readKernelKit(request.binaries, device.facts().arch(), kernels));
  }
  Calibration calibration;
  CalibrationFindings &findings = calibration.findings;
  findings.facts = device.facts();
  const ProbedGpu gpu{static_cast<uint64_t>(device.facts().l2Bytes),
                      device.facts().major >= 9};
  SINTER_ASSIGN(
      std::unique_ptr<ProbeBench> bench,
      ProbeBench::create(device, request.sizes,
                         static_cast<uint32_t>(device.facts().multiprocessors),
                         kernels));
  parts.done("kernels and memory");

  const auto part = [&](const std::string &name, const Status &status) {
    if (!status) {
      request.note(name + ": " + status.error().message());
      if (!calibration.failure) {
        calibration.failure = status.error();
      }
    }
    parts.done(name);
  };
  Measured &measured = findings.measured;
  // First: it also brings the clocks up.
  part("clock", measureClock(
                    *bench,
                    [&] {
                      const auto state = request.state();
                      return state ? state->smMegahertz : 0;
                    },
                    measured));
  part("long reads", measureSteadyReads(*bench, measured));
  part("launches", measureLaunches(*bench, gpu, measured));
  part("phases", measurePhases(*bench, gpu, measured));
  part("trips", measureTrips(*bench, gpu, measured));
  if (!request.shapes.empty()) {
    auto prices = priceLibrary(*bench, device, request.shapes, gpu.l2Bytes);
    part("library", prices ? Status::success() : Status(prices.takeError()));
    if (prices) {
      findings.prices = std::move(*prices);
    }
  }
  findings.where = whereText(device, request);
  SINTER_ASSIGN(calibration.made, makeDeviceFile(findings, before));
  return calibration;
}

} // namespace sinter
