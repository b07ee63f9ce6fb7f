//===- PromptFeed.cpp - A prompt through the entries of a plan ------------===//

#include "runtime/PromptFeed.h"

#include "runtime/format/Prompts.h"

#include <algorithm>

namespace sinter {

using namespace format;

Result<PromptFeed> PromptFeed::create(Session &session, size_t decode) {
  const Plan &plan = session.plan();
  const Entry &planned = plan.entries[decode];
  PromptFeed feed(session, decode);
  SINTER_ASSIGN(ChunkEntry step, ChunkEntry::create(session, decode, 0));
  if (planned.workload.tokens != 1 || !step.complete()) {
    return Error{ErrorCode::PlanLacks, "entry " + planned.name,
                 "a step of one token of each sequence, with ids and positions",
                 std::to_string(planned.workload.tokens) + " tokens, " +
                     std::to_string(planned.inputs.size()) + " inputs",
                 "compile the plan again"};
  }
  feed.tokens.push_back(1);
  feed.buckets.push_back(std::move(step));
  const uint32_t batch = planned.workload.batch;
  for (size_t entry : ChunkEntry::find(plan, planned, "prefill")) {
    // The outputs of the only sequence are those of its last chunk.
    if (batch == 1 && plan.entries[entry].outputs != planned.outputs) {
      continue;
    }
    SINTER_ASSIGN(ChunkEntry bucket, ChunkEntry::create(session, entry, batch));
    feed.tokens.push_back(bucket.tokens());
    feed.buckets.push_back(std::move(bucket));
  }
  return feed;
}

Status PromptFeed::feed(std::span<const int32_t> ids, uint32_t position) {
  SINTER_TRY(checkPrompt(ids, session->plan().model.vocabSize));
  const uint32_t capacity = session->plan().entries[decode].workload.maxContext;
  if (position > capacity || ids.size() > capacity - position) {
    return Error{ErrorCode::ContextExceeded,
                 "prompt from position " + std::to_string(position),
                 "at most " + std::to_string(capacity) +
                     " positions (--max-context)",
                 std::to_string(position) + " + " + std::to_string(ids.size()),
                 "give a shorter prompt or compile with a larger "
                 "--max-context"};
  }
  while (!ids.empty()) {
    const uint32_t rows = chunkTokens(tokens, ids.size(), capacity - position);
    const auto used = static_cast<uint32_t>(std::min<size_t>(rows, ids.size()));
    if (rows == 1) {
      SINTER_TRY(buckets[0].write(ids.first(1), position));
      SINTER_TRY(session->run(session->entryFor(decode, position)));
    } else {
      SINTER_TRY(chunk(ids.first(used), position, rows, 0));
    }
    ids = ids.subspan(used);
    position += used;
  }
  return Status::success();
}

Status PromptFeed::chunk(std::span<const int32_t> ids, uint32_t position,
                         uint32_t rows, uint32_t sequence,
                         std::span<const int32_t> line) {
  const auto at = std::find(tokens.begin() + 1, tokens.end(), rows);
  ChunkEntry &bucket = buckets[static_cast<size_t>(at - tokens.begin())];
  return line.empty() ? bucket.run(ids, position, sequence)
                      : bucket.run(ids, position, line);
}

} // namespace sinter
