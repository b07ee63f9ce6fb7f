//===- CublasLtTest.cpp - Products by the vendor's library ----------------===//

#include "test/unit/cuda/FakeDriver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

using namespace sinter;
using namespace sinter::cuda;
using sinter::cuda::test::FakeDriver;

namespace {

/// Small integers, which every order of summation keeps.
std::vector<uint16_t> integers(size_t count, int seed) {
  std::vector<uint16_t> bits(count);
  for (size_t i = 0; i < count; ++i) {
    const float value =
        static_cast<float>((static_cast<int>(i) * 7 + seed) % 5) - 2;
    bits[i] = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
  }
  return bits;
}
float widen(uint16_t bits) {
  return std::bit_cast<float>(uint32_t{bits} << 16);
}

class CublasLtTest : public testing::TestWithParam<LaunchMode> {
protected:
  static constexpr uint64_t m = 3, n = 5, k = 4;

  /// y of x, W and a bias, run as a step of a program.
  Result<std::vector<uint16_t>> product(FakeDriver &fake, bool bias,
                                        std::optional<std::string> algorithm) {
    SINTER_ASSIGN(std::unique_ptr<CudaDevice> device, fake.open());
    ProgramStep step;
    step.kind = ProgramStep::Kind::Gemm;
    step.gemm.m = m;
    step.gemm.n = n;
    step.gemm.k = k;
    step.gemm.algorithm = std::move(algorithm);
    std::vector<std::vector<uint16_t>> inputs = {x, w};
    if (bias) {
      step.gemm.epilogue = format::GemmEpilogue::Bias;
      inputs.push_back(b);
    }
    for (const std::vector<uint16_t> &input : inputs) {
      SINTER_ASSIGN(BufferId buffer,
                    device->allocate(2 * input.size(), "input"));
      SINTER_TRY(device->upload(buffer, 0, std::as_bytes(std::span(input))));
      step.arguments.push_back({buffer, 0, input.size()});
    }
    SINTER_ASSIGN(BufferId y, device->allocate(2 * m * n, "y"));
    step.arguments.push_back({y, 0, m * n});
    SINTER_TRY(device->admitGemm(step.gemm));
    SINTER_ASSIGN(ProgramId program,
                  device->prepareProgram(std::span(&step, 1), GetParam()));
    SINTER_TRY(device->zero(y, 0, 2 * m * n));
    SINTER_TRY(device->run(program));
    std::vector<uint16_t> result(m * n);
    SINTER_TRY(
        device->download(y, 0, std::as_writable_bytes(std::span(result))));
    return result;
  }

  std::vector<uint16_t> x = integers(m * k, 1), w = integers(n * k, 3),
                        b = integers(n, 4);
};

TEST_P(CublasLtTest, RowMajorWithBias) {
  for (bool bias : {false, true}) {
    FakeDriver fake;
    auto y = product(fake, bias, {});
    ASSERT_TRUE(y) << y.error().message();
    for (uint64_t row = 0; row < m; ++row) {
      for (uint64_t column = 0; column < n; ++column) {
        float wanted = bias ? widen(b[column]) : 0;
        for (uint64_t i = 0; i < k; ++i) {
          wanted += widen(x[row * k + i]) * widen(w[column * k + i]);
        }
        EXPECT_EQ(widen((*y)[row * n + column]), wanted) << row << column;
      }
    }
    EXPECT_EQ(fake.alive(), 0u);
    EXPECT_EQ(fake.misuses, std::vector<std::string>());
    EXPECT_EQ(fake.notes,
              (std::vector<std::string>{
                  "product 3 x 5 x 4: algorithm id=1 tile=5 splitk=5 stages=5 "
                  "by cublasLt 13.0.1"}));
  }
}

TEST_P(CublasLtTest, ThePlansAlgorithmOrNone) {
  FakeDriver fake;
  auto y = product(fake, false, "id=2 tile=5 splitk=5 stages=5");
  ASSERT_TRUE(y) << y.error().message();
  EXPECT_EQ(fake.notes.back().find("product 3 x 5 x 4: algorithm id=2"), 0u);
  // The one that the library says does not work.
  auto none = product(fake, false, "id=0 tile=5 splitk=5 stages=5");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(),
            "SIN3205 (CUDA call failed): product 3 x 5 x 4: wanted the "
            "algorithm id=0 tile=5 splitk=5 stages=5, found id=1 tile=5 "
            "splitk=5 stages=5; id=2 tile=5 splitk=5 stages=5; compile the "
            "plan for this version of cublasLt, or without the library");
  EXPECT_EQ(fake.alive(), 0u);
}

