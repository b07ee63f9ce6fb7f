//===- EntryPlanning.cpp - The plan of one entry, with its evidence -------===//

#include "passes/planning/EntryPlanning.h"

#include "codegen/KernelRegistry.h"
#include "ir/plan/Plan.h"
#include "passes/planning/Constraints.h"
#include "passes/planning/Decide.h"
#include "passes/planning/GroupSearch.h"

#include <algorithm>
#include <array>

using namespace mlir;

namespace sinter::planning {

static constexpr std::array kDecisionSets = {
    std::pair(DecisionSet::Single, std::string_view("single")),
    std::pair(DecisionSet::Library, std::string_view("library")),
    std::pair(DecisionSet::Greedy, std::string_view("greedy")),
    std::pair(DecisionSet::Exact, std::string_view("exact"))};

std::string_view decisionSetName(DecisionSet set) {
  return kDecisionSets[static_cast<size_t>(set)].second;
}

std::optional<DecisionSet> findDecisionSet(std::string_view name) {
  for (auto [set, text] : kDecisionSets) {
    if (text == name) {
      return set;
    }
  }
  return std::nullopt;
}

static constexpr std::array kPlanModes = {cost::ExecutionMode::Stream,
                                          cost::ExecutionMode::Graph,
                                          cost::ExecutionMode::Programmatic};

std::optional<cost::ExecutionMode> findPlanMode(std::string_view name) {
  for (cost::ExecutionMode mode : kPlanModes) {
    if (cost::modeName(mode) == name) {
      return mode;
    }
  }
  return std::nullopt;
}

Cost &Cost::operator+=(const Cost &other) {
  launches += other.launches;
  read += other.read;
  written += other.written;
  picoseconds += other.picoseconds;
  return *this;
}

std::vector<uint32_t> EntryPlan::phaseOfOps() const {
  std::vector<uint32_t> phaseOf(entry.graph.size());
  for (uint32_t phase = 0; phase < phases.size(); ++phase) {
    for (uint32_t op : phases[phase].ops) {
      phaseOf[op] = phase;
    }
  }
  return phaseOf;
}

namespace {

class EntryPlanner {
public:
  EntryPlanner(func::FuncOp function, const DeviceSpec &device,
               const PlanningOptions &options)
      : function(function), device(device), options(options) {}

  Result<EntryPlan> run(std::vector<Unplannable> *unplannable) {
    plan::WorkloadAttr workload = plan::getWorkload(function);
    if (!workload) {
      return Error{ErrorCode::WorkloadMissing,
                   "entry '" + function.getName().str() + "'",
                   "the attribute plan.workload", "none",
                   "the importer sets it"};
    }
    plan.entry = fusion::graphOf(function);
    plan.families = (options.families.empty() ? codegen::kernelFamilies()
                                              : options.families)
                        .vec();
    plan.decisions = options.decisions;
    plan.modes = {kPlanModes.begin(), kPlanModes.end()};
    if (options.mode) {
      plan.modes = {*options.mode};
      if (*options.mode == cost::ExecutionMode::Programmatic) {
        plan.modes.push_back(cost::ExecutionMode::Graph); // with library calls
      }
    }
    SINTER_ASSIGN(constraints, constraintsOf(plan.entry, options));
    SINTER_TRY(findGroups(plan, device, workload.workload(), asksForGroups(),
                          constraints));
    SINTER_TRY(priceGroups(plan, device));
    SINTER_TRY(checkModes());
    restrict();
    SINTER_TRY(checkCovered(unplannable));
    SINTER_TRY(solve());
    SINTER_TRY(decidePhases(plan, constraints, device));
    return std::move(plan);
  }

private:
  bool asksForGroups() const {
    return options.decisions != DecisionSet::Single ||
           std::any_of(constraints.begin(), constraints.end(),
                       [](const Constraint &constraint) {
                         return constraint.forced == plan::Choice::Fuse;
                       });
  }

  /// A mode without any price is an error where it was asked for or is the only
  /// one.
  Status checkModes() const {
    if (options.mode && plan.modeRefusals.front()) {
      return *plan.modeRefusals.front();
    }
    if (std::all_of(plan.modeRefusals.begin(), plan.modeRefusals.end(),
                    [](const auto &refusal) { return refusal.has_value(); })) {
      return *plan.modeRefusals.front();
    }
    return Status::success();
  }

  //===--------------------------------------------------------------------===//
  // What may be chosen
  //===--------------------------------------------------------------------===//

  /// `byLibrary`: ops that the library runs.
  bool mayFuse(const Group &group, const std::vector<char> &byLibrary) const {
    bool asked = options.decisions != DecisionSet::Single;
    if (options.decisions == DecisionSet::Library) {
      asked = std::none_of(group.ops.begin(), group.ops.end(),
                           [&](uint32_t op) { return byLibrary[op]; });
    }
    for (uint32_t op : group.ops) {
      const Constraint &constraint = constraints[op];
      if (constraint.forbidden ||
          (constraint.forced && *constraint.forced != plan::Choice::Fuse)) {
        return false;
      }
      asked |= constraint.forced == plan::Choice::Fuse;
    }
    return asked;
  }

