//===- EntryPlanning.h - The plan of one entry, with its evidence -*- C++
//-*-===//
//
// From a function at stage `normalized` (or with packed weights) to the phases
// of its step: every group that some family or the library runs, priced per
// execution mode; the solution of a decision set; and for each phase what was
// rejected. Nothing here changes the function.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_PASSES_PLANNING_ENTRYPLANNING_H
#define SINTER_PASSES_PLANNING_ENTRYPLANNING_H

#include "codegen/KernelFamily.h"
#include "passes/cost/CostModel.h"
#include "passes/fusion/EntryGraph.h"
#include "passes/fusion/Solver.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::planning {

enum class DecisionSet : uint8_t {
  Single,  ///< every op alone in a generated kernel
  Library, ///< every linear layer by the library, between them the cheapest
  Greedy,  ///< the gain queue
  Exact,   ///< the cheapest plan
};

/// "single", "library", "greedy", "exact".
std::string_view decisionSetName(DecisionSet set);
std::optional<DecisionSet> findDecisionSet(std::string_view name);
/// "stream", "graph", "pdl": the modes that a plan can have.
std::optional<cost::ExecutionMode> findPlanMode(std::string_view name);

/// Ops with a name that `pattern` matches run as `choice`: `fuse` in a group of
/// two or more, `single` alone in a generated kernel, `library` by the library.
/// Patterns are globs over names of ops: *, ?, [a-z], {a,b}; * takes dots too.
struct Force {
  std::string pattern;
  plan::Choice choice = plan::Choice::Fuse;
  bool operator==(const Force &) const = default;
};

/// "layers.*.swiglu=single". SIN1003 names `text`.
Result<Force> parseForce(std::string_view text);

/// The kernel of every op with a name that `pattern` matches has this
/// configuration, whichever family and group the op is in.
struct ConfigRequest {
  std::string pattern;
  codegen::KernelConfig config;
  bool operator==(const ConfigRequest &) const = default;
};

/// "layers.*.o_proj=rows = 4, warps = 4". SIN1003 names `text`.
Result<ConfigRequest> parseConfigRequest(std::string_view text);

struct PlanningOptions {
  DecisionSet decisions = DecisionSet::Exact;
  /// The mode to plan for; without it the cheapest. Asked for mode pdl, an
  /// entry whose library calls pay more than programmatic edges gets mode
  /// graph: beside such a call all edges are full.
  std::optional<cost::ExecutionMode> mode;
  std::vector<Force> forces;
  /// Patterns of ops that no group of several ops may hold.
  std::vector<std::string> forbidden;
  std::vector<ConfigRequest> configs;
  /// Who is asked, in order; nobody: codegen::kernelFamilies().
  llvm::ArrayRef<const codegen::KernelFamily *> families;
};

/// What executing some ops costs; bytes are those issued.
struct Cost {
  uint64_t launches = 0;
  uint64_t read = 0;
  uint64_t written = 0;
  uint64_t picoseconds = 0;

  Cost &operator+=(const Cost &other);
  bool operator==(const Cost &) const = default;
};

/// One way to run a group as one phase.
struct Variant {
  plan::Choice choice = plan::Choice::Single;
  const codegen::KernelFamily *family = nullptr; ///< null: the library
  codegen::KernelConfig config;                  ///< empty for the library
  /// The device file's entry that chose the configuration; null: none did.
  const TunedConfig *tuned = nullptr;
  cost::PhaseWork work;
  uint64_t read = 0;    ///< bytes issued
  uint64_t written = 0; ///< bytes issued
  uint64_t flops = 0;
  uint32_t tail = 0; ///< of CandidateSet::tails
  /// As Option::prices; without a price in any mode if all are kNoPrice.
  std::vector<uint64_t> prices;
};

/// A family that does not run a group, and why.
struct Refusal {
  const codegen::KernelFamily *family = nullptr; ///< null: the library
  Verdict verdict = Verdict::ok();
};

/// What families and library say of all groups of one structure.
struct Answer {
  std::vector<Variant> variants; ///< families in order, then the library
  /// Of groups of several ops, by families that have groups with such a first.
  std::vector<Refusal> refusals;
  /// SIN2804: a tuned configuration of the device file that is refused.
  std::optional<Error> badTuned;
  bool grow = false;

