//===- Contexts.cpp - Contexts of the entries of a plan -------------------===//

#include "tools/Contexts.h"

#include "codegen/devices/Devices.h"
#include "passes/planning/ContextBuckets.h"
#include "tools/inspect/PlannedEntry.h"

#include <llvm/ADT/StringRef.h>

namespace sinter {

namespace {

constexpr double tolerance = 0.01;

} // namespace

Result<std::vector<int64_t>> parseAscending(const std::string &option,
                                            const std::string &wanted,
                                            std::string_view text) {
  std::vector<int64_t> numbers;
  llvm::SmallVector<llvm::StringRef> items;
  llvm::StringRef(text).split(items, ',');
  for (llvm::StringRef item : items) {
    int64_t number = 0;
    if (item.getAsInteger(10, number) || number < 1 ||
        (!numbers.empty() && number <= numbers.back())) {
      return Error{ErrorCode::BadArgument, option, wanted,
                   "'" + std::string(text) + "'", ""};
    }
    numbers.push_back(number);
  }
  return numbers;
}

Result<std::vector<int64_t>> parseContexts(std::string_view text) {
  return parseAscending("--contexts",
                        "auto, or ascending numbers of positions as 512,2048",
                        text);
}

Result<std::vector<int64_t>> chooseContexts(const CompileRequest &request) {
  SINTER_ASSIGN(DeviceSpec device, resolveDevice(request.target));
  const DecisionSet set = request.decisions.set.value_or(DecisionSet::Exact);
  SINTER_ASSIGN(planning::PlanningOptions options,
                planningOptions(set, request.decisions));
  std::vector<Workload> workloads;
  Workload workload = request.workload;
  for (workload.context = 1; workload.context < workload.maxContext;
       workload.context *= 2) {
    workloads.push_back(workload);
  }
  workload.context = workload.maxContext;
  workloads.push_back(workload);

  std::vector<planning::EntryPlan> plans;
  for (const Workload &each : workloads) {
    SINTER_ASSIGN(std::unique_ptr<PreparedEntry> prepared,
                  PreparedEntry::create(request.source.config, each, set));
    SINTER_ASSIGN(planning::EntryPlan plan,
                  planning::planEntry(prepared->function(), device, options));
    plans.push_back(std::move(plan));
  }
  std::vector<int64_t> contexts;
  for (size_t kept : planning::fewestBuckets(plans, tolerance)) {
    contexts.push_back(workloads[kept].context);
  }
  return contexts;
}

} // namespace sinter
