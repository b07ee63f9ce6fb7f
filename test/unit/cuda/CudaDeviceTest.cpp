//===- CudaDeviceTest.cpp - The CUDA device on a driver's double ----------===//

#include "test/unit/cuda/FakeDriver.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace sinter;
using namespace sinter::cuda;
using sinter::cuda::test::FakeDriver;
using sinter::cuda::test::FakeGraph;

namespace {

std::vector<std::byte> counted(size_t bytes) {
  std::vector<std::byte> data(bytes);
  for (size_t i = 0; i < bytes; ++i) {
    data[i] = static_cast<std::byte>(i * 7 + i / 251);
  }
  return data;
}

KernelSource sourceOf(const std::string &symbol) {
  format::Param param;
  param.name = "x";
  param.dtype = DType::F32;
  param.count = 8;
  return {symbol, "text of " + symbol, {param}, {}};
}

class CudaDeviceTest : public testing::Test {
protected:
  void SetUp() override {
    auto opened = fake.open();
    ASSERT_TRUE(opened) << opened.error().message();
    device = std::move(*opened);
  }
  void TearDown() override {
    device.reset();
    EXPECT_EQ(fake.alive(), 0u);
    EXPECT_EQ(fake.misuses, std::vector<std::string>());
  }
  KernelId load(const std::string &symbol) {
    const KernelSource source = sourceOf(symbol);
    auto ids = device->loadKernels(std::span(&source, 1));
    EXPECT_TRUE(ids);
    return ids->front();
  }
  BufferId buffer(uint64_t bytes) { return *device->allocate(bytes, "b"); }
  static ProgramStep launchOf(KernelId kernel, BufferId on, uint64_t offset,
                              bool programmatic) {
    ProgramStep step;
    step.kernel = kernel;
    step.shape = {3, 2, 64, 0, false};
    step.arguments = {{on, offset, 8}};
    step.programmatic = programmatic;
    return step;
  }

