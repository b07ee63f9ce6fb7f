//===- FakeTable.cpp - The functions of a driver's double -----------------===//

#include "test/unit/cuda/FakeDriver.h"

#include <algorithm>
#include <cstring>

namespace sinter::cuda::test {

using namespace driver;

namespace {

Code init(unsigned) {
  ENTER(init);
  return success;
}
Code driverVersion(int *version) {
  ENTER(driverVersion);
  *version = fake().version;
  return success;
}
Code errorName(Code code, const char **text) {
  *text = code == outOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
  return success;
}
Code errorString(Code, const char **text) {
  *text = "as the test wants";
  return success;
}
Code deviceCount(int *count) {
  ENTER(deviceCount);
  *count = fake().devices;
  return success;
}
Code deviceGet(DeviceNumber *device, int ordinal) {
  ENTER(deviceGet);
  *device = ordinal;
  return success;
}
Code deviceName(char *name, int length, DeviceNumber) {
  ENTER(deviceName);
  std::strncpy(name, "Fake GPU", static_cast<size_t>(length));
  return success;
}
Code deviceUuid(Uuid *uuid, DeviceNumber) {
  ENTER(deviceUuid);
  for (size_t i = 0; i < sizeof uuid->bytes; ++i) {
    uuid->bytes[i] = static_cast<char>(0xF0 + i);
  }
  return success;
}
Code deviceAttribute(int *value, DeviceAttribute attribute, DeviceNumber) {
  ENTER(deviceAttribute);
  const FakeDriver &gpu = fake();
  switch (attribute) {
  case MultiprocessorCount:
    *value = gpu.multiprocessors;
    break;
  case L2CacheBytes:
    *value = gpu.l2Bytes;
    break;
  case CapabilityMajor:
    *value = gpu.major;
    break;
  case CapabilityMinor:
    *value = gpu.minor;
    break;
  case CooperativeLaunch:
    *value = 1;
    break;
  case MaxSharedBytesPerBlock:
    *value = gpu.sharedBytes;
    break;
  case ThreadsPerBlock:
    *value = 1024;
    break;
  case WarpThreads:
    *value = 32;
    break;
  case MemoryKilohertz:
    *value = 3201000;
    break;
  case MemoryBusBits:
    *value = 6144;
    break;
  case ThreadsPerMultiprocessor:
    *value = 2048;
    break;
  case SharedBytesPerMultiprocessor:
    *value = gpu.sharedBytes + 1024;
    break;
  case RegistersPerMultiprocessor:
    *value = 65536;
    break;
  case BlocksPerMultiprocessor:
    *value = 32;
    break;
  case ReservedSharedBytesPerBlock:
    *value = 1024;
    break;
  }
  return success;
}
Code contextRetain(Context *context, DeviceNumber) {
  ENTER(contextRetain);
  ++fake().contexts;
  *context = std::bit_cast<Context>(uintptr_t{8});
  return success;
}
Code contextRelease(DeviceNumber) {
  (void)fake().enter("contextRelease");
  --fake().contexts;
  return success;
}
Code contextSetCurrent(Context) {
  ENTER(contextSetCurrent);
  return success;
}
Code memoryInfo(size_t *free, size_t *total) {
  ENTER(memoryInfo);
  *free = fake().freeBytes;
  *total = 80ull << 30;
  return success;
}
Code memoryAllocate(Pointer *pointer, size_t bytes) {
  ENTER(memoryAllocate);
  if (bytes == 0) {
    return 1;
  }
  // New memory holds anything.
  std::vector<std::byte> memory(bytes, std::byte{0xEE});
  *pointer = reinterpret_cast<Pointer>(memory.data());
  fake().allocations.emplace(*pointer, std::move(memory));
  return success;
}
Code memoryFree(Pointer pointer) {
  (void)fake().enter("memoryFree");
  fake().drain();
  if (fake().allocations.erase(pointer) == 0) {
    fake().misuse("memory freed that is not allocated");
  }
  return success;
}
Code hostAllocate(void **pointer, size_t bytes, unsigned) {
  ENTER(hostAllocate);
  std::vector<std::byte> memory(bytes);
  *pointer = memory.data();
  fake().pinned.emplace(*pointer, std::move(memory));
  return success;
}
Code hostFree(void *pointer) {
  (void)fake().enter("hostFree");
  fake().drain();
  if (fake().pinned.erase(pointer) == 0) {
    fake().misuse("pinned memory freed that is not allocated");
  }
  return success;
}

/// Runs when the queue gets there, and sees then what the host left.
Code copyToDevice(Pointer to, const void *from, size_t bytes, Stream stream) {
  ENTER(copyToDevice);
  fake().isAlive(stream, "stream");
  std::byte *target = fake().memory(to, bytes);
  if (target != nullptr) {
    fake().enqueue([=] { std::memcpy(target, from, bytes); });
  }
  return success;
}
Code copyToHost(void *to, Pointer from, size_t bytes, Stream stream) {
  ENTER(copyToHost);
  fake().isAlive(stream, "stream");
  for (const auto &[other, place] : fake().launchedOn) {
    if (other != stream && fake().waitedOn[stream] < place) {
      fake().misuse("a read that may overtake the work of another stream");
    }
  }
  if (const std::byte *source = fake().memory(from, bytes)) {
    fake().enqueue([=] { std::memcpy(to, source, bytes); });
  }
  return success;
}
Code copyOnDevice(Pointer to, Pointer from, size_t bytes, Stream stream) {
  ENTER(copyOnDevice);
  fake().isAlive(stream, "stream");
  std::byte *target = fake().memory(to, bytes);
  const std::byte *source = fake().memory(from, bytes);
  if (target != nullptr && source != nullptr) {
    fake().enqueue([=] { std::memcpy(target, source, bytes); });
  }
  return success;
}
Code fill(Pointer to, unsigned char value, size_t bytes, Stream stream) {
  ENTER(fill);
  fake().isAlive(stream, "stream");
  if (std::byte *target = fake().memory(to, bytes)) {
    fake().enqueue([=] { std::memset(target, value, bytes); });
  }
  return success;
}

Code moduleLoad(Module *module, const void *image) {
  ENTER(moduleLoad);
  const std::string text = static_cast<const char *>(image);
  if (!text.starts_with("image of ")) {
    return invalidImage;
  }
  *module = fake().make<Module>("module");
  auto function = std::bit_cast<void *>(std::bit_cast<uintptr_t>(*module) + 1);
  fake().functions[function] = text.substr(9);
  fake().functionsOf[*module] = {function};
  return success;
}
Code moduleUnload(Module module) {
  (void)fake().enter("moduleUnload");
  fake().drain();
  fake().drop(module, "module");
  for (void *function : fake().functionsOf[module]) {
    fake().functions.erase(function);
  }
  return success;
}
Code moduleFunction(Function *function, Module module, const char *name) {
  ENTER(moduleFunction);
  fake().isAlive(module, "module");
  for (void *each : fake().functionsOf[module]) {
    if (fake().functions[each] == name) {
      *function = static_cast<Function>(each);
      return success;
    }
  }
  return 500;
}
Code functionSet(Function function, FunctionAttribute attribute, int value) {
  ENTER(functionSet);
  if (attribute != MaxDynamicShared || value > fake().sharedBytes) {
    return 1;
  }
  fake().allowedShared[function] = value;
  return success;
}
Code occupancy(int *blocks, Function, int, size_t) {
  ENTER(occupancy);
  *blocks = fake().blocksPerMultiprocessor;
  return success;
}

Code streamCreate(Stream *stream, unsigned flags) {
  ENTER(streamCreate);
  if (flags != streamNonBlocking) {
    fake().misuse("a stream that waits for the default stream");
  }
  *stream = fake().make<Stream>("stream");
  return success;
}
Code streamDestroy(Stream stream) {
  (void)fake().enter("streamDestroy");
  fake().drop(stream, "stream");
  // Done or given up by now: nothing of it can be overtaken.
  if (fake().queue.empty()) {
    fake().launchedOn.erase(stream);
  }
  return success;
}
Code streamSynchronize(Stream stream) {
  if (Code failure = fake().enter("streamSynchronize"); failure != success) {
    fake().abandon();
    return failure;
  }
  fake().isAlive(stream, "stream");
  fake().drain();
  return success;
}
Code streamWait(Stream stream, Event event, unsigned flags) {
  ENTER(streamWait);
  fake().isAlive(stream, "stream");
  fake().isAlive(event, "event");
  if (flags != 0) {
    fake().misuse("unknown flags");
  }
  fake().waitedOn[stream] = fake().recorded[event];
  return success;
}

Code eventCreate(Event *event, unsigned) {
  ENTER(eventCreate);
  *event = fake().make<Event>("event");
  return success;
}
Code eventDestroy(Event event) {
  (void)fake().enter("eventDestroy");
  fake().drop(event, "event");
  return success;
}
Code eventRecord(Event event, Stream stream) {
  ENTER(eventRecord);
  fake().isAlive(stream, "stream");
  fake().isAlive(event, "event");
  fake().enqueue([event] { fake().stamps[event] = fake().clock; });
  fake().recorded[event] = fake().place();
  return success;
}
Code eventSynchronize(Event event) {
  ENTER(eventSynchronize);
  fake().isAlive(event, "event");
  fake().drain(fake().recorded[event]);
  return success;
}
/// A launch takes a microsecond, unless the test says otherwise.
Code eventElapsed(float *milliseconds, Event start, Event end) {
  ENTER(eventElapsed);
  fake().isAlive(start, "event");
  fake().isAlive(end, "event");
  *milliseconds =
      static_cast<float>(1e-6 * (fake().stamps[end] - fake().stamps[start]));
  return success;
}

} // namespace

Table FakeDriver::table() {
  Table functions;
  fillGraphFunctions(functions);
  functions.init = init;
  functions.driverVersion = driverVersion;
  functions.errorName = errorName;
  functions.errorString = errorString;
  functions.deviceCount = deviceCount;
  functions.deviceGet = deviceGet;
  functions.deviceName = deviceName;
  functions.deviceUuid = deviceUuid;
  functions.deviceAttribute = deviceAttribute;
  functions.contextRetain = contextRetain;
  functions.contextRelease = contextRelease;
  functions.contextSetCurrent = contextSetCurrent;
  functions.memoryInfo = memoryInfo;
  functions.memoryAllocate = memoryAllocate;
  functions.memoryFree = memoryFree;
  functions.hostAllocate = hostAllocate;
  functions.hostFree = hostFree;
  functions.copyToDevice = copyToDevice;
  functions.copyToHost = copyToHost;
  functions.copyOnDevice = copyOnDevice;
  functions.fill = fill;
  functions.moduleLoad = moduleLoad;
  functions.moduleUnload = moduleUnload;
  functions.moduleFunction = moduleFunction;
  functions.functionSet = functionSet;
  functions.occupancy = occupancy;
  functions.streamCreate = streamCreate;
  functions.streamDestroy = streamDestroy;
  functions.streamSynchronize = streamSynchronize;
  functions.streamWait = streamWait;
  functions.eventCreate = eventCreate;
  functions.eventDestroy = eventDestroy;
  functions.eventRecord = eventRecord;
  functions.eventSynchronize = eventSynchronize;
  functions.eventElapsed = eventElapsed;
  return functions;
}

} // namespace sinter::cuda::test
