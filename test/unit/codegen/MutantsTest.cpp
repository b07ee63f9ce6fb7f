//===- MutantsTest.cpp - A wrong count must not go unnoticed --------------===//
//
// Per op a kernel text with one more load and one with one load less. Both run
// without a defect, and both must miss the count of work().
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/Harness.h"

#include "codegen/EmitKernel.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

struct Mutation {
  const char *name;
  std::vector<OpCase> (*cases)();
  const char *find; ///< occurs once in the kernel text
  const char *more; ///< one load more
  const char *less; ///< one load less
};
std::ostream &operator<<(std::ostream &stream, const Mutation &mutation) {
  return stream << mutation.name;
}

std::vector<OpCase> swigluCases() {
  std::vector<OpCase> cases = elementwiseCases();
  std::erase_if(cases, [](const OpCase &c) {
    return c.op.find("swiglu") == std::string::npos;
  });
  return cases;
}

const Mutation mutations[] = {
    {"embed", embedCases, "const i64 row = load(rows, i / Width);",
     "const i64 row = load(rows, i / Width) + (i == 0 ? 0 * load(rows, 0) : "
     "0);",
     "const i64 row = i == 0 ? 0 : load(rows, i / Width);"},
    {"rms_norm", rmsNormCases, "loadShare(gain, 0, thread, gains);",
     "loadShare(gain, 0, thread, gains);"
     "if (row + thread == 0) { (void)load(gain, 0); }",
     "if (row + thread != 0) { loadShare(gain, 0, thread, gains); }"
     "else { gains = {}; }"},
    {"rope", ropeCases, "const Piece<V> b = loadPiece<V>(x, low + half);",
     "const Piece<V> b = loadPiece<V>(x, low + half);"
     "if (i == 0) { (void)load(x, 0); }",
     "const Piece<V> b = i == 0 ? a : loadPiece<V>(x, low + half);"},
    {"add", elementwiseCases, "const Piece<V> b = loadPiece<V>(rhs, i);",
     "const Piece<V> b = loadPiece<V>(rhs, i);"
     "if (i == 0) { (void)load(rhs, 0); }",
     "const Piece<V> b = i == 0 ? a : loadPiece<V>(rhs, i);"},
    {"swiglu", swigluCases, "const Piece<V> u = loadPiece<V>(up, i);",
     "const Piece<V> u = loadPiece<V>(up, i);"
     "if (i == 0) { (void)load(up, 0); }",
     "const Piece<V> u = i == 0 ? g : loadPiece<V>(up, i);"},
    {"take_rows", takeRowsCases,
     "copyPiece<V>(table, row * Width + i % Width, y, i);",
     "copyPiece<V>(table, row * Width + i % Width, y, i);"
     "if (i == 0) { (void)load(table, 0); }",
     "if (i != 0) { copyPiece<V>(table, row * Width + i % Width, y, i); }"
     "else { const float zeros[V] = {}; storePiece<V>(y, i, zeros); }"},
    {"linear", linearCases, "loadShare(x, 0, threadIndex(), share);",
     "loadShare(x, 0, threadIndex(), share);"
     "if (blockIndex() + threadIndex() == 0) { (void)load(x, 0); }",
     "if (blockIndex() + threadIndex() != 0) "
     "{ loadShare(x, 0, threadIndex(), share); }"
     "else { share = {}; }"},
    {"kv_append", kvAppendCases, "* Capacity + load(positions, n);",
     "* Capacity + load(positions, n) + (i == 0 ? 0 * load(positions, 0) : 0);",
     "* Capacity + (i == 0 ? 0 : load(positions, n));"},
    {"attention", attentionCases,
     "if (p >= from && p < to && laneColumn<A>() < A::D) {",
     "if (line + p == 0 && laneColumn<A>() == 0 && p >= from && p < to) "
     "{ (void)load(cache, 0); }"
     "if (p >= from && p < to && laneColumn<A>() < A::D) {",
     "if (p >= from && p < to && laneColumn<A>() < A::D && line + p != 0) {"},
    // 777 logits: the last is scanned alone, after the pieces of 8.
    {"argmax", argmaxCases, "i < Limit; i += threads",
     "(i == threadIndex() + pieces * V && i == Limit - 1 ? "
     "(void)load(logits, first) : (void)0), i < Limit; i += threads",
     "i < Limit - 1; i += threads"},
};

/// The text with `find` replaced, which must occur exactly once.
std::string replaceOnce(const std::string &text, const std::string &find,
                        const std::string &replacement) {
  const size_t at = text.find(find);
  EXPECT_NE(at, std::string::npos) << find;
  EXPECT_EQ(text.find(find, at + 1), std::string::npos) << find;
  return text.substr(0, at) + replacement + text.substr(at + find.size());
}

class Mutants : public testing::TestWithParam<Mutation> {};

/// Bytes loaded by the kernel of `text`, over all parameters.
uint64_t loadedBy(Device &device, const TestOp &test, const Work &work,
                  const std::string &text) {
  auto kernels = device.loadKernels({{sourceOf(work, text)}});
  if (!kernels) {
    ADD_FAILURE() << kernels.error().message();
    return 0;
  }
  auto run = runKernel(device, kernels->front(), test, work);
  if (!run) {
    ADD_FAILURE() << run.error().message();
    return 0;
  }
  uint64_t loaded = 0;
  for (const format::ParamTraffic &traffic : run->traffic) {
    loaded += traffic.loaded;
  }
  return loaded;
}

} // namespace

TEST_P(Mutants, MissTheCount) {
  const Mutation &mutation = GetParam();
  const TestOp test(mutation.cases().front());
  const auto kernel = firstKernel(test.group, test.workload);
  ASSERT_TRUE(kernel);
  const Work &work = kernel->work;
  const std::string text =
      emitKernelText(test.group, *kernel->family, kernel->config, "kernel");
  std::unique_ptr<Device> device = makeHostDevice(true);
  ASSERT_TRUE(device);
  EXPECT_EQ(loadedBy(*device, test, work, text), work.loadedBytes());
  EXPECT_GT(loadedBy(*device, test, work,
                     replaceOnce(text, mutation.find, mutation.more)),
            work.loadedBytes());
  EXPECT_LT(loadedBy(*device, test, work,
                     replaceOnce(text, mutation.find, mutation.less)),
            work.loadedBytes());
}

INSTANTIATE_TEST_SUITE_P(PerOp, Mutants, testing::ValuesIn(mutations),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });
