//===- DriverApi.cpp - NVIDIA's driver, opened at run time ----------------===//

#include "runtime/cuda/DriverApi.h"

#include <array>
#include <dlfcn.h>
#include <string_view>
#include <type_traits>

namespace sinter::cuda {

using namespace driver;

namespace {

constexpr const char *hostRemedy =
    "use --device host: it runs the same kernel texts on the CPU";

std::string textOf(int version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

/// What `library` has; null where it lacks a function.
Table tableOf(void *library) {
  Table table;
  const auto find = [&](auto &function, const char *name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(
        dlsym(library, name));
  };
#define SINTER_DRIVER(MEMBER, SYMBOL, PARAMS) find(table.MEMBER, #SYMBOL);
#include "runtime/cuda/DriverFunctions.def"
  return table;
}

/// The first function that is missing; null if all are there.
const char *missingIn(const Table &table) {
#define SINTER_DRIVER(MEMBER, SYMBOL, PARAMS)                                  \
  if (table.MEMBER == nullptr) {                                               \
    return #SYMBOL;                                                            \
  }
#include "runtime/cuda/DriverFunctions.def"
  return nullptr;
}

/// The C name behind a member of the table.
const char *symbolOf(std::string_view member) {
  struct Name {
    std::string_view member;
    const char *symbol;
  };
  static constexpr auto names = std::to_array<Name>({
#define SINTER_DRIVER(MEMBER, SYMBOL, PARAMS) {#MEMBER, #SYMBOL},
#include "runtime/cuda/DriverFunctions.def"
  });
  for (const Name &name : names) {
    if (name.member == member) {
      return name.symbol;
    }
  }
  return "";
}

Error tooOld(const std::string &found) {
  return Error{ErrorCode::CudaDriverTooOld, "CUDA driver",
               "a driver for CUDA " + textOf(leastDriverVersion) + " or newer",
               found, "install a newer driver"};
}

} // namespace

std::string DriverApi::versionText() const { return textOf(driverVersion); }

Status DriverApi::check(Code code, const char *call,
                        const std::string &object) const {
  if (code == success) {
    return Status::success();
  }
  const char *name = nullptr;
  const char *text = nullptr;
  (void)functions.errorName(code, &name);
  (void)functions.errorString(code, &text);
  std::string found = std::string(symbolOf(call)) + ": " +
                      (name ? name : "error " + std::to_string(code)) +
                      (text ? std::string(", ") + text : std::string());
  if (code == outOfMemory) {
    return Error{ErrorCode::CudaMemory, object, "memory of the GPU",
                 std::move(found),
                 "free memory of the GPU, or compile with a smaller "
                 "--max-context"};
  }
  return Error{ErrorCode::CudaCallFailed, object, "success", std::move(found),
               "sinter verify --device cuda finds a kernel at fault; sinter "
               "doctor lists driver and GPU"};
}

Result<std::shared_ptr<const DriverApi>>
startDriver(const Table &table, std::shared_ptr<void> library) {
  int version = 0;
  if (table.driverVersion == nullptr ||
      table.driverVersion(&version) != success) {
    version = 0;
  }
  if (version < leastDriverVersion) {
    return tooOld("one for CUDA " + textOf(version));
  }
  if (const char *missing = missingIn(table)) {
    return tooOld("one without " + std::string(missing));
  }
  auto api =
      std::make_shared<const DriverApi>(table, version, std::move(library));
  const Code code = table.init(0);
  int count = 0;
  if (code == success) {
    SINTER_CUDA(*api, "CUDA driver", deviceCount, &count);
  }
  if (code == noDevice || (code == success && count == 0)) {
    return Error{ErrorCode::CudaUnavailable, "--device cuda", "a GPU",
                 "a driver that offers none", hostRemedy};
  }
  SINTER_TRY(api->check(code, "init", "CUDA driver"));
  return api;
}

Result<std::shared_ptr<const DriverApi>> openDriver() {
  void *handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    return Error{ErrorCode::CudaUnavailable, "--device cuda",
                 "NVIDIA's driver (libcuda.so.1)", "none that loads",
                 hostRemedy};
  }
  return startDriver(tableOf(handle), std::shared_ptr<void>(handle, dlclose));
}

} // namespace sinter::cuda
