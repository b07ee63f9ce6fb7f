//===- CalibrateTest.cpp - The numbers that a known GPU gives -------------===//
//
// A driver's double takes times that follow from the constants below; the
// device file must hold these constants.
//
//===----------------------------------------------------------------------===//

#include "tools/calibrate/Calibrate.h"
#include "test/unit/cuda/FakeDriver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

using namespace sinter;
using cuda::test::FakeDriver;
using cuda::test::FakeLaunch;

namespace {

constexpr uint64_t mebibyte = 1 << 20;

int32_t numberAt(cuda::driver::Pointer pointer) {
  int32_t value = 0;
  std::memcpy(&value, std::bit_cast<const void *>(pointer), sizeof value);
  return value;
}

/// Nanoseconds; a GB/s is a byte per nanosecond.
double timeOf(const FakeLaunch &launch, int multiprocessors) {
  const std::string &symbol = launch.symbol;
  const auto is = [&](const char *part) {
    return symbol.find(part) != std::string::npos;
  };
  if (is("empty")) {
    return launch.programmatic ? 540 : launch.inGraph ? 550 : 1330;
  }
  if (is("spin")) {
    return 5e6;
  }
  if (is("shared_chase")) {
    return 300 + 15.0 * numberAt(launch.pointers[0]);
  }
  if (is("chase")) {
    return 300 + 20.0 * numberAt(launch.pointers[1]);
  }
  if (is("barrier")) {
    return 2000 + 930.0 * numberAt(launch.pointers[1]);
  }
  const double vectors = std::stod(symbol.substr(symbol.rfind('_') + 1));
  double bytes = 16 * vectors * launch.shape.gridX * launch.shape.blockSize;
  if (symbol == "probe_exchange_0") {
    return 900;
  }
  if (is("apart") || is("exchange")) {
    return 100 + bytes / 4620 + (is("exchange") ? 700 : 0);
  }
  if (is("loop") || is("steady")) {
    bytes *= numberAt(launch.pointers[1]);
  }
  if (is("steady")) {
    const double inFlight = 16 * vectors * launch.shape.gridX *
                            launch.shape.blockSize / multiprocessors;
    return bytes / (inFlight < 65536 ? inFlight / 10 : 4650);
  }
  if (bytes < 0.9 * mebibyte) {
    return 1250 + bytes / 8800;
  }
  if (!launch.programmatic) {
    return 1600 + bytes / 4640;
  }
  return is("wait") ? 1130 + bytes / 4600 : 160 + bytes / 4620;
}

class CalibrateTest : public testing::Test {
protected:
  void SetUp() override {
    fake.multiprocessors = 4;
    fake.l2Bytes = 1 << 20;
    fake.launchTime = [this](const FakeLaunch &launch) {
      return timeOf(launch, fake.multiprocessors);
    };
    // Cycles at 1,965 MHz: 700 ns, 360 where nothing else is read; one block
    // in three waits twice as long.
    fake.anyKernel = [](const std::string &symbol, const LaunchShape &shape,
                        const std::vector<void *> &arguments) {
      if (symbol.starts_with("probe_exchange_")) {
        auto *cycles = static_cast<uint32_t *>(arguments[3]);
        for (uint32_t b = 0; b < std::min(shape.gridX, 1024u); ++b) {
          cycles[b] =
              (symbol.ends_with("_0") ? 707 : 1376) * (b % 3 == 1 ? 2 : 1);
        }
      }
      return Status::success();
    };
    fake.productTime = [](uint64_t algorithm) {
      return algorithm == 1 ? 9000 : 7000;
    };
    request.sizes.arenaBytes = 16 * mebibyte;
    request.sizes.phaseBytes = {mebibyte, 2 * mebibyte, 3 * mebibyte};
    request.sizes.fitFrom = mebibyte;
    request.sizes.exchangePhases = {mebibyte, mebibyte / 2};
    request.sizes.samples = 2;
    request.sizes.nodes = 10;
    request.sizes.exchanges = 10;
    request.sizes.queuedLaunches = 10;
    request.date = "2026-11-21";
    request.state = [] {
      return std::optional(cuda::GpuState{"580.1", 1965, 3201});
    };
    request.note = [this](const std::string &text) { said += text + "\n"; };
  }
  Result<Calibration> run(const DeviceSpec *before = nullptr) {
    auto device = fake.open();
    EXPECT_TRUE(device) << device.error().message();
    auto calibration = calibrate(**device, request, before);
    device->reset();
    EXPECT_EQ(fake.alive(), 0u);
    EXPECT_EQ(fake.misuses, std::vector<std::string>());
    return calibration;
  }

