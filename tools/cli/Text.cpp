//===- Text.cpp - Arguments of sinter tokenize and render -----------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

namespace sinter {

Take defineTokenize(CLI::App &app) {
  auto into = std::make_shared<TokenizeOptions>();
  CLI::App *sub = app.add_subcommand(
      "tokenize", "Text to token ids and back; JSON lines in and out");
  sub->add_option("MODEL", into->model, "Hugging Face directory")
      ->required()
      ->type_name("");
  sub->add_flag("--decode", into->decode, "Ids in, text out");
  sub->add_flag("--skip-special", into->skipSpecial,
                "Leave special tokens out of decoded text");
  sub->footer("Example:\n  echo '\"Once upon a time\"' | sinter tokenize "
              "models/checkpoints/tales");
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

Take defineRender(CLI::App &app) {
  auto into = std::make_shared<RenderOptions>();
  CLI::App *sub = app.add_subcommand(
      "render", "Print the prompt that a chat template makes");
  sub->add_option("MODEL", into->model, "Hugging Face directory")
      ->required()
      ->type_name("");
  sub->add_option("--messages", into->messages, "JSON list of {role, content}")
      ->required()
      ->type_name("FILE");
  sub->add_flag("!--no-generation-prompt", into->generationPrompt,
                "End after the last message");
  addThinking(sub, into->enableThinking);
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

} // namespace sinter
