//===- OpKernel.cpp - What all single-op kernels share --------------------===//

#include "codegen/families/OpKernel.h"

#include "ir/decoder/Decoder.h"
#include "ir/interfaces/Interfaces.h"
#include "ir/target/DeviceSpec.h"

#include "llvm/ADT/STLExtras.h"

namespace sinter::codegen {

static llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>>
roles(const GroupView &group, llvm::ArrayRef<llvm::StringRef> operands,
      llvm::StringRef result) {
  llvm::SmallVector<std::pair<mlir::Value, llvm::StringRef>> names;
  mlir::Operation *op = group.singleOp();
  for (auto [operand, name] : llvm::zip(op->getOperands(), operands)) {
    names.emplace_back(group.source(operand), name);
  }
  names.emplace_back(op->getResult(0), result);
  return names;
}

Signature::Signature(const GroupView &group,
                     llvm::ArrayRef<llvm::StringRef> operands,
                     llvm::StringRef result)
    : KernelSignature(group, roles(group, operands, result)) {
  for (mlir::Value operand : group.singleOp()->getOperands()) {
    operandParam.push_back(*group.liveInIndex(operand));
    offsets.push_back(group.view(operand).offset);
  }
  resultParam = &of(group.singleOp()->getResult(0)) - params.begin();
}

std::string Signature::operand(unsigned index) const {
  const std::string &name = params[operandParam[index]].name;
  return offsets[index] == 0
             ? name
             : "partOf(" + name + ", " + std::to_string(offsets[index]) + ")";
}

bool Signature::isFirstUse(unsigned index) const {
  for (unsigned before = 0; before < index; ++before) {
    if (operandParam[before] == operandParam[index] &&
        offsets[before] == offsets[index]) {
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// SingleOpFamily
//===----------------------------------------------------------------------===//

const OpKernel *SingleOpFamily::kernelFor(mlir::Operation *op) const {
  for (const std::unique_ptr<OpKernel> &kernel : kernels) {
    if (kernel->covers(op)) {
      return kernel.get();
    }
  }
  return nullptr;
}

/// Refuses element types and outputs that no single-op kernel has.
static Verdict acceptsValues(const GroupView &group, mlir::Operation *op,
                             const OpKernel &kernel) {
  if (group.liveOuts().size() != 1 || op->getNumResults() != 1 ||
      group.source(group.liveOuts()[0]) != op->getResult(0)) {
    return Verdict::refused(plan::Reason::RefusedLiveOut,
                            "one live-out wanted, the result of the op");
  }
  if (Verdict verdict = acceptsElementTypes(group); !verdict) {
    return verdict;
  }
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (!group.liveInIndex(operand)) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "an operand is computed inside the group");
    }
    const BufferView view = group.view(operand);
    if (view.whole) {
      continue;
    }
    const std::string name = kernel.operandNames(op)[index].str();
    if (!kernel.takesPart(index)) {
      return Verdict::refused(plan::Reason::RefusedShape,
                              "'" + name + "' is a part of its buffer");
    }
    if (view.stride != 1 || view.offset % 8 != 0) {
      return Verdict::refused(
          plan::Reason::RefusedShape,
          "'" + name + "' begins at element " + std::to_string(view.offset) +
              " of its buffer with stride " + std::to_string(view.stride) +
              ", wanted a multiple of 8 and 1");
    }
  }
  return Verdict::ok();
}

Verdict SingleOpFamily::accepts(const GroupView &group,
                                const DeviceSpec &device) const {
  mlir::Operation *op = group.singleOp();
  if (!op) {
    return Verdict::refused(plan::Reason::RefusedGroupSize,
                            std::to_string(group.ops().size()) +
                                " ops, wanted 1");
  }
  if (mlir::isa<decoder::SampleOp>(op)) {
    return Verdict::refused(plan::Reason::RefusedOnHost,
                            "sample is drawn by the runtime from the logits");
  }
  if (mlir::isa<decoder::PackWeightsOp>(op)) {
    return Verdict::refused(plan::Reason::RefusedAtLoadTime,
                            "pack_weights is a recipe for loading");
  }
  const OpKernel *kernel = kernelFor(op);
  if (!kernel) {
    return Verdict::refused(plan::Reason::RefusedOp,
                            op->getName().getStringRef().str());
  }
  if (Verdict verdict = acceptsValues(group, op, *kernel); !verdict) {
    return verdict;
  }
  if (Verdict verdict = kernel->accepts(op, device); !verdict) {
    return verdict;
  }
  for (const KernelConfig &config : kernel->enumerate(op, device)) {
    const LaunchShape shape = kernel->launch(op, config);
    if (shape.gridX > 0x7fffffffu || shape.gridY > 0xffffu) {
      return Verdict::refused(plan::Reason::RefusedGridSize,
                              std::to_string(shape.gridX) + " x " +
                                  std::to_string(shape.gridY) +
                                  " blocks, wanted at most 2147483647 x 65535");
    }
  }
  return Verdict::ok();
}

llvm::SmallVector<KernelConfig>
SingleOpFamily::enumerate(const GroupView &group,
                          const DeviceSpec &device) const {
  mlir::Operation *op = group.singleOp();
  return kernelFor(op)->enumerate(op, device);
}

llvm::SmallVector<llvm::StringRef>
SingleOpFamily::deviceTexts(const GroupView &group) const {
  llvm::SmallVector<llvm::StringRef> texts = {"pieces.cuh"};
  llvm::append_range(texts, kernelFor(group.singleOp())->deviceTexts());
  return texts;
}

Work SingleOpFamily::work(const GroupView &group, const KernelConfig &config,
                          const Workload &workload) const {
  mlir::Operation *op = group.singleOp();
  const OpKernel *kernel = kernelFor(op);
  Signature signature(group, kernel->operandNames(op), kernel->resultName());
  const LaunchShape launch = kernel->launch(op, config);
  const MovedBytes moved = kernel->moved(op, config, workload);

  auto traffic = mlir::cast<TrafficOpInterface>(op);
  Work work = signature.work(launch, workload);
  for (auto [operand, bytes] : llvm::enumerate(moved.loaded)) {
    ParamWork &param = work.params[signature.operandParam[operand]];
    param.loadedBytes += bytes;
    // Two operands that are one value move once, two parts of a buffer each.
    if (signature.isFirstUse(operand)) {
      // An argmax below a limit reads less than its operand.
      param.uniqueLoaded += std::min<uint64_t>(
          bytes, traffic.getOperandTraffic(operand, workload).uniqueBytes);
    }
  }
  work.lookups = kernel->lookups();
  ParamWork &result = work.params[signature.resultParam];
  result.storedBytes += moved.stored;
  result.uniqueStored = traffic.getResultTraffic(0, workload).uniqueBytes;
  return work;
}

void SingleOpFamily::emit(const GroupView &group, const KernelConfig &config,
                          CudaWriter &writer) const {
  mlir::Operation *op = group.singleOp();
  const OpKernel *kernel = kernelFor(op);
  Signature signature(group, kernel->operandNames(op), kernel->resultName());
  kernel->emit(op, config, signature, writer);
}

} // namespace sinter::codegen
