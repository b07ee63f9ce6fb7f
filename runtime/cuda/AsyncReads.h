//===- AsyncReads.h - Reads beside the work of a stream ---------*- C++ -*-===//
//
// A second stream copies into pinned memory once the first has got there; the
// first does not wait for it.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_ASYNCREADS_H
#define SINTER_RUNTIME_CUDA_ASYNCREADS_H

#include "runtime/Device.h"
#include "runtime/cuda/DriverApi.h"

#include <memory>
#include <vector>

namespace sinter::cuda {

class AsyncReads {
public:
  /// SIN3205. `api` outlives it.
  static Result<std::unique_ptr<AsyncReads>> open(const DriverApi &api);
  ~AsyncReads();
  AsyncReads(const AsyncReads &) = delete;
  AsyncReads &operator=(const AsyncReads &) = delete;

  /// As Device::startRead, of what `stream` leaves. SIN3205, SIN3206.
  Result<ReadId> start(driver::Pointer from, uint64_t bytes,
                       driver::Stream stream);
  Status finish(ReadId read, std::span<std::byte> into);

private:
  struct Slot {
    OwnedHostMemory memory;
    OwnedEvent given;  ///< the work that the read sees is done
    OwnedEvent copied; ///< the read is done
    uint64_t bytes = 0;
    bool busy = false;
  };
  explicit AsyncReads(const DriverApi &api) : api(api), copies(api) {}
  Result<size_t> freeSlot(uint64_t bytes);

  const DriverApi &api;
  OwnedStream copies;
  std::vector<Slot> slots;
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_ASYNCREADS_H
