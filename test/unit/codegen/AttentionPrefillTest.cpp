//===- AttentionPrefillTest.cpp - Attention of many rows on tensor cores --===//
//
// The family against the reference interpreter on the checked host device, at
// odd numbers of tokens, lengths and heads; its counts, its refusals, defects
// that must show, and its machine code's registers.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "codegen/device/DeviceText.h"
#include "runtime/cuda/Nvrtc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace sinter;
using namespace sinter::codegen;

namespace {

const KernelFamily &family() { return *findFamily("attention_prefill"); }

struct Planned {
  KernelConfig config;
  Work work;
  std::string text;
};
Planned planned(const TestOp &test, const KernelConfig &config) {
  EXPECT_TRUE(family().admits(test.group, config, testDevice()))
      << config.text();
  return {config, family().work(test.group, config, test.workload),
          emitKernelText(test.group, family(), config, "kernel")};
}

double ulp(float value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, std::max(exponent, -125) - 8);
}

/// Whether an output is as close to the interpreter as attention_decode's must
/// be (KernelsTest): 2^-14 of the largest value for scores and weights, of
/// which the parts of a weight leave out 2^-17, then one step of bf16.
bool agrees(const HostTensor &got, const TestOp &test) {
  const std::vector<float> found = got.toFloats();
  const std::vector<float> wanted = referenceOf(test).toFloats();
  double largest = 0;
  for (float v : test.inputs[2].toFloats()) {
    largest = std::max(largest, std::abs(double{v}));
  }
  size_t differing = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    differing += found[i] != wanted[i];
    const double distance = std::abs(double{found[i]} - double{wanted[i]});
    if (!(distance <= largest * 0x1p-14 + ulp(wanted[i]))) {
      return false;
    }
  }
  return differing <= wanted.size() / 20 + 1;
}

void expectCounts(const RunResult &run, const Work &work) {
  EXPECT_EQ(run.launches, 1u);
  ASSERT_EQ(run.traffic.size(), work.params.size());
  for (size_t i = 0; i < work.params.size(); ++i) {
    EXPECT_EQ(run.traffic[i].loaded, work.params[i].loadedBytes)
        << "loaded from " << work.params[i].name;
    EXPECT_EQ(run.traffic[i].stored, work.params[i].storedBytes)
        << "stored to " << work.params[i].name;
    EXPECT_LE(work.params[i].uniqueLoaded, work.params[i].loadedBytes);
  }
}

/// Every case in a configuration that is enumerated, another for each, and in
/// the smallest that is admitted.
void runCases(const std::vector<AttentionShape> &shapes, size_t turn) {
  std::unique_ptr<Device> device = makeHostDevice(true);
  ASSERT_TRUE(device);
  std::vector<std::unique_ptr<TestOp>> tests;
  std::vector<std::pair<size_t, Planned>> plans;
  std::vector<KernelSource> sources;
  for (const AttentionShape &shape : shapes) {
    tests.push_back(std::make_unique<TestOp>(attentionCase(shape)));
    const TestOp &test = *tests.back();
    const auto configs = family().enumerate(test.group, testDevice());
    ASSERT_EQ(configs.size(), 4u);
    const size_t number = tests.size() - 1;
    for (const KernelConfig &config :
         {configs[(number + turn) % 4],
          KernelConfig{{"heads", 1}, {"keys", 16}, {"warps", 1}}}) {
      plans.emplace_back(number, planned(test, config));
      sources.push_back(
          sourceOf(plans.back().second.work, plans.back().second.text));
    }
  }
  auto kernels = device->loadKernels(sources);
  ASSERT_TRUE(kernels) << kernels.error().message();
  for (size_t i = 0; i < plans.size(); ++i) {
    const auto &[number, plan] = plans[i];
    SCOPED_TRACE(attentionCase(shapes[number]).name + ", " +
                 plan.config.text());
    auto run = runKernel(*device, (*kernels)[i], *tests[number], plan.work);
    ASSERT_TRUE(run) << run.error().message();
    expectCounts(*run, plan.work);
    EXPECT_TRUE(agrees(run->output, *tests[number]));
  }
}

const KernelConfig small{{"heads", 2}, {"keys", 16}, {"warps", 2}};

