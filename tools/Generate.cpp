//===- Generate.cpp - The token loop --------------------------------------===//

#include "tools/Generate.h"

#include "runtime/format/Prompts.h"

#include <algorithm>
#include <string>

namespace sinter {

Status checkRequest(const GenerateRequest &request, uint32_t vocabSize,
                    uint32_t capacity) {
  SINTER_TRY(request.sampling.check());
  SINTER_TRY(checkPrompt(request.prompt, vocabSize));
  // The last new token is not fed back, so it needs no row.
  uint64_t rows = uint64_t{request.prompt.size()} + request.count - 1;
  if (rows > capacity) {
    return Error{ErrorCode::ContextExceeded, "prompt and new tokens",
                 "at most " + std::to_string(capacity) +
                     " positions (--max-context)",
                 std::to_string(request.prompt.size()) + " + " +
                     std::to_string(request.count),
                 "ask for fewer tokens (-n) or compile with a larger "
                 "--max-context"};
  }
  return Status::success();
}

static bool mayNotShow(const GenerateRequest &request, int32_t id) {
  return request.sampling.limit &&
         static_cast<uint32_t>(id) >= *request.sampling.limit;
}

Result<int32_t>
chooseToken(const GenerateRequest &request, int32_t greedy, uint32_t position,
            const std::function<Result<std::vector<float>>()> &logits) {
  // The device's own choice stands if it is greedy and may be shown.
  if (request.sampling.temperature == 0 && !mayNotShow(request, greedy)) {
    return greedy;
  }
  SINTER_ASSIGN(std::vector<float> all, logits());
  SINTER_ASSIGN(uint32_t drawn,
                sampleToken(all, request.seed, position, request.sampling));
  return static_cast<int32_t>(drawn);
}

Result<int32_t> StepEngine::prompt(std::span<const int32_t> ids,
                                   uint32_t position) {
  int32_t next = 0;
  for (int32_t id : ids) {
    SINTER_ASSIGN(next, step(id, position++));
  }
  return next;
}

Result<Generated> generate(StepEngine &engine, const GenerateRequest &request,
                           const OnToken &onToken) {
  SINTER_TRY(checkRequest(request, engine.vocabSize(), engine.capacity()));
  Generated result;
  SINTER_ASSIGN(int32_t next, engine.prompt(request.prompt, 0));
  auto position = static_cast<uint32_t>(request.prompt.size());
  const bool greedy = request.sampling.temperature == 0 && engine.feedsItself();
  bool running = false; // the engine feeds itself
  while (true) {
    SINTER_ASSIGN(next, chooseToken(request, next, position - 1,
                                    [&] { return engine.logits(); }));
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
    if (mayNotShow(request, next)) {
      // Steps ahead have replaced the logits: once more, by itself.
      SINTER_ASSIGN(next, engine.step(fed, position - 1));
      running = false;
    }
  }
}

} // namespace sinter
