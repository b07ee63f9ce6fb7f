//===- Run.cpp - Arguments of sinter run ----------------------------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

#include <cmath>

namespace sinter {

namespace {

/// What CLI11 cannot check.
Status checkRanges(const RunOptions &run) {
  auto refuse = [](const char *option, const char *wanted, double found) {
    return Error{ErrorCode::BadArgument, std::string("sinter run ") + option,
                 wanted, std::to_string(found), "see sinter run --help"};
  };
  if (!std::isfinite(run.temperature) || run.temperature < 0) {
    return refuse("--temperature", "a finite number from 0", run.temperature);
  }
  if (!(run.topP > 0 && run.topP <= 1)) {
    return refuse("--top-p", "a number over 0 and up to 1", run.topP);
  }
  return Status::success();
}

/// One of --prompt, --chat, --messages, --ids, --prompt-file.
Status checkInput(const RunOptions &run) {
  const int given = !run.promptFile.empty() + run.prompt.has_value() +
                    run.chat.has_value() + run.messages.has_value() +
                    run.ids.has_value();
  if (given == 1) {
    return Status::success();
  }
  return Error{
      given == 0 ? ErrorCode::MissingArgument : ErrorCode::ConflictingArguments,
      "sinter run", "one of --prompt, --chat, --messages, --ids, --prompt-file",
      given == 0 ? "none" : std::to_string(given) + " of them",
      "see sinter run --help"};
}

} // namespace

Take defineRun(CLI::App &app) {
  auto into = std::make_shared<RunOptions>();
  CLI::App *sub = app.add_subcommand(
      "run", "Generate text with a plan, or with a model compiled on the way");
  addModel(sub, into->model, modelOrPlanHelp);
  const char *input = "Input (one of them is needed)";
  addOptional(sub, "--prompt", into->prompt, "Continue this text")
      ->type_name("TEXT")
      ->group(input);
  addOptional(sub, "--chat", into->chat, "Answer this user message")
      ->type_name("TEXT")
      ->group(input);
  addOptional(sub, "--messages", into->messages,
              "Answer a conversation: JSON list of {role, content}")
      ->type_name("FILE")
      ->group(input);
  addParsed(sub, "--ids", into->ids, parseIds,
            "Continue these token ids; no tokenizer is needed")
      ->type_name("1,2,3")
      ->group(input);
  CLI::Option *file =
      sub->add_option(
             "--prompt-file", into->promptFile,
             "Continue many texts at once: a JSON object per line with "
             "prompt, chat or ids, and perhaps count; prints one each")
          ->type_name("FILE")
          ->group(input);

  addOptional(sub, "-n,--count", into->count,
              "Generate at most this many tokens (default: 320, or what the KV "
              "cache has room for)")
      ->type_name("N")
      ->check(within(1, 1u << 30));
  addDevice(sub, into->device);
  addWords<bool>(sub, "--format", into->json, {{"text", false}, {"json", true}},
                 "text streams; json prints prompt_ids, ids, text and "
                 "stopped_by at the end (default: text)");
  sub->add_flag("--ignore-eos", into->ignoreEos,
                "Go on after an end token, up to the count");
  CLI::Option *unchecked = sub->add_flag(
      "--unchecked", into->unchecked,
      "Run the host device without its checks and counts: faster");
  sub->add_flag("--interpreter", into->interpreter,
                "Use the reference interpreter in place of kernels")
      ->excludes(unchecked)
      ->excludes(file);
  addThinking(sub, into->enableThinking);
  sub->add_option("--temperature", into->temperature,
                  "Sample at this temperature; 0 is greedy")
      ->type_name("T")
      ->capture_default_str();
  sub->add_option("--top-k", into->topK,
                  "Sample from the K best tokens; 0 is no limit")
      ->type_name("K")
      ->capture_default_str();
  sub->add_option("--top-p", into->topP,
                  "Sample from the best tokens that hold this probability")
      ->type_name("P")
      ->capture_default_str();
  addShape(sub, into->model);
  addChunks(sub, into->model);
  addTarget(sub, into->model);
  addDecisions(sub, into->asked);
  addSeed(sub, into->model,
          "Seed of the sampling, and of the random weights of --config-only");
  sub->add_option("--model", into->checkpoint,
                  "Checkpoint with the weights of a plan (default: where it "
                  "was compiled from)")
      ->type_name("DIR");
  sub->footer("Examples:\n"
              "  sinter run tales.plan --chat 'What is a fusion?'\n"
              "  sinter run tales.plan --prompt 'Once upon a time' -n 100\n"
              "  sinter run CHECKPOINT --ids 1,2,3 -n 8 --format json");
  return [into]() -> Result<AnyOptions> {
    SINTER_TRY(checkInput(*into));
    SINTER_TRY(checkRanges(*into));
    return AnyOptions(*into);
  };
}

} // namespace sinter
