//===- GenerateBatch.h - Several texts at once ------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_GENERATEBATCH_H
#define SINTER_TOOLS_GENERATEBATCH_H

#include "runtime/Sequences.h"
#include "tools/Generate.h"

#include <optional>
#include <vector>

namespace sinter {

struct BatchText {
  Generated generated;
  uint32_t reused = 0; ///< positions of the prompt that another text computed
  std::optional<Error> error; ///< then it has no ids
};

/// Positions that a prompt has in common with another text at least, for them
/// to be taken from it: what copying them costs is small beside that.
inline constexpr uint32_t leastReused = 16;

/// Each text as generate() makes it, as many at once as `sequences` may have
/// open; one that ends makes room for the next. What a prompt has in common
/// with a text that is open is computed once: the prompt waits until it is. A
/// prompt waits too until there are pages for it and its new tokens. A request
/// that cannot be is an error of that text alone. Errors: those of the device
/// and of the sampling.
Result<std::vector<BatchText>>
generateBatch(Sequences &sequences,
              const std::vector<GenerateRequest> &requests);

} // namespace sinter

#endif // SINTER_TOOLS_GENERATEBATCH_H