  FakeDriver fake;
  std::unique_ptr<CudaDevice> device;
};

TEST_F(CudaDeviceTest, Facts) {
  EXPECT_EQ(device->name(), "cuda: Fake GPU");
  EXPECT_EQ(device->facts().uuid, "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
  EXPECT_EQ(device->binaryArch(), "sm_90a");
  GpuFacts ada;
  ada.major = 8;
  ada.minor = 9;
  EXPECT_EQ(ada.arch(), "sm_89");
  EXPECT_TRUE(ada.runs("sm_89"));
  EXPECT_TRUE(ada.runs("sm_80"));
  EXPECT_FALSE(ada.runs("sm_90"));
  EXPECT_FALSE(ada.runs("sm_75"));
  EXPECT_TRUE(device->facts().runs("sm_90a"));
  EXPECT_FALSE(device->facts().runs("sm_100a"));
  EXPECT_FALSE(device->facts().runs("90a"));
}

/// Pieces in one pinned slot after the other, and slots used again: each copy
/// must have left before its slot is filled anew.
TEST_F(CudaDeviceTest, BytesArriveAndComeBack) {
  const std::vector<std::byte> data = counted(1000);
  BufferId on = buffer(8000);
  for (uint64_t i = 0; i < 8; ++i) {
    auto into = device->stage(on, 1000 * i, 1000);
    ASSERT_TRUE(into);
    for (size_t k = 0; k < 1000; ++k) {
      (*into)[k] = data[k] ^ static_cast<std::byte>(i);
    }
    ASSERT_TRUE(device->commit());
  }
  ASSERT_TRUE(device->copy(on, 1000, on, 0, 1000));
  ASSERT_TRUE(device->zero(on, 2000, 1));
  std::vector<std::byte> back(8000);
  ASSERT_TRUE(device->download(on, 0, back));
  for (uint64_t i = 0; i < 8; ++i) {
    const auto mask = static_cast<std::byte>(i == 0 ? 1 : i);
    for (size_t k = 0; k < 1000; ++k) {
      const std::byte wanted = i == 2 && k == 0 ? std::byte{0} : data[k] ^ mask;
      ASSERT_EQ(back[1000 * i + k], wanted) << i << " " << k;
    }
  }
  // Four slots, each allocated once.
  EXPECT_EQ(fake.count("hostAllocate"), 4u);
}

TEST_F(CudaDeviceTest, LargeUploadsGoInPieces) {
  const std::vector<std::byte> data = counted((16 << 20) + 5);
  BufferId on = buffer(data.size());
  ASSERT_TRUE(device->upload(on, 0, data));
  EXPECT_EQ(fake.count("copyToDevice"), 2u);
  std::vector<std::byte> back(data.size());
  ASSERT_TRUE(device->download(on, 0, back));
  EXPECT_EQ(back, data);
}

TEST_F(CudaDeviceTest, RangesAreChecked) {
  BufferId on = buffer(64);
  std::vector<std::byte> bytes(65);
  EXPECT_EQ(device->upload(on, 0, bytes).error().code,
            ErrorCode::KernelArguments);
  EXPECT_EQ(device->download(on, UINT64_MAX, bytes).error().code,
            ErrorCode::KernelArguments);
  EXPECT_EQ(device->zero(BufferId{7}, 0, 1).error().code,
            ErrorCode::KernelArguments);
  KernelId kernel = load("k");
  const std::vector<Argument> beyond = {{on, 40, 8}};
  EXPECT_EQ(device->launch(kernel, {1, 1, 32, 0, false}, beyond).error().code,
            ErrorCode::KernelArguments);
  const std::vector<Argument> fewer = {{on, 0, 7}};
  EXPECT_EQ(device->launch(kernel, {1, 1, 32, 0, false}, fewer).error().found,
            "7 at byte 0");
  EXPECT_EQ(device->launch(kernel, {1, 1, 32, 0, false}, {}).error().wanted,
            "1 arguments");
}

TEST_F(CudaDeviceTest, BinariesThatFitAreTaken) {
  KernelSource source = sourceOf("k");
  source.binaries = {{"sm_80", "image of other"}, {"sm_90a", "image of k"}};
  fake.kernels["k"].source = source;
  ASSERT_TRUE(device->loadKernels(std::span(&source, 1)));
  EXPECT_TRUE(fake.compiled.empty());
  EXPECT_TRUE(fake.notes.empty());
  source.binaries.pop_back();
  ASSERT_TRUE(device->loadKernels(std::span(&source, 1)));
  EXPECT_EQ(fake.compiled, (std::vector<std::string>{"k sm_90a"}));
  EXPECT_EQ(fake.notes,
            (std::vector<std::string>{
                "1 of 1 kernels compiled here by NVRTC for sm_90a"}));
  source.binaries = {{"sm_90a", "damaged"}};
  auto damaged = device->loadKernels(std::span(&source, 1));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().message(),
            "SIN3208 (GPU binary refused): kernel 'k': wanted a binary for "
            "sm_90a, found one that the driver refuses; compile the plan "
            "again");
}

TEST_F(CudaDeviceTest, PlansAreHeldAgainstTheGpu) {
  format::Requires wanted;
  wanted.computeCapability = 90;
  wanted.deviceBytes = fake.freeBytes;
  EXPECT_TRUE(device->admit(wanted, "h200"));
  ++wanted.deviceBytes;
  EXPECT_EQ(device->admit(wanted, "h200").error().message(),
            "SIN3206 (not enough GPU memory): plan for h200: wanted 0.07 GB "
            "for weights, caches and buffers, found 0.07 GB free of 85.90 GB "
            "on Fake GPU; free memory of the GPU, or compile with a smaller "
            "--max-context");
  wanted.computeCapability = 100;
  EXPECT_EQ(device->admit(wanted, "b200").error().message(),
            "SIN3207 (plan for another GPU): plan for b200: wanted compute "
            "capability 10.0, found Fake GPU with 9.0; compile with --target "
            "for this GPU");
  wanted.computeCapability = 80;
  wanted.sharedBytes = 232449;
  EXPECT_EQ(device->admit(wanted, "h200").error().code,
            ErrorCode::CudaWrongGpu);
}

TEST_F(CudaDeviceTest, ShapesAreChecked) {
  BufferId on = buffer(64);
  KernelId kernel = load("k");
  const std::vector<Argument> arguments = {{on, 0, 8}};
  auto refused = [&](const LaunchShape &shape) {
    Status status = device->launch(kernel, shape, arguments);
    return status ? ErrorCode::Internal : status.error().code;
  };
  EXPECT_EQ(refused({1, 1, 33, 0, false}), ErrorCode::KernelLaunchShape);
  EXPECT_EQ(refused({0, 1, 32, 0, false}), ErrorCode::KernelLaunchShape);
  EXPECT_EQ(refused({1, 65536, 32, 0, false}), ErrorCode::KernelLaunchShape);
  EXPECT_EQ(refused({1, 1, 32, 232449, false}), ErrorCode::KernelLaunchShape);
  // Two blocks on each of 132.
  EXPECT_EQ(refused({265, 1, 32, 0, true}), ErrorCode::KernelGridTooLarge);
  EXPECT_TRUE(device->launch(kernel, {264, 1, 32, 0, true}, arguments));
  // Asked for once, where it is more than any kernel has.
  EXPECT_TRUE(device->launch(kernel, {1, 1, 32, 49152, false}, arguments));
  EXPECT_EQ(fake.count("functionSet"), 0u);
  EXPECT_TRUE(device->launch(kernel, {1, 1, 32, 232448, false}, arguments));
  EXPECT_TRUE(device->launch(kernel, {1, 1, 32, 60000, false}, arguments));
  EXPECT_EQ(fake.count("functionSet"), 1u);
  ASSERT_TRUE(device->synchronize());
  EXPECT_TRUE(fake.launches[0].shape.cooperative);
  EXPECT_EQ(device->counters(kernel).launches, 4u);
}

/// a, then b programmatic, then a copy, then a again: the same steps in each
/// mode.
TEST_F(CudaDeviceTest, ProgramsInEveryMode) {
  BufferId on = buffer(96);
  KernelId a = load("a");
  KernelId b = load("b");
  ProgramStep copy;
  copy.kind = ProgramStep::Kind::Copy;
  copy.arguments = {{on, 0, 8}, {on, 64, 8}};
  copy.copyBytes = 32;
  const std::vector<ProgramStep> steps = {launchOf(a, on, 0, false),
                                          launchOf(b, on, 32, true), copy,
                                          launchOf(a, on, 64, false)};
  for (LaunchMode mode :
       {LaunchMode::Stream, LaunchMode::Graph, LaunchMode::Pdl}) {
    auto program = device->prepareProgram(steps, mode);
    ASSERT_TRUE(program) << program.error().message();
    ASSERT_TRUE(device->upload(on, 0, counted(32)));
    fake.calls.clear();
    fake.launches.clear();
    ASSERT_TRUE(device->run(*program));
    ASSERT_TRUE(device->run(*program));
    if (mode == LaunchMode::Stream) {
      EXPECT_EQ(fake.count("launch"), 6u);
      EXPECT_EQ(fake.count("copyOnDevice"), 2u);
    } else {
      EXPECT_EQ(fake.calls,
                (std::vector<std::string>{"graphLaunch", "graphLaunch"}));
    }
    ASSERT_TRUE(device->synchronize());
    ASSERT_EQ(fake.launches.size(), 6u);
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(fake.launches[i].symbol, i % 3 == 1 ? "b" : "a");
      EXPECT_EQ(fake.launches[i].shape.gridX, 3u);
      EXPECT_EQ(fake.launches[i].shape.gridY, 2u);
      EXPECT_EQ(fake.launches[i].shape.blockSize, 64u);
      EXPECT_EQ(fake.launches[i].pointers[0] - fake.launches[0].pointers[0],
                32 * (i % 3));
    }
    std::vector<std::byte> copied(32);
    ASSERT_TRUE(device->download(on, 64, copied));
    EXPECT_EQ(copied, counted(32));
  }
  ASSERT_EQ(fake.instantiated.size(), 2u);
  for (const FakeGraph &graph : fake.instantiated) {
    ASSERT_EQ(graph.nodes.size(), 4u);
    ASSERT_EQ(graph.edges.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(graph.edges[i].from, i);
      EXPECT_EQ(graph.edges[i].to, i + 1);
      EXPECT_EQ(graph.edges[i].programmatic, i == 0);
    }
  }
  EXPECT_EQ(device->counters(a).launches, 12u);
  device->resetCounters();
  EXPECT_EQ(device->counters(a).launches, 0u);
}

