//===- TokenLoop.cpp - Greedy decoding fed on the device ------------------===//

#include "runtime/TokenLoop.h"

#include <algorithm>
#include <map>

namespace sinter {

using namespace format;

namespace {

struct Bound {
  std::string value;
  uint64_t count = 0; ///< elements
};

/// What the advance step binds to the parameter called `name`.
Result<Bound> find(const Plan &plan, const Entry &entry,
                   std::string_view name) {
  for (const Kernel &kernel : plan.kernels) {
    if (!entry.advance || kernel.symbol != entry.advance->kernel) {
      continue;
    }
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      if (kernel.params[i].name == name) {
        return Bound{entry.advance->args[i], kernel.params[i].count};
      }
    }
  }
  return Error{ErrorCode::PlanLacks, "entry " + entry.name,
               "a step that feeds the token back, with the parameter " +
                   std::string(name),
               entry.advance ? "none with it" : "none",
               "feed tokens as inputs"};
}

Status writeNumber(Session &session, const std::string &value, int32_t number) {
  return session.write(value, std::as_bytes(std::span(&number, 1)));
}

} // namespace

Result<std::unique_ptr<TokenLoop>> TokenLoop::create(Session &session,
                                                     size_t entry) {
  const Plan &plan = session.plan();
  const Entry &planned = plan.entries[entry];
  SINTER_ASSIGN(Bound ids, find(plan, planned, "ids"));
  SINTER_ASSIGN(Bound positions, find(plan, planned, "positions"));
  SINTER_ASSIGN(Bound ends, find(plan, planned, "ends"));
  SINTER_ASSIGN(Bound log, find(plan, planned, "log"));
  if (ids.count != 1) {
    return Error{ErrorCode::PlanLacks, "entry " + planned.name, "one sequence",
                 std::to_string(ids.count), "compile with --batch 1"};
  }
  std::unique_ptr<TokenLoop> loop(new TokenLoop(session, entry));
  loop->ids = std::move(ids.value);
  loop->positions = std::move(positions.value);
  loop->log = std::move(log.value);
  loop->rows = log.count;
  loop->endCount = ends.count;
  std::map<size_t, Launch> prepared;
  uint32_t most = 1;
  for (uint32_t at = 0; at < planned.workload.maxContext; ++at) {
    const size_t runs = session.entryFor(entry, at);
    if (!prepared.contains(runs)) {
      Launch &launch = prepared[runs];
      launch.steps = plan.entries[runs].stepsPerLaunch;
      most = std::max(most, launch.steps);
      SINTER_ASSIGN(
          launch.program,
          session.prepareProgram(runs, plan.entries[runs].mode,
                                 {.repeats = launch.steps, .advancing = true}));
    }
    loop->launches.push_back(prepared[runs]);
  }
  most = static_cast<uint32_t>(std::min<uint64_t>(most, loop->rows));
  loop->seen.reserve(most);
  // Rows behind the end of a text are read too.
  const std::vector<int32_t> empty(loop->rows, -1);
  SINTER_TRY(session.write(loop->log, std::as_bytes(std::span(empty))));
  // A device makes room for as many reads as were ever started.
  for (uint32_t i = 0; i < ahead; ++i) {
    SINTER_ASSIGN(ReadId read, session.startRead(loop->log, 0, most));
    loop->reads.push_back({read, most});
  }
  SINTER_TRY(loop->forget());
  return loop;
}

TokenLoop::~TokenLoop() { (void)forget(); }

Status TokenLoop::forget() {
  while (!reads.empty()) {
    const ReadId read = reads.front().id;
    reads.pop_front();
    SINTER_TRY(session->device().finishRead(read, {}));
  }
  seen.clear();
  taken = 0;
  return Status::success();
}

Status TokenLoop::begin(int32_t id, uint32_t position, uint32_t newTokens,
                        std::span<const int32_t> stopIds) {
  if (newTokens > rows) {
    return Error{ErrorCode::PlanLacks, "value " + log,
                 std::to_string(newTokens) + " rows", std::to_string(rows),
                 "ask for fewer tokens"};
  }
  SINTER_TRY(forget());
  first = position;
  started = 0;
  wanted = newTokens;
  SINTER_TRY(session->beginAdvance(
      entry, stopIds.first(std::min<size_t>(endCount, stopIds.size()))));
  SINTER_TRY(writeNumber(*session, ids, id));
  return writeNumber(*session, positions, static_cast<int32_t>(position));
}

Status TokenLoop::start() {
  // Behind the last position of the cache a step runs and moves nothing.
  const size_t at = std::min<size_t>(first + started, launches.size() - 1);
  const Launch &launch = launches[at];
  SINTER_TRY(session->device().run(launch.program));
  const uint32_t tokens = std::min(launch.steps, wanted - started);
  SINTER_ASSIGN(ReadId read, session->startRead(log, started, tokens));
  reads.push_back({read, tokens});
  started += tokens;
  return Status::success();
}

Result<int32_t> TokenLoop::next() {
  if (taken == seen.size()) {
    while (started < wanted && reads.size() < ahead) {
      SINTER_TRY(start());
    }
    const Read read = reads.front();
    reads.pop_front();
    seen.resize(read.tokens);
    taken = 0;
    SINTER_TRY(session->device().finishRead(
        read.id, std::as_writable_bytes(std::span(seen))));
  }
  return seen[taken++];
}

} // namespace sinter
