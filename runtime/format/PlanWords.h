//===- PlanWords.h - Words of plan.json -------------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_FORMAT_PLANWORDS_H
#define SINTER_RUNTIME_FORMAT_PLANWORDS_H

#include "runtime/format/Plan.h"

#include <span>
#include <string_view>

namespace sinter::format {

/// The words of an enumeration in the order of its enumerators.
std::span<const std::string_view> words(OperandClass);
std::span<const std::string_view> words(Access);
std::span<const std::string_view> words(StepKind);
std::span<const std::string_view> words(PackLayout);
std::span<const std::string_view> words(GemmEpilogue);
std::span<const std::string_view> words(LaunchMode);

/// The word of one enumerator: "in", "cache", "launch".
template <typename Enum>
std::string_view word(Enum value) {
  return words(value)[static_cast<size_t>(value)];
}

} // namespace sinter::format

#endif // SINTER_RUNTIME_FORMAT_PLANWORDS_H
