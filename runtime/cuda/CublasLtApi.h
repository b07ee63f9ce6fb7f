//===- CublasLtApi.h - cublasLt, opened at run time -------------*- C++ -*-===//
//
// Our own declarations of what is used, held against NVIDIA's header by
// test/unit/cuda/CublasLtHeaderTest.cpp, and a table of functions.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CUDA_CUBLASLTAPI_H
#define SINTER_RUNTIME_CUDA_CUBLASLTAPI_H

#include "runtime/cuda/DriverTypes.h"
#include "runtime/format/Status.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sinter::cuda {

namespace cublaslt {

/// Result of most calls; 0 is success.
using Code = int;
using Handle = struct OpaqueHandle *;
using Product = struct OpaqueProduct *;
using Layout = struct OpaqueLayout *;
using Preference = struct OpaquePreference *;

enum ComputeType : int { Compute32F = 68 };
enum DataType : int { Real32F = 0, Real16BF = 14 };
enum ProductAttribute : int {
  TransposeA = 3,
  TransposeB = 4,
  Epilogue = 7,
  BiasPointer = 8,
};
inline constexpr int operationNone = 0;
inline constexpr int operationTranspose = 1;
inline constexpr int epilogueBias = 4;
enum PreferenceAttribute : int {
  MaxWorkspaceBytes = 1,
  ReductionSchemes = 3,
};
/// None or in fp32: partial sums are never rounded to the output's type.
inline constexpr uint32_t exactReductions = 2;
enum AlgorithmAttribute : int {
  AlgorithmNumber = 0,
  Tile = 1,
  SplitK = 2,
  Stages = 6,
};

struct Algorithm {
  uint64_t data[8];
};

struct Candidate {
  Algorithm algorithm;
  size_t workspaceBytes;
  Code state;
  float waves;
  int reserved[4];
};

struct Table {
#define SINTER_CUBLASLT(RESULT, MEMBER, SYMBOL, PARAMS)                        \
  RESULT(*MEMBER) PARAMS = nullptr;
#include "runtime/cuda/CublasLtFunctions.def"
};

} // namespace cublaslt

/// The library with a handle of its own.
class CublasLtApi {
public:
  /// `table` must be complete. SIN3205.
  static Result<std::shared_ptr<const CublasLtApi>>
  start(const cublaslt::Table &table, std::shared_ptr<void> library);
  ~CublasLtApi();
  CublasLtApi(const CublasLtApi &) = delete;
  CublasLtApi &operator=(const CublasLtApi &) = delete;

  const cublaslt::Table *operator->() const { return &functions; }
  cublaslt::Handle handle() const { return theHandle; }
  /// "13.0.0".
  std::string versionText() const;
  /// SIN3205 if `code` is not success.
  Status check(cublaslt::Code code, const char *call,
               const std::string &object) const;

private:
  CublasLtApi(const cublaslt::Table &table, std::shared_ptr<void> library)
      : library(std::move(library)), functions(table) {}
  std::shared_ptr<void> library;
  cublaslt::Table functions;
  cublaslt::Handle theHandle = nullptr;
};

using CublasLtOpener =
    std::function<Result<std::shared_ptr<const CublasLtApi>>()>;

/// libcublasLt.so.13 and .12, as toolkitFiles.
std::vector<std::string> cublasLtFiles();

/// Opens the first of cublasLtFiles. SIN3205 with every place tried, or a
/// function missing, or a call refused.
Result<std::shared_ptr<const CublasLtApi>> openCublasLt();

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_CUBLASLTAPI_H
