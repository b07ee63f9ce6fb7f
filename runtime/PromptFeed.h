//===- PromptFeed.h - A prompt through the entries of a plan ----*- C++ -*-===//
//
// Prompts go in chunk by chunk: each through the prefill entry that chunkTokens
// names, single tokens through the decode entry. The padding of a chunk is
// dropped before the head.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_PROMPTFEED_H
#define SINTER_RUNTIME_PROMPTFEED_H

#include "runtime/ChunkEntry.h"

#include <vector>

namespace sinter {

class PromptFeed {
public:
  /// For a decode entry. Chunks go through the prefill entries of one sequence
  /// and of its capacity; none is needed. `session` must outlive the feed, no
  /// later call allocates. SIN2520: the entry does not take one token of each
  /// sequence, or lacks ids or positions; errors of the device.
  static Result<PromptFeed> create(Session &session, size_t decode);

  /// Tokens of the steps that may be taken, ascending, from 1: the decode
  /// entry's.
  std::span<const uint32_t> sizes() const { return tokens; }

  /// Feeds `ids` of the only sequence from `position` on; the outputs of the
  /// decode entry are then those of the last of them. SIN2701: no ids. SIN2702:
  /// an id outside the vocabulary. SIN2703: more positions than the cache has.
  /// After these nothing has run; else errors of the device.
  Status feed(std::span<const int32_t> ids, uint32_t position);

  /// One step of `rows` tokens, of sizes() and not 1, for at most as many ids
  /// of a sequence; all in the vocabulary, and rows within the capacity. Of a
  /// paged plan `line` is the sequence's of the page table, also for what pads
  /// the chunk; empty: as prepare() left it. Errors are those of the device.
  Status chunk(std::span<const int32_t> ids, uint32_t position, uint32_t rows,
               uint32_t sequence, std::span<const int32_t> line = {});

private:
  PromptFeed(Session &session, size_t decode)
      : session(&session), decode(decode) {}

  Session *session;
  size_t decode;                   ///< entry
  std::vector<ChunkEntry> buckets; ///< the first is the decode entry's
  std::vector<uint32_t> tokens;    ///< of the buckets
};

} // namespace sinter

#endif // SINTER_RUNTIME_PROMPTFEED_H