TEST_F(CudaDeviceTest, CooperativeNodesAndStreamAttributes) {
  BufferId on = buffer(64);
  KernelId kernel = load("k");
  std::vector<ProgramStep> steps = {launchOf(kernel, on, 0, false),
                                    launchOf(kernel, on, 32, true)};
  steps[1].shape.cooperative = true;
  auto stream = device->prepareProgram(steps, LaunchMode::Stream);
  auto graph = device->prepareProgram(steps, LaunchMode::Pdl);
  ASSERT_TRUE(stream && graph);
  ASSERT_TRUE(device->run(*stream));
  ASSERT_TRUE(device->synchronize());
  EXPECT_FALSE(fake.launches[0].programmatic);
  EXPECT_TRUE(fake.launches[1].programmatic);
  EXPECT_TRUE(fake.launches[1].shape.cooperative);
  EXPECT_FALSE(fake.instantiated[0].nodes[0].launch.shape.cooperative);
  EXPECT_TRUE(fake.instantiated[0].nodes[1].launch.shape.cooperative);
}

TEST_F(CudaDeviceTest, TimesAreOfOneRun) {
  BufferId on = buffer(64);
  KernelId kernel = load("k");
  const std::vector<ProgramStep> steps(3, launchOf(kernel, on, 0, false));
  auto program = device->prepareProgram(steps, LaunchMode::Graph);
  ASSERT_TRUE(program);
  auto times = device->timeProgram(*program, 4, 5);
  ASSERT_TRUE(times) << times.error().message();
  ASSERT_EQ(times->size(), 4u);
  for (double microseconds : *times) {
    EXPECT_NEAR(microseconds, 3, 1e-3); // one per launch on the double
  }
  EXPECT_EQ(fake.launches.size(), 60u);
}

TEST(CudaDevice, NoProgrammaticEdgesBeforeHopper) {
  FakeDriver fake;
  fake.major = 8;
  fake.minor = 9;
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto program = (*device)->prepareProgram({}, LaunchMode::Pdl);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, ErrorCode::LaunchUnsupported);
  EXPECT_TRUE((*device)->prepareProgram({}, LaunchMode::Graph));
}

} // namespace
