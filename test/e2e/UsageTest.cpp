//===- UsageTest.cpp - Help, usage errors, exit codes ---------------------===//

#include "test/e2e/Sinter.h"

#include <gtest/gtest.h>

using namespace sinter::e2e;

namespace {

TEST(Usage, HelpIsOnStdoutAndSucceeds) {
  for (const char *command : {"compile", "inspect", "run", "verify", "tokenize",
                              "render", "calibrate", "doctor", "cache"}) {
    Outcome outcome = runSinter({command, "--help"});
    EXPECT_EQ(outcome.exitCode, 0) << command;
    EXPECT_NE(outcome.out.find(std::string("Usage: sinter ") + command),
              std::string::npos);
    EXPECT_EQ(outcome.err, "");
  }
  EXPECT_EQ(runSinter({"--version"}).out, "sinter 0.1.0\n");
}

TEST(Usage, ErrorsAreOnStderrWithTheirCode) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "SIN1002"},
      {{"frobnicate"}, "SIN1001"},
      {{"run", tales}, "SIN1002"},
      {{"run", tales, "--ids", "1", "-n", "none"}, "SIN1003"},
      {{"run", tales, "--ids", "1", "--prompt", "x"}, "SIN1004"},
  };
  for (const auto &[arguments, code] : cases) {
    Outcome outcome = runSinter(arguments);
    EXPECT_EQ(outcome.exitCode, 2) << code;
    EXPECT_EQ(outcome.out, "") << code;
    EXPECT_NE(outcome.err.find("error: " + code), std::string::npos)
        << outcome.err;
  }
}

TEST(Usage, AFullStdoutIsAnError) {
  Invocation invocation{{"doctor"}};
  invocation.stdoutFile = "/dev/full";
  Outcome outcome = runSinter(invocation);
  EXPECT_EQ(outcome.exitCode, 4);
  EXPECT_NE(outcome.err.find("SIN3002"), std::string::npos) << outcome.err;
}

TEST(Usage, DoctorSaysWhatItFound) {
  Outcome outcome = runSinter({"doctor", "--format", "csv"});
  EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
  for (const char *part :
       {"sinter,ok,0.1.0", "MLIR and LLVM,ok,19.1.", "host C++ compiler,ok,",
        "kernel cache,ok,", "NVRTC,", "cublasLt,", "CUDA driver,"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
  }
}

TEST(Usage, DoctorNamesAMissingCompiler) {
  Invocation invocation{{"doctor"}};
  invocation.environment = {{"SINTER_HOST_CXX", "/nonexistent/c++"}};
  Outcome outcome = runSinter(invocation);
  EXPECT_EQ(outcome.exitCode, 4);
  EXPECT_NE(outcome.out.find("missing"), std::string::npos);
  EXPECT_NE(outcome.err.find("SIN3101"), std::string::npos) << outcome.err;
}

TEST(Usage, CacheFindsADamagedKernel) {
  Scratch scratch;
  std::filesystem::permissions(scratch.path, std::filesystem::perms::owner_all);
  size_t copied = 0;
  for (const auto &entry :
       std::filesystem::directory_iterator(SINTER_BINARY_DIR "/test-cache")) {
    if (entry.path().extension() == ".so" && copied < 3) {
      std::filesystem::copy(entry.path(), scratch.path);
      ++copied;
    }
  }
  ASSERT_EQ(copied, 3u);
  auto cache = [&](const char *action) {
    Invocation invocation{{"cache", action}};
    invocation.environment = {{"SINTER_CACHE_DIR", scratch.path}};
    return runSinter(invocation);
  };
  EXPECT_EQ(cache("path").out, scratch.path.string() + "\n");
  EXPECT_EQ(cache("verify").exitCode, 0);
  auto victim = *std::filesystem::directory_iterator(scratch.path);
  std::string bytes = readText(victim.path());
  bytes[bytes.size() / 2] ^= 1;
  writeText(victim.path(), bytes);
  Outcome outcome = cache("verify");
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_NE(outcome.err.find("SIN4101"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("damaged"), std::string::npos);
  EXPECT_EQ(cache("clear").exitCode, 0);
  EXPECT_NE(cache("list").out.find("0 kernels"), std::string::npos);
}

TEST(Usage, CudaIsRefusedWithTheRemedy) {
  Outcome outcome = runSinter({"run", tales, "--ids", "1", "--device", "cuda"});
  EXPECT_EQ(outcome.exitCode, 4);
  EXPECT_NE(outcome.err.find("SIN3201"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("--device host"), std::string::npos);
}

TEST(Usage, ModelsWithoutWeightsOrTokenizer) {
  Outcome outcome = runSinter({"run", "qwen3-0.6b", "--ids", "1"});
  EXPECT_EQ(outcome.exitCode, 3);
  EXPECT_NE(outcome.err.find("SIN2704"), std::string::npos) << outcome.err;
  outcome =
      runSinter({"run", "qwen3-0.6b", "--config-only", "--prompt", "Once"});
  EXPECT_EQ(outcome.exitCode, 3);
  EXPECT_NE(outcome.err.find("SIN2706"), std::string::npos) << outcome.err;
}

/// A plan whose entry cannot be fed with tokens.
TEST(Usage, PlanThatIsNoDecodeStep) {
  Scratch scratch;
  std::string plan = scratch.at("t.plan");
  ASSERT_EQ(
      runSinter({"compile", tales, "-o", plan, "--no-nvrtc", "--batch", "2"})
          .exitCode,
      0);
  Outcome outcome = runSinter({"run", plan, "--ids", "1"});
  EXPECT_EQ(outcome.exitCode, 3);
  EXPECT_NE(outcome.err.find("SIN2707"), std::string::npos) << outcome.err;
}

} // namespace
