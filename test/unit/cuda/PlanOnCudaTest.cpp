//===- PlanOnCudaTest.cpp - Whole plans through the CUDA device -----------===//
//
// On a driver's double that runs kernels on the CPU.
//
//===----------------------------------------------------------------------===//

#include "runtime/TokenLoop.h"
#include "runtime/format/Sha256.h"
#include "test/unit/cuda/FakeDriver.h"
#include "test/unit/cuda/PlanFixture.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace sinter;
using namespace sinter::cuda::test;
namespace driver = sinter::cuda::driver;

namespace {

/// Feeds five ids; the logits of each position.
std::vector<std::vector<uint16_t>> logits(Session &session,
                                          const std::function<Status()> &step) {
  const std::vector<int32_t> ids = {7, 300, 0, 511, 7};
  std::vector<std::vector<uint16_t>> rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    Status status = feed(session, ids[i], static_cast<int32_t>(i));
    if (status) {
      status = step();
    }
    std::vector<uint16_t> row(session.plan().model.vocabSize);
    if (status) {
      status = session.read("logits", std::as_writable_bytes(std::span(row)));
    }
    EXPECT_TRUE(status) << status.error().message();
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The same bits as on the host device, in every mode.
TEST(PlanOnCuda, BitsAreThoseOfTheHostDevice) {
  const PlanArtifact artifact = compiled();
  auto host = hostDevice();
  auto reference = prepare(artifact, *host);
  ASSERT_TRUE(reference) << reference.error().message();
  const auto wanted = logits(**reference, [&] { return (*reference)->run(0); });

  FakeDriver fake;
  fake.execute(cacheDirectory);
  {
    auto device = fake.open();
    ASSERT_TRUE(device);
    auto session = prepare(artifact, **device);
    ASSERT_TRUE(session) << session.error().message();
    EXPECT_EQ(logits(**session, [&] { return (*session)->run(0); }), wanted);
    for (LaunchMode mode :
         {LaunchMode::Stream, LaunchMode::Graph, LaunchMode::Pdl}) {
      auto program = (*session)->prepareProgram(0, mode);
      ASSERT_TRUE(program) << program.error().message();
      EXPECT_EQ(logits(**session, [&] { return (*device)->run(*program); }),
                wanted);
    }
  }
  EXPECT_EQ(fake.alive(), 0u);
  EXPECT_EQ(fake.misuses, std::vector<std::string>());
}

/// A programmatic edge goes from every launch of a step to the next.
TEST(PlanOnCuda, ProgrammaticEdgesWithinAStep) {
  const PlanArtifact artifact = compiled();
  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto session = prepare(artifact, **device);
  ASSERT_TRUE(session) << session.error().message();
  fake.instantiated.clear();
  ASSERT_TRUE((*session)->prepareProgram(0, LaunchMode::Pdl, {.repeats = 2}));
  ASSERT_EQ(fake.instantiated.size(), 1u);
  const auto &graph = fake.instantiated.front();
  EXPECT_EQ(graph.nodes.size(), 2 * artifact.plan.entries[0].steps.size());
  ASSERT_EQ(graph.edges.size(), graph.nodes.size() - 1);
  for (const auto &edge : graph.edges) {
    // Kernels read positions before they wait, so a step ends before the next.
    const bool begins = edge.to % artifact.plan.entries[0].steps.size() == 0;
    EXPECT_EQ(edge.programmatic, !begins) << graph.nodes[edge.to].launch.symbol;
  }
}

/// Beside a product of the library every edge is full, in the plan and whatever
/// is asked of the device (runtime/RATIONALE.md).
TEST(PlanOnCuda, FullEdgesBesideTheLibrary) {
  CompileRequest request = requestOf();
  request.decisions.set = DecisionSet::Library;
  auto artifact = compileModel(request);
  ASSERT_TRUE(artifact) << artifact.error().message();
  const std::vector<format::Step> &steps = artifact->plan.entries[0].steps;
  EXPECT_EQ(
      std::ranges::count_if(
          steps, [](const format::Step &step) { return step.programmatic; }),
      0);
  // A program in another mode than the plan's asks for such edges everywhere.
  ASSERT_EQ(artifact->plan.entries[0].mode, LaunchMode::Graph);
  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto session = prepare(*artifact, **device);
  ASSERT_TRUE(session) << session.error().message();
  fake.instantiated.clear();
  ASSERT_TRUE((*session)->prepareProgram(0, LaunchMode::Pdl));
  ASSERT_EQ(fake.instantiated.size(), 1u);
  const auto &edges = fake.instantiated.front().edges;
  ASSERT_EQ(edges.size(), steps.size() - 1);
  for (const auto &edge : edges) {
    EXPECT_FALSE(edge.programmatic) << edge.from;
  }
}

/// Each call of the driver failed once, in prepare, in runs, in a token loop
/// and in a read: a coded error, and nothing kept. A handle that does not come
/// back fails nothing.
TEST(PlanOnCuda, AnyFailingCallIsReportedAndAllIsReleased) {
  const PlanArtifact artifact = compiled();
  size_t worked = 0; // calls before the device is given up
  const auto once = [&](FakeDriver &fake) -> Status {
    SINTER_ASSIGN(std::unique_ptr<cuda::CudaDevice> device, fake.open());
    SINTER_ASSIGN(std::unique_ptr<Session> session, prepare(artifact, *device));
    SINTER_ASSIGN(ProgramId streamed,
                  session->prepareProgram(0, LaunchMode::Stream));
    SINTER_ASSIGN(ProgramId graph, session->prepareProgram(0, LaunchMode::Pdl));
    SINTER_TRY(feed(*session, 1, 0));
    SINTER_TRY(session->run(0));
    SINTER_TRY(device->run(graph));
    SINTER_ASSIGN(std::vector<double> times,
                  device->timeProgram(streamed, 1, 1));
    EXPECT_EQ(times.size(), 1u);
    SINTER_ASSIGN(std::unique_ptr<TokenLoop> loop,
                  TokenLoop::create(*session, 0));
    SINTER_TRY(loop->begin(1, 0, 3, {}));
    SINTER_ASSIGN(int32_t first, loop->next());
    EXPECT_EQ(first, -1) << "nothing runs that would write the log";
    int32_t token = 0;
    SINTER_TRY(
        session->read("token", std::as_writable_bytes(std::span(&token, 1))));
    worked = fake.calls.size();
    return Status::success();
  };
  {
    FakeDriver fake;
    Status status = once(fake);
    ASSERT_TRUE(status) << status.error().message();
    ASSERT_EQ(fake.alive(), 0u);
    ASSERT_GT(worked, 100u);
  }
  const size_t calls = worked;
  for (size_t failAt = 0; failAt < calls; ++failAt) {
    FakeDriver fake;
    fake.failAt = failAt;
    fake.failCode = failAt % 2 == 0 ? driver::outOfMemory : 999;
    Status status = once(fake);
    const std::string &call = fake.calls.at(failAt);
    if (call.ends_with("Destroy") || call.ends_with("Free")) {
      EXPECT_TRUE(status) << call;
    } else {
      ASSERT_FALSE(status) << call;
      EXPECT_EQ(status.error().code,
                call == "driverVersion" ? ErrorCode::CudaDriverTooOld
                : failAt % 2 == 0       ? ErrorCode::CudaMemory
                                        : ErrorCode::CudaCallFailed)
          << call << ": " << status.error().message();
    }
    ASSERT_EQ(fake.alive(), 0u) << call << " " << failAt;
    ASSERT_EQ(fake.misuses, std::vector<std::string>()) << call;
  }
}

struct BadInput {
  const char *name;
  std::function<void(FakeDriver &, PlanArtifact &)> make;
  ErrorCode code;
  int exitCode;
  std::string message; ///< a part of it
};

/// What a plan meets on the wrong GPU or with the wrong files: a code before
/// any memory is taken, and nothing kept.
TEST(PlanOnCuda, BadInputIsRefusedBeforeTheUpload) {
  const PlanArtifact whole = compiled();
  const uint64_t needed = whole.plan.requirements.deviceBytes;
  // As if the plan had been compiled where NVRTC is.
  const auto withBinary = [](PlanArtifact &artifact, const char *bytes) {
    for (format::Kernel &kernel : artifact.plan.kernels) {
      kernel.cubins = {{"sm_90a", sha256Hex(bytes)}};
      artifact.cubins[{kernel.source, "sm_90a"}] = bytes;
    }
  };
  const BadInput cases[] = {
      {"too little memory",
       [&](FakeDriver &fake, PlanArtifact &) { fake.freeBytes = needed - 1; },
       ErrorCode::CudaMemory, 4, "0.00 GB for weights, caches and buffers"},
      {"a plan for a newer GPU",
       [](FakeDriver &, PlanArtifact &artifact) {
         artifact.plan.target = "b200";
         artifact.plan.requirements.computeCapability = 100;
       },
       ErrorCode::CudaWrongGpu, 4,
       "plan for b200: wanted compute capability 10.0, found Fake GPU with "
       "9.0"},
      {"a plan whose blocks do not fit",
       [](FakeDriver &fake, PlanArtifact &artifact) {
         fake.sharedBytes =
             static_cast<int>(artifact.plan.requirements.sharedBytes) - 1;
       },
       ErrorCode::CudaWrongGpu, 4, "bytes of shared memory per block"},
      {"programmatic edges on an older GPU",
       [](FakeDriver &fake, PlanArtifact &) { fake.major = 8; },
       ErrorCode::LaunchUnsupported, 3,
       "entry decode: mode pdl: wanted compute capability 9.0, found Fake GPU "
       "with 8.0; compile with --target for this GPU"},
      {"a damaged binary",
       [&](FakeDriver &, PlanArtifact &artifact) {
         withBinary(artifact, "torn");
       },
       ErrorCode::CudaBinary, 4,
       "wanted a binary for sm_90a, found one that the driver refuses; compile "
       "the plan again"},
      {"another checkpoint",
       [](FakeDriver &, PlanArtifact &artifact) {
         artifact.plan.model.weights = {std::string(64, 'a'), {}};
       },
       ErrorCode::PlanWeights, 3,
       "use the checkpoint that the plan was compiled from"}};
  auto weights = openPlanWeights(whole.plan, "");
  ASSERT_TRUE(weights) << weights.error().message();
  for (const BadInput &bad : cases) {
    SCOPED_TRACE(bad.name);
    PlanArtifact artifact = whole;
    FakeDriver fake;
    bad.make(fake, artifact);
    {
      auto device = fake.open();
      ASSERT_TRUE(device) << device.error().message();
      const size_t pinned = fake.count("hostAllocate");
      auto session = Session::prepare(artifact, **weights, **device);
      ASSERT_FALSE(session);
      EXPECT_EQ(session.error().code, bad.code) << session.error().message();
      EXPECT_EQ(session.error().exitCode(), bad.exitCode);
      EXPECT_NE(session.error().message().find(bad.message), std::string::npos)
          << session.error().message();
      EXPECT_EQ(fake.count("memoryAllocate"), 0u);
      EXPECT_EQ(fake.count("hostAllocate"), pinned);
      EXPECT_EQ(fake.count("copyToDevice"), 0u);
    }
    EXPECT_EQ(fake.alive(), 0u);
    EXPECT_EQ(fake.misuses, std::vector<std::string>());
  }
}

} // namespace
