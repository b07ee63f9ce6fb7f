//===- Prefills.cpp - Tokens of the prefill entries of a plan -------------===//

#include "tools/Prefills.h"

#include "codegen/devices/Devices.h"
#include "passes/planning/ContextBuckets.h"
#include "tools/Contexts.h"
#include "tools/inspect/PlannedEntry.h"

namespace sinter {

namespace {

constexpr double tolerance = 0.1;
constexpr int64_t mostTokens = 512;

} // namespace

Result<std::vector<int64_t>> parsePrefills(std::string_view text) {
  const char *wanted =
      "auto, none, or ascending numbers of tokens from 2 as 16,128";
  SINTER_ASSIGN(std::vector<int64_t> tokens,
                parseAscending("--prefill", wanted, text));
  if (tokens.front() < 2) {
    return Error{ErrorCode::BadArgument, "--prefill", wanted,
                 "'" + std::string(text) + "'",
                 "one token goes through the decode entry"};
  }
  return tokens;
}

Result<std::vector<int64_t>> choosePrefills(const CompileRequest &request) {
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(request.target));
  const DecisionSet set = request.decisions.set.value_or(DecisionSet::Exact);
  SINTER_ASSIGN(planning::PlanningOptions options,
                planningOptions(set, request.decisions));
  std::vector<int64_t> sizes;
  std::vector<uint64_t> picoseconds;
  for (int64_t tokens = 2;
       tokens <= std::min(mostTokens, request.workload.maxContext);
       tokens *= 2) {
    SINTER_ASSIGN(std::unique_ptr<PreparedEntry> prepared,
                  PreparedEntry::create(request.source.config,
                                        prefillOf(request.workload, tokens),
                                        set));
    SINTER_ASSIGN(planning::EntryPlan plan,
                  planning::planEntry(prepared->function(), device, options));
    sizes.push_back(tokens);
    picoseconds.push_back(plan.step.picoseconds);
  }
  std::vector<int64_t> chosen;
  for (size_t kept :
       planning::fewestBuckets(sizes.size(), [&](size_t bucket, size_t chunk) {
         return static_cast<double>(picoseconds[bucket]) <=
                static_cast<double>(picoseconds[chunk]) * (1 + tolerance);
       })) {
    chosen.push_back(sizes[kept]);
  }
  return chosen;
}

} // namespace sinter
