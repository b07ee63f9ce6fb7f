//===- CublasLtApi.cpp - cublasLt, opened at run time ---------------------===//

#include "runtime/cuda/CublasLtApi.h"

#include "runtime/cuda/SharedObject.h"

#include <dlfcn.h>

namespace sinter::cuda {

using namespace cublaslt;

namespace {

constexpr const char *remedy =
    "install the CUDA toolkit 12 or 13, or plan without the library";

/// The name of the first function that is missing; null if all are there.
const char *fill(Table &table, void *library) {
  FunctionFinder find(library);
#define SINTER_CUBLASLT(RESULT, MEMBER, SYMBOL, PARAMS)                        \
  find(table.MEMBER, #SYMBOL);
#include "runtime/cuda/CublasLtFunctions.def"
  return find.missing();
}

} // namespace

Result<std::shared_ptr<const CublasLtApi>>
CublasLtApi::start(const Table &table, std::shared_ptr<void> library) {
  std::shared_ptr<CublasLtApi> api(new CublasLtApi(table, std::move(library)));
  SINTER_TRY(
      api->check(table.create(&api->theHandle), "cublasLtCreate", "cublasLt"));
  return std::shared_ptr<const CublasLtApi>(std::move(api));
}

CublasLtApi::~CublasLtApi() {
  if (theHandle != nullptr) {
    (void)functions.destroy(theHandle);
  }
}

std::string CublasLtApi::versionText() const {
  // 120804 is 12.8.4.
  const size_t version = functions.version();
  return std::to_string(version / 10000) + "." +
         std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

Status CublasLtApi::check(Code code, const char *call,
                          const std::string &object) const {
  if (code == 0) {
    return Status::success();
  }
  const char *name = functions.statusName(code);
  return Error{ErrorCode::CudaCallFailed, object, "success",
               std::string(call) + ": " +
                   (name ? name : "status " + std::to_string(code)),
               "plan without the library"};
}

std::vector<std::string> cublasLtFiles() {
  return toolkitFiles({"libcublasLt.so.13", "libcublasLt.so.12"});
}

Result<std::shared_ptr<const CublasLtApi>> openCublasLt() {
  std::string tried;
  for (const std::string &file : cublasLtFiles()) {
    tried += (tried.empty() ? "" : ", ") + file;
    void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
      continue;
    }
    std::shared_ptr<void> library(handle, dlclose);
    Table table;
    if (const char *missing = fill(table, handle)) {
      return Error{ErrorCode::CudaCallFailed, file, std::string(missing),
                   "no such function", remedy};
    }
    return CublasLtApi::start(table, std::move(library));
  }
  return Error{ErrorCode::CudaCallFailed, "cublasLt", "one of " + tried,
               "none that loads", remedy};
}

} // namespace sinter::cuda
