//===- PlanEngine.cpp - Decode steps by generated kernels -----------------===//

#include "tools/PlanEngine.h"

#include "runtime/OpenDevice.h"
#include "runtime/format/Bindings.h"
#include "tools/Console.h"

#include <bit>

namespace sinter {

namespace {

template <typename T>
std::span<const std::byte> bytesOf(const T &value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

} // namespace

Result<size_t> decodeEntry(const format::Plan &plan, bool severalSequences) {
  Error error{ErrorCode::NotADecodeStep, "plan",
              severalSequences
                  ? "a decode entry of one token a sequence, ids and positions "
                    "in, token and logits out"
                  : "a decode entry of one sequence and one token, ids and "
                    "positions in, token and logits out",
              "no such entry",
              severalSequences
                  ? "compile the plan again"
                  : "compile with --batch 1 to run text, or run --prompt-file"};
  for (size_t i = 0; i < plan.entries.size(); ++i) {
    const format::Entry &entry = plan.entries[i];
    if (entry.workload.phase != "decode") {
      continue;
    }
    if ((severalSequences || entry.workload.batch == 1) &&
        entry.workload.tokens == 1 &&
        !format::boundValue(entry.inputs, "ids").empty() &&
        !format::boundValue(entry.inputs, "positions").empty() &&
        !format::boundValue(entry.outputs, "token").empty() &&
        !format::boundValue(entry.outputs, "logits").empty()) {
      return i;
    }
    error.found = "batch " + std::to_string(entry.workload.batch) +
                  ", tokens " + std::to_string(entry.workload.tokens) + ", " +
                  std::to_string(entry.inputs.size()) + " inputs, " +
                  std::to_string(entry.outputs.size()) + " outputs";
  }
  return error;
}

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
  SINTER_ASSIGN(engine->entryIndex,
                decodeEntry(artifact.plan, /*severalSequences=*/false));
  SINTER_ASSIGN(engine->session,
                Session::prepare(artifact, weights, *engine->device));
  // Entries of other contexts share these values.
  const format::Entry &entry = engine->entry();
  engine->ids = format::boundValue(entry.inputs, "ids");
  engine->positions = format::boundValue(entry.inputs, "positions");
  engine->token = format::boundValue(entry.outputs, "token");
  engine->logitsValue = format::boundValue(entry.outputs, "logits");
  if (entry.advance) {
    SINTER_ASSIGN(engine->loop,
                  TokenLoop::create(*engine->session, engine->entryIndex));
  }
  SINTER_ASSIGN(engine->feed,
                PromptFeed::create(*engine->session, engine->entryIndex));
  return engine;
}

Result<int32_t> PlanEngine::step(int32_t id, uint32_t position) {
  auto at = static_cast<int32_t>(position);
  SINTER_TRY(session->write(ids, bytesOf(id)));
  SINTER_TRY(session->write(positions, bytesOf(at)));
  SINTER_TRY(session->run(session->entryFor(entryIndex, position), hook));
  return readToken();
}

Result<int32_t> PlanEngine::prompt(std::span<const int32_t> prompted,
                                   uint32_t position) {
  SINTER_TRY(feed->feed(prompted, position));
  return readToken();
}

Result<int32_t> PlanEngine::readToken() {
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
