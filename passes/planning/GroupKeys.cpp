//===- GroupKeys.cpp - Which groups have one structure --------------------===//

#include "passes/planning/GroupKeys.h"

#include "passes/Support.h"

#include <algorithm>

using namespace mlir;

namespace sinter::planning {

uint32_t GroupKeys::intern(Words words) {
  return interned
      .try_emplace(std::move(words), static_cast<uint32_t>(interned.size()))
      .first->second;
}

static void addAttributes(Operation *op, std::vector<const void *> &words) {
  for (NamedAttribute attribute : op->getAttrs()) {
    if (!attribute.getName().strref().starts_with("plan.")) {
      words.push_back(attribute.getName().getAsOpaquePointer());
      words.push_back(attribute.getValue().getAsOpaquePointer());
    }
  }
  for (Type type : op->getResultTypes()) {
    words.push_back(type.getAsOpaquePointer());
  }
}

GroupKeys::Operand GroupKeys::describe(Value value) {
  Words words;
  while (Operation *op = value.getDefiningOp()) {
    if (!isView(op)) {
      break;
    }
    words.push_back(op->getName().getAsOpaquePointer());
    addAttributes(op, words);
    value = op->getOperand(0);
  }
  words.push_back(value.getType().getAsOpaquePointer());
  auto producer = numbers.find(value.getDefiningOp());
  return {values.try_emplace(value, values.size()).first->second,
          producer == numbers.end() ? -1 : int64_t{producer->second},
          intern(std::move(words))};
}

/// Whether an op that is no number of the graph needs `value`.
static bool isReturned(Value value,
                       const llvm::DenseMap<Operation *, uint32_t> &numbers) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return isView(user) ? isReturned(user->getResult(0), numbers)
                        : !numbers.contains(user);
  });
}

GroupKeys::GroupKeys(const fusion::EntryGraph &entry) : entry(entry) {
  for (uint32_t number = 0; number < entry.ops.size(); ++number) {
    numbers[entry.ops[number]] = number;
  }
  for (Operation *op : entry.ops) {
    Words words = {op->getName().getAsOpaquePointer()};
    addAttributes(op, words);
    Op described;
    described.kind = intern(std::move(words));
    for (Value operand : op->getOperands()) {
      described.operands.push_back(describe(operand));
    }
    described.escapes = llvm::any_of(op->getResults(), [&](Value result) {
      return isReturned(result, numbers);
    });
    ops.push_back(std::move(described));
  }
}

GroupKeys::Key GroupKeys::of(std::span<const uint32_t> group) const {
  Key key;
  llvm::SmallVector<uint32_t, 16> outside; // values, by first use
  auto inside = [&](uint32_t op) {
    return std::find(group.begin(), group.end(), op) - group.begin();
  };
  const auto size = static_cast<int64_t>(group.size());
  for (uint32_t number : group) {
    const Op &op = ops[number];
    key.push_back(op.kind);
    for (const Operand &operand : op.operands) {
      key.push_back(operand.shape);
      const int64_t producer =
          operand.producer < 0
              ? size
              : inside(static_cast<uint32_t>(operand.producer));
      if (producer < size) {
        key.push_back(static_cast<uint32_t>(2 * producer));
        continue;
      }
      const auto *known = llvm::find(outside, operand.base);
      key.push_back(static_cast<uint32_t>(2 * (known - outside.begin()) + 1));
      if (known == outside.end()) {
        outside.push_back(operand.base);
      }
    }
    const fusion::Ops &consumers = entry.graph.consumers(number);
    key.push_back(op.escapes || llvm::any_of(consumers, [&](uint32_t consumer) {
                    return inside(consumer) == size;
                  }));
  }
  return key;
}

} // namespace sinter::planning
