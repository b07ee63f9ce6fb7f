//===- RowChain.cpp - Row ops that one kernel computes --------------------===//

#include "codegen/families/RowChain.h"

#include "llvm/ADT/STLExtras.h"

namespace sinter::codegen {

/// Takes `op` for its role; not if the role is taken or it has none.
static bool takeRole(mlir::Operation *op, RowChain &out) {
  auto take = [&](auto &role) {
    using Op = std::remove_reference_t<decltype(role)>;
    auto mine = mlir::dyn_cast<Op>(op);
    if (!mine || role) {
      return false;
    }
    role = mine;
    return true;
  };
  return take(out.add) || take(out.norm) || take(out.rope) || take(out.append);
}

static Verdict refusedChain() {
  return Verdict::refused(plan::Reason::RefusedOp,
                          "wanted add and rms_norm, or rms_norm, rope and "
                          "kv_append of heads, each on the whole of the one "
                          "before");
}

static Verdict readInput(const GroupView &group, mlir::Value value,
                         RowChain::Input &input) {
  const BufferView view = group.view(value);
  if (!group.liveInIndex(value)) {
    return refusedChain();
  }
  if (view.stride != 1 || view.offset % 8 != 0) {
    return Verdict::refused(plan::Reason::RefusedShape,
                            "rows begin at element " +
                                std::to_string(view.offset) + " with stride " +
                                std::to_string(view.stride) +
                                ", wanted a multiple of 8 and 1");
  }
  input = {value, view.offset};
  return Verdict::ok();
}

/// The group's live-outs: the last op's result and, where `also` is one, that.
static Verdict matchLiveOuts(const GroupView &group, mlir::Operation *last,
                             mlir::Operation *also, bool &hasAlso) {
  size_t results = 0;
  for (mlir::Value value : group.liveOuts()) {
    mlir::Operation *op = group.producer(value);
    const bool whole = group.view(value).whole;
    results += op == last && whole;
    hasAlso |= also && op == also && whole;
  }
  if (results != 1 || group.liveOuts().size() != results + hasAlso) {
    return Verdict::refused(plan::Reason::RefusedLiveOut,
                            also ? "live-outs wanted: the norm, and perhaps "
                                   "the sum"
                                 : "one live-out wanted, the result of the "
                                   "last op");
  }
  return Verdict::ok();
}

Verdict RowChain::match(const GroupView &group, RowChain &out) {
  for (mlir::Operation *op : group.ops()) {
    if (!takeRole(op, out)) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              op->getName().getStringRef().str());
    }
  }
  if (group.ops().size() < 2) {
    return Verdict::refused(
        plan::Reason::RefusedOp,
        group.ops().front()->getName().getStringRef().str());
  }
  auto follows = [&](mlir::Value value, mlir::Operation *producer) {
    return group.producer(value) == producer && group.view(value).whole;
  };
  auto isOutside = [&](mlir::Value value) {
    return group.liveInIndex(value) && group.view(value).whole;
  };
  mlir::Operation *last = nullptr;
  if (out.add) {
    if (!out.norm || out.rope || out.append ||
        !follows(out.norm.getInput(), out.add)) {
      return refusedChain();
    }
    for (auto [value, input] : {std::pair(out.add.getLhs(), &out.input),
                                {out.add.getRhs(), &out.other}}) {
      if (Verdict verdict = readInput(group, value, *input); !verdict) {
        return verdict;
      }
    }
    last = out.norm;
    out.width = shapeOf(out.norm.getInput()).back();
  } else {
    if (!out.rope || (out.norm && !follows(out.rope.getInput(), out.norm)) ||
        (out.append && !follows(out.append.getRows(), out.rope)) ||
        !isOutside(out.rope.getPositions())) {
      return refusedChain();
    }
    const mlir::Value first =
        out.norm ? out.norm.getInput() : out.rope.getInput();
    if (Verdict verdict = readInput(group, first, out.input); !verdict) {
      return verdict;
    }
    if (out.append &&
        (!isOutside(out.append.getCache()) ||
         !isOutside(out.append.getPositions()) ||
         (out.append.getPages() && !isOutside(out.append.getPages())) ||
         group.source(out.append.getPositions()) !=
             group.source(out.rope.getPositions()))) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "rope and kv_append at different positions, or "
                              "a part of a cache");
    }
    last = out.append ? out.append.getOperation() : out.rope.getOperation();
    out.width = shapeOf(out.rope.getInput())[2];
    if (out.width % 8 != 0 || out.width > 256) {
      return Verdict::refused(plan::Reason::RefusedHeadDim,
                              "head_dim " + std::to_string(out.width) +
                                  ", wanted a multiple of 8 up to 256");
    }
  }
  if (out.norm && !isOutside(out.norm.getGain())) {
    return refusedChain();
  }
  out.rows = static_cast<int64_t>(elementsOf(out.input.value)) / out.width;
  if (out.rows > 0x7fffffff) {
    return Verdict::refused(plan::Reason::RefusedGridSize,
                            std::to_string(out.rows) +
                                " rows, wanted at most 2147483647");
  }
  if (Verdict verdict = matchLiveOuts(group, last, out.add, out.keepsSum);
      !verdict) {
    return verdict;
  }
  return acceptsElementTypes(group);
}

bool RowChain::mayGrow(const GroupView &group) {
  RowChain roles;
  for (mlir::Operation *op : group.ops()) {
    if (!takeRole(op, roles)) {
      return false;
    }
  }
  if (roles.add) {
    return group.ops().size() == 1;
  }
  // Of heads: rank 3.
  return group.ops().size() < 3 &&
         (!roles.norm || shapeOf(roles.norm.getInput()).size() == 3);
}

RowChain RowChain::of(const GroupView &group) {
  RowChain out;
  [[maybe_unused]] const Verdict verdict = match(group, out);
  assert(verdict && "only groups that were accepted are asked");
  return out;
}

} // namespace sinter::codegen
