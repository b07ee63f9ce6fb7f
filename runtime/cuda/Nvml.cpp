//===- Nvml.cpp - Driver version and clocks of a GPU ----------------------===//

#include "runtime/cuda/Nvml.h"

#include <array>
#include <dlfcn.h>
#include <memory>

namespace sinter::cuda {

namespace {

using NvmlDevice = struct OpaqueNvmlDevice *;

/// Clock domains of NVML.
constexpr int smClock = 1;
constexpr int memoryClock = 2;

struct Close {
  void operator()(void *library) const { dlclose(library); }
};

template <typename Function>
Function *symbol(void *library, const char *name) {
  return reinterpret_cast<Function *>(dlsym(library, name));
}

} // namespace

std::optional<GpuState> readGpuState(const std::string &uuid) {
  std::unique_ptr<void, Close> library(
      dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL));
  if (!library) {
    return std::nullopt;
  }
  auto *init = symbol<int()>(library.get(), "nvmlInit_v2");
  auto *shutdown = symbol<int()>(library.get(), "nvmlShutdown");
  auto *version = symbol<int(char *, unsigned)>(library.get(),
                                                "nvmlSystemGetDriverVersion");
  auto *find = symbol<int(const char *, NvmlDevice *)>(
      library.get(), "nvmlDeviceGetHandleByUUID");
  auto *clock = symbol<int(NvmlDevice, int, unsigned *)>(
      library.get(), "nvmlDeviceGetClockInfo");
  if (!init || !shutdown || !version || !find || !clock || init() != 0) {
    return std::nullopt;
  }
  GpuState state;
  std::array<char, 96> text{};
  NvmlDevice device = nullptr;
  const bool known =
      version(text.data(), static_cast<unsigned>(text.size())) == 0 &&
      find(uuid.c_str(), &device) == 0 &&
      clock(device, smClock, &state.smMegahertz) == 0 &&
      clock(device, memoryClock, &state.memoryMegahertz) == 0;
  state.driver = text.data();
  (void)shutdown();
  return known ? std::optional(state) : std::nullopt;
}

} // namespace sinter::cuda
