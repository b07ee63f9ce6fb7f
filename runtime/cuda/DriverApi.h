//===- DriverApi.h - NVIDIA's driver, opened at run time --------*- C++ -*-===//
//
// A table of function pointers, filled from libcuda.so.1: the program builds
// and starts on machines without it, and tests put a double behind the table.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_DRIVERAPI_H
#define SINTER_RUNTIME_CUDA_DRIVERAPI_H

#include "runtime/cuda/DriverTypes.h"
#include "runtime/format/Status.h"

#include <memory>
#include <string>
#include <utility>

namespace sinter::cuda {

namespace driver {

struct Table {
#define SINTER_DRIVER(MEMBER, SYMBOL, PARAMS) Code(*MEMBER) PARAMS = nullptr;
#include "runtime/cuda/DriverFunctions.def"
};

} // namespace driver

/// 1000 * major + 10 * minor: graph edges with data came with CUDA 12.3.
inline constexpr int leastDriverVersion = 12030;

/// Valid as long as it is kept; calls of one thread.
class DriverApi {
public:
  /// `table` must be complete; `version` as leastDriverVersion.
  DriverApi(const driver::Table &table, int version,
            std::shared_ptr<void> library = nullptr)
      : library(std::move(library)), functions(table), driverVersion(version) {}

  const driver::Table *operator->() const { return &functions; }
  int version() const { return driverVersion; }
  std::string versionText() const;

  /// SIN3205 (SIN3206 for memory) if `code` is not success: `object` names
  /// what was wanted, `call` the function.
  Status check(driver::Code code, const char *call,
               const std::string &object) const;

private:
  std::shared_ptr<void> library;
  driver::Table functions;
  int driverVersion;
};

/// Initialises the driver behind `table`, in which functions may be missing;
/// `library` stays loaded as long as the result. SIN3204: older than
/// leastDriverVersion; SIN3201: it offers no GPU; SIN3205.
Result<std::shared_ptr<const DriverApi>>
startDriver(const driver::Table &table, std::shared_ptr<void> library);

/// startDriver with libcuda.so.1. SIN3201 also: there is none.
Result<std::shared_ptr<const DriverApi>> openDriver();

/// A handle that goes back to the driver. A failure then is not reported: what
/// failed before has been.
template <typename T, auto Destroy>
class Owned {
public:
  Owned() = default;
  explicit Owned(const DriverApi &api) : api(&api) {}
  Owned(Owned &&other) noexcept
      : api(other.api), handle(std::exchange(other.handle, T())) {}
  Owned &operator=(Owned &&other) noexcept {
    std::swap(api, other.api);
    std::swap(handle, other.handle);
    return *this;
  }
  ~Owned() {
    if (handle != T()) {
      (void)((*api).operator->()->*Destroy)(handle);
    }
  }

  T get() const { return handle; }
  /// For the call that makes it.
  T *out() { return &handle; }

private:
  const DriverApi *api = nullptr;
  T handle = T();
};

using OwnedMemory = Owned<driver::Pointer, &driver::Table::memoryFree>;
using OwnedHostMemory = Owned<void *, &driver::Table::hostFree>;
using OwnedModule = Owned<driver::Module, &driver::Table::moduleUnload>;
using OwnedStream = Owned<driver::Stream, &driver::Table::streamDestroy>;
using OwnedEvent = Owned<driver::Event, &driver::Table::eventDestroy>;
using OwnedGraph = Owned<driver::Graph, &driver::Table::graphDestroy>;
using OwnedGraphExec =
    Owned<driver::GraphExec, &driver::Table::graphExecDestroy>;

} // namespace sinter::cuda

/// Calls MEMBER of the table behind API and returns its failure to the caller.
#define SINTER_CUDA(API, OBJECT, MEMBER, ...)                                  \
  SINTER_TRY((API).check((API)->MEMBER(__VA_ARGS__), #MEMBER, OBJECT))

#endif // SINTER_RUNTIME_CUDA_DRIVERAPI_H
