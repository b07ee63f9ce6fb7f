//===- KernelFamily.h - The door between planner and printer ----*- C++ -*-===//
//
// A family answers four questions about a group: may it be one kernel of mine,
// in which configurations, what does that kernel move, and how is it written.
// The kernel that was priced is the kernel that is printed.
//
// How to add a family: derive from KernelFamily, put its device code into a
// .cuh of codegen/device, and append it to the list in KernelRegistry.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_CODEGEN_KERNELFAMILY_H
#define SINTER_CODEGEN_KERNELFAMILY_H

#include "codegen/GroupView.h"
#include "ir/interfaces/Verdict.h"
#include "ir/interfaces/Workload.h"
#include "runtime/format/DType.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace sinter {
struct DeviceSpec;
} // namespace sinter

namespace sinter::codegen {

class CudaWriter;

/// One way to write a kernel: numbers by name, sorted by name so that the
/// attribute and this struct are the same thing.
class KernelConfig {
public:
  KernelConfig() = default;
  KernelConfig(std::initializer_list<std::pair<llvm::StringRef, int64_t>> list);

  /// The number called `name`; it must exist.
  int64_t get(llvm::StringRef name) const;
  /// The number called `name`, or `otherwise` where there is none.
  int64_t get(llvm::StringRef name, int64_t otherwise) const;
  llvm::ArrayRef<std::pair<std::string, int64_t>> entries() const {
    return values;
  }
  /// "rows = 4, warps = 4".
  std::string text() const;
  /// {rows = 4 : i64, warps = 4 : i64}.
  mlir::DictionaryAttr attribute(mlir::MLIRContext *context) const;
  /// Inverse of attribute(); nothing if some entry is not a signless i64.
  static std::optional<KernelConfig> fromAttribute(mlir::DictionaryAttr dict);
  /// Inverse of text(); ';' and spaces may stand for ", ". Nothing if malformed
  /// or a name stands twice.
  static std::optional<KernelConfig> parse(llvm::StringRef text);
  /// Has it numbers of these names, in alphabetical order, and no other but
  /// perhaps `optional`?
  bool hasNames(llvm::ArrayRef<llvm::StringRef> names,
                llvm::StringRef optional = {}) const;
  bool operator==(const KernelConfig &) const = default;

private:
  std::optional<int64_t> find(llvm::StringRef name) const;

  llvm::SmallVector<std::pair<std::string, int64_t>> values;
};

/// What a buffer holds, for tables of traffic.
enum class ParamClass : uint8_t {
  Weights,     ///< constants of the checkpoint: may be requested early
  Kv,          ///< the KV cache
  Activations, ///< what other kernels computed, ids, positions
  Workspace,   ///< zero before the first launch, left for the next as needed
};

/// A buffer parameter of the printed kernel.
struct ParamWork {
  std::string name; ///< in the kernel text, by role: "x", "weight", "y"
  ParamClass kind = ParamClass::Activations;
  plan::Access access = plan::Access::In;
  DType dtype = DType::BF16;
  uint64_t count = 0; ///< elements
  /// Bytes of the accesses in the kernel text, summed over threads and over
  /// all launches of one execution: what the host device counts.
  uint64_t loadedBytes = 0;
  uint64_t storedBytes = 0;
  /// Bytes that must move however often they are asked for.
  uint64_t uniqueLoaded = 0;
  uint64_t uniqueStored = 0;
  /// Which live-in and which live-out this buffer is; both for a cache that is
  /// updated in place, neither for a workspace.
  std::optional<unsigned> liveIn;
  std::optional<unsigned> liveOut;
};

/// What the launch bounds promise; NVRTC verifies it.
struct Bounds {
  uint32_t registers = 0; ///< most per thread
  uint32_t blocksPerSm = 0;
};

/// What executing a group with one configuration does. Exact: a test holds
/// these numbers against the host device's counters.
struct Work {
  uint64_t launches = 1;
  uint64_t flops = 0; ///< of the ops, not of the kernel's bookkeeping
  /// Flops of the kernel's mma.sync, those of padding too; 0: it has none, and
  /// `flops` are on the fp32 pipes.
  uint64_t tensorFlops = 0;
  /// Thread instructions on the fp32 pipes beside them; only with tensorFlops.
  uint64_t fmaSlots = 0;
  /// Where blocks differ in length: how many as long as the longest would do
  /// the same work, rounded down; 0: all are alike.
  uint64_t evenBlocks = 0;
  /// Bytes of weights that are requested before the first read of what other
  /// kernels store; those that several blocks share, once.
  uint64_t prefetchBytes = 0;
  /// Bytes that the last block to arrive reads of what the others of its group
  /// left for it; 0: none waits for others.
  uint64_t joinedBytes = 0;
  /// Loads that its reads or writes of the cache wait for: of the page table.
  uint64_t lookups = 0;
  std::array<uint32_t, 3> grid{1, 1, 1};
  std::array<uint32_t, 3> block{1, 1, 1}; ///< block[0] is a multiple of 32
  uint32_t sharedBytes = 0;               ///< dynamic, per block
  bool cooperative = false;
  llvm::SmallVector<ParamWork> params; ///< in the order of the signature
  Bounds bounds;

  uint64_t loadedBytes() const;
  uint64_t storedBytes() const;
  /// Of one class: issued (loaded and stored), and those that must move.
  uint64_t issuedBytes(ParamClass kind) const;
  uint64_t uniqueBytes(ParamClass kind) const;
};

class KernelFamily {
public:
  virtual ~KernelFamily() = default;

  virtual llvm::StringRef name() const = 0;

  /// May this group be one kernel of this family on this device?
  virtual Verdict accepts(const GroupView &group,
                          const DeviceSpec &device) const = 0;

  /// May a group with these ops and later ones be accepted? The planner grows
  /// groups from their first op only through groups of which a family says so.
  virtual bool mayGrow(const GroupView &) const { return false; }

  // The rest is asked only of groups that were accepted.

  /// Legal configurations in a fixed order, at least one. The first is the
  /// choice where nothing prices them.
  virtual llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const = 0;

  /// May the kernel be written in this configuration, which need not be one of
  /// enumerate(), on this device? By default only those are.
  virtual Verdict admits(const GroupView &group, const KernelConfig &config,
                         const DeviceSpec &device) const;

  /// What a device file's tuned configurations call the group ("norm
  /// 4096x1024"); empty: none is kept for such a group.
  virtual std::string tunedName(const GroupView & /*group*/) const {
    return {};
  }

  /// Exact work. `workload` gives the number of positions attended.
  virtual Work work(const GroupView &group, const KernelConfig &config,
                    const Workload &workload) const = 0;

  /// Files of codegen/device that the kernel needs after the prelude, in order.
  virtual llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const = 0;

  /// Prints constants and the kernel. Cannot fail. Every kernel calls
  /// allowConsumers() and waitForProducers() before it touches what other
  /// kernels of the step store, so any launch may start before the launch
  /// before it has ended.
  virtual void emit(const GroupView &group, const KernelConfig &config,
                    CudaWriter &writer) const = 0;
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_KERNELFAMILY_H
