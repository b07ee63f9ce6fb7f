//===- AsyncReads.cpp - Reads beside the work of a stream -----------------===//

#include "runtime/cuda/AsyncReads.h"

#include <cstring>

namespace sinter::cuda {

static constexpr const char *object = "reads beside the work of the GPU";

Result<std::unique_ptr<AsyncReads>> AsyncReads::open(const DriverApi &api) {
  std::unique_ptr<AsyncReads> reads(new AsyncReads(api));
  SINTER_CUDA(api, object, streamCreate, reads->copies.out(),
              driver::streamNonBlocking);
  return reads;
}

AsyncReads::~AsyncReads() {
  if (copies.get() != nullptr) {
    (void)api->streamSynchronize(copies.get());
  }
}

Result<size_t> AsyncReads::freeSlot(uint64_t bytes) {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].busy && slots[i].bytes >= bytes) {
      return i;
    }
  }
  Slot slot{OwnedHostMemory(api), OwnedEvent(api), OwnedEvent(api), bytes};
  SINTER_CUDA(api, object, hostAllocate, slot.memory.out(), bytes, 0);
  SINTER_CUDA(api, object, eventCreate, slot.given.out(), driver::eventUntimed);
  SINTER_CUDA(api, object, eventCreate, slot.copied.out(),
              driver::eventUntimed);
  slots.push_back(std::move(slot));
  return slots.size() - 1;
}

Result<ReadId> AsyncReads::start(driver::Pointer from, uint64_t bytes,
                                 driver::Stream stream) {
  SINTER_ASSIGN(size_t index, freeSlot(bytes));
  Slot &slot = slots[index];
  SINTER_CUDA(api, object, eventRecord, slot.given.get(), stream);
  SINTER_CUDA(api, object, streamWait, copies.get(), slot.given.get(), 0);
  SINTER_CUDA(api, object, copyToHost, slot.memory.get(), from, bytes,
              copies.get());
  SINTER_CUDA(api, object, eventRecord, slot.copied.get(), copies.get());
  slot.busy = true;
  return ReadId{static_cast<uint32_t>(index)};
}

Status AsyncReads::finish(ReadId read, std::span<std::byte> into) {
  Slot &slot = slots[read.index];
  slot.busy = false;
  SINTER_CUDA(api, object, eventSynchronize, slot.copied.get());
  if (!into.empty()) {
    std::memcpy(into.data(), slot.memory.get(), into.size());
  }
  return Status::success();
}

} // namespace sinter::cuda
