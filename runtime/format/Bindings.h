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

/// Sequences of a cache [sequences, KV heads, positions, head dim]; 1 of any
/// other value. An entry of one sequence works on one of them, which its caller
/// names.
inline uint64_t cacheSequences(const Value &value) {
  return value.operandClass == OperandClass::Cache && value.shape.size() == 4
             ? value.shape[0]
             : 1;
}

} // namespace sinter::format

#endif // SINTER_RUNTIME_FORMAT_BINDINGS_H
