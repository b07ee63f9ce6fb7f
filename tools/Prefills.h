//===- Prefills.h - Tokens of the entries that take many --------*- C++ -*-===//

#ifndef SINTER_TOOLS_PREFILLS_H
#define SINTER_TOOLS_PREFILLS_H

#include "tools/Compile.h"
#include "tools/Table.h"

#include <string_view>

namespace sinter {

/// "16,128" of --prefill or --verify: ascending, from 2. SIN1003 names `option`
/// and `text`.
Result<std::vector<int64_t>> parseTokens(const std::string &option,
                                         std::string_view text);

/// Chunks of two tokens and more, by powers of two up to 512 and to the
/// capacity, each with an entry of its own.
struct PrefillBuckets {
  std::vector<int64_t> tokens;
  std::vector<uint64_t> picoseconds; ///< of a step, predicted
  std::vector<size_t> kept;          ///< ascending; of choosePrefills
};
/// Errors: those of importDecoder and planEntry.
Result<PrefillBuckets> pricePrefills(const CompileRequest &request);
/// A row per chunk: the entry that takes it, what padding costs, and why.
Table bucketsTable(const PrefillBuckets &buckets);

/// The fewest powers of two, up to 512 and to the capacity, the largest among
/// them, such that a chunk of any of these powers, padded to the next one kept,
/// is predicted within ten percent of the step made for it. Errors: those of
/// importDecoder and planEntry.
Result<std::vector<int64_t>> choosePrefills(const CompileRequest &request);

} // namespace sinter

#endif // SINTER_TOOLS_PREFILLS_H
