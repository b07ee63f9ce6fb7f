//===- ProducersTest.cpp - Launches that may start early ------------------===//
//
// Kernels of one program whose edges are programmatic: what they touch before
// they wait must be no other launch's.
//
//===----------------------------------------------------------------------===//

#include "test/unit/host/Bench.h"

using namespace sinter;
using namespace sinter::host;

namespace {

/// Adds 1 to what it reads; `early` and `late` surround the wait.
std::string adder(const std::string &name, const std::string &early,
                  const std::string &late) {
  return "SINTER_KERNEL(" + name + R"(, 32, 1,
              (In<float> w, In<float> x, Out<float> y)) {
  const int i = threadIndex();
  float a = 0.0f;
  )" + early +
         late + R"(
  store(y, i, a + 1.0f);
})";
}
const std::string readWeight = "a += load(w, i);\n";
const std::string readInput = "a += load(x, i);\n";
const std::string wait = "allowConsumers();\n  waitForProducers();\n";

/// first, second, third: v[1] = f(v[0]), v[2] = f(v[1]), v[3] = f(v[2]).
class Producers : public testing::Test {
protected:
  void SetUp() override {
    HostOptions options;
    options.cacheDirectory = testCache();
    auto made = HostDevice::create(options);
    ASSERT_TRUE(made) << made.error().message();
    device = std::move(*made);
    for (BufferId &buffer : values) {
      buffer = *device->allocate(bytes, "value");
    }
    weight = *device->allocate(bytes, "weight");
    const std::vector<float> ones(32, 1.0f);
    for (BufferId buffer : {weight, values[0]}) {
      ASSERT_TRUE(device->upload(buffer, 0, std::as_bytes(std::span(ones))));
    }
  }

  ProgramStep step(const std::string &early, const std::string &late, int from,
                   int to, bool programmatic = true) {
    KernelSource source;
    source.symbol = "k" + std::to_string(to);
    source.text = preludeText() + adder(source.symbol, early, late);
    source.params = {in("w", DType::F32, 32), in("x", DType::F32, 32),
                     out("y", DType::F32, 32)};
    auto loaded = device->loadKernels(std::span(&source, 1));
    EXPECT_TRUE(loaded) << loaded.error().message();
    ProgramStep step;
    step.kernel = loaded->front();
    step.shape = {1, 1, 32};
    step.programmatic = programmatic;
    step.arguments = {
        {weight, 0, 32}, {values[from], 0, 32}, {values[to], 0, 32}};
    return step;
  }

  Status run(const std::vector<ProgramStep> &steps,
             LaunchMode mode = LaunchMode::Pdl) {
    auto program = device->prepareProgram(steps, mode);
    EXPECT_TRUE(program);
    SINTER_TRY(device->run(*program));
    return device->run(*program); // as replayed
  }

  static constexpr uint64_t bytes = 32 * sizeof(float);
  std::unique_ptr<HostDevice> device;
  BufferId values[4];
  BufferId weight;
};

TEST_F(Producers, WeightsMayBeReadBeforeTheWait) {
  const std::vector<ProgramStep> steps = {
      step(wait + readWeight, readInput, 0, 1, false),
      step(readWeight + wait, readInput, 1, 2),
      step(readWeight + wait, readInput, 2, 3)};
  Status status = run(steps);
  ASSERT_TRUE(status) << status.error().message();
  std::vector<float> y(32);
  ASSERT_TRUE(
      device->download(values[3], 0, std::as_writable_bytes(std::span(y))));
  EXPECT_EQ(y, std::vector<float>(32, 7.0f));
}

TEST_F(Producers, InputsMayNot) {
  const ProgramStep first = step(wait, readInput, 0, 1, false);
  const ProgramStep hasty = step(readInput + wait, readWeight, 1, 2);
  Status status = run({first, hasty});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::KernelDataRace);
  EXPECT_NE(status.error().object.find("'x' (value)"), std::string::npos);
  EXPECT_EQ(status.error().wanted, "waitForProducers() before this read");
  EXPECT_EQ(status.error().found,
            "kernel 'k1', which writes it, may still run");
  // With a full edge, or in another mode, it may.
  ProgramStep behind = hasty;
  behind.programmatic = false;
  for (const auto &[steps, mode] :
       {std::pair(std::vector{first, behind}, LaunchMode::Pdl),
        {std::vector{first, hasty}, LaunchMode::Graph},
        {std::vector{first, hasty}, LaunchMode::Stream}}) {
    status = run(steps, mode);
    EXPECT_TRUE(status) << status.error().message();
  }
}

/// The launch before the one before may run too.
TEST_F(Producers, NeitherThoseOfTheLaunchBefore) {
  Status status =
      run({step(wait, readInput, 0, 1, false), step(wait, readInput, 0, 2),
           step(readInput + wait, "", 1, 3)});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().found,
            "kernel 'k1', which writes it, may still run");
}

/// Nor may memory be written that an earlier launch reads.
TEST_F(Producers, WritesWaitForReaders) {
  Status status = run({step(wait, readInput, 0, 1, false),
                       step("store(y, i, a);\n  " + wait, "", 1, 0)});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().wanted, "waitForProducers() before this write");
  EXPECT_EQ(status.error().found, "kernel 'k1', which reads it, may still run");
}

/// Of a cache counts what was appended: older rows may be read early.
TEST_F(Producers, OlderRowsOfACacheMayBeReadEarly) {
  KernelSource source;
  source.symbol = "append";
  source.text = preludeText() + R"(
SINTER_KERNEL(append, 32, 1, (In<float> x, InOut<float> cache)) {
  allowConsumers();
  waitForProducers();
  const int i = threadIndex();
  if (i >= 16) {
    store(cache, i, load(x, i));
  }
})";
  source.params = {in("x", DType::F32, 32), inOut("cache", DType::F32, 32)};
  auto loaded = device->loadKernels(std::span(&source, 1));
  ASSERT_TRUE(loaded) << loaded.error().message();
  const std::vector<float> zeros(32, 0.0f);
  ASSERT_TRUE(device->upload(values[1], 0, std::as_bytes(std::span(zeros))));
  ProgramStep append;
  append.kernel = loaded->front();
  append.shape = {1, 1, 32};
  append.arguments = {{values[0], 0, 32}, {values[1], 0, 32}};
  Status status =
      run({append, step("if (i < 16) {\n  " + readInput + "  }\n  " + wait,
                        readInput, 1, 2)});
  EXPECT_TRUE(status) << status.error().message();
  status =
      run({append, step("if (i <= 16) {\n  " + readInput + "  }\n  " + wait,
                        readInput, 1, 2)});
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().object.find("element 16 of 'x'"), std::string::npos)
      << status.error().object;
  EXPECT_EQ(status.error().found,
            "kernel 'append', which writes it, may still run");
}

/// A launch that never waits hides those before it from every later wait.
TEST_F(Producers, AWaitCoversWhatTheLaunchBeforeWaitedFor) {
  Status status =
      run({step(wait, readInput, 0, 1, false), step(readWeight, "", 0, 2),
           step(wait, readInput, 1, 3)});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().wanted,
            "every launch since then to wait for the one before it");
  EXPECT_EQ(status.error().found,
            "kernel 'k1', which writes it, may still run");
}

} // namespace
