//===- Generate.cpp - The token loop --------------------------------------===//

#include "tools/Generate.h"

#include <algorithm>
#include <string>

namespace sinter {

namespace {

Status checkRequest(const StepEngine &engine, const GenerateRequest &request) {
  SINTER_TRY(request.sampling.check());
  if (request.prompt.empty()) {
    return Error{ErrorCode::PromptEmpty, "prompt", "at least one token", "none",
                 "give some text or ids"};
  }
  for (size_t i = 0; i < request.prompt.size(); ++i) {
    int32_t id = request.prompt[i];
    if (id < 0 || static_cast<uint32_t>(id) >= engine.vocabSize()) {
      return Error{ErrorCode::TokenOutsideVocabulary,
                   "prompt, token " + std::to_string(i),
                   "an id from 0 to " + std::to_string(engine.vocabSize() - 1),
                   std::to_string(id), "is the tokenizer of another model?"};
    }
  }
  // The last new token is not fed back, so it needs no row.
  uint64_t rows = uint64_t{request.prompt.size()} + request.count - 1;
  if (rows > engine.capacity()) {
    return Error{ErrorCode::ContextExceeded, "prompt and new tokens",
                 "at most " + std::to_string(engine.capacity()) +
                     " positions (--max-context)",
                 std::to_string(request.prompt.size()) + " + " +
                     std::to_string(request.count),
                 "ask for fewer tokens (-n) or compile with a larger "
                 "--max-context"};
  }
  return Status::success();
}

} // namespace

Result<Generated> generate(StepEngine &engine, const GenerateRequest &request,
                           const OnToken &onToken) {
  SINTER_TRY(checkRequest(engine, request));
  Generated result;
  const SamplingOptions &sampling = request.sampling;
  uint32_t position = 0;
  int32_t next = 0;
  for (int32_t id : request.prompt) {
    SINTER_ASSIGN(next, engine.step(id, position++));
  }
  const auto mayNotShow = [&](int32_t id) {
    return sampling.limit && static_cast<uint32_t>(id) >= *sampling.limit;
  };
  const bool greedy = sampling.temperature == 0 && engine.feedsItself();
  bool running = false; // the engine feeds itself
  while (true) {
    // The device's own choice stands if it is greedy and may be shown.
    if (sampling.temperature > 0 || mayNotShow(next)) {
      SINTER_ASSIGN(std::vector<float> logits, engine.logits());
      SINTER_ASSIGN(uint32_t drawn,
                    sampleToken(logits, request.seed, position - 1, sampling));
      next = static_cast<int32_t>(drawn);
    }
    result.ids.push_back(next);
    if (std::find(request.stopIds.begin(), request.stopIds.end(), next) !=
        request.stopIds.end()) {
      result.stoppedBy = next;
      return result;
    }
    SINTER_TRY(onToken(next));
    if (result.ids.size() == request.count) {
      return result;
    }
    const int32_t fed = next;
    if (!greedy) {
      SINTER_ASSIGN(next, engine.step(fed, position++));
      continue;
    }
    if (!running) {
      const auto left =
          static_cast<uint32_t>(request.count - result.ids.size());
      SINTER_TRY(engine.beginGreedy(fed, position, left, request.stopIds));
      running = true;
    }
    SINTER_ASSIGN(next, engine.greedy());
    ++position;
    if (mayNotShow(next)) {
      // Steps ahead have replaced the logits: once more, by itself.
      SINTER_ASSIGN(next, engine.step(fed, position - 1));
      running = false;
    }
  }
}

} // namespace sinter
