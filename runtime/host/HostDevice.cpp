//===- HostDevice.cpp - Printed kernels on the CPU ------------------------===//

#include "runtime/host/HostDevice.h"

#include "runtime/host/HostGemm.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>
#include <utility>

namespace sinter::host {

Result<std::unique_ptr<HostDevice>> HostDevice::create(HostOptions options) {
  if (options.threads == 0) {
    options.threads = std::max(std::thread::hardware_concurrency(), 1u);
  }
  options.threads = std::min(options.threads, 16u);
  if (options.cacheDirectory.empty()) {
    SINTER_ASSIGN(options.cacheDirectory, KernelCache::defaultDirectory());
  }
  std::unique_ptr<HostDevice> device(new HostDevice(std::move(options)));
  SINTER_ASSIGN(KernelCache cache,
                KernelCache::open(device->options.cacheDirectory));
  device->cache = std::make_unique<KernelCache>(std::move(cache));
  if (device->options.checked) {
    SINTER_ASSIGN(device->runner,
                  BlockRunner::create(&device->checker, device->options.seed));
  } else {
    SINTER_ASSIGN(device->pool, WorkerPool::create(device->options.threads));
  }
  return device;
}

std::string HostDevice::name() const {
  return options.checked ? "host" : "host unchecked";
}

Result<BufferId> HostDevice::allocate(uint64_t bytes, std::string label) {
  auto allocation = std::make_unique<Allocation>();
  SINTER_ASSIGN(allocation->pages, Pages::map(bytes, label));
  if (options.checked) {
    SINTER_ASSIGN(allocation->written,
                  WrittenMap::create(bytes, "write records of " + label));
  }
  allocation->label = std::move(label);
  allocation->bytes = bytes;
  allocations.push_back(std::move(allocation));
  return BufferId{static_cast<uint32_t>(allocations.size() - 1)};
}

Status HostDevice::checkRange(BufferId buffer, uint64_t offset,
                              uint64_t bytes) const {
  if (buffer.index >= allocations.size()) {
    return Error{ErrorCode::KernelArguments, "a buffer of the device",
                 "one of " + std::to_string(allocations.size()),
                 "number " + std::to_string(buffer.index), ""};
  }
  const Allocation &allocation = *allocations[buffer.index];
  if (offset > allocation.bytes || allocation.bytes - offset < bytes) {
    return Error{
        ErrorCode::KernelArguments, "buffer " + allocation.label,
        "a range in its " + std::to_string(allocation.bytes) + " bytes",
        std::to_string(bytes) + " bytes at " + std::to_string(offset), ""};
  }
  return Status::success();
}

Result<std::span<std::byte>> HostDevice::stage(BufferId buffer, uint64_t offset,
                                               uint64_t bytes) {
  SINTER_TRY(checkRange(buffer, offset, bytes));
  staged = buffer;
  stagedOffset = offset;
  stagedBytes = bytes;
  return std::span<std::byte>(allocations[buffer.index]->data() + offset,
                              bytes);
}

Status HostDevice::commit() {
  if (options.checked && staged.index < allocations.size()) {
    allocations[staged.index]->written.mark(stagedOffset, stagedBytes);
  }
  staged = BufferId();
  return Status::success();
}

Status HostDevice::upload(BufferId buffer, uint64_t offset,
                          std::span<const std::byte> bytes) {
  SINTER_ASSIGN(std::span<std::byte> to, stage(buffer, offset, bytes.size()));
  std::copy(bytes.begin(), bytes.end(), to.begin());
  return commit();
}

Status HostDevice::download(BufferId buffer, uint64_t offset,
                            std::span<std::byte> bytes) {
  SINTER_TRY(checkRange(buffer, offset, bytes.size()));
  const Allocation &allocation = *allocations[buffer.index];
  if (options.checked && !allocation.written.covers(offset, bytes.size())) {
    return Error{ErrorCode::KernelUnwrittenRead,
                 "download of " + allocation.label,
                 "memory that a kernel or an upload wrote",
                 "byte " +
                     std::to_string(allocation.written.firstUnwritten(
                         offset, bytes.size())) +
                     " that nobody wrote",
                 ""};
  }
  std::copy_n(allocation.data() + offset, bytes.size(), bytes.begin());
  return Status::success();
}

Status HostDevice::copy(BufferId from, uint64_t fromOffset, BufferId to,
                        uint64_t toOffset, uint64_t bytes) {
  SINTER_TRY(checkRange(from, fromOffset, bytes));
  SINTER_ASSIGN(std::span<std::byte> target, stage(to, toOffset, bytes));
  SINTER_TRY(download(from, fromOffset, target));
  return commit();
}

Status HostDevice::zero(BufferId buffer, uint64_t offset, uint64_t bytes) {
  SINTER_ASSIGN(std::span<std::byte> target, stage(buffer, offset, bytes));
  std::fill(target.begin(), target.end(), std::byte{0});
  return commit();
}

Result<std::vector<KernelId>>
HostDevice::loadKernels(std::span<const KernelSource> sources) {
  SINTER_ASSIGN(std::vector<HostKernel> built,
                buildKernels(sources, *cache, options.checked, options.threads,
                             options.progress));
  std::vector<KernelId> ids;
  for (HostKernel &kernel : built) {
    ids.push_back(KernelId{static_cast<uint32_t>(kernels.size())});
    kernels.push_back(std::move(kernel));
  }
  return ids;
}

Status HostDevice::checkShape(const HostKernel &kernel,
                              const LaunchShape &shape) const {
  const auto refuse = [&](ErrorCode code, std::string wanted, std::string found,
                          std::string remedy) {
    return Error{code, "launch of kernel '" + kernel.source.symbol + "'",
                 std::move(wanted), std::move(found), std::move(remedy)};
  };
  const uint32_t most = std::min(kernel.info->maxThreads, maxBlockSize);
  if (shape.blockSize == 0 || shape.blockSize % SINTER_WARP != 0 ||
      shape.blockSize > most) {
    return refuse(ErrorCode::KernelLaunchShape,
                  "a block of whole warps, at most " + std::to_string(most) +
                      " threads",
                  std::to_string(shape.blockSize), "change the block size");
  }
  // What every GPU since sm_80 takes.
  if (shape.gridX == 0 || shape.gridX > INT32_MAX || shape.gridY == 0 ||
      shape.gridY > 65535) {
    return refuse(ErrorCode::KernelLaunchShape,
                  "a grid of 1 to 2147483647 by 1 to 65535 blocks",
                  std::to_string(shape.gridX) + " by " +
                      std::to_string(shape.gridY),
                  "change the grid");
  }
  if (shape.sharedBytes > 232448) {
    return refuse(ErrorCode::KernelLaunchShape,
                  "at most 232448 bytes of shared memory",
                  std::to_string(shape.sharedBytes), "use less");
  }
  const uint64_t blocks = static_cast<uint64_t>(shape.gridX) * shape.gridY;
  if (shape.cooperative && options.residentBlocks != 0 &&
      blocks > options.residentBlocks) {
    return refuse(ErrorCode::KernelGridTooLarge,
                  "a cooperative grid of at most " +
                      std::to_string(options.residentBlocks) +
                      " resident blocks",
                  std::to_string(blocks),
                  "use fewer blocks: those beyond would never start");
  }
  return Status::success();
}

Status HostDevice::bind(const HostKernel &kernel,
                        std::span<const Argument> arguments, bool startsEarly) {
  const std::vector<format::Param> &params = kernel.source.params;
  const std::string object = "launch of kernel '" + kernel.source.symbol + "'";
  if (arguments.size() != params.size()) {
    return Error{ErrorCode::KernelArguments, object,
                 std::to_string(params.size()) + " arguments",
                 std::to_string(arguments.size()), ""};
  }
  std::vector<CheckedArgument> checkedArguments;
  buffers.clear();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = arguments[i];
    const format::Param &param = params[i];
    const uint64_t size = dtypeBytes(param.dtype);
    if (argument.count != param.count || argument.offset % size != 0) {
      return Error{ErrorCode::KernelArguments,
                   object + ", parameter '" + param.name + "'",
                   std::to_string(param.count) + " elements of " +
                       std::string(dtypeName(param.dtype)),
                   std::to_string(argument.count) + " at byte " +
                       std::to_string(argument.offset),
                   ""};
    }
    const uint64_t bytes = argument.count * size;
    SINTER_TRY(checkRange(argument.buffer, argument.offset, bytes));
    Allocation &allocation = *allocations[argument.buffer.index];
    SinterBuffer buffer{};
    buffer.data =
        reinterpret_cast<unsigned char *>(allocation.data()) + argument.offset;
    buffer.count = argument.count;
    buffer.index = static_cast<uint32_t>(i);
    buffers.push_back(buffer);
    if (options.checked) {
      CheckedArgument checked;
      checked.param = &param;
      checked.allocation = &allocation;
      checked.offset = argument.offset;
      checked.bytes = bytes;
      checkedArguments.push_back(checked);
    }
  }
  if (!options.checked) {
    return Status::success();
  }
  if (checker.launchNumbersEnd()) {
    checker.clearShadows(allocations);
  }
  SINTER_TRY(checker.startLaunch(kernel.source.symbol,
                                 std::move(checkedArguments), startsEarly));
  for (size_t i = 0; i < buffers.size(); ++i) {
    const CheckedArgument &checked = checker.arguments()[i];
    buffers[i].slow =
        checked.tracked || !checked.beforeWait.empty() ||
        !checked.behindWait.empty() ||
        !checked.allocation->written.covers(checked.offset, checked.bytes);
  }
  return Status::success();
}

