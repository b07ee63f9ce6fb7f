//===- SessionTest.cpp - A plan on a device -------------------------------===//
//
// On a device that only records, so that the order of calls, what is read how
// often, and a failure of any single call can be checked.
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include "runtime/format/RandomWeights.h"
#include "test/unit/format/SamplePlan.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace sinter;
using namespace sinter::format;
using sinter::test::samplePlan;

namespace {

/// Memory in vectors; each launch is a line of text. The call number `failAt`
/// (from 0) fails.
class RecordingDevice final : public Device {
public:
  std::string name() const override { return "recording"; }
  bool countsTraffic() const override { return false; }

  Result<BufferId> allocate(uint64_t bytes, std::string label) override {
    SINTER_TRY(call("allocate " + label + " " + std::to_string(bytes)));
    memory.emplace_back(bytes, std::byte{0xEE});
    labels.push_back(std::move(label));
    return BufferId{static_cast<uint32_t>(memory.size() - 1)};
  }
  Result<std::span<std::byte>> stage(BufferId buffer, uint64_t offset,
                                     uint64_t bytes) override {
    SINTER_TRY(
        call("stage " + where(buffer, offset) + " " + std::to_string(bytes)));
    EXPECT_FALSE(staged);
    staged = true;
    return std::span(memory[buffer.index]).subspan(offset, bytes);
  }
  Status commit() override {
    EXPECT_TRUE(staged);
    staged = false;
    return call("commit");
  }
  Status upload(BufferId buffer, uint64_t offset,
                std::span<const std::byte> bytes) override {
    SINTER_TRY(call("upload " + where(buffer, offset)));
    std::memcpy(memory[buffer.index].data() + offset, bytes.data(),
                bytes.size());
    return Status::success();
  }
  Status download(BufferId buffer, uint64_t offset,
                  std::span<std::byte> bytes) override {
    SINTER_TRY(call("download " + where(buffer, offset)));
    std::memcpy(bytes.data(), memory[buffer.index].data() + offset,
                bytes.size());
    return Status::success();
  }
  Status copy(BufferId from, uint64_t fromOffset, BufferId to,
              uint64_t toOffset, uint64_t bytes) override {
    return call("copy " + where(from, fromOffset) + " " + where(to, toOffset) +
                " " + std::to_string(bytes));
  }
  Status zero(BufferId buffer, uint64_t offset, uint64_t bytes) override {
    return call("zero " + where(buffer, offset) + " " + std::to_string(bytes));
  }
  Result<std::vector<KernelId>>
  loadKernels(std::span<const KernelSource> sources) override {
    std::string line = "load";
    std::vector<KernelId> ids;
    for (const KernelSource &source : sources) {
      EXPECT_EQ(source.text, "// " + source.symbol + "\n");
      line += " " + source.symbol + "(" + std::to_string(source.params.size()) +
              ")";
      ids.push_back({static_cast<uint32_t>(ids.size())});
      symbols.push_back(source.symbol);
    }
    SINTER_TRY(call(line));
    return ids;
  }
  Status launch(KernelId kernel, const LaunchShape &shape,
                std::span<const Argument> arguments) override {
    std::string line = "launch " + symbols[kernel.index] + " " +
                       std::to_string(shape.gridX) + "x" +
                       std::to_string(shape.gridY) + " of " +
                       std::to_string(shape.blockSize) + ", " +
                       std::to_string(shape.sharedBytes) + " shared:";
    for (const Argument &argument : arguments) {
      line += " " + where(argument.buffer, argument.offset) + "[" +
              std::to_string(argument.count) + "]";
    }
    return call(line);
  }
  Status admitGemm(const Gemm &problem) const override {
    return hasLibrary ? Status::success() : Device::admitGemm(problem);
  }
  Status gemm(const Gemm &problem, std::span<const Argument> arguments,
              const Argument *workspace) override {
    std::string line =
        "gemm " + std::to_string(problem.m) + "x" + std::to_string(problem.n) +
        "x" + std::to_string(problem.k) +
        (problem.epilogue == GemmEpilogue::Bias ? " bias:" : ":");
    auto add = [&](const Argument &argument) {
      line += " " + where(argument.buffer, argument.offset) + "[" +
              std::to_string(argument.count) + "]";
    };
    for (const Argument &argument : arguments) {
      add(argument);
    }
    if (workspace != nullptr) {
      line += " workspace";
      add(*workspace);
    }
    return call(line);
  }
  Status synchronize() override { return call("synchronize"); }
  KernelCounters counters(KernelId kernel) const override {
    return {kernel.index + 1u, {}};
  }
  void resetCounters() override {}

  std::vector<std::string> calls;
  size_t failAt = SIZE_MAX;
  bool hasLibrary = false;

private:
  Status call(std::string line) {
    calls.push_back(std::move(line));
    if (calls.size() - 1 == failAt) {
      return Error{ErrorCode::Internal, "call " + std::to_string(failAt), "",
                   "", ""};
    }
    return Status::success();
  }
  std::string where(BufferId buffer, uint64_t offset) const {
    return labels[buffer.index] + "+" + std::to_string(offset);
  }

