//===- LibraryGemm.h - One product by cublasLt ------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_CUDA_LIBRARYGEMM_H
#define SINTER_RUNTIME_CUDA_LIBRARYGEMM_H

#include "runtime/cuda/CublasLtApi.h"
#include "runtime/format/Plan.h"

#include <memory>
#include <string>
#include <vector>

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
  /// The algorithm that the plan names, else the library's first. A plan may
  /// name one for a version of the library ("13.0.1: id=21 ..."); with another
  /// version it does not count. SIN3205: the library has none, or not that one.
  static Result<std::unique_ptr<LibraryGemm>>
  prepare(std::shared_ptr<const CublasLtApi> api, const format::Gemm &problem,
          const GemmPointers &pointers);
  ~LibraryGemm();
  LibraryGemm(const LibraryGemm &) = delete;
  LibraryGemm &operator=(const LibraryGemm &) = delete;

  /// What the library offers for the problem, its own pick first; each once.
  /// SIN3205.
  static Result<std::vector<std::string>>
  algorithms(std::shared_ptr<const CublasLtApi> api,
             const format::Gemm &problem, uint64_t workspaceBytes);

  /// "product 1 x 4096 x 1024: algorithm id=21 tile=15 splitk=1 stages=3", and
  /// whether the plan names it.
  std::string describe() const {
    return object + ": algorithm " + algorithmText + remark;
  }
  Status enqueue(driver::Stream stream) const;

private:
  explicit LibraryGemm(std::shared_ptr<const CublasLtApi> api)
      : api(std::move(api)) {}
  Status makeLayouts(const format::Gemm &problem);
  Status choose(const format::Gemm &problem);
  /// Those that work, with their texts.
  struct Offer {
    cublaslt::Candidate candidate;
    std::string text;
  };
  Result<std::vector<Offer>> offers() const;
  Result<std::string> textOf(const cublaslt::Algorithm &algorithm) const;
  Status check(cublaslt::Code code, const char *call) const {
    return api->check(code, call, object);
  }

  std::shared_ptr<const CublasLtApi> api;
  std::string object;
  std::string algorithmText;
  std::string remark;
  GemmPointers pointers;
  cublaslt::Product product = nullptr;
  cublaslt::Layout layoutW = nullptr, layoutX = nullptr, layoutY = nullptr;
  cublaslt::Algorithm chosen{};
  uint64_t workspaceBytes = 0; ///< that the algorithm needs
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_LIBRARYGEMM_H
