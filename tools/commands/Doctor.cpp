//===- Doctor.cpp - sinter doctor -----------------------------------------===//
//
// What this machine offers, where each part was found, and what to do about
// one that is missing. Only what a run on the host device needs is required.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/Nvrtc.h"
#include "runtime/host/HostCompiler.h"
#include "runtime/host/KernelCache.h"
#include "tools/Commands.h"
#include "tools/Console.h"
#include "tools/SharedLibraries.h"
#include "tools/Table.h"

#include "llvm/Config/llvm-config.h"

namespace sinter {

namespace {

struct Finding {
  std::string part;
  std::string found; ///< version and path; empty if missing
  std::string remedy;
};

Finding findingOf(const std::string &part,
                  const std::optional<SharedLibrary> &library,
                  const std::string &remedy) {
  return {part,
          library ? library->version + "  " + library->path : std::string(),
          library ? std::string() : remedy};
}

/// Its name and clocks; why there is none.
Finding gpuFinding() {
  Finding finding{"GPU", "", ""};
  auto api = cuda::openDriver();
  if (!api) {
    finding.remedy = "optional: " + api.error().message();
    return finding;
  }
  auto device = cuda::CudaDevice::create(*api, {});
  if (!device) {
    finding.remedy = device.error().message();
    return finding;
  }
  finding.found = (*device)->describe() + ", " + (*device)->facts().arch();
  return finding;
}

} // namespace

Status runCommand(const DoctorOptions &options) {
  Table table;
  table.view = "doctor";
  table.columns = {{"part", "part"},
                   {"state", "state"},
                   {"found", "found"},
                   {"remedy", "remedy"}};
  Status verdict;
  auto add = [&](const Finding &finding) {
    table.rows.push_back({finding.part,
                          finding.found.empty() ? "missing" : "ok",
                          finding.found, finding.remedy});
  };
  auto require = [&](const std::string &part, const Error &error) {
    add({part, "", error.message()});
    verdict = error;
  };

  add({"sinter", SINTER_VERSION, ""});
  add({"MLIR and LLVM", LLVM_VERSION_STRING, ""});
  if (auto compiler = host::HostCompiler::find()) {
    add({"host C++ compiler", compiler->path(), ""});
  } else {
    require("host C++ compiler", compiler.error());
  }
  auto directory = host::KernelCache::defaultDirectory();
  auto cache = directory ? host::KernelCache::open(*directory)
                         : Result<host::KernelCache>(directory.takeError());
  if (cache) {
    add({"kernel cache", cache->directory(), ""});
  } else {
    require("kernel cache", cache.error());
  }
  add(findingOf("CUDA driver", findCudaDriver(),
                "optional: a GPU needs NVIDIA's driver (libcuda.so.1)"));
  add(gpuFinding());
  if (auto nvrtc = cuda::Nvrtc::open()) {
    add({"NVRTC",
         std::to_string((*nvrtc)->major()) + "." +
             std::to_string((*nvrtc)->minor()) + "  " +
             resolveLibrary({(*nvrtc)->path()}).value_or((*nvrtc)->path()),
         ""});
  } else {
    add({"NVRTC", "",
         "optional: install the CUDA toolkit 12 or 13, or set "
         "SINTER_NVRTC"});
  }
  add(findingOf("cublasLt", findCublasLt(cuda::cublasLtFiles()),
                "optional: install the CUDA toolkit 12 or 13, or set "
                "CUDA_PATH"));
  SINTER_TRY(writeOut(printTable(table, options.format)));
  return verdict;
}

} // namespace sinter
