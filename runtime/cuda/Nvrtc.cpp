//===- Nvrtc.cpp - Kernel text to a cubin, with what it needs -------------===//
//
// The few declarations of NVRTC's C interface are ours; it is stable since
// CUDA 11.1.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/Nvrtc.h"

#include "runtime/cuda/SharedObject.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dlfcn.h>

namespace sinter::cuda {

using Program = struct OpaqueProgram *;

/// nvrtcResult is an int here; 0 is success, 6 a compilation error.
struct Nvrtc::Table {
  int (*version)(int *, int *) = nullptr;
  int (*archCount)(int *) = nullptr;
  int (*archList)(int *) = nullptr;
  const char *(*errorString)(int) = nullptr;
  int (*create)(Program *, const char *, const char *, int, const char *const *,
                const char *const *) = nullptr;
  int (*destroy)(Program *) = nullptr;
  int (*compile)(Program, int, const char *const *) = nullptr;
  int (*logSize)(Program, size_t *) = nullptr;
  int (*log)(Program, char *) = nullptr;
  int (*cubinSize)(Program, size_t *) = nullptr;
  int (*cubin)(Program, char *) = nullptr;

  /// The name of the first function that is missing; null if all are there.
  const char *fill(void *handle) {
    FunctionFinder find(handle);
    find(version, "nvrtcVersion");
    find(archCount, "nvrtcGetNumSupportedArchs");
    find(archList, "nvrtcGetSupportedArchs");
    find(errorString, "nvrtcGetErrorString");
    find(create, "nvrtcCreateProgram");
    find(destroy, "nvrtcDestroyProgram");
    find(compile, "nvrtcCompileProgram");
    find(logSize, "nvrtcGetProgramLogSize");
    find(log, "nvrtcGetProgramLog");
    find(cubinSize, "nvrtcGetCUBINSize");
    find(cubin, "nvrtcGetCUBIN");
    return find.missing();
  }
};

namespace {

std::vector<std::string> candidates() {
  const char *chosen = std::getenv("SINTER_NVRTC");
  if (chosen != nullptr && *chosen != 0) {
    return {chosen};
  }
  return toolkitFiles({"libnvrtc.so.13", "libnvrtc.so.12"});
}

std::string firstErrorLine(const std::string &log) {
  size_t at = log.find("error");
  if (at == std::string::npos) {
    at = 0;
  }
  const size_t start = at == 0 ? 0 : log.rfind('\n', at) + 1;
  return log.substr(start, log.find('\n', at) - start);
}

} // namespace

Result<std::shared_ptr<const Nvrtc>> Nvrtc::open() {
  std::string tried;
  for (const std::string &file : candidates()) {
    tried += (tried.empty() ? "" : ", ") + file;
    // NVRTC keeps memory for the life of the process; it is never unloaded.
    void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
      continue;
    }
    std::shared_ptr<Nvrtc> nvrtc(new Nvrtc);
    nvrtc->library = std::shared_ptr<void>(handle, dlclose);
    auto functions = std::make_shared<Table>();
    if (const char *missing = functions->fill(handle)) {
      return Error{ErrorCode::NvrtcMissing, file, std::string(missing),
                   "no such function", "install CUDA 12.4 or later"};
    }
    nvrtc->table = functions;
    nvrtc->file = file;
    int count = 0;
    int result = functions->version(&nvrtc->majorVersion, &nvrtc->minorVersion);
    if (result == 0) {
      result = functions->archCount(&count);
    }
    if (result == 0) {
      nvrtc->archs.resize(static_cast<size_t>(count));
      result = functions->archList(nvrtc->archs.data());
    }
    if (result != 0) {
      return nvrtc->failure(file, result);
    }
    return std::shared_ptr<const Nvrtc>(std::move(nvrtc));
  }
  return Error{ErrorCode::NvrtcMissing, "NVRTC", "one of " + tried,
               "none that loads",
               "install the CUDA toolkit, or set SINTER_NVRTC to the library; "
               "the host device needs none"};
}

/// No contraction: a GPU and a CPU give the same bits.
static constexpr std::array<const char *, 4> fixedFlags = {
    "--fmad=false", "-default-device", "-std=c++17", "--ptxas-options=-v"};

Error Nvrtc::failure(const std::string &object, int result) const {
  const char *text = table->errorString(result);
  return Error{ErrorCode::NvrtcFailed, object, "success",
               text == nullptr ? std::to_string(result) : text,
               "install another version of NVRTC, or set SINTER_NVRTC"};
}

std::string Nvrtc::identity(const std::string &arch) const {
  std::string text = "NVRTC " + std::to_string(majorVersion) + "." +
                     std::to_string(minorVersion) + " -arch=" + arch;
  for (const char *flag : fixedFlags) {
    text += std::string(" ") + flag;
  }
  return text;
}

Result<CompiledKernel> Nvrtc::compile(const std::string &text,
                                      const std::string &symbol,
                                      const std::string &arch) const {
  const std::string object = "kernel '" + symbol + "' for " + arch;
  Program program = nullptr;
  int result = table->create(&program, text.c_str(), (symbol + ".cu").c_str(),
                             0, nullptr, nullptr);
  if (result != 0) {
    return failure(object, result);
  }
  struct Destroy {
    const Table &table;
    Program &program;
    ~Destroy() { table.destroy(&program); }
  } destroy{*table, program};

  const std::string archFlag = "-arch=" + arch;
  std::array<const char *, fixedFlags.size() + 1> flags = {archFlag.c_str()};
  std::ranges::copy(fixedFlags, flags.begin() + 1);
  const int compiled =
      table->compile(program, static_cast<int>(flags.size()), flags.data());
  CompiledKernel kernel;
  size_t bytes = 0;
  if (table->logSize(program, &bytes) == 0 && bytes > 1) {
    kernel.log.resize(bytes);
    table->log(program, kernel.log.data());
    kernel.log.resize(bytes - 1); // its terminating zero
  }
  if (compiled != 0) {
    Error error = failure(object, compiled);
    if (!kernel.log.empty()) {
      error.wanted = "to compile";
      error.found = firstErrorLine(kernel.log);
      error.remedy = "read the kernel's text; it must use the prelude only";
    }
    return error;
  }
  result = table->cubinSize(program, &bytes);
  if (result == 0) {
    kernel.cubin.resize(bytes);
    result = table->cubin(program, kernel.cubin.data());
  }
  if (result != 0) {
    return failure(object, result);
  }
  SINTER_ASSIGN(kernel.kernels, parseResources(kernel.log));
  if (kernel.kernels.empty()) {
    return Error{ErrorCode::NvrtcFailed, object,
                 "registers and spills in the assembler's log", "none",
                 "install another version of NVRTC, or set SINTER_NVRTC"};
  }
  return kernel;
}

} // namespace sinter::cuda