Status HostDevice::launch(KernelId id, const LaunchShape &shape,
                          std::span<const Argument> arguments) {
  const bool startsEarly = std::exchange(early, false);
  if (id.index >= kernels.size()) {
    return Error{ErrorCode::KernelArguments, "a kernel of the device",
                 "one of " + std::to_string(kernels.size()),
                 "number " + std::to_string(id.index), ""};
  }
  HostKernel &kernel = kernels[id.index];
  SINTER_TRY(checkShape(kernel, shape));
  SINTER_TRY(bind(kernel, arguments, startsEarly));
  LaunchContext context;
  context.entry = kernel.entry;
  context.kernel = &kernel.source.symbol;
  context.text = &kernel.source.text;
  context.gridX = shape.gridX;
  context.gridY = shape.gridY;
  context.blockSize = shape.blockSize;
  context.sharedBytes = static_cast<uint32_t>(shape.sharedBytes);
  context.arguments = buffers.data();
  ++launchCount;
  ++kernel.counters.launches;
  return options.checked ? runChecked(kernel, context) : pool->run(context);
}

Result<ProgramId> HostDevice::prepareProgram(std::span<const ProgramStep> steps,
                                             LaunchMode mode) {
  std::vector<ProgramStep> &program = programs.emplace_back();
  program.assign(steps.begin(), steps.end());
  for (ProgramStep &step : program) {
    step.programmatic &= mode == LaunchMode::Pdl;
  }
  return ProgramId{static_cast<uint32_t>(programs.size() - 1)};
}

