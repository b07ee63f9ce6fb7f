//===- DriverApiTest.cpp - Opening the driver -----------------------------===//

#include "test/unit/cuda/FakeDriver.h"

#include <gtest/gtest.h>

#include <dlfcn.h>

using namespace sinter;
using namespace sinter::cuda;
using sinter::cuda::test::FakeDriver;

namespace {

TEST(DriverApi, ADriverThatIsThere) {
  FakeDriver fake;
  auto api = startDriver(FakeDriver::table(), nullptr);
  ASSERT_TRUE(api) << api.error().message();
  EXPECT_EQ((*api)->versionText(), "13.0");
  EXPECT_EQ(fake.calls,
            (std::vector<std::string>{"driverVersion", "init", "deviceCount"}));
}

TEST(DriverApi, NoDriver) {
  if (void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
    dlclose(library);
    GTEST_SKIP() << "this machine has a driver";
  }
  auto api = openDriver();
  ASSERT_FALSE(api);
  EXPECT_EQ(api.error().message(),
            "SIN3201 (no cuda device): --device cuda: wanted NVIDIA's driver "
            "(libcuda.so.1), found none that loads; use --device host: it runs "
            "the same kernel texts on the CPU");
  EXPECT_EQ(api.error().exitCode(), 4);
}

TEST(DriverApi, ADriverWithoutAGpu) {
  FakeDriver fake;
  fake.devices = 0;
  auto none = startDriver(FakeDriver::table(), nullptr);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::CudaUnavailable);

  fake.calls.clear();
  fake.failAt = 1; // init
  fake.failCode = driver::noDevice;
  auto refused = startDriver(FakeDriver::table(), nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::CudaUnavailable);
}

TEST(DriverApi, TooOld) {
  FakeDriver fake;
  fake.version = 12020;
  auto old = startDriver(FakeDriver::table(), nullptr);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().message(),
            "SIN3204 (CUDA driver too old): CUDA driver: wanted a driver for "
            "CUDA 12.3 or newer, found one for CUDA 12.2; install a newer "
            "driver");
  fake.version = 12030;
  EXPECT_TRUE(startDriver(FakeDriver::table(), nullptr));
  driver::Table table = FakeDriver::table();
  table.graphAddEdges = nullptr;
  auto partial = startDriver(table, nullptr);
  ASSERT_FALSE(partial);
  EXPECT_EQ(partial.error().code, ErrorCode::CudaDriverTooOld);
  EXPECT_EQ(partial.error().found, "one without cuGraphAddDependencies_v2");
}

TEST(DriverApi, ErrorsNameTheCallAndTheDriversText) {
  FakeDriver fake;
  auto api = startDriver(FakeDriver::table(), nullptr);
  ASSERT_TRUE(api);
  EXPECT_TRUE((*api)->check(driver::success, "launch", "x"));
  Status status = (*api)->check(700, "launch", "launch of kernel 'k'");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::CudaCallFailed);
  EXPECT_EQ(status.error().object, "launch of kernel 'k'");
  EXPECT_EQ(status.error().found,
            "cuLaunchKernelEx: CUDA_ERROR_FAKE, as the test wants");
}

} // namespace