// Batch, tokens, heads, KV heads, head_dim, context.
TEST(AttentionPrefill, TwoAndThreeTokens) {
  runCases({{1, 2, 2, 1, 64, 2}, {1, 3, 2, 2, 64, 41}}, 0);
}
TEST(AttentionPrefill, SevenAndNineTokens) {
  runCases({{1, 7, 4, 1, 128, 33}, {2, 9, 8, 1, 16, 31}}, 2);
}
TEST(AttentionPrefill, MoreThanATile) {
  runCases({{1, 17, 4, 2, 128, 100}, {1, 33, 2, 1, 64, 129}}, 1);
}
TEST(AttentionPrefill, AHundredTokens) {
  runCases({{1, 100, 2, 1, 32, 100}, {1, 100, 1, 1, 64, 163}}, 3);
}
TEST(AttentionPrefill, OddHeadsAndHeadDims) {
  runCases({{1, 11, 7, 1, 80, 65}, {2, 21, 6, 2, 48, 64}}, 0);
}

// Rows go by their own positions, in whatever order.
TEST(AttentionPrefill, PositionsInAnyOrder) {
  OpCase opCase = attentionCase({1, 9, 2, 1, 64, 45});
  opCase.ints = {{17, 2, 44, 0, 31, 32, 15, 16, 3}};
  const TestOp test(opCase);
  const Planned plan = planned(test, small);
  std::unique_ptr<Device> device = makeHostDevice(true);
  auto kernels = device->loadKernels({{sourceOf(plan.work, plan.text)}});
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto run = runKernel(*device, kernels->front(), test, plan.work);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_TRUE(agrees(run->output, test));
}

