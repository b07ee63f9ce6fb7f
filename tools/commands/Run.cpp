//===- Run.cpp - sinter run -----------------------------------------------===//

#include "runtime/format/PlanFiles.h"
#include "runtime/format/StrictJson.h"
#include "tools/Commands.h"
#include "tools/Compile.h"
#include "tools/Console.h"
#include "tools/Generate.h"
#include "tools/GenerateBatch.h"
#include "tools/InterpreterEngine.h"
#include "tools/Model.h"
#include "tools/OpenPlan.h"
#include "tools/PlanEngine.h"
#include "tools/Prompt.h"
#include "tools/PromptFile.h"
#include "tools/TextResult.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace sinter {

namespace {

void sayRate(size_t prompt, size_t tokens, double seconds) {
  char line[128];
  std::snprintf(line, sizeof line,
                "%zu prompt tokens, %zu new tokens, %.2f s, %.1f tokens/s",
                prompt, tokens, seconds,
                static_cast<double>(prompt + tokens - 1) / seconds);
  note(line);
}

/// Text comes as the tokens do; ids, where there is no tokenizer, on one line.
class TextOutput {
public:
  explicit TextOutput(const Prompt &prompt) {
    if (prompt.tokenizer) {
      decoder.emplace(*prompt.tokenizer, /*skipSpecial=*/true);
    }
  }
  Status token(int32_t id) {
    if (decoder) {
      return write(decoder->step(id));
    }
    return write((written ? "," : "") + std::to_string(id));
  }
  Status end() {
    if (decoder) {
      SINTER_TRY(write(decoder->flush()));
    }
    return writeOut("\n");
  }

private:
  Status write(const std::string &text) {
    written = written || !text.empty();
    return text.empty() ? Status::success() : writeOut(text);
  }
  std::optional<StreamDecoder> decoder;
  bool written = false;
};

Status generateAndPrint(const RunOptions &options, const Prompt &prompt,
                        StepEngine &engine) {
  const uint32_t count =
      tokenCount(options, engine.capacity(), prompt.ids.size());
  if (!options.count && count < defaultCount) {
    note("the KV cache has room for " + std::to_string(count) + " new tokens");
  }
  const GenerateRequest request =
      requestOf(options, prompt, count, engine.vocabSize());
  TextOutput output(prompt);
  auto start = std::chrono::steady_clock::now();
  SINTER_ASSIGN(Generated generated, generate(engine, request, [&](int32_t id) {
                  return options.json ? Status::success() : output.token(id);
                }));
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  SINTER_TRY(options.json ? writeOut(jsonResult(prompt, generated))
                          : output.end());
  sayRate(prompt.ids.size(), generated.ids.size(), seconds);
  return Status::success();
}

/// What runs: a plan, or with --interpreter a config.
struct Source {
  std::string directory; ///< of tokenizer and end tokens; may be empty
  std::unique_ptr<WeightSource> weights;
  PlanArtifact artifact;
  ModelConfig config;    ///< with --interpreter
  uint32_t capacity = 0; ///< with --interpreter
};

Result<Source> planSource(const RunOptions &options, const Device *device) {
  if (options.interpreter) {
    return Error{ErrorCode::ConflictingArguments, "sinter run --interpreter",
                 "a checkpoint, whose ops are interpreted", "a plan",
                 "name the checkpoint that the plan was compiled from"};
  }
  SINTER_ASSIGN(OpenedPlan opened, openPlan(options.model, options.asked,
                                            options.checkpoint, *device));
  Source source;
  source.artifact = std::move(opened.artifact);
  source.directory = std::move(opened.checkpoint.directory);
  source.weights = std::move(opened.checkpoint.weights);
  return source;
}

Result<Source> modelSource(const RunOptions &options) {
  SINTER_ASSIGN(Model model, loadModel(options.model));
  Source source;
  if (options.interpreter) {
    SINTER_ASSIGN(Workload workload,
                  workloadOf(options.model, model.source.config));
    source.config = model.source.config;
    source.capacity = static_cast<uint32_t>(workload.maxContext);
  } else {
    SINTER_ASSIGN(source.artifact,
                  compileFor(options.model, options.asked, model));
  }
  source.directory = model.source.directory;
  source.weights = std::move(model.weights);
  return source;
}

Result<std::unique_ptr<StepEngine>> openEngine(const RunOptions &options,
                                               Source &source,
                                               std::unique_ptr<Device> device) {
  if (options.interpreter) {
    note("reference interpreter");
    SINTER_ASSIGN(auto engine,
                  InterpreterEngine::create(source.config, *source.weights,
                                            source.capacity));
    return std::unique_ptr<StepEngine>(std::move(engine));
  }
  SINTER_ASSIGN(
      auto engine,
      PlanEngine::create(source.artifact, *source.weights, std::move(device)));
  return std::unique_ptr<StepEngine>(std::move(engine));
}

/// The prompt of a line, and how many tokens follow it at most.
Result<GenerateRequest> requestOfLine(const RunOptions &options,
                                      const PromptLine &line,
                                      const Sequences &sequences,
                                      PromptMaker &maker, Prompt &prompt) {
  RunOptions one = options;
  one.prompt = line.prompt;
  one.chat = line.chat;
  one.ids = line.ids;
  one.count = line.count ? line.count : options.count;
  SINTER_ASSIGN(prompt, maker.make(one));
  return requestOf(one, prompt,
                   tokenCount(one, sequences.capacity(), prompt.ids.size()),
                   sequences.vocabSize());
}

/// Prints a line per text, in the order of the file; a text that could not be
/// is its error, and the first such one is the command's.
Status printTexts(const std::vector<Prompt> &prompts,
                  const std::vector<BatchText> &texts) {
  Status first = Status::success();
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].error) {
      SINTER_TRY(writeOut(jsonResult(prompts[i], texts[i].generated)));
      continue;
    }
    JsonWriter writer;
    writer.beginObject(JsonWriter::Line::One);
    writer.key("error");
    writer.value(texts[i].error->message());
    writer.endObject();
    SINTER_TRY(writeOut(writer.take()));
    if (first) {
      Error error = *texts[i].error;
      error.object = "text " + std::to_string(i + 1) + ": " + error.object;
      first = std::move(error);
    }
  }
  return first;
}

