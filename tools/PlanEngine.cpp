//===- PlanEngine.cpp - Decode steps by generated kernels -----------------===//

#include "tools/PlanEngine.h"

#include "runtime/OpenDevice.h"
#include "tools/Console.h"

#include <bit>

namespace sinter {

namespace {

template <typename T>
std::span<const std::byte> bytesOf(const T &value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

/// The value bound to `name`; empty if there is none.
std::string bound(const std::vector<format::Binding> &bindings,
                  std::string_view name) {
  for (const format::Binding &binding : bindings) {
    if (binding.name == name) {
      return binding.value;
    }
  }
  return "";
}

/// The first decode step of one sequence, which the loop can feed.
Result<size_t> decodeEntry(const format::Plan &plan) {
  Error error{ErrorCode::NotADecodeStep, "plan",
              "a decode entry of one sequence and one token, ids and "
              "positions in, token and logits out",
              "no such entry", "compile with --batch 1 to run text"};
  for (size_t i = 0; i < plan.entries.size(); ++i) {
    const format::Entry &entry = plan.entries[i];
    if (entry.workload.phase != "decode") {
      continue;
    }
    if (entry.workload.batch == 1 && entry.workload.tokens == 1 &&
        !bound(entry.inputs, "ids").empty() &&
        !bound(entry.inputs, "positions").empty() &&
        !bound(entry.outputs, "token").empty() &&
        !bound(entry.outputs, "logits").empty()) {
      return i;
    }
    error.found = "batch " + std::to_string(entry.workload.batch) +
                  ", tokens " + std::to_string(entry.workload.tokens) + ", " +
                  std::to_string(entry.inputs.size()) + " inputs, " +
                  std::to_string(entry.outputs.size()) + " outputs";
  }
  return error;
}

} // namespace

std::vector<float> widenBf16(std::span<const uint16_t> bits) {
  std::vector<float> values;
  values.reserve(bits.size());
  for (uint16_t half : bits) {
    values.push_back(std::bit_cast<float>(uint32_t{half} << 16));
  }
  return values;
}

Result<std::unique_ptr<Device>>
chooseDevice(const std::optional<DeviceKind> &kind, bool unchecked) {
  host::HostOptions options;
  options.checked = !unchecked;
  auto progress = std::make_shared<Progress>("kernel");
  options.progress = [progress](uint64_t done, uint64_t total) {
    progress->at(done, total);
  };
  cuda::CudaOptions cudaOptions;
  cudaOptions.progress = options.progress;
  cudaOptions.note = note;
  SINTER_ASSIGN(std::unique_ptr<Device> device,
                openDevice(kind == DeviceKind::Cuda ? "cuda" : "host",
                           std::move(options), std::move(cudaOptions)));
  note("device: " + device->name() +
       (kind ? "" : " (the default; --device says otherwise)"));
  return device;
}

Result<std::unique_ptr<PlanEngine>>
PlanEngine::create(const PlanArtifact &artifact, const WeightSource &weights,
                   std::unique_ptr<Device> device) {
  std::unique_ptr<PlanEngine> engine(new PlanEngine());
  engine->device = std::move(device);
  SINTER_ASSIGN(engine->entryIndex, decodeEntry(artifact.plan));
  SINTER_ASSIGN(engine->session,
                Session::prepare(artifact, weights, *engine->device));
  // Entries of other contexts share these values.
  const format::Entry &entry = engine->entry();
  engine->ids = bound(entry.inputs, "ids");
  engine->positions = bound(entry.inputs, "positions");
  engine->token = bound(entry.outputs, "token");
  engine->logitsValue = bound(entry.outputs, "logits");
  if (entry.advance) {
    SINTER_ASSIGN(engine->loop,
                  TokenLoop::create(*engine->session, engine->entryIndex));
  }
  return engine;
}

Result<int32_t> PlanEngine::step(int32_t id, uint32_t position) {
  auto at = static_cast<int32_t>(position);
  SINTER_TRY(session->write(ids, bytesOf(id)));
  SINTER_TRY(session->write(positions, bytesOf(at)));
  SINTER_TRY(session->run(session->entryFor(entryIndex, position), hook));
  int32_t chosen = 0;
  SINTER_TRY(session->read(
      token, std::as_writable_bytes(std::span<int32_t, 1>(&chosen, 1))));
  return chosen;
}

Result<std::vector<float>> PlanEngine::logits() {
  std::vector<uint16_t> bits(vocabSize());
  SINTER_TRY(
      session->read(logitsValue, std::as_writable_bytes(std::span(bits))));
  return widenBf16(bits);
}

} // namespace sinter
