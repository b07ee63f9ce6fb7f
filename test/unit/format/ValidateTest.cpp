//===- ValidateTest.cpp - Soundness of plans ------------------------------===//

#include "runtime/format/Validate.h"

#include "test/unit/format/SamplePlan.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

using namespace sinter;
using namespace sinter::format;
using sinter::test::samplePlan;

namespace {

std::string messages(const std::vector<Error> &errors) {
  std::string text;
  for (const Error &error : errors) {
    text += error.message() + "\n";
  }
  return text;
}

TEST(Validate, SamplePlanIsSound) {
  EXPECT_EQ(messages(validatePlan(samplePlan().plan, "p")), "");
}

TEST(Validate, EachDefectHasItsCode) {
  using enum ErrorCode;
  struct Case {
    const char *what;
    std::function<void(Plan &)> damage;
    ErrorCode code;
    const char *object;
  };
  const Case cases[] = {
      {"newer minor", [](Plan &p) { p.format.minor = formatMinor + 1; }, PlanFormat, "p"},
      {"older minor", [](Plan &p) { p.format.minor = 0; }, PlanFormat, "p"},
      {"input digest", [](Plan &p) { p.producedBy.inputDigest = "x"; },
       PlanDigest, "p: /produced_by/input_digest"},
      {"upper case", [](Plan &p) { p.producedBy.deviceDigest[0] = 'A'; },
       PlanDigest, "p: /produced_by/device_digest"},
      {"config digest", [](Plan &p) { p.model.configDigest.pop_back(); },
       PlanDigest, "p: /model/config_digest"},
      {"fingerprint", [](Plan &p) { p.model.weights.fingerprint = "../x"; },
       PlanDigest, "p: /model/weights/fingerprint"},
      {"no origin", [](Plan &p) { p.model.weights = {}; }, PlanOrigin,
       "p: /model/weights"},
      {"two origins", [](Plan &p) { p.model.weights.seed = 1; }, PlanOrigin,
       "p: /model/weights"},
      {"weight twice", [](Plan &p) { p.weights[1].name = "embed.weight"; },
       PlanDuplicate, "p: weight embed.weight"},
      {"value named as a weight",
       [](Plan &p) { p.values[6].name = "head.weight"; }, PlanDuplicate,
       "p: value head.weight"},
      {"arena twice", [](Plan &p) { p.arenas[1].name = "cache"; },
       PlanDuplicate, "p: arena cache"},
      {"kernel twice", [](Plan &p) { p.kernels[1].symbol = "embed_0"; },
       PlanDuplicate, "p: kernel embed_0"},
      {"parameter twice", [](Plan &p) { p.kernels[0].params[1].name = "ids"; },
       PlanDuplicate, "p: kernel embed_0: parameter ids"},
      {"input twice",
       [](Plan &p) { p.entries[0].inputs.push_back({"ids", "next"}); },
       PlanDuplicate, "p: entry decode: input ids"},
      {"entry twice", [](Plan &p) { p.entries.push_back(p.entries[0]); },
       PlanDuplicate, "p: entry decode"},
      {"weight overflow",
       [](Plan &p) { p.weights[0].shape = {1ull << 32, 1ull << 31}; },
       PlanPlacement, "p: weight embed.weight"},
      {"empty weight", [](Plan &p) { p.weights[0].shape = {64, 0}; },
       PlanPlacement, "p: weight embed.weight"},
      {"packed rows missing",
       [](Plan &p) { p.weights[1].pack->parts[0].shape[0] = 23; }, PlanRecipe,
       "p: weight head.weight"},
      {"packed columns differ",
       [](Plan &p) { p.weights[1].pack->parts[1].shape[1] = 5; }, PlanRecipe,
       "p: weight head.weight"},
      {"packed rank differs",
       [](Plan &p) { p.weights[1].pack->parts[1].shape = {40}; }, PlanRecipe,
       "p: weight head.weight"},
      {"packed scalars",
       [](Plan &p) {
         for (PackPart &part : p.weights[1].pack->parts) {
           part.shape.clear();
         }
       },
       PlanRecipe, "p: weight head.weight"},
      {"packed rows overflow",
       [](Plan &p) { p.weights[1].pack->parts[1].shape[0] = UINT64_MAX; },
       PlanRecipe, "p: weight head.weight"},
      {"packing of one part",
       [](Plan &p) { p.weights[1].pack->parts = {{"head", {64, 4}}}; },
       PlanRecipe, "p: weight head.weight"},
      {"interleaved parts differ",
       [](Plan &p) {
         p.weights[1].pack->layout = PackLayout::Interleave;
       },
       PlanRecipe, "p: weight head.weight"},
      {"part without a name",
       [](Plan &p) { p.weights[1].pack->parts[1].tensor = ""; }, PlanName,
       "p: part "},
      {"empty name", [](Plan &p) { p.values[0].name = ""; }, PlanName,
       "p: value "},
      {"symbol with code", [](Plan &p) { p.kernels[0].symbol = "f(){}"; },
       PlanName, "p: kernel f(){}"},
      {"parameter name", [](Plan &p) { p.kernels[0].params[0].name = "a b"; },
       PlanName, "p: kernel embed_0: parameter a b"},
      {"architecture", [](Plan &p) { p.kernels[1].cubins[0].arch = "sm_../x"; },
       PlanName, "p: kernel argmax_0: cubin"},
      {"source digest", [](Plan &p) { p.kernels[0].source = "../../x"; },
       PlanDigest, "p: kernel embed_0: source"},
      {"arena alignment", [](Plan &p) { p.arenas[0].alignment = 96; },
       PlanPlacement, "p: arena cache"},
      {"unknown arena", [](Plan &p) { p.values[0].arena = "none"; },
       PlanReference, "p: value ids"},
      {"past the arena", [](Plan &p) { p.values[2].offset = 784; },
       PlanPlacement, "p: value keys"},
      {"offset near 2^64",
       [](Plan &p) { p.values[2].offset = 0xFFFFFFFFFFFFFFF0ull; },
       PlanPlacement, "p: value keys"},
      {"misaligned", [](Plan &p) { p.values[2].offset = 8; }, PlanPlacement,
       "p: value keys"},
      {"empty value", [](Plan &p) { p.values[6].shape = {0}; }, PlanPlacement,
       "p: value counter"},
      {"value of class weight",
       [](Plan &p) { p.values[6].operandClass = OperandClass::Weight; },
       PlanArgument, "p: value counter"},
      {"block of 33", [](Plan &p) { p.kernels[0].block = {33, 1, 1}; },
       PlanLaunch, "p: kernel embed_0"},
      {"block of 2048", [](Plan &p) { p.kernels[0].block = {1024, 2, 1}; },
       PlanLaunch, "p: kernel embed_0"},
      {"block of 2^96",
       [](Plan &p) {
         p.kernels[0].block = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
       },
       PlanLaunch, "p: kernel embed_0"},
      {"block in y", [](Plan &p) { p.kernels[0].block = {32, 4, 1}; },
       PlanLaunch, "p: kernel embed_0"},
      {"grid in z", [](Plan &p) { p.kernels[0].grid[2] = 2; }, PlanLaunch,
       "p: kernel embed_0"},
      {"no blocks", [](Plan &p) { p.kernels[0].grid[1] = 0; }, PlanLaunch,
       "p: kernel embed_0"},
      {"grid y", [](Plan &p) { p.kernels[0].grid[1] = 65536; }, PlanLaunch,
       "p: kernel embed_0"},
      {"shared memory",
       [](Plan &p) {
         p.kernels[0].sharedBytes = 232449;
         p.kernels[0].bounds.sharedBytes = 232449;
         p.requirements.sharedBytes = 232449;
       },
       PlanLaunch, "p: kernel embed_0"},
      {"bounds below use",
       [](Plan &p) { p.kernels[0].bounds.sharedBytes = 63; }, PlanLaunch,
       "p: kernel embed_0"},
      {"register file", [](Plan &p) { p.kernels[0].bounds.blocksPerSm = 5; },
       PlanLaunch, "p: kernel embed_0"},
      {"no launch", [](Plan &p) { p.entries[0].works[0].work.launches = 0; },
       PlanLaunch, "p: entry decode: work of embed_0"},
      {"work of another signature",
       [](Plan &p) { p.entries[0].works[0].work.params.pop_back(); },
       PlanArgument, "p: entry decode: work of embed_0"},
      {"In that stores",
       [](Plan &p) { p.entries[0].works[0].work.params[0].stored = 1; },
       PlanArgument, "p: entry decode: work of embed_0: parameter ids"},
      {"Out that loads",
       [](Plan &p) { p.entries[0].works[0].work.params[3].loaded = 1; },
       PlanArgument, "p: entry decode: work of embed_0: parameter y"},
      {"work missing", [](Plan &p) { p.entries[0].works.pop_back(); },
       PlanEntry, "p: entry decode: work of advance_0"},
      {"work twice",
       [](Plan &p) { p.entries[0].works.push_back(p.entries[0].works[0]); },
       PlanDuplicate, "p: entry decode: work of embed_0"},
      {"work of no kernel",
       [](Plan &p) { p.entries[0].works[0].kernel = "none"; }, PlanReference,
       "p: entry decode: work of none"},
      {"work of a kernel not launched",
       [](Plan &p) { p.entries[0].advance.reset(); }, PlanReference,
       "p: entry decode: work of advance_0"},
      {"threads required", [](Plan &p) { p.requirements.threadsPerBlock = 96; },
       PlanRequirement, "p: /requires/threads_per_block"},
      {"shared memory required",
       [](Plan &p) { p.requirements.sharedBytes = 0; }, PlanRequirement,
       "p: /requires/shared_bytes"},
      {"cooperative required", [](Plan &p) { p.kernels[0].cooperative = true; },
       PlanRequirement, "p: /requires/cooperative"},
      {"memory required", [](Plan &p) { ++p.requirements.deviceBytes; },
       PlanRequirement, "p: /requires/device_bytes"},
      {"phase", [](Plan &p) { p.entries[0].workload.phase = "train"; },
       PlanEntry, "p: entry decode"},
      {"context over capacity",
       [](Plan &p) { p.entries[0].workload.context = 17; }, PlanEntry,
       "p: entry decode"},
      {"capacity over the model",
       [](Plan &p) { p.entries[0].workload.maxContext = 17; }, PlanEntry,
       "p: entry decode"},
      {"prefill without rows",
       [](Plan &p) { p.entries[0].workload.phase = "prefill"; }, PlanEntry,
       "p: entry decode: input rows"},
      {"prefill with positions of fewer tokens",
       [](Plan &p) { p.entries[0].workload = {"prefill", 1, 2, 8, 16}; },
       PlanEntry, "p: entry decode: input positions"},
      {"prefill of more tokens than the cache has",
       [](Plan &p) { p.entries[0].workload = {"prefill", 1, 17, 8, 16}; },
       PlanEntry, "p: entry decode"},
      {"verify with a choice behind the last token only",
       [](Plan &p) { p.entries[0].workload = {"verify", 1, 2, 8, 16}; },
       PlanEntry, "p: entry decode: output token"},
      {"no entry", [](Plan &p) { p.entries.clear(); }, PlanEntry, "p"},
      {"input is an activation",
       [](Plan &p) { p.entries[0].inputs[0].value = "x"; }, PlanEntry,
       "p: entry decode: input ids"},
      {"unknown output",
       [](Plan &p) { p.entries[0].outputs[0].value = "none"; }, PlanReference,
       "p: entry decode: output token"},
      {"capture out of order",
       [](Plan &p) { p.entries[0].captures[1].first = 1; }, PlanEntry,
       "p: entry decode: capture graph.1"},
      {"capture past the end",
       [](Plan &p) { p.entries[0].captures[1].last = 4; }, PlanEntry,
       "p: entry decode: capture graph.1"},
      {"capture leaves a gap",
       [](Plan &p) { p.entries[0].captures[1].first = 3; }, PlanEntry,
       "p: entry decode: capture graph.1"},
      {"steps behind the captures",
       [](Plan &p) { p.entries[0].captures.pop_back(); }, PlanEntry,
       "p: entry decode"},
      {"captures in mode stream",
       [](Plan &p) { p.entries[0].mode = LaunchMode::Stream; }, PlanEntry,
       "p: entry decode"},
      {"programmatic in mode graph",
       [](Plan &p) { p.entries[0].mode = LaunchMode::Graph; }, PlanEntry,
       "p: entry decode: advance"},
      {"programmatic behind a library call",
       [](Plan &p) { p.entries[0].steps[3].programmatic = true; }, PlanEntry,
       "p: entry decode: step 3"},
      {"programmatic library call",
       [](Plan &p) { p.entries[0].steps[2].programmatic = true; }, PlanEntry,
       "p: entry decode: step 2"},
      {"programmatic first step",
       [](Plan &p) { p.entries[0].steps[0].programmatic = true; }, PlanEntry,
       "p: entry decode: step 0"},
      {"programmatic over a border of captures",
       [](Plan &p) {
         Entry &e = p.entries[0];
         e.steps.push_back(e.steps.back());
         e.steps.back().programmatic = true;
         e.captures[1].last = 3;
         e.captures.push_back({4, 4, "graph.2"});
       },
       PlanEntry, "p: entry decode: step 4"},
      {"no step per launch",
       [](Plan &p) { p.entries[0].stepsPerLaunch = 0; }, PlanEntry,
       "p: entry decode: steps per launch"},
      {"too many steps per launch",
       [](Plan &p) { p.entries[0].stepsPerLaunch = 1025; }, PlanEntry,
       "p: entry decode: steps per launch"},
      {"steps per launch without advance",
       [](Plan &p) {
         p.entries[0].advance.reset();
         p.entries[0].works.pop_back();
       },
       PlanEntry, "p: entry decode: steps per launch"},
      {"steps per launch in mode stream",
       [](Plan &p) {
         Entry &e = p.entries[0];
         e.mode = LaunchMode::Stream;
         e.captures.clear();
         e.advance->programmatic = false;
       },
       PlanEntry, "p: entry decode: steps per launch"},
      {"advance of an activation",
       [](Plan &p) { p.values[0].operandClass = OperandClass::Workspace; },
       PlanEntry, "p: entry decode: advance: argument ids"},
      {"advance of another value",
       [](Plan &p) { p.entries[0].outputs[0].value = "ids"; }, PlanEntry,
       "p: entry decode: advance: parameter token"},
      {"advance without positions",
       [](Plan &p) { p.kernels[2].params[1].name = "place"; }, PlanEntry,
       "p: entry decode: advance: parameter positions"},
      {"advance that copies",
       [](Plan &p) {
         p.entries[0].advance->kind = StepKind::Copy;
         p.entries[0].advance->args = {"next", "ids"};
       },
       PlanEntry, "p: entry decode: advance"},
      {"advance by no kernel",
       [](Plan &p) { p.entries[0].advance->kernel = "none"; }, PlanReference,
       "p: entry decode: advance"},
      {"unknown kernel", [](Plan &p) { p.entries[0].steps[0].kernel = "none"; },
       PlanReference, "p: entry decode: step 0"},
      {"unknown argument",
       [](Plan &p) { p.entries[0].steps[3].args[1] = "none"; }, PlanReference,
       "p: entry decode: step 3"},
      {"argument missing",
       [](Plan &p) { p.entries[0].steps[3].args.pop_back(); }, PlanArgument,
       "p: entry decode: step 3"},
      {"argument of another type",
       [](Plan &p) { p.kernels[0].params[0].dtype = DType::U32; }, PlanArgument,
       "p: entry decode: step 0: parameter ids"},
      {"argument of another size",
       [](Plan &p) { p.kernels[0].params[2].count = 127; }, PlanArgument,
       "p: entry decode: step 0: parameter keys"},
      {"weight written",
       [](Plan &p) { p.kernels[0].params[1].access = Access::InOut; },
       PlanArgument, "p: entry decode: step 0: parameter table"},
      {"argument twice",
       [](Plan &p) {
         p.kernels[1].params.push_back({"again", Access::In, DType::I32, 1});
         p.entries[0].works[1].work.params.push_back({});
         p.entries[0].steps[3].args.push_back("next");
         p.entries[0].inputs.push_back({"again", "next"});
       },
       PlanArgument, "p: entry decode: step 3: argument next"},
      {"gemm of another shape",
       [](Plan &p) { p.entries[0].steps[2].gemm->n = 32; }, PlanArgument,
       "p: entry decode: step 2: argument head.weight"},
      {"gemm missing", [](Plan &p) { p.entries[0].steps[2].gemm.reset(); },
       PlanArgument, "p: entry decode: step 2"},
      {"gemm into a weight",
       [](Plan &p) {
         p.entries[0].steps[2].gemm = Gemm{64, 64, 4, GemmEpilogue::None, {}, {}};
         p.entries[0].steps[2].args = {"head.weight", "embed.weight",
                                       "head.weight"};
       },
       PlanArgument, "p: entry decode: step 2: argument head.weight"},
      {"gemm with bias, without its argument",
       [](Plan &p) { p.entries[0].steps[2].args.erase(
                         p.entries[0].steps[2].args.begin() + 2); },
       PlanArgument, "p: entry decode: step 2"},
      {"gemm with a bias of another size",
       [](Plan &p) { p.entries[0].steps[2].args[2] = "embed.weight"; },
       PlanArgument, "p: entry decode: step 2: argument embed.weight"},
      {"gemm with an activation as workspace",
       [](Plan &p) { p.entries[0].steps[2].gemm->workspace = "x"; },
       PlanReference, "p: entry decode: step 2: workspace x"},
      {"copy of another size",
       [](Plan &p) { p.entries[0].steps[1].args[1] = "logits"; }, PlanArgument,
       "p: entry decode: step 1"},
      {"copy into a weight",
       [](Plan &p) {
         p.entries[0].steps[1].args = {"embed.weight", "head.weight"};
       },
       PlanArgument, "p: entry decode: step 1: argument head.weight"},
      {"read before written",
       [](Plan &p) { std::swap(p.entries[0].steps[0], p.entries[0].steps[1]); },
       PlanUnwritten, "p: entry decode: step 0"},
      {"output not written",
       [](Plan &p) {
         p.entries[0].steps.pop_back();
         p.entries[0].captures.pop_back();
       },
       PlanUnwritten, "p: entry decode: output token"},
      {"input not given", [](Plan &p) { p.entries[0].inputs.clear(); },
       PlanUnwritten, "p: entry decode: step 0"},
      {"activations overlap", [](Plan &p) { p.values[4].offset = 512; },
       PlanOverlap, "p: entry decode: step 1: value y"},
      {"result on its operand", [](Plan &p) { p.values[5].offset = 656; },
       PlanOverlap, "p: entry decode: step 2: value logits"},
      {"activation on io", [](Plan &p) { p.values[3].offset = 0; }, PlanOverlap,
       "p: entry decode: step 0: value x"},
      {"io on workspace", [](Plan &p) { p.values[6].offset = 256; },
       PlanOverlap, "p: value counter"},
      {"choice", [](Plan &p) { p.decisions[0].choice = "maybe"; }, PlanWord,
       "p: decision on lm_head"},
      {"launch mode", [](Plan &p) { p.decisions[0].launch = ""; }, PlanWord,
       "p: decision on lm_head"},
      {"origin", [](Plan &p) { p.decisions[0].origin = "guess"; }, PlanWord,
       "p: decision on lm_head"},
      {"decision on no entry", [](Plan &p) { p.decisions[0].entry = "prefill"; },
       PlanReference, "p: decision on lm_head"},
      {"decided twice", [](Plan &p) { p.decisions.push_back(p.decisions[0]); },
       PlanDuplicate, "p: decision on lm_head: entry decode"},
  };
  for (const Case &c : cases) {
    Plan plan = samplePlan().plan;
    c.damage(plan);
    std::vector<Error> errors = validatePlan(plan, "p");
    bool found = false;
    for (const Error &error : errors) {
      found |= error.code == c.code && error.object == c.object;
      EXPECT_EQ(error.exitCode(), 3);
    }
    EXPECT_TRUE(found) << c.what << ": wanted " << errorCodeName(c.code) << " "
                       << c.object << ", found:\n"
                       << messages(errors);
  }
}

TEST(Validate, AllCausesAtOnceUpToALimit) {
  Plan plan = samplePlan().plan;
  plan.producedBy.inputDigest = "";
  plan.weights[1].pack->parts.pop_back();
  plan.values[2].offset = 8;
  plan.entries[0].steps[3].kernel = "none";
  std::vector<Error> errors = validatePlan(plan, "p");
  ASSERT_EQ(errors.size(), 6u) << messages(errors);
  EXPECT_EQ(errors[0].code, ErrorCode::PlanDigest);
  EXPECT_EQ(errors[1].code, ErrorCode::PlanRecipe);
  EXPECT_EQ(errors[2].code, ErrorCode::PlanPlacement);
  EXPECT_EQ(errors[3].code, ErrorCode::PlanReference);
  EXPECT_EQ(errors[4].code, ErrorCode::PlanReference); // the work
  EXPECT_EQ(errors[5].code, ErrorCode::PlanUnwritten); // the output
  EXPECT_EQ(errors[3].message(),
            "SIN2503 (plan names something that it lacks): p: entry decode: "
            "step 3: wanted a kernel of the plan, found \"none\"");

  for (int i = 0; i < 1000; ++i) {
    plan.weights.push_back({"w" + std::to_string(i), DType::BF16, {1}, Pack{}});
  }
  EXPECT_EQ(validatePlan(plan, "p").size(), maxPlanErrors);
}

/// Random placements and orders against a definition written down plainly:
/// two values clash if, at some step, both are alive and share a byte.
TEST(Validate, LiveRangesAgreeWithBruteForce) {
  std::mt19937 random(20261121);
  auto below = [&](uint32_t n) { return random() % n; };
  int sound = 0;
  const int plans = 4000;
  for (int round = 0; round < plans; ++round) {
    Plan plan = samplePlan().plan;
    plan.values.clear();
    plan.kernels.resize(1);
    plan.arenas = {{"a", 4096, 256}};
    plan.requirements.deviceBytes = 4096 + 2 * 64 * 4 * 2 + 64 * 2;
    Kernel &kernel = plan.kernels[0];
    kernel.params = {{"x", Access::In, DType::U8, 16},
                     {"y", Access::Out, DType::U8, 16}};
    uint32_t count = 3 + below(6);
    for (uint32_t i = 0; i < count; ++i) {
      plan.values.push_back({"v" + std::to_string(i),
                             "a",
                             16ull * below(40),
                             DType::U8,
                             {16},
                             i == 0          ? OperandClass::Io
                             : below(8) == 0 ? OperandClass::Cache
                                             : OperandClass::Activation});
    }
    Entry &entry = plan.entries[0];
    entry = {};
    entry.name = "decode";
    entry.workload = {"decode", 1, 1, 8, 16};
    entry.inputs = {{"in", "v0"}};
    entry.works = {{kernel.symbol, {1, 0, {{16, 0}, {0, 16}}}}};
    entry.mode = LaunchMode::Pdl;
    entry.captures = {{0, count - 2, "graph"}};
    std::vector<uint32_t> first(count, UINT32_MAX);
    std::vector<uint32_t> last(count, 0);
    for (uint32_t i = 1; i < count; ++i) {
      uint32_t from = below(i);
      entry.steps.push_back(
          {StepKind::Launch,
           kernel.symbol,
           i > 1 && below(2) == 0,
           {},
           {"v" + std::to_string(from), "v" + std::to_string(i)},
           {}});
      for (uint32_t used : {from, i}) {
        first[used] = std::min(first[used], i - 1);
        last[used] = i - 1;
      }
    }
    // What a launch names lives on beside one behind a programmatic edge.
    for (uint32_t i = 0; i < count; ++i) {
      last[i] += last[i] + 1 < entry.steps.size() &&
                 entry.steps[last[i] + 1].programmatic;
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (plan.values[i].operandClass != OperandClass::Activation) {
        first[i] = 0;
        last[i] = UINT32_MAX;
      }
    }
    bool clash = false;
    for (uint32_t i = 0; i < count; ++i) {
      for (uint32_t j = 0; j < i; ++j) {
        uint64_t a = plan.values[i].offset;
        uint64_t b = plan.values[j].offset;
        bool bytes = a < b + 16 && b < a + 16;
        bool time = first[i] <= last[j] && first[j] <= last[i];
        clash |= bytes && time;
      }
    }
    std::vector<Error> errors = validatePlan(plan, "p");
    ASSERT_EQ(clash, !errors.empty()) << round << "\n" << messages(errors);
    for (const Error &error : errors) {
      ASSERT_EQ(error.code, ErrorCode::PlanOverlap);
    }
    sound += clash ? 0 : 1;
  }
  // Both outcomes occur often.
  EXPECT_GT(sound, plans / 10);
  EXPECT_LT(sound, plans * 9 / 10);
}

} // namespace
