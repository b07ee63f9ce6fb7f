//===- SequencesFixture.h - A plan that several texts go through *- C++ -*-===//

#ifndef SINTER_TEST_UNIT_PASSES_SEQUENCESFIXTURE_H
#define SINTER_TEST_UNIT_PASSES_SEQUENCESFIXTURE_H

#include "models/config/Tensors.h"
#include "runtime/Sequences.h"
#include "runtime/format/RandomWeights.h"
#include "runtime/host/HostDevice.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

#include <map>

namespace sinter {

inline constexpr int64_t capacity = 40;

/// Of the caches; and whether the host device checks, which takes long.
struct Shape {
  int64_t capacity = sinter::capacity;
  int64_t page = 0;
  int64_t pool = 0;
  bool checked = true;
};

/// A plan with random weights on the host device.
struct Subject {
  explicit Subject(int64_t batch, std::vector<int64_t> prefills = {},
                   const Shape &shape = {}) {
    CompileRequest request;
    Result<ModelSource> source = resolveModel(
        std::string(SINTER_SOURCE_DIR) + "/test/data/checkpoints/qwen3-rand");
    EXPECT_TRUE(source.ok());
    request.source = std::move(*source);
    request.weights.seed = 3;
    request.workload.batch = batch;
    request.workload.context = 12;
    request.workload.maxContext = shape.capacity;
    request.workload.page = shape.page;
    request.workload.pool = shape.pool;
    request.prefills = std::move(prefills);
    Result<PlanArtifact> artifact = compileModel(request);
    EXPECT_TRUE(artifact.ok()) << artifact.error().message();
    host::HostOptions options;
    options.checked = shape.checked;
    options.cacheDirectory = std::string(SINTER_BINARY_DIR) + "/kernel-cache";
    auto made = host::HostDevice::create(options);
    EXPECT_TRUE(made.ok());
    device = std::move(*made);
    RandomWeights weights(3, expectedTensors(request.source.config));
    auto prepared = Session::prepare(*artifact, weights, *device);
    EXPECT_TRUE(prepared.ok()) << prepared.error().message();
    session = std::move(*prepared);
    auto texts = Sequences::create(*session, 0);
    EXPECT_TRUE(texts.ok()) << texts.error().message();
    sequences.emplace(std::move(*texts));
  }

  SequenceId open(const std::vector<int32_t> &prompt) {
    Result<SequenceId> id = sequences->open();
    EXPECT_TRUE(id.ok()) << id.error().message();
    Status status = sequences->feed(*id, prompt);
    EXPECT_TRUE(status.ok()) << status.error().message();
    return *id;
  }

  std::unique_ptr<host::HostDevice> device;
  std::unique_ptr<Session> session;
  std::optional<Sequences> sequences;
};

inline std::vector<int32_t> promptOf(size_t seed, size_t length) {
  std::vector<int32_t> ids(length);
  for (size_t i = 0; i < length; ++i) {
    ids[i] = static_cast<int32_t>((31 * i + 97 * seed + 2) % 1000);
  }
  return ids;
}

/// What a text of `count` new tokens came to.
struct Text {
  std::vector<int32_t> tokens;
  std::vector<std::vector<uint16_t>> logits; ///< behind each
  bool operator==(const Text &) const = default;
};

/// Steps until each of `counts` has as many tokens; closes it then.
inline std::map<SequenceId, Text> run(Sequences &sequences,
                                      std::map<SequenceId, size_t> counts) {
  std::map<SequenceId, Text> texts;
  while (sequences.waiting()) {
    auto choices = sequences.step();
    EXPECT_TRUE(choices.ok()) << choices.error().message();
    for (const Sequences::Choice &choice : *choices) {
      Text &text = texts[choice.sequence];
      auto logits = sequences.logits(choice.sequence);
      EXPECT_TRUE(logits.ok()) << logits.error().message();
      text.logits.push_back(*logits);
      text.tokens.push_back(choice.token);
      Status next =
          text.tokens.size() == counts.at(choice.sequence)
              ? sequences.close(choice.sequence)
              : sequences.feed(choice.sequence, std::span(&choice.token, 1));
      EXPECT_TRUE(next.ok()) << next.error().message();
    }
  }
  return texts;
}

inline Text alone(Subject &subject, const std::vector<int32_t> &prompt,
                  size_t count) {
  const SequenceId id = subject.open(prompt);
  return run(*subject.sequences, {{id, count}})[id];
}

} // namespace sinter

#endif // SINTER_TEST_UNIT_PASSES_SEQUENCESFIXTURE_H
