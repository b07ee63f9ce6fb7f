//===- GroupHarness.h - Fused kernels on the host device --------*- C++ -*-===//
//
// A group runs three times: as one kernel, as one kernel per op, and in the
// reference interpreter.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TEST_UNIT_CODEGEN_GROUPHARNESS_H
#define SINTER_TEST_UNIT_CODEGEN_GROUPHARNESS_H

#include "test/unit/codegen/Harness.h"

namespace sinter::codegen {

/// Pages of `batch` sequences of `each`, of a pool of `pool`, in no order:
/// distinct ones.
std::vector<int32_t> scattered(int64_t batch, int64_t each, int64_t pool);

/// The body of a plan.group with the contents of what it uses.
struct GroupCase {
  std::string name;
  std::string arguments; ///< "%x: tensor<1x8xbf16>, ..."
  std::string body;      ///< ops, one per line
  std::string yielded;   ///< "%a, %b : tensor<..>, tensor<..>"
  int64_t context = 1;
  /// Contents of i32 live-ins, in the order of the arguments.
  std::vector<std::vector<int32_t>> ints;
  bool integers = false; ///< whole numbers in [-2, 2]
};

/// A parsed group whose live-ins are in the order of first use.
class TestGroup {
  mlir::OwningOpRef<mlir::ModuleOp> module;

public:
  explicit TestGroup(const GroupCase &groupCase, bool filled = true);
  /// Of an op inside a module that somebody else owns; no contents.
  TestGroup(GroupView group, const Workload &workload)
      : group(std::move(group)), workload(workload) {}

  GroupView group;
  Workload workload;
  std::vector<HostTensor> inputs; ///< by live-in
};

struct GroupRun {
  std::vector<HostTensor> outputs; ///< by live-out
  std::vector<format::ParamTraffic> traffic;
  uint64_t launches = 0;
};

/// `times` launches on the same buffers, as replays of a graph; outputs of the
/// last, counts of all.
Result<GroupRun> runGroup(Device &device, KernelId kernel,
                          const TestGroup &test, const Work &work,
                          unsigned times = 1);

/// Each op by the kernel of its own, views between them by copies. Sums in the
/// order of the fused kernel with configuration `fused`: its attention, rows
/// normalised by as many warps, heads by one.
std::vector<HostTensor> runUnfused(Device &device, const TestGroup &test,
                                   const KernelConfig &fused);

/// The interpreter, bf16 mode.
std::vector<HostTensor> interpret(const TestGroup &test);

std::vector<GroupCase> gemvGroups();
std::vector<GroupCase> skinnyGroups(); ///< of 2 to 16 rows
std::vector<GroupCase> attentionGroups();
/// Caches in pages: attention, chains of heads, appends alone.
std::vector<GroupCase> pagedAttentionGroups();
std::vector<GroupCase> pagedRowChains();
std::vector<GroupCase> pagedAppends();
/// Every form of attention's heads at a size that compiles quickly.
GroupCase smallAttentionGroup();
/// add -> rms_norm, and [rms_norm ->] rope [-> kv_append] of heads.
std::vector<GroupCase> rowChains();
// Single ops on parts of buffers.
std::vector<GroupCase> rowParts();
std::vector<GroupCase> kvAppendParts();
std::vector<GroupCase> argmaxParts();
std::vector<GroupCase> attentionParts();
/// Groups of published models; compiled only.
std::vector<GroupCase> publishedAttentionGroups();
std::vector<GroupCase> publishedGroups();
std::vector<GroupCase> publishedSkinnyGroups();
std::vector<GroupCase> publishedRowChains();

} // namespace sinter::codegen

#endif // SINTER_TEST_UNIT_CODEGEN_GROUPHARNESS_H
