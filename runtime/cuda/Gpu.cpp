//===- Gpu.cpp - One GPU and its context ----------------------------------===//

#include "runtime/cuda/Gpu.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace sinter::cuda {

namespace {

constexpr const char *object = "GPU 0";

/// As NVIDIA's tools write it: GPU-8-4-4-4-12 hex digits.
std::string uuidText(const driver::Uuid &uuid) {
  std::string text = "GPU";
  for (size_t i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) {
      text += '-';
    }
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x",
                  static_cast<unsigned char>(uuid.bytes[i]));
    text += hex.data();
  }
  return text;
}

std::string gigabytes(uint64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f GB",
                static_cast<double>(bytes) / 1e9);
  return text.data();
}

} // namespace

std::string GpuFacts::arch() const {
  // From sm_90 on the suffix gives what only this architecture has.
  return "sm_" + std::to_string(10 * major + minor) + (major >= 9 ? "a" : "");
}

bool GpuFacts::runs(std::string_view other) const {
  if (!other.starts_with("sm_")) {
    return false;
  }
  other.remove_prefix(3);
  int capability = 0;
  auto [end, failure] =
      std::from_chars(other.data(), other.data() + other.size(), capability);
  if (failure != std::errc()) {
    return false;
  }
  if (end == other.data() + other.size()) {
    return capability / 10 == major && capability % 10 <= minor;
  }
  return other.ends_with("a") && capability == 10 * major + minor;
}

Result<std::unique_ptr<Gpu>> Gpu::open(std::shared_ptr<const DriverApi> api) {
  std::unique_ptr<Gpu> gpu(new Gpu(std::move(api)));
  const DriverApi &driver = gpu->api();
  SINTER_CUDA(driver, object, deviceGet, &gpu->number, 0);
  SINTER_TRY(gpu->readFacts());
  SINTER_CUDA(driver, object, contextRetain, &gpu->primary, gpu->number);
  SINTER_CUDA(driver, object, contextSetCurrent, gpu->primary);
  size_t free = 0;
  size_t total = 0;
  SINTER_CUDA(driver, object, memoryInfo, &free, &total);
  gpu->theFacts.memoryBytes = total;
  return gpu;
}

Gpu::~Gpu() {
  if (primary != nullptr) {
    (void)api()->contextSetCurrent(nullptr);
    (void)api()->contextRelease(number);
  }
}

Status Gpu::readFacts() {
  std::array<char, 256> name{};
  SINTER_CUDA(api(), object, deviceName, name.data(),
              static_cast<int>(name.size() - 1), number);
  theFacts.name = name.data();
  driver::Uuid uuid{};
  SINTER_CUDA(api(), object, deviceUuid, &uuid, number);
  theFacts.uuid = uuidText(uuid);
  const auto read = [&](int &into, driver::DeviceAttribute attribute) {
    return api().check(api()->deviceAttribute(&into, attribute, number),
                       "deviceAttribute", object);
  };
  int cooperative = 0;
  SINTER_TRY(read(theFacts.major, driver::CapabilityMajor));
  SINTER_TRY(read(theFacts.minor, driver::CapabilityMinor));
  SINTER_TRY(read(theFacts.multiprocessors, driver::MultiprocessorCount));
  SINTER_TRY(
      read(theFacts.sharedBytesPerBlock, driver::MaxSharedBytesPerBlock));
  SINTER_TRY(read(theFacts.l2Bytes, driver::L2CacheBytes));
  SINTER_TRY(read(cooperative, driver::CooperativeLaunch));
  theFacts.cooperative = cooperative != 0;
  SINTER_TRY(read(theFacts.warpThreads, driver::WarpThreads));
  SINTER_TRY(read(theFacts.threadsPerBlock, driver::ThreadsPerBlock));
  SINTER_TRY(read(theFacts.threadsPerSm, driver::ThreadsPerMultiprocessor));
  SINTER_TRY(read(theFacts.blocksPerSm, driver::BlocksPerMultiprocessor));
  SINTER_TRY(read(theFacts.registersPerSm, driver::RegistersPerMultiprocessor));
  SINTER_TRY(
      read(theFacts.sharedBytesPerSm, driver::SharedBytesPerMultiprocessor));
  SINTER_TRY(
      read(theFacts.sharedBytesReserved, driver::ReservedSharedBytesPerBlock));
  SINTER_TRY(read(theFacts.memoryKilohertz, driver::MemoryKilohertz));
  SINTER_TRY(read(theFacts.memoryBusBits, driver::MemoryBusBits));
  return Status::success();
}

Result<uint64_t> Gpu::freeBytes() const {
  size_t free = 0;
  size_t total = 0;
  SINTER_CUDA(api(), object, memoryInfo, &free, &total);
  return uint64_t{free};
}

Status Gpu::admit(const format::Requires &requirements,
                  const std::string &target) const {
  const auto lacks = [&](const std::string &wanted, const std::string &found) {
    return Error{ErrorCode::CudaWrongGpu, "plan for " + target, wanted,
                 theFacts.name + " with " + found,
                 "compile with --target for this GPU"};
  };
  const auto capability =
      static_cast<uint32_t>(10 * theFacts.major + theFacts.minor);
  if (capability < requirements.computeCapability) {
    return lacks("compute capability " +
                     std::to_string(requirements.computeCapability / 10) + "." +
                     std::to_string(requirements.computeCapability % 10),
                 std::to_string(theFacts.major) + "." +
                     std::to_string(theFacts.minor));
  }
  if (static_cast<uint64_t>(theFacts.sharedBytesPerBlock) <
      requirements.sharedBytes) {
    return lacks(std::to_string(requirements.sharedBytes) +
                     " bytes of shared memory per block",
                 std::to_string(theFacts.sharedBytesPerBlock));
  }
  if (requirements.cooperative && !theFacts.cooperative) {
    return lacks("cooperative launches", "none");
  }
  SINTER_ASSIGN(const uint64_t free, freeBytes());
  if (free < requirements.deviceBytes) {
    return Error{ErrorCode::CudaMemory, "plan for " + target,
                 gigabytes(requirements.deviceBytes) +
                     " for weights, caches and buffers",
                 gigabytes(free) + " free of " +
                     gigabytes(theFacts.memoryBytes) + " on " + theFacts.name,
                 "free memory of the GPU, or compile with a smaller "
                 "--max-context"};
  }
  return Status::success();
}

} // namespace sinter::cuda
