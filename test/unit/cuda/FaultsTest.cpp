//===- FaultsTest.cpp - Every call fails once -----------------------------===//
//
// Each function of the driver and of cublasLt that a run calls fails at its
// first and at its last call, each of NVRTC once. Every row ends with a code,
// or is a release whose failure changes nothing; nothing is left behind. With
// SINTER_FAULT_TABLE=FILE the rows are written there as a table.
//
//===----------------------------------------------------------------------===//

#include "runtime/TokenLoop.h"
#include "runtime/cuda/Nvrtc.h"
#include "test/unit/cuda/FakeDriver.h"
#include "test/unit/cuda/PlanFixture.h"

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <set>

using namespace sinter;
using namespace sinter::cuda::test;

namespace {

struct Function {
  std::string member; ///< as the double records it
  std::string name;   ///< of the library
};

std::vector<Function> allFunctions() {
  std::vector<Function> list;
#define SINTER_DRIVER(MEMBER, NAME, PARAMETERS)                                \
  list.push_back({#MEMBER, #NAME});
#include "runtime/cuda/DriverFunctions.def"
#undef SINTER_DRIVER
#define SINTER_CUBLASLT(RESULT, MEMBER, NAME, PARAMETERS)                      \
  list.push_back({std::string("lt ") + #MEMBER, #NAME});
#include "runtime/cuda/CublasLtFunctions.def"
#undef SINTER_CUBLASLT
  for (Function &function : list) {
    if (function.member.starts_with("lt ")) {
      function.member.erase(2, 1);
      function.member[2] = static_cast<char>(
          std::toupper(static_cast<unsigned char>(function.member[2])));
    }
  }
  return list;
}

/// Functions that return a text or a number and cannot fail.
bool cannotFail(const std::string &member) {
  return member == "errorName" || member == "errorString" ||
         member == "ltVersion" || member == "ltStatusName";
}

/// Functions that give something back: a failure leaves nothing to do.
bool releases(const std::string &member) {
  for (const char *end : {"Destroy", "Free", "Release", "Unload"}) {
    if (member.ends_with(end)) {
      return true;
    }
  }
  return false;
}

PlanArtifact libraryPlan() {
  CompileRequest request;
  auto source = resolveModel(std::string(SINTER_SOURCE_DIR) +
                             "/test/data/checkpoints/qwen2-rand");
  EXPECT_TRUE(source) << source.error().message();
  request.source = std::move(*source);
  request.weights.seed = 3;
  request.workload.context = 5;
  request.workload.maxContext = 16;
  request.decisions.set = DecisionSet::Library;
  auto artifact = compileModel(request);
  EXPECT_TRUE(artifact) << artifact.error().message();
  return std::move(*artifact);
}

/// A plan with products of the library in every mode, a token loop, a copy, a
/// cooperative launch, timing and a look at the memory.
Status scenario(FakeDriver &fake, const PlanArtifact &artifact) {
  SINTER_ASSIGN(std::unique_ptr<cuda::CudaDevice> device, fake.open());
  SINTER_ASSIGN(const uint64_t free, device->freeBytes());
  EXPECT_GT(free, 0u);
  SINTER_ASSIGN(std::unique_ptr<Session> session, prepare(artifact, *device));
  SINTER_TRY(feed(*session, 1, 0));
  for (LaunchMode mode :
       {LaunchMode::Stream, LaunchMode::Graph, LaunchMode::Pdl}) {
    SINTER_ASSIGN(ProgramId program, session->prepareProgram(0, mode));
    SINTER_TRY(device->run(program));
    SINTER_ASSIGN(std::vector<double> times,
                  device->timeProgram(program, 1, 1));
    EXPECT_EQ(times.size(), 1u);
  }
  SINTER_ASSIGN(std::unique_ptr<TokenLoop> loop,
                TokenLoop::create(*session, 0));
  SINTER_TRY(loop->begin(1, 0, 3, {}));
  SINTER_TRY(loop->next());

  const KernelSource source = {
      "k", "text", {{"x", format::Access::InOut, DType::U32, 8}}, {}};
  SINTER_ASSIGN(std::vector<KernelId> kernels,
                device->loadKernels(std::span(&source, 1)));
  SINTER_ASSIGN(BufferId buffer, device->allocate(128, "b"));
  SINTER_TRY(device->zero(buffer, 0, 128));
  std::vector<ProgramStep> steps(2);
  steps[0].kernel = kernels[0];
  steps[0].shape = {2, 1, 64, 65536, true};
  steps[0].arguments = {{buffer, 0, 8}};
  steps[1].kind = ProgramStep::Kind::Copy;
  steps[1].arguments = {{buffer, 0, 32}, {buffer, 64, 32}};
  steps[1].copyBytes = 32;
  SINTER_ASSIGN(ProgramId own,
                device->prepareProgram(steps, LaunchMode::Graph));
  SINTER_TRY(device->run(own));
  SINTER_TRY(device->runStep(steps[1]));
  return device->synchronize();
}

struct Row {
  std::string name;
  std::string call;
  size_t held = 0; ///< handles when it failed
  size_t left = 0; ///< at the end
  std::string outcome;
};

void write(const std::vector<Row> &rows, const char *heading, bool append) {
  const char *file = std::getenv("SINTER_FAULT_TABLE");
  if (file == nullptr) {
    return;
  }
  std::ofstream out(file, append ? std::ios::app : std::ios::trunc);
  out << "\n"
      << heading << "\n\n| function | call | held | left | outcome |\n"
      << "|---|---|---|---|---|\n";
  for (const Row &row : rows) {
    out << "| " << row.name << " | " << row.call << " | " << row.held << " | "
        << row.left << " | " << row.outcome << " |\n";
  }
}

TEST(Faults, EveryFunctionOfTheDriverAndTheLibrary) {
  const PlanArtifact artifact = libraryPlan();
  std::vector<std::string> calls;
  {
    FakeDriver fake;
    const Status status = scenario(fake, artifact);
    ASSERT_TRUE(status) << status.error().message();
    ASSERT_EQ(fake.alive(), 0u);
    calls = fake.calls;
  }
  std::vector<Row> rows;
  for (const Function &function : allFunctions()) {
    std::vector<size_t> at;
    for (size_t i = 0; i < calls.size(); ++i) {
      if (calls[i] == function.member) {
        at.push_back(i);
      }
    }
    if (cannotFail(function.member)) {
      continue;
    }
    ASSERT_FALSE(at.empty()) << function.name << " is never called";
    for (size_t failAt : std::set<size_t>{at.front(), at.back()}) {
      FakeDriver fake;
      fake.failAt = failAt;
      Status status = scenario(fake, artifact);
      const size_t number =
          static_cast<size_t>(std::count(
              calls.begin(), calls.begin() + static_cast<ptrdiff_t>(failAt),
              function.member)) +
          1;
      Row row{function.name,
              std::to_string(number) + " of " + std::to_string(at.size()),
              fake.aliveAtFailure, fake.alive(),
              status ? "none: the run is complete"
                     : status.error().message().substr(0, 110)};
      // The last waits and the last change of context come with the release.
      const bool last =
          failAt == at.back() && (function.member == "streamSynchronize" ||
                                  function.member == "eventSynchronize" ||
                                  function.member == "contextSetCurrent");
      EXPECT_EQ(status.ok(), releases(function.member) || last)
          << row.name << " " << row.call << ": " << row.outcome;
      if (!status) {
        // A driver that does not say its version counts as too old.
        EXPECT_EQ(status.error().code, function.member == "driverVersion"
                                           ? ErrorCode::CudaDriverTooOld
                                           : ErrorCode::CudaCallFailed)
            << row.name << ": " << row.outcome;
        EXPECT_EQ(status.error().exitCode(), 4) << row.name;
      }
      EXPECT_EQ(fake.alive(), 0u) << row.name << " " << row.call;
      EXPECT_EQ(fake.misuses, std::vector<std::string>()) << row.name;
      rows.push_back(std::move(row));
    }
  }
  write(rows, "Driver and cublasLt: a plan with products of the library",
        /*append=*/false);
}

/// The library under a name of its own for the time of a test.
class WithFakeNvrtc {
public:
  WithFakeNvrtc() {
    const char *found = std::getenv("SINTER_NVRTC");
    had = found != nullptr;
    before = had ? found : "";
    setenv("SINTER_NVRTC", SINTER_FAKE_NVRTC, 1);
    library = dlopen(SINTER_FAKE_NVRTC, RTLD_NOW | RTLD_LOCAL);
  }
  ~WithFakeNvrtc() {
    if (had) {
      setenv("SINTER_NVRTC", before.c_str(), 1);
    } else {
      unsetenv("SINTER_NVRTC");
    }
  }
  WithFakeNvrtc(const WithFakeNvrtc &) = delete;
  void fail(const char *function) {
    *variable<const char *>("fakeNvrtcFails") = function;
  }
  int alive() { return *variable<int>("fakeNvrtcAlive"); }

private:
  template <typename T>
  T *variable(const char *name) {
    return static_cast<T *>(dlsym(library, name));
  }
  void *library;
  bool had;
  std::string before;
};

TEST(Faults, EveryFunctionOfNvrtc) {
  WithFakeNvrtc fake;
  const auto compile = [&]() -> Result<cuda::CompiledKernel> {
    SINTER_ASSIGN(std::shared_ptr<const cuda::Nvrtc> nvrtc,
                  cuda::Nvrtc::open());
    return nvrtc->compile("text", "k", "sm_90a");
  };
  const auto whole = compile();
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->cubin, "\x7f"
                          "ELF");
  std::vector<Row> rows;
  for (const char *function :
       {"nvrtcVersion", "nvrtcGetNumSupportedArchs", "nvrtcGetSupportedArchs",
        "nvrtcCreateProgram", "nvrtcDestroyProgram", "nvrtcCompileProgram",
        "nvrtcGetProgramLogSize", "nvrtcGetProgramLog", "nvrtcGetCUBINSize",
        "nvrtcGetCUBIN", "nvrtcGetErrorString"}) {
    fake.fail(function);
    const auto built = compile();
    const std::string name = function;
    EXPECT_EQ(built.ok(),
              name == "nvrtcDestroyProgram" || name == "nvrtcGetErrorString")
        << name;
    if (!built) {
      EXPECT_EQ(built.error().code, ErrorCode::NvrtcFailed) << name;
    }
    EXPECT_EQ(fake.alive(), 0) << name;
    rows.push_back({name, "1 of 1", 0, static_cast<size_t>(fake.alive()),
                    built ? "none: the kernel is built"
                          : built.error().message().substr(0, 110)});
  }
  fake.fail(nullptr);
  write(rows, "NVRTC", /*append=*/true);
}

} // namespace
