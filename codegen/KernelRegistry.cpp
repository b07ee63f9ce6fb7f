//===- KernelRegistry.cpp - All kernel families ---------------------------===//

#include "codegen/KernelRegistry.h"

#include "codegen/families/OpKernel.h"

namespace sinter::codegen {

llvm::ArrayRef<const KernelFamily *> kernelFamilies() {
  static const std::unique_ptr<KernelFamily> owned[] = {
      makeEmbedFamily(),
      makeRowFamily(),
      makeGemvFamily(),
      makeKvAppendFamily(),
      makeAttentionDecodeFamily(),
      makeArgmaxFamily(),
      makeRowChainFamily(),
      makeAttentionPrefillFamily(),
      makeSkinnyFamily()};
  static const auto families = [] {
    llvm::SmallVector<const KernelFamily *> pointers;
    for (const std::unique_ptr<KernelFamily> &family : owned) {
      pointers.push_back(family.get());
    }
    return pointers;
  }();
  return families;
}

const KernelFamily *findFamily(llvm::StringRef name) {
  for (const KernelFamily *family : kernelFamilies()) {
    if (family->name() == name) {
      return family;
    }
  }
  return nullptr;
}

/// How little a refusal says: the op, or so many rows, are another family's.
static int distance(const Verdict &refusal) {
  return refusal.reason() == plan::Reason::RefusedOp     ? 2
         : refusal.reason() == plan::Reason::RefusedRows ? 1
                                                         : 0;
}

const KernelFamily *chooseFamily(const GroupView &group,
                                 const DeviceSpec &device, Verdict &why) {
  std::optional<Verdict> refusal;
  for (const KernelFamily *family : kernelFamilies()) {
    Verdict verdict = family->accepts(group, device);
    if (verdict) {
      why = Verdict::ok();
      return family;
    }
    if (!refusal || distance(verdict) < distance(*refusal)) {
      refusal = verdict;
    }
  }
  if (refusal->reason() == plan::Reason::RefusedOp) {
    refusal = Verdict::refused(plan::Reason::RefusedNoFamily, refusal->note());
  }
  why = *refusal;
  return nullptr;
}

} // namespace sinter::codegen
