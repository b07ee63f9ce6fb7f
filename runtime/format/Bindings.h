//===- Bindings.h - Inputs and outputs of an entry --------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_FORMAT_BINDINGS_H
#define SINTER_RUNTIME_FORMAT_BINDINGS_H

#include "runtime/format/Plan.h"

#include <algorithm>

namespace sinter::format {

/// The value bound to `name`; empty if there is none.
inline std::string boundValue(const std::vector<Binding> &bindings,
                              std::string_view name) {
  const auto found = std::find_if(
      bindings.begin(), bindings.end(),
      [&](const Binding &binding) { return binding.name == name; });
  return found == bindings.end() ? std::string() : found->value;
}

/// Does the entry find rows of the cache through a page table?
inline bool isPaged(const Entry &entry) {
  return !boundValue(entry.inputs, "pages").empty();
}

/// The value called `name`, or null.
inline const Value *findValue(const Plan &plan, std::string_view name) {
  const auto found =
      std::find_if(plan.values.begin(), plan.values.end(),
                   [&](const Value &value) { return value.name == name; });
  return found == plan.values.end() ? nullptr : &*found;
}

/// The first cache of a plan; null: it has none.
inline const Value *firstCache(const Plan &plan) {
  const auto found = std::find_if(
      plan.values.begin(), plan.values.end(), [](const Value &value) {
        return value.operandClass == OperandClass::Cache;
      });
  return found == plan.values.end() ? nullptr : &*found;
}
/// Pages of the pool of a paged plan whose caches are [pages, KV heads, page,
/// head dim], and positions of a page.
inline uint64_t pagesOf(const Plan &plan) { return firstCache(plan)->shape[0]; }
inline uint64_t pageSizeOf(const Plan &plan) {
  return firstCache(plan)->shape[2];
}

/// Sequences of a cache [sequences, KV heads, positions, head dim]; 1 of any
/// other value. An entry of one sequence works on one of them, which its caller
/// names; if it is paged, on all of a cache.
inline uint64_t cacheSequences(const Value &value) {
  return value.operandClass == OperandClass::Cache && value.shape.size() == 4
             ? value.shape[0]
             : 1;
}

} // namespace sinter::format

#endif // SINTER_RUNTIME_FORMAT_BINDINGS_H
