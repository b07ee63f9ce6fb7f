//===- Prompt.cpp - What the user said, as token ids ----------------------===//

#include "tools/Prompt.h"

#include "models/GenerationConfig.h"
#include "models/chat/ChatTemplate.h"
#include "runtime/format/Files.h"

namespace sinter {

namespace {

/// The text that goes through the tokenizer.
Result<std::string> promptText(const RunOptions &options,
                               const std::string &directory) {
  if (options.prompt) {
    return *options.prompt;
  }
  std::vector<ChatMessage> messages;
  if (options.chat) {
    messages.push_back({"user", options.chat});
  } else {
    SINTER_ASSIGN(messages, readMessages(*options.messages));
  }
  SINTER_ASSIGN(ChatTemplate which, findChatTemplate(directory));
  ChatOptions chat;
  chat.enableThinking = options.enableThinking;
  return renderChat(which, messages, chat);
}

} // namespace

Result<Prompt> PromptMaker::make(const RunOptions &options) {
  Prompt prompt;
  prompt.isText = !options.ids.has_value();
  if (directory.empty()) {
    if (prompt.isText) {
      return Error{ErrorCode::NoTokenizerHere, options.model.model,
                   "a checkpoint directory, for its tokenizer",
                   "the name of a shipped config", "give --ids"};
    }
    prompt.ids = *options.ids;
    return prompt;
  }
  if (!options.ignoreEos) {
    SINTER_ASSIGN(GenerationConfig generation, readGenerationConfig(directory));
    prompt.endIds = generation.endIds;
  }
  if (prompt.isText || pathExists(joinPath(directory, "tokenizer.json"))) {
    if (!tokenizer) {
      SINTER_ASSIGN(Tokenizer read, Tokenizer::fromDirectory(directory));
      tokenizer = std::make_shared<const Tokenizer>(std::move(read));
    }
    prompt.tokenizer = tokenizer;
  }
  if (!prompt.isText) {
    prompt.ids = *options.ids;
    return prompt;
  }
  SINTER_ASSIGN(std::string text, promptText(options, directory));
  SINTER_ASSIGN(prompt.ids, prompt.tokenizer->encode(text));
  return prompt;
}

} // namespace sinter
