//===- Signature.h - Parameters and launch of a kernel ----------*- C++ -*-===//

#ifndef SINTER_CODEGEN_FAMILIES_SIGNATURE_H
#define SINTER_CODEGEN_FAMILIES_SIGNATURE_H

#include "codegen/CudaWriter.h"
#include "codegen/KernelFamily.h"

#include "mlir/IR/BuiltinTypes.h"

#include <type_traits>

namespace sinter::codegen {

/// Blocks are blockIndex() < gridX, blockIndexY() < gridY.
struct LaunchShape {
  uint64_t gridX = 1;
  uint64_t gridY = 1;
  uint32_t threads = 32; ///< multiple of 32
  uint32_t blocksPerSm = 1;
  uint32_t sharedBytes = 0;
};

/// Registers per thread that __launch_bounds__(threads, blocks) leaves: a
/// multiple of 8, at most 255. All supported GPUs have 65,536 per SM.
uint32_t registerBound(const LaunchShape &launch);
/// Blocks per SM, 1 to 16, that leave each thread `registers`.
uint32_t residentBlocks(uint32_t threads, uint32_t registers);

/// Where a kernel waits for what other kernels store (programmatic launch).
enum class Wait : uint8_t {
  AtOnce, ///< its first line, which openKernel prints
  InBody, ///< behind loads of what no kernel of the step stores
};

/// Opens "SINTER_KERNEL(symbol, threads, blocks, (...)) {".
CudaWriter::Scope openKernel(CudaWriter &writer, const LaunchShape &launch,
                             llvm::ArrayRef<ParamWork> params,
                             Wait wait = Wait::AtOnce);

/// The buffers of a kernel, with the names that its text uses: live-ins, then
/// live-outs that are not updated in place, then workspaces.
class KernelSignature {
public:
  using Names = llvm::ArrayRef<std::pair<mlir::Value, llvm::StringRef>>;
  /// Roles by live-in or result of a compute op; of two roles of one value
  /// the first counts.
  KernelSignature(const GroupView &group, Names roles);

  void addWorkspace(llvm::StringRef name, DType dtype, uint64_t count);

  /// The parameter that holds `value`, seen through views.
  ParamWork &of(mlir::Value value);
  const std::string &name(mlir::Value value) const {
    return const_cast<KernelSignature *>(this)->of(value).name;
  }
  ParamWork &workspace(llvm::StringRef name);

  CudaWriter::Scope openKernel(CudaWriter &writer, const LaunchShape &launch,
                               Wait wait = Wait::AtOnce) const;
  /// What does not depend on the family: parameters, grid, bounds, flops.
  Work work(const LaunchShape &launch, const Workload &workload) const;

  llvm::SmallVector<ParamWork> params;

private:
  const GroupView &group;
  NameAllocator names;
};

//===----------------------------------------------------------------------===//
// Helpers of the families
//===----------------------------------------------------------------------===//

/// Refuses element types that no kernel has, in live-ins and live-outs.
Verdict acceptsElementTypes(const GroupView &group);

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline uint64_t elementsOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
}
/// a / b, rounded up, of the type of `a`; neither is negative.
template <typename Int>
Int ceilDiv(Int a, std::type_identity_t<Int> b) {
  return (a + b - 1) / b;
}

/// The largest of 8, 4, 2, 1 that divides `length`: elements per access.
int64_t pieceLength(int64_t length);

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_SIGNATURE_H
