//===- CublasLtHeaderTest.cpp - Our declarations against NVIDIA's ---------===//

#include "runtime/cuda/CublasLtApi.h"
#include "test/unit/cuda/SameCall.h"

#include <gtest/gtest.h>

#if SINTER_HAS_CUBLASLT_HEADER
#include <cublasLt.h>

using namespace sinter::cuda;
using sinter::cuda::test::SameCall;

namespace {

#define SINTER_CUBLASLT(RESULT, MEMBER, SYMBOL, PARAMS)                        \
  static_assert(                                                               \
      SameCall<decltype(cublaslt::Table::MEMBER), decltype(&::SYMBOL)>::value, \
      #SYMBOL);
#include "runtime/cuda/CublasLtFunctions.def"

static_assert(sizeof(cublaslt::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(cublaslt::Candidate) ==
              sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(cublaslt::Candidate, workspaceBytes) ==
              offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(cublaslt::Candidate, state) ==
              offsetof(cublasLtMatmulHeuristicResult_t, state));

TEST(CublasLtHeader, Numbers) {
  EXPECT_EQ(int{cublaslt::Compute32F}, int{CUBLAS_COMPUTE_32F});
  EXPECT_EQ(int{cublaslt::Real32F}, int{CUDA_R_32F});
  EXPECT_EQ(int{cublaslt::Real16BF}, int{CUDA_R_16BF});
  EXPECT_EQ(int{cublaslt::TransposeA}, int{CUBLASLT_MATMUL_DESC_TRANSA});
  EXPECT_EQ(int{cublaslt::TransposeB}, int{CUBLASLT_MATMUL_DESC_TRANSB});
  EXPECT_EQ(int{cublaslt::Epilogue}, int{CUBLASLT_MATMUL_DESC_EPILOGUE});
  EXPECT_EQ(int{cublaslt::BiasPointer}, int{CUBLASLT_MATMUL_DESC_BIAS_POINTER});
  EXPECT_EQ(cublaslt::operationNone, int{CUBLAS_OP_N});
  EXPECT_EQ(cublaslt::operationTranspose, int{CUBLAS_OP_T});
  EXPECT_EQ(cublaslt::epilogueBias, int{CUBLASLT_EPILOGUE_BIAS});
  EXPECT_EQ(int{cublaslt::MaxWorkspaceBytes},
            int{CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES});
  EXPECT_EQ(int{cublaslt::ReductionSchemes},
            int{CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK});
  EXPECT_EQ(cublaslt::exactReductions,
            uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  EXPECT_EQ(int{cublaslt::AlgorithmNumber}, int{CUBLASLT_ALGO_CONFIG_ID});
  EXPECT_EQ(int{cublaslt::Tile}, int{CUBLASLT_ALGO_CONFIG_TILE_ID});
  EXPECT_EQ(int{cublaslt::SplitK}, int{CUBLASLT_ALGO_CONFIG_SPLITK_NUM});
  EXPECT_EQ(int{cublaslt::Stages}, int{CUBLASLT_ALGO_CONFIG_STAGES_ID});
}

} // namespace

#else

TEST(CublasLtHeader, Numbers) { GTEST_SKIP() << "no cublasLt.h"; }

#endif
