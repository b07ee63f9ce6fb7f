//===- Prompts.h - What a prompt may be and how it is cut -------*- C++ -*-===//

#ifndef SINTER_RUNTIME_FORMAT_PROMPTS_H
#define SINTER_RUNTIME_FORMAT_PROMPTS_H

#include "runtime/format/Status.h"

#include <cstdint>
#include <span>

namespace sinter {

/// SIN2701: no ids. SIN2702: an id that is not below `vocabulary`.
Status checkPrompt(std::span<const int32_t> ids, uint32_t vocabulary);

/// Tokens of the step that takes the next of `left` tokens of a prompt (one or
/// more). `sizes` are what steps take, ascending, the first 1: the least that
/// takes all of them, padded; else the largest. A step never reaches past the
/// `room` positions that the cache has left.
uint32_t chunkTokens(std::span<const uint32_t> sizes, uint64_t left,
                     uint64_t room);

} // namespace sinter

#endif // SINTER_RUNTIME_FORMAT_PROMPTS_H
