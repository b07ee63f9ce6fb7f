//===- PromptFile.h - Prompts, one JSON object per line ---------*- C++ -*-===//

#ifndef SINTER_TOOLS_PROMPTFILE_H
#define SINTER_TOOLS_PROMPTFILE_H

#include "runtime/format/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// A line: exactly one of "prompt", "chat" (texts) and "ids" (a list), and
/// "count", new tokens at most.
struct PromptLine {
  std::optional<std::string> prompt;
  std::optional<std::string> chat;
  std::optional<std::vector<int32_t>> ids;
  std::optional<uint32_t> count;
};

/// The lines of `path`; empty ones are passed over. Errors name the line: those
/// of files and JSON; SIN2008 a line with none of the three, SIN2006 one with
/// several, a key that is none of them, or another type; SIN2701 no line.
Result<std::vector<PromptLine>> readPromptFile(const std::string &path);

} // namespace sinter

#endif // SINTER_TOOLS_PROMPTFILE_H