Status runPromptFile(const RunOptions &options, Source &source,
                     std::unique_ptr<Device> device) {
  SINTER_ASSIGN(std::vector<PromptLine> lines,
                readPromptFile(options.promptFile));
  SINTER_ASSIGN(size_t entry, decodeEntry(source.artifact.plan,
                                          /*severalSequences=*/true));
  SINTER_ASSIGN(std::unique_ptr<Session> session,
                Session::prepare(source.artifact, *source.weights, *device));
  SINTER_ASSIGN(Sequences sequences, Sequences::create(*session, entry));
  PromptMaker maker(source.directory);
  std::vector<Prompt> prompts(lines.size());
  std::vector<GenerateRequest> requests;
  for (size_t i = 0; i < lines.size(); ++i) {
    SINTER_ASSIGN(
        GenerateRequest request,
        requestOfLine(options, lines[i], sequences, maker, prompts[i]));
    requests.push_back(std::move(request));
  }
  auto start = std::chrono::steady_clock::now();
  SINTER_ASSIGN(std::vector<BatchText> texts,
                generateBatch(sequences, requests));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  Status status = printTexts(prompts, texts);
  size_t prompted = 0;
  size_t made = 0;
  size_t reused = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    prompted += texts[i].error ? 0 : prompts[i].ids.size();
    made += texts[i].generated.ids.size();
    reused += texts[i].reused;
  }
  if (reused != 0) {
    note(std::to_string(reused) + " of " + std::to_string(prompted) +
         " prompt tokens taken from texts that begin alike");
  }
  sayRate(prompted, made, seconds);
  return status;
}

} // namespace

Status runCommand(const RunOptions &options) {
  std::unique_ptr<Device> device;
  if (!options.interpreter) {
    SINTER_ASSIGN(device, chooseDevice(options.device, options.unchecked));
  }
  SINTER_ASSIGN(Source source, isPlanDirectory(options.model.model)
                                   ? planSource(options, device.get())
                                   : modelSource(options));
  if (!options.promptFile.empty()) {
    return runPromptFile(options, source, std::move(device));
  }
  PromptMaker maker(source.directory);
  SINTER_ASSIGN(Prompt prompt, maker.make(options));
  SINTER_ASSIGN(std::unique_ptr<StepEngine> engine,
                openEngine(options, source, std::move(device)));
  return generateAndPrint(options, prompt, *engine);
}

} // namespace sinter
