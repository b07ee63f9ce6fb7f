//===- OpKernel.h - A kernel for one op -------------------------*- C++ -*-===//
//
// Most families cover single ops. Each op is one OpKernel; SingleOpFamily does
// for all of them what does not depend on the op: signature, refusals, sums.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_CODEGEN_FAMILIES_OPKERNEL_H
#define SINTER_CODEGEN_FAMILIES_OPKERNEL_H

#include "codegen/families/Signature.h"

#include <memory>
#include <vector>

namespace sinter::codegen {

/// Bytes that the threads of one launch load per operand and store.
struct MovedBytes {
  llvm::SmallVector<uint64_t> loaded; ///< by operand number of the op
  uint64_t stored = 0;                ///< through the result's buffer
};

/// The buffers of a kernel for one op.
class Signature : public KernelSignature {
public:
  Signature(const GroupView &group, llvm::ArrayRef<llvm::StringRef> operands,
            llvm::StringRef result);

  /// Operand `index` of the op in the kernel's text: a parameter, or the part
  /// of one.
  std::string operand(unsigned index) const;
  /// Whether no operand before it is the same buffer from the same element on.
  bool isFirstUse(unsigned index) const;
  /// The parameter that receives the result.
  const std::string &result() const { return params[resultParam].name; }

  llvm::SmallVector<unsigned> operandParam;
  unsigned resultParam = 0;

private:
  llvm::SmallVector<int64_t> offsets; ///< in that buffer, by operand number
};

/// How a family does one kind of op. All shapes come from the op's operand
/// types; element types were checked by SingleOpFamily.
class OpKernel {
public:
  virtual ~OpKernel() = default;

  virtual bool covers(mlir::Operation *op) const = 0;
  /// Parameter names by role, one per operand of `op`.
  virtual llvm::SmallVector<llvm::StringRef>
  operandNames(mlir::Operation *op) const = 0;
  virtual llvm::StringRef resultName() const { return "y"; }
  /// Files of codegen/device after pieces.cuh.
  virtual llvm::SmallVector<llvm::StringRef> deviceTexts() const = 0;

  /// Whether the operand may be a part of its buffer: neighbours there, from a
  /// multiple of 8 elements on.
  virtual bool takesPart(unsigned /*operand*/) const { return false; }

  /// What this kernel cannot do, beyond element types and launch limits.
  virtual Verdict accepts(mlir::Operation *op,
                          const DeviceSpec &device) const = 0;
  virtual llvm::SmallVector<KernelConfig>
  enumerate(mlir::Operation *op, const DeviceSpec &device) const = 0;
  virtual LaunchShape launch(mlir::Operation *op,
                             const KernelConfig &config) const = 0;
  virtual MovedBytes moved(mlir::Operation *op, const KernelConfig &config,
                           const Workload &workload) const = 0;
  /// Work::lookups.
  virtual uint64_t lookups() const { return 0; }
  virtual void emit(mlir::Operation *op, const KernelConfig &config,
                    const Signature &signature, CudaWriter &writer) const = 0;
};

/// A family whose groups are single ops.
class SingleOpFamily : public KernelFamily {
public:
  SingleOpFamily(llvm::StringRef name,
                 std::vector<std::unique_ptr<OpKernel>> kernels)
      : familyName(name), kernels(std::move(kernels)) {}

  llvm::StringRef name() const override { return familyName; }
  Verdict accepts(const GroupView &group,
                  const DeviceSpec &device) const override;
  llvm::SmallVector<KernelConfig>
  enumerate(const GroupView &group, const DeviceSpec &device) const override;
  Work work(const GroupView &group, const KernelConfig &config,
            const Workload &workload) const override;
  llvm::SmallVector<llvm::StringRef>
  deviceTexts(const GroupView &group) const override;
  void emit(const GroupView &group, const KernelConfig &config,
            CudaWriter &writer) const override;

private:
  const OpKernel *kernelFor(mlir::Operation *op) const;

  std::string familyName;
  std::vector<std::unique_ptr<OpKernel>> kernels;
};

/// The families of this folder, by file.
std::unique_ptr<KernelFamily> makeEmbedFamily();
std::unique_ptr<KernelFamily> makeRowFamily();
std::unique_ptr<KernelFamily> makeGemvFamily();
std::unique_ptr<KernelFamily> makeSkinnyFamily();
std::unique_ptr<KernelFamily> makeKvAppendFamily();
std::unique_ptr<KernelFamily> makeAttentionDecodeFamily();
std::unique_ptr<KernelFamily> makeAttentionPrefillFamily();
std::unique_ptr<KernelFamily> makeArgmaxFamily();
std::unique_ptr<KernelFamily> makeRowChainFamily();

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_OPKERNEL_H
