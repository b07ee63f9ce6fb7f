//===- GroupSearch.cpp - Groups that something runs, and prices -----------===//

#include "passes/planning/GroupSearch.h"

#include "ir/target/LibraryPrices.h"
#include "passes/planning/GroupKeys.h"
#include "passes/planning/PhaseWork.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace mlir;

namespace sinter::planning {

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

const Refusal *Answer::nearestRefusal() const {
  // The ops, or so many rows, are another family's.
  auto distance = [](const Refusal &refusal) {
    switch (refusal.verdict.reason()) {
    case plan::Reason::RefusedOp:
      return 3;
    case plan::Reason::RefusedRows:
      return 2;
    case plan::Reason::RefusedGroupSize:
      return 1;
    default:
      return 0;
    }
  };
  const Refusal *nearest = nullptr;
  for (const Refusal &refusal : refusals) {
    if (refusal.family &&
        (!nearest || distance(refusal) < distance(*nearest))) {
      nearest = &refusal;
    }
  }
  return nearest;
}

static void askLibrary(ArrayRef<Operation *> ops, const DeviceSpec &device,
                       Answer &answer) {
  auto refuse = [&](plan::Reason reason, const std::string &note) {
    answer.refusals.push_back({nullptr, Verdict::refused(reason, note)});
  };
  if (ops.size() > 1) {
    refuse(plan::Reason::RefusedLibraryEpilogue,
           "of " + std::to_string(ops.size()) +
               " ops it would run the linear layer only");
    return;
  }
  auto linear = dyn_cast<decoder::LinearOp>(ops.front());
  if (!linear) {
    refuse(plan::Reason::RefusedOp,
           ops.front()->getName().getStringRef().str() +
               ", wanted decoder.linear");
    return;
  }
  std::optional<cost::LibraryCall> call = libraryCallFor(linear);
  if (!call) {
    refuse(plan::Reason::RefusedElementType, "wanted bf16 and static shapes");
    return;
  }
  call->best = pinnedPrice(device, call->m, call->n, call->k,
                           linear.getBias() != nullptr) != nullptr;
  Variant variant;
  variant.choice = plan::Choice::Library;
  variant.work = phaseOf(linear, *call);
  variant.written = 2 * call->m * call->n;
  variant.read = variant.work.issued - variant.written;
  variant.flops = 2 * call->m * call->n * call->k;
  answer.variants.push_back(std::move(variant));
}

/// A block must fit the register file with all registers that its bound allows;
/// as many are resident as fit beside each other.
static Verdict fitRegisters(cost::PhaseWork &work, const DeviceSpec &device) {
  const uint64_t block = work.threads * work.registers;
  const uint64_t most = device.limits.registersPerSm.value;
  if (block > most) {
    return Verdict::refused(plan::Reason::RefusedRegisters,
                            std::to_string(work.threads) + " threads with " +
                                std::to_string(work.registers) +
                                " registers each, " + std::to_string(block) +
                                ", wanted at most " + std::to_string(most));
  }
  if (block != 0) {
    work.blocksPerSm = std::min(work.blocksPerSm, most / block);
  }
  return Verdict::ok();
}

static Error badTuned(const DeviceSpec &device, const TunedConfig &tuned,
                      const std::string &wanted) {
  return Error{ErrorCode::DeviceNumberAbsurd,
               "device '" + device.name + "', tuned " + tuned.family + " '" +
                   tuned.group + "'",
               "a configuration that the family admits (" + wanted + ")",
               "'" + tuned.config + "'",
               "remove the entry, or measure this GPU again"};
}

Answer askFamilies(ArrayRef<Operation *> ops,
                   ArrayRef<const codegen::KernelFamily *> families,
                   const DeviceSpec &device, const Workload &workload,
                   const codegen::KernelConfig *asked) {
  Answer answer;
  const auto group = codegen::GroupView::ofOps(ops);
  for (const codegen::KernelFamily *family : families) {
    answer.grow |= family->mayGrow(group);
    if (Verdict verdict = family->accepts(group, device); !verdict) {
      // A family without groups that begin so has nothing to say about them.
      if (ops.size() == 1 ||
          family->mayGrow(codegen::GroupView::ofOps(ops.front()))) {
        answer.refusals.push_back({family, std::move(verdict)});
      }
      continue;
    }
    const TunedConfig *tuned =
        asked ? nullptr
              : device.findTuned(family->name(), family->tunedName(group),
                                 static_cast<uint64_t>(workload.context));
    std::optional<codegen::KernelConfig> only;
    if (asked) {
      only = *asked;
    } else if (tuned) {
      only = codegen::KernelConfig::parse(tuned->config);
    }
    if (only) {
      if (Verdict verdict = family->admits(group, *only, device); !verdict) {
        if (tuned) {
          answer.badTuned = badTuned(device, *tuned, verdict.message());
        }
        answer.refusals.push_back({family, std::move(verdict)});
        continue;
      }
    } else if (tuned) {
      answer.badTuned = badTuned(device, *tuned, "NAME = NUMBER, ...");
    }
    Verdict registers = Verdict::ok(); // of the configuration that needs least
    uint64_t fewest = UINT64_MAX;
    bool runs = false;
    for (const codegen::KernelConfig &config :
         only ? SmallVector<codegen::KernelConfig>{*only}
              : family->enumerate(group, device)) {
      const codegen::Work work = family->work(group, config, workload);
      Variant variant;
      variant.choice =
          ops.size() == 1 ? plan::Choice::Single : plan::Choice::Fuse;
      variant.family = family;
      variant.config = config;
      variant.tuned = tuned;
      variant.work = phaseOf(work);
      variant.read = work.loadedBytes();
      variant.written = work.storedBytes();
      variant.flops = work.flops;
      if (Verdict fits = fitRegisters(variant.work, device); !fits) {
        const uint64_t block = variant.work.threads * variant.work.registers;
        if (block < fewest) {
          fewest = block;
          registers = std::move(fits);
        }
        continue;
      }
      runs = true;
      answer.variants.push_back(std::move(variant));
    }
    if (!runs) {
      answer.refusals.push_back({family, std::move(registers)});
    }
  }
  if (asked) {
    answer.refusals.push_back(
        {nullptr, Verdict::refused(plan::Reason::RefusedConfiguration,
                                   "the library takes none")});
  } else {
    askLibrary(ops, device, answer);
  }
  return answer;
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

Status findGroups(EntryPlan &plan, const DeviceSpec &device,
                  const Workload &workload, bool several,
                  const std::vector<Constraint> &constraints) {
  const GroupKeys keys(plan.entry);
  std::map<std::pair<GroupKeys::Key, std::string>, uint32_t> known;
  std::optional<Error> bad;
  auto judge = [&](std::span<const uint32_t> numbers) {
    llvm::SmallVector<Operation *> ops;
    const codegen::KernelConfig *config = nullptr;
    bool same = true; // all configurations asked for
    for (uint32_t number : numbers) {
      ops.push_back(plan.entry.ops[number]);
      if (const auto &asked = constraints[number].config) {
        same &= !config || *asked == *config;
        config = &*asked;
      }
    }
    auto [place, isNew] =
        known.try_emplace({keys.of(numbers), !same    ? "several"
                                             : config ? config->text()
                                                      : ""},
                          static_cast<uint32_t>(plan.answers.size()));
    if (isNew) {
      Answer answer = askFamilies(ops, plan.families, device, workload, config);
      if (!same) {
        answer.variants.clear(); // larger groups may still be asked about
      }
      if (answer.badTuned && !bad) {
        bad = std::move(answer.badTuned);
      }
      plan.answers.push_back(std::move(answer));
    }
    plan.groups.push_back({{numbers.begin(), numbers.end()}, place->second});
    return fusion::Answer{{}, several && plan.answers[place->second].grow};
  };
  SINTER_TRY(growCandidates(plan.entry.graph, {}, judge));
  return bad ? Status(std::move(*bad)) : Status::success();
}

//===----------------------------------------------------------------------===//
// Prices
//===----------------------------------------------------------------------===//

namespace {

/// Kinds of phases that a price behind them can tell apart.
class Tails {
public:
  Tails(std::vector<Answer> &answers, const DeviceSpec &device) {
    std::map<Footprint, uint32_t> numbers;
    std::vector<const cost::PhaseWork *> works;
    for (Answer &answer : answers) {
      for (Variant &variant : answer.variants) {
        auto [place, isNew] =
            numbers.try_emplace(footprint(variant.work), works.size());
        if (isNew) {
          works.push_back(&variant.work);
        }
        variant.tail = place->second;
      }
    }
    std::map<std::vector<bool>, uint32_t> classes;
    std::vector<uint32_t> classOf;
    for (const cost::PhaseWork *work : works) {
      const bool generated = work->kind == cost::PhaseKind::Generated;
      std::vector<bool> room = {generated};
      if (generated) {
        for (const cost::PhaseWork *next : works) {
          room.push_back(next->kind == cost::PhaseKind::Generated &&
                         cost::fitTogether(*work, *next, device.limits));
        }
      }
      auto [place, isNew] =
          classes.try_emplace(std::move(room), representatives.size());
      if (isNew) {
        representatives.push_back(*work);
        names.push_back(generated
                            ? "a kernel such as one of " +
                                  std::to_string(work->threads) + " threads"
                            : "a library call");
      }
      classOf.push_back(place->second);
    }
    for (Answer &answer : answers) {
      for (Variant &variant : answer.variants) {
        variant.tail = classOf[variant.tail];
      }
    }
    if (names.empty()) { // nothing runs anything; a set has a tail even so
      names.push_back("none");
      representatives.emplace_back();
    }
  }

  std::vector<std::string> names;
  std::vector<cost::PhaseWork> representatives;

private:
  using Footprint = std::tuple<cost::PhaseKind, uint64_t, uint64_t, uint64_t>;
  static Footprint footprint(const cost::PhaseWork &work) {
    if (work.kind == cost::PhaseKind::Library) {
      return {work.kind, 0, 0, 0};
    }
    return {work.kind, work.threads, work.registers, work.sharedBytes};
  }
};

/// The price, or kNoPrice with the reason in `refusal` where it is the first.
Result<uint64_t> priceOf(const cost::PhaseWork &work, cost::ExecutionMode mode,
                         const DeviceSpec &device,
                         const cost::PhaseWork *before,
                         std::optional<Error> &refusal) {
  Result<cost::Price> price = cost::price(work, mode, device, before);
  if (price) {
    return price->picoseconds <= fusion::kHighestPrice ? price->picoseconds
                                                       : fusion::kNoPrice;
  }
  if (price.error().code == ErrorCode::PlanningFailed) {
    return price.takeError();
  }
  if (!refusal) {
    refusal = price.takeError();
  }
  return fusion::kNoPrice;
}

} // namespace

Status priceGroups(EntryPlan &plan, const DeviceSpec &device) {
  const Tails tails(plan.answers, device);
  plan.candidates.tails = tails.names;
  for (cost::ExecutionMode mode : plan.modes) {
    std::optional<Error> refusal;
    bool priced = false;
    for (Answer &answer : plan.answers) {
      for (Variant &variant : answer.variants) {
        SINTER_ASSIGN(uint64_t first,
                      priceOf(variant.work, mode, device, nullptr, refusal));
        variant.prices.push_back(first);
        priced |= first != fusion::kNoPrice;
        for (const cost::PhaseWork &before : tails.representatives) {
          // Elsewhere the phase before plays no part.
          uint64_t price = first;
          if (mode == cost::ExecutionMode::Programmatic) {
            SINTER_ASSIGN(
                price, priceOf(variant.work, mode, device, &before, refusal));
          }
          variant.prices.push_back(price);
        }
      }
    }
    plan.modeRefusals.push_back(priced ? std::nullopt : refusal);
  }
  return Status::success();
}

std::vector<uint32_t> bestVariants(const Answer &answer, plan::Choice choice) {
  std::vector<uint32_t> kept;
  const std::vector<Variant> &variants = answer.variants;
  for (uint32_t i = 0; i < variants.size(); ++i) {
    if (variants[i].choice != choice) {
      continue;
    }
    bool beaten = false;
    for (uint32_t j = 0; j < variants.size() && !beaten; ++j) {
      if (j == i || variants[j].choice != choice ||
          variants[j].tail != variants[i].tail) {
        continue;
      }
      bool never = true; // is j dearer
      bool equal = true;
      for (size_t k = 0; k < variants[i].prices.size(); ++k) {
        never &= variants[j].prices[k] <= variants[i].prices[k];
        equal &= variants[j].prices[k] == variants[i].prices[k];
      }
      const auto order = [&](uint32_t number) {
        return std::pair(variants[number].work.issued, number);
      };
      beaten = never && (!equal || order(j) < order(i));
    }
    if (!beaten) {
      kept.push_back(i);
    }
  }
  return kept;
}

} // namespace sinter::planning
