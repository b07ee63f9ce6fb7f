//===- BenchStep.cpp - Time of a decode step ------------------------------===//

#include "tools/BenchStep.h"

#include "runtime/format/Bindings.h"
#include "runtime/format/PlanWords.h"
#include "tools/Statistics.h"
#include "tools/inspect/Totals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sinter {

using namespace format;

namespace {

/// Fills an input with `first`, and in a run of `period` with what follows it.
Status fillInput(Session &session, const Entry &entry, const char *input,
                 int32_t first, uint32_t period = 1) {
  for (const Binding &binding : entry.inputs) {
    if (binding.name != input) {
      continue;
    }
    const Value *value = findValue(session.plan(), binding.value);
    std::vector<int32_t> numbers(value ? elementCount(value->shape) : 0);
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = first + static_cast<int32_t>(i % period);
    }
    return session.write(binding.value, std::as_bytes(std::span(numbers)));
  }
  return Error{ErrorCode::PlanLacks, "entry " + entry.name,
               "the input " + std::string(input), "no such input", ""};
}

/// A sequence that has stopped runs the advance step and moves nothing.
Status stopAdvance(Session &session, const Step &advance) {
  const Plan &plan = session.plan();
  for (const Kernel &kernel : plan.kernels) {
    if (kernel.symbol != advance.kernel) {
      continue;
    }
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      const uint64_t count = kernel.params[i].count;
      if (kernel.params[i].name == "stop") {
        const std::vector<int32_t> stopped(count, 1);
        return session.write(advance.args[i],
                             std::as_bytes(std::span(stopped)));
      }
    }
  }
  return Error{ErrorCode::PlanLacks, "advance step", "a parameter stop", "none",
               "compile the plan again"};
}

} // namespace

StepTimes StepTimes::of(std::vector<double> microseconds, uint32_t repeats) {
  for (double &sample : microseconds) {
    sample *= 1e3 / repeats;
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto count = static_cast<double>(microseconds.size());
  const double mean =
      std::accumulate(microseconds.begin(), microseconds.end(), 0.0) / count;
  double squares = 0;
  for (double sample : microseconds) {
    squares += (sample - mean) * (sample - mean);
  }
  return {percentile(microseconds, 0.5), percentile(microseconds, 0.1),
          percentile(microseconds, 0.9), percentile(microseconds, 0.99),
          mean > 0 ? std::sqrt(squares / count) / mean : 0};
}

Result<size_t> entryFor(const Plan &plan, uint32_t context) {
  std::optional<size_t> best;
  for (size_t i = 0; i < plan.entries.size(); ++i) {
    const Workload &workload = plan.entries[i].workload;
    if (workload.phase != "decode") {
      continue;
    }
    const auto covers = [&](size_t entry) {
      return plan.entries[entry].workload.context >= context;
    };
    const bool smaller =
        best && workload.context < plan.entries[*best].workload.context;
    if (!best ||
        (covers(i) ? smaller || !covers(*best) : !smaller && !covers(*best))) {
      best = i;
    }
  }
  if (!best) {
    return Error{ErrorCode::NotADecodeStep, "plan", "a decode entry", "none",
                 "compile the plan again"};
  }
  const Workload &workload = plan.entries[*best].workload;
  if (context > workload.maxContext) {
    return Error{ErrorCode::ContextExceeded, "--contexts",
                 "at most " + std::to_string(workload.maxContext) +
                     " positions (--max-context)",
                 std::to_string(context),
                 "compile with a larger --max-context"};
  }
  return *best;
}

Result<std::vector<EntryAt>> entriesAt(const Plan &plan,
                                       const std::vector<uint32_t> &contexts) {
  std::vector<EntryAt> list;
  if (contexts.empty()) {
    for (size_t i = 0; i < plan.entries.size(); ++i) {
      list.push_back({i, plan.entries[i].workload.context});
    }
    return list;
  }
  for (uint32_t context : contexts) {
    SINTER_ASSIGN(size_t decode, entryFor(plan, context));
    list.push_back({decode, context});
    for (size_t i = 0; i < plan.entries.size(); ++i) {
      const Workload &workload = plan.entries[i].workload;
      if (workload.phase != "decode" && workload.tokens <= context) {
        list.push_back({i, context});
      }
    }
  }
  return list;
}

std::optional<std::vector<uint64_t>> predictedSteps(const Plan &plan,
                                                    size_t entry,
                                                    LaunchMode mode,
                                                    uint32_t context) {
  if (plan.entries[entry].workload.context != context) {
    return std::nullopt;
  }
  // Those of a step's ops hold the price of the whole step.
  const auto decisions = decisionsOf(plan, plan.entries[entry]);
  std::vector<uint64_t> prices;
  for (const Step &step : plan.entries[entry].steps) {
    if (step.ops.empty()) { // a copy
      prices.push_back(0);
      continue;
    }
    auto found = decisions.find(step.ops.front());
    if (found == decisions.end() || found->second->launch != word(mode)) {
      return std::nullopt;
    }
    prices.push_back(found->second->after.picoseconds);
  }
  return prices;
}

uint64_t flopsOf(const Entry &entry) {
  uint64_t flops = 0;
  for (const Step &step : entry.steps) {
    if (step.gemm) {
      flops += 2 * step.gemm->m * step.gemm->n * step.gemm->k;
    } else if (const Work *work = findWork(entry, step.kernel)) {
      flops += work->flops;
    }
  }
  return flops;
}

Status setStep(Session &session, const Entry &entry, uint32_t context) {
  for (const Value &value : session.plan().values) {
    if (value.operandClass == OperandClass::Cache) {
      std::vector<std::byte> zeros(elementCount(value.shape) *
                                   dtypeBytes(value.dtype));
      SINTER_TRY(session.write(value.name, zeros));
    }
  }
  if (entry.advance) {
    SINTER_TRY(stopAdvance(session, *entry.advance));
  }
  SINTER_TRY(fillInput(session, entry, "ids", 1));
  const uint32_t tokens = entry.workload.tokens;
  if (entry.workload.phase == "prefill") {
    SINTER_TRY(
        fillInput(session, entry, "rows", static_cast<int32_t>(tokens) - 1));
  }
  return fillInput(session, entry, "positions",
                   static_cast<int32_t>(context - tokens), tokens);
}

Result<StepTimes> timeStep(Session &session, size_t entry,
                           const BenchPoint &point) {
  SINTER_ASSIGN(ProgramId program,
                session.prepareProgram(entry, point.mode,
                                       {.repeats = point.repeats,
                                        .advancing = true,
                                        .launches = point.launches}));
  for (uint32_t step = 0; step < point.warmup; step += point.repeats) {
    SINTER_TRY(session.device().run(program));
  }
  SINTER_ASSIGN(
      std::vector<double> samples,
      session.device().timeProgram(program, point.samples, point.runs));
  return StepTimes::of(std::move(samples), point.repeats);
}

} // namespace sinter
