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
  std::optional<Error> error; ///< then it has no ids
};

/// Each text as generate() makes it, as many at once as `sequences` may have
/// open; one that ends makes room for the next. A request that cannot be is an
/// error of that text alone. Errors: those of the device and of the sampling.
Result<std::vector<BatchText>>
generateBatch(Sequences &sequences,
              const std::vector<GenerateRequest> &requests);

} // namespace sinter

#endif // SINTER_TOOLS_GENERATEBATCH_H
