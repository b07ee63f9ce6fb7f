//===- Prefills.cpp - Tokens of the entries that take many ----------------===//

#include "tools/Prefills.h"

#include "codegen/devices/Devices.h"
#include "passes/planning/ContextBuckets.h"
#include "tools/Contexts.h"
#include "tools/inspect/PlannedEntry.h"

#include <algorithm>

namespace sinter {

namespace {

constexpr double tolerance = 0.1;
constexpr int64_t mostTokens = 512;

} // namespace

Result<std::vector<int64_t>> parseTokens(const std::string &option,
                                         std::string_view text) {
  const std::string wanted =
      std::string(option == "--prefill" ? "auto, " : "") +
      "none, or ascending numbers of tokens from 2 as 16,128";
  SINTER_ASSIGN(std::vector<int64_t> tokens,
                parseAscending(option, wanted, text));
  if (tokens.front() < 2) {
    return Error{ErrorCode::BadArgument, option, wanted,
                 "'" + std::string(text) + "'",
                 "one token goes through the decode entry"};
  }
  return tokens;
}

Result<PrefillBuckets> pricePrefills(const CompileRequest &request) {
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(request.target));
  const DecisionSet set = request.decisions.set.value_or(DecisionSet::Exact);
  SINTER_ASSIGN(planning::PlanningOptions options,
                planningOptions(set, request.decisions));
  PrefillBuckets buckets;
  for (int64_t tokens = 2;
       tokens <= std::min(mostTokens, request.workload.maxContext);
       tokens *= 2) {
    SINTER_ASSIGN(std::unique_ptr<PreparedEntry> prepared,
                  PreparedEntry::create(
                      request.source.config,
                      chunkOf(request.workload, plan::Phase::Prefill, tokens),
                      set));
    SINTER_ASSIGN(planning::EntryPlan plan,
                  planning::planEntry(prepared->function(), device, options));
    buckets.tokens.push_back(tokens);
    buckets.picoseconds.push_back(plan.step.picoseconds);
  }
  buckets.kept = planning::fewestBuckets(
      buckets.tokens.size(), [&](size_t bucket, size_t chunk) {
        return static_cast<double>(buckets.picoseconds[bucket]) <=
               static_cast<double>(buckets.picoseconds[chunk]) *
                   (1 + tolerance);
      });
  return buckets;
}

Result<std::vector<int64_t>> choosePrefills(const CompileRequest &request) {
  SINTER_ASSIGN(PrefillBuckets buckets, pricePrefills(request));
  std::vector<int64_t> chosen;
  chosen.reserve(buckets.kept.size());
  for (size_t kept : buckets.kept) {
    chosen.push_back(buckets.tokens[kept]);
  }
  return chosen;
}

Table bucketsTable(const PrefillBuckets &buckets) {
  Table table;
  table.view = "buckets";
  table.columns = {{"tokens", "tokens"},
                   {"own_ps", "own entry us"},
                   {"runs_in", "runs in"},
                   {"padded_ps", "padded us"},
                   {"padded_by_own", "padded/own"},
                   {"kept", "an entry"},
                   {"reason", "reason"}};
  for (size_t i = 0; i < buckets.tokens.size(); ++i) {
    const size_t bucket =
        *std::lower_bound(buckets.kept.begin(), buckets.kept.end(), i);
    const bool kept = bucket == i;
    const bool last = i + 1 == buckets.tokens.size();
    const uint64_t own = buckets.picoseconds[i];
    const uint64_t padded = buckets.picoseconds[bucket];
    std::string reason = "padding costs at most 10 %";
    if (kept) {
      const auto next =
          std::upper_bound(buckets.kept.begin(), buckets.kept.end(), i);
      reason = last ? "the largest"
                    : "padding to " + std::to_string(buckets.tokens[*next]) +
                          " would cost more than 10 % here or below";
    }
    table.rows.push_back({static_cast<uint64_t>(buckets.tokens[i]), Micros{own},
                          static_cast<uint64_t>(buckets.tokens[bucket]),
                          Micros{padded},
                          Ratio{own == 0 ? 0 : (1000 * padded + own / 2) / own},
                          std::string(kept ? "yes" : ""), std::move(reason)});
  }
  table.notes.push_back("What --prefill auto chooses, by predicted time of a "
                        "chunk; a chunk of another length is padded to the "
                        "next entry, a single token goes through the decode "
                        "entry.");
  return table;
}

} // namespace sinter