  bool maySingle(const Group &group, bool hasLibrary) const {
    const Constraint &constraint = constraints[group.ops.front()];
    if (constraint.forced) {
      return *constraint.forced == plan::Choice::Single;
    }
    return options.decisions != DecisionSet::Library || !hasLibrary;
  }

  bool mayLibrary(const Group &group) const {
    const Constraint &constraint = constraints[group.ops.front()];
    if (constraint.forced) {
      return *constraint.forced == plan::Choice::Library;
    }
    return options.decisions != DecisionSet::Single;
  }

  void restrict() {
    plan.candidates.graph = plan.entry.graph;
    for (cost::ExecutionMode mode : plan.modes) {
      plan.candidates.modes.emplace_back(cost::modeName(mode));
    }
    std::vector<std::array<std::vector<uint32_t>, 3>> best(plan.answers.size());
    for (size_t i = 0; i < plan.answers.size(); ++i) {
      for (plan::Choice choice :
           {plan::Choice::Fuse, plan::Choice::Library, plan::Choice::Single}) {
        best[i][static_cast<size_t>(choice)] =
            bestVariants(plan.answers[i], choice);
      }
    }
    std::vector<char> byLibrary(plan.entry.graph.size());
    for (const Group &group : plan.groups) {
      if (group.ops.size() == 1) {
        const auto &variants = best[group.answer];
        byLibrary[group.ops.front()] =
            variants[static_cast<size_t>(plan::Choice::Library)].empty() ? 0
                                                                         : 1;
      }
    }
    for (uint32_t number = 0; number < plan.groups.size(); ++number) {
      const Group &group = plan.groups[number];
      const auto &variants = best[group.answer];
      const auto &fuse = variants[static_cast<size_t>(plan::Choice::Fuse)];
      const auto &library =
          variants[static_cast<size_t>(plan::Choice::Library)];
      const auto &single = variants[static_cast<size_t>(plan::Choice::Single)];
      EntryPlan::CandidateOrigin origin{number, {}};
      auto allow = [&](const std::vector<uint32_t> &list) {
        origin.variants.insert(origin.variants.end(), list.begin(), list.end());
      };
      if (group.ops.size() > 1) {
        if (mayFuse(group, byLibrary)) {
          allow(fuse);
        }
      } else {
        if (maySingle(group, !library.empty())) {
          allow(single);
        }
        if (mayLibrary(group)) {
          allow(library);
        }
      }
      if (!origin.variants.empty()) {
        addCandidate(group, std::move(origin));
      }
    }
  }

  /// A graph that holds a library call has full edges, as mode graph prices it.
  void refuseProgrammatic(std::vector<uint64_t> &prices) const {
    const size_t row = plan.candidates.tails.size() + 1;
    for (size_t mode = 0; mode < plan.modes.size(); ++mode) {
      if (plan.modes[mode] == cost::ExecutionMode::Programmatic) {
        std::fill_n(prices.begin() + static_cast<std::ptrdiff_t>(mode * row),
                    row, fusion::kNoPrice);
      }
    }
  }

  void addCandidate(const Group &group, EntryPlan::CandidateOrigin origin) {
    fusion::Candidate candidate;
    candidate.ops = group.ops;
    for (uint32_t number : origin.variants) {
      const Variant &variant = plan.answers[group.answer].variants[number];
      fusion::Option option;
      option.choice =
          variant.choice == plan::Choice::Fuse      ? fusion::Choice::Fuse
          : variant.choice == plan::Choice::Library ? fusion::Choice::Library
                                                    : fusion::Choice::Single;
      option.family =
          variant.family ? variant.family->name().str() : "cublaslt.matmul";
      option.config = variant.config.text();
      option.launches = static_cast<uint32_t>(variant.work.launches);
      option.prefetchableBytes = variant.work.hoisted;
      option.tail = variant.tail;
      option.prices = variant.prices;
      if (variant.choice == plan::Choice::Library) {
        refuseProgrammatic(option.prices);
      }
      candidate.options.push_back(std::move(option));
    }
    plan.candidates.candidates.push_back(std::move(candidate));
    plan.origins.push_back(std::move(origin));
  }

  //===--------------------------------------------------------------------===//
  // What nothing runs
  //===--------------------------------------------------------------------===//

