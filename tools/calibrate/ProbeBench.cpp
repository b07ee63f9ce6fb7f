//===- ProbeBench.cpp - Buffers and chains of probes ----------------------===//

#include "tools/calibrate/ProbeBench.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace sinter {

namespace {

constexpr uint64_t numberSlots = 256;
constexpr uint64_t slotBytes = 256;

template <typename T>
std::span<const std::byte> bytesOf(const std::vector<T> &numbers) {
  return std::as_bytes(std::span(numbers));
}

/// One cycle through `places` in an order that nothing predicts; each word
/// `stride` words apart says where the next one is.
void writeCycle(std::vector<uint32_t> &words, uint32_t places,
                uint32_t stride) {
  std::vector<uint32_t> order(places);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 random(1);
  std::shuffle(order.begin() + 1, order.end(), random);
  for (uint32_t i = 0; i < places; ++i) {
    words[size_t{order[i]} * stride] = order[(i + 1) % places] * stride;
  }
}

} // namespace

ProbeSizes ProbeBench::buffersOf(const CalibrationSizes &sizes) {
  ProbeSizes buffers;
  // Readers of whole tiles overshoot by a quarter at most.
  const uint64_t largest = sizes.phaseBytes.back();
  buffers.windowBytes = largest + largest / 4;
  buffers.arenaBytes = std::max(sizes.arenaBytes, buffers.windowBytes);
  return buffers;
}

Result<std::unique_ptr<ProbeBench>>
ProbeBench::create(Device &device, const CalibrationSizes &sizes, uint32_t sms,
                   std::span<const KernelSource> sources) {
  std::unique_ptr<ProbeBench> bench(new ProbeBench(device, sizes, sms));
  bench->buffers = buffersOf(sizes);
  SINTER_ASSIGN(std::vector<KernelId> ids, device.loadKernels(sources));
  for (size_t i = 0; i < ids.size(); ++i) {
    bench->kernels[sources[i].symbol] = ids[i];
  }
  // A window may begin anywhere in the arena.
  SINTER_ASSIGN(
      bench->arenaBuffer,
      device.allocate(bench->buffers.arenaBytes + bench->buffers.windowBytes,
                      "cold memory"));
  SINTER_ASSIGN(bench->chaseBuffer,
                device.allocate(bench->buffers.chaseBytes, "chase"));
  SINTER_ASSIGN(bench->sinkBuffer, device.allocate(1024, "sink"));
  SINTER_ASSIGN(bench->exchangeBuffer,
                device.allocate(2 * bench->buffers.exchangeBytes, "exchange"));
  SINTER_ASSIGN(bench->cyclesBuffer,
                device.allocate(uint64_t{4} * sizes.exchanges *
                                    bench->buffers.timedBlocks,
                                "cycles"));
  SINTER_ASSIGN(bench->numberBuffer,
                device.allocate(numberSlots * slotBytes, "numbers"));
  SINTER_TRY(bench->fill());
  return bench;
}

Status ProbeBench::fill() {
  // Random bits, so that no wire stays still.
  const uint64_t total = buffers.arenaBytes + buffers.windowBytes;
  std::vector<uint64_t> random(std::min<uint64_t>(32ull << 20, total) / 8);
  std::mt19937_64 generator(2);
  std::generate(random.begin(), random.end(), std::ref(generator));
  const uint64_t piece = random.size() * 8;
  SINTER_TRY(theDevice.upload(arenaBuffer, 0, bytesOf(random)));
  for (uint64_t at = piece; at < total; at += piece) {
    SINTER_TRY(theDevice.copy(arenaBuffer, 0, arenaBuffer, at,
                              std::min(piece, total - at)));
  }
  std::vector<uint32_t> chase(buffers.chaseBytes / 4);
  writeCycle(chase, static_cast<uint32_t>(chase.size() / 32), 32);
  SINTER_TRY(theDevice.upload(chaseBuffer, 0, bytesOf(chase)));
  SINTER_TRY(theDevice.zero(sinkBuffer, 0, 1024));
  SINTER_TRY(theDevice.zero(exchangeBuffer, 0, 2 * buffers.exchangeBytes));
  SINTER_TRY(theDevice.zero(
      cyclesBuffer, 0, uint64_t{4} * theSizes.exchanges * buffers.timedBlocks));
  SINTER_TRY(theDevice.zero(numberBuffer, 0, numberSlots * slotBytes));
  return theDevice.synchronize();
}

Argument ProbeBench::window(uint64_t offset) const {
  return {arenaBuffer, offset, buffers.windowBytes / 4};
}

Result<std::vector<std::vector<double>>>
ProbeBench::readCycles(std::span<const uint32_t> blocks) {
  std::vector<std::vector<double>> phases;
  std::vector<uint32_t> words(buffers.timedBlocks);
  for (size_t phase = 0; phase < blocks.size(); ++phase) {
    SINTER_TRY(theDevice.download(cyclesBuffer, cycles(phase).offset,
                                  std::as_writable_bytes(std::span(words))));
    const auto count = static_cast<std::ptrdiff_t>(
        std::min<uint64_t>(blocks[phase], words.size()));
    phases.emplace_back(words.begin(), words.begin() + count);
  }
  return phases;
}

Result<Argument> ProbeBench::number(int32_t value) {
  auto found = std::find(numbers.begin(), numbers.end(), value);
  const auto index =
      static_cast<uint64_t>(std::distance(numbers.begin(), found));
  if (found == numbers.end()) {
    if (index == numberSlots) {
      return Error{ErrorCode::Internal, "calibrate",
                   std::to_string(numberSlots) + " numbers at most", "more",
                   ""};
    }
    numbers.push_back(value);
    const std::vector<int32_t> one = {value};
    SINTER_TRY(theDevice.upload(numberBuffer, index * slotBytes, bytesOf(one)));
  }
  return Argument{numberBuffer, index * slotBytes, 1};
}

ProgramStep ProbeBench::launch(const std::string &symbol,
                               const LaunchShape &shape,
                               std::vector<Argument> arguments,
                               bool programmatic) const {
  ProgramStep step;
  step.kernel = kernels.at(symbol);
  step.shape = shape;
  step.arguments = std::move(arguments);
  step.programmatic = programmatic;
  return step;
}

Result<std::vector<double>> ProbeBench::time(std::span<const ProgramStep> steps,
                                             LaunchMode mode, uint32_t runs) {
  SINTER_ASSIGN(ProgramId program, theDevice.prepareProgram(steps, mode));
  SINTER_TRY(theDevice.run(program));
  SINTER_TRY(theDevice.synchronize());
  return theDevice.timeProgram(program, theSizes.samples, runs);
}

} // namespace sinter
