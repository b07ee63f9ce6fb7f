//===- ProbesTest.cpp - The kernels that measure, on the CPU --------------===//

#include "tools/calibrate/Probes.h"
#include "runtime/cuda/Nvrtc.h"
#include "runtime/host/HostDevice.h"
#include "tools/KernelKit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

using namespace sinter;

namespace {

constexpr uint32_t mark = 0x5eed5eed;

KernelSource probe(const ProbeSizes &sizes, const std::string &symbol) {
  for (KernelSource &source : probeSources(sizes)) {
    if (source.symbol == symbol) {
      return source;
    }
  }
  ADD_FAILURE() << symbol;
  return {};
}

/// A probe on the host device, with buffers of its parameters.
class ProbeRun {
public:
  ProbeRun(const ProbeSizes &sizes, const std::string &symbol) {
    host::HostOptions options;
    options.cacheDirectory = SINTER_BINARY_DIR "/test-kernel-cache";
    auto made = host::HostDevice::create(options);
    EXPECT_TRUE(made);
    device = std::move(*made);
    source = probe(sizes, symbol);
    auto loaded = device->loadKernels(std::span(&source, 1));
    EXPECT_TRUE(loaded) << loaded.error().message();
    kernel = loaded->front();
    for (const format::Param &param : source.params) {
      auto buffer = device->allocate(4 * param.count, param.name);
      EXPECT_TRUE(buffer);
      arguments.push_back({*buffer, 0, param.count});
      EXPECT_TRUE(device->zero(*buffer, 0, 4 * param.count));
    }
  }
  void set(size_t argument, const std::vector<uint32_t> &words) {
    EXPECT_TRUE(device->upload(arguments[argument].buffer, 0,
                               std::as_bytes(std::span(words))));
  }
  std::vector<uint32_t> get(size_t argument) {
    std::vector<uint32_t> words(arguments[argument].count);
    EXPECT_TRUE(device->download(arguments[argument].buffer, 0,
                                 std::as_writable_bytes(std::span(words))));
    return words;
  }
  void launch(const LaunchShape &shape) {
    Status status = device->launch(kernel, shape, arguments);
    EXPECT_TRUE(status) << (status ? "" : status.error().message());
  }
  uint64_t stored(size_t argument) {
    return device->counters(kernel).params[argument].stored;
  }
  uint64_t loaded(size_t argument) {
    return device->counters(kernel).params[argument].loaded;
  }

