//===- ChunkEntry.h - An entry of many tokens of one sequence ---*- C++ -*-===//
//
// Entries of the phases prefill and verify. Fewer tokens than the entry has are
// padded behind their end: padding writes positions of the cache that no token
// attends before its own step has written them.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_CHUNKENTRY_H
#define SINTER_RUNTIME_CHUNKENTRY_H

#include "runtime/Session.h"

#include <span>
#include <string>
#include <vector>

namespace sinter {

class ChunkEntry {
public:
  /// Those of `phase` with one sequence and the cache of `decode`, by tokens,
  /// ascending.
  static std::vector<size_t> find(const format::Plan &plan,
                                  const format::Entry &decode,
                                  std::string_view phase);

  /// For `sequences` of the caches; none: it is only written. `session` must
  /// outlive it; no later call allocates on the device. Errors: those of
  /// prepareProgram.
  static Result<ChunkEntry> create(Session &session, size_t entry,
                                   uint32_t sequences);

  uint32_t tokens() const { return planned().workload.tokens; }

  /// Sets the inputs to `ids`, 1 to tokens() of them, from `position` on.
  /// Errors: those of the device.
  Status write(std::span<const int32_t> ids, uint32_t position);
  /// The same, then the step for one of the sequences.
  Status run(std::span<const int32_t> ids, uint32_t position,
             uint32_t sequence);
  /// The same of a paged plan; `line` is the sequence's of the page table, also
  /// for what pads the chunk.
  Status run(std::span<const int32_t> ids, uint32_t position,
             std::span<const int32_t> line);

  /// The value of an output; empty if there is none.
  std::string output(std::string_view role) const;
  /// Whether what a step needs is among the inputs.
  bool complete() const { return !ids.empty() && !positions.empty(); }

private:
  ChunkEntry(Session &session, size_t entry)
      : session(&session), entry(entry) {}
  const format::Entry &planned() const {
    return session->plan().entries[entry];
  }

  Session *session;
  size_t entry;
  std::string ids, positions;
  std::string rows;                ///< empty: the entry has no such input
  std::string pages;               ///< empty: the cache is contiguous
  std::vector<ProgramId> programs; ///< by sequence; of pages one
  std::vector<int32_t> numbers;    ///< of one input
};

} // namespace sinter

#endif // SINTER_RUNTIME_CHUNKENTRY_H
