//===- Sequences.cpp - Several texts through one plan ---------------------===//

#include "runtime/Sequences.h"

#include "runtime/format/Bindings.h"
#include "runtime/format/Prompts.h"

#include <algorithm>

namespace sinter {

using namespace format;

namespace {

std::string nameOf(SequenceId sequence) {
  return "sequence " + std::to_string(static_cast<uint64_t>(sequence));
}

} // namespace

Result<Sequences> Sequences::create(Session &session, size_t decode) {
  const Entry &planned = session.plan().entries[decode];
  SINTER_ASSIGN(PromptFeed prefills, PromptFeed::create(session, decode));
  Sequences made(session, std::move(prefills));
  made.entry = decode;
  made.ids = boundValue(planned.inputs, "ids");
  made.positions = boundValue(planned.inputs, "positions");
  made.token = boundValue(planned.outputs, "token");
  made.logitsValue = boundValue(planned.outputs, "logits");
  if (made.token.empty() || made.logitsValue.empty()) {
    return Error{ErrorCode::PlanLacks, "entry " + planned.name,
                 "the outputs token and logits",
                 std::to_string(planned.outputs.size()) + " outputs",
                 "compile the plan again"};
  }
  const uint32_t batch = planned.workload.batch;
  made.slots.resize(batch);
  made.batchIds.resize(batch);
  made.batchPositions.resize(batch);
  made.tokens.resize(batch);
  made.pages = boundValue(planned.inputs, "pages");
  if (!made.pages.empty()) {
    made.makePool();
  }
  for (size_t entry : ChunkEntry::find(session.plan(), planned, "verify")) {
    SINTER_ASSIGN(ChunkEntry one, ChunkEntry::create(session, entry, batch));
    made.verifies.push_back(std::move(one));
  }
  return made;
}

void Sequences::makePool() {
  const Plan &plan = session->plan();
  const auto batch = static_cast<uint32_t>(slots.size());
  perSequence = static_cast<uint32_t>(findValue(plan, pages)->shape[1]);
  pool.emplace(static_cast<uint32_t>(format::pagesOf(plan)),
               static_cast<uint32_t>(pageSizeOf(plan)), batch);
  table.resize(size_t{batch} * perSequence);
  tableMoved = true;
}

uint32_t Sequences::capacity() const {
  return session->plan().entries[entry].workload.maxContext;
}

Result<SequenceId> Sequences::open() {
  const auto slot = std::find_if(slots.begin(), slots.end(),
                                 [](const Slot &s) { return !s.open; });
  if (slot == slots.end()) {
    return Error{ErrorCode::BatchFull, "sequences",
                 "at most " + std::to_string(most()) + " open (--batch)",
                 "one more", "close one, or compile with a larger --batch"};
  }
  *slot = Slot();
  slot->open = SequenceId{opened++};
  return *slot->open;
}

Result<SequenceId> Sequences::open(SequenceId from, uint32_t count) {
  SINTER_ASSIGN(size_t source, find(from));
  if (count > slots[source].done()) {
    return Error{ErrorCode::PrefixNotHeld, nameOf(from),
                 std::to_string(count) + " positions computed",
                 std::to_string(slots[source].done()),
                 "share fewer, or call step() until its ids have run"};
  }
  if (count >= capacity()) {
    return Error{ErrorCode::ContextExceeded, "what begins as " + nameOf(from),
                 "at most " + std::to_string(capacity() - 1) +
                     " positions, and one behind them (--max-context)",
                 std::to_string(count), "share fewer"};
  }
  SINTER_ASSIGN(SequenceId made, open());
  SINTER_ASSIGN(size_t slot, find(made));
  if (Status status = takePrefix(slot, source, count); !status) {
    SINTER_TRY(close(made));
    return status.takeError();
  }
  const std::vector<int32_t> &known = slots[source].ids;
  slots[slot].ids.assign(known.begin(), known.begin() + count);
  return made;
}

/// Shares pages that no step writes any more, and copies the rows behind them:
/// a step of the batch may write the last row of `from` again.
Status Sequences::takePrefix(size_t to, size_t from, uint32_t count) {
  if (count == 0) {
    return Status::success();
  }
  if (!pool) {
    return copyRows(from, to, count);
  }
  const uint32_t whole =
      std::min(count, slots[from].done() - 1) / pool->pageSize();
  pool->share(to, from, whole);
  tableMoved = true;
  // A row for the step before anything is fed.
  SINTER_TRY(pool->reserve(to, count + 1, nameOf(*slots[to].open)));
  return copyRows(static_cast<uint64_t>(pool->pagesOf(from)[whole]),
                  static_cast<uint64_t>(pool->pagesOf(to)[whole]),
                  count - whole * pool->pageSize());
}

/// The first rows of every head of a block of each cache to another block: a
/// page, or what a sequence has.
Status Sequences::copyRows(uint64_t from, uint64_t to, uint32_t count) {
  for (const Value &cache : session->plan().values) {
    if (cache.operandClass != OperandClass::Cache || count == 0) {
      continue;
    }
    const uint64_t heads = cache.shape[1];
    const uint64_t width = cache.shape[3];
    const uint64_t line = cache.shape[2] * width; // of a head
    for (uint64_t head = 0; head < heads; ++head) {
      SINTER_TRY(session->copyWithin(cache.name, (from * heads + head) * line,
                                     (to * heads + head) * line,
                                     count * width));
    }
  }
  return Status::success();
}

std::optional<Sequences::Prefix>
Sequences::findPrefix(std::span<const int32_t> text) const {
  std::optional<Prefix> best;
  for (const Slot &slot : slots) {
    if (!slot.open) {
      continue;
    }
    uint32_t alike = 0;
    while (alike < text.size() && alike < slot.length() &&
           text[alike] == slot.idAt(alike)) {
      ++alike;
    }
    const Prefix found = {*slot.open, alike, std::min(alike, slot.done())};
    if (alike != 0 && (!best || std::pair(found.alike, found.computed) >
                                    std::pair(best->alike, best->computed))) {
      best = found;
    }
  }
  return best;
}

std::optional<uint32_t> Sequences::unusedPages() const {
  return pool ? std::optional(pool->unused()) : std::nullopt;
}

uint32_t Sequences::pagesOf(SequenceId sequence) const {
  const Result<size_t> slot = find(sequence);
  return slot ? static_cast<uint32_t>(pool->pagesOf(*slot).size()) : 0;
}

Result<size_t> Sequences::find(SequenceId sequence) const {
  const auto slot =
      std::find_if(slots.begin(), slots.end(),
                   [&](const Slot &s) { return s.open == sequence; });
  if (slot == slots.end()) {
    return Error{
        ErrorCode::SequenceClosed, nameOf(sequence), "one that is open",
        static_cast<uint64_t>(sequence) < opened ? "a closed one"
                                                 : "one that never was",
        ""};
  }
  return static_cast<size_t>(slot - slots.begin());
}

Status Sequences::close(SequenceId sequence) {
  SINTER_ASSIGN(size_t slot, find(sequence));
  slots[slot] = Slot();
  if (pool) {
    pool->release(slot);
    tableMoved = true;
  }
  return Status::success();
}

Status Sequences::feed(SequenceId sequence, std::span<const int32_t> fed) {
  SINTER_ASSIGN(size_t slot, find(sequence));
  SINTER_TRY(checkPrompt(fed, session->plan().model.vocabSize));
  SINTER_ASSIGN(uint32_t has, length(sequence));
  if (fed.size() > capacity() - has) {
    return Error{ErrorCode::ContextExceeded, nameOf(sequence),
                 "at most " + std::to_string(capacity()) +
                     " positions (--max-context)",
                 std::to_string(has) + " + " + std::to_string(fed.size()),
                 "close it, or compile with a larger --max-context"};
  }
  if (pool) {
    SINTER_TRY(pool->reserve(slot, has + static_cast<uint32_t>(fed.size()),
                             nameOf(sequence)));
    tableMoved = true;
  }
  std::deque<int32_t> &waiting = slots[slot].waiting;
  waiting.insert(waiting.end(), fed.begin(), fed.end());
  return Status::success();
}

Result<uint32_t> Sequences::length(SequenceId sequence) const {
  SINTER_ASSIGN(size_t slot, find(sequence));
  return slots[slot].length();
}

/// Tokens of the prefill step that takes the next ids; 0: they go through the
/// step of the batch, as the last id always does, so that repeating it gives
/// equal bits. What pads a chunk is written to unused pages.
uint32_t Sequences::chunkOf(size_t number) const {
  const Slot &slot = slots[number];
  if (slot.waiting.size() < 2) {
    return 0;
  }
  uint64_t end = capacity();
  if (pool) {
    end = std::min(end, pool->positions(number) +
                            uint64_t{pool->unused()} * pool->pageSize());
  }
  const uint32_t rows =
      chunkTokens(prefills.sizes(), slot.waiting.size() - 1, end - slot.done());
  return rows == 1 ? 0 : rows;
}

/// The line of the page table for a chunk up to position `end`; empty if the
/// plan is not paged.
std::span<const int32_t> Sequences::lineOf(size_t number, uint32_t end) {
  if (!pool) {
    return {};
  }
  const uint32_t wanted = (end + pool->pageSize() - 1) / pool->pageSize();
  const auto has = static_cast<uint32_t>(pool->pagesOf(number).size());
  const auto line = std::span(table).subspan(number * perSequence, perSequence);
  pool->line(number, wanted > has ? wanted - has : 0, line);
  tableMoved = true;
  return line;
}

Status Sequences::runChunk(size_t number) {
  Slot &slot = slots[number];
  const uint32_t rows = chunkOf(number);
  if (rows == 0) {
    return Status::success();
  }
  const auto used =
      static_cast<int64_t>(std::min<size_t>(rows, slot.waiting.size() - 1));
  const auto end = slot.waiting.begin() + used;
  numbers.assign(slot.waiting.begin(), end);
  SINTER_TRY(prefills.chunk(numbers, slot.done(), rows,
                            static_cast<uint32_t>(number),
                            lineOf(number, slot.done() + rows)));
  slot.waiting.erase(slot.waiting.begin(), end);
  slot.ids.insert(slot.ids.end(), numbers.begin(), numbers.end());
  slot.stepped = false;
  return Status::success();
}

Status Sequences::writeTable() {
  if (!pool || !tableMoved) {
    return Status::success();
  }
  for (size_t s = 0; s < slots.size(); ++s) {
    pool->line(s, 0, std::span(table).subspan(s * perSequence, perSequence));
  }
  tableMoved = false;
  return session->write(pages, std::as_bytes(std::span(table)));
}

/// One step in which `takesPart` sequences run their next id.
Status Sequences::runBatch(const std::vector<bool> &takesPart) {
  uint32_t furthest = 0;
  for (size_t s = 0; s < slots.size(); ++s) {
    const Slot &slot = slots[s];
    // Behind the end of a sequence that repeats nothing lies nobody's row; in a
    // full one no other token will attend the last row.
    const bool repeats = !takesPart[s] && slot.waiting.empty() &&
                         slot.done() != 0 &&
                         (slot.stepped || slot.done() == capacity());
    const uint32_t position = slot.done() - (repeats ? 1 : 0);
    batchIds[s] = takesPart[s] ? slot.waiting.front()
                  : repeats    ? slot.ids.back()
                               : 0;
    batchPositions[s] = static_cast<int32_t>(position);
    furthest = std::max(furthest, position);
  }
  SINTER_TRY(session->write(ids, std::as_bytes(std::span(batchIds))));
  SINTER_TRY(
      session->write(positions, std::as_bytes(std::span(batchPositions))));
  SINTER_TRY(writeTable());
  SINTER_TRY(session->run(session->entryFor(entry, furthest)));
  return session->read(token, std::as_writable_bytes(std::span(tokens)));
}

Result<std::vector<Sequences::Choice>> Sequences::step() {
  std::vector<bool> takesPart(slots.size());
  for (size_t s = 0; s < slots.size(); ++s) {
    if (!slots[s].waiting.empty()) {
      SINTER_TRY(runChunk(s));
      takesPart[s] = !chunkOf(s);
    }
  }
  std::vector<Choice> choices;
  if (std::find(takesPart.begin(), takesPart.end(), true) == takesPart.end()) {
    return choices;
  }
  SINTER_TRY(runBatch(takesPart));
  for (size_t s = 0; s < slots.size(); ++s) {
    Slot &slot = slots[s];
    if (!takesPart[s]) {
      continue;
    }
    slot.ids.push_back(slot.waiting.front());
    slot.waiting.pop_front();
    slot.stepped = true;
    if (slot.waiting.empty()) {
      choices.push_back({*slot.open, tokens[s]});
    }
  }
  std::sort(choices.begin(), choices.end(), [](const auto &a, const auto &b) {
    return a.sequence < b.sequence;
  });
  return choices;
}

bool Sequences::waiting() const {
  return std::any_of(slots.begin(), slots.end(),
                     [](const Slot &slot) { return !slot.waiting.empty(); });
}

Result<std::vector<uint16_t>> Sequences::logits(SequenceId sequence) {
  SINTER_ASSIGN(size_t number, find(sequence));
  const Slot &slot = slots[number];
  if (!slot.waiting.empty() || !slot.stepped) {
    return Error{ErrorCode::PlanLacks, "logits of " + nameOf(sequence),
                 "ids that have all run, the last of them in a step",
                 !slot.waiting.empty()
                     ? std::to_string(slot.waiting.size()) + " waiting"
                 : slot.ids.empty() ? "none fed"
                                    : "ids verified or taken back since",
                 "call step() first"};
  }
  return readLogits(logitsValue, number);
}

Result<std::vector<uint16_t>> Sequences::readLogits(const std::string &value,
                                                    size_t row) {
  const uint64_t count = session->plan().model.vocabSize;
  std::vector<uint16_t> bits(count);
  SINTER_ASSIGN(ReadId read, session->startRead(value, row * count, count));
  SINTER_TRY(session->device().finishRead(
      read, std::as_writable_bytes(std::span(bits))));
  return bits;
}

Result<std::vector<int32_t>>
Sequences::verify(SequenceId sequence, std::span<const int32_t> guessed) {
  SINTER_ASSIGN(size_t number, find(sequence));
  SINTER_TRY(checkPrompt(guessed, session->plan().model.vocabSize));
  Slot &slot = slots[number];
  const std::string object = nameOf(sequence);
  if (!slot.waiting.empty()) {
    return Error{ErrorCode::PlanLacks, object, "ids that have all run",
                 std::to_string(slot.waiting.size()) + " waiting",
                 "call step() first"};
  }
  const auto chosen =
      std::find_if(verifies.begin(), verifies.end(), [&](const ChunkEntry &e) {
        return e.tokens() >= guessed.size();
      });
  if (chosen == verifies.end()) {
    return Error{ErrorCode::PlanLacks, object,
                 "a verify entry of " + std::to_string(guessed.size()) +
                     " tokens or more (--verify)",
                 verifies.empty()
                     ? "none"
                     : "at most " + std::to_string(verifies.back().tokens()),
                 "verify fewer at once, or compile with --verify " +
                     std::to_string(guessed.size())};
  }
  if (chosen->tokens() > capacity() - slot.done()) {
    return Error{ErrorCode::ContextExceeded, object,
                 "at most " + std::to_string(capacity()) +
                     " positions (--max-context)",
                 std::to_string(slot.done()) + " + " +
                     std::to_string(chosen->tokens()) + " of the verify entry",
                 "feed these ids, or verify fewer at once"};
  }
  if (pool) {
    // Of what pads the entry too, and of the row that a step writes behind it.
    SINTER_TRY(pool->reserve(
        number, std::min(capacity(), slot.done() + chosen->tokens() + 1),
        object));
    SINTER_TRY(chosen->run(guessed, slot.done(),
                           lineOf(number, slot.done() + chosen->tokens())));
  } else {
    SINTER_TRY(
        chosen->run(guessed, slot.done(), static_cast<uint32_t>(number)));
  }
  std::vector<int32_t> choices(chosen->tokens());
  SINTER_TRY(session->read(chosen->output("token"),
                           std::as_writable_bytes(std::span(choices))));
  choices.resize(guessed.size());
  slot.ids.insert(slot.ids.end(), guessed.begin(), guessed.end());
  slot.stepped = false;
  verifiedValue = chosen->output("logits");
  verifiedRows = guessed.size();
  return choices;
}

Result<std::vector<uint16_t>> Sequences::verifiedLogits(size_t row) {
  if (row >= verifiedRows) {
    return Error{ErrorCode::IndexOutOfRange, "row of verified logits",
                 "one of the " + std::to_string(verifiedRows) +
                     " ids verified last",
                 std::to_string(row), ""};
  }
  return readLogits(verifiedValue, row);
}

Status Sequences::truncate(SequenceId sequence, uint32_t kept) {
  SINTER_ASSIGN(size_t number, find(sequence));
  SINTER_ASSIGN(uint32_t has, length(sequence));
  if (kept > has) {
    return Error{ErrorCode::IndexOutOfRange, nameOf(sequence),
                 "at most its " + std::to_string(has) + " ids",
                 std::to_string(kept), ""};
  }
  Slot &slot = slots[number];
  if (pool && kept < has) {
    // What follows is written behind the ids that stay: not in another's page.
    const uint32_t page = pool->pageSize();
    const uint32_t last = kept / page;
    if (const std::optional<int32_t> shared = pool->cut(number, last + 1)) {
      SINTER_TRY(copyRows(static_cast<uint64_t>(*shared),
                          static_cast<uint64_t>(pool->pagesOf(number)[last]),
                          std::min(kept, slot.done()) - last * page));
    }
    tableMoved = true;
  }
  if (kept < slot.done()) {
    slot.ids.resize(kept);
    slot.stepped = false;
  }
  slot.waiting.resize(kept - slot.done());
  return Status::success();
}

} // namespace sinter
