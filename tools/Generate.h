//===- Generate.h - The token loop ------------------------------*- C++ -*-===//
//
// One loop for the generated kernels and for the reference interpreter: the
// prompt goes in, then each new token is fed back.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_GENERATE_H
#define SINTER_TOOLS_GENERATE_H

#include "runtime/format/Sampling.h"
#include "runtime/format/Status.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace sinter {

/// What runs one decode step at batch 1 and keeps the KV cache.
class StepEngine {
public:
  virtual ~StepEngine() = default;
  /// Rows of the KV cache.
  virtual uint32_t capacity() const = 0;
  /// Ids are below this.
  virtual uint32_t vocabSize() const = 0;
  /// Feeds `id` at `position`; the largest logit's id, the lowest at ties.
  virtual Result<int32_t> step(int32_t id, uint32_t position) = 0;
  /// Feeds the ids of a prompt (one or more) from `position` on; as step() of
  /// the last of them.
  virtual Result<int32_t> prompt(std::span<const int32_t> ids,
                                 uint32_t position);
  /// Can greedy steps follow each other without the host between them?
  virtual bool feedsItself() const { return false; }
  /// The next greedy() is of `id` at `position`; `count` of them at most, none
  /// after one of `stopIds`. Only if feedsItself(), as greedy().
  virtual Status beginGreedy(int32_t /*id*/, uint32_t /*position*/,
                             uint32_t /*count*/,
                             std::span<const int32_t> /*stopIds*/) {
    return Status::success();
  }
  /// The largest logit's id of the next step, which feeds the id before it.
  virtual Result<int32_t> greedy() { return step(0, 0); }
  /// Logits of the last step, as wide as the vocabulary.
  virtual Result<std::vector<float>> logits() = 0;
};

struct GenerateRequest {
  std::vector<int32_t> prompt;
  uint32_t count = 0; ///< new tokens at most
  std::vector<int32_t> stopIds;
  SamplingOptions sampling; ///< with `limit`: ids that a text can hold
  uint64_t seed = 0;
};

struct Generated {
  std::vector<int32_t> ids;         ///< with the end token, if one came
  std::optional<int32_t> stoppedBy; ///< the end token
};

/// SIN2701 no prompt, SIN2702 an id outside the vocabulary, SIN2703 prompt and
/// count together need more positions than `capacity`; a bad sampling option.
Status checkRequest(const GenerateRequest &request, uint32_t vocabSize,
                    uint32_t capacity);

/// The next id behind `position`: `greedy`, the largest logit's, if that is
/// asked for and may be shown, else one that is drawn from `logits`. Errors are
/// those of `logits` and of sampleToken.
Result<int32_t>
chooseToken(const GenerateRequest &request, int32_t greedy, uint32_t position,
            const std::function<Result<std::vector<float>>()> &logits);

/// Called with each new id but the end token; an error ends the loop.
using OnToken = std::function<Status(int32_t id)>;

/// Errors: those of checkRequest and of the engine.
Result<Generated> generate(StepEngine &engine, const GenerateRequest &request,
                           const OnToken &onToken);

} // namespace sinter

#endif // SINTER_TOOLS_GENERATE_H
