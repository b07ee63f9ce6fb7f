//===- TokenLoop.h - Greedy decoding fed on the device ----------*- C++ -*-===//
//
// The entry's advance step feeds each token back and appends it to a log, so a
// step needs nothing from the host. A launch makes as many steps as the entry
// says. Launches are started ahead; the host reads the log behind them.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_TOKENLOOP_H
#define SINTER_RUNTIME_TOKENLOOP_H

#include "runtime/Session.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace sinter {

class TokenLoop {
public:
  /// Launches in flight that the host has not seen.
  static constexpr uint32_t ahead = 2;

  /// For a decode entry of one sequence; each launch is of the entry that
  /// Session::entryFor names for its first step. `session` must outlive the
  /// loop. No later call allocates. SIN2520: the entry has no advance step, or
  /// not one of these parameters; those of the device.
  static Result<std::unique_ptr<TokenLoop>> create(Session &session,
                                                   size_t entry);
  ~TokenLoop();
  TokenLoop(const TokenLoop &) = delete;
  TokenLoop &operator=(const TokenLoop &) = delete;

  /// The next step feeds `id` at `position`; `newTokens` are taken at most. At
  /// one of `stopIds` the device stops by itself, as far as it has room for
  /// them. Waits for steps started before. SIN2520: more tokens than the log
  /// has rows; those of the device.
  Status begin(int32_t id, uint32_t position, uint32_t newTokens,
               std::span<const int32_t> stopIds);
  /// The token of the next step; starts those after it. Not more often than
  /// begin() was told, and not after one of the stopIds: what the steps of a
  /// launch behind these compute is not looked at. Errors: those of the device.
  Result<int32_t> next();

private:
  struct Launch {
    ProgramId program;
    uint32_t steps = 1;
  };
  struct Read {
    ReadId id;
    uint32_t tokens = 0;
  };
  TokenLoop(Session &session, size_t entry) : session(&session), entry(entry) {}
  Status start();
  Status forget(); ///< reads in flight

  Session *session;
  size_t entry;
  std::string ids, positions, log; ///< values of the plan
  uint64_t endCount = 0;           ///< stop ids that the device has room for
  uint64_t rows = 0;               ///< of the log
  std::vector<Launch> launches;    ///< by the position of the first step
  std::deque<Read> reads;          ///< of launches in flight, oldest first
  std::vector<int32_t> seen;       ///< tokens of the last launch read
  size_t taken = 0;                ///< of `seen`
  uint32_t first = 0;              ///< position
  uint32_t started = 0;            ///< steps
  uint32_t wanted = 0;
};

} // namespace sinter

#endif // SINTER_RUNTIME_TOKENLOOP_H
