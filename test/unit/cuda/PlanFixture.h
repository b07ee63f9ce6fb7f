//===- PlanFixture.h - A small plan to run on devices -----------*- C++ -*-===//

#ifndef SINTER_TEST_UNIT_CUDA_PLANFIXTURE_H
#define SINTER_TEST_UNIT_CUDA_PLANFIXTURE_H

#include "runtime/PlanWeights.h"
#include "runtime/Session.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

namespace sinter::cuda::test {

inline const std::string cacheDirectory =
    std::string(SINTER_BINARY_DIR) + "/test-kernels";

inline CompileRequest requestOf(int64_t maxContext = 16) {
  CompileRequest request;
  auto source = resolveModel(std::string(SINTER_SOURCE_DIR) +
                             "/test/data/checkpoints/llama-rand");
  EXPECT_TRUE(source) << source.error().message();
  request.source = std::move(*source);
  request.weights.seed = 11;
  request.workload.context = 5;
  request.workload.maxContext = maxContext;
  return request;
}

inline PlanArtifact compiled(int64_t maxContext = 16,
                             std::vector<int64_t> contexts = {},
                             uint32_t stepsPerLaunch = 1) {
  CompileRequest request = requestOf(maxContext);
  request.contexts = std::move(contexts);
  request.decisions.stepsPerLaunch = stepsPerLaunch;
  auto artifact = compileModel(request);
  EXPECT_TRUE(artifact) << artifact.error().message();
  return std::move(*artifact);
}

inline Result<std::unique_ptr<Session>> prepare(const PlanArtifact &artifact,
                                                Device &device) {
  SINTER_ASSIGN(std::unique_ptr<WeightSource> weights,
                openPlanWeights(artifact.plan, ""));
  return Session::prepare(artifact, *weights, device);
}

inline std::unique_ptr<host::HostDevice> hostDevice() {
  host::HostOptions options;
  options.cacheDirectory = cacheDirectory;
  auto host = host::HostDevice::create(options);
  EXPECT_TRUE(host) << host.error().message();
  return std::move(*host);
}

inline Status feed(Session &session, int32_t id, int32_t position) {
  SINTER_TRY(session.write("ids", std::as_bytes(std::span(&id, 1))));
  return session.write("positions", std::as_bytes(std::span(&position, 1)));
}

} // namespace sinter::cuda::test

#endif // SINTER_TEST_UNIT_CUDA_PLANFIXTURE_H
