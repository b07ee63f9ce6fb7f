//===- KernelKit.cpp - Kernels built for another machine ------------------===//

#include "tools/KernelKit.h"

#include "runtime/format/Files.h"
#include "runtime/format/Sha256.h"

#include <filesystem>

namespace sinter {

namespace {

constexpr uint64_t largestBinary = 64ull << 20;

std::string fileOf(const std::string &directory, const KernelSource &kernel,
                   const std::string &arch) {
  return joinPath(directory, kernel.symbol + "." + arch + "." +
                                 sha256Hex(kernel.text).substr(0, 16) +
                                 ".cubin");
}

} // namespace

Status
writeKernelKit(const std::string &directory,
               std::span<const KernelSource> kernels, const cuda::Nvrtc &nvrtc,
               const std::string &arch,
               const std::function<void(size_t done, size_t total)> &progress) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) {
    return Error{ErrorCode::FileUnwritable, directory, "a folder",
                 failure.message(), "choose another"};
  }
  for (size_t i = 0; i < kernels.size(); ++i) {
    progress(i, kernels.size());
    SINTER_ASSIGN(cuda::CompiledKernel built,
                  nvrtc.compile(kernels[i].text, kernels[i].symbol, arch));
    SINTER_TRY(writeFile(fileOf(directory, kernels[i], arch), built.cubin));
  }
  return Status::success();
}

Status readKernelKit(const std::string &directory, const std::string &arch,
                     std::vector<KernelSource> &kernels) {
  for (KernelSource &kernel : kernels) {
    auto bytes = readFile(fileOf(directory, kernel, arch), largestBinary);
    if (!bytes) {
      Error error = bytes.takeError();
      error.remedy = "prepare the folder again with this version of sinter "
                     "(--prepare), for " +
                     arch;
      return error;
    }
    kernel.binaries = {{arch, std::move(*bytes)}};
  }
  return Status::success();
}

} // namespace sinter
