//===- Contexts.h - Contexts of the entries of a plan -----------*- C++ -*-===//

#ifndef SINTER_TOOLS_CONTEXTS_H
#define SINTER_TOOLS_CONTEXTS_H

#include "tools/Compile.h"

#include <string_view>

namespace sinter {

/// "512,2048": ascending, from 1. SIN1003 names `option` and `text`; `wanted`
/// says what the numbers are.
Result<std::vector<int64_t>> parseAscending(const std::string &option,
                                            const std::string &wanted,
                                            std::string_view text);

/// Those of --contexts.
Result<std::vector<int64_t>> parseContexts(std::string_view text);

/// The fewest contexts such that at every power of two, and at the capacity,
/// the step is predicted within one percent of the plan made for it. Errors:
/// those of importDecoder and planEntry.
Result<std::vector<int64_t>> chooseContexts(const CompileRequest &request);

} // namespace sinter

#endif // SINTER_TOOLS_CONTEXTS_H
