//===- ShrunkDeviceTest.cpp - Groups that no longer fit a device ----------===//
//
// A device file with fewer registers or less shared memory: the group that
// needs more is refused with that number, the one below it is not.
//
//===----------------------------------------------------------------------===//

#include "test/unit/passes/PlanningFixture.h"

#include "passes/planning/GroupSearch.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::planning;

namespace {

class ShrunkDevice : public Planning {
protected:
  void SetUp() override {
    full = plan(import("qwen3-0.6b"), device());
    ASSERT_FALSE(full.phases.empty());
  }

  /// What is said of the group that the full device runs `name` in.
  Answer ask(const std::string &name, const DeviceSpec &gpu) {
    llvm::SmallVector<mlir::Operation *> ops;
    for (uint32_t op : phaseWith(full, name).ops) {
      ops.push_back(full.entry.ops[op]);
    }
    return askFamilies(ops, full.families, gpu, Workload{});
  }

  std::string refusal(const std::string &name, const DeviceSpec &gpu) {
    const Answer answer = ask(name, gpu);
    const Refusal *nearest = answer.nearestRefusal();
    EXPECT_TRUE(answer.variants.empty()) << name;
    return nearest ? nearest->verdict.message() : "";
  }

  /// The least that any configuration of the group needs.
  uint64_t least(const std::string &name, auto need) {
    uint64_t most = UINT64_MAX;
    for (const Variant &variant : ask(name, device()).variants) {
      if (variant.family) {
        most = std::min(most, need(variant.work));
      }
    }
    return most;
  }

  EntryPlan full;
};

const char *const linears[] = {"layers.3.q_proj", "layers.3.gate_proj",
                               "layers.3.down_proj", "lm_head"};

std::string atMost(uint64_t most) {
  return ", wanted at most " + std::to_string(most);
}

/// That of attention: Planning.TooLittleSharedMemoryRefusesAFusion.
TEST_F(ShrunkDevice, SharedMemory) {
  for (const char *name : linears) {
    const uint64_t needed = least(
        name, [](const cost::PhaseWork &work) { return work.sharedBytes; });
    ASSERT_GT(needed, 0u) << name;
    DeviceSpec gpu = device();
    gpu.limits.sharedBytesPerBlock.value = needed;
    EXPECT_FALSE(ask(name, gpu).variants.empty()) << name;
    gpu.limits.sharedBytesPerBlock.value = needed - 1;
    const std::string found = refusal(name, gpu);
    EXPECT_EQ(found.substr(0, 21), "refused_shared_memory") << found;
    EXPECT_TRUE(found.ends_with(atMost(needed - 1))) << found;
  }
}

TEST_F(ShrunkDevice, Registers) {
  for (const char *name :
       {"layers.3.q_proj", "layers.3.gate_proj", "layers.3.down_proj",
        "lm_head", "layers.3.attention"}) {
    const auto block = [](const cost::PhaseWork &work) {
      return work.threads * work.registers;
    };
    const uint64_t needed = least(name, block);
    DeviceSpec gpu = device();
    gpu.limits.registersPerSm.value = needed;
    EXPECT_FALSE(ask(name, gpu).variants.empty()) << name;
    gpu.limits.registersPerSm.value = needed - 1;
    const std::string found = refusal(name, gpu);
    EXPECT_EQ(found.substr(0, 17), "refused_registers") << found;
    EXPECT_TRUE(found.ends_with(std::to_string(needed) + atMost(needed - 1)))
        << found;
  }
}

} // namespace
