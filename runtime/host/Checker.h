//===- Checker.h - Watches the accesses of checked kernels ------*- C++ -*-===//
//
// Bounds, alignment, reads of memory nobody wrote, data races.
//
// A race is two accesses of one granule by two threads, one of them a write,
// that no barrier orders: within a warp every collective orders, within a block
// the block barrier, between blocks only a release that an acquire has seen.
// Per granule the last write and a summary of the reads since are kept (the
// narrowest of thread, warp, block, grid that holds all readers), which finds
// every race of the accesses made, whatever order the threads ran in. One rule
// is stricter than the hardware's: what several blocks read in a launch may not
// be written later in that launch, not even after a release and an acquire.
//
// A launch with a programmatic edge may start before those before it have
// ended, back to the last one with a full edge. Until a thread has waited, it
// must not read what one of them writes, nor write what one of them uses. A
// wait covers the launch before, and what that one has waited for itself.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_HOST_CHECKER_H
#define SINTER_RUNTIME_HOST_CHECKER_H

#include "runtime/format/HostKernelAbi.h"
#include "runtime/format/Plan.h"
#include "runtime/host/Memory.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sinter::host {

class BlockRunner;

/// Memory that a launch uses which may not have ended.
struct UsedRange {
  Allocation *allocation = nullptr;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  bool written = false;
  std::string kernel; ///< one that does
  /// If not 0, written only where the records of this launch or a later one
  /// say so: an InOut parameter.
  uint16_t since = 0;
};

/// One argument of the launch that runs.
struct CheckedArgument {
  const format::Param *param = nullptr;
  Allocation *allocation = nullptr;
  uint64_t offset = 0; ///< bytes
  uint64_t bytes = 0;
  bool tracked = false; ///< somebody writes here: accesses are recorded
  /// What launches that may still run use of it, until a thread waits and even
  /// then.
  std::vector<UsedRange> beforeWait, behindWait;
};

/// Who accessed a granule last. 16 bytes; `launch` 0 is never.
struct AccessRecord {
  enum Scope : uint16_t { Thread, Warp, Block, Grid };
  uint32_t block = 0;
  uint32_t clock = 0; ///< warp's clock; barriers passed if the scope is Block
  uint16_t launch = 0;
  uint16_t releases = 0; ///< made in this launch before the access
  uint16_t thread : 10 = 0;
  uint16_t scope : 2 = Thread;
  uint16_t atomic : 1 = 0;
  uint16_t line = 0; ///< 65535 and above are one
};
static_assert(sizeof(AccessRecord) == 16);

struct ShadowCell {
  AccessRecord write;
  AccessRecord read;
};

class Checker {
public:
  /// No launch runs.
  void startProgram();
  /// Prepares tracking and poisons what Out parameters cover. `early`: before
  /// the launch before it has ended.
  Status startLaunch(const std::string &kernel,
                     std::vector<CheckedArgument> arguments, bool early);
  void endLaunch();
  void noteWait() { waits = true; }
  void resizeShared(uint32_t bytes);
  void startBlock();
  /// Forgets all races seen so far; launch numbers have wrapped.
  void clearShadows(std::vector<std::unique_ptr<Allocation>> &allocations);
  bool launchNumbersEnd() const { return launch == UINT16_MAX; }

  const std::vector<CheckedArgument> &arguments() const { return args; }

  /// False after an error, which is then reported to the runner.
  bool access(BlockRunner &runner, SinterBuffer &buffer, int64_t index,
              uint32_t elementBytes, uint32_t bytes, uint32_t op,
              uint32_t line);
  bool sharedAccess(BlockRunner &runner, int64_t viewOffset, int64_t viewBytes,
                    int64_t offsetInView, uint32_t bytes, uint32_t op,
                    uint32_t line);

private:
  struct Release {
    uint32_t block;
    uint32_t thread;
    uint32_t clock;
    uint16_t releases;                   ///< number of this one
    uint32_t barriers;                   ///< that the block had passed
    std::vector<uint32_t> barrierClocks; ///< by warp
  };
  struct Race {
    AccessRecord other;
    bool otherWrites = false;
  };
  struct Acquire {
    uint32_t thread;
    uint32_t clock;
    const std::vector<Release> *seen;
    size_t count;
  };

  bool live(const AccessRecord &record) const {
    return record.launch == launch;
  }
  AccessRecord now(const BlockRunner &runner, uint32_t op, uint32_t line) const;
  bool ordered(const BlockRunner &runner, const AccessRecord &before) const;
  bool acquired(const BlockRunner &runner, const AccessRecord &before) const;
  /// False and the race if there is one; else the cell is updated.
  bool update(const BlockRunner &runner, ShadowCell &cell,
              const AccessRecord &current, uint32_t op, Race &race);
  void synchronise(const BlockRunner &runner, const void *word, uint32_t op);
  void reportRace(BlockRunner &runner, const std::string &what,
                  const Race &race, uint32_t op, uint32_t line);

  uint16_t launch = 0;
  uint16_t releaseCount = 0;
  std::string symbol;               ///< of the launch that runs
  bool startsEarly = false;         ///< it does
  bool waits = false;               ///< some thread of it has
  std::vector<UsedRange> running;   ///< of launches that may not have ended
  std::vector<UsedRange> uncovered; ///< of them, those that no wait covers
  std::vector<CheckedArgument> args;
  std::vector<ShadowCell> sharedCells;
  std::map<const void *, std::vector<Release>> releasesAt;
  std::vector<Acquire> acquires; ///< of the block that runs
};

} // namespace sinter::host

#endif // SINTER_RUNTIME_HOST_CHECKER_H
