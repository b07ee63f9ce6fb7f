//===- Marks.cpp - Groups as plan-mark left them --------------------------===//

#include "passes/Marks.h"

#include "ir/decoder/Decoder.h"
#include "passes/Support.h"

using namespace mlir;
using namespace sinter::plan;

namespace sinter {

static LogicalResult checkSize(const MarkedGroup &group, ReportAt report) {
  const Choice choice = group.mark.getDecision().getChoice();
  Operation *op = group.ops.front();
  if (choice == Choice::Fuse && group.ops.size() == 1) {
    return report(op) << describeOp(op) << ": its mark says 'fuse', and group "
                      << group.mark.getGroup()
                      << " has no other op; run plan-mark";
  }
  if (choice != Choice::Fuse && group.ops.size() > 1) {
    InFlightDiagnostic diagnostic = report(group.ops[1]);
    diagnostic << describeOp(group.ops[1]) << ": group "
               << group.mark.getGroup() << " has a second op, and a "
               << stringifyChoice(choice) << " holds one";
    diagnostic.attachNote(op->getLoc()) << "the first is " << describeOp(op);
    return diagnostic;
  }
  if (choice == Choice::Library && !isa<decoder::LinearOp>(op)) {
    return report(op) << describeOp(op)
                      << ": its mark says 'library', which runs linear layers "
                         "only; run plan-mark";
  }
  return success();
}

FailureOr<SmallVector<MarkedGroup>> markedGroups(func::FuncOp function,
                                                 ReportAt report) {
  SmallVector<Operation *> ops;
  SmallVector<MarkedGroup> groups;
  for (Operation &op : function.getBody().front()) {
    if (isStepOp(&op)) {
      ops.push_back(&op);
    }
  }
  DenseMap<Operation *, int64_t> groupOf;
  for (Operation *op : ops) {
    auto mark = op->getAttrOfType<MarkAttr>(PlanDialect::kMarkAttr);
    if (!mark) {
      report(op) << describeOp(op) << " has no plan.mark; run plan-mark first";
      return failure();
    }
    const int64_t number = mark.getGroup();
    if (number >= static_cast<int64_t>(ops.size())) {
      report(op) << describeOp(op) << " is in group " << number << " of "
                 << ops.size() << " ops; run plan-mark";
      return failure();
    }
    if (number >= static_cast<int64_t>(groups.size())) {
      groups.resize(number + 1);
    }
    MarkedGroup &group = groups[number];
    if (!group.ops.empty() && group.mark != mark) {
      InFlightDiagnostic diagnostic = report(op);
      diagnostic << describeOp(op) << " is in group " << number
                 << " with another decision; run plan-mark";
      diagnostic.attachNote(group.ops.front()->getLoc())
          << "the first is " << describeOp(group.ops.front());
      return failure();
    }
    group.mark = mark;
    group.ops.push_back(op);
    groupOf[op] = number;
  }
  for (auto [number, group] : llvm::enumerate(groups)) {
    if (group.ops.empty()) {
      report(ops.back()) << "no op is in group " << number << " of "
                         << groups.size() << "; run plan-mark";
      return failure();
    }
    if (failed(checkSize(group, report))) {
      return failure();
    }
  }
  for (Operation *op : ops) {
    for (Value operand : op->getOperands()) {
      auto producer = groupOf.find(withoutViews(operand).getDefiningOp());
      if (producer != groupOf.end() && producer->second > groupOf[op]) {
        report(op) << describeOp(op) << " is in group " << groupOf[op]
                   << " and needs " << describeOp(producer->first)
                   << " of group " << producer->second
                   << ", which runs later; run plan-mark";
        return failure();
      }
    }
  }
  return groups;
}

} // namespace sinter
