//===- KernelsTest.cpp - Values and counts of every family ----------------===//
//
// Every case in every configuration: the checked host device must count exactly
// what work() says, find no defect, and the output must agree with the
// reference interpreter as closely as the op allows. The bounds come from the
// rounding points, not from what was observed.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/Harness.h"

#include "codegen/EmitKernel.h"
#include "ir/decoder/Decoder.h"
#include "models/interpreter/Bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace sinter;
using namespace sinter::codegen;

namespace {

/// How far an element may be from the reference, and how many may differ.
struct Tolerance {
  std::function<double(int64_t)> bound; ///< absolute, by element; null: exact
  double differing = 1;                 ///< share of elements
};

double ulp(float value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, std::max(exponent, -125) - 8);
}

void compare(const HostTensor &got, const HostTensor &want,
             const Tolerance &tolerance) {
  if (got.dtype() == DType::I32 || !tolerance.bound) {
    EXPECT_TRUE(std::ranges::equal(got.bytes(), want.bytes()));
    return;
  }
  const std::vector<float> g = got.toFloats();
  const std::vector<float> w = want.toFloats();
  int64_t differing = 0;
  for (size_t i = 0; i < g.size(); ++i) {
    differing += g[i] != w[i];
    ASSERT_LE(std::abs(double{g[i]} - double{w[i]}), tolerance.bound(i))
        << "element " << i << ": " << g[i] << ", reference " << w[i];
  }
  EXPECT_LE(differing, std::ceil(tolerance.differing * g.size()));
}

void expectWork(const RunResult &run, const Work &work) {
  EXPECT_EQ(run.launches, work.launches);
  ASSERT_EQ(run.traffic.size(), work.params.size());
  for (size_t i = 0; i < work.params.size(); ++i) {
    EXPECT_EQ(run.traffic[i].loaded, work.params[i].loadedBytes)
        << "loaded from " << work.params[i].name;
    EXPECT_EQ(run.traffic[i].stored, work.params[i].storedBytes)
        << "stored to " << work.params[i].name;
  }
}

/// Runs the cases, each in its first configuration and in every `stride`-th
/// other, beginning elsewhere for each case, so that `stride` cases see all.
/// `sameBits`: all configurations of a case must agree bit by bit.
void runCases(const std::vector<OpCase> &cases,
              const std::function<Tolerance(const TestOp &)> &toleranceOf,
              bool sameBits, size_t stride = 1) {
  ASSERT_GE(cases.size(), stride);
  std::unique_ptr<Device> device = makeHostDevice(true);
  std::unique_ptr<Device> fast = makeHostDevice(false);
  ASSERT_TRUE(device && fast);
  struct Planned {
    size_t index;
    KernelConfig config;
    Work work;
  };
  std::vector<std::unique_ptr<TestOp>> tests;
  std::vector<Planned> planned;
  std::vector<KernelSource> sources;
  std::vector<KernelSource> firstSources;
  for (const OpCase &opCase : cases) {
    SCOPED_TRACE(opCase.name);
    tests.push_back(std::make_unique<TestOp>(opCase));
    const TestOp &test = *tests.back();
    Verdict why = Verdict::ok();
    const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
    ASSERT_TRUE(family) << why.message();
    size_t number = 0;
    for (const KernelConfig &config :
         family->enumerate(test.group, testDevice())) {
      const bool first = number == 0;
      const bool chosen = first || (number + tests.size()) % stride == 0;
      ++number;
      if (!chosen) {
        continue;
      }
      const Work work = family->work(test.group, config, test.workload);
      sources.push_back(sourceOf(
          work, emitKernelText(test.group, *family, config, "kernel")));
      if (first) {
        firstSources.push_back(sources.back());
      }
      planned.push_back({tests.size() - 1, config, work});
    }
  }
  auto kernels = device->loadKernels(sources);
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto fastKernels = fast->loadKernels(firstSources);
  ASSERT_TRUE(fastKernels) << fastKernels.error().message();

  HostTensor reference;
  HostTensor firstOutput;
  for (size_t i = 0; i < planned.size(); ++i) {
    const auto &[index, config, work] = planned[i];
    const TestOp &test = *tests[index];
    SCOPED_TRACE(cases[index].name + ", " + config.text());
    const bool first = i == 0 || planned[i - 1].index != index;
    if (first) {
      reference = referenceOf(test);
    }
    auto run = runKernel(*device, (*kernels)[i], test, work);
    ASSERT_TRUE(run) << run.error().message();
    expectWork(*run, work);
    compare(run->output, reference, toleranceOf(test));
    if (first) {
      firstOutput = run->output;
      // Optimised differently and on several threads: the same bits.
      auto again = runKernel(*fast, (*fastKernels)[index], test, work);
      ASSERT_TRUE(again) << again.error().message();
      // Of the rest of a cache that was never uploaded nothing is compared.
      EXPECT_TRUE(
          std::ranges::equal(again->output.bytes(), firstOutput.bytes()));
    } else if (sameBits) {
      EXPECT_TRUE(std::ranges::equal(run->output.bytes(), firstOutput.bytes()));
    }
  }
}

