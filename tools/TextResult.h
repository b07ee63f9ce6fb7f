//===- TextResult.h - A generated text, as it is printed --------*- C++ -*-===//

#ifndef SINTER_TOOLS_TEXTRESULT_H
#define SINTER_TOOLS_TEXTRESULT_H

#include "tools/Generate.h"
#include "tools/Prompt.h"

namespace sinter {

/// Without -n: as long as the recorded completions of the shipped checkpoint.
inline constexpr uint32_t defaultCount = 320;

/// New tokens: what -n says, or what fits, at most defaultCount.
uint32_t tokenCount(const RunOptions &options, uint32_t capacity,
                    size_t promptLength);

/// What generates `count` tokens behind `prompt` as the options say.
GenerateRequest requestOf(const RunOptions &options, const Prompt &prompt,
                          uint32_t count, uint32_t vocabSize);

/// One line: prompt_ids, ids, text (null without a tokenizer), stopped_by.
std::string jsonResult(const Prompt &prompt, const Generated &generated);

} // namespace sinter

#endif // SINTER_TOOLS_TEXTRESULT_H
