//===- Why.cpp - Why an op runs as it does --------------------------------===//

#include "tools/inspect/Crossover.h"
#include "tools/inspect/Decisions.h"
#include "tools/inspect/Flips.h"
#include "tools/inspect/Words.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "passes/analysis/OpNames.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

using planning::EntryPlan;
using planning::PhaseDecision;

/// Number of the op called `name`, or so in the first layer ("q_norm"); a part
/// of a packed op is that op.
std::optional<uint32_t> findOp(const fusion::EntryGraph &entry,
                               const std::string &name) {
  for (uint32_t op = 0; op < entry.graph.size(); ++op) {
    for (const std::string &known : namesOf(entry.ops[op])) {
      if (known == name || known == "layers.0." + name) {
        return op;
      }
    }
  }
  return std::nullopt;
}

/// The names of one layer and of what is outside, for the message.
std::string knownOps(const fusion::EntryGraph &entry) {
  std::string text;
  for (mlir::Operation *op : entry.ops) {
    for (const std::string &name : namesOf(op)) {
      if (layerOf(name).value_or(0) == 0) {
        text += (text.empty() ? "" : " ") + name;
      }
    }
  }
  return text;
}

/// "decoder.linear of bf16 [1, 3072]": the op and its first operand.
std::string opText(mlir::Operation *op) {
  std::string text = op->getName().getStringRef().str();
  for (mlir::Value operand : op->getOperands()) {
    if (auto type = mlir::dyn_cast<mlir::RankedTensorType>(operand.getType())) {
      text += operand == op->getOperand(0) ? " of [" : ", [";
      for (int64_t i = 0; i < type.getRank(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(type.getDimSize(i));
      }
      text += "]";
    }
  }
  return text;
}

std::string sentence(plan::Reason reason) {
  return std::string(stringifyReason(reason)) + ": " +
         plan::describe(reason).str();
}

class Why {
public:
  Why(const EntryPlan &plan, const DeviceSpec &device, uint32_t op)
      : plan(plan), device(device), op(op) {
    const std::vector<uint32_t> phaseOf = plan.phaseOfOps();
    number = phaseOf[op];
    table.view = "why";
    table.columns = {{"considered", "considered"},
                     {"ops", "ops"},
                     {"how", "how"},
                     {"launches", "launches"},
                     {"time_ps", "us"},
                     {"instead_of_ps", "instead of us"},
                     {"answer", "answer"},
                     {"why", "why"}};
  }

  void addChosen() {
    const PhaseDecision &phase = plan.phases[number];
    add("chosen", opsPattern(plan, phase.ops), howText(plan.variantOf(phase)),
        phase.after, std::nullopt, "chosen", sentence(phase.reason));
    const planning::Variant &variant = plan.variantOf(phase);
    table.notes.push_back(plan.entry.graph.name(op) + " (" +
                          opText(plan.entry.ops[op]) + ") runs " +
                          runsText(plan, op) + ": launch " +
                          std::to_string(number + 1) + " of " +
                          std::to_string(plan.phases.size()) + ", mode " +
                          std::string(cost::modeName(plan.chosenMode())) +
                          ", on " + device.name + ".");
    if (variant.tuned) {
      table.notes.push_back("The configuration was found by trying it, not by "
                            "its price: " +
                            variant.tuned->source + ".");
    }
    std::string text = "Price: " + cost::describe(phase.price) + ".";
    if (plan.chosenMode() == cost::ExecutionMode::Programmatic) {
      text += " Overlap with the launch before: " +
              std::string(cost::overlapText(phase.price.overlap)) + ".";
    }
    text += " The kernel moves " + groupedText(variant.work.unique.weights) +
            " bytes of weights, " + groupedText(variant.work.unique.cache) +
            " of KV cache and " + groupedText(variant.work.unique.activations) +
            " of activations, each once; it asks for " +
            groupedText(variant.read + variant.written) + ".";
    table.notes.push_back(std::move(text));
    addTerms(phase.price);
    if (variant.work.lookups != 0) {
      table.notes.push_back(
          "The cache lies in pages: of the exchange " +
          groupedText(variant.work.lookups *
                      device.cost(CostConstant::L2Latency)->value) +
          " ns (l2_latency) are for looking up where.");
    }
    if (phase.ops.size() > 1) {
      table.notes.push_back(
          "Each op alone: " + std::to_string(phase.before.launches) +
          " launches, " + microsText(phase.before.picoseconds) +
          "; together: " + std::to_string(phase.after.launches) + ", " +
          microsText(phase.after.picoseconds) + ".");
    }
  }

  void addRejected() {
    const PhaseDecision &phase = plan.phases[number];
    for (const planning::Rejected &rejected : phase.rejected) {
      std::string ops = opsPattern(plan, phase.ops);
      std::string what = std::string(stringifyChoice(rejected.choice));
      add(what, rejected.choice == plan::Choice::Fuse ? rejected.note : ops,
          rejected.choice == plan::Choice::Single ? "each op alone"
          : rejected.choice == plan::Choice::Library
              ? "linear layers by cublaslt"
              : "",
          rejected.cost, phase.after.picoseconds, "rejected",
          sentence(rejected.reason) +
              (rejected.choice == plan::Choice::Fuse || rejected.note.empty()
                   ? ""
                   : " (" + rejected.note + ")"));
    }
  }

  /// The cheapest configuration of every other family that runs the same ops.
  void addOtherFamilies() {
    const PhaseDecision &phase = plan.phases[number];
    const planning::Variant &chosen = plan.variantOf(phase);
    const cost::PhaseWork *before =
        number == 0 ? nullptr : &plan.variantOf(plan.phases[number - 1]).work;
    std::map<std::string, std::pair<uint64_t, const planning::Variant *>> best;
    for (const planning::Variant &variant :
         plan.answers[plan.groups[phase.group].answer].variants) {
      if (!variant.family || variant.family == chosen.family) {
        continue;
      }
      Result<cost::Price> price =
          cost::price(variant.work, plan.chosenMode(), device, before);
      if (!price) {
        continue; // without a price nothing could have chosen it
      }
      auto [place, isNew] = best.try_emplace(variant.family->name().str(),
                                             price->picoseconds, &variant);
      if (!isNew && price->picoseconds < place->second.first) {
        place->second = {price->picoseconds, &variant};
      }
    }
    for (const auto &[name, other] : best) {
      planning::Cost cost;
      cost.launches = 1;
      cost.picoseconds = other.first;
      add("other family", opsPattern(plan, phase.ops), howText(*other.second),
          cost, phase.after.picoseconds, "rejected",
          sentence(plan::Reason::RefusedSlower));
    }
  }

  void addNeighbours() {
    for (const planning::Neighbours &pair :
         planning::explainNeighbours(plan, device)) {
      if (pair.from != op && pair.to != op) {
        continue;
      }
      const uint32_t other = pair.from == op ? pair.to : pair.from;
      const std::string what =
          pair.from == op ? "with its consumer" : "with its producer";
      std::string ops = plan.entry.graph.name(other);
      std::optional<uint64_t> instead;
      if (pair.group && pair.group->ops.size() > 2) {
        ops += " as " + opsPattern(plan, pair.group->ops);
      }
      const std::string note = pair.together || !pair.note.empty()
                                   ? pair.note
                                   : barrierText(plan, pair.from, pair.to);
      if (pair.chosen) {
        instead = pair.chosen->picoseconds;
      }
      add(what, ops, "", pair.fused, instead,
          pair.together ? "fused" : "not fused",
          sentence(pair.reason) + (note.empty() ? "" : " (" + note + ")"));
    }
  }

  void addGrounds() {
    std::string measured;
    std::string guessed;
    for (const cost::Ground &ground :
         cost::grounds(plan.phases[number].price, device)) {
      std::string &list =
          ground.origin == NumberOrigin::Prior ? guessed : measured;
      list += (list.empty() ? "" : ", ") + ground.key + " " +
              groupedText(ground.value) + " " + ground.unit + " (" +
              std::string(originName(ground.origin)) + ")";
    }
    table.notes.push_back("The price rests on " + measured + ".");
    table.notes.push_back(guessed.empty()
                              ? "None of it is a guess."
                              : "Guessed, not measured: " + guessed + ".");
  }

  void addForced(const char *choice, const Result<EntryPlan> &forced) {
    if (!forced) {
      add(std::string("forced to ") + choice, plan.entry.graph.name(op), "",
          std::nullopt, std::nullopt, "refused", forced.error().found);
      return;
    }
    planning::Cost cost;
    cost.launches = forced->step.launches;
    cost.picoseconds = forced->step.picoseconds;
    others = true;
    add(std::string("forced to ") + choice, "the whole step",
        runsText(*forced, op), cost, plan.step.picoseconds,
        microsChange(plan.step.picoseconds, cost.picoseconds), "");
  }

  void addFlips(const std::vector<Flip> &flips) {
    constexpr size_t most = 6;
    for (size_t i = 0; i < std::min(flips.size(), most); ++i) {
      const Flip &flip = flips[i];
      table.notes.push_back("It would run " + flip.runs + " if " +
                            flip.key.key + " were " + groupedText(flip.then) +
                            " " + flip.key.unit + " or " +
                            (flip.then > flip.now ? "more" : "less") +
                            "; it is " + groupedText(flip.now) + ".");
    }
    if (flips.empty()) {
      table.notes.push_back(
          others ? "No number of the device file, changed alone by up to a "
                   "factor of 64 and within what such a file may say, would "
                   "change this."
                 : "Nothing else runs it, whatever the device: no family takes "
                   "it with a neighbour, and the library does not take it.");
    }
  }

  void addNote(std::string note) { table.notes.push_back(std::move(note)); }

  Table take() { return std::move(table); }

private:
  /// What the terms of a price are, for those that it has.
  void addTerms(const cost::Price &price) {
    const cost::Breakdown &terms = price.terms;
    const std::pair<uint64_t, const char *> meanings[] = {
        {terms.host, "host: issuing the launch on the CPU"},
        {terms.edge, "edge: an empty launch behind the one before"},
        {terms.ramp, "ramp: from then until its data streams"},
        {terms.exchange, "exchange: fetching what other SMs have just written"},
        {terms.library, "library: the whole call"},
        {terms.dram, "dram: bytes that no cache holds, at the memory's rate"},
        {terms.l2, "l2: all bytes asked for, at the rate of L2"},
        {terms.sm, "sm: those of the busiest SM, at the rate of one"},
        {terms.latency, "latency: round trips that the bytes in flight leave"},
        {terms.issue, "issue: multiply-adds of the busiest SM"},
        {terms.tensor, "tensor: tensor cores"},
        {terms.credit, "credit: what is done while the launch before ends"}};
    std::string text;
    for (const auto &[time, meaning] : meanings) {
      if (time != 0) {
        text += (text.empty() ? "Terms: " : "; ") + std::string(meaning);
      }
    }
    table.notes.push_back(text + ". Of dram to tensor the largest counts.");
  }

  static std::string howText(const planning::Variant &variant) {
    return variant.family ? variant.family->name().str() + " (" +
                                variant.config.text() + ")"
                          : std::string("cublaslt.matmul");
  }

  void add(std::string what, std::string ops, std::string how,
           const std::optional<planning::Cost> &cost,
           std::optional<uint64_t> instead, std::string answer,
           std::string why) {
    const Cell none = std::string();
    table.rows.push_back({std::move(what), std::move(ops), std::move(how),
                          cost ? Cell(cost->launches) : none,
                          cost ? Cell(Micros{cost->picoseconds}) : none,
                          instead ? Cell(Micros{*instead}) : none,
                          std::move(answer), std::move(why)});
  }

  const EntryPlan &plan;
  const DeviceSpec &device;
  uint32_t op;
  uint32_t number = 0; ///< of the op's phase
  bool others = false; ///< the op can be forced to run otherwise
  Table table;
};

/// The same model with at most three layers, and the op in its first, middle
/// or last one.
struct SmallModel {
  std::unique_ptr<PreparedEntry> entry;
  uint32_t op = 0;
};

Result<SmallModel> smallModel(ModelConfig config, const Workload &workload,
                              DecisionSet set, const std::string &name) {
  const int64_t layers = config.layers;
  config.layers = std::min<int64_t>(layers, 3);
  SmallModel small;
  SINTER_ASSIGN(small.entry, PreparedEntry::create(config, workload, set));
  std::string wanted = name;
  if (std::optional<int64_t> layer = layerOf(name)) {
    const int64_t as = *layer == 0            ? 0
                       : *layer == layers - 1 ? config.layers - 1
                                              : std::min<int64_t>(*layer, 1);
    wanted = "layers." + std::to_string(as) + "." +
             name.substr(std::string("layers.*.").size() - 1 +
                         std::to_string(*layer).size());
  }
  const fusion::EntryGraph graph = fusion::graphOf(small.entry->function());
  std::optional<uint32_t> op = findOp(graph, wanted);
  if (!op) {
    return Error{ErrorCode::Internal, "the small model", wanted, "no such op",
                 "please report this with the command line"};
  }
  small.op = *op;
  return small;
}

} // namespace