  Status checkCovered(std::vector<Unplannable> *unplannable) const {
    std::vector<char> covered(plan.entry.graph.size());
    for (const fusion::Candidate &candidate : plan.candidates.candidates) {
      for (uint32_t op : candidate.ops) {
        covered[op] = 1;
      }
    }
    std::optional<Error> first;
    for (const Group &group : plan.groups) {
      const uint32_t op = group.ops.front();
      if (group.ops.size() > 1 || covered[op]) {
        continue;
      }
      Error error = explain(group);
      if (unplannable) {
        unplannable->push_back({plan.entry.ops[op], error});
      }
      if (!first) {
        first = std::move(error);
      }
    }
    return first ? Status(*first) : Status::success();
  }

  /// `alone` holds one op that no candidate runs.
  Error explain(const Group &alone) const {
    const uint32_t op = alone.ops.front();
    const std::string object =
        "op '" + plan.entry.graph.name(op) + "' (" +
        plan.entry.ops[op]->getName().getStringRef().str() + ")";
    const Answer &answer = plan.answers[alone.answer];
    const Constraint &constraint = constraints[op];
    if (constraint.config && !constraint.forced) {
      return {ErrorCode::ForceRefused, object, constraint.configBy,
              describe(answer.nearestRefusal()),
              "ask for another configuration"};
    }
    if (!constraint.forced) {
      return {ErrorCode::NotPlannable, object,
              "a kernel family or a library that runs it",
              describe(answer.nearestRefusal()),
              "choose another workload or target"};
    }
    std::string found;
    switch (*constraint.forced) {
    case plan::Choice::Fuse:
      found = explainFuse(op);
      break;
    case plan::Choice::Library:
      found = describe(&answer.refusals.back());
      break;
    case plan::Choice::Single:
      found = describe(answer.nearestRefusal());
      break;
    }
    return {ErrorCode::ForceRefused, object, constraint.forcedBy,
            std::move(found), "remove the force"};
  }

  std::string explainFuse(uint32_t op) const {
    const Refusal *nearest = nullptr;
    for (const Group &group : plan.groups) {
      if (group.ops.size() < 2 ||
          !std::binary_search(group.ops.begin(), group.ops.end(), op)) {
        continue;
      }
      if (!plan.answers[group.answer].variants.empty()) {
        return "every group that a family runs, such as " +
               plan.entry.graph.describe(group.ops) +
               ", holds an op of which something else is asked";
      }
      if (!nearest) {
        nearest = plan.answers[group.answer].nearestRefusal();
      }
    }
    return nearest ? describe(nearest)
                   : "no family runs it together with another op";
  }

  static std::string describe(const Refusal *refusal) {
    if (!refusal) {
      return "no price in any mode";
    }
    const Verdict &verdict = refusal->verdict;
    const Verdict shown =
        verdict.reason() == plan::Reason::RefusedOp && refusal->family
            ? Verdict::refused(plan::Reason::RefusedNoFamily, verdict.note())
            : verdict;
    return shown.message() + " (" + plan::describe(shown.reason()).str() + ")";
  }

  //===--------------------------------------------------------------------===//
  // The solution
  //===--------------------------------------------------------------------===//

  bool callsLibrary(const fusion::ModePlan &chosen) const {
    return std::any_of(chosen.phases.begin(), chosen.phases.end(),
                       [&](const fusion::Phase &phase) {
                         return plan.candidates.candidates[phase.candidate]
                                    .options[phase.option]
                                    .choice == fusion::Choice::Library;
                       });
  }

  Status solve() {
    Result<fusion::Solution> solution =
        options.decisions == DecisionSet::Greedy
            ? fusion::solveGreedy(plan.candidates)
            : fusion::solveExact(plan.candidates);
    if (solution) {
      plan.solution = std::move(*solution);
      plan.mode = plan.solution.best;
      if (options.mode && plan.solution.plans.front().exists() &&
          !callsLibrary(plan.solution.plans[plan.mode])) {
        plan.mode = 0;
      }
      return Status::success();
    }
    if (solution.error().code != ErrorCode::NotPlannable) {
      return solution.takeError();
    }
    std::string asked;
    for (const Constraint &constraint : constraints) {
      if (constraint.forced &&
          asked.find(constraint.forcedBy) == std::string::npos) {
        asked += (asked.empty() ? "" : ", ") + constraint.forcedBy;
      }
    }
    if (asked.empty()) {
      return solution.takeError();
    }
    return Error{ErrorCode::ForcesContradict,
                 "entry '" + function.getName().str() + "'",
                 "a plan with " + asked,
                 options.decisions == DecisionSet::Greedy
                     ? "none that begins with every op alone, as greedy does"
                     : "none: the groups that honour them overlap",
                 "remove one of the forces"};
  }

  func::FuncOp function;
  const DeviceSpec &device;
  const PlanningOptions &options;
  EntryPlan plan;
  std::vector<Constraint> constraints;
};

} // namespace

Result<EntryPlan> planEntry(func::FuncOp function, const DeviceSpec &device,
                            const PlanningOptions &options,
                            std::vector<Unplannable> *unplannable) {
  return EntryPlanner(function, device, options).run(unplannable);
}

} // namespace sinter::planning
