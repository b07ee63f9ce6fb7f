//===- AttentionLayout.cpp - Configurations of attention ------------------===//

#include "codegen/families/AttentionLayout.h"

#include "ir/target/DeviceSpec.h"

#include "llvm/Support/MathExtras.h"

namespace sinter::codegen {

namespace {

/// Of a stream.
int64_t lanes(int64_t headDim, int64_t heads) {
  return static_cast<int64_t>(
      std::max(llvm::PowerOf2Ceil(headDim / 8), llvm::PowerOf2Ceil(heads)));
}

/// Each lane has at most one score.
int64_t mostDepth(const AttentionGroup &group, int64_t heads) {
  return lanes(group.headDim, heads) /
         static_cast<int64_t>(llvm::PowerOf2Ceil(heads));
}

/// Accumulators of 8 heads are what the registers hold.
int64_t mostHeads(const AttentionGroup &group) {
  return std::min<int64_t>(group.perKvHead, 8);
}

/// Whoever appends must be alone with its KV head.
int64_t fewestHeads(const AttentionGroup &group) {
  return group.keyAppend ? group.perKvHead : 1;
}

/// A block that the device can hold, and splits that are worth one.
Verdict fits(const AttentionGroup &group, const KernelConfig &config,
             const DeviceSpec &device) {
  const AttentionLayout layout(group, config);
  const DeviceLimits &limits = device.limits;
  const uint64_t threads = 32 * layout.warps;
  if (layout.splits > 1 && 32 * layout.splits > group.capacity) {
    return Verdict::refused(plan::Reason::RefusedContext,
                            std::to_string(layout.splits) + " splits of " +
                                std::to_string(group.capacity) +
                                " positions, wanted at least 32 each");
  }
  if (static_cast<uint64_t>(layout.arena) > limits.sharedBytesPerBlock.value) {
    return Verdict::refused(
        plan::Reason::RefusedSharedMemory,
        std::to_string(layout.arena) + " bytes, wanted at most " +
            std::to_string(limits.sharedBytesPerBlock.value));
  }
  if (threads > limits.threadsPerBlock.value) {
    return Verdict::refused(plan::Reason::RefusedBlockSize,
                            std::to_string(threads) +
                                " threads, wanted at most " +
                                std::to_string(limits.threadsPerBlock.value));
  }
  if (layout.registers() > 255) {
    return Verdict::refused(plan::Reason::RefusedRegisters,
                            std::to_string(layout.registers()) +
                                " registers a thread, wanted at most 255");
  }
  if (threads * layout.registers() > 65536) {
    return Verdict::refused(plan::Reason::RefusedRegisters,
                            std::to_string(threads * layout.registers()) +
                                " registers for a block of " +
                                std::to_string(threads) +
                                " threads, wanted at most 65536");
  }
  return Verdict::ok();
}

} // namespace

AttentionLayout::AttentionLayout(const AttentionGroup &group,
                                 const KernelConfig &config)
    : heads(config.get("heads")), warps(config.get("warps")),
      depth(config.get("depth")), stages(config.get("stages")),
      splits(config.get("splits")),
      streams(warps * 32 / lanes(group.headDim, heads)),
      blocksPerRow(group.heads / heads), late(config.get("late", 0) != 0),
      items(group.rows * blocksPerRow) {
  const auto padded = static_cast<int64_t>(llvm::PowerOf2Ceil(heads));
  const int64_t kept =
      ((heads + 1) * group.headDim + 2 * heads * streams + 3) / 4 * 4;
  arena = 4 * (kept + std::max(2 * streams * padded * (depth + 1),
                               streams * heads * group.headDim));
}

KernelConfig AttentionLayout::smallest(const AttentionGroup &group) {
  return {{"depth", 1},
          {"heads", fewestHeads(group)},
          {"splits", 1},
          {"stages", 1},
          {"warps", 2}};
}

llvm::SmallVector<KernelConfig>
AttentionLayout::enumerate(const AttentionGroup &group,
                           const DeviceSpec &device) {
  llvm::SmallVector<KernelConfig> configs;
  auto add = [&](int64_t splits, int64_t warps, int64_t depth, int64_t stages) {
    for (int64_t heads = mostHeads(group); heads >= fewestHeads(group);
         --heads) {
      const KernelConfig config{
          {"depth", std::min(depth, mostDepth(group, heads))},
          {"heads", heads},
          {"splits", splits},
          {"stages", stages},
          {"warps", warps}};
      if (group.perKvHead % heads == 0 && fits(group, config, device)) {
        configs.push_back(config);
      }
    }
  };
  add(1, 4, 4, 2);
  add(1, 8, 4, 2);
  add(1, 4, 4, 1); // fits a small register file
  const int64_t items = group.rows * group.kvHeads;
  const auto sms = static_cast<int64_t>(device.limits.sms.value);
  // Smaller blocks lost wherever measured.
  for (int64_t splits : {2, 4, 8, 16, 32}) {
    if (2 * items * splits <= sms) {
      add(splits, 8, 4, 2);
      add(splits, 16, 2, 2);
    } else if (items * splits <= sms) {
      // For long rows only: 4,096 positions of Qwen3-0.6B take 628 us a step
      // so, 665 with half the splits (H200).
      add(splits, 8, 4, 2);
    }
  }
  if (configs.empty() && fits(group, smallest(group), device)) {
    configs.push_back(smallest(group));
  }
  return configs;
}

Verdict AttentionLayout::admits(const AttentionGroup &group,
                                const KernelConfig &config,
                                const DeviceSpec &device) {
  auto unfit = [&](const std::string &wanted) {
    return Verdict::refused(plan::Reason::RefusedConfiguration,
                            "'" + config.text() + "', wanted " + wanted);
  };
  if (!config.hasNames({"depth", "heads", "splits", "stages", "warps"},
                       "late")) {
    return unfit("depth, heads, splits, stages and warps, perhaps late");
  }
  if (const int64_t late = config.get("late", 0); late < 0 || late > 1) {
    return unfit("late of 0 or 1");
  }
  const int64_t heads = config.get("heads");
  if (heads < fewestHeads(group) || heads > mostHeads(group) ||
      group.perKvHead % heads != 0) {
    return unfit("heads of a divisor of " + std::to_string(group.perKvHead) +
                 ", " + std::to_string(fewestHeads(group)) + " to " +
                 std::to_string(mostHeads(group)));
  }
  const int64_t depth = config.get("depth");
  if (depth < 1 || depth > mostDepth(group, heads) ||
      !llvm::isPowerOf2_64(depth)) {
    return unfit("a depth of a power of two up to " +
                 std::to_string(mostDepth(group, heads)));
  }
  if (config.get("stages") < 1 || config.get("stages") > 8) {
    return unfit("1 to 8 stages");
  }
  if (config.get("splits") < 1 || config.get("splits") > 64) {
    return unfit("1 to 64 splits");
  }
  const int64_t warps = config.get("warps");
  if (warps < 1 || warps > 32 || !llvm::isPowerOf2_64(warps)) {
    return unfit("warps of a power of two up to 32");
  }
  return fits(group, config, device);
}

int64_t AttentionLayout::activeSplits(int64_t count) const {
  const int64_t each = ceilDiv(count, splits * streams) * streams;
  return ceilDiv(count, each);
}

uint64_t AttentionLayout::prefetchBytes(const AttentionGroup &group,
                                        const Workload &workload) const {
  uint64_t rows = 0;
  for (int64_t token = 0; token < group.tokens(); ++token) {
    const int64_t count = std::max<int64_t>(workload.context - token, 1);
    const int64_t old = std::max<int64_t>(count - group.tokens(), 0);
    const int64_t each = ceilDiv(count, splits * streams) * streams;
    for (int64_t from = 0; from < old; from += each) {
      rows += std::min({each, old - from, stages * streams * depth});
    }
  }
  return 4 * group.headDim * rows * group.batch * blocksPerRow;
}

LaunchShape AttentionLayout::launch(const AttentionGroup &group) const {
  LaunchShape launch;
  launch.gridX = blocksPerRow * splits;
  launch.gridY = group.rows;
  launch.threads = 32 * warps;
  launch.blocksPerSm = residentBlocks(launch.threads, registers());
  launch.sharedBytes = arena;
  return launch;
}

} // namespace sinter::codegen