  std::unique_ptr<host::HostDevice> device;
  KernelSource source;
  KernelId kernel;
  std::vector<Argument> arguments;
};

/// Every byte is read once, by whatever reader: one word makes the fold of its
/// thread the mark, wherever it stands.
TEST(Probes, StreamsReadEachByteOnce) {
  struct Case {
    std::string symbol;
    LaunchShape shape;
    uint32_t tiles;
    uint64_t bytes;
  };
  const Case cases[] = {
      {onceProbe(4), {3, 1, 64, 0, false}, 1, 3ull * 64 * 64},
      {waitProbe(8), {2, 1, 32, 0, false}, 1, 2ull * 32 * 128},
      {loopProbe(16), {2, 1, 32, 0, false}, 3, 49152},
      {steadyProbe(8), {3, 1, 32, 0, false}, 2, 24576}};
  for (const Case &each : cases) {
    ProbeSizes sizes;
    sizes.windowBytes = each.bytes;
    sizes.arenaBytes = each.bytes;
    ProbeRun run(sizes, each.symbol);
    run.set(1, {each.tiles});
    run.launch(each.shape);
    EXPECT_EQ(run.get(2)[0], 0u) << each.symbol;
    EXPECT_EQ(run.loaded(0), each.bytes) << each.symbol;
    std::vector<uint32_t> words(each.bytes / 4);
    for (size_t at : {size_t{0}, words.size() / 2 + 1, words.size() - 1}) {
      words[at] = mark;
      run.set(0, words);
      run.set(2, {0});
      run.launch(each.shape);
      EXPECT_EQ(run.get(2)[0], mark) << each.symbol << " at " << at;
      words[at] = 0;
    }
  }
}

TEST(Probes, AChaseEndsWhereItsHopsLead) {
  ProbeSizes sizes;
  sizes.chaseBytes = 4ULL * 64;
  ProbeRun run(sizes, chaseProbe);
  std::vector<uint32_t> next(64);
  next[0] = 16;
  next[16] = 48;
  next[48] = 4;
  run.set(0, next);
  run.set(1, {3});
  run.launch({});
  EXPECT_EQ(run.get(2)[0], 4u);
  EXPECT_EQ(run.loaded(0), 48u);

  ProbeRun shared(sizes, sharedChaseProbe);
  shared.set(0, {10});
  shared.launch({1, 1, 32, 1024, false});
  EXPECT_EQ(shared.get(1)[0], 10u * 33 % 256);
}

TEST(Probes, AnExchangePassesOnWhatItRead) {
  ProbeSizes sizes;
  sizes.windowBytes = 2ull * 32 * 64;
  std::vector<uint32_t> from(512, 7);
  for (bool exchange : {false, true}) {
    ProbeRun run(sizes, exchangeProbe(4, exchange));
    run.set(1, from);
    run.launch({2, 1, 32, 2048, false});
    // The window is all zero: what is left is the activation.
    EXPECT_EQ(run.get(2), std::vector<uint32_t>(512, exchange ? 7 : 0));
    EXPECT_EQ(run.loaded(0), sizes.windowBytes);
    EXPECT_EQ(run.loaded(1), exchange ? 2u * 2048 : 0u);
    // Cycles of two blocks; the CPU has none.
    EXPECT_EQ(run.stored(3), exchange ? 2u * 4 : 0u);
  }
  ProbeRun idle(sizes, exchangeProbe(0, true));
  idle.set(1, from);
  idle.launch({3, 1, 32, 2048, false});
  EXPECT_EQ(idle.get(2), from);
  EXPECT_EQ(idle.loaded(0), 0u);
  EXPECT_EQ(idle.loaded(1), 3u * 2048);
}

/// Of one block: on the CPU a block runs alone.
TEST(Probes, ABarrierCountsItsRounds) {
  ProbeRun run({}, barrierProbe);
  run.set(1, {5});
  run.launch({1, 1, 64, 0, true});
  EXPECT_EQ(run.get(0)[0], 5u);
  EXPECT_EQ(run.get(2)[0], 5u);
}

TEST(Probes, SpinsAsOftenAsAsked) {
  ProbeRun run({}, spinProbe);
  run.set(0, {2});
  run.launch({});
  EXPECT_EQ(run.get(1)[0], 0x3fc00000u); // 1.5
}

TEST(Probes, CompileWithoutSpills) {
  const auto nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  for (const std::string &symbol :
       {loopProbe(8), loopProbe(16), exchangeProbe(16, true),
        std::string(barrierProbe)}) {
    const KernelSource source = probe({}, symbol);
    const auto built = (*nvrtc)->compile(source.text, symbol, "sm_90a");
    ASSERT_TRUE(built) << built.error().message();
    ASSERT_EQ(built->kernels.size(), 1u);
    EXPECT_EQ(built->kernels[0].stackBytes, 0u) << symbol;
    EXPECT_EQ(built->kernels[0].spillLoadBytes, 0u) << symbol;
    // As many words as its loads bring stay in registers.
    EXPECT_LE(built->kernels[0].registers, 128u) << symbol;
  }
}

TEST(KernelKit, HoldsTheTextsItWasBuiltFrom) {
  const std::string folder = testing::TempDir() + "sinter-kit";
  std::filesystem::remove_all(folder);
  std::vector<KernelSource> kernels = {probe({}, emptyProbe)};
  const Status absent = readKernelKit(folder, "sm_90a", kernels);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::FileUnreadable);
  EXPECT_NE(absent.error().message().find("--prepare"), std::string::npos);
  const auto nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  ASSERT_TRUE(writeKernelKit(folder, kernels, **nvrtc, "sm_90a",
                             [](size_t, size_t) {}));
  ASSERT_TRUE(readKernelKit(folder, "sm_90a", kernels));
  ASSERT_EQ(kernels[0].binaries.size(), 1u);
  EXPECT_EQ(kernels[0].binaries[0].bytes.substr(1, 3), "ELF");
  EXPECT_FALSE(readKernelKit(folder, "sm_80", kernels));
  kernels[0].text += "\n";
  EXPECT_FALSE(readKernelKit(folder, "sm_90a", kernels));
}

} // namespace
