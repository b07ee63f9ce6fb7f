//===- LibraryGemm.cpp - One product by cublasLt --------------------------===//
//
// cublasLt counts columns first. A row-major W [n, k] is its k x n matrix, so
// Y^T (n x m) = W^T^T x^T: W transposed, x as it lies, y with leading n.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/LibraryGemm.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sinter::cuda {

using namespace cublaslt;

namespace {

void *address(driver::Pointer pointer) {
  return std::bit_cast<void *>(pointer);
}

} // namespace

Result<std::unique_ptr<LibraryGemm>>
LibraryGemm::prepare(std::shared_ptr<const CublasLtApi> api,
                     const format::Gemm &problem,
                     const GemmPointers &pointers) {
  std::unique_ptr<LibraryGemm> gemm(new LibraryGemm(std::move(api)));
  gemm->object = "product " + std::to_string(problem.m) + " x " +
                 std::to_string(problem.n) + " x " + std::to_string(problem.k);
  gemm->pointers = pointers;
  SINTER_TRY(gemm->makeLayouts(problem));
  SINTER_TRY(gemm->choose(problem));
  return gemm;
}

LibraryGemm::~LibraryGemm() {
  for (Layout layout : {layoutW, layoutX, layoutY}) {
    if (layout != nullptr) {
      (void)(*api)->layoutDestroy(layout);
    }
  }
  if (product != nullptr) {
    (void)(*api)->productDestroy(product);
  }
}

Status LibraryGemm::makeLayouts(const format::Gemm &problem) {
  const CublasLtApi &lt = *api;
  SINTER_TRY(check(lt->productCreate(&product, Compute32F, Real32F),
                   "cublasLtMatmulDescCreate"));
  const auto set = [&](ProductAttribute attribute, const auto &value) {
    return check(lt->productSet(product, attribute, &value, sizeof value),
                 "cublasLtMatmulDescSetAttribute");
  };
  SINTER_TRY(set(TransposeA, operationTranspose));
  SINTER_TRY(set(TransposeB, operationNone));
  if (problem.epilogue == format::GemmEpilogue::Bias) {
    SINTER_TRY(set(Epilogue, epilogueBias));
    SINTER_TRY(set(BiasPointer, pointers.bias));
  }
  const auto k = static_cast<int64_t>(problem.k);
  const auto n = static_cast<int64_t>(problem.n);
  SINTER_TRY(
      check(lt->layoutCreate(&layoutW, Real16BF, problem.k, problem.n, k),
            "cublasLtMatrixLayoutCreate"));
  SINTER_TRY(
      check(lt->layoutCreate(&layoutX, Real16BF, problem.k, problem.m, k),
            "cublasLtMatrixLayoutCreate"));
  return check(lt->layoutCreate(&layoutY, Real16BF, problem.n, problem.m, n),
               "cublasLtMatrixLayoutCreate");
}

Result<std::string> LibraryGemm::textOf(const Algorithm &algorithm) const {
  std::string text;
  const std::array<std::pair<const char *, AlgorithmAttribute>, 4> parts = {
      {{"id=", AlgorithmNumber},
       {" tile=", Tile},
       {" splitk=", SplitK},
       {" stages=", Stages}}};
  for (const auto &[name, attribute] : parts) {
    int value = 0;
    size_t written = 0;
    SINTER_TRY(check((*api)->algorithmGet(&algorithm, attribute, &value,
                                          sizeof value, &written),
                     "cublasLtMatmulAlgoConfigGetAttribute"));
    text += name + std::to_string(value);
  }
  return text;
}