  std::vector<std::vector<std::byte>> memory;
  std::vector<std::string> labels;
  std::vector<std::string> symbols;
  bool staged = false;
};

/// The sample plan without its library step, its packing and its advance.
PlanArtifact launchesOnly() {
  PlanArtifact artifact = samplePlan();
  Plan &plan = artifact.plan;
  plan.values[5].operandClass = OperandClass::Io;
  plan.values[5].offset = 1536;
  Entry &entry = plan.entries[0];
  entry.steps.erase(entry.steps.begin() + 2);
  entry.inputs.push_back({"logits", "logits"});
  entry.captures = {};
  entry.mode = format::LaunchMode::Stream;
  entry.advance.reset();
  entry.stepsPerLaunch = 1;
  entry.works.pop_back();
  plan.kernels.pop_back();
  plan.values.pop_back(); // the workspace
  plan.weights[1].pack.reset();
  plan.weights.pop_back(); // the bias
  plan.requirements.deviceBytes -= 64 * 2;
  plan.model.weights = {{}, 7};
  return artifact;
}

RandomWeights weightsOf(const Plan &plan) {
  std::vector<TensorInfo> tensors;
  for (const Weight &weight : plan.weights) {
    if (weight.pack) {
      for (const PackPart &part : weight.pack->parts) {
        tensors.push_back({part.tensor, weight.dtype, part.shape});
      }
    } else {
      tensors.push_back({weight.name, weight.dtype, weight.shape});
    }
  }
  return RandomWeights(7, tensors);
}

/// Counts reads per tensor.
class CountingWeights final : public WeightSource {
public:
  explicit CountingWeights(const RandomWeights &base)
      : base(base), bytesRead(base.tensors().size()) {}
  const std::vector<TensorInfo> &tensors() const override {
    return base.tensors();
  }
  Status read(size_t index, uint64_t offset, void *into,
              uint64_t count) const override {
    bytesRead[index] += count;
    return base.read(index, offset, into, count);
  }
  std::string fingerprint() const override { return base.fingerprint(); }
  std::string describe() const override { return base.describe(); }
  std::string describe(size_t index) const override {
    return base.describe(index);
  }

