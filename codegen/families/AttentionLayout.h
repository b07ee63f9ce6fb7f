//===- AttentionLayout.h - Configurations of attention ----------*- C++ -*-===//
//
// {heads}: query heads per block, a divisor of the query heads per KV head;
// keys and values are read once for them. {warps} share out the positions of a
// block, {splits} blocks those of a row and KV head. A stream of lanes takes
// {depth} positions at a time and has {stages} such chunks on their way, in
// registers. {late} = 1 lets consumers start behind the wait.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_CODEGEN_FAMILIES_ATTENTIONLAYOUT_H
#define SINTER_CODEGEN_FAMILIES_ATTENTIONLAYOUT_H

#include "codegen/families/AttentionGroup.h"

namespace sinter::codegen {

/// A configuration in numbers; AttentionShape has the words.
struct AttentionLayout {
  AttentionLayout(const AttentionGroup &group, const KernelConfig &config);

  /// Legal configurations in the order of preference; none where the device
  /// has too little of everything.
  static llvm::SmallVector<KernelConfig> enumerate(const AttentionGroup &group,
                                                   const DeviceSpec &device);
  /// May the kernel be written so, enumerated or not?
  static Verdict admits(const AttentionGroup &group, const KernelConfig &config,
                        const DeviceSpec &device);
  /// What asks least of a device.
  static KernelConfig smallest(const AttentionGroup &group);

  /// Splits that have positions: splitRange<splits, streams>(_, count).active.
  int64_t activeSplits(int64_t count) const;
  /// Rows of the cache in the first chunks of every block, but those of this
  /// step's tokens, in bytes.
  uint64_t prefetchBytes(const AttentionGroup &group,
                         const Workload &workload) const;
  LaunchShape launch(const AttentionGroup &group) const;

  int64_t heads;
  int64_t warps;
  int64_t depth;  ///< positions of a stream per chunk
  int64_t stages; ///< chunks on their way
  int64_t splits;
  int64_t streams;      ///< of a block
  int64_t blocksPerRow; ///< and split
  bool late;            ///< consumers may start behind the wait
  int64_t items;        ///< rows times KV heads, or parts of KV heads
  int64_t arena = 0;    ///< bytes of shared memory

  /// Registers of a thread, an upper bound found by compiling: chunks on their
  /// way, query and product in floats, and the rest.
  int64_t registers() const { return 8 * depth * stages + 16 * heads + 64; }
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_ATTENTIONLAYOUT_H
