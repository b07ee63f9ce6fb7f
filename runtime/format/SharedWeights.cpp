//===- SharedWeights.cpp - Weights that lie in packed ones ----------------===//

#include "runtime/format/SharedWeights.h"

#include "runtime/format/WeightSource.h"

#include <string_view>
#include <unordered_map>

namespace sinter {

using namespace format;

namespace {

constexpr uint64_t alignment = 16;

struct Candidate {
  WeightPlace place;
  const PackPart *part = nullptr;
};

/// The parts of packed weights by tensor, the first of each name.
std::unordered_map<std::string_view, Candidate> partsOf(const Plan &plan) {
  std::unordered_map<std::string_view, Candidate> parts;
  for (size_t w = 0; w < plan.weights.size(); ++w) {
    const Weight &weight = plan.weights[w];
    if (!weight.pack || weight.pack->layout != PackLayout::Concat) {
      continue;
    }
    uint64_t offset = 0;
    for (const PackPart &part : weight.pack->parts) {
      const std::optional<uint64_t> bytes =
          checkedBytes(part.shape, dtypeBytes(weight.dtype));
      if (!bytes) {
        break; // malformed: validatePlan says so
      }
      if (offset % alignment == 0) {
        parts.try_emplace(part.tensor, Candidate{{w, offset}, &part});
      }
      if (__builtin_add_overflow(offset, *bytes, &offset)) {
        break;
      }
    }
  }
  return parts;
}

} // namespace

std::vector<std::optional<WeightPlace>> sharedWeights(const Plan &plan) {
  const auto parts = partsOf(plan);
  std::vector<std::optional<WeightPlace>> places;
  for (const Weight &weight : plan.weights) {
    const auto found = parts.find(weight.name);
    const bool shared =
        !weight.pack && found != parts.end() &&
        found->second.part->shape == weight.shape &&
        plan.weights[found->second.place.holder].dtype == weight.dtype;
    places.push_back(shared ? std::optional(found->second.place)
                            : std::nullopt);
  }
  return places;
}

std::optional<uint64_t> weightBytes(const Plan &plan) {
  const std::vector<std::optional<WeightPlace>> places = sharedWeights(plan);
  uint64_t sum = 0;
  for (size_t w = 0; w < places.size(); ++w) {
    const Weight &weight = plan.weights[w];
    if (!places[w] &&
        __builtin_add_overflow(
            sum,
            checkedBytes(weight.shape, dtypeBytes(weight.dtype)).value_or(0),
            &sum)) {
      return std::nullopt;
    }
  }
  return sum;
}

} // namespace sinter
