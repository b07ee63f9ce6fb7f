//===- Prefills.h - Tokens of the prefill entries of a plan -----*- C++ -*-===//

#ifndef SINTER_TOOLS_PREFILLS_H
#define SINTER_TOOLS_PREFILLS_H

#include "tools/Compile.h"

#include <string_view>

namespace sinter {

/// "16,128": ascending, from 2. SIN1003 names `text`.
Result<std::vector<int64_t>> parsePrefills(std::string_view text);

/// The fewest powers of two, up to 512 and to the capacity, the largest among
/// them, such that a chunk of any of these powers, padded to the next one kept,
/// is predicted within ten percent of the step made for it. Errors: those of
/// importDecoder and planEntry.
Result<std::vector<int64_t>> choosePrefills(const CompileRequest &request);

} // namespace sinter

#endif // SINTER_TOOLS_PREFILLS_H