Tolerance exact(const TestOp &) { return {}; }

/// The fp32 result may fall on the other side of a rounding point: one bf16
/// step there, and up to two after a product.
Tolerance twoSteps(const TestOp &test) {
  std::vector<float> reference = referenceOf(test).toFloats();
  return {[reference](int64_t i) { return 2 * ulp(reference[i]); }, 0.02};
}

/// sum |w x| * 4 * eps * sqrt(K) for the accumulation, then one bf16 step.
Tolerance linearTolerance(const TestOp &test) {
  std::vector<float> reference = referenceOf(test).toFloats();
  const std::vector<float> x = test.inputs[0].toFloats();
  const std::vector<float> w = test.inputs[1].toFloats();
  std::vector<double> bounds;
  for (size_t o = 0; o < reference.size(); ++o) {
    double scale = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      scale += std::abs(double{w[o * x.size() + k]} * x[k]);
    }
    bounds.push_back(4 * 0x1p-24 * std::sqrt(double(x.size())) * scale +
                     ulp(reference[o]));
  }
  return {[bounds](int64_t i) { return bounds[i]; }, 0.05};
}

/// A cosine or sine may round to its neighbour (one step of 2^-8 at most), and
/// then products and sum once more.
Tolerance ropeTolerance(const TestOp &test) {
  const std::vector<float> x = test.inputs[0].toFloats();
  const int64_t headDim = test.inputs[0].dim(2);
  std::vector<double> bounds;
  for (int64_t i = 0; i < static_cast<int64_t>(x.size()); ++i) {
    const int64_t partner =
        i % headDim < headDim / 2 ? i + headDim / 2 : i - headDim / 2;
    bounds.push_back(0x1p-7 * (std::abs(x[i]) + std::abs(x[partner])));
  }
  return {[bounds](int64_t i) { return bounds[i]; }, 0.02};
}

/// Weights sum to 1, each with relative error of some eps * (score size), so
/// the output moves by less than 2^-14 of the largest value; one bf16 step.
Tolerance attentionTolerance(const TestOp &test) {
  std::vector<float> reference = referenceOf(test).toFloats();
  double largest = 0;
  for (float v : test.inputs[2].toFloats()) {
    largest = std::max(largest, std::abs(double{v}));
  }
  return {[=](int64_t i) { return largest * 0x1p-14 + ulp(reference[i]); },
          0.05};
}

} // namespace

TEST(Kernels, Embed) { runCases(embedCases(), exact, true); }
TEST(Kernels, RmsNorm) { runCases(rmsNormCases(), twoSteps, false); }
TEST(Kernels, Rope) { runCases(ropeCases(), ropeTolerance, true); }
TEST(Kernels, TakeRows) { runCases(takeRowsCases(), exact, true); }
TEST(Kernels, Linear) { runCases(linearCases(), linearTolerance, true, 6); }
TEST(Kernels, KvAppend) { runCases(kvAppendCases(), exact, true); }
TEST(Kernels, Attention) {
  runCases(attentionCases(), attentionTolerance, false, 3);
}
TEST(Kernels, Argmax) { runCases(argmaxCases(), exact, true); }
TEST(Kernels, Elementwise) {
  runCases(
      elementwiseCases(),
      [](const TestOp &test) {
        return mlir::isa<decoder::AddOp>(test.op) ? exact(test)
                                                  : twoSteps(test);
      },
      true);
}

// Whole numbers whose sums stay below 2^24, so that every order of additions
// gives one result, and outputs that bf16 holds exactly up to 256.
TEST(Kernels, LinearIsExactOnWholeNumbers) {
  std::vector<OpCase> cases = linearCases();
  for (OpCase &opCase : cases) {
    opCase.integers = true;
  }
  runCases(cases, exact, true, 6);
}
