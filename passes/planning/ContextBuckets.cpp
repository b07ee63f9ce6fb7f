//===- ContextBuckets.cpp - Which contexts deserve entries ----------------===//

#include "passes/planning/ContextBuckets.h"

#include <algorithm>
#include <map>

namespace sinter::planning {

std::optional<uint64_t> priceAt(const EntryPlan &plan, const EntryPlan &other) {
  std::map<fusion::Ops, uint32_t> groups;
  for (uint32_t i = 0; i < other.groups.size(); ++i) {
    groups.emplace(other.groups[i].ops, i);
  }
  const size_t row = other.candidates.tails.size() + 1;
  uint64_t sum = 0;
  const uint32_t *tail = nullptr;
  for (const PhaseDecision &phase : plan.phases) {
    const Variant &chosen = plan.variantOf(phase);
    auto group = groups.find(phase.ops);
    if (group == groups.end()) {
      return std::nullopt;
    }
    const std::vector<Variant> &variants =
        other.answers[other.groups[group->second].answer].variants;
    auto same = llvm::find_if(variants, [&](const Variant &variant) {
      return variant.choice == chosen.choice &&
             variant.family == chosen.family && variant.config == chosen.config;
    });
    if (same == variants.end()) {
      return std::nullopt;
    }
    const uint64_t price =
        same->prices[plan.mode * row + (tail ? *tail + 1 : 0)];
    if (price == fusion::kNoPrice) {
      return std::nullopt;
    }
    sum += price;
    tail = &same->tail;
  }
  return sum;
}

std::vector<size_t>
fewestBuckets(size_t count, const std::function<bool(size_t, size_t)> &serves) {
  struct Best {
    size_t kept = SIZE_MAX;   ///< to serve all up to this one, which is kept
    size_t before = SIZE_MAX; ///< the kept one below; SIZE_MAX: none
  };
  std::vector<Best> best(count);
  for (size_t last = 0; last < count; ++last) {
    for (size_t first = last + 1; first-- > 0;) {
      if (first != last && !serves(last, first)) {
        break;
      }
      const size_t kept = first == 0 ? 1 : best[first - 1].kept + 1;
      if (kept < best[last].kept) {
        best[last] = {kept, first == 0 ? SIZE_MAX : first - 1};
      }
    }
  }
  std::vector<size_t> chosen;
  for (size_t at = count - 1; count > 0 && at != SIZE_MAX;
       at = best[at].before) {
    chosen.push_back(at);
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<size_t> fewestBuckets(llvm::ArrayRef<EntryPlan> plans,
                                  double tolerance) {
  std::vector<std::optional<uint64_t>> own;
  for (const EntryPlan &plan : plans) {
    own.push_back(priceAt(plan, plan));
  }
  return fewestBuckets(plans.size(), [&](size_t kept, size_t context) {
    std::optional<uint64_t> price = priceAt(plans[kept], plans[context]);
    return price && own[context] &&
           static_cast<double>(*price) <=
               static_cast<double>(*own[context]) * (1 + tolerance);
  });
}

} // namespace sinter::planning