  const RandomWeights &base;
  mutable std::vector<uint64_t> bytesRead;
};

TEST(Session, PreparesOnceAndRunsLaunchesOnly) {
  PlanArtifact artifact = launchesOnly();
  RandomWeights weights = weightsOf(artifact.plan);
  RecordingDevice device;
  std::vector<uint64_t> done;
  auto session =
      Session::prepare(artifact, weights, device, [&](uint64_t d, uint64_t n) {
        EXPECT_EQ(n, 1024u);
        done.push_back(d);
      });
  ASSERT_TRUE(session) << session.error().message();
  EXPECT_EQ(done, (std::vector<uint64_t>{512, 1024}));
  EXPECT_EQ(
      device.calls,
      (std::vector<std::string>{
          "load embed_0(4) argmax_0(3)", "allocate cache 1024",
          "allocate step 16384", "zero step+1024 4",
          "allocate embed.weight 512", "stage embed.weight+0 512", "commit",
          "allocate head.weight 512", "stage head.weight+0 512", "commit"}));
  auto entry = (*session)->findEntry("decode");
  ASSERT_TRUE(entry);
  for (int round = 0; round < 2; ++round) {
    device.calls.clear();
    ASSERT_TRUE((*session)->run(*entry));
    EXPECT_EQ(device.calls,
              (std::vector<std::string>{
                  "launch embed_0 3x2 of 128, 64 shared: step+0[1] "
                  "embed.weight+0[256] cache+0[128] step+512[4]",
                  "copy step+512 step+768 8",
                  "launch argmax_0 3x2 of 128, 64 shared: step+1536[64] "
                  "step+1024[1] step+256[1]"}));
  }
  EXPECT_EQ((*session)->counters("argmax_0")->launches, 2u);
}

TEST(Session, WeightsAreReadOnceStraightIntoPlace) {
  PlanArtifact artifact = launchesOnly();
  // One weight of 40 MiB: three pieces.
  artifact.plan.weights.push_back({"large", DType::BF16, {20, 1 << 20}, {}});
  artifact.plan.requirements.deviceBytes += 40 << 20;
  RandomWeights base = weightsOf(artifact.plan);
  CountingWeights weights(base);
  RecordingDevice device;
  auto session = Session::prepare(artifact, weights, device);
  ASSERT_TRUE(session) << session.error().message();
  EXPECT_EQ(weights.bytesRead,
            (std::vector<uint64_t>{512, 512, 40 << 20})); // by name
  std::vector<std::byte> wanted(40 << 20);
  ASSERT_TRUE(base.read(*base.find("large"), 0, wanted.data(), wanted.size()));
  std::vector<std::byte> found(wanted.size());
  ASSERT_TRUE((*session)->read("large", found));
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(std::count_if(device.calls.begin(), device.calls.end(),
                          [](const std::string &line) {
                            return line.starts_with("stage large");
                          }),
            3);
}

TEST(Session, AnyFailingCallIsReported) {
  size_t calls = 0;
  for (size_t failAt = 0; failAt == 0 || failAt < calls; ++failAt) {
    PlanArtifact artifact = launchesOnly();
    RandomWeights weights = weightsOf(artifact.plan);
    RecordingDevice device;
    device.failAt = failAt;
    auto session = Session::prepare(artifact, weights, device);
    Status status = session ? Status() : Status(session.takeError());
    if (status) {
      std::byte id[4] = {};
      status = (*session)->write("ids", id);
      if (status) {
        status = (*session)->run(0);
      }
      if (status) {
        status = (*session)->read("next", id);
      }
    }
    ASSERT_FALSE(status) << failAt;
    EXPECT_EQ(status.error().object, "call " + std::to_string(failAt));
    EXPECT_EQ(device.calls.size(), failAt + 1);
    // 10 calls of prepare, a write, three steps, a read.
    calls = 15;
  }
}

TEST(Session, HooksSeeEachStepAndMayStop) {
  PlanArtifact artifact = launchesOnly();
  RandomWeights weights = weightsOf(artifact.plan);
  RecordingDevice device;
  auto session = Session::prepare(artifact, weights, device);
  ASSERT_TRUE(session);
  std::string seen;
  Status status = (*session)->run(0, [&](size_t index, const Step &step) {
    seen += std::to_string(index) + step.ops.front() + " ";
    return index == 1 ? Status(Error{ErrorCode::Internal, "here", "", "", ""})
                      : Status();
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().object, "here");
  EXPECT_EQ(seen, "0embed 1copy ");
  EXPECT_TRUE(device.calls.back().starts_with("copy"));
}

TEST(Session, ValuesEntriesAndKernelsByName) {
  PlanArtifact artifact = launchesOnly();
  RandomWeights weights = weightsOf(artifact.plan);
  RecordingDevice device;
  auto session = Session::prepare(artifact, weights, device);
  ASSERT_TRUE(session);
  std::byte four[4] = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  std::byte back[4];
  ASSERT_TRUE((*session)->write("ids", four));
  ASSERT_TRUE((*session)->read("ids", back));
  EXPECT_EQ(std::memcmp(four, back, 4), 0);
  EXPECT_EQ((*session)->write("id", four).error().code, ErrorCode::PlanLacks);
  EXPECT_EQ((*session)->write("keys", four).error().message(),
            "SIN2520 (plan lacks what was asked of it): value keys: wanted "
            "256 bytes, found 4 bytes");
  EXPECT_EQ((*session)->findEntry("prefill").error().message(),
            "SIN2520 (plan lacks what was asked of it): plan: wanted the "
            "entry prefill, found the entries decode");
  EXPECT_EQ((*session)->counters("none").error().code, ErrorCode::PlanLacks);
}

TEST(Session, LibraryStepsAreRefusedBeforeAnythingIsLoaded) {
  PlanArtifact artifact = samplePlan();
  artifact.plan.model.weights = {{}, 7};
  RandomWeights weights = weightsOf(artifact.plan);
  RecordingDevice device;
  auto session = Session::prepare(artifact, weights, device);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::PlanStepKind);
  EXPECT_EQ(session.error().object, "entry decode: step 2: device recording");
  EXPECT_TRUE(device.calls.empty());
}

TEST(Session, LibraryStepsAndTheAdvance) {
  PlanArtifact artifact = samplePlan();
  artifact.plan.model.weights = {{}, 7};
  artifact.plan.weights[1].pack.reset();
  artifact.plan.weights[2].pack.reset();
  RandomWeights weights = weightsOf(artifact.plan);
  RecordingDevice device;
  device.hasLibrary = true;
  auto session = Session::prepare(artifact, weights, device);
  ASSERT_TRUE(session) << session.error().message();
  device.calls.clear();
  ASSERT_TRUE((*session)->run(0));
  ASSERT_EQ(device.calls.size(), 4u);
  EXPECT_EQ(device.calls[2],
            "gemm 1x64x4 bias: step+768[4] head.weight+0[256] head.bias+0[64] "
            "step+512[64] workspace step+4096[4096]");
  device.calls.clear();
  ASSERT_TRUE((*session)->advance(0));
  EXPECT_EQ(device.calls,
            (std::vector<std::string>{
                "launch advance_0 3x2 of 128, 64 shared: step+0[1] "
                "step+1280[1] step+256[1]"}));
  auto plain = launchesOnly();
  auto other = Session::prepare(plain, weightsOf(plain.plan), device);
  ASSERT_TRUE(other);
  Status status = (*other)->advance(0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::PlanLacks);
}

} // namespace
