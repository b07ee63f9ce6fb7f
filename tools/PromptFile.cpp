//===- PromptFile.cpp - Prompts, one JSON object per line -----------------===//

#include "tools/PromptFile.h"

#include "runtime/format/Files.h"
#include "runtime/format/StrictJson.h"

#include <limits>

namespace sinter {

namespace {

constexpr uint64_t maxFileBytes = 64ull << 20;

Result<PromptLine> readLine(std::string_view text, const std::string &name) {
  SINTER_ASSIGN(JsonDocument document, JsonDocument::parse(text, name));
  const JsonValue root = document.root();
  SINTER_TRY(root.onlyKeys({"prompt", "chat", "ids", "count"}));
  PromptLine line;
  if (root.find("prompt")) {
    SINTER_ASSIGN(std::string_view prompt, root.getString("prompt"));
    line.prompt = std::string(prompt);
  }
  if (root.find("chat")) {
    SINTER_ASSIGN(std::string_view chat, root.getString("chat"));
    line.chat = std::string(chat);
  }
  if (root.find("ids")) {
    SINTER_ASSIGN(JsonElements ids, root.getArray("ids"));
    line.ids.emplace();
    for (JsonValue id : ids) {
      SINTER_ASSIGN(int64_t number,
                    id.asSigned(std::numeric_limits<int32_t>::min(),
                                std::numeric_limits<int32_t>::max()));
      line.ids->push_back(static_cast<int32_t>(number));
    }
  }
  if (root.find("count")) {
    SINTER_ASSIGN(uint64_t count, root.getUnsigned("count", 1, 1U << 30));
    line.count = static_cast<uint32_t>(count);
  }
  const int given =
      line.prompt.has_value() + line.chat.has_value() + line.ids.has_value();
  if (given != 1) {
    return Error{given == 0 ? ErrorCode::JsonMissingKey
                            : ErrorCode::JsonWrongType,
                 name, "one of the keys prompt, chat and ids",
                 given == 0 ? "none" : std::to_string(given) + " of them", ""};
  }
  return line;
}

} // namespace

Result<std::vector<PromptLine>> readPromptFile(const std::string &path) {
  SINTER_ASSIGN(std::string text, readFile(path, maxFileBytes));
  std::vector<PromptLine> lines;
  size_t number = 1;
  for (size_t from = 0; from < text.size(); ++number) {
    const size_t to = std::min(text.find('\n', from), text.size());
    const std::string_view line =
        std::string_view(text).substr(from, to - from);
    from = to + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      continue;
    }
    SINTER_ASSIGN(PromptLine read,
                  readLine(line, path + ", line " + std::to_string(number)));
    lines.push_back(std::move(read));
  }
  if (lines.empty()) {
    return Error{ErrorCode::PromptEmpty, path, "a prompt per line", "none", ""};
  }
  return lines;
}

} // namespace sinter