  /// The refusal that says most; of none if nobody refused.
  const Refusal *nearestRefusal() const;
};

/// Ops that were asked about.
struct Group {
  fusion::Ops ops;
  uint32_t answer = 0; ///< index into EntryPlan::answers
};

/// An alternative to the choice of a phase.
struct Rejected {
  plan::Choice choice = plan::Choice::Single;
  plan::Reason reason = plan::Reason::RefusedSlower;
  std::string note; ///< of a verdict; which ops a group would hold
  std::optional<Cost> cost;
};

/// A phase of the chosen plan.
struct PhaseDecision {
  fusion::Ops ops;      ///< ascending
  uint32_t group = 0;   ///< index into EntryPlan::groups
  uint32_t variant = 0; ///< of the group's answer
  cost::Price price;    ///< behind the phase before, in the plan's mode
  Cost before;          ///< the ops alone in generated kernels, same mode
  Cost after;
  plan::Reason reason = plan::Reason::SingleFaster;
  bool forced = false;
  std::vector<Rejected> rejected;
};

struct EntryPlan {
  fusion::EntryGraph entry;
  std::vector<const codegen::KernelFamily *> families; ///< that were asked
  std::vector<Answer> answers; ///< one per structure of groups
  std::vector<Group> groups;   ///< every group that was asked about
  /// What the decision set and the forces left to choose from; candidate i is
  /// a group with some of its answer's variants.
  fusion::CandidateSet candidates;
  struct CandidateOrigin {
    uint32_t group = 0;
    std::vector<uint32_t> variants; ///< per option
  };
  std::vector<CandidateOrigin> origins;   ///< per candidate
  std::vector<cost::ExecutionMode> modes; ///< per CandidateSet::modes
  /// Per mode, why it has no prices at all.
  std::vector<std::optional<Error>> modeRefusals;
  fusion::Solution solution;
  DecisionSet decisions = DecisionSet::Exact;
  uint32_t mode = 0; ///< the chosen one, index into `modes`
  std::vector<PhaseDecision> phases;
  cost::StepPrice step;             ///< of the phases in the chosen mode
  std::vector<cost::Ground> priors; ///< that the step's price rests on

  cost::ExecutionMode chosenMode() const { return modes[mode]; }
  const Variant &variantOf(const PhaseDecision &phase) const {
    return answers[groups[phase.group].answer].variants[phase.variant];
  }
  /// The phase that runs an op, by the op's number.
  std::vector<uint32_t> phaseOfOps() const;
};

/// An op that cannot be run as asked.
struct Unplannable {
  mlir::Operation *op = nullptr;
  Error error;
};

/// Errors: SIN2661 an op that nothing runs; SIN2662 no workload; SIN2671 too
/// wide; SIN2674 a force that no family or library honours; SIN2675 forces that
/// contradict each other; SIN2676 a pattern that is malformed or names no op;
/// SIN2806 and SIN2807 where the forced mode has no prices. `unplannable`
/// receives every op of SIN2661 and SIN2674; the error is that of the first.
Result<EntryPlan> planEntry(mlir::func::FuncOp function,
                            const DeviceSpec &device,
                            const PlanningOptions &options = {},
                            std::vector<Unplannable> *unplannable = nullptr);

/// Two ops of which one needs the other's result.
struct Neighbours {
  uint32_t from = 0;
  uint32_t to = 0;
  /// In one phase; `reason` is then that of its decision.
  bool together = false;
  plan::Reason reason = plan::Reason::RefusedNoFamily;
  /// Refused: the numbers of the family that came nearest.
  std::string note;
  /// Slower: the cheapest group of both; what its ops cost in the plan, a phase
  /// counted in full.
  std::optional<Group> group;
  std::optional<Cost> fused;
  std::optional<Cost> chosen;
};

/// Every pair, in the order of (from, to).
std::vector<Neighbours> explainNeighbours(const EntryPlan &plan,
                                          const DeviceSpec &device);

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_ENTRYPLANNING_H
