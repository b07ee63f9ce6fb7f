//===- PromptFeed.cpp - A prompt through the entries of a plan ------------===//

#include "runtime/PromptFeed.h"

#include "runtime/format/Bindings.h"
#include "runtime/format/Prompts.h"

#include <algorithm>

namespace sinter {

using namespace format;

namespace {

/// May chunks of a sequence of `decode` go through `entry`? Where there is one
/// sequence, both have the same outputs.
bool prefills(const Entry &entry, const Entry &decode) {
  return entry.workload.phase == "prefill" && entry.workload.batch == 1 &&
         entry.workload.maxContext == decode.workload.maxContext &&
         (decode.workload.batch != 1 || entry.outputs == decode.outputs);
}

} // namespace

Result<PromptFeed> PromptFeed::create(Session &session, size_t decode) {
  const std::vector<Entry> &entries = session.plan().entries;
  const Entry &planned = entries[decode];
  PromptFeed feed(session, decode);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (prefills(entries[i], planned)) {
      chosen.push_back(i);
    }
  }
  std::sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) {
    return std::pair(entries[a].workload.tokens, a) <
           std::pair(entries[b].workload.tokens, b);
  });
  chosen.insert(chosen.begin(), decode);
  for (size_t entry : chosen) {
    const std::vector<Binding> &inputs = entries[entry].inputs;
    Bucket bucket;
    bucket.entry = entry;
    bucket.ids = boundValue(inputs, "ids");
    bucket.positions = boundValue(inputs, "positions");
    if (entry != decode) {
      bucket.rows = boundValue(inputs, "rows");
      for (uint32_t s = 0; s < planned.workload.batch; ++s) {
        SINTER_ASSIGN(ProgramId program,
                      session.prepareProgram(entry, entries[entry].mode,
                                             {.sequence = s}));
        bucket.programs.push_back(program);
      }
    }
    feed.tokens.push_back(entries[entry].workload.tokens);
    feed.buckets.push_back(std::move(bucket));
  }
  if (planned.workload.tokens != 1 || feed.buckets[0].ids.empty() ||
      feed.buckets[0].positions.empty()) {
    return Error{ErrorCode::PlanLacks, "entry " + planned.name,
                 "a step of one token of each sequence, with ids and positions",
                 std::to_string(planned.workload.tokens) + " tokens, " +
                     std::to_string(planned.inputs.size()) + " inputs",
                 "compile the plan again"};
  }
  feed.numbers.reserve(feed.tokens.back());
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
      SINTER_TRY(writeInputs(buckets[0], ids.first(1), position, 1));
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
                         uint32_t rows, uint32_t sequence) {
  const auto at = std::find(tokens.begin() + 1, tokens.end(), rows);
  const Bucket &bucket = buckets[static_cast<size_t>(at - tokens.begin())];
  SINTER_TRY(writeInputs(bucket, ids, position, rows));
  return session->device().run(bucket.programs[sequence]);
}

Status PromptFeed::writeInputs(const Bucket &bucket,
                               std::span<const int32_t> ids, uint32_t position,
                               uint32_t rows) {
  auto write = [&](const std::string &value) {
    return session->write(value, std::as_bytes(std::span(numbers)));
  };
  numbers.assign(ids.begin(), ids.end());
  numbers.resize(rows, ids.back()); // any id of the vocabulary
  SINTER_TRY(write(bucket.ids));
  for (uint32_t row = 0; row < rows; ++row) {
    numbers[row] = static_cast<int32_t>(position + row);
  }
  SINTER_TRY(write(bucket.positions));
  if (bucket.rows.empty()) {
    return Status::success();
  }
  numbers.assign(1, static_cast<int32_t>(ids.size() - 1));
  return write(bucket.rows);
}

} // namespace sinter
