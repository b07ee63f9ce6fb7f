//===- RowChainTest.cpp - What a chain of row ops takes and moves ---------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "ir/target/DeviceSpec.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

const KernelFamily &family() { return *findFamily("row_chain"); }

TestGroup chainNamed(const std::string &name) {
  const std::vector<GroupCase> groups = rowChains();
  const auto group = std::ranges::find(groups, name, &GroupCase::name);
  EXPECT_NE(group, groups.end()) << name;
  return TestGroup(*group, /*filled=*/false);
}

const std::string x = "tensor<1x2x16xbf16>";
const std::string cache = "tensor<1x2x8x16xbf16>";
const std::string gain = "tensor<16xbf16>";

std::string says(const std::string &body, const std::string &yielded,
                 const DeviceSpec &device = testDevice()) {
  GroupCase c;
  c.arguments = "%x: " + x + ", %r: tensor<2x16xbf16>, %g: " + gain +
                ", %p: tensor<1xi32>, %o: tensor<1xi32>, %c: " + cache +
                ", %all: tensor<1x64xbf16>, %b: tensor<1x16xbf16>";
  c.body = body;
  c.yielded = yielded;
  const TestGroup test(c, /*filled=*/false);
  return family().accepts(test.group, device).message();
}

std::string norm(const std::string &to, const std::string &from) {
  return to + " = decoder.rms_norm " + from + " gain %g eps 1.0e-6 : " + x +
         ", " + gain + "\n";
}
std::string rope(const std::string &to, const std::string &from) {
  return to + " = decoder.rope " + from + " at %p theta 1.0e4 : " + x +
         ", tensor<1xi32>\n";
}
/// "%n = decoder.OP : tensor<2x16xbf16>...", of rows rather than heads.
std::string rows(const std::string &op, const std::string &types) {
  return "%n = decoder." + op + " : tensor<2x16xbf16>" + types + "\n";
}
std::string append(const std::string &from, const std::string &positions) {
  return "%y = decoder.kv_append " + from + " at " + positions +
         " into %c : " + x + ", tensor<1xi32>, " + cache + "\n";
}

const std::string noChain =
    "refused_op: wanted add and rms_norm, or rms_norm, rope and kv_append of "
    "heads, each on the whole of the one before";

/// A sum of a slice of 64 from `at` on, and its norm.
std::string sumOfPart(const std::string &at, const std::string &step) {
  return says("%a = tensor.extract_slice %all[0, " + at + "] [1, 16] [1, " +
                  step +
                  "] : tensor<1x64xbf16> to tensor<1x16xbf16>\n"
                  "%s = decoder.add %b, %a : tensor<1x16xbf16>\n"
                  "%y = decoder.rms_norm %s gain %g eps 1.0e-6 : "
                  "tensor<1x16xbf16>, " +
                  gain,
              "%y : tensor<1x16xbf16>");
}

} // namespace

TEST(RowChain, TakesWhatFollows) {
  EXPECT_EQ(says(norm("%n", "%x") + rope("%y", "%n"), "%y : " + x), "ok");
  EXPECT_EQ(says(rope("%r2", "%x") + append("%r2", "%p"), "%y : " + cache),
            "ok");
  EXPECT_EQ(says(norm("%n", "%x") + rope("%r2", "%n") + append("%r2", "%p"),
                 "%y : " + cache),
            "ok");
  EXPECT_EQ(sumOfPart("24", "1"), "ok");
}

TEST(RowChain, SaysWhatItCannotBe) {
  // Alone, of other kinds, side by side, in another order.
  EXPECT_EQ(says(norm("%y", "%x"), "%y : " + x),
            "refused_op: decoder.rms_norm");
  EXPECT_EQ(says(rows("rms_norm %r gain %g eps 1.0e-6", ", " + gain) +
                     "%y = decoder.swiglu %n, %r : tensor<2x16xbf16>",
                 "%y : tensor<2x16xbf16>"),
            "refused_op: decoder.swiglu");
  EXPECT_EQ(
      says(norm("%n", "%x") + rope("%y", "%x"), "%n, %y : " + x + ", " + x),
      noChain);
  EXPECT_EQ(says(rope("%n", "%x") + norm("%y", "%n"), "%y : " + x), noChain);
  EXPECT_EQ(says(norm("%n", "%x") + append("%n", "%p"), "%y : " + cache),
            noChain);
  EXPECT_EQ(says(rows("rms_norm %r gain %g eps 1.0e-6", ", " + gain) +
                     "%y = decoder.add %n, %r : tensor<2x16xbf16>",
                 "%y : tensor<2x16xbf16>"),
            noChain);
  // What lies between is read elsewhere.
  EXPECT_EQ(
      says(norm("%n", "%x") + rope("%y", "%n"), "%n, %y : " + x + ", " + x),
      "refused_live_out: one live-out wanted, the result of the last op");
  EXPECT_EQ(says("%s = decoder.add %r, %r : tensor<2x16xbf16>\n"
                 "%y = decoder.rms_norm %s gain %g eps 1.0e-6 : "
                 "tensor<2x16xbf16>, " +
                     gain,
                 "%s : tensor<2x16xbf16>"),
            "refused_live_out: live-outs wanted: the norm, and perhaps the "
            "sum");
  EXPECT_EQ(says(rope("%r2", "%x") + append("%r2", "%o"), "%y : " + cache),
            "refused_op: rope and kv_append at different positions, or a part "
            "of a cache");
  EXPECT_EQ(sumOfPart("12", "1"),
            "refused_shape: rows begin at element 12 with stride 1, wanted a "
            "multiple of 8 and 1");
  EXPECT_EQ(sumOfPart("8", "2"),
            "refused_shape: rows begin at element 8 with stride 2, wanted a "
            "multiple of 8 and 1");
}

