//===- ValidateRanges.cpp - Is a plan sound? Order and live ranges --------===//

#include "runtime/format/PlanChecker.h"

#include <limits>

namespace sinter {

using namespace format;

namespace {

constexpr uint32_t never = std::numeric_limits<uint32_t>::max();

} // namespace

void PlanChecker::checkOrder(const Entry &entry) {
  std::vector<bool> written(plan.values.size());
  for (size_t i = 0; i < plan.values.size(); ++i) {
    OperandClass kind = plan.values[i].operandClass;
    // A cache holds what earlier runs appended; a workspace begins as zero.
    written[i] = kind == OperandClass::Cache || kind == OperandClass::Workspace;
  }
  for (const Binding &binding : entry.inputs) {
    const Operand *found = operand(binding.value);
    if (found != nullptr && !found->isWeight) {
      written[found->index] = true;
    }
  }
  for (size_t s = 0; s < entry.steps.size(); ++s) {
    const Step &step = entry.steps[s];
    for (size_t a = 0; a < step.args.size(); ++a) {
      const Operand *found = operand(step.args[a]);
      if (found != nullptr && !found->isWeight && !written[found->index] &&
          accessOf(step, a) != Access::Out) {
        add(ErrorCode::PlanUnwritten,
            in("entry", entry.name) + in("step", std::to_string(s)),
            step.args[a] + " written by an earlier step", "none");
        written[found->index] = true; // said once
      }
    }
    for (size_t a = 0; a < step.args.size(); ++a) {
      const Operand *found = operand(step.args[a]);
      if (found != nullptr && !found->isWeight &&
          accessOf(step, a) != Access::In) {
        written[found->index] = true;
      }
    }
  }
  for (const Binding &binding : entry.outputs) {
    const Operand *found = operand(binding.value);
    if (found != nullptr && !found->isWeight && !written[found->index]) {
      add(ErrorCode::PlanUnwritten,
          in("entry", entry.name) + in("output", binding.name),
          binding.value + " written by a step", "none");
    }
  }
}

void PlanChecker::place(uint32_t value, std::string_view when) {
  if (valueBytes[value] == 0) {
    return; // malformed, said before
  }
  const Value &item = plan.values[value];
  std::map<uint64_t, uint32_t> &ranges = alive[arenas.at(item.arena)];
  auto after = ranges.lower_bound(item.offset);
  auto clash = [&](uint32_t other) {
    const Value &that = plan.values[other];
    add(ErrorCode::PlanOverlap, std::string(when) + in("value", item.name),
        "bytes of arena " + item.arena + " that nothing else uses then",
        "those of " + that.name + " (" + std::to_string(valueBytes[other]) +
            " bytes at " + std::to_string(that.offset) + ", this one at " +
            std::to_string(item.offset) + ")");
  };
  if (after != ranges.end() && after->first - item.offset < valueBytes[value]) {
    clash(after->second);
    return;
  }
  if (after != ranges.begin()) {
    auto before = std::prev(after);
    if (item.offset - before->first < valueBytes[before->second]) {
      clash(before->second);
      return;
    }
  }
  ranges.emplace(item.offset, value);
}

void PlanChecker::remove(uint32_t value) {
  if (valueBytes[value] == 0) {
    return;
  }
  const Value &item = plan.values[value];
  std::map<uint64_t, uint32_t> &ranges = alive[arenas.at(item.arena)];
  auto found = ranges.find(item.offset);
  // Another value's range, if this one clashed.
  if (found != ranges.end() && found->second == value) {
    ranges.erase(found);
  }
}

void PlanChecker::checkPersistentPlacement() {
  alive.resize(plan.arenas.size());
  for (uint32_t i = 0; i < plan.values.size(); ++i) {
    if (lives(plan.values[i].operandClass)) {
      place(i, "");
    }
  }
}

void PlanChecker::checkLiveRanges(const Entry &entry) {
  // Activations live from the first step that names them to the last, both
  // included: a step's results may not lie on its operands. A launch behind a
  // programmatic edge may run beside the one before it, so what that one names
  // lives through both.
  std::vector<uint32_t> first(plan.values.size(), never);
  std::vector<uint32_t> last(plan.values.size(), never);
  for (uint32_t s = 0; s < entry.steps.size(); ++s) {
    for (const std::string &arg : entry.steps[s].args) {
      const Operand *found = operand(arg);
      if (found != nullptr && !found->isWeight &&
          !lives(plan.values[found->index].operandClass)) {
        if (first[found->index] == never) {
          first[found->index] = s;
        }
        bool beside =
            s + 1 < entry.steps.size() && entry.steps[s + 1].programmatic;
        last[found->index] = beside ? s + 1 : s;
      }
    }
  }
  std::vector<std::vector<uint32_t>> ends(entry.steps.size());
  for (uint32_t i = 0; i < plan.values.size(); ++i) {
    if (last[i] != never) {
      ends[last[i]].push_back(i);
    }
  }
  for (uint32_t s = 0; s < entry.steps.size(); ++s) {
    for (const std::string &arg : entry.steps[s].args) {
      const Operand *found = operand(arg);
      if (found != nullptr && !found->isWeight && first[found->index] == s) {
        place(found->index,
              in("entry", entry.name) + in("step", std::to_string(s)));
        first[found->index] = never; // placed once
      }
    }
    for (uint32_t value : ends[s]) {
      remove(value);
    }
  }
}

} // namespace sinter
