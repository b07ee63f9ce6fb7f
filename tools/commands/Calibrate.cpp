//===- Calibrate.cpp - sinter calibrate -----------------------------------===//

#include "tools/calibrate/Calibrate.h"
#include "codegen/devices/Devices.h"
#include "runtime/cuda/Nvml.h"
#include "runtime/format/Files.h"
#include "tools/Commands.h"
#include "tools/Console.h"
#include "tools/KernelKit.h"

#include <chrono>
#include <ctime>

namespace sinter {

namespace {

std::string today() {
  const std::time_t now =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[16];
  (void)std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}

/// The device file of the program for such a GPU, if there is one.
Result<std::optional<DeviceSpec>> replaced(const CalibrateOptions &options,
                                           const cuda::GpuFacts &facts) {
  if (!options.replace.empty()) {
    SINTER_ASSIGN(DeviceSpec device, resolveDevice(options.replace));
    return std::optional(std::move(device));
  }
  for (const std::string &name : deviceNames()) {
    SINTER_ASSIGN(DeviceSpec device, resolveDevice(name));
    // "NVIDIA H200" is the beginning of "NVIDIA H200 SXM 141 GB".
    if (device.title.starts_with(facts.name)) {
      return std::optional(std::move(device));
    }
  }
  return std::optional<DeviceSpec>();
}

Status prepare(const CalibrateOptions &options) {
  SINTER_ASSIGN(std::shared_ptr<const cuda::Nvrtc> nvrtc, cuda::Nvrtc::open());
  const std::vector<KernelSource> kernels = probeSources({});
  Progress progress("kernel");
  SINTER_TRY(writeKernelKit(
      options.prepare, kernels, *nvrtc, options.arch,
      [&](size_t done, size_t total) { progress.at(done + 1, total); }));
  note(options.prepare + ": " + std::to_string(kernels.size()) +
       " kernels for " + options.arch);
  return Status::success();
}

} // namespace

Status runCommand(const CalibrateOptions &options) {
  if (!options.prepare.empty()) {
    return prepare(options);
  }
  SINTER_ASSIGN(std::shared_ptr<const cuda::DriverApi> api, cuda::openDriver());
  SINTER_ASSIGN(std::unique_ptr<cuda::CudaDevice> device,
                cuda::CudaDevice::create(api, {}));
  SINTER_ASSIGN(std::optional<DeviceSpec> before,
                replaced(options, device->facts()));

  CalibrationRequest request;
  request.sizes = sizesFor(device->facts());
  request.binaries = options.binaries;
  request.shapes = options.shapes;
  request.date = today();
  const std::string uuid = device->facts().uuid;
  request.state = [uuid] { return cuda::readGpuState(uuid); };
  request.note = [](const std::string &text) { note(text); };
  SINTER_ASSIGN(Calibration calibration,
                calibrate(*device, request, before ? &*before : nullptr));

  SINTER_TRY(writeFile(options.output, writeDeviceSpec(calibration.made.spec)));
  Table table = changeTable(calibration.made.changes);
  table.notes = {"device: " + device->describe(),
                 before ? "before: " + before->name + ", " + before->title
                        : std::string("before: no device file for this GPU"),
                 "written: " + options.output};
  for (const CurvePoint &point : calibration.findings.measured.curve) {
    char text[160];
    std::snprintf(text, sizeof text, "%-10s %6.2f MB %8.3f us %6.0f GB/s  ",
                  point.edge.c_str(), static_cast<double>(point.bytes) / 1e6,
                  point.microseconds,
                  1e-3 * static_cast<double>(point.bytes) / point.microseconds);
    table.notes.push_back("burst: " + std::string(text) + point.reader);
  }
  for (const Trip &trip : calibration.findings.measured.trips) {
    char text[200];
    std::snprintf(text, sizeof text,
                  "%.0f ns (10th to 90th percentile of phases %.0f to %.0f), "
                  "slowest block %.0f; a phase %.3f us, without it %.3f us; "
                  "requested before: ",
                  trip.trip.median, trip.trip.p10, trip.trip.p90, trip.slowest,
                  trip.phase, trip.apart);
    table.notes.push_back("exchange: " + std::string(text) + trip.beside);
  }
  SINTER_TRY(writeOut(printTable(table, options.format)));
  return calibration.failure ? Status(std::move(*calibration.failure))
                             : Status::success();
}

} // namespace sinter
