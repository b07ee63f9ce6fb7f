//===- NvrtcTest.cpp - Registers, spills, local memory --------------------===//
//
// Every kernel of the matrix for every architecture that Sinter plans for: no
// spills, no local memory, and no more registers than the launch bounds
// promise. Needs a CUDA toolkit, no GPU.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitAdvance.h"
#include "codegen/EmitKernel.h"
#include "runtime/cuda/Nvrtc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

using namespace sinter;
using namespace sinter::codegen;

namespace {

struct Build {
  std::string name;
  std::string text;
  std::string arch;
  Work work;
  bool first = false; ///< configuration
  std::optional<Result<cuda::CompiledKernel>> result;
};

/// The default configuration on all architectures, on one every `stride`-th of
/// the others, beginning elsewhere for each case.
template <typename Test, typename Case>
void addBuilds(const std::vector<Case> &cases, size_t stride,
               const std::vector<std::string> &archs,
               std::vector<Build> &builds) {
  for (const Case &kernelCase : cases) {
    const Test test(kernelCase, /*filled=*/false);
    Verdict why = Verdict::ok();
    const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
    ASSERT_TRUE(family) << why.message();
    bool first = true;
    size_t number = &kernelCase - cases.data();
    for (const KernelConfig &config :
         family->enumerate(test.group, testDevice())) {
      const Work work = family->work(test.group, config, test.workload);
      for (const std::string &arch : archs) {
        if (first || (arch == "sm_90a" && number % stride == 0)) {
          builds.push_back({kernelCase.name + ", " + config.text(),
                            emitKernelText(test.group, *family, config, "k"),
                            arch, work, first, std::nullopt});
        }
      }
      first = false;
      ++number;
    }
  }
}

void compileAll(const cuda::Nvrtc &nvrtc, std::vector<Build> &builds) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < builds.size();) {
      builds[i].result = nvrtc.compile(builds[i].text, "k", builds[i].arch);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

struct Gate {
  const char *name;
  std::vector<OpCase> (*cases)();
  size_t stride = 1;                            ///< at most the number of cases
  std::vector<GroupCase> (*groups)() = nullptr; ///< instead of cases
};
std::ostream &operator<<(std::ostream &stream, const Gate &gate) {
  return stream << gate.name;
}

class NvrtcGate : public testing::TestWithParam<Gate> {};

} // namespace

TEST(NvrtcAdvance, NoSpillsNoLocalMemory) {
  auto nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  const AdvanceShape shape = {32, 4096, 4096};
  for (const char *arch : {"sm_80", "sm_90a", "sm_120"}) {
    if (!std::ranges::count((*nvrtc)->architectures(), std::atoi(arch + 3))) {
      continue;
    }
    SCOPED_TRACE(arch);
    auto built = (*nvrtc)->compile(emitAdvanceText(shape, "k"), "k", arch);
    ASSERT_TRUE(built.ok()) << built.error().message();
    ASSERT_EQ(built->kernels.size(), 1u);
    EXPECT_EQ(built->kernels[0].spillStoreBytes, 0u);
    EXPECT_EQ(built->kernels[0].spillLoadBytes, 0u);
    EXPECT_EQ(built->kernels[0].stackBytes, 0u);
    EXPECT_LE(built->kernels[0].registers, advanceWork(shape).bounds.registers);
  }
}

TEST_P(NvrtcGate, NoSpillsNoLocalMemory) {
  auto nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  std::vector<std::string> archs;
  std::string header;
  for (const char *arch :
       {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_120"}) {
    const int number = std::atoi(arch + 3);
    if (std::ranges::count((*nvrtc)->architectures(), number)) {
      archs.push_back(arch);
      header += std::string("  ") + arch;
    }
  }
  std::vector<Build> builds;
  if (GetParam().groups) {
    addBuilds<TestGroup>(GetParam().groups(), GetParam().stride, archs, builds);
  } else {
    addBuilds<TestOp>(GetParam().cases(), GetParam().stride, archs, builds);
  }
  compileAll(**nvrtc, builds);

  std::printf("registers%s  bound\n", header.c_str());
  std::string row;
  for (const Build &build : builds) {
    SCOPED_TRACE(build.name + " for " + build.arch);
    ASSERT_TRUE(build.result->ok()) << build.result->error().message();
    const std::vector<cuda::KernelResources> &kernels =
        (*build.result)->kernels;
    ASSERT_EQ(kernels.size(), 1u);
    EXPECT_EQ(kernels[0].spillStoreBytes, 0u);
    EXPECT_EQ(kernels[0].spillLoadBytes, 0u);
    EXPECT_EQ(kernels[0].stackBytes, 0u);
    EXPECT_EQ(kernels[0].sharedBytes, 0u) << "shared memory is dynamic";
    EXPECT_LE(kernels[0].registers, build.work.bounds.registers);
    if (build.first) {
      char cell[16];
      std::snprintf(cell, sizeof(cell), "%7u", kernels[0].registers);
      row += cell;
      if (build.arch == archs.back()) {
        std::printf("         %s %6u  %s\n", row.c_str(),
                    build.work.bounds.registers, build.name.c_str());
        row.clear();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    PerOp, NvrtcGate,
    testing::Values(
        Gate{"embed", embedCases}, Gate{"rms_norm", rmsNormCases},
        Gate{"rope", ropeCases}, Gate{"elementwise", elementwiseCases},
        Gate{"take_rows", takeRowsCases}, Gate{"linear", linearCases, 4},
        Gate{"kv_append", kvAppendCases}, Gate{"attention", attentionCases, 4},
        Gate{"argmax", argmaxCases}, Gate{"published", publishedCases, 8},
        Gate{"gemv_groups", nullptr, 4, gemvGroups},
        Gate{"skinny_groups", nullptr, 8, skinnyGroups},
        Gate{"published_skinny", nullptr, 8, publishedSkinnyGroups},
        Gate{"row_chains", nullptr, 4, rowChains},
        Gate{"published_row_chains", nullptr, 4, publishedRowChains},
        Gate{"row_parts", nullptr, 4, rowParts},
        Gate{"kv_append_parts", nullptr, 2, kvAppendParts},
        Gate{"argmax_parts", nullptr, 1, argmaxParts},
        Gate{"attention_parts", nullptr, 2, attentionParts},
        Gate{"published_groups", nullptr, 6, publishedGroups},
        Gate{"attention_groups", nullptr, 7, attentionGroups},
        Gate{"published_attention", nullptr, 5, publishedAttentionGroups}),
    [](const auto &info) { return std::string(info.param.name); });
