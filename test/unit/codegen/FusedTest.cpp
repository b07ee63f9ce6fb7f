//===- FusedTest.cpp - Values and counts of fused kernels -----------------===//
//
// Every group in every configuration on the checked host device: the bits of
// the unfused kernels wherever a sum is taken in the same order, the counts of
// work(), no defect under several schedules, and the same again on a replay.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "ir/decoder/Decoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace sinter;
using namespace sinter::codegen;

namespace {

void expectWork(const GroupRun &run, const Work &work, unsigned times) {
  EXPECT_EQ(run.launches, times * work.launches);
  ASSERT_EQ(run.traffic.size(), work.params.size());
  for (size_t i = 0; i < work.params.size(); ++i) {
    EXPECT_EQ(run.traffic[i].loaded, times * work.params[i].loadedBytes)
        << "loaded from " << work.params[i].name;
    EXPECT_EQ(run.traffic[i].stored, times * work.params[i].storedBytes)
        << "stored to " << work.params[i].name;
    EXPECT_LE(work.params[i].uniqueLoaded, work.params[i].loadedBytes);
    EXPECT_LE(work.params[i].uniqueStored, work.params[i].storedBytes);
  }
}

bool sameBits(const std::vector<HostTensor> &a,
              const std::vector<HostTensor> &b) {
  return std::ranges::equal(a, b, [](const HostTensor &x, const HostTensor &y) {
    return std::ranges::equal(x.bytes(), y.bytes());
  });
}

/// Every element within `share` of the largest magnitude of the reference: a
/// sum in another order moves a rounding point, and what follows it.
void expectNear(const std::vector<HostTensor> &got,
                const std::vector<HostTensor> &want, double share) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i].dtype() != DType::BF16) {
      EXPECT_TRUE(std::ranges::equal(got[i].bytes(), want[i].bytes()));
      continue;
    }
    const std::vector<float> g = got[i].toFloats();
    const std::vector<float> w = want[i].toFloats();
    double largest = 0;
    for (float value : w) {
      largest = std::max(largest, std::abs(double{value}));
    }
    for (size_t e = 0; e < g.size(); ++e) {
      ASSERT_LE(std::abs(double{g[e]} - double{w[e]}), share * largest)
          << "live-out " << i << ", element " << e << ": " << g[e]
          << ", reference " << w[e];
    }
  }
}

struct Planned {
  KernelConfig config;
  Work work;
  std::string text;
};

std::vector<Planned> planAll(const TestGroup &test, llvm::StringRef wanted) {
  Verdict why = Verdict::ok();
  const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
  EXPECT_TRUE(family) << why.message();
  std::vector<Planned> planned;
  if (family) {
    EXPECT_EQ(family->name(), wanted);
    auto configs = family->enumerate(test.group, testDevice());
    if (family->name() == "attention_decode") {
      // Numbers that divide nothing; 17 leaves splits without positions.
      for (int64_t splits : {5, 17}) {
        configs.push_back({{"depth", configs.front().get("depth")},
                           {"heads", configs.front().get("heads")},
                           {"late", splits == 17},
                           {"splits", splits},
                           {"stages", 2},
                           {"warps", 4}});
      }
    }
    if (family->name() == "gemv") {
      // What people may ask for though nobody enumerates it.
      const KernelConfig odd{
          {"late", 1}, {"rows", 1}, {"turns", 3}, {"unroll", 1}, {"warps", 3}};
      if (family->admits(test.group, odd, testDevice())) {
        configs.push_back(odd);
      }
    }
    if (family->name() == "skinny") {
      const KernelConfig odd{{"late", 1},
                             {"lines", 16},
                             {"slices", 2},
                             {"turns", 3},
                             {"warps", 3}};
      if (family->admits(test.group, odd, testDevice())) {
        configs.push_back(odd);
      }
    }
    for (const KernelConfig &config : configs) {
      planned.push_back(
          {config, family->work(test.group, config, test.workload),
           emitKernelText(test.group, *family, config, "kernel")});
    }
  }
  return planned;
}

