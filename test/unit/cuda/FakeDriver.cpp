//===- FakeDriver.cpp - A driver without a GPU ----------------------------===//

#include "test/unit/cuda/FakeDriver.h"

#include "runtime/host/HostKernel.h"
#include "runtime/host/WorkerPool.h"

#include <algorithm>
#include <cstring>

namespace sinter::cuda::test {

using namespace driver;

static FakeDriver *theDriver = nullptr;

FakeDriver::FakeDriver() { theDriver = this; }
FakeDriver::~FakeDriver() { theDriver = nullptr; }
FakeDriver &FakeDriver::current() { return *theDriver; }

Result<std::unique_ptr<CudaDevice>> FakeDriver::open() {
  CudaOptions options;
  options.compile = [this](const KernelSource &source,
                           const std::string &arch) -> Result<std::string> {
    compiled.push_back(source.symbol + " " + arch);
    kernels[source.symbol].source = source;
    return "image of " + source.symbol;
  };
  options.library = openFakeCublasLt;
  options.note = [this](const std::string &text) { notes.push_back(text); };
  SINTER_ASSIGN(std::shared_ptr<const DriverApi> api,
                startDriver(table(), nullptr));
  return CudaDevice::create(std::move(api), std::move(options));
}

void FakeDriver::execute(const std::string &cacheDirectory) {
  struct Host {
    host::KernelCache cache;
    std::unique_ptr<host::WorkerPool> pool;
    std::map<std::string, host::HostKernel> built;
  };
  auto cache = host::KernelCache::open(cacheDirectory);
  auto pool = host::WorkerPool::create(2);
  if (!cache || !pool) {
    misuse("no host device to run kernels");
    return;
  }
  auto host =
      std::make_shared<Host>(Host{std::move(*cache), std::move(*pool), {}});
  anyKernel = [this, host](const std::string &symbol, const LaunchShape &shape,
                           const std::vector<void *> &pointers) -> Status {
    const KernelSource &source = kernels.at(symbol).source;
    if (!host->built.contains(symbol)) {
      SINTER_ASSIGN(std::vector<host::HostKernel> list,
                    host::buildKernels(std::span(&source, 1), host->cache,
                                       /*checked=*/false, 2, {}));
      host->built.emplace(symbol, std::move(list.front()));
    }
    std::vector<SinterBuffer> buffers;
    for (size_t i = 0; i < pointers.size(); ++i) {
      SinterBuffer buffer{};
      buffer.data = static_cast<unsigned char *>(pointers[i]);
      buffer.count = source.params[i].count;
      buffer.index = static_cast<uint32_t>(i);
      buffers.push_back(buffer);
    }
    host::LaunchContext context;
    context.entry = host->built.at(symbol).entry;
    context.kernel = &source.symbol;
    context.text = &source.text;
    context.gridX = shape.gridX;
    context.gridY = shape.gridY;
    context.blockSize = shape.blockSize;
    context.sharedBytes = static_cast<uint32_t>(shape.sharedBytes);
    context.arguments = buffers.data();
    return host->pool->run(context);
  };
}

size_t FakeDriver::alive() const {
  return handles.size() + allocations.size() + pinned.size() +
         static_cast<size_t>(contexts);
}

size_t FakeDriver::count(const std::string &call) const {
  return static_cast<size_t>(std::count(calls.begin(), calls.end(), call));
}

Code FakeDriver::enter(const char *member) {
  calls.emplace_back(member);
  if (calls.size() - 1 != failAt) {
    return success;
  }
  aliveAtFailure = alive();
  return failCode;
}

std::byte *FakeDriver::memory(Pointer pointer, size_t bytes) {
  auto after = allocations.upper_bound(pointer);
  if (after != allocations.begin()) {
    auto &[start, data] = *std::prev(after);
    if (pointer - start <= data.size() &&
        bytes <= data.size() - (pointer - start)) {
      return std::bit_cast<std::byte *>(pointer);
    }
  }
  misuse("a pointer into nothing");
  return nullptr;
}

void FakeDriver::drain(size_t until) {
  while (!queue.empty() && queued < until) {
    auto work = std::move(queue.front());
    queue.pop_front();
    ++queued;
    work();
  }
}

void FakeDriver::perform(const FakeLaunch &launch) {
  launches.push_back(launch);
  clock += launchTime ? launchTime(launch) : 1000;
  const KernelSource &source = kernels.at(launch.symbol).source;
  std::vector<void *> pointers;
  for (size_t i = 0; i < launch.pointers.size(); ++i) {
    const format::Param &param = source.params[i];
    std::byte *data =
        memory(launch.pointers[i], param.count * dtypeBytes(param.dtype));
    if (data == nullptr) {
      return;
    }
    pointers.push_back(data);
  }
  if (anyKernel) {
    if (Status status = anyKernel(launch.symbol, launch.shape, pointers);
        !status) {
      misuse(status.error().message());
    }
  }
}

} // namespace sinter::cuda::test
