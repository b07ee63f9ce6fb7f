//===- WaitsTest.cpp - Every kernel waits for its producers ---------------===//
//
// Any launch may be programmatic (KernelFamily::emit), so a kernel that waits
// nowhere would read what is not there yet. Each kernel runs with a wait that
// reports itself; one that is not reached lets the run succeed.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "codegen/device/DeviceText.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

/// The wait as a view of shared memory that nothing fits in.
std::string withLoudWait(const std::string &text) {
  const std::string &prelude = preludeText();
  const size_t at = text.find(prelude);
  EXPECT_NE(at, std::string::npos);
  return text.substr(0, at + prelude.size()) +
         "#define waitForProducers()                                         "
         " \\\n  worker()->calls->sharedOverflow(worker(), 0, 1 << 30, 0)\n" +
         text.substr(at + prelude.size());
}

/// `run` is called with the kernel loaded from the text with a loud wait.
template <typename Test, typename Run>
void expectWait(Device &device, const std::string &name, const Test &test,
                Run run) {
  SCOPED_TRACE(name);
  const auto first = firstKernel(test.group, test.workload);
  ASSERT_TRUE(first);
  const std::string text = withLoudWait(
      emitKernelText(test.group, *first->family, first->config, "kernel"));
  auto kernels = device.loadKernels({{sourceOf(first->work, text)}});
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto result = run(kernels->front(), first->work);
  ASSERT_FALSE(result) << "the kernel does not wait";
  EXPECT_EQ(result.error().code, ErrorCode::KernelSharedOverflow)
      << result.error().message();
}

} // namespace

TEST(Waits, EveryKernelOfAnOp) {
  std::unique_ptr<Device> device = makeHostDevice(true);
  ASSERT_TRUE(device);
  for (const std::vector<OpCase> &cases : caseLists()) {
    const OpCase &opCase = cases.front();
    const TestOp test(opCase);
    expectWait(*device, opCase.name, test, [&](KernelId kernel, auto &work) {
      return runKernel(*device, kernel, test, work);
    });
  }
}

// gemv and skinny wait at one place whatever stands around them; attention
// where it makes its heads or finds them made, with and without a newest key;
// chains of row ops behind a gain, with a row per block and several, and of
// heads.
TEST(Waits, FusedKernels) {
  std::unique_ptr<Device> device = makeHostDevice(true);
  ASSERT_TRUE(device);
  const std::vector<GroupCase> attention = attentionGroups();
  const std::vector<GroupCase> chains = rowChains();
  for (const GroupCase &groupCase :
       {gemvGroups().front(), skinnyGroups().front(), attention[0],
        attention[5], chains[0], chains[2], chains[6], chains[9]}) {
    const TestGroup test(groupCase);
    expectWait(*device, groupCase.name, test, [&](KernelId kernel, auto &work) {
      return runGroup(*device, kernel, test, work);
    });
  }
}
