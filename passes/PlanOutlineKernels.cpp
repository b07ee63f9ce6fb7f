//===- PlanOutlineKernels.cpp - Turns groups into kernels and launches ----===//

#include "passes/Passes.h"
#include "passes/Support.h"

#include "codegen/GroupView.h"

#include <llvm/ADT/TypeSwitch.h>

#include <mlir/IR/Builders.h>
#include <mlir/IR/IRMapping.h>
#include <mlir/IR/OperationSupport.h>
#include <mlir/IR/SymbolTable.h>

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

#define GEN_PASS_DEF_PLANOUTLINEKERNELS
#include "passes/Passes.h.inc"

namespace {

/// The kernels of a module, found by what they compute.
class KernelPool {
public:
  explicit KernelPool(ModuleOp module) : module(module), symbols(module) {
    for (KernelOp kernel : module.getOps<KernelOp>()) {
      kernels[hash(kernel)].push_back(kernel);
    }
  }

  /// A kernel in the module that equals `kernel` up to its name and locations:
  /// an older one, and then `kernel` is erased, or `kernel` under a new name.
  KernelOp intern(KernelOp kernel) {
    SmallVector<KernelOp> &bucket = kernels[hash(kernel)];
    for (KernelOp other : bucket) {
      if (equal(kernel, other)) {
        kernel->destroy();
        return other;
      }
    }
    kernel.setSymName(freshName(kernel));
    symbols.insert(kernel, module.getBody()->end());
    bucket.push_back(kernel);
    return kernel;
  }

private:
  /// Families, kinds and attributes of the ops in order.
  static llvm::hash_code hash(KernelOp kernel) {
    llvm::hash_code code =
        llvm::hash_combine(kernel.getFamilyAttr(), kernel.getConfigAttr(),
                           kernel.getFunctionTypeAttr());
    for (Operation &op : *kernel.getBodyBlock()) {
      code = llvm::hash_combine(code, op.getName(), op.getAttrDictionary());
    }
    return code;
  }

  static bool equal(KernelOp a, KernelOp b) {
    return a.getFamilyAttr() == b.getFamilyAttr() &&
           a.getConfigAttr() == b.getConfigAttr() &&
           a.getFunctionType() == b.getFunctionType() &&
           OperationEquivalence::isRegionEquivalentTo(
               &a.getBody(), &b.getBody(),
               OperationEquivalence::IgnoreLocations);
  }

  /// "gemv_linear_0": family, first op, number. "attention_decode_0" where the
  /// family's name begins with the op's.
  std::string freshName(KernelOp kernel) {
    std::string prefix = kernel.getFamily().str();
    StringRef role;
    for (Operation &op : *kernel.getBodyBlock()) {
      if (isDecoderOp(&op)) {
        role = op.getName().stripDialect();
        break;
      }
    }
    if (!kernel.getFamily().starts_with(role)) {
      prefix += "_" + role.str();
    }
    std::string name;
    do {
      name = prefix + "_" + std::to_string(counters[prefix]++);
    } while (symbols.lookup(name));
    return name;
  }

  ModuleOp module;
  SymbolTable symbols;
  DenseMap<llvm::hash_code, SmallVector<KernelOp>> kernels;
  llvm::StringMap<unsigned> counters;
};

struct PlanOutlineKernelsPass
    : public impl::PlanOutlineKernelsBase<PlanOutlineKernelsPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, getArgument(), Stage::Selected,
                          Stage::Outlined))) {
      return signalPassFailure();
    }
    if (getStage(module) == Stage::Outlined) {
      return;
    }
    // All checks come first, so that a refusal leaves the module as it was.
    SmallVector<Operation *> groups;
    for (func::FuncOp function : entriesOf(module)) {
      for (Operation &op : function.getBody().front()) {
        if (isStepOp(&op)) {
          op.emitError() << describeOp(&op)
                         << " is in no group; run plan-mark and "
                            "plan-form-groups first";
          return signalPassFailure();
        }
        if (!isa<SingleOp, GroupOp>(op)) {
          continue;
        }
        if (!op.hasAttr("family") || !op.hasAttr("config")) {
          op.emitError() << describeOp(&op)
                         << " has no family and configuration; run "
                            "plan-select-kernels first";
          return signalPassFailure();
        }
        groups.push_back(&op);
      }
    }
    KernelPool pool(module);
    for (Operation *op : groups) {
      TypeSwitch<Operation *>(op).Case<SingleOp, GroupOp>(
          [&](auto group) { outline(group, pool); });
    }
    setStage(module, Stage::Outlined);
  }

  template <typename GroupLike>
  void outline(GroupLike group, KernelPool &pool) {
    Block &body = *group.getBodyBlock();
    auto view = codegen::GroupView::ofBody(body);
    SmallVector<Value> inputs(view.liveIns());
    OpBuilder builder(&getContext());
    KernelOp kernel = builder.create<KernelOp>(
        group.getLoc(), "unnamed", *group.getFamily(), group.getConfigAttr(),
        builder.getFunctionType(TypeRange(ValueRange(inputs)),
                                group.getResultTypes()));
    IRMapping mapping;
    mapping.map(inputs, kernel.getBody().getArguments());
    builder.setInsertionPointToEnd(kernel.getBodyBlock());
    for (Operation &op : body) {
      builder.clone(op, mapping);
    }
    kernel = pool.intern(kernel);

    builder.setInsertionPoint(group);
    auto launch = builder.create<LaunchOp>(
        group.getLoc(), group.getResultTypes(),
        FlatSymbolRefAttr::get(kernel.getSymNameAttr()), inputs,
        /*slots=*/ArrayAttr(), group.getWhyAttr(),
        /*programmatic=*/nullptr);
    group->replaceAllUsesWith(launch->getResults());
    group->erase();
  }
};

} // namespace
} // namespace sinter
