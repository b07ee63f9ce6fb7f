//===- TokenLoopTest.cpp - Greedy decoding fed on the device --------------===//
//
// On the host device, and on a driver's double that runs kernels on the CPU or
// only records.
//
//===----------------------------------------------------------------------===//

#include "runtime/TokenLoop.h"

#include "test/unit/cuda/FakeDriver.h"
#include "test/unit/cuda/PlanFixture.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::cuda::test;

namespace {

int32_t number(Session &session, const std::string &value) {
  int32_t read = -7;
  Status status =
      session.read(value, std::as_writable_bytes(std::span(&read, 1)));
  EXPECT_TRUE(status) << status.error().message();
  return read;
}

/// Tokens of steps that the host feeds one by one.
std::vector<int32_t> fed(Session &session, int32_t id, int32_t position,
                         size_t steps) {
  std::vector<int32_t> tokens;
  while (tokens.size() < steps) {
    Status status = feed(session, id, position++);
    if (status) {
      status = session.run(0);
    }
    EXPECT_TRUE(status) << status.error().message();
    tokens.push_back(id = number(session, "token"));
  }
  return tokens;
}

std::vector<int32_t> taken(TokenLoop &loop, size_t steps) {
  std::vector<int32_t> tokens;
  while (tokens.size() < steps) {
    auto token = loop.next();
    EXPECT_TRUE(token) << token.error().message();
    tokens.push_back(token ? *token : -7);
  }
  return tokens;
}

/// Two texts, the second from the middle of the first, in which a step ahead of
/// the host is left behind.
void compare(Session &session, const std::vector<int32_t> &wanted) {
  auto loop = TokenLoop::create(session, 0);
  ASSERT_TRUE(loop) << loop.error().message();
  ASSERT_TRUE((*loop)->begin(7, 0, 10, {}));
  EXPECT_EQ(taken(**loop, 4), std::vector(wanted.begin(), wanted.begin() + 4));
  ASSERT_TRUE((*loop)->begin(wanted[1], 2, 8, {}));
  EXPECT_EQ(taken(**loop, 8), std::vector(wanted.begin() + 2, wanted.end()));
}

TEST(TokenLoop, TokensAreThoseAHostFeeds) {
  const PlanArtifact artifact = compiled();
  std::vector<int32_t> wanted;
  {
    auto host = hostDevice();
    auto session = prepare(artifact, *host);
    ASSERT_TRUE(session) << session.error().message();
    wanted = fed(**session, 7, 0, 10);
    compare(**session, wanted);
  }
  {
    // The same tokens where entries take turns as positions grow.
    auto host = hostDevice();
    auto session = prepare(compiled(16, {3, 6, 16}), *host);
    ASSERT_TRUE(session) << session.error().message();
    compare(**session, wanted);
  }
  {
    // And where a launch makes several steps.
    auto host = hostDevice();
    auto session = prepare(compiled(16, {3, 6, 16}, 3), *host);
    ASSERT_TRUE(session) << session.error().message();
    compare(**session, wanted);
  }
  ASSERT_NE(std::count(wanted.begin(), wanted.end(), wanted[0]), 10)
      << "a text that says something";

  FakeDriver fake;
  fake.execute(cacheDirectory);
  {
    auto device = fake.open();
    ASSERT_TRUE(device);
    auto session = prepare(artifact, **device);
    ASSERT_TRUE(session) << session.error().message();
    compare(**session, wanted);
  }
  EXPECT_EQ(fake.alive(), 0u);
  EXPECT_EQ(fake.misuses, std::vector<std::string>());
}

void expectStop(uint32_t stepsPerLaunch) {
  const PlanArtifact artifact = compiled(16, {}, stepsPerLaunch);
  FakeDriver fake;
  fake.execute(cacheDirectory);
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto session = prepare(artifact, **device);
  ASSERT_TRUE(session) << session.error().message();
  const std::vector<int32_t> wanted = fed(**session, 7, 0, 10);
  // The first id that has not come before, behind the first step.
  ptrdiff_t at = 1;
  while (std::count(wanted.begin(), wanted.begin() + at,
                    wanted[static_cast<size_t>(at)]) != 0) {
    ASSERT_LT(++at, std::ssize(wanted) - 1);
  }
  auto loop = TokenLoop::create(**session, 0);
  ASSERT_TRUE(loop) << loop.error().message();
  // The ninth is beyond what the device compares with.
  const std::vector<int32_t> text(wanted.begin(), wanted.begin() + at + 1);
  const std::vector<int32_t> ends = {-2, text.back(), -2, -2,       -2,
                                     -2, -2,          -2, wanted[0]};
  ASSERT_TRUE((*loop)->begin(7, 0, 10, ends));
  EXPECT_EQ(taken(**loop, text.size()), text);
  // Steps more were started, and moved nothing.
  const auto steps = static_cast<int32_t>(text.size());
  EXPECT_EQ(number(**session, "stop"), 1);
  EXPECT_EQ(number(**session, "count"), steps);
  EXPECT_EQ(number(**session, "positions"), steps);
  EXPECT_EQ(fake.misuses, std::vector<std::string>());
}

TEST(TokenLoop, AnEndIdStopsTheDevice) {
  expectStop(1);
  expectStop(4);
}

/// A launch that would step over the end of the cache: the last position is
/// fed, and then no other.
TEST(TokenLoop, ALaunchStopsAtTheLastPosition) {
  const PlanArtifact artifact = compiled(16, {}, 8);
  auto host = hostDevice();
  auto session = prepare(artifact, *host);
  ASSERT_TRUE(session) << session.error().message();
  const std::vector<int32_t> wanted = fed(**session, 7, 0, 16);
  auto loop = TokenLoop::create(**session, 0);
  ASSERT_TRUE(loop) << loop.error().message();
  ASSERT_TRUE((*loop)->begin(wanted[10], 11, 5, {}));
  EXPECT_EQ(taken(**loop, 5), std::vector(wanted.begin() + 11, wanted.end()));
  EXPECT_EQ(number(**session, "stop"), 1);
  EXPECT_EQ(number(**session, "count"), 5);
  EXPECT_EQ(number(**session, "positions"), 15);
}

/// Between the steps of one launch no kernel may start early: it would read
/// positions and the feed before the advance has written them. In mode pdl that
/// holds for plans of other modes as well.
TEST(TokenLoop, StepsOfALaunchBeginBehindAFullEdge) {
  for (LaunchMode planned : {LaunchMode::Pdl, LaunchMode::Graph}) {
    PlanArtifact artifact = compiled(16, {}, 4);
    format::Entry &entry = artifact.plan.entries[0];
    entry.mode = planned;
    for (format::Step &step : entry.steps) {
      step.programmatic = step.programmatic && planned == LaunchMode::Pdl;
    }
    FakeDriver fake;
    auto device = fake.open();
    ASSERT_TRUE(device);
    auto session = prepare(artifact, **device);
    ASSERT_TRUE(session) << session.error().message();
    fake.instantiated.clear();
    ASSERT_TRUE((*session)->prepareProgram(0, LaunchMode::Pdl,
                                           {.repeats = 4, .advancing = true}));
    ASSERT_EQ(fake.instantiated.size(), 1u);
    const auto &graph = fake.instantiated.front();
    const size_t length = entry.steps.size() + 1;
    ASSERT_EQ(graph.nodes.size(), 4 * length);
    ASSERT_EQ(graph.edges.size(), 4 * length - 1);
    for (const auto &edge : graph.edges) {
      EXPECT_EQ(edge.programmatic, edge.to % length != 0)
          << edge.to << " of " << graph.nodes[edge.to].launch.symbol;
    }
  }
}

TEST(TokenLoop, RefusesWhatTheLogOrThePlanLacks) {
  PlanArtifact artifact = compiled();
  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto session = prepare(artifact, **device);
  ASSERT_TRUE(session) << session.error().message();
  auto loop = TokenLoop::create(**session, 0);
  ASSERT_TRUE(loop) << loop.error().message();
  Status status = (*loop)->begin(7, 0, 17, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "SIN2520 (plan lacks what was asked of it): value log: wanted 17 "
            "rows, found 16; ask for fewer tokens");
  loop->reset();

  artifact.plan.entries[0].advance.reset();
  session = prepare(artifact, **device);
  ASSERT_TRUE(session) << session.error().message();
  loop = TokenLoop::create(**session, 0);
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error().message(),
            "SIN2520 (plan lacks what was asked of it): entry decode: wanted a "
            "step that feeds the token back, with the parameter ids, found "
            "none; feed tokens as inputs");
}

