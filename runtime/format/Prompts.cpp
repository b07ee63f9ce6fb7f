//===- Prompts.cpp - What a prompt may be and how it is cut ---------------===//

#include "runtime/format/Prompts.h"

namespace sinter {

Status checkPrompt(std::span<const int32_t> ids, uint32_t vocabulary) {
  if (ids.empty()) {
    return Error{ErrorCode::PromptEmpty, "prompt", "at least one token", "none",
                 "give some text or ids"};
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || static_cast<uint32_t>(ids[i]) >= vocabulary) {
      return Error{ErrorCode::TokenOutsideVocabulary,
                   "prompt, token " + std::to_string(i),
                   "an id from 0 to " + std::to_string(vocabulary - 1),
                   std::to_string(ids[i]),
                   "is the tokenizer of another model?"};
    }
  }
  return Status::success();
}

uint32_t chunkTokens(std::span<const uint32_t> sizes, uint64_t left,
                     uint64_t room) {
  uint32_t chosen = 1;
  for (uint32_t size : sizes) {
    if (size > room) {
      break;
    }
    chosen = size;
    if (size >= left) {
      break;
    }
  }
  return chosen;
}

} // namespace sinter