// The rows of a chunk that begins later are in other tiles of other blocks.
TEST(AttentionPrefill, ChunksOfAPromptGiveWhatOneGives) {
  std::unique_ptr<Device> device = makeHostDevice(true);
  const TestOp whole(attentionCase({1, 40, 2, 1, 64, 40}));
  const Planned all = planned(whole, small);
  auto kernels = device->loadKernels({{sourceOf(all.work, all.text)}});
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto one = runKernel(*device, kernels->front(), whole, all.work);
  ASSERT_TRUE(one) << one.error().message();
  // The last 23 tokens alone, on the same cache.
  TestOp rest(attentionCase({1, 23, 2, 1, 64, 40}));
  const size_t row = 128; // elements: 2 heads of 64
  const std::vector<float> queries = whole.inputs[0].toFloats();
  rest.inputs[0] = HostTensor::fromFloats(
      DType::BF16, {23, 2, 64},
      std::vector<float>(queries.end() - 23 * row, queries.end()));
  rest.inputs[1] = whole.inputs[1];
  rest.inputs[2] = whole.inputs[2];
  const Planned part = planned(rest, small);
  auto others = device->loadKernels({{sourceOf(part.work, part.text)}});
  ASSERT_TRUE(others) << others.error().message();
  auto two = runKernel(*device, others->front(), rest, part.work);
  ASSERT_TRUE(two) << two.error().message();
  const auto bytes = one->output.bytes();
  EXPECT_TRUE(std::ranges::equal(bytes.subspan(bytes.size() - 23 * row * 2),
                                 two->output.bytes()));
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

// 512 tokens of Qwen3-0.6B from the start: 16 tiles of 32 tokens and 2 heads,
// each attends to its end.
TEST(AttentionPrefill, WorkOfATriangle) {
  const TestOp test(attentionCase({1, 512, 16, 8, 128, 512}), false);
  const KernelConfig config{{"heads", 2}, {"keys", 64}, {"warps", 4}};
  const Work work = family().work(test.group, config, test.workload);
  EXPECT_EQ(work.grid[0], 8u);
  EXPECT_EQ(work.grid[1], 16u);
  EXPECT_EQ(work.block[0], 128u);
  const uint64_t positions = 4352; // 32 * (1 + ... + 16)
  const uint64_t keyTiles = 72;    // 2 * (1 + ... + 8)
  EXPECT_EQ(work.params[1].name, "keys");
  EXPECT_EQ(work.params[1].loadedBytes, 8 * positions * 256);
  EXPECT_EQ(work.params[1].uniqueLoaded, 8u * 512 * 256);
  EXPECT_EQ(work.tensorFlops, 8 * keyTiles * 64 * 64 * 128 * 2 * 3);
  // The longest block has 8 of the 72 tiles of its column.
  EXPECT_EQ(work.evenBlocks, 8 * keyTiles / 8);
  EXPECT_EQ(work.sharedBytes, 4u * 64 * 136 * 2 + 16);
  // A late chunk of a long prompt is nearly even.
  const TestOp late(attentionCase({1, 512, 16, 8, 128, 4096}), false);
  EXPECT_EQ(family().work(late.group, config, late.workload).evenBlocks,
            8u * 2 * (57 + 58 + 59 + 60 + 61 + 62 + 63 + 64) / 64);
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

TEST(AttentionPrefill, Refuses) {
  auto says = [](const AttentionShape &shape, const DeviceSpec &device) {
    const TestOp test(attentionCase(shape), false);
    return family().accepts(test.group, device).message();
  };
  EXPECT_EQ(says({1, 2, 4, 2, 64, 9}, testDevice()), "ok");
  EXPECT_EQ(says({1, 1, 4, 2, 64, 9}, testDevice()),
            "refused_rows: 1 row per sequence, wanted at least 2");
  EXPECT_EQ(says({3, 1, 4, 2, 64, 9}, testDevice()),
            "refused_rows: 1 row per sequence, wanted at least 2");
  EXPECT_EQ(says({1, 2, 4, 2, 72, 9}, testDevice()),
            "refused_head_dim: head_dim 72, wanted a multiple of 16 up to 128");
  EXPECT_EQ(says({1, 2, 4, 2, 256, 9}, testDevice()),
            "refused_head_dim: head_dim 256, wanted a multiple of 16 up to "
            "128");
  EXPECT_EQ(says({40000, 2, 1, 1, 16, 2}, testDevice()), "ok");
  EXPECT_EQ(says({70000, 2, 1, 1, 16, 2}, testDevice()),
            "refused_grid_size: 1 x 70000 blocks, wanted at most 2147483647 x "
            "65535");
  DeviceSpec device = testDevice();
  device.limits.sharedBytesPerBlock.value = 34831;
  EXPECT_EQ(says({1, 2, 4, 2, 128, 9}, device),
            "refused_shared_memory: 34832 bytes of shared memory, wanted at "
            "most 34831");
  device = testDevice();
  device.limits.registersPerSm.value = 16384;
  EXPECT_EQ(says({1, 2, 4, 2, 128, 9}, device),
            "refused_registers: 22528 registers for a block of 128 threads, "
            "wanted at most 16384");
  const TestOp linear(linearCases().front(), false);
  EXPECT_EQ(family().accepts(linear.group, testDevice()).message(),
            "refused_op: decoder.linear");
  const TestGroup group(smallAttentionGroup(), false);
  EXPECT_EQ(family().accepts(group.group, testDevice()).message(),
            "refused_group_size: 7 ops, wanted attention alone");
  OpCase paged;
  paged.arguments = "%q: tensor<2x4x64xbf16>, %k: tensor<3x2x16x64xbf16>, "
                    "%p: tensor<2xi32>, %t: tensor<1x2xi32>";
  paged.op = "decoder.attention %q, %k, %k at %p through %t scale 0.1 : "
             "tensor<2x4x64xbf16>, tensor<3x2x16x64xbf16>, tensor<2xi32>, "
             "tensor<1x2xi32>";
  const TestOp pages(paged, false);
  EXPECT_EQ(family().accepts(pages.group, testDevice()).message(),
            "refused_op: attention over a cache in pages, wanted a contiguous "
            "one");
}

TEST(AttentionPrefill, AdmitsWhatCanBeWritten) {
  const TestOp test(attentionCase({1, 2, 6, 1, 128, 9}), false);
  auto says = [&](const char *text) {
    return family()
        .admits(test.group, *KernelConfig::parse(text), testDevice())
        .message();
  };
  EXPECT_EQ(says("heads = 3, keys = 48, warps = 3"), "ok");
  const std::string head = "refused_configuration: '";
  EXPECT_EQ(says("heads = 4, keys = 64, warps = 4"),
            head + "heads = 4, keys = 64, warps = 4', wanted heads of a "
                   "divisor of 6 up to 6");
  EXPECT_EQ(says("heads = 6, keys = 40, warps = 4"),
            head + "heads = 6, keys = 40, warps = 4', wanted keys of a "
                   "multiple of 16 up to 64");
  EXPECT_EQ(says("heads = 6, keys = 64, warps = 9"),
            head + "heads = 6, keys = 64, warps = 9', wanted 1 to 8 warps");
  EXPECT_EQ(says("heads = 6, keys = 64"),
            head + "heads = 6, keys = 64', wanted heads, keys and warps");
}

// A GPU with 99 KB of shared memory for a block takes every configuration.
TEST(AttentionPrefill, FitsTheSmallestGpu) {
  DeviceSpec device = testDevice();
  device.limits.sharedBytesPerBlock.value = 101376;
  const TestOp test(attentionCase({1, 64, 16, 8, 128, 64}), false);
  EXPECT_EQ(family().enumerate(test.group, device).size(), 4u);
}

//===----------------------------------------------------------------------===//
// Defects
//===----------------------------------------------------------------------===//

TEST(AttentionPrefill, DefectsShow) {
  struct Mutant {
    const char *name, *find, *replacement, *caught;
  };
  const std::vector<Mutant> mutants = {
      {"the mask a position too low", "> rows.position[r]\n",
       ">= rows.position[r]\n", "values"},
      {"the mask a position too high", "> rows.position[r]\n",
       "> rows.position[r] + 1\n", "values"},
      {"no mask in a tile that ends one behind the row",
       "first + A::Keys - 1 > rows.position[r]",
       "first + A::Keys - 2 > rows.position[r]", "values"},
      {"the product not rescaled", "*= rescale[e / 2];", "*= 1.0f;", "values"},
      {"the normaliser not rescaled", "rows.norm[r] * rescale[r]",
       "rows.norm[r]", "values"},
      {"half of the row's lanes without the maximum",
       "highest = maxF(highest, shflXor(highest, 2));", "", "values"},
      {"the weights without their lower parts",
       "multiplyTiles(rows.product[n], low, b);", "", "values"},
      {"a tile read before it is there", "queue.template wait<0>();",
       "queue.template wait<1>();", "SIN4003"},
      {"a tile read before all threads have brought theirs",
       "    queue.template wait<0>();\n    // Behind it this tile is there, "
       "and "
       "nobody reads the one before.\n    blockBarrier();",
       "    queue.template wait<0>();", "SIN4006"},
      {"the last position before all warps have left theirs",
       "    store(all, warpIndex(), last);\n  }\n  blockBarrier();",
       "    store(all, warpIndex(), last);\n  }", "SIN4006"},
      {"one buffer", "const int other = 2 * A::tile - buffer;",
       "const int other = buffer;", "SIN4003"},
      {"a position too many", "(rows, 8 * A::tile) + 1;",
       "(rows, 8 * A::tile) + 2;", "SIN4006"},
      {"a position too few", "(rows, 8 * A::tile) + 1;", "(rows, 8 * A::tile);",
       "counts"},
      {"keys of the neighbouring KV head", "head / (kHeads / kKvHeads)",
       "(head / (kHeads / kKvHeads) ^ 1)", "values"}};
  const TestOp test(attentionCase({1, 19, 4, 2, 64, 51}));
  const Planned right = planned(test, small);
  std::vector<KernelSource> sources = {sourceOf(right.work, right.text)};
  for (const Mutant &mutant : mutants) {
    const std::string find = mutant.find;
    const size_t at = right.text.find(find);
    ASSERT_NE(at, std::string::npos) << mutant.name;
    ASSERT_EQ(right.text.find(find, at + 1), std::string::npos) << mutant.name;
    sources.push_back(
        sourceOf(right.work, right.text.substr(0, at) + mutant.replacement +
                                 right.text.substr(at + find.size())));
  }
  std::vector<std::string> caught(mutants.size(), "nothing");
  for (uint64_t seed : {1, 2, 3}) {
    if (!std::ranges::count(caught, "nothing")) {
      break;
    }
    std::unique_ptr<Device> device = makeHostDevice(true, seed);
    auto kernels = device->loadKernels(sources);
    ASSERT_TRUE(kernels) << kernels.error().message();
    auto good = runKernel(*device, kernels->front(), test, right.work);
    ASSERT_TRUE(good) << good.error().message();
    for (size_t i = 0; i < mutants.size(); ++i) {
      if (caught[i] != "nothing") {
        continue;
      }
      auto run = runKernel(*device, (*kernels)[i + 1], test, right.work);
      if (!run) {
        caught[i] = errorCodeName(run.error().code);
        continue;
      }
      for (size_t p = 0; p < right.work.params.size(); ++p) {
        if (run->traffic[p].loaded != right.work.params[p].loadedBytes) {
          caught[i] = "counts";
        }
      }
      if (caught[i] == "nothing" &&
          !std::ranges::equal(run->output.bytes(), good->output.bytes())) {
        caught[i] = "values";
      }
    }
  }
  for (size_t i = 0; i < mutants.size(); ++i) {
    EXPECT_EQ(caught[i], mutants[i].caught) << mutants[i].name;
  }
}

// What strict numerics forbids: with weights rounded to bf16 the output is
// farther from the interpreter than the bound.
TEST(AttentionPrefill, NeedsBothPartsOfAWeight) {
  const TestOp test(attentionCase({1, 19, 4, 2, 64, 51}));
  const Planned right = planned(test, small);
  std::string text = right.text;
  const std::string low = "multiplyTiles(rows.product[n], low, b);";
  text.erase(text.find(low), low.size());
  std::unique_ptr<Device> device = makeHostDevice(true);
  auto kernels = device->loadKernels({{sourceOf(right.work, text)}});
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto run = runKernel(*device, kernels->front(), test, right.work);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_FALSE(agrees(run->output, test));
}

// A wait that reports itself must be reached (WaitsTest).
TEST(AttentionPrefill, WaitsForItsProducers) {
  const TestOp test(attentionCase({1, 3, 2, 1, 64, 9}));
  Planned plan = planned(test, small);
  const std::string &prelude = preludeText();
  const size_t at = plan.text.find(prelude);
  ASSERT_NE(at, std::string::npos);
  plan.text.insert(at + prelude.size(),
                   "#define waitForProducers() worker()->calls->"
                   "sharedOverflow(worker(), 0, 1 << 30, 0)\n");
  std::unique_ptr<Device> device = makeHostDevice(true);
  auto kernels = device->loadKernels({{sourceOf(plan.work, plan.text)}});
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto run = runKernel(*device, kernels->front(), test, plan.work);
  ASSERT_FALSE(run) << "the kernel does not wait";
  EXPECT_EQ(run.error().code, ErrorCode::KernelSharedOverflow);
}

//===----------------------------------------------------------------------===//
// Machine code
//===----------------------------------------------------------------------===//

TEST(AttentionPrefill, NoSpillsNoLocalMemory) {
  auto nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    GTEST_SKIP() << nvrtc.error().message();
  }
  for (const AttentionShape &shape :
       {AttentionShape{1, 512, 16, 8, 128, 512}, {1, 64, 14, 2, 64, 512}}) {
    const TestOp test(attentionCase(shape), false);
    for (const KernelConfig &config :
         family().enumerate(test.group, testDevice())) {
      const Planned plan = planned(test, config);
      for (const char *arch :
           {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_120"}) {
        const bool first = config.get("keys") == 64 && config.get("warps") == 4;
        if (!std::ranges::count((*nvrtc)->architectures(),
                                std::atoi(arch + 3)) ||
            !(arch == std::string("sm_90a") ? first || shape.headDim == 128
                                            : first && shape.headDim == 128)) {
          continue;
        }
        SCOPED_TRACE(attentionCase(shape).name + ", " + config.text() +
                     " for " + arch);
        auto built = (*nvrtc)->compile(plan.text, "kernel", arch);
        ASSERT_TRUE(built.ok()) << built.error().message();
        ASSERT_EQ(built->kernels.size(), 1u);
        const cuda::KernelResources &kernel = built->kernels.front();
        EXPECT_EQ(kernel.spillStoreBytes, 0u);
        EXPECT_EQ(kernel.spillLoadBytes, 0u);
        EXPECT_EQ(kernel.stackBytes, 0u);
        EXPECT_LE(kernel.registers, plan.work.bounds.registers);
        std::printf("%s %s: %u registers, bound %u, %u blocks\n",
                    config.text().c_str(), arch, kernel.registers,
                    plan.work.bounds.registers, plan.work.bounds.blocksPerSm);
      }
    }
  }
}

} // namespace
