//===- PlanEngine.h - Decode steps by generated kernels ---------*- C++ -*-===//

#ifndef SINTER_TOOLS_PLANENGINE_H
#define SINTER_TOOLS_PLANENGINE_H

#include "runtime/PromptFeed.h"
#include "runtime/Session.h"
#include "runtime/TokenLoop.h"
#include "tools/Generate.h"
#include "tools/Options.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// The device that runs the kernels; its choice, if made here, is said on
/// stderr. Errors: those of openDevice.
Result<std::unique_ptr<Device>>
chooseDevice(const std::optional<DeviceKind> &kind, bool unchecked);

/// The first decode entry of a plan that the loops can feed; unless
/// `severalSequences`, of one sequence. SIN2707: there is none.
Result<size_t> decodeEntry(const format::Plan &plan, bool severalSequences);

/// The decode entry of a plan, at batch 1, through a session.
class PlanEngine : public StepEngine {
public:
  /// Compiles or fetches the kernels and loads the weights; progress on a
  /// terminal. Errors: SIN2707 an entry that is no decode step of one sequence;
  /// those of Session::prepare.
  static Result<std::unique_ptr<PlanEngine>>
  create(const PlanArtifact &artifact, const WeightSource &weights,
         std::unique_ptr<Device> device);

  uint32_t capacity() const override { return entry().workload.maxContext; }
  uint32_t vocabSize() const override {
    return session->plan().model.vocabSize;
  }
  Result<int32_t> step(int32_t id, uint32_t position) override;
  /// Through the prefill entries, if the plan has any; without the hook.
  Result<int32_t> prompt(std::span<const int32_t> ids,
                         uint32_t position) override;
  Result<std::vector<float>> logits() override;
  bool feedsItself() const override { return loop != nullptr; }
  Status beginGreedy(int32_t id, uint32_t position, uint32_t count,
                     std::span<const int32_t> stopIds) override {
    return loop->begin(id, position, count, stopIds);
  }
  Result<int32_t> greedy() override { return loop->next(); }

  const format::Plan &plan() const { return session->plan(); }
  const format::Entry &entry() const { return plan().entries[entryIndex]; }
  Session &state() { return *session; }
  /// Called after each launch from now on.
  void setHook(StepHook newHook) { hook = std::move(newHook); }

private:
  Result<int32_t> readToken();

  std::unique_ptr<Device> device;
  std::unique_ptr<Session> session;
  std::unique_ptr<TokenLoop> loop; ///< where the entry has an advance step
  std::optional<PromptFeed> feed;
  size_t entryIndex = 0;
  StepHook hook;
  // Values of the plan that the loop reads and writes.
  std::string ids, positions, token, logitsValue;
};

/// bf16 numbers as singles.
std::vector<float> widenBf16(std::span<const uint16_t> bits);

} // namespace sinter

#endif // SINTER_TOOLS_PLANENGINE_H
