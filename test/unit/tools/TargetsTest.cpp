//===- TargetsTest.cpp - Other hardware, other decisions ------------------===//
//
// One number of a device file is changed at a time. The row of the changed
// device says what is decided otherwise, what the first device's kernels would
// take on it, and the terms in which they lose.
//
//===----------------------------------------------------------------------===//

#include "test/unit/tools/Questions.h"

#include <functional>

using namespace sinter;

namespace {

enum Column : uint8_t {
  Mode = 1,
  PerLayer = 2,
  Launches = 3,
  Step = 4,
  Edges = 6,
  Credit = 11,
  Largest = 12,
  Differs = 14,
  AsFirst = 15,
  Decided = 16
};

/// What was tuned was tuned for this GPU as it is.
DeviceSpec untuned() {
  DeviceSpec device = h200();
  device.tuned.clear();
  return device;
}

DeviceSpec changed(const std::function<void(DeviceSpec &)> &change) {
  DeviceSpec device = untuned();
  device.name = "changed";
  change(device);
  // As from a file.
  auto read = parseDeviceSpec(writeDeviceSpec(device), "changed.json");
  EXPECT_TRUE(read.ok()) << read.error().message();
  return *read;
}

Table beside(const DeviceSpec &other, const DecisionOptions &asked = {}) {
  auto table = targetsTable(config(), Workload{}, {untuned(), other},
                            DecisionSet::Exact, asked);
  EXPECT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(textAt(*table, 0, Differs), "");
  EXPECT_EQ(textAt(*table, 0, Decided), "");
  return std::move(*table);
}

void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Targets, NoProgrammaticLaunchOnAmpereAndAda) {
  for (const char *gpu : {"a100-80gb", "rtx-3090", "l4", "l40s", "rtx-4090"}) {
    Table table = beside(*resolveDevice(gpu));
    EXPECT_EQ(textAt(table, 0, Mode), "pdl");
    EXPECT_EQ(textAt(table, 1, Mode), "graph") << gpu;
    EXPECT_GT(timeAt(table, 0, Credit), 0u);
    EXPECT_EQ(timeAt(table, 1, Credit), 0u) << gpu;
    expectContains(textAt(table, 1, Differs),
                   "no pdl: wanted programmatic dependent launch");
  }
  EXPECT_GT(numberAt(beside(*resolveDevice("rtx-4090")), 1, 13), 0u);
}

/// The flag alone: without overlap nothing is requested early, and blocks of
/// other shapes win by what they exchange.
TEST(Targets, TheFlagOfProgrammaticLaunchAlone) {
  Table table = beside(
      changed([](DeviceSpec &gpu) { gpu.launches.programmatic->value = 0; }));
  EXPECT_EQ(textAt(table, 1, Mode), "graph");
  expectContains(textAt(table, 1, Differs), "launches/programmatic 0");
  expectContains(textAt(table, 1, Differs), "layers.*.mlp_residual with ");
  EXPECT_GT(timeAt(table, 1, AsFirst), timeAt(table, 1, Step));
  expectContains(textAt(table, 1, Decided), "exchanges +");
}

TEST(Targets, GraphsOff) {
  DecisionOptions asked;
  asked.mode = "stream";
  auto table =
      targetsTable(config(28), Workload{}, {h200(), *resolveDevice("rtx-4090")},
                   DecisionSet::Exact, asked);
  ASSERT_TRUE(table.ok()) << table.error().message();
  for (size_t row : {0, 1}) {
    EXPECT_EQ(textAt(*table, row, Mode), "stream");
  }
  // 142 launches of 3.5 us on the host; memory of a 4090 takes longer.
  EXPECT_EQ(textAt(*table, 0, Largest), "host");
  EXPECT_EQ(textAt(*table, 1, Largest), "bodies");
}

/// Between kernels ten times as long: what streams before the wait hides more,
/// and configurations that request more of it win.
TEST(Targets, LaunchesTenTimesAsDear) {
  Table table = beside(changed([](DeviceSpec &gpu) {
    DeviceCosts &costs = gpu.costs;
    for (auto *time :
         {&costs.edgeHost, &costs.edgeStream, &costs.nodeGraph,
          &costs.edgeGraph, &costs.edgeGraphL2, &costs.nodeProgrammatic,
          &costs.edgeProgrammatic, &costs.edgeProgrammaticWait}) {
      (*time)->value *= 10;
    }
  }));
  EXPECT_EQ(timeAt(table, 1, Edges), 10 * timeAt(table, 0, Edges));
  EXPECT_EQ(textAt(table, 0, Largest), "bodies");
  EXPECT_EQ(textAt(table, 1, Largest), "ramps");
  EXPECT_GT(timeAt(table, 1, AsFirst), timeAt(table, 1, Step));
  expectContains(textAt(table, 1, Decided), "credit -");
}

/// Activations of many rows that L2 does not hold go through memory.
TEST(Targets, SmallL2) {
  const DeviceSpec small =
      changed([](DeviceSpec &gpu) { gpu.limits.l2Bytes.value = 1 << 20; });
  Workload workload;
  workload.batch = 512;
  auto entry = PreparedEntry::create(config(1), workload, DecisionSet::Exact);
  ASSERT_TRUE(entry.ok()) << entry.error().message();
  auto dramOf = [&](const DeviceSpec &device) {
    auto plan = planned(**entry, device);
    EXPECT_TRUE(plan.ok()) << plan.error().message();
    const uint32_t op = opNamed(*plan, "layers.0.swiglu");
    return plan->phases[plan->phaseOfOps()[op]].price.terms.dram;
  };
  EXPECT_EQ(dramOf(h200()), 0u);
  EXPECT_GT(dramOf(small), 1000000u);
}

/// The fused attention no longer fits; with its number.
TEST(Targets, SharedMemoryOfABlock) {
  Table table = beside(changed(
      [](DeviceSpec &gpu) { gpu.limits.sharedBytesPerBlock.value = 16384; }));
  EXPECT_GT(numberAt(table, 1, PerLayer), numberAt(table, 0, PerLayer));
  expectContains(textAt(table, 1, Differs), "3 x layers.*.v_append (single)");
  EXPECT_EQ(textAt(table, 1, AsFirst), "");
  expectContains(textAt(table, 1, Decided), "refused_shared_memory: ");
  expectContains(textAt(table, 1, Decided), "wanted at most 16384");
}

TEST(Targets, RegistersOfAnSm) {
  Table table = beside(changed(
      [](DeviceSpec &gpu) { gpu.limits.registersPerSm.value = 16384; }));
  EXPECT_EQ(textAt(table, 1, AsFirst), "");
  expectContains(textAt(table, 1, Decided), "refused_registers: ");
  expectContains(textAt(table, 1, Decided), "wanted at most 16384");
  EXPECT_GT(timeAt(table, 1, Step), timeAt(table, 0, Step));
}

/// A device beside itself: nothing to say.
TEST(Targets, TheSameDevice) {
  Table table = beside(untuned());
  EXPECT_EQ(textAt(table, 1, Differs), "");
  EXPECT_EQ(textAt(table, 1, Decided), "");
  EXPECT_EQ(timeAt(table, 1, AsFirst), timeAt(table, 1, Step));
}

} // namespace
