//===- Prompt.h - What the user said, as token ids --------------*- C++ -*-===//

#ifndef SINTER_TOOLS_PROMPT_H
#define SINTER_TOOLS_PROMPT_H

#include "models/tokenizer/Tokenizer.h"
#include "tools/Options.h"

#include <memory>
#include <string>
#include <vector>

namespace sinter {

struct Prompt {
  std::vector<int32_t> ids;
  /// Null if ids were given and the checkpoint has no tokenizer.
  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<int32_t> endIds; ///< empty with --ignore-eos
  bool isText = false;         ///< a text, not ids, was given
};

/// Makes prompts for one checkpoint, whose tokenizer is read once.
class PromptMaker {
public:
  /// `directory` is the checkpoint, empty if there is none.
  explicit PromptMaker(std::string directory)
      : directory(std::move(directory)) {}

  /// Text is encoded as it stands; a chat goes through the checkpoint's
  /// template. Errors: SIN2706 text without a checkpoint; those of Tokenizer,
  /// findChatTemplate, readMessages, renderChat and readGenerationConfig.
  Result<Prompt> make(const RunOptions &options);

private:
  std::string directory;
  std::shared_ptr<const Tokenizer> tokenizer;
};

} // namespace sinter

#endif // SINTER_TOOLS_PROMPT_H
