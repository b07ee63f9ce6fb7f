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
// A conversation goes on by feeding its sequence more. A text that begins as
// another one takes what that has computed:
//
//   auto b = texts->open(*a, 40);       // the first 40 positions of a
//   texts->feed(*b, rest);              // what follows them
//
// In a paged plan (compile --page) the two share whole pages, and only the rows
// behind them are copied; in another one all are. Pages are taken when ids are
// fed or verified.
//
// Tokens that were guessed are verified at once, and those rejected taken back:
//
//   auto behind = texts->verify(*a, guessed); // a choice behind each
//   texts->truncate(*a, length);
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_SEQUENCES_H
#define SINTER_RUNTIME_SEQUENCES_H

#include "runtime/PagePool.h"
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
  /// A sequence that begins with the first `count` positions of `from`, without
  /// computing them; it has logits once more is fed. SIN2709; SIN2710: `from`
  /// is not open; SIN2714: it has not computed so many; SIN2703: no position is
  /// left behind them; SIN2713: no page is.
  Result<SequenceId> open(SequenceId from, uint32_t count);
  /// What an open sequence has in common with the beginning of a text.
  struct Prefix {
    SequenceId sequence;
    uint32_t alike = 0;    ///< ids
    uint32_t computed = 0; ///< of them
  };
  /// The sequence that begins with most of `text`, of those the one that has
  /// computed most; nothing: none begins with its first id.
  std::optional<Prefix> findPrefix(std::span<const int32_t> text) const;
  /// Pages that nobody has; nothing: the plan is not paged.
  std::optional<uint32_t> unusedPages() const;
  // Of a paged plan: positions of a page; pages that an open sequence has.
  uint32_t pageSize() const { return pool->pageSize(); }
  uint32_t pagesOf(SequenceId sequence) const;
  /// Its place is free for another. SIN2710: it is not open.
  Status close(SequenceId sequence);

  /// Ids that follow what it has; steps take them. After an error nothing is
  /// fed. SIN2710: it is not open; SIN2701: no ids; SIN2702: an id outside the
  /// vocabulary; SIN2703: more positions than the cache has; SIN2713: too few
  /// pages are unused.
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
  /// tokens exceed the cache; SIN2713: or the unused pages; else errors of the
  /// device.
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
    uint32_t length() const {
      return done() + static_cast<uint32_t>(waiting.size());
    }
    int32_t idAt(uint32_t i) const {
      return i < done() ? ids[i] : waiting[i - done()];
    }
  };

  Sequences(Session &session, PromptFeed prefills)
      : session(&session), prefills(std::move(prefills)) {}
  Result<size_t> find(SequenceId sequence) const;
  void makePool();
  Status takePrefix(size_t to, size_t from, uint32_t count);
  Status copyRows(uint64_t from, uint64_t to, uint32_t count);
  uint32_t chunkOf(size_t number) const;
  std::span<const int32_t> lineOf(size_t number, uint32_t end);
  Status runChunk(size_t number);
  Status writeTable();
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
  std::optional<PagePool> pool; ///< of a paged plan, by row of the batch
  std::string pages;            ///< value of the table
  uint32_t perSequence = 0;     ///< its entries for each
  bool tableMoved = false;      ///< since it was written
  std::vector<int32_t> table;
  std::string verifiedValue; ///< logits of the last verify()
  size_t verifiedRows = 0;   ///< ids that it had
};

} // namespace sinter

#endif // SINTER_RUNTIME_SEQUENCES_H
