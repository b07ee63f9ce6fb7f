//===- LibraryGemm.h - One product by cublasLt ------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_CUDA_LIBRARYGEMM_H
#define SINTER_RUNTIME_CUDA_LIBRARYGEMM_H

#include "runtime/cuda/CublasLtApi.h"
#include "runtime/format/Plan.h"

#include <memory>
#include <string>

namespace sinter::cuda {

/// Addresses of a product; no bias or workspace: 0.
struct GemmPointers {
  driver::Pointer x = 0, weight = 0, bias = 0, y = 0;
  driver::Pointer workspace = 0;
  uint64_t workspaceBytes = 0;
};

/// y = x W^T (+ bias), bf16, with its algorithm chosen. Partial sums stay in
/// fp32.
class LibraryGemm {
public:
  /// The algorithm that the plan names, else the library's first. SIN3205: the
  /// library has none, or not that one.
  static Result<std::unique_ptr<LibraryGemm>>
  prepare(std::shared_ptr<const CublasLtApi> api, const format::Gemm &problem,
          const GemmPointers &pointers);
  ~LibraryGemm();
  LibraryGemm(const LibraryGemm &) = delete;
  LibraryGemm &operator=(const LibraryGemm &) = delete;

  /// "product 1 x 4096 x 1024: algorithm id=21 tile=15 splitk=1 stages=3".
  std::string describe() const {
    return object + ": algorithm " + algorithmText;
  }
  Status enqueue(driver::Stream stream) const;

private:
  explicit LibraryGemm(std::shared_ptr<const CublasLtApi> api)
      : api(std::move(api)) {}
  Status makeLayouts(const format::Gemm &problem);
  Status choose(const format::Gemm &problem);
  Result<std::string> textOf(const cublaslt::Algorithm &algorithm) const;
  Status check(cublaslt::Code code, const char *call) const {
    return api->check(code, call, object);
  }

  std::shared_ptr<const CublasLtApi> api;
  std::string object;
  std::string algorithmText;
  GemmPointers pointers;
  cublaslt::Product product = nullptr;
  cublaslt::Layout layoutW = nullptr, layoutX = nullptr, layoutY = nullptr;
  cublaslt::Algorithm chosen{};
  uint64_t workspaceBytes = 0; ///< that the algorithm needs
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_LIBRARYGEMM_H