/// On a stream nothing holds several steps together.
TEST(TokenLoop, StepsPerLaunchNeedAGraph) {
  CompileRequest request = requestOf();
  request.decisions.mode = "stream";
  request.decisions.stepsPerLaunch = 4;
  const auto artifact = compileModel(request);
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().message(),
            "SIN2520 (plan lacks what was asked of it): --steps-per-launch 4: "
            "wanted an entry that feeds its token back, in mode graph or pdl, "
            "found none; leave it out, or choose another --mode");
  request.decisions.stepsPerLaunch = 1;
  EXPECT_TRUE(compileModel(request));
}

/// Each step is in the entry for its position.
TEST(TokenLoop, EntriesTakeTurns) {
  const PlanArtifact artifact = compiled(16, {3, 6, 16});
  FakeDriver fake;
  auto device = fake.open();
  ASSERT_TRUE(device);
  auto session = prepare(artifact, **device);
  ASSERT_TRUE(session) << session.error().message();
  const size_t before = fake.instantiated.size();
  auto loop = TokenLoop::create(**session, 1);
  ASSERT_TRUE(loop) << loop.error().message();
  EXPECT_EQ(fake.instantiated.size(), before + 3);
  ASSERT_TRUE((*loop)->begin(7, 2, 6, {}));
  fake.launched.clear();
  taken(**loop, 6);
  // Positions 2 to 7 by the number of the loop's programs.
  std::vector<size_t> entries;
  entries.reserve(fake.launched.size());
  for (const void *graph : fake.launched) {
    entries.push_back(fake.instances.at(graph) - before);
  }
  EXPECT_EQ(entries, (std::vector<size_t>{0, 1, 1, 1, 2, 2}));
}

