//===- CudaDevice.cpp - Kernels on an NVIDIA GPU --------------------------===//

#include "runtime/cuda/CudaDevice.h"

#include "runtime/cuda/Nvml.h"

#include <algorithm>

namespace sinter::cuda {

using driver::Pointer;

Result<std::unique_ptr<CudaDevice>>
CudaDevice::create(std::shared_ptr<const DriverApi> api, CudaOptions options) {
  SINTER_ASSIGN(std::unique_ptr<Gpu> gpu, Gpu::open(std::move(api)));
  std::unique_ptr<CudaDevice> device(
      new CudaDevice(std::move(gpu), std::move(options)));
  device->stream = OwnedStream(device->api());
  SINTER_CUDA(device->api(), device->facts().name, streamCreate,
              device->stream.out(), driver::streamNonBlocking);
  device->staging =
      std::make_unique<Staging>(device->api(), device->stream.get());
  SINTER_ASSIGN(device->reads, AsyncReads::open(device->api()));
  return device;
}

CudaDevice::~CudaDevice() {
  // Waits for reads first: they wait for the other stream.
  reads.reset();
  // Nothing may still run on what is released now.
  if (stream.get() != nullptr) {
    (void)api()->streamSynchronize(stream.get());
  }
}

std::string CudaDevice::describe() const {
  std::string text = name() + ", " + std::to_string(facts().multiprocessors) +
                     " SMs, CUDA " + api().versionText();
  if (const std::optional<GpuState> state = readGpuState(facts().uuid)) {
    text += ", driver " + state->driver + ", SM clock " +
            std::to_string(state->smMegahertz) + " MHz, memory clock " +
            std::to_string(state->memoryMegahertz) + " MHz";
  }
  return text;
}

Result<BufferId> CudaDevice::allocate(uint64_t bytes, std::string label) {
  Memory memory;
  memory.pointer = OwnedMemory(api());
  // The driver refuses to allocate nothing.
  SINTER_CUDA(api(), "buffer " + label, memoryAllocate, memory.pointer.out(),
              std::max<uint64_t>(bytes, 1));
  memory.bytes = bytes;
  memory.label = std::move(label);
  memories.push_back(std::move(memory));
  return BufferId{static_cast<uint32_t>(memories.size() - 1)};
}

Result<Pointer> CudaDevice::locate(BufferId buffer, uint64_t offset,
                                   uint64_t bytes) const {
  if (buffer.index >= memories.size()) {
    return Error{ErrorCode::KernelArguments, "a buffer of the device",
                 "one of " + std::to_string(memories.size()),
                 "number " + std::to_string(buffer.index), ""};
  }
  const Memory &memory = memories[buffer.index];
  if (offset > memory.bytes || memory.bytes - offset < bytes) {
    return Error{ErrorCode::KernelArguments, "buffer " + memory.label,
                 "a range in its " + std::to_string(memory.bytes) + " bytes",
                 std::to_string(bytes) + " bytes at " + std::to_string(offset),
                 ""};
  }
  return memory.pointer.get() + offset;
}

Result<std::span<std::byte>> CudaDevice::stage(BufferId buffer, uint64_t offset,
                                               uint64_t bytes) {
  SINTER_ASSIGN(staged, locate(buffer, offset, bytes));
  stagedBytes = bytes;
  return staging->take(bytes);
}

Status CudaDevice::commit() { return staging->send(staged, stagedBytes); }

Status CudaDevice::upload(BufferId buffer, uint64_t offset,
                          std::span<const std::byte> bytes) {
  constexpr uint64_t piece = 16ull << 20;
  for (uint64_t done = 0; done < bytes.size(); done += piece) {
    const auto part =
        bytes.subspan(done, std::min<uint64_t>(piece, bytes.size() - done));
    SINTER_ASSIGN(std::span<std::byte> to,
                  stage(buffer, offset + done, part.size()));
    std::copy(part.begin(), part.end(), to.begin());
    SINTER_TRY(commit());
  }
  return Status::success();
}

Status CudaDevice::download(BufferId buffer, uint64_t offset,
                            std::span<std::byte> bytes) {
  SINTER_ASSIGN(Pointer from, locate(buffer, offset, bytes.size()));
  if (!bytes.empty()) {
    SINTER_CUDA(api(), "download of " + memories[buffer.index].label,
                copyToHost, bytes.data(), from, bytes.size(), stream.get());
  }
  return synchronize();
}

Result<ReadId> CudaDevice::startRead(BufferId buffer, uint64_t offset,
                                     uint64_t bytes) {
  SINTER_ASSIGN(Pointer from, locate(buffer, offset, bytes));
  return reads->start(from, bytes, stream.get());
}

Status CudaDevice::copy(BufferId from, uint64_t fromOffset, BufferId to,
                        uint64_t toOffset, uint64_t bytes) {
  SINTER_ASSIGN(Pointer source, locate(from, fromOffset, bytes));
  SINTER_ASSIGN(Pointer target, locate(to, toOffset, bytes));
  SINTER_CUDA(api(), "copy to " + memories[to.index].label, copyOnDevice,
              target, source, bytes, stream.get());
  return Status::success();
}

Status CudaDevice::zero(BufferId buffer, uint64_t offset, uint64_t bytes) {
  SINTER_ASSIGN(Pointer target, locate(buffer, offset, bytes));
  SINTER_CUDA(api(), "buffer " + memories[buffer.index].label, fill, target, 0,
              bytes, stream.get());
  return Status::success();
}

Result<std::vector<KernelId>>
CudaDevice::loadKernels(std::span<const KernelSource> sources) {
  std::vector<KernelId> ids;
  size_t compiledCount = 0;
  for (const KernelSource &source : sources) {
    if (options.progress) {
      options.progress(ids.size(), sources.size());
    }
    bool compiled = false;
    SINTER_ASSIGN(LoadedKernel kernel,
                  loadKernel(*gpu, source, options.compile, compiled));
    compiledCount += compiled;
    ids.push_back(KernelId{static_cast<uint32_t>(kernels.size())});
    kernels.push_back(std::move(kernel));
  }
  if (compiledCount != 0 && options.note) {
    options.note(std::to_string(compiledCount) + " of " +
                 std::to_string(sources.size()) +
                 " kernels compiled here by NVRTC for " + facts().arch());
  }
  return ids;
}

Status CudaDevice::bindLaunch(const ProgramStep &step, BoundStep &bound) {
  if (step.kernel.index >= kernels.size()) {
    return Error{ErrorCode::KernelArguments, "a kernel of the device",
                 "one of " + std::to_string(kernels.size()),
                 "number " + std::to_string(step.kernel.index), ""};
  }
  LoadedKernel &kernel = kernels[step.kernel.index];
  bound.object = "launch of kernel '" + kernel.symbol + "'";
  if (step.arguments.size() != kernel.params.size()) {
    return Error{ErrorCode::KernelArguments, bound.object,
                 std::to_string(kernel.params.size()) + " arguments",
                 std::to_string(step.arguments.size()), ""};
  }
  SINTER_TRY(allowShape(*gpu, kernel, step.shape));
  bound.kernel = step.kernel.index;
  bound.function = kernel.function;
  bound.shape = step.shape;
  bound.programmatic = step.programmatic;
  for (size_t i = 0; i < step.arguments.size(); ++i) {
    const Argument &argument = step.arguments[i];
    const format::Param &param = kernel.params[i];
    const uint64_t size = dtypeBytes(param.dtype);
    if (argument.count != param.count || argument.offset % size != 0) {
      return Error{ErrorCode::KernelArguments,
                   bound.object + ", parameter '" + param.name + "'",
                   std::to_string(param.count) + " elements of " +
                       std::string(dtypeName(param.dtype)),
                   std::to_string(argument.count) + " at byte " +
                       std::to_string(argument.offset),
                   ""};
    }
    SINTER_ASSIGN(Pointer pointer, locate(argument.buffer, argument.offset,
                                          argument.count * size));
    bound.pointers.push_back(pointer);
  }
  for (Pointer &pointer : bound.pointers) {
    bound.params.push_back(&pointer);
  }
  return Status::success();
}

Status CudaDevice::admitGemm(const format::Gemm & /*problem*/) const {
  if (!library) {
    SINTER_ASSIGN(library, options.library());
  }
  return Status::success();
}

Status CudaDevice::bindGemm(const ProgramStep &step, BoundStep &bound) {
  SINTER_TRY(admitGemm(step.gemm));
  const format::Gemm &gemm = step.gemm;
  const bool bias = gemm.epilogue == format::GemmEpilogue::Bias;
  std::vector<uint64_t> wanted = {gemm.m * gemm.k, gemm.n * gemm.k};
  if (bias) {
    wanted.push_back(gemm.n);
  }
  wanted.push_back(gemm.m * gemm.n);
  bound.object = "product by cublasLt";
  if (step.arguments.size() != wanted.size()) {
    return Error{ErrorCode::KernelArguments, bound.object,
                 std::to_string(wanted.size()) + " arguments",
                 std::to_string(step.arguments.size()), ""};
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Argument &argument = step.arguments[i];
    if (argument.count != wanted[i]) {
      return Error{ErrorCode::KernelArguments, bound.object,
                   std::to_string(wanted[i]) + " elements of argument " +
                       std::to_string(i),
                   std::to_string(argument.count), ""};
    }
    SINTER_ASSIGN(Pointer pointer,
                  locate(argument.buffer, argument.offset, 2 * wanted[i]));
    bound.pointers.push_back(pointer);
  }
  GemmPointers pointers;
  pointers.x = bound.pointers[0];
  pointers.weight = bound.pointers[1];
  pointers.bias = bias ? bound.pointers[2] : 0;
  pointers.y = bound.pointers.back();
  if (step.workspace) {
    // Whatever its elements are, there are as many bytes.
    pointers.workspaceBytes = step.workspace->count;
    SINTER_ASSIGN(pointers.workspace,
                  locate(step.workspace->buffer, step.workspace->offset,
                         pointers.workspaceBytes));
  }
  SINTER_ASSIGN(bound.gemm, LibraryGemm::prepare(library, gemm, pointers));
  const std::string said =
      bound.gemm->describe() + " by cublasLt " + library->versionText();
  if (options.note && algorithms.insert(said).second) {
    options.note(said);
  }
  // The library loads its kernels at their first use, which a capture forbids.
  return bound.gemm->enqueue(stream.get());
}

Status CudaDevice::gemm(const format::Gemm &problem,
                        std::span<const Argument> arguments,
                        const Argument *workspace) {
  ProgramStep step;
  step.kind = ProgramStep::Kind::Gemm;
  step.gemm = problem;
  step.arguments.assign(arguments.begin(), arguments.end());
  if (workspace != nullptr) {
    step.workspace = *workspace;
  }
  // Binding runs it once.
  SINTER_ASSIGN(BoundStep bound, bind(step));
  return Status::success();
}

Result<BoundStep> CudaDevice::bind(const ProgramStep &step) {
  BoundStep bound;
  bound.kind = step.kind;
  if (step.kind == ProgramStep::Kind::Launch) {
    SINTER_TRY(bindLaunch(step, bound));
    return bound;
  }
  if (step.kind == ProgramStep::Kind::Gemm) {
    SINTER_TRY(bindGemm(step, bound));
    return bound;
  }
  bound.copyBytes = step.copyBytes;
  for (const Argument &argument : step.arguments) {
    SINTER_ASSIGN(Pointer pointer,
                  locate(argument.buffer, argument.offset, step.copyBytes));
    bound.pointers.push_back(pointer);
  }
  bound.object = "copy to " + memories[step.arguments[1].buffer.index].label;
  return bound;
}

Status CudaDevice::launch(KernelId id, const LaunchShape &shape,
                          std::span<const Argument> arguments) {
  ProgramStep step;
  step.kernel = id;
  step.shape = shape;
  step.arguments.assign(arguments.begin(), arguments.end());
  SINTER_ASSIGN(BoundStep bound, bind(step));
  SINTER_TRY(enqueue(api(), bound, stream.get()));
  ++kernels[id.index].launches;
  return Status::success();
}

Status CudaDevice::synchronize() {
  SINTER_CUDA(api(), "work given to the GPU", streamSynchronize, stream.get());
  return Status::success();
}

Status CudaDevice::admitMode(LaunchMode mode) const {
  if (mode == LaunchMode::Pdl && facts().major < 9) {
    return Error{ErrorCode::LaunchUnsupported, "mode pdl",
                 "compute capability 9.0",
                 facts().name + " with " + std::to_string(facts().major) + "." +
                     std::to_string(facts().minor),
                 "use mode graph"};
  }
  return Status::success();
}

Result<ProgramId> CudaDevice::prepareProgram(std::span<const ProgramStep> steps,
                                             LaunchMode mode) {
  SINTER_TRY(admitMode(mode));
  Program program;
  for (const ProgramStep &step : steps) {
    SINTER_ASSIGN(BoundStep bound, bind(step));
    program.steps.push_back(std::move(bound));
  }
  if (mode != LaunchMode::Stream && !steps.empty()) {
    SINTER_ASSIGN(program.graph, buildGraph(*gpu, program.steps, stream.get()));
  }
  programs.push_back(std::move(program));
  return ProgramId{static_cast<uint32_t>(programs.size() - 1)};
}

Status CudaDevice::run(ProgramId id) {
  Program &program = programs[id.index];
  ++program.runs;
  if (program.graph.get() != nullptr) {
    SINTER_CUDA(api(), "program", graphLaunch, program.graph.get(),
                stream.get());
    return Status::success();
  }
  for (BoundStep &step : program.steps) {
    SINTER_TRY(enqueue(api(), step, stream.get()));
  }
  return Status::success();
}

Result<std::vector<double>>
CudaDevice::timeProgram(ProgramId program, uint32_t samples, uint32_t runs) {
  const std::string object = "timing";
  std::vector<OwnedEvent> events;
  for (uint32_t i = 0; i <= samples; ++i) {
    SINTER_CUDA(api(), object, eventCreate, events.emplace_back(api()).out(),
                driver::eventTimed);
  }
  SINTER_CUDA(api(), object, eventRecord, events[0].get(), stream.get());
  for (uint32_t sample = 0; sample < samples; ++sample) {
    for (uint32_t i = 0; i < runs; ++i) {
      SINTER_TRY(run(program));
    }
    SINTER_CUDA(api(), object, eventRecord, events[sample + 1].get(),
                stream.get());
  }
  SINTER_TRY(synchronize());
  std::vector<double> microseconds;
  for (uint32_t sample = 0; sample < samples; ++sample) {
    float milliseconds = 0;
    SINTER_CUDA(api(), object, eventElapsed, &milliseconds,
                events[sample].get(), events[sample + 1].get());
    microseconds.push_back(1e3 * static_cast<double>(milliseconds) / runs);
  }
  return microseconds;
}

KernelCounters CudaDevice::counters(KernelId kernel) const {
  KernelCounters counters;
  counters.launches = kernels[kernel.index].launches;
  for (const Program &program : programs) {
    const auto uses = std::count_if(
        program.steps.begin(), program.steps.end(), [&](const BoundStep &step) {
          return step.kind == ProgramStep::Kind::Launch &&
                 step.kernel == kernel.index;
        });
    counters.launches += program.runs * static_cast<uint64_t>(uses);
  }
  return counters;
}

void CudaDevice::resetCounters() {
  for (LoadedKernel &kernel : kernels) {
    kernel.launches = 0;
  }
  for (Program &program : programs) {
    program.runs = 0;
  }
}

} // namespace sinter::cuda