Status HostDevice::run(ProgramId program) {
  checker.startProgram();
  for (const ProgramStep &step : programs[program.index]) {
    early = step.programmatic;
    SINTER_TRY(runStep(step));
  }
  return Status::success();
}

Status HostDevice::runChecked(HostKernel &kernel,
                              const LaunchContext &context) {
  checker.resizeShared(context.sharedBytes);
  std::vector<uint32_t> order(static_cast<size_t>(context.gridX) *
                              context.gridY);
  std::iota(order.begin(), order.end(), 0u);
  if (options.seed != 0) {
    // The engine is specified to the bit; std::shuffle is not.
    std::mt19937_64 engine(options.seed + launchCount);
    for (size_t left = order.size(); left > 1; --left) {
      std::swap(order[left - 1], order[engine() % left]);
    }
  }
  Status status;
  for (uint32_t block : order) {
    checker.startBlock();
    status = runner->run(context, block % context.gridX, block / context.gridX);
    if (!status) {
      break;
    }
  }
  checker.endLaunch();
  for (size_t i = 0; i < buffers.size(); ++i) {
    kernel.counters.params[i].loaded += buffers[i].loaded;
    kernel.counters.params[i].stored += buffers[i].stored;
  }
  return status;
}

Status HostDevice::gemm(const format::Gemm &problem,
                        std::span<const Argument> arguments,
                        const Argument * /*workspace*/) {
  const auto refuse = [&](ErrorCode code, const char *operand,
                          std::string wanted, std::string found) {
    return Error{code, std::string("library call, operand ") + operand,
                 std::move(wanted), std::move(found), ""};
  };
  const bool bias = problem.epilogue == format::GemmEpilogue::Bias;
  if (arguments.size() != (bias ? 4 : 3)) {
    return Error{ErrorCode::KernelArguments, "library call",
                 bias ? "4 arguments" : "3 arguments",
                 std::to_string(arguments.size()), ""};
  }
  // The operands in the order of the counters.
  struct Operand {
    const char *name;
    uint64_t count;
    const Argument *argument;
  };
  const Operand operands[] = {
      {"x", problem.m * problem.k, &arguments[0]},
      {"W", problem.n * problem.k, &arguments[1]},
      {"bias", bias ? problem.n : 0, bias ? &arguments[2] : nullptr},
      {"y", problem.m * problem.n, &arguments[bias ? 3 : 2]}};
  uint16_t *data[4] = {};
  products.params.resize(options.checked ? 4 : 0);
  for (size_t i = 0; i < 4; ++i) {
    const auto &[name, count, argument] = operands[i];
    if (argument == nullptr) {
      continue;
    }
    const uint64_t bytes = count * sizeof(uint16_t);
    if (argument->count != count || argument->offset % sizeof(uint16_t) != 0) {
      return refuse(ErrorCode::KernelArguments, name,
                    std::to_string(count) + " elements of bf16",
                    std::to_string(argument->count) + " at byte " +
                        std::to_string(argument->offset));
    }
    SINTER_TRY(checkRange(argument->buffer, argument->offset, bytes));
    Allocation &allocation = *allocations[argument->buffer.index];
    data[i] =
        reinterpret_cast<uint16_t *>(allocation.data() + argument->offset);
    if (!options.checked) {
      continue;
    }
    if (i == 3) {
      allocation.written.mark(argument->offset, bytes);
      products.params[i].stored += bytes;
      continue;
    }
    if (!allocation.written.covers(argument->offset, bytes)) {
      return refuse(ErrorCode::KernelUnwrittenRead, name,
                    "memory that a kernel or an upload wrote",
                    "byte " +
                        std::to_string(allocation.written.firstUnwritten(
                            argument->offset, bytes)) +
                        " of " + allocation.label + " that nobody wrote");
    }
    products.params[i].loaded += bytes;
  }
  ++products.launches;
  computeGemm(
      {problem.m, problem.n, problem.k, data[0], data[1], data[2], data[3]},
      options.threads);
  return Status::success();
}

KernelCounters HostDevice::counters(KernelId kernel) const {
  return kernel.index < kernels.size() ? kernels[kernel.index].counters
                                       : KernelCounters();
}

void HostDevice::resetCounters() {
  products = {};
  for (HostKernel &kernel : kernels) {
    kernel.counters.launches = 0;
    for (format::ParamTraffic &traffic : kernel.counters.params) {
      traffic = {};
    }
  }
}

} // namespace sinter::host