/// 10,000 tokens of ten texts. Per launch, of one step or of several: one
/// graph, and a read on another stream that the host awaits a launch later.
/// Nothing is allocated, captured or synchronised; what a step reads and writes
/// never goes through the host.
void countCalls(uint32_t stepsPerLaunch) {
  constexpr uint32_t tokens = 1000;
  const PlanArtifact artifact = compiled(1024, {}, stepsPerLaunch);
  const uint32_t launched = (tokens + stepsPerLaunch - 1) / stepsPerLaunch;
  FakeDriver fake;
  {
    auto device = fake.open();
    ASSERT_TRUE(device);
    auto session = prepare(artifact, **device);
    ASSERT_TRUE(session) << session.error().message();
    ASSERT_NE(artifact.plan.entries[0].mode, LaunchMode::Stream);
    ASSERT_EQ(artifact.plan.entries[0].stepsPerLaunch, stepsPerLaunch);
    const size_t kernels =
        stepsPerLaunch * (artifact.plan.entries[0].steps.size() + 1);
    auto loop = TokenLoop::create(**session, 0);
    ASSERT_TRUE(loop) << loop.error().message();
    const size_t alive = fake.alive();
    for (int text = 0; text < 10; ++text) {
      ASSERT_TRUE((*loop)->begin(text, 0, tokens, {}));
      fake.drain();
      fake.calls.clear();
      fake.launches.clear();
      for (uint32_t i = 0; i < tokens; ++i) {
        ASSERT_TRUE((*loop)->next());
        // The next launch is under way when the host sees this one's tokens.
        ASSERT_EQ(fake.queue.empty(), i / stepsPerLaunch + 1 == launched) << i;
      }
      EXPECT_EQ(fake.launches.size(), launched * kernels);
      std::map<std::string, size_t> calls;
      for (const std::string &call : fake.calls) {
        ++calls[call];
      }
      EXPECT_EQ(calls, (std::map<std::string, size_t>{
                           {"graphLaunch", launched},
                           {"eventRecord", 2 * launched},
                           {"streamWait", launched},
                           {"copyToHost", launched},
                           {"eventSynchronize", launched}}));
    }
    EXPECT_EQ(fake.alive(), alive);
  }
  EXPECT_EQ(fake.alive(), 0u);
  EXPECT_EQ(fake.misuses, std::vector<std::string>());
}

TEST(TokenLoop, AStepIsOneGraphLaunch) { countCalls(1); }

TEST(TokenLoop, SeveralStepsAreOneGraphLaunch) {
  countCalls(8);
  countCalls(7); // does not divide 1,000
}

} // namespace
