//===- Flips.cpp - Which change of the device flips a choice --------------===//

#include "tools/inspect/Flips.h"

#include "passes/analysis/OpNames.h"
#include "tools/inspect/Words.h"

#include <algorithm>
#include <optional>

namespace sinter {

std::string choiceOf(const planning::EntryPlan &plan, uint32_t op) {
  for (const planning::PhaseDecision &phase : plan.phases) {
    if (std::binary_search(phase.ops.begin(), phase.ops.end(), op)) {
      return opsPattern(plan, phase.ops) + " " +
             std::string(stringifyChoice(plan.variantOf(phase).choice));
    }
  }
  return "";
}

namespace {

class Search {
public:
  Search(const PreparedEntry &entry, uint32_t op, const PreparedEntry &small,
         uint32_t smallOp, const DeviceSpec &device,
         const planning::PlanningOptions &options)
      : entry(entry), op(op), small(small), smallOp(smallOp), device(device),
        options(options) {
    if (auto plan = planning::planEntry(entry.function(), device, options)) {
      chosen = choiceOf(*plan, op);
    }
    auto plan = planning::planEntry(small.function(), device, options);
    alike = plan && choiceOf(*plan, smallOp) == chosen;
  }

  void add(const DeviceKey &key, std::vector<Flip> &flips) {
    if (chosen.empty()) {
      return;
    }
    const uint64_t now = key.get(device);
    if (now < key.least || now > key.most) {
      return; // not a device that a file described
    }
    for (bool up : {true, false}) {
      std::optional<uint64_t> then = firstFlip(key, now, up);
      if (!then) {
        continue;
      }
      if (std::optional<Flip> flip = confirm(key, now, *then, up)) {
        flips.push_back(std::move(*flip));
      }
    }
  }

private:
  DeviceSpec with(const DeviceKey &key, uint64_t value) const {
    DeviceSpec changed = device;
    key.set(changed, value);
    return changed;
  }

  /// Does the op of the small model run otherwise? A device that no plan can
  /// be priced for is no answer.
  std::optional<bool> flips(const DeviceKey &key, uint64_t value) const {
    auto plan = planning::planEntry((alike ? small : entry).function(),
                                    with(key, value), options);
    if (!plan) {
      return std::nullopt;
    }
    return choiceOf(*plan, alike ? smallOp : op) != chosen;
  }

  static uint64_t probed(const DeviceKey &key, uint64_t now, bool up,
                         unsigned doublings) {
    return up ? std::min(key.most, std::max(now << doublings, now + 1))
              : std::max(key.least, now >> doublings);
  }

  /// The value nearest to `now` in one direction that flips.
  std::optional<uint64_t> firstFlip(const DeviceKey &key, uint64_t now,
                                    bool up) const {
    // Most numbers change nothing however far they go.
    const uint64_t far = probed(key, now, up, 6);
    if (far == now || flips(key, far) == std::optional(false)) {
      return std::nullopt;
    }
    uint64_t inside = now; // does not flip
    for (unsigned doublings = 1; doublings <= 6; ++doublings) {
      const uint64_t probe = probed(key, now, up, doublings);
      if (probe == inside) {
        return std::nullopt;
      }
      std::optional<bool> flipped = flips(key, probe);
      if (!flipped) {
        return std::nullopt;
      }
      if (*flipped) {
        return between(key, inside, probe);
      }
      inside = probe;
    }
    return std::nullopt;
  }

  uint64_t between(const DeviceKey &key, uint64_t inside,
                   uint64_t outside) const {
    while (std::max(inside, outside) - std::min(inside, outside) > 1) {
      const uint64_t middle = inside + (outside - inside) / 2;
      const uint64_t value =
          inside < outside ? middle : outside + (inside - outside) / 2;
      (flips(key, value).value_or(true) ? outside : inside) = value;
    }
    return outside;
  }

  /// The step itself, at the value and one before it.
  std::optional<Flip> confirm(const DeviceKey &key, uint64_t now, uint64_t then,
                              bool up) const {
    auto after =
        planning::planEntry(entry.function(), with(key, then), options);
    auto before = planning::planEntry(
        entry.function(), with(key, up ? then - 1 : then + 1), options);
    if (!after || !before || choiceOf(*after, op) == chosen ||
        choiceOf(*before, op) != chosen) {
      return std::nullopt;
    }
    return Flip{key, now, then, runsText(*after, op)};
  }

  const PreparedEntry &entry;
  uint32_t op;
  const PreparedEntry &small;
  uint32_t smallOp;
  const DeviceSpec &device;
  const planning::PlanningOptions &options;
  std::string chosen;
  bool alike = false; ///< the small model decides the same
};

/// Sorts by how far a value has to move.
bool nearer(const Flip &a, const Flip &b) {
  auto [aLow, aHigh] = std::minmax(a.now, a.then);
  auto [bLow, bHigh] = std::minmax(b.now, b.then);
  const unsigned __int128 left =
      static_cast<unsigned __int128>(aHigh) * std::max<uint64_t>(bLow, 1);
  const unsigned __int128 right =
      static_cast<unsigned __int128>(bHigh) * std::max<uint64_t>(aLow, 1);
  return left != right ? left < right : a.key.key < b.key.key;
}

} // namespace

std::vector<Flip> findFlips(const PreparedEntry &entry, uint32_t op,
                            const PreparedEntry &small, uint32_t smallOp,
                            const DeviceSpec &device,
                            const planning::PlanningOptions &options) {
  Search search(entry, op, small, smallOp, device, options);
  std::vector<Flip> flips;
  const fusion::EntryGraph graph = fusion::graphOf(entry.function());
  for (const DeviceKey &key : deviceKeys(device, graph.ops[op])) {
    search.add(key, flips);
  }
  std::sort(flips.begin(), flips.end(), nearer);
  return flips;
}

} // namespace sinter