TEST(RowChain, HeadsAreMultiplesOfEight) {
  auto head = [](const std::string &dim) {
    const std::string heads = "tensor<1x2x" + dim + "xbf16>";
    const std::string lines = "tensor<1x2x8x" + dim + "xbf16>";
    GroupCase c;
    c.arguments = "%x: " + heads + ", %p: tensor<1xi32>, %c: " + lines;
    c.body =
        "%r = decoder.rope %x at %p theta 1.0e4 : " + heads +
        ", tensor<1xi32>\n%y = decoder.kv_append %r at %p into %c : " + heads +
        ", tensor<1xi32>, " + lines;
    c.yielded = "%y : " + lines;
    return family()
        .accepts(TestGroup(c, /*filled=*/false).group, testDevice())
        .message();
  };
  EXPECT_EQ(head("256"), "ok");
  EXPECT_EQ(head("12"), "refused_head_dim: head_dim 12, wanted a multiple of "
                        "8 up to 256");
  EXPECT_EQ(head("264"), "refused_head_dim: head_dim 264, wanted a multiple "
                         "of 8 up to 256");
}

/// 32,768 is the widest row of 16 warps; twice as wide, none of a warp's
/// threads holds its share.
TEST(RowChain, RowsFitTheRegistersOfABlock) {
  auto sum = [](int64_t width, const DeviceSpec &device) {
    const std::string row = tensor({1, width});
    GroupCase c;
    c.arguments = "%a: " + row + ", %b: " + row + ", %g: " + tensor({width});
    c.body = "%s = decoder.add %a, %b : " + row +
             "\n%y = decoder.rms_norm %s gain %g eps 1.0e-6 : " + row + ", " +
             tensor({width});
    c.yielded = "%y : " + row;
    return family()
        .accepts(TestGroup(c, /*filled=*/false).group, device)
        .message();
  };
  EXPECT_EQ(sum(32768, testDevice()), "ok");
  EXPECT_EQ(sum(32776, testDevice()),
            "refused_registers: no block of at most 1024 threads holds rows "
            "of 32776 twice and their gain");
  DeviceSpec small = testDevice();
  small.limits.threadsPerBlock.value = 128;
  EXPECT_EQ(sum(8192, small), "ok");
  EXPECT_EQ(sum(8200, small),
            "refused_registers: no block of at most 128 threads holds rows of "
            "8200 twice and their gain");
}

TEST(RowChain, WorkBySum) {
  // 7 rows of 100 in two blocks of four warps: the gain for a row more.
  const TestGroup test = chainNamed("add, norm tensor<7x100xbf16>");
  const Work work = family().work(
      test.group, KernelConfig{{"rows", 4}, {"warps", 1}}, test.workload);
  EXPECT_EQ(work.grid[0], 2u);
  EXPECT_EQ(work.issuedBytes(ParamClass::Weights), 8u * 200);
  EXPECT_EQ(work.uniqueBytes(ParamClass::Weights), 200u);
  EXPECT_EQ(work.prefetchBytes, 200u);
  EXPECT_EQ(work.issuedBytes(ParamClass::Activations), 3u * 7 * 200);
  // A value added to itself moves once; nobody reads the sum.
  const TestGroup twice =
      chainNamed("a value added to itself, norm tensor<1x520xbf16>");
  const Work same = family().work(
      twice.group, KernelConfig{{"rows", 1}, {"warps", 2}}, twice.workload);
  EXPECT_EQ(same.issuedBytes(ParamClass::Activations), 3u * 1040);
  EXPECT_EQ(same.uniqueBytes(ParamClass::Activations), 2u * 1040);
}

TEST(RowChain, WorkByHeads) {
  // Two tokens of two sequences, three heads of 16; every lane reads its
  // token's position.
  const TestGroup test = chainNamed(
      "norm, rope tensor<4x3x16xbf16>, append tensor<2x3x9x16xbf16>");
  const Work work = family().work(
      test.group, KernelConfig{{"rows", 4}, {"warps", 1}}, test.workload);
  EXPECT_EQ(work.grid[0], 3u);
  EXPECT_EQ(work.sharedBytes, 4u * 4 * 16);
  EXPECT_EQ(work.issuedBytes(ParamClass::Kv), 12u * 32);
  EXPECT_EQ(work.uniqueBytes(ParamClass::Kv), 12u * 32);
  EXPECT_EQ(work.issuedBytes(ParamClass::Activations), 12u * 32 + 12u * 32 * 4);
  EXPECT_EQ(work.uniqueBytes(ParamClass::Activations), 12u * 32 + 16);
}
