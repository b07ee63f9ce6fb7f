//===- Checker.cpp - Watches the accesses of checked kernels --------------===//

#include "runtime/host/Checker.h"

#include "runtime/host/BlockRunner.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace sinter::host {

namespace {

bool writes(uint32_t op) {
  return op == SinterWrite || op == SinterAcquireRelease;
}
bool reads(uint32_t op) { return op != SinterWrite; }
bool isAtomic(uint32_t op) {
  return op == SinterAcquire || op == SinterAcquireRelease;
}

const char *verb(uint32_t op) {
  switch (op) {
  case SinterRead:
    return "read";
  case SinterWrite:
    return "write";
  case SinterAcquire:
    return "atomic load";
  default:
    return "atomic add";
  }
}

bool overlap(const CheckedArgument &a, const CheckedArgument &b) {
  return a.allocation == b.allocation && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

std::string who(uint32_t block, uint32_t thread) {
  return "block " + std::to_string(block) + " thread " + std::to_string(thread);
}

std::string parameter(const CheckedArgument &argument, uint64_t element) {
  return "element " + std::to_string(element) + " of '" + argument.param->name +
         "' (" + argument.allocation->label + ")";
}

} // namespace

void Checker::resizeShared(uint32_t bytes) {
  sharedCells.resize(bytes / granuleBytes + 1);
}

void Checker::startProgram() {
  running.clear();
  uncovered.clear();
}

Status Checker::startLaunch(const std::string &kernel,
                            std::vector<CheckedArgument> arguments,
                            bool early) {
  args = std::move(arguments);
  symbol = kernel;
  startsEarly = early;
  waits = false;
  if (!early) {
    running = uncovered;
  }
  for (CheckedArgument &argument : args) {
    for (const auto &[used, into] :
         {std::pair(&running, &argument.beforeWait),
          std::pair(&uncovered, &argument.behindWait)}) {
      for (const UsedRange &range : *used) {
        if (range.allocation == argument.allocation &&
            range.offset < argument.offset + argument.bytes &&
            argument.offset < range.offset + range.bytes &&
            (range.written || argument.param->access != format::Access::In)) {
          into->push_back(range);
        }
      }
    }
  }
  ++launch;
  releaseCount = 0;
  releasesAt.clear();
  for (CheckedArgument &argument : args) {
    for (const CheckedArgument &other : args) {
      if (other.param->access == format::Access::In ||
          !overlap(argument, other)) {
        continue;
      }
      argument.tracked = true;
      if (&other != &argument && other.param->access == format::Access::Out) {
        return Error{ErrorCode::KernelArguments,
                     "arguments '" + argument.param->name + "' and '" +
                         other.param->name + "'",
                     "memory of its own for an Out parameter",
                     "both in " + other.allocation->label + ", " +
                         std::to_string(other.bytes) + " bytes at " +
                         std::to_string(other.offset) + " and " +
                         std::to_string(argument.bytes) + " bytes at " +
                         std::to_string(argument.offset),
                     "bind it elsewhere, or make the parameter InOut"};
      }
    }
    Allocation &allocation = *argument.allocation;
    if (argument.tracked && !allocation.shadow) {
      const uint64_t cells =
          (allocation.bytes + granuleBytes - 1) / granuleBytes;
      SINTER_ASSIGN(allocation.shadow,
                    Pages::map(cells * sizeof(ShadowCell),
                               "race records of " + allocation.label));
    }
  }
  for (const CheckedArgument &argument : args) {
    if (argument.param->access == format::Access::Out) {
      // All ones: a NaN as bf16 and float, -1 as an integer.
      std::memset(argument.allocation->data() + argument.offset, 0xff,
                  argument.bytes);
      argument.allocation->written.forget(argument.offset, argument.bytes);
    }
  }
  return Status::success();
}

void Checker::endLaunch() {
  if (startsEarly && !waits) {
    uncovered = running;
  }
  for (const CheckedArgument &argument : args) {
    const format::Access access = argument.param->access;
    UsedRange range{argument.allocation,
                    argument.offset,
                    argument.bytes,
                    access != format::Access::In,
                    symbol,
                    access == format::Access::InOut ? launch : uint16_t{0}};
    auto same = std::find_if(
        running.begin(), running.end(), [&](const UsedRange &other) {
          return other.allocation == range.allocation &&
                 other.offset == range.offset && other.bytes == range.bytes;
        });
    if (same == running.end()) {
      running.push_back(std::move(range));
    } else if (range.written) {
      range.since =
          same->written ? std::min(range.since, same->since) : range.since;
      *same = std::move(range);
    }
  }
}

/// Has a launch of `range` written any of these bytes?
static bool hasWritten(const UsedRange &range, uint64_t offset,
                       uint32_t bytes) {
  if (!range.written || range.since == 0) {
    return range.written;
  }
  const auto *cells = range.allocation->shadow.as<ShadowCell>();
  for (uint64_t byte = offset; byte < offset + bytes; byte += granuleBytes) {
    if (cells[byte / granuleBytes].write.launch >= range.since) {
      return true;
    }
  }
  return false;
}

/// Of the launches that may still run, one that `op` on these bytes conflicts
/// with.
static const UsedRange *conflicting(const std::vector<UsedRange> &ranges,
                                    uint64_t offset, uint32_t bytes,
                                    uint32_t op) {
  for (const UsedRange &range : ranges) {
    if (offset < range.offset + range.bytes && range.offset < offset + bytes &&
        (writes(op) || hasWritten(range, offset, bytes))) {
      return &range;
    }
  }
  return nullptr;
}

void Checker::startBlock() { acquires.clear(); }

void Checker::clearShadows(
    std::vector<std::unique_ptr<Allocation>> &allocations) {
  for (const std::unique_ptr<Allocation> &allocation : allocations) {
    allocation->shadow.clear();
  }
  std::fill(sharedCells.begin(), sharedCells.end(), ShadowCell());
  launch = 0;
}

AccessRecord Checker::now(const BlockRunner &runner, uint32_t op,
                          uint32_t line) const {
  AccessRecord record;
  const uint32_t thread = runner.thread();
  record.block = runner.block();
  record.clock = runner.clock(thread / SINTER_WARP);
  record.launch = launch;
  record.releases = releaseCount;
  record.thread = thread;
  record.atomic = isAtomic(op);
  record.line = static_cast<uint16_t>(std::min<uint32_t>(line, UINT16_MAX));
  return record;
}

/// Is everything that `before` stands for ordered before the current thread?
bool Checker::ordered(const BlockRunner &runner,
                      const AccessRecord &before) const {
  if (before.block != runner.block()) {
    return acquired(runner, before);
  }
  const uint32_t thread = runner.thread();
  switch (before.scope) {
  case AccessRecord::Thread:
  case AccessRecord::Warp: {
    if (before.scope == AccessRecord::Thread && before.thread == thread) {
      return true;
    }
    const uint32_t warp = before.thread / SINTER_WARP;
    return before.clock < runner.barrierClock(warp) ||
           (warp == thread / SINTER_WARP && before.clock < runner.clock(warp));
  }
  case AccessRecord::Block:
    return before.clock < runner.barriers();
  default:
    return false;
  }
}

/// The same for an access of another block: did the current thread acquire a
/// release of that block which came after the access?
bool Checker::acquired(const BlockRunner &runner,
                       const AccessRecord &before) const {
  if (before.scope == AccessRecord::Grid) {
    return false;
  }
  const uint32_t thread = runner.thread();
  const uint32_t warp = thread / SINTER_WARP;
  for (const Acquire &acquire : acquires) {
    const uint32_t acquirer = acquire.thread / SINTER_WARP;
    const bool visible =
        acquire.thread == thread ||
        acquire.clock < runner.barrierClock(acquirer) ||
        (acquirer == warp && acquire.clock < runner.clock(warp));
    if (!visible) {
      continue;
    }
    for (size_t i = 0; i < acquire.count; ++i) {
      const Release &release = (*acquire.seen)[i];
      if (release.block != before.block ||
          before.releases >= release.releases) {
        continue;
      }
      const uint32_t beforeWarp = before.thread / SINTER_WARP;
      const bool sameThread = before.scope == AccessRecord::Thread &&
                              before.thread == release.thread;
      const bool sameWarp = before.scope != AccessRecord::Block &&
                            beforeWarp == release.thread / SINTER_WARP &&
                            before.clock < release.clock;
      // Of a whole block's readers: any barrier between them and the release
      // has moved every warp's clock, so compare the count of barriers.
      const bool barrier =
          before.scope == AccessRecord::Block
              ? before.clock < release.barriers
              : before.clock < release.barrierClocks[beforeWarp];
      if (sameThread || sameWarp || barrier) {
        return true;
      }
    }
  }
  return false;
}

bool Checker::update(const BlockRunner &runner, ShadowCell &cell,
                     const AccessRecord &current, uint32_t op, Race &race) {
  const auto conflicts = [&](const AccessRecord &before) {
    return live(before) && !(before.atomic && current.atomic) &&
           !ordered(runner, before);
  };
  if (conflicts(cell.write)) {
    race = {cell.write, true};
    return false;
  }
  if (writes(op)) {
    if (conflicts(cell.read)) {
      race = {cell.read, false};
      return false;
    }
    cell.write = current;
    cell.read = AccessRecord();
    return true;
  }
  AccessRecord merged = current;
  if (live(cell.read) && !ordered(runner, cell.read)) {
    const AccessRecord &before = cell.read;
    merged.atomic = before.atomic && current.atomic;
    if (before.block != current.block || before.scope == AccessRecord::Grid) {
      merged.scope = AccessRecord::Grid;
    } else if (before.scope == AccessRecord::Block ||
               before.thread / SINTER_WARP != current.thread / SINTER_WARP) {
      merged.scope = AccessRecord::Block;
      merged.clock = runner.barriers();
    } else {
      merged.scope = AccessRecord::Warp;
    }
  }
  cell.read = merged;
  return true;
}

/// Reads before it are ordered before what an acquirer does after it.
void Checker::synchronise(const BlockRunner &runner, const void *word,
                          uint32_t op) {
  std::vector<Release> &releases = releasesAt[word];
  const uint32_t thread = runner.thread();
  const uint32_t clock = runner.clock(thread / SINTER_WARP);
  acquires.push_back({thread, clock, &releases, releases.size()});
  if (op != SinterAcquireRelease) {
    return;
  }
  if (releaseCount < UINT16_MAX) {
    ++releaseCount;
  }
  Release release{runner.block(),    thread, clock, releaseCount,
                  runner.barriers(), {}};
  for (uint32_t warp = 0; warp < runner.launch().blockSize / SINTER_WARP;
       ++warp) {
    release.barrierClocks.push_back(runner.barrierClock(warp));
  }
  releases.push_back(std::move(release));
}

void Checker::reportRace(BlockRunner &runner, const std::string &what,
                         const Race &race, uint32_t op, uint32_t line) {
  const AccessRecord &other = race.other;
  std::string first;
  switch (other.scope) {
  case AccessRecord::Thread:
    first = who(other.block, other.thread);
    break;
  case AccessRecord::Warp:
    first = "several lanes of warp " +
            std::to_string(other.thread / SINTER_WARP) + " of block " +
            std::to_string(other.block);
    break;
  case AccessRecord::Block:
    first = "several warps of block " + std::to_string(other.block);
    break;
  default:
    first = "several blocks";
    break;
  }
  runner.report(
      Error{ErrorCode::KernelDataRace, runner.place(line) + ", " + what,
            std::string("a barrier between the ") +
                (race.otherWrites ? (other.atomic ? "atomic add" : "write")
                                  : (other.atomic ? "atomic load" : "read")) +
                " by " + first + " at " + runner.lineText(other.line) +
                " and this " + verb(op),
            "none",
            other.block == runner.block()
                ? "put warpBarrier() (one warp) or blockBarrier() between them"
                : "give blocks memory of their own, or order them with "
                  "atomicAddRelease"});
}

bool Checker::access(BlockRunner &runner, SinterBuffer &buffer, int64_t index,
                     uint32_t elementBytes, uint32_t bytes, uint32_t op,
                     uint32_t line) {
  const CheckedArgument &argument = args[buffer.index];
  const uint64_t elements = bytes / elementBytes;
  const auto element = static_cast<uint64_t>(index);
  if (element >= buffer.count || buffer.count - element < elements) {
    std::string found =
        std::string(verb(op)) + " of element " + std::to_string(index);
    if (elements > 1) {
      found +=
          " to " + std::to_string(index + static_cast<int64_t>(elements) - 1);
    }
    runner.report(Error{ErrorCode::KernelOutOfBounds,
                        runner.place(line) + ", '" + argument.param->name +
                            "' (" + argument.allocation->label + ")",
                        "an index below " + std::to_string(buffer.count), found,
                        "guard the access or fix the index"});
    return false;
  }
  const uint64_t offset = argument.offset + element * elementBytes;
  if (offset % bytes != 0) {
    runner.report(
        Error{ErrorCode::KernelMisaligned,
              runner.place(line) + ", " + parameter(argument, element),
              "an address that is a multiple of " + std::to_string(bytes),
              "byte " + std::to_string(offset) + " of its allocation",
              "use a vector only where the row's width is a multiple of it"});
    return false;
  }
  const bool waited = runner.waited();
  if (const UsedRange *range =
          conflicting(waited ? argument.behindWait : argument.beforeWait,
                      offset, bytes, op)) {
    runner.report(Error{
        ErrorCode::KernelDataRace,
        runner.place(line) + ", " + parameter(argument, element),
        waited ? "every launch since then to wait for the one before it"
               : "waitForProducers() before this " + std::string(verb(op)),
        "kernel '" + range->kernel + "', which " +
            (range->written ? "writes" : "reads") + " it, may still run",
        "wait first, or plan a full edge"});
    return false;
  }
  WrittenMap &written = argument.allocation->written;
  if (reads(op)) {
    const uint64_t missing = written.firstUnwritten(offset, bytes);
    if (missing != offset + bytes) {
      const uint64_t at = (missing - argument.offset) / elementBytes;
      runner.report(Error{ErrorCode::KernelUnwrittenRead, runner.place(line),
                          parameter(argument, at) + " written before",
                          "nobody wrote it",
                          "write it first, or bind another value"});
      return false;
    }
  }
  if (argument.tracked) {
    const AccessRecord current = now(runner, op, line);
    auto *cells = argument.allocation->shadow.as<ShadowCell>();
    for (uint64_t byte = offset; byte < offset + bytes; byte += granuleBytes) {
      Race race;
      if (!update(runner, cells[byte / granuleBytes], current, op, race)) {
        reportRace(runner,
                   parameter(argument, (byte - argument.offset) / elementBytes),
                   race, op, line);
        return false;
      }
    }
  }
  if (isAtomic(op)) {
    synchronise(runner, argument.allocation->data() + offset, op);
  }
  if (writes(op)) {
    written.mark(offset, bytes);
  }
  return true;
}

bool Checker::sharedAccess(BlockRunner &runner, int64_t viewOffset,
                           int64_t viewBytes, int64_t offsetInView,
                           uint32_t bytes, uint32_t op, uint32_t line) {
  const auto what = [&](int64_t byte) {
    return "shared byte " + std::to_string(byte);
  };
  if (offsetInView < 0 || offsetInView > viewBytes - bytes) {
    runner.report(
        Error{ErrorCode::KernelOutOfBounds,
              runner.place(line) + ", view of shared memory at byte " +
                  std::to_string(viewOffset),
              "a place in its " + std::to_string(viewBytes) + " bytes",
              std::string(verb(op)) + " of " + std::to_string(bytes) +
                  " bytes at byte " + std::to_string(offsetInView) + " of it",
              "guard the access or fix the index"});
    return false;
  }
  const int64_t offset = viewOffset + offsetInView;
  if (offset % bytes != 0) {
    runner.report(Error{
        ErrorCode::KernelMisaligned, runner.place(line) + ", shared memory",
        "an address that is a multiple of " + std::to_string(bytes),
        "byte " + std::to_string(offset) + " of the arena",
        "align the view and the index to the vector"});
    return false;
  }
  const AccessRecord current = now(runner, op, line);
  for (int64_t byte = offset; byte < offset + bytes;
       byte += static_cast<int64_t>(granuleBytes)) {
    ShadowCell &cell = sharedCells[static_cast<uint64_t>(byte) / granuleBytes];
    // What another block left here is gone.
    if (cell.write.block != current.block) {
      cell.write = AccessRecord();
    }
    if (cell.read.block != current.block) {
      cell.read = AccessRecord();
    }
    if (reads(op) && !live(cell.write)) {
      runner.report(Error{ErrorCode::KernelUnwrittenRead, runner.place(line),
                          what(byte) + " written before, by this block",
                          "nobody wrote it", "write it first"});
      return false;
    }
    Race race;
    if (!update(runner, cell, current, op, race)) {
      reportRace(runner, what(byte), race, op, line);
      return false;
    }
  }
  return true;
}

} // namespace sinter::host