  FakeDriver fake;
  CalibrationRequest request;
  std::string said;
};

uint64_t valueOf(const DeviceSpec &device, CostConstant constant) {
  const auto &number = device.cost(constant);
  return number ? number->value : 0;
}

TEST_F(CalibrateTest, TheFileHoldsTheConstantsOfTheGpu) {
  auto calibration = run();
  ASSERT_TRUE(calibration) << calibration.error().message();
  const DeviceSpec &device = calibration->made.spec;
  const std::map<CostConstant, uint64_t> wanted = {
      {CostConstant::EdgeHost, 1330},
      {CostConstant::EdgeStream, 1330},
      {CostConstant::NodeGraph, 550},
      // The first node of ten has a plain edge.
      {CostConstant::NodeProgrammatic, 541},
      {CostConstant::EdgeGraph, 1600},
      {CostConstant::DramSlopePlain, 4640},
      {CostConstant::EdgeGraphL2, 1250},
      {CostConstant::L2ReadRate, 8800},
      {CostConstant::SmReadRate, 2200},
      {CostConstant::EdgeProgrammatic, 160},
      {CostConstant::DramSlopeOverlap, 4620},
      {CostConstant::EdgeProgrammaticWait, 1130},
      {CostConstant::DramReadRate, 4650},
      {CostConstant::BytesInFlight, 65536},
      // Four SMs with 16 KiB each at 1,638.4 GB/s.
      {CostConstant::DramLatency, 40},
      {CostConstant::L2Latency, 20},
      {CostConstant::SharedLatency, 15},
      {CostConstant::EdgeGridBarrier, 930},
      {CostConstant::ExchangeIdle, 360},
      {CostConstant::Exchange, 700},
      {CostConstant::Clock, 1965},
      // 3,201 MHz, two bits per pin and clock, 6,144 pins.
      {CostConstant::DramRateSpec, 4916}};
  for (auto [constant, value] : wanted) {
    EXPECT_EQ(valueOf(device, constant), value) << constantKey(constant);
  }
  // The double copies in no time, and nothing measures the lanes.
  EXPECT_FALSE(device.cost(CostConstant::DramCopyRate));
  EXPECT_FALSE(device.cost(CostConstant::FmaLanes));
  EXPECT_EQ(device.name, "fake-gpu");
  EXPECT_EQ(device.limits.sms.value, 4u);
  EXPECT_EQ(device.limits.l2Bytes.value, mebibyte);
  EXPECT_EQ(device.limits.sharedBytesPerSm.value, 233472u);
  EXPECT_EQ(device.launches.programmatic->value, 1u);
  const DeviceNumber &edge = *device.cost(CostConstant::EdgeGraph);
  EXPECT_EQ(edge.origin, NumberOrigin::Measured);
  EXPECT_EQ(edge.source,
            "least squares over phases of 1 MB to 3 MB, plain edges in a "
            "graph, best reader: intercept; median of samples, 10th to 90th "
            "percentile 1600 to 1600 ns; 2026-11-21, Fake GPU, driver 580.1, "
            "memory clock 3201 MHz, CUDA 13.0");
  // Nothing beside it, then three readers: 0.1 us, 0.75 MB at 4,620 GB/s.
  const std::vector<Trip> &trips = calibration->findings.measured.trips;
  ASSERT_EQ(trips.size(), 4u);
  EXPECT_NEAR(trips[0].phase, 0.9, 1e-3);
  EXPECT_NEAR(trips[1].phase, 0.97, 1e-2);
  EXPECT_NEAR(trips[1].apart, 0.27, 1e-2);
  EXPECT_NEAR(trips[1].slowest, 1400.5, 0.1);
  // Three sizes by three edges, and six sizes in L2.
  EXPECT_EQ(calibration->findings.measured.curve.size(), 15u);
}

TEST_F(CalibrateTest, WhatTheFileSaysIsReadBack) {
  auto calibration = run();
  ASSERT_TRUE(calibration) << calibration.error().message();
  const std::string text = writeDeviceSpec(calibration->made.spec);
  auto again = parseDeviceSpec(text, "again.json");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(writeDeviceSpec(*again), text);
}

TEST_F(CalibrateTest, PricesTheLibraryByAlgorithm) {
  request.shapes = {{2, 8, 16}, {1, 8, 16}, {1, 8, 16}};
  auto calibration = run();
  ASSERT_TRUE(calibration) << calibration.error().message();
  const std::vector<LibraryPrice> &prices = calibration->made.spec.library;
  ASSERT_EQ(prices.size(), 2u);
  for (const LibraryPrice &price : prices) {
    EXPECT_EQ(price.n, 8u);
    EXPECT_EQ(price.picoseconds, 9000000u);
    EXPECT_EQ(price.bestPicoseconds, 7000000u);
    EXPECT_EQ(price.algorithm, "id=2 tile=5 splitk=5 stages=5");
    EXPECT_EQ(price.version, "13.0.1");
  }
  EXPECT_EQ(prices[0].m, 1u);
  // 256 bytes take no time to stream.
  EXPECT_EQ(valueOf(calibration->made.spec, CostConstant::LibraryOverhead),
            9000u);
}

TEST_F(CalibrateTest, WithoutProgrammaticLaunch) {
  fake.major = 8;
  auto calibration = run();
  ASSERT_TRUE(calibration) << calibration.error().message();
  const DeviceSpec &device = calibration->made.spec;
  EXPECT_EQ(valueOf(device, CostConstant::EdgeGraph), 1600u);
  EXPECT_FALSE(device.cost(CostConstant::EdgeProgrammatic));
  EXPECT_FALSE(device.cost(CostConstant::NodeProgrammatic));
  EXPECT_FALSE(device.cost(CostConstant::Exchange));
  EXPECT_EQ(device.launches.programmatic->value, 0u);
}

/// The k-th launch fails, for a few k: what could not be measured is missing,
/// everything is released, and the failure is told.
TEST_F(CalibrateTest, APartThatFailsLeavesTheOthers) {
  request.shapes = {{1, 8, 16}};
  const DeviceSpec whole = run()->made.spec;
  const size_t calls = fake.calls.size();
  size_t partial = 0;
  for (size_t failAt = calls / 10; failAt < calls; failAt += calls / 8) {
    fake.calls.clear();
    fake.failAt = failAt;
    auto calibration = run();
    if (!calibration) {
      EXPECT_EQ(calibration.error().code, ErrorCode::CudaCallFailed);
      continue;
    }
    const std::string &call = fake.calls.at(failAt);
    if (!calibration->failure) {
      EXPECT_TRUE(call.ends_with("Destroy") || call.ends_with("Free") ||
                  call.ends_with("Release") || call.ends_with("Unload") ||
                  call.ends_with("Current") || call.ends_with("Synchronize"))
          << call;
      continue;
    }
    ++partial;
    EXPECT_EQ(calibration->failure->code, ErrorCode::CudaCallFailed) << call;
    size_t missing = 0;
    for (CostConstant constant : allCostConstants()) {
      const auto &number = calibration->made.spec.cost(constant);
      missing += whole.cost(constant) && !number;
      if (number && whole.cost(constant)) {
        EXPECT_EQ(number->value, whole.cost(constant)->value)
            << constantKey(constant);
      }
    }
    EXPECT_TRUE(missing > 0 || calibration->made.spec.library.empty()) << call;
  }
  EXPECT_GT(partial, 0u);
}

TEST_F(CalibrateTest, NamesABinaryThatIsMissing) {
  request.binaries = testing::TempDir() + "no-such-kit";
  auto calibration = run();
  ASSERT_FALSE(calibration);
  EXPECT_EQ(calibration.error().code, ErrorCode::FileUnreadable);
}

TEST_F(CalibrateTest, TooLittleMemoryIsSaidBeforeAnything) {
  fake.freeBytes = 10 * mebibyte;
  auto calibration = run();
  ASSERT_FALSE(calibration);
  EXPECT_EQ(calibration.error().code, ErrorCode::CudaMemory);
  EXPECT_EQ(fake.count("memoryAllocate"), 0u);
}

} // namespace
