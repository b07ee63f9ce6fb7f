//===- Staging.cpp - Pinned memory on the way to the GPU ------------------===//

#include "runtime/cuda/Staging.h"

namespace sinter::cuda {

static constexpr const char *object = "pinned memory for copies to the GPU";

Status Staging::grow(Slot &slot, uint64_t bytes) {
  if (slot.copied.get() == nullptr) {
    OwnedEvent event(api);
    SINTER_CUDA(api, object, eventCreate, event.out(), driver::eventUntimed);
    slot.copied = std::move(event);
  }
  slot.memory = OwnedHostMemory(api);
  slot.bytes = 0;
  SINTER_CUDA(api, object, hostAllocate, slot.memory.out(), bytes, 0);
  slot.bytes = bytes;
  return Status::success();
}

Result<std::span<std::byte>> Staging::take(uint64_t bytes) {
  current = (current + 1) % slots.size();
  Slot &slot = slots[current];
  if (slot.busy) {
    SINTER_CUDA(api, object, eventSynchronize, slot.copied.get());
    slot.busy = false;
  }
  if (slot.bytes < bytes) {
    SINTER_TRY(grow(slot, bytes));
  }
  return std::span(static_cast<std::byte *>(slot.memory.get()), bytes);
}

Status Staging::send(driver::Pointer to, uint64_t bytes) {
  Slot &slot = slots[current];
  SINTER_CUDA(api, object, copyToDevice, to, slot.memory.get(), bytes, stream);
  SINTER_CUDA(api, object, eventRecord, slot.copied.get(), stream);
  slot.busy = true;
  return Status::success();
}

} // namespace sinter::cuda