TEST_P(CublasLtTest, AnyFailingCallIsReportedAndAllIsReleased) {
  size_t calls = 0;
  {
    FakeDriver fake;
    ASSERT_TRUE(product(fake, true, {}));
    calls = fake.calls.size();
  }
  for (size_t failAt = 0; failAt < calls; ++failAt) {
    FakeDriver fake;
    fake.failAt = failAt;
    auto y = product(fake, true, {});
    const std::string &call = fake.calls.at(failAt);
    if (!y) {
      EXPECT_EQ(y.error().code, call == "driverVersion"
                                    ? ErrorCode::CudaDriverTooOld
                                    : ErrorCode::CudaCallFailed)
          << call << " " << y.error().message();
    } else {
      EXPECT_TRUE(call.ends_with("Destroy") || call.ends_with("Free") ||
                  call.ends_with("Release") || call.ends_with("Current") ||
                  call.ends_with("Synchronize"))
          << call;
    }
    EXPECT_EQ(fake.alive(), 0u) << call;
    EXPECT_EQ(fake.misuses, std::vector<std::string>()) << call;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, CublasLtTest,
                         testing::Values(LaunchMode::Stream,
                                         LaunchMode::Graph));

TEST(CublasLt, SaysWhatIsMissingOnAMachineWithoutGpu) {
  if (openDriver()) {
    GTEST_SKIP() << "this machine has a GPU";
  }
  const auto api = openCublasLt();
  ASSERT_FALSE(api);
  EXPECT_EQ(api.error().code, ErrorCode::CudaCallFailed);
  EXPECT_EQ(api.error().exitCode(), 4);
  // The library, where it is, is opened but gives no handle.
  const std::string message = api.error().message();
  EXPECT_TRUE(message.find("cublasLtCreate: CUBLAS_STATUS_") !=
                  std::string::npos ||
              message.find("none that loads") != std::string::npos)
      << message;
}

TEST(CublasLt, FilesOfAToolkit) {
  const std::vector<std::string> files = cublasLtFiles();
  EXPECT_EQ(files.front(), "libcublasLt.so.13");
  EXPECT_NE(std::find(files.begin(), files.end(),
                      "/usr/local/cuda/lib64/libcublasLt.so.12"),
            files.end());
}

TEST(CublasLt, AnAlgorithmOfAnotherVersionDoesNotCount) {
  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  format::Gemm problem;
  problem.m = 2;
  problem.n = 3;
  problem.k = 4;
  auto offered = (*device)->gemmAlgorithms(problem, 0);
  ASSERT_TRUE(offered) << offered.error().message();
  EXPECT_EQ(*offered,
            (std::vector<std::string>{"id=1 tile=5 splitk=5 stages=5",
                                      "id=2 tile=5 splitk=5 stages=5"}));
  const auto said = [&](const std::string &algorithm) {
    auto x = (*device)->allocate(16, "x");
    auto w = (*device)->allocate(24, "w");
    auto y = (*device)->allocate(12, "y");
    problem.algorithm = algorithm;
    const std::vector<Argument> arguments = {
        {*x, 0, 8}, {*w, 0, 12}, {*y, 0, 6}};
    Status status = (*device)->gemm(problem, arguments, nullptr);
    EXPECT_TRUE(status) << (status ? "" : status.error().message());
    EXPECT_TRUE((*device)->synchronize());
    return fake.notes.back();
  };
  EXPECT_EQ(said("13.0.1: id=2 tile=5 splitk=5 stages=5"),
            "product 2 x 3 x 4: algorithm id=2 tile=5 splitk=5 stages=5, the "
            "plan's by cublasLt 13.0.1");
  EXPECT_EQ(said("12.9.0: id=2 tile=5 splitk=5 stages=5"),
            "product 2 x 3 x 4: algorithm id=1 tile=5 splitk=5 stages=5, "
            "instead of the plan's id=2 tile=5 splitk=5 stages=5 for 12.9.0 by "
            "cublasLt 13.0.1");
}

} // namespace