Result<std::vector<LibraryGemm::Offer>> LibraryGemm::offers() const {
  const CublasLtApi &lt = *api;
  struct Wish {
    const CublasLtApi &lt;
    Preference preference = nullptr;
    ~Wish() {
      if (preference != nullptr) {
        (void)lt->preferenceDestroy(preference);
      }
    }
  } wish{lt};
  SINTER_TRY(check(lt->preferenceCreate(&wish.preference),
                   "cublasLtMatmulPreferenceCreate"));
  SINTER_TRY(check(lt->preferenceSet(wish.preference, MaxWorkspaceBytes,
                                     &pointers.workspaceBytes,
                                     sizeof pointers.workspaceBytes),
                   "cublasLtMatmulPreferenceSetAttribute"));
  SINTER_TRY(check(lt->preferenceSet(wish.preference, ReductionSchemes,
                                     &exactReductions, sizeof exactReductions),
                   "cublasLtMatmulPreferenceSetAttribute"));
  std::array<Candidate, 16> candidates{};
  int found = 0;
  SINTER_TRY(check(lt->heuristic(lt.handle(), product, layoutW, layoutX,
                                 layoutY, layoutY, wish.preference,
                                 static_cast<int>(candidates.size()),
                                 candidates.data(), &found),
                   "cublasLtMatmulAlgoGetHeuristic"));
  std::vector<Offer> offered;
  for (int i = 0; i < found; ++i) {
    const Candidate &candidate = candidates[static_cast<size_t>(i)];
    if (candidate.state == 0) {
      SINTER_ASSIGN(std::string text, textOf(candidate.algorithm));
      offered.push_back({candidate, std::move(text)});
    }
  }
  return offered;
}

Status LibraryGemm::choose(const format::Gemm &problem) {
  std::optional<std::string> wanted = problem.algorithm;
  if (wanted) {
    constexpr std::string_view separator = ": ";
    const size_t end = wanted->find(separator);
    if (end != std::string::npos) {
      const std::string version = wanted->substr(0, end);
      wanted->erase(0, end + separator.size());
      if (version != api->versionText()) {
        remark = ", instead of the plan's " + *wanted + " for " + version;
        wanted.reset();
      }
    }
    if (wanted) {
      remark = ", the plan's";
    }
  }
  SINTER_ASSIGN(std::vector<Offer> offered, offers());
  std::string texts;
  for (const Offer &offer : offered) {
    if (!wanted || *wanted == offer.text) {
      algorithmText = offer.text;
      chosen = offer.candidate.algorithm;
      workspaceBytes = offer.candidate.workspaceBytes;
      return Status::success();
    }
    texts += (texts.empty() ? "" : "; ") + offer.text;
  }
  return Error{ErrorCode::CudaCallFailed, object,
               wanted ? "the algorithm " + *wanted : "an algorithm",
               texts.empty() ? "none" : texts,
               "compile the plan for this version of cublasLt, or without the "
               "library"};
}

Result<std::vector<std::string>>
LibraryGemm::algorithms(std::shared_ptr<const CublasLtApi> api,
                        const format::Gemm &problem, uint64_t workspaceBytes) {
  LibraryGemm gemm(std::move(api));
  gemm.object = "product " + std::to_string(problem.m) + " x " +
                std::to_string(problem.n) + " x " + std::to_string(problem.k);
  gemm.pointers.workspaceBytes = workspaceBytes;
  SINTER_TRY(gemm.makeLayouts(problem));
  SINTER_ASSIGN(std::vector<Offer> offered, gemm.offers());
  std::vector<std::string> texts;
  for (Offer &offer : offered) {
    if (std::find(texts.begin(), texts.end(), offer.text) == texts.end()) {
      texts.push_back(std::move(offer.text));
    }
  }
  return texts;
}

Status LibraryGemm::enqueue(driver::Stream stream) const {
  const float one = 1;
  const float zero = 0;
  return check(
      (*api)->multiply(api->handle(), product, &one, address(pointers.weight),
                       layoutW, address(pointers.x), layoutX, &zero,
                       address(pointers.y), layoutY, address(pointers.y),
                       layoutY, &chosen, address(pointers.workspace),
                       workspaceBytes, stream),
      "cublasLtMatmul");
}

} // namespace sinter::cuda
