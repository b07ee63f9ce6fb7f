//===- NvrtcTest.cpp - Kernel texts through NVRTC -------------------------===//

#include "runtime/cuda/Nvrtc.h"
#include "codegen/device/DeviceText.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

using namespace sinter;
using namespace sinter::cuda;

namespace {

/// Uses every function of the prelude.
const char *const everything = R"(
SINTER_KERNEL(everything, 256, 2, (In<bf16> x, In<bf16> w, InOut<bf16> r, Out<float> y,
                                   InOut<u32> n, In<i32> positions, In<i64> seed)) {
  const Shared<float> s = shared<float>(0, 64);
  float sums[2] = {0, 0};
  const int row = blockIndex() * warpCount() + warpIndex() + blockIndexY() * gridSizeY();
  for (int k = laneIndex() * 8; k < 1024; k += 256) {
    const Float8 a = toFloat(loadStream<8>(w, static_cast<i64>(row) * 1024 + k));
    const Float8 b = toFloat(loadVec<8>(x, k));
#pragma unroll
    for (int j = 0; j < 8; ++j) sums[j % 2] = fmaF(a[j], b[j], sums[j % 2]);
  }
  warpSum(sums);
  warpMax(sums);
  float best = warpMax(sums[0]) + warpSum(sums[1]);
  i32 index = laneIndex();
  warpArgMax(best, index);
  if (laneIndex() == 0) store(s, warpIndex(), sums[0]);
  blockBarrier();
  warpBarrier();
  float sine, cosine;
  sinCos(static_cast<float>(load(positions, 0)), sine, cosine);
  const float t = expF(load(s, laneIndex() & 7)) + siluF(shfl(best, 3)) +
                  rsqrtF(shflXor(sine, 1)) + minF(cosine, absF(sine)) +
                  static_cast<float>(load(seed, 0)) + roundBf16(toFloat(load(x, 5)));
  Float4 f = loadVec<4>(s, 4);
  f.set(1, t);
  storeVec(s, 8, f);
  store(y, threadIndex() + gridSize(), t + f[2]);
  storeVec(r, 8 * threadIndex(), toBf16(toFloat(loadVec<8>(r, 8 * threadIndex()))));
  storeVec(r, 2 * threadIndex(), loadVec<2>(r, 4));
  if (atomicAddRelease(n, 0, 1u) == 3u) store(r, 0, toBf16(static_cast<float>(loadAcquire(n, 0))));
})";

/// And of tiles.cuh.
const char *const tiles = R"(
SINTER_KERNEL(tiles, 128, 4, (In<bf16> x, Out<bf16> y)) {
  const Shared<bf16> s = shared<bf16>(0, 2048);
  CopyQueue<2> queue;
  for (int n = 0; n < 2; ++n) {
    queue.put(blockIndex() > n, s, (n * 128 + threadIndex()) * 8, x, threadIndex() * 8);
    queue.close();
  }
  queue.wait<1>();
  blockBarrier();
  const TileA a = loadMatrices<false>(s, laneIndex() * 8);
  const TileA b = loadMatrices<true>(s, laneIndex() * 8);
  const TileB columns[2] = {{b.words[0], b.words[1]}, {b.words[2], b.words[3]}};
  queue.wait<0>();
  blockBarrier();
  TileD d[2] = {};
  multiplyTiles(d, a, columns);
  store(y, threadIndex(), bf16{static_cast<u16>(packWord(d[0].sums[0], d[1].sums[3]))});
})";

class NvrtcArch : public testing::TestWithParam<const char *> {};

TEST_P(NvrtcArch, CompilesThePrelude) {
  const auto nvrtc = Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  const auto compiled =
      (*nvrtc)->compile(preludeText() + everything, "everything", GetParam());
  ASSERT_TRUE(compiled) << compiled.error().message();
  EXPECT_EQ(compiled->cubin.substr(1, 3), "ELF");
  ASSERT_EQ(compiled->kernels.size(), 1u);
  const KernelResources &kernel = compiled->kernels[0];
  EXPECT_EQ(kernel.kernel, "everything");
  EXPECT_GE(kernel.registers, 16u);
  EXPECT_LE(kernel.registers, 128u); // what the launch bounds allow
  EXPECT_EQ(kernel.stackBytes, 0u) << compiled->log;
  EXPECT_EQ(kernel.spillStoreBytes, 0u);
  EXPECT_EQ(kernel.spillLoadBytes, 0u);
  EXPECT_EQ(kernel.sharedBytes, 0u);
  EXPECT_EQ(kernel.barriers, 1u);
}

TEST_P(NvrtcArch, CompilesTiles) {
  const auto nvrtc = Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  const auto compiled = (*nvrtc)->compile(
      preludeText() + std::string(deviceText("tiles.cuh")) + tiles, "tiles",
      GetParam());
  ASSERT_TRUE(compiled) << compiled.error().message();
  ASSERT_EQ(compiled->kernels.size(), 1u);
  EXPECT_EQ(compiled->kernels[0].stackBytes, 0u) << compiled->log;
  EXPECT_EQ(compiled->kernels[0].spillLoadBytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Archs, NvrtcArch,
                         testing::Values("sm_80", "sm_86", "sm_89", "sm_90a",
                                         "sm_100", "sm_120"));

TEST(Nvrtc, NamesTheFirstError) {
  const auto nvrtc = Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  EXPECT_GE((*nvrtc)->major(), 12);
  EXPECT_FALSE((*nvrtc)->architectures().empty());
  const auto wrong = (*nvrtc)->compile(
      preludeText() +
          "SINTER_KERNEL(k, 32, 1, (In<i32> y)) { store(y, 0, 1); }",
      "k", "sm_90");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::NvrtcFailed);
  EXPECT_EQ(wrong.error().exitCode(), 4);
  EXPECT_NE(wrong.error().message().find("store"), std::string::npos)
      << wrong.error().message();
  const auto arch = (*nvrtc)->compile(preludeText(), "k", "sm_12");
  ASSERT_FALSE(arch);
  EXPECT_EQ(arch.error().code, ErrorCode::NvrtcFailed);
}

