//===- Run.cpp - sinter run -----------------------------------------------===//

#include "runtime/format/PlanFiles.h"
#include "runtime/format/StrictJson.h"
#include "tools/CheckpointMemory.h"
#include "tools/Commands.h"
#include "tools/Compile.h"
#include "tools/Console.h"
#include "tools/Generate.h"
#include "tools/InterpreterEngine.h"
#include "tools/Model.h"
#include "tools/PlanEngine.h"
#include "tools/Prompt.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace sinter {

namespace {

/// Without -n: as long as the recorded completions of the shipped checkpoint.
constexpr uint32_t defaultCount = 320;

/// What -n says, or what fits.
uint32_t tokenCount(const RunOptions &options, const StepEngine &engine,
                    size_t promptLength) {
  if (options.count) {
    return *options.count;
  }
  size_t room =
      engine.capacity() - std::min<size_t>(engine.capacity(), promptLength) + 1;
  if (room < defaultCount) {
    note("the KV cache has room for " + std::to_string(room) + " new tokens");
  }
  return static_cast<uint32_t>(std::min<size_t>(room, defaultCount));
}

/// The ids of a text that ended, without the end token.
std::vector<int32_t> shownIds(const Generated &generated) {
  std::vector<int32_t> ids = generated.ids;
  if (generated.stoppedBy) {
    ids.pop_back();
  }
  return ids;
}

std::string jsonResult(const Prompt &prompt, const Generated &generated) {
  JsonWriter writer;
  auto list = [&](const char *name, const std::vector<int32_t> &ids) {
    writer.key(name);
    writer.beginArray(JsonWriter::Line::One);
    for (int32_t id : ids) {
      writer.value(id);
    }
    writer.endArray();
  };
  writer.beginObject(JsonWriter::Line::One);
  list("prompt_ids", prompt.ids);
  list("ids", generated.ids);
  writer.key("text");
  if (prompt.tokenizer) {
    writer.value(prompt.tokenizer->decode(shownIds(generated), true));
  } else {
    writer.null();
  }
  writer.key("stopped_by");
  if (generated.stoppedBy) {
    writer.value(*generated.stoppedBy);
  } else {
    writer.null();
  }
  writer.endObject();
  return writer.take();
}

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
  GenerateRequest request;
  request.prompt = prompt.ids;
  request.count = tokenCount(options, engine, prompt.ids.size());
  request.stopIds = prompt.endIds;
  request.seed = options.model.seed;
  request.sampling.temperature = options.temperature;
  request.sampling.topK = options.topK;
  request.sampling.topP = options.topP;
  if (prompt.isText) {
    // A vocabulary padded beyond the tokenizer has ids that no text can hold.
    request.sampling.limit = static_cast<uint32_t>(
        std::min<int64_t>(prompt.tokenizer->idLimit(), engine.vocabSize()));
  }
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

Result<Source> openPlan(const RunOptions &options, const Device *device) {
  if (options.interpreter) {
    return Error{ErrorCode::ConflictingArguments, "sinter run --interpreter",
                 "a checkpoint, whose ops are interpreted", "a plan",
                 "name the checkpoint that the plan was compiled from"};
  }
  SINTER_TRY(checkNothingAsked(options.asked, options.model.model));
  Source source;
  SINTER_ASSIGN(source.artifact,
                loadPlan(options.model.model, nullptr, device->binaryArch()));
  SINTER_ASSIGN(PlanCheckpoint found,
                openCheckpointOf(source.artifact.plan, options.checkpoint));
  source.directory = found.directory;
  source.weights = std::move(found.weights);
  return source;
}

Result<Source> openModel(const RunOptions &options) {
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
  SINTER_ASSIGN(auto engine,
                PlanEngine::create(std::move(source.artifact), *source.weights,
                                   std::move(device)));
  return std::unique_ptr<StepEngine>(std::move(engine));
}

} // namespace

Status runCommand(const RunOptions &options) {
  std::unique_ptr<Device> device;
  if (!options.interpreter) {
    SINTER_ASSIGN(device, chooseDevice(options.device, options.unchecked));
  }
  SINTER_ASSIGN(Source source, isPlanDirectory(options.model.model)
                                   ? openPlan(options, device.get())
                                   : openModel(options));
  SINTER_ASSIGN(Prompt prompt, makePrompt(options, source.directory));
  SINTER_ASSIGN(std::unique_ptr<StepEngine> engine,
                openEngine(options, source, std::move(device)));
  return generateAndPrint(options, prompt, *engine);
}

} // namespace sinter
