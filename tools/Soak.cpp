//===- Soak.cpp - Many tokens, twice --------------------------------------===//

#include "tools/Soak.h"

#include "runtime/format/Sha256.h"

#include <algorithm>

namespace sinter {

Result<SoakRun> soak(StepEngine &engine, uint32_t count) {
  SoakRun run;
  std::string ids;
  while (run.tokens < count) {
    // Lengths between a quarter and the whole of the cache.
    const uint64_t quarter = std::max<uint32_t>(engine.capacity() / 4, 1);
    const uint64_t length = quarter * (run.sequences % 4 + 1);
    GenerateRequest request;
    request.prompt = {
        static_cast<int32_t>((1 + 7 * run.sequences) % engine.vocabSize())};
    request.count = static_cast<uint32_t>(std::min<uint64_t>(
        {length, engine.capacity() - 1, count - run.tokens}));
    SINTER_ASSIGN(Generated generated, generate(engine, request, [](int32_t) {
                    return Status::success();
                  }));
    for (int32_t id : generated.ids) {
      ids += std::to_string(id) + " ";
    }
    if (generated.ids.empty()) {
      return Error{ErrorCode::ContextExceeded, "soak",
                   "room for a token after the first", "none",
                   "compile with a larger --max-context"};
    }
    run.tokens += generated.ids.size();
    ++run.sequences;
  }
  run.digest = sha256Hex(ids);
  return run;
}

Result<SoakRun> soakTwice(StepEngine &engine, uint32_t count,
                          const std::function<Result<uint64_t>()> &freeBytes) {
  SINTER_ASSIGN(SoakRun first, soak(engine, count));
  uint64_t before = 0;
  if (freeBytes) {
    SINTER_ASSIGN(before, freeBytes());
  }
  SINTER_ASSIGN(SoakRun second, soak(engine, count));
  if (first.digest != second.digest) {
    return Error{ErrorCode::VerifyMismatch,
                 "soak of " + std::to_string(count) + " tokens",
                 "the tokens of the first run, SHA-256 " + first.digest,
                 second.digest, "please report this with the plan"};
  }
  if (freeBytes) {
    SINTER_ASSIGN(const uint64_t after, freeBytes());
    if (after < before) {
      return Error{ErrorCode::VerifyMismatch,
                   "soak of " + std::to_string(count) + " tokens",
                   "no memory of the GPU taken by the second run",
                   std::to_string(before - after) + " bytes",
                   "see whether something else uses the GPU; else report it"};
    }
  }
  return second;
}

} // namespace sinter
