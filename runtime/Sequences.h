//===- Sequences.h - Several texts through one plan -------------*- C++ -*-===//
//
//   auto plan = loadPlan("model.plan");                    // batch 4
//   auto session = Session::prepare(*plan, weights, device);
//   auto texts = Sequences::create(**session, (*session)->findEntry("decode"));
//   auto a = texts->open();
//   texts->feed(*a, prompt);
//   while (texts->waiting()) {
//     auto chosen = texts->step(); // behind each text whose ids have all run
//     for (const Sequences::Choice &next : *chosen) {
//       texts->feed(next.sequence, {&next.token, 1}); // or texts->close()
//     }
//   }
//
// Each step is one of the batch: a sequence that waits for nothing repeats its
// last token at its position, which changes nothing. Prompts go ahead of it
// chunk by chunk, through the prefill entries. A sequence's results do not
// depend on what the others do.
//
// Tokens that were guessed are verified at once, and those rejected taken back:
//
//   auto behind = texts->verify(*a, guessed); // a choice behind each
//   texts->truncate(*a, length);
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_SEQUENCES_H
#define SINTER_RUNTIME_SEQUENCES_H

#include "runtime/PromptFeed.h"

#include <deque>
#include <optional>
#include <vector>

namespace sinter {

/// Of an open sequence; never used twice.
enum class SequenceId : uint64_t {};

class Sequences {
public:
  /// The greedy choice behind the last id fed.
  struct Choice {
    SequenceId sequence;
    int32_t token;
  };

  /// For a decode entry of one or more sequences; `session` must outlive this.
  /// No later call allocates on the device. SIN2520: the entry takes no single
  /// tokens, or lacks ids, positions, token or logits.
  static Result<Sequences> create(Session &session, size_t decode);

  /// Sequences that may be open at once.
  uint32_t most() const { return static_cast<uint32_t>(slots.size()); }
  /// Positions of each.
  uint32_t capacity() const;
  /// Ids are below this.
  uint32_t vocabSize() const { return session->plan().model.vocabSize; }

  /// An empty sequence. SIN2709: all are open.
  Result<SequenceId> open();
  /// Its place is free for another. SIN2710: it is not open.
  Status close(SequenceId sequence);

  /// Ids that follow what it has; steps take them. After an error nothing is
  /// fed. SIN2710: it is not open; SIN2701: no ids; SIN2702: an id outside the
  /// vocabulary; SIN2703: more positions than the cache has.
  Status feed(SequenceId sequence, std::span<const int32_t> ids);
  /// Ids that it has been fed. SIN2710.
  Result<uint32_t> length(SequenceId sequence) const;

  /// Whether a sequence has ids that no step has taken.
  bool waiting() const;
  /// Runs the next ids of every sequence that has any: a chunk of each long
  /// prompt, then one step of the batch. Returns those that it left without, in
  /// the order of opening. Errors: those of the device.
  Result<std::vector<Choice>> step();

  /// bf16, behind the last id that a step took. SIN2710: not open; SIN2520: it
  /// has none, or ids that wait, or was verified or truncated since.
  Result<std::vector<uint16_t>> logits(SequenceId sequence);

  /// Runs `ids` behind what the sequence has in one step of the smallest verify
  /// entry that takes as many, and returns the greedy choice behind each. They
  /// are its ids from then on. After an error nothing has changed. SIN2710: not
  /// open; SIN2701: no ids; SIN2702: an id outside the vocabulary; SIN2520: ids
  /// that wait, or no verify entry of as many tokens; SIN2703: the entry's
  /// tokens exceed the cache; else errors of the device.
  Result<std::vector<int32_t>> verify(SequenceId sequence,
                                      std::span<const int32_t> ids);
  /// bf16, behind id number `row` of the last verify() of any sequence.
  /// SIN2731: it had fewer.
  Result<std::vector<uint16_t>> verifiedLogits(size_t row);

  /// Takes back all ids but the first `length`; what they left in the cache is
  /// attended by nobody. SIN2710: not open; SIN2731: it has fewer.
  Status truncate(SequenceId sequence, uint32_t length);

private:
  struct Slot {
    std::optional<SequenceId> open;
    std::deque<int32_t> waiting;
    std::vector<int32_t> ids; ///< in the cache, one a position
    /// A step of the batch took the last of them: repeating it gives the same
    /// bits.
    bool stepped = false;

    uint32_t done() const { return static_cast<uint32_t>(ids.size()); }
  };

  Sequences(Session &session, PromptFeed prefills)
      : session(&session), prefills(std::move(prefills)) {}
  Result<size_t> find(SequenceId sequence) const;
  uint32_t chunkOf(const Slot &slot) const;
  Status runChunk(size_t number);
  Status runBatch(const std::vector<bool> &takesPart);
  Result<std::vector<uint16_t>> readLogits(const std::string &value,
                                           size_t row);

  Session *session;
  PromptFeed prefills;
  std::vector<ChunkEntry> verifies; ///< by tokens, ascending
  size_t entry = 0;
  std::string ids, positions, token, logitsValue; ///< values of the plan
  std::vector<Slot> slots;                        ///< by row of the batch
  uint64_t opened = 0;
  std::vector<int32_t> numbers; ///< ids of a chunk
  std::vector<int32_t> batchIds, batchPositions, tokens;
  std::string verifiedValue; ///< logits of the last verify()
  size_t verifiedRows = 0;   ///< ids that it had
};

} // namespace sinter

#endif // SINTER_RUNTIME_SEQUENCES_H