/// Runs the groups, each in its first and in every `stride`-th configuration.
void runGroups(const std::vector<GroupCase> &cases, llvm::StringRef family,
               size_t stride) {
  std::vector<std::unique_ptr<Device>> devices;
  for (uint64_t seed : {1, 2, 3}) {
    devices.push_back(makeHostDevice(true, seed));
    ASSERT_TRUE(devices.back());
  }
  size_t turn = 0;
  for (const GroupCase &groupCase : cases) {
    SCOPED_TRACE(groupCase.name);
    const TestGroup test(groupCase);
    const std::vector<Planned> all = planAll(test, family);
    std::vector<Planned> planned;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i == 0 || (i + turn) % stride == 0 ||
          (family == "attention_decode" && i + 2 >= all.size()) ||
          (family == "gemv" && i + 1 == all.size()) ||
          (family == "skinny" && i + 1 == all.size())) {
        planned.push_back(all[i]);
      }
    }
    ++turn;
    std::vector<KernelSource> sources;
    sources.reserve(planned.size());
    for (const Planned &plan : planned) {
      sources.push_back(sourceOf(plan.work, plan.text));
    }
    const std::vector<HostTensor> reference = interpret(test);
    std::map<std::string, std::vector<HostTensor>> unfused;
    for (size_t d = 0; d < devices.size(); ++d) {
      auto kernels = devices[d]->loadKernels(sources);
      ASSERT_TRUE(kernels) << kernels.error().message();
      for (size_t i = 0; i < planned.size(); ++i) {
        const auto &[config, work, text] = planned[i];
        SCOPED_TRACE(config.text());
        // Of linear layers only the number of warps changes the order of a sum.
        const std::string order = family == "gemv" || family == "skinny"
                                      ? std::to_string(config.get("warps"))
                                      : config.text();
        auto run = runGroup(*devices[d], (*kernels)[i], test, work, 2);
        ASSERT_TRUE(run) << run.error().message();
        if (!unfused.contains(order)) {
          // The norm of skinny adds its squares in an order of its own.
          unfused[order] =
              family == "skinny" && test.group.ops().size() > 1 &&
                      mlir::isa<decoder::RmsNormOp>(test.group.ops()[0])
                  ? run->outputs
                  : runUnfused(*devices[0], test, config);
          expectNear(unfused[order], reference, 0x1p-6);
        }
        expectWork(*run, work, 2);
        EXPECT_TRUE(sameBits(run->outputs, unfused[order]));
      }
    }
  }
}

/// Whole numbers, whose sums are exact in any order: the interpreter's bits.
void expectInterpreter(GroupCase groupCase, llvm::StringRef family) {
  SCOPED_TRACE(groupCase.name);
  groupCase.integers = true;
  const TestGroup test(groupCase);
  const Planned plan = planAll(test, family).front();
  std::unique_ptr<Device> device = makeHostDevice(true);
  auto kernels = device->loadKernels({{sourceOf(plan.work, plan.text)}});
  ASSERT_TRUE(kernels) << kernels.error().message();
  auto run = runGroup(*device, kernels->front(), test, plan.work);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_TRUE(sameBits(run->outputs, interpret(test)));
}

} // namespace

TEST(Fused, Gemv) { runGroups(gemvGroups(), "gemv", 3); }

TEST(Fused, Skinny) { runGroups(skinnyGroups(), "skinny", 7); }

TEST(Fused, Attention) { runGroups(attentionGroups(), "attention_decode", 19); }

TEST(Fused, RowChains) { runGroups(rowChains(), "row_chain", 3); }

TEST(Fused, Pages) {
  runGroups(pagedAttentionGroups(), "attention_decode", 29);
  runGroups(pagedRowChains(), "row_chain", 1);
  runGroups(pagedAppends(), "kv_append", 2);
}

// The kernels of single ops, on parts of buffers and on copies of the parts.
TEST(Fused, NothingButAPart) {
  runGroups(rowParts(), "row", 1);
  runGroups(kvAppendParts(), "kv_append", 1);
  runGroups(argmaxParts(), "argmax", 1);
  runGroups(attentionParts(), "attention_decode", 5);
}

TEST(Fused, OnWholeNumbersIsTheInterpreter) {
  // Ties of logits are many.
  for (const GroupCase &groupCase : gemvGroups()) {
    if (groupCase.body.find("rms_norm") == std::string::npos &&
        groupCase.body.find("swiglu") == std::string::npos) {
      expectInterpreter(groupCase, "gemv");
    }
  }
  for (const GroupCase &groupCase : skinnyGroups()) {
    if (groupCase.body.find("rms_norm") == std::string::npos &&
        groupCase.body.find("swiglu") == std::string::npos) {
      expectInterpreter(groupCase, "skinny");
    }
  }
  for (const GroupCase &groupCase : rowChains()) {
    expectInterpreter(groupCase, "row_chain");
  }
  for (const GroupCase &groupCase : pagedAppends()) {
    expectInterpreter(groupCase, "kv_append");
  }
}
