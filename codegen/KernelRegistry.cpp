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
      makeAttentionPrefillFamily()};
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

const KernelFamily *chooseFamily(const GroupView &group,
                                 const DeviceSpec &device, Verdict &why) {
  std::optional<Verdict> refusal;
  for (const KernelFamily *family : kernelFamilies()) {
    Verdict verdict = family->accepts(group, device);
    if (verdict) {
      why = Verdict::ok();
      return family;
    }
    // RefusedOp says only that the op is another family's.
    if (!refusal || refusal->reason() == plan::Reason::RefusedOp) {
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
