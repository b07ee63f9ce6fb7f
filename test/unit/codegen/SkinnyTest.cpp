//===- SkinnyTest.cpp - What the family skinny takes, moves and prints ----===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

const KernelFamily &skinny() { return *findFamily("skinny"); }

Work workOf(size_t group, const KernelConfig &config) {
  const TestGroup test(skinnyGroups()[group], /*filled=*/false);
  EXPECT_TRUE(skinny().admits(test.group, config, testDevice()));
  return skinny().work(test.group, config, test.workload);
}

/// Of the parameter of that name.
const ParamWork &paramOf(const Work &work, const std::string &name) {
  const auto *param = llvm::find_if(
      work.params, [&](const ParamWork &each) { return each.name == name; });
  EXPECT_NE(param, work.params.end()) << name;
  return *param;
}

/// What the family says to a linear layer.
std::string saysTo(int64_t rows, int64_t lines, int64_t width,
                   const DeviceSpec &device = testDevice()) {
  GroupCase c;
  const std::string x = tensor({rows, width});
  const std::string w = tensor({lines, width});
  const std::string y = tensor({rows, lines});
  c.arguments = "%x: " + x + ", %w: " + w;
  c.body = "%y = decoder.linear %x by %w : (" + x + ", " + w + ") -> " + y;
  c.yielded = "%y : " + y;
  const TestGroup test(c, /*filled=*/false);
  return skinny().accepts(test.group, device).message();
}

} // namespace

TEST(Skinny, Refusals) {
  EXPECT_EQ(saysTo(2, 4, 8), "ok");
  EXPECT_EQ(saysTo(16, 4, 8), "ok");
  EXPECT_EQ(saysTo(1, 4, 8), "refused_rows: 1 rows, wanted 2 to 16");
  EXPECT_EQ(saysTo(17, 4, 8), "refused_rows: 17 rows, wanted 2 to 16");
  EXPECT_EQ(saysTo(2, 4, 36),
            "refused_shape: a width of 36, wanted a multiple of 8");
  // 4 warps of 56 registers: 4 for weights, 8 for x, 8 sums, 4 outputs, 32
  // more.
  DeviceSpec device = testDevice();
  device.limits.registersPerSm.value = 8191;
  EXPECT_EQ(saysTo(16, 64, 1024, device),
            "refused_registers: 8192 registers for a block of 128 threads, "
            "wanted at most 8191");
  device = testDevice();
  device.limits.threadsPerBlock.value = 96;
  EXPECT_EQ(saysTo(16, 64, 1024, device),
            "refused_block_size: 128 threads, wanted at most 96");
  device = testDevice();
  // 4 warps leave 16 rows of 8 sums; 64 floats for a norm.
  device.limits.sharedBytesPerBlock.value = 2303;
  EXPECT_EQ(saysTo(16, 64, 1024, device),
            "refused_shared_memory: 2304 bytes, wanted at most 2303");
}

TEST(Skinny, SaysWhatItCannotBe) {
  const TestGroup test(skinnyGroups()[3], /*filled=*/false); // 64 x 1024
  auto answer = [&](const std::string &text) {
    return skinny()
        .admits(test.group, *KernelConfig::parse(text), testDevice())
        .message();
  };
  EXPECT_EQ(answer("lines=16 slices=2 turns=3 warps=5 late=1"), "ok");
  const std::string begin = "refused_configuration: '";
  EXPECT_EQ(answer("lines=16"),
            begin + "lines = 16', wanted lines, slices, turns and warps, "
                    "perhaps late");
  EXPECT_EQ(answer("late=2 lines=16 slices=1 turns=1 warps=4"),
            begin + "late = 2, lines = 16, slices = 1, turns = 1, warps = 4', "
                    "wanted late of 0 or 1");
  for (const char *lines : {"4", "24", "64"}) {
    EXPECT_EQ(answer(std::string("slices=1 turns=1 warps=4 lines=") + lines),
              begin + "lines = " + lines +
                  ", slices = 1, turns = 1, warps = 4', wanted 8, 16 or 32 "
                  "lines");
  }
  EXPECT_EQ(answer("lines=8 slices=1 turns=1 warps=33"),
            begin + "lines = 8, slices = 1, turns = 1, warps = 33', wanted 1 "
                    "to 32 warps");
  // 32 chunks to 3 warps: 11 for each, of which it may hold 8.
  EXPECT_EQ(answer("lines=8 slices=1 turns=1 warps=3"),
            begin + "lines = 8, slices = 1, turns = 1, warps = 3', wanted 2 "
                    "to 11 slices");
  EXPECT_EQ(answer("lines=16 slices=1 turns=5 warps=4"),
            begin + "lines = 16, slices = 1, turns = 5, warps = 4', wanted 1 "
                    "to 4 turns");
}

