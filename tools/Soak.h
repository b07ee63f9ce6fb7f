//===- Soak.h - Many tokens, twice ------------------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_SOAK_H
#define SINTER_TOOLS_SOAK_H

#include "tools/Generate.h"

#include <functional>
#include <string>

namespace sinter {

struct SoakRun {
  uint64_t tokens = 0;
  uint64_t sequences = 0;
  std::string digest; ///< SHA-256 of all ids in order
};

/// Greedy sequences one after the other until `count` tokens have come: each
/// begins with another id and takes another share of the cache, none ends
/// early. Errors: those of the engine.
Result<SoakRun> soak(StepEngine &engine, uint32_t count);

/// soak() twice. SIN4102: the two differ, or `freeBytes` (null: not known) is
/// less after the second than after the first.
Result<SoakRun> soakTwice(StepEngine &engine, uint32_t count,
                          const std::function<Result<uint64_t>()> &freeBytes);

} // namespace sinter

#endif // SINTER_TOOLS_SOAK_H
