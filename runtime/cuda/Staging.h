//===- Staging.h - Pinned memory on the way to the GPU ----------*- C++ -*-===//
//
// A ring: the CPU fills one slot while the GPU still copies from others. Slots
// grow to the largest piece seen and then stay.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_STAGING_H
#define SINTER_RUNTIME_CUDA_STAGING_H

#include "runtime/cuda/DriverApi.h"

#include <array>
#include <span>

namespace sinter::cuda {

class Staging {
public:
  Staging(const DriverApi &api, driver::Stream stream)
      : api(api), stream(stream) {}

  /// Memory to fill; waits for the copy that last used it. SIN3205, SIN3206.
  Result<std::span<std::byte>> take(uint64_t bytes);
  /// Starts the copy of what was taken last. SIN3205.
  Status send(driver::Pointer to, uint64_t bytes);

private:
  struct Slot {
    OwnedHostMemory memory;
    OwnedEvent copied;
    uint64_t bytes = 0;
    bool busy = false;
  };
  Status grow(Slot &slot, uint64_t bytes);

  const DriverApi &api;
  driver::Stream stream;
  std::array<Slot, 4> slots;
  size_t current = 0;
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_STAGING_H
