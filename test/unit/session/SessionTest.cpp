//===- SessionTest.cpp - A plan on a device -------------------------------===//
//
// On a device that only records, so that the order of calls, what is read how
// often, and a failure of any single call can be checked.
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include "runtime/PlanWeights.h"
#include "runtime/format/RandomWeights.h"
#include "test/unit/format/SamplePlan.h"
#include "test/unit/format/TemporaryFolder.h"

#include <cstring>

using namespace sinter;
using namespace sinter::format;
using sinter::test::samplePlan;
using sinter::test::TemporaryFolder;

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
    tensors.push_back({weight.name, weight.dtype, weight.shape});
  }
  return RandomWeights(7, tensors);
}

/// Counts reads per tensor.
class CountingWeights final : public WeightSource {
public:
  explicit CountingWeights(const WeightSource &base)
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

  const WeightSource &base;
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

/// The plan of launchesOnly with weights that nothing but their recipe makes.
PlanArtifact withPacks() {
  PlanArtifact artifact = launchesOnly();
  Plan &plan = artifact.plan;
  // 32 MiB in two pieces, the boundaries of parts inside each.
  plan.weights.push_back({"a.{q,k,v}.weight",
                          DType::BF16,
                          {1 << 11, 1 << 13},
                          Pack{PackLayout::Concat,
                               {{"a.q.weight", {1000, 1 << 13}},
                                {"a.k.weight", {40, 1 << 13}},
                                {"a.v.weight", {1008, 1 << 13}}}}});
  plan.weights.push_back(
      {"a.{gate,up}.weight",
       DType::BF16,
       {6, 5},
       Pack{PackLayout::Interleave,
            {{"a.gate.weight", {3, 5}}, {"a.up.weight", {3, 5}}}}});
  plan.requirements.deviceBytes += (32 << 20) + 60;
  return artifact;
}

TEST(Session, WeightsArePackedOnTheWay) {
  PlanArtifact artifact = withPacks();
  auto base = openPlanWeights(artifact.plan, "");
  ASSERT_TRUE(base) << base.error().message();
  CountingWeights weights(**base);
  RecordingDevice device;
  auto session = Session::prepare(artifact, weights, device);
  ASSERT_TRUE(session) << session.error().message();
  // Each tensor once, straight into the device's memory.
  for (size_t i = 0; i < weights.bytesRead.size(); ++i) {
    EXPECT_EQ(weights.bytesRead[i], weights.tensors()[i].bytes())
        << weights.tensors()[i].name;
  }
  auto tensor = [&](const char *name) {
    const size_t index = *(*base)->find(name);
    std::vector<std::byte> bytes((*base)->tensors()[index].bytes());
    EXPECT_TRUE((*base)->read(index, 0, bytes.data(), bytes.size()));
    return bytes;
  };
  std::vector<std::byte> wanted;
  for (const char *name : {"a.q.weight", "a.k.weight", "a.v.weight"}) {
    const std::vector<std::byte> part = tensor(name);
    wanted.insert(wanted.end(), part.begin(), part.end());
  }
  std::vector<std::byte> found(32 << 20);
  ASSERT_TRUE((*session)->read("a.{q,k,v}.weight", found));
  EXPECT_TRUE(found == wanted);
  const std::vector<std::byte> gate = tensor("a.gate.weight");
  const std::vector<std::byte> up = tensor("a.up.weight");
  wanted.clear();
  for (size_t row = 0; row < 3; ++row) {
    for (const std::vector<std::byte> *part : {&gate, &up}) {
      wanted.insert(wanted.end(), part->begin() + 10 * row,
                    part->begin() + 10 * (row + 1));
    }
  }
  found.resize(60);
  ASSERT_TRUE((*session)->read("a.{gate,up}.weight", found));
  EXPECT_EQ(found, wanted);
}

TEST(PlanWeights, OfPacksAreTheirParts) {
  Plan plan = withPacks().plan;
  auto weights = openPlanWeights(plan, "");
  ASSERT_TRUE(weights);
  std::vector<std::string> names;
  for (const TensorInfo &tensor : (*weights)->tensors()) {
    names.push_back(tensor.name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"a.gate.weight", "a.k.weight",
                                      "a.q.weight", "a.up.weight", "a.v.weight",
                                      "embed.weight", "head.weight"}));
  EXPECT_TRUE(checkPlanWeights(plan, **weights));
  auto refusal = [&] {
    Status status = checkPlanWeights(plan, **weights);
    return status ? "" : status.error().message();
  };
  // The same rows in all, but not of these tensors.
  plan.weights[2].pack->parts[1].shape[0] = 48;
  plan.weights[2].pack->parts[2].shape[0] = 1000;
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor a.k.weight: wanted bf16 [48, 8192], found bf16 "
            "[40, 8192]; use the checkpoint that the plan was compiled from");
  plan.weights[2].pack->parts[1].tensor = "a.other.weight";
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor a.other.weight: wanted bf16 [48, 8192], found no "
            "such tensor; use the checkpoint that the plan was compiled from");
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

TEST(PlanWeights, MustBeThoseOfThePlan) {
  Plan plan = launchesOnly().plan;
  RandomWeights weights = weightsOf(plan);
  EXPECT_TRUE(checkPlanWeights(plan, weights));
  auto refusal = [&] {
    Status status = checkPlanWeights(plan, weights);
    return status ? "" : status.error().message();
  };
  plan.weights[1].shape = {64, 8};
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor head.weight: wanted bf16 [64, 8], found bf16 "
            "[64, 4]; use the checkpoint that the plan was compiled from");
  plan.weights[1] = {"other", DType::BF16, {1}, {}};
  EXPECT_EQ(refusal(),
            "SIN2517 (checkpoint differs from the plan's): random weights "
            "(seed 7): tensor other: wanted bf16 [1], found no such tensor; "
            "use the checkpoint that the plan was compiled from");
  plan.weights.pop_back();
  plan.model.weights = {std::string(64, '0'), {}};
  Status status = checkPlanWeights(plan, weights);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::PlanWeights);
  EXPECT_EQ(status.error().found, weights.fingerprint());
}

TEST(PlanWeights, FromSeedOrCheckpoint) {
  Plan plan = launchesOnly().plan;
  auto weights = openPlanWeights(plan, "");
  ASSERT_TRUE(weights);
  EXPECT_EQ((*weights)->describe(), "random weights (seed 7)");
  EXPECT_TRUE(checkPlanWeights(plan, **weights));
  EXPECT_EQ(openPlanWeights(plan, "m").error().code,
            ErrorCode::PlanNeedsWeights);
  plan.weights[0].dtype = DType::F32;
  EXPECT_EQ(openPlanWeights(plan, "").error().code, ErrorCode::PlanWeights);

  plan.model.weights = {std::string(64, '0'), {}};
  EXPECT_EQ(openPlanWeights(plan, "").error().message(),
            "SIN2519 (weights of the plan not given): plan: wanted the "
            "checkpoint that it was compiled from, found none; name the "
            "checkpoint's directory");
  TemporaryFolder folder;
  EXPECT_EQ(openPlanWeights(plan, folder.path()).error().code,
            ErrorCode::CheckpointWeights);
}

} // namespace