Result<Table> whyTable(const ModelConfig &config, const Workload &workload,
                       const DeviceSpec &device, DecisionSet set,
                       const DecisionOptions &asked, const std::string &name) {
  SINTER_ASSIGN(std::unique_ptr<PreparedEntry> entry,
                PreparedEntry::create(config, workload, set));
  SINTER_ASSIGN(planning::PlanningOptions options, planningOptions(set, asked));
  SINTER_ASSIGN(EntryPlan plan,
                planning::planEntry(entry->function(), device, options));
  std::optional<uint32_t> op = findOp(plan.entry, name);
  if (!op) {
    return Error{ErrorCode::OpUnknown, "--why " + name,
                 "an op of the step: " + knownOps(plan.entry), name,
                 "name one of them; layers are numbered from 0"};
  }
  Why why(plan, device, *op);
  why.addChosen();
  why.addOtherFamilies();
  why.addRejected();
  why.addNeighbours();
  for (plan::Choice choice :
       {plan::Choice::Fuse, plan::Choice::Library, plan::Choice::Single}) {
    planning::PlanningOptions forced = options;
    forced.forces.push_back({plan.entry.graph.name(*op), choice});
    auto answer = planning::planEntry(entry->function(), device, forced);
    if (!answer || choiceOf(*answer, *op) != choiceOf(plan, *op)) {
      why.addForced(std::string(stringifyChoice(choice)).c_str(), answer);
    }
  }
  why.addGrounds();
  if (mlir::isa<decoder::LinearOp>(plan.entry.ops[*op])) {
    SINTER_ASSIGN(std::string rows, crossoverText(config, workload, device,
                                                  plan.entry.graph.name(*op)));
    why.addNote(std::move(rows));
  }
  SINTER_ASSIGN(SmallModel small,
                smallModel(config, workload, set, plan.entry.graph.name(*op)));
  why.addFlips(findFlips(*entry, *op, *small.entry, small.op, device, options));
  return why.take();
}

} // namespace sinter
