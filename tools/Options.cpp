//===- Options.cpp - Words of the options ---------------------------------===//

#include "tools/Options.h"

#include <array>

namespace sinter {

static constexpr std::array decisionSets = {
    std::pair(DecisionSet::Eager, std::string_view("eager")),
    std::pair(DecisionSet::Single, std::string_view("single")),
    std::pair(DecisionSet::Library, std::string_view("library")),
    std::pair(DecisionSet::Greedy, std::string_view("greedy")),
    std::pair(DecisionSet::Exact, std::string_view("exact"))};

std::string_view decisionSetName(DecisionSet set) {
  return decisionSets[static_cast<size_t>(set)].second;
}

std::optional<DecisionSet> findDecisionSet(std::string_view name) {
  for (const auto &[set, word] : decisionSets) {
    if (word == name) {
      return set;
    }
  }
  return std::nullopt;
}

} // namespace sinter
