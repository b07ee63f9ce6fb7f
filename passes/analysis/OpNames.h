//===- OpNames.h - What the importer's names say ----------------*- C++ -*-===//

#ifndef SINTER_PASSES_ANALYSIS_OPNAMES_H
#define SINTER_PASSES_ANALYSIS_OPNAMES_H

#include <llvm/ADT/StringRef.h>

#include <optional>
#include <string>

namespace sinter {

/// 3 for "layers.3.q_proj".
inline std::optional<int64_t> layerOf(llvm::StringRef name) {
  int64_t layer;
  if (!name.consume_front("layers.") || name.consumeInteger(10, layer) ||
      !name.starts_with(".")) {
    return std::nullopt;
  }
  return layer;
}

/// "layers.*.q_proj" for "layers.3.q_proj"; other names as they are.
inline std::string layerPattern(llvm::StringRef name) {
  if (!layerOf(name)) {
    return name.str();
  }
  return "layers.*." + name.split('.').second.split('.').second.str();
}

} // namespace sinter

#endif // SINTER_PASSES_ANALYSIS_OPNAMES_H