TEST(Nvrtc, FindsSpills) {
  const auto nvrtc = Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  // 1024 threads leave 64 registers; 100 values live across the barrier.
  const auto compiled = (*nvrtc)->compile(preludeText() + R"(
SINTER_KERNEL(k, 1024, 1, (In<float> x, Out<float> y)) {
  Float4 v[25];
#pragma unroll
  for (int i = 0; i < 25; ++i) v[i] = loadStream<4>(x, (i * 1024 + threadIndex()) * 4);
  blockBarrier();
#pragma unroll
  for (int i = 0; i < 100; ++i) store(y, i * 1024 + threadIndex(), v[i / 4][i % 4] * v[24 - i / 4][i % 4]);
})",
                                          "k", "sm_90a");
  ASSERT_TRUE(compiled) << compiled.error().message();
  EXPECT_LE(compiled->kernels[0].registers, 64u);
  EXPECT_GT(compiled->kernels[0].spillStoreBytes, 0u);
  EXPECT_GT(compiled->kernels[0].spillLoadBytes, 0u);
}

TEST(Nvrtc, MissingLibraryNamesWhatWasTried) {
  const char *before = std::getenv("SINTER_NVRTC");
  const std::string restore = before == nullptr ? "" : before;
  setenv("SINTER_NVRTC", "/nowhere/libnvrtc.so", 1);
  const auto missing = Nvrtc::open();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NvrtcMissing);
  EXPECT_EQ(missing.error().exitCode(), 4);
  EXPECT_NE(missing.error().message().find("/nowhere/libnvrtc.so"),
            std::string::npos);
  // A library, but another one.
  setenv("SINTER_NVRTC", "libm.so.6", 1);
  const auto other = Nvrtc::open();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::NvrtcMissing);
  EXPECT_NE(other.error().message().find("nvrtcVersion"), std::string::npos);
  if (before == nullptr) {
    unsetenv("SINTER_NVRTC");
  } else {
    setenv("SINTER_NVRTC", restore.c_str(), 1);
  }
}

TEST(NvrtcLog, ReadsTheAssemblersLines) {
  const auto kernels = parseResources(
      "ptxas info    : 12 bytes gmem, 24 bytes cmem[4]\n"
      "ptxas info    : Compiling entry function 'a' for 'sm_90a'\n"
      "ptxas info    : Function properties for a\n"
      "ptxas         .     48 bytes stack frame, 16 bytes spill stores, 20 "
      "bytes spill loads\n"
      "ptxas info    : Used 45 registers, used 2 barriers, 48 bytes cumulative "
      "stack size, 1024 bytes smem, 400 bytes cmem[0]\n"
      "ptxas info    : Compile time = 37.525 ms\n"
      "ptxas info    : Compiling entry function 'b' for 'sm_90a'\n"
      "ptxas info    : Function properties for b\n"
      "ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes "
      "spill loads\n"
      "ptxas info    : Used 8 registers, used 0 barriers\n"
      "ptxas info    : Function properties for helper\n"
      "ptxas         .     8 bytes stack frame, 4 bytes spill stores, 4 bytes "
      "spill loads\n");
  ASSERT_TRUE(kernels) << kernels.error().message();
  ASSERT_EQ(kernels->size(), 2u);
  const KernelResources &a = (*kernels)[0];
  EXPECT_EQ(a.kernel, "a");
  EXPECT_EQ(a.registers, 45u);
  EXPECT_EQ(a.barriers, 2u);
  EXPECT_EQ(a.stackBytes, 48u);
  EXPECT_EQ(a.spillStoreBytes, 16u);
  EXPECT_EQ(a.spillLoadBytes, 20u);
  EXPECT_EQ(a.sharedBytes, 1024u);
  const KernelResources &b = (*kernels)[1];
  EXPECT_EQ(b.registers, 8u);
  EXPECT_EQ(b.stackBytes, 8u); // a function that was not inlined
  EXPECT_EQ(b.spillStoreBytes, 4u);
}

TEST(NvrtcLog, RefusesLinesItDoesNotKnow) {
  for (const char *log :
       {"ptxas info    : Compiling entry function 'a' for 'sm_90a'\n",
        "ptxas info    : Compiling entry function 'a' for 'sm_90a'\n"
        "ptxas info    : Function properties for a\n"
        "ptxas         .     many bytes stack frame, 0 bytes spill stores\n",
        "ptxas info    : Compiling entry function 'a' for 'sm_90a'\n"
        "ptxas info    : Used x registers\n"}) {
    const auto kernels = parseResources(log);
    ASSERT_FALSE(kernels) << log;
    EXPECT_EQ(kernels.error().code, ErrorCode::NvrtcFailed);
  }
  EXPECT_TRUE(parseResources("")->empty());
}

} // namespace