/// 777 lines of 448 behind a norm, 2 rows: 56 pieces of 8, 14 chunks.
TEST(Skinny, WorkOfABatchPerBlock) {
  const Work work =
      workOf(0, {{"lines", 16}, {"slices", 1}, {"turns", 1}, {"warps", 4}});
  ASSERT_EQ(work.grid[0], 49u);
  EXPECT_EQ(paramOf(work, "weight").loadedBytes, 2u * 777 * 448);
  EXPECT_EQ(paramOf(work, "x").loadedBytes, 2u * 2 * 448 * 49);
  EXPECT_EQ(paramOf(work, "gain").loadedBytes, 2u * 448 * 49);
  EXPECT_EQ(paramOf(work, "y").storedBytes, 2u * 2 * 777);
  // 4 chunks of 4 warps, 2 of which nobody has; two mma of 16 x 8 x 16 each for
  // both octets.
  EXPECT_EQ(work.tensorFlops, 49u * 4 * 4 * 2 * 2 * (2 * 16 * 8 * 16));
  // Everything cold is under way before the wait.
  EXPECT_EQ(work.prefetchBytes, 2u * (777 * 448 + 448));
  EXPECT_EQ(work.prefetchBytes, work.uniqueBytes(ParamClass::Weights));
}

TEST(Skinny, WorkOfSlices) {
  const Work work =
      workOf(0, {{"lines", 16}, {"slices", 2}, {"turns", 7}, {"warps", 4}});
  ASSERT_EQ(work.grid[0], 7u);
  // Each of 49 batches reads x and gain, each block x once more for the norm.
  EXPECT_EQ(paramOf(work, "x").loadedBytes, 2u * 2 * 448 * (49 + 7));
  EXPECT_EQ(paramOf(work, "gain").loadedBytes, 2u * 448 * 49);
  // 2 chunks of 4 warps of the first batches.
  EXPECT_EQ(work.prefetchBytes, 2u * 7 * 16 * 256);
}

TEST(Skinny, RequestsAGroupAtATime) {
  // 25 batches of 32 lines in groups of 16; the last batch has 9.
  EXPECT_EQ(
      workOf(0, {{"lines", 32}, {"slices", 1}, {"turns", 1}, {"warps", 4}})
          .prefetchBytes,
      2u * ((24 * 16 + 9) * 448 + 448));
  // 37 lines of 200 with biases: of 3 blocks the first 8, 8 and 5 lines.
  const Work work =
      workOf(4, {{"lines", 8}, {"slices", 1}, {"turns", 2}, {"warps", 2}});
  EXPECT_EQ(work.grid[0], 3u);
  EXPECT_EQ(work.prefetchBytes, 2u * (21 * 200 + 21));
  EXPECT_EQ(paramOf(work, "bias").loadedBytes, 2u * 37 * 9);
  EXPECT_EQ(paramOf(work, "bias").uniqueLoaded, 2u * 37);
}

/// Names for device files tell rows apart.
TEST(Skinny, TunedNames) {
  auto name = [](const GroupCase &groupCase) {
    const TestGroup test(groupCase, /*filled=*/false);
    return skinny().tunedName(test.group);
  };
  EXPECT_EQ(name(skinnyGroups()[0]), "2 rows, norm 777x448");
  EXPECT_EQ(name(publishedSkinnyGroups()[2]), "16 rows, norm 6144x1024 swiglu");
}
