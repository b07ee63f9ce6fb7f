//===- CostModel.cpp - Time of a phase from its exact work ----------------===//

#include "passes/cost/CostModel.h"
#include "passes/cost/Picoseconds.h"

#include <algorithm>
#include <tuple>

namespace sinter::cost {

bool fitTogether(const PhaseWork &a, const PhaseWork &b,
                 const DeviceLimits &limits) {
  Exact threads = Exact(a.threads) + b.threads;
  Exact registers =
      Exact(a.threads) * a.registers + Exact(b.threads) * b.registers;
  Exact reserved = limits.sharedBytesReserved.value;
  Exact shared = Exact(a.sharedBytes) + b.sharedBytes + reserved + reserved;
  return !(Exact(limits.threadsPerSm.value) < threads) &&
         !(Exact(limits.registersPerSm.value) < registers) &&
         !(Exact(limits.sharedBytesPerSm.value) < shared);
}

namespace {

/// Reads constants of one device file and remembers which.
class Constants {
public:
  explicit Constants(const DeviceSpec &device) : device(device) {}

  /// The value; 0 and an error kept for later if the file lacks it.
  Exact get(CostConstant constant) {
    const std::optional<DeviceNumber> &number = device.cost(constant);
    if (!number) {
      if (!missing) {
        missing = constant;
      }
      return Exact(1);
    }
    used.insert(constant);
    return Exact(number->value);
  }
  /// A time in picoseconds, of a constant in nanoseconds.
  Exact time(CostConstant constant) { return get(constant) * Exact(1000); }
  /// `count` per GB/s or GFLOP/s.
  Exact at(Exact count, CostConstant rate) {
    return count * Exact(1000) / get(rate);
  }

  Status status() const {
    if (!missing) {
      return Status::success();
    }
    return Error{
        ErrorCode::DeviceConstantMissing, "device \"" + device.name + "\"",
        "costs/" + std::string(constantKey(*missing)) + " in " +
            std::string(constantUnit(*missing)),
        "no such constant", "measure it, or list a prior with its source"};
  }

  const DeviceSpec &device;
  ConstantSet used;

private:
  std::optional<CostConstant> missing;
};

Error outOfRange() {
  return {ErrorCode::PriceOutOfRange, "work of a phase or a step",
          "times below 2^63 picoseconds", "more",
          "no such workload runs; check its shapes"};
}

Error contradiction(std::string wanted, uint64_t found) {
  return {ErrorCode::PlanningFailed, "work of a phase", std::move(wanted),
          std::to_string(found), "this is a defect of the planner"};
}

Status check(const PhaseWork &work) {
  if (work.launches == 0) {
    return contradiction("at least one launch", 0);
  }
  if (work.kind == PhaseKind::Library) {
    const LibraryCall &call = work.library;
    if (call.m == 0 || call.n == 0 || call.k == 0) {
      return contradiction("a library call with m, n and k", 0);
    }
    return Status::success();
  }
  if (work.blocks == 0) {
    return contradiction("at least one block", 0);
  }
  Exact cold = Exact(work.unique.weights) + work.unique.cache;
  if (cold < Exact(work.hoisted)) {
    return contradiction("at most the weight and cache bytes hoisted",
                         work.hoisted);
  }
  return Status::success();
}

Status checkMode(ExecutionMode mode, const DeviceSpec &device) {
  if (mode != ExecutionMode::Programmatic) {
    return Status::success();
  }
  const std::optional<DeviceNumber> &flag = device.launches.programmatic;
  if (!flag) {
    return Error{ErrorCode::DeviceConstantMissing,
                 "device \"" + device.name + "\"",
                 "launches/programmatic, 0 or 1", "no such flag",
                 "say whether the GPU has programmatic dependent launch"};
  }
  if (flag->value == 0) {
    uint64_t capability = device.limits.computeCapability.value;
    return Error{ErrorCode::LaunchUnsupported, "device \"" + device.name + "\"",
                 "programmatic dependent launch (" + flag->source + ")",
                 "compute capability " + std::to_string(capability / 10) + "." +
                     std::to_string(capability % 10) +
                     ", launches/programmatic 0",
                 "use the mode graph or stream"};
  }
  return Status::success();
}

Overlap overlapOf(const PhaseWork &work, uint64_t cold, ExecutionMode mode,
                  const DeviceSpec &device, const PhaseWork *previous) {
  if (mode != ExecutionMode::Programmatic) {
    return Overlap::NotProgrammatic;
  }
  if (work.kind != PhaseKind::Generated) {
    return Overlap::ForeignKernel;
  }
  if (!previous) {
    return Overlap::NoPredecessor;
  }
  if (previous->kind != PhaseKind::Generated) {
    return Overlap::ForeignPredecessor;
  }
  if (work.hoisted == 0) {
    return Overlap::NothingHoisted;
  }
  if (!fitTogether(*previous, work, device.limits)) {
    return Overlap::NoRoom;
  }
  return work.hoisted == cold ? Overlap::Full : Overlap::Partial;
}

/// Exact times of the parts; Breakdown after they are known to fit.
struct Parts {
  Exact host, edge, ramp, exchange, dram, l2, sm, latency, issue, tensor, body,
      credit, library;
};

/// SIN2808 if a part does not fit.
Result<Breakdown> written(const Parts &parts) {
  for (Exact part : {parts.host, parts.edge, parts.ramp, parts.exchange,
                     parts.dram, parts.l2, parts.sm, parts.latency, parts.issue,
                     parts.tensor, parts.body, parts.credit, parts.library}) {
    if (!part.fits()) {
      return outOfRange();
    }
  }
  return Breakdown{
      parts.host.get(),     parts.edge.get(),    parts.ramp.get(),
      parts.exchange.get(), parts.dram.get(),    parts.l2.get(),
      parts.sm.get(),       parts.latency.get(), parts.issue.get(),
      parts.tensor.get(),   parts.body.get(),    parts.credit.get(),
      parts.library.get()};
}

/// The terms of the body that do not wait for device memory.
Exact othersOf(const Parts &parts) {
  return larger(larger(parts.l2, parts.sm),
                larger(parts.latency, larger(parts.issue, parts.tensor)));
}

/// Terms of which the largest counts.
void priceBody(const PhaseWork &work, Exact cold, Exact unique,
               CostConstant slope, Constants &constants, Parts &parts) {
  const DeviceLimits &limits = constants.device.limits;
  Exact sms = limits.sms.value;
  Exact blocks = work.blocks;
  Exact perSm = blocks / sms; // blocks of the busiest SM
  Exact issued = larger(work.issued, unique);
  if (Exact(0) < cold) {
    parts.dram = constants.at(cold, slope);
  }
  if (Exact(0) < issued) {
    parts.l2 = constants.at(issued, CostConstant::L2ReadRate);
    parts.sm = constants.at(issued * perSm, CostConstant::SmReadRate) / blocks;
    if (work.bytesInFlight != 0) {
      Exact resident =
          work.blocksPerSm == 0 ? perSm : smaller(perSm, work.blocksPerSm);
      Exact wait = constants.time(Exact(0) < cold ? CostConstant::DramLatency
                                                  : CostConstant::L2Latency);
      parts.latency =
          issued * perSm * wait / (blocks * work.bytesInFlight * resident);
    }
  }
  if (work.fmaSlots != 0) {
    parts.issue = Exact(work.fmaSlots) * perSm * Exact(1000000) /
                  (blocks * constants.get(CostConstant::FmaLanes) *
                   constants.get(CostConstant::Clock));
  }
  if (work.tensorFlops != 0) {
    parts.tensor = constants.at(Exact(work.tensorFlops) * perSm * sms,
                                CostConstant::MmaRate) /
                   blocks;
  }
  parts.body = larger(parts.dram, othersOf(parts));
}

/// Edge, ramp, exchange and credit of a kernel.
void priceDependency(const PhaseWork &work, Exact cold, Exact unique,
                     ExecutionMode mode, Overlap overlap, Constants &constants,
                     Parts &parts) {
  using enum CostConstant;
  bool programmatic = overlap == Overlap::Full || overlap == Overlap::Partial ||
                      overlap == Overlap::NothingHoisted ||
                      overlap == Overlap::NoRoom;
  Exact launches = work.launches;
  Exact node = constants.time(programmatic ? NodeProgrammatic : NodeGraph);
  bool queued = mode == ExecutionMode::Eager || mode == ExecutionMode::Stream;
  parts.edge = launches * (queued ? constants.time(EdgeStream) : node);
  if (Exact(0) < cold) {
    parts.ramp = launches * (constants.time(programmatic ? EdgeProgrammaticWait
                                                         : EdgeGraph) -
                             node);
  } else if (Exact(0) < unique && !programmatic) {
    // With a programmatic edge the blocks are resident when the dependency
    // resolves: what is left is the trip to L2, which the exchange prices.
    parts.ramp = launches * (constants.time(EdgeGraphL2) - node);
  }
  bool overlaps = overlap == Overlap::Full || overlap == Overlap::Partial;
  if (work.consumed != 0) {
    parts.exchange = launches * constants.time(ExchangeIdle);
    if (overlaps) {
      parts.exchange = smaller(
          launches * constants.time(Exchange),
          parts.exchange + constants.at(work.hoisted, DramSlopeOverlap));
    }
  }
  if (work.lookups != 0) {
    parts.exchange = parts.exchange +
                     launches * Exact(work.lookups) * constants.time(L2Latency);
  }
  if (work.joined != 0) {
    parts.exchange =
        parts.exchange + launches * (constants.time(ExchangeIdle) * Exact(2) +
                                     constants.at(work.joined, SmReadRate));
  }
  if (overlaps) {
    // Waiting first costs the gap. If every cold byte is requested before, it
    // is hidden; else the hoisted bytes hide their own stream, up to the gap.
    // What happens after the wait is never hidden.
    Exact gap = launches * (constants.time(EdgeProgrammaticWait) -
                            constants.time(EdgeProgrammatic));
    // Reads before the wait load L2 and SMs before it, up to the gap.
    const Exact blocks = work.blocks;
    const Exact perSm = blocks / Exact(constants.device.limits.sms.value);
    const Exact rest = larger(work.issued, unique) - work.hoisted;
    auto seen = [&](Exact time) { return time - smaller(gap, time); };
    Parts waited = parts;
    waited.l2 = larger(seen(parts.l2), constants.at(rest, L2ReadRate));
    waited.sm =
        larger(seen(parts.sm), constants.at(rest * perSm, SmReadRate) / blocks);
    Exact others = othersOf(waited);
    if (overlap == Overlap::Full) {
      parts.credit = smaller(gap, parts.ramp + parts.body - others);
    } else {
      Exact late = constants.at(cold - work.hoisted, DramSlopeOverlap);
      parts.credit =
          parts.body - larger(others, larger(late, seen(parts.dram)));
    }
  }
}

Status priceLibrary(const PhaseWork &work, ExecutionMode mode,
                    Constants &constants, Parts &parts, Price &price) {
  using enum CostConstant;
  const LibraryCall &call = work.library;
  const std::vector<LibraryPrice> &table = constants.device.library;
  auto key = [](const LibraryPrice &entry) {
    return std::tie(entry.n, entry.k, entry.m);
  };
  auto entry = std::partition_point(
      table.begin(), table.end(), [&](const LibraryPrice &candidate) {
        return key(candidate) < std::tie(call.n, call.k, call.m);
      });
  Exact launches = work.launches;
  Exact one;
  if (entry != table.end() && entry->n == call.n && entry->k == call.k) {
    price.basis =
        entry->m == call.m ? LibraryBasis::Listed : LibraryBasis::NextM;
    price.listed = static_cast<uint32_t>(entry - table.begin());
    one = call.best ? entry->bestPicoseconds : entry->picoseconds;
  } else {
    const std::optional<DeviceNumber> &overhead =
        constants.device.cost(LibraryOverhead);
    if (!overhead) {
      return Error{ErrorCode::DeviceConstantMissing,
                   "device \"" + constants.device.name + "\"",
                   "library price for m = " + std::to_string(call.m) +
                       ", n = " + std::to_string(call.n) +
                       ", k = " + std::to_string(call.k) +
                       ", or costs/library_overhead in ns",
                   "neither", "measure the GEMM, or list a prior"};
    }
    price.basis = LibraryBasis::Formula;
    Exact m = call.m, n = call.n, k = call.k;
    Exact bytes = (n * k + m * k + m * n) * Exact(2);
    Exact flops = m * n * k * Exact(2);
    one = constants.time(LibraryOverhead) +
          larger(constants.at(bytes, DramSlopePlain),
                 constants.at(flops, LibraryTensorRate));
  }
  if (mode == ExecutionMode::Eager || mode == ExecutionMode::Stream) {
    one = one + constants.time(EdgeStream) - constants.time(NodeGraph);
  }
  parts.library = launches * one;
  return Status::success();
}

} // namespace

Result<Price> price(const PhaseWork &work, ExecutionMode mode,
                    const DeviceSpec &device, const PhaseWork *previous) {
  SINTER_TRY(check(work));
  SINTER_TRY(checkMode(mode, device));
  Constants constants(device);
  Parts parts;
  Price result;
  Exact launches = work.launches;
  Exact deviceTime;
  Exact busy;
  bool queued = mode == ExecutionMode::Eager || mode == ExecutionMode::Stream;
  if (work.kind == PhaseKind::Library) {
    SINTER_TRY(priceLibrary(work, mode, constants, parts, result));
    result.overlap = mode == ExecutionMode::Programmatic
                         ? Overlap::ForeignKernel
                         : Overlap::NotProgrammatic;
    deviceTime = parts.library;
    Exact empty = launches * constants.time(queued ? CostConstant::EdgeStream
                                                   : CostConstant::NodeGraph);
    busy = parts.library < empty ? Exact(0) : parts.library - empty;
  } else {
    Exact warm = Exact(work.unique.activations) + work.unique.workspace;
    Exact cold = Exact(work.unique.weights) + work.unique.cache;
    Exact unique = cold + warm;
    if (!unique.fits()) {
      return contradiction("bytes below 2^63", work.unique.weights);
    }
    if (Exact(device.limits.l2Bytes.value) < warm) {
      cold = unique;
    }
    result.overlap = overlapOf(work, cold.get(), mode, device, previous);
    bool overlaps =
        result.overlap == Overlap::Full || result.overlap == Overlap::Partial;
    priceBody(work, cold, unique,
              overlaps ? CostConstant::DramSlopeOverlap
                       : CostConstant::DramSlopePlain,
              constants, parts);
    priceDependency(work, cold, unique, mode, result.overlap, constants, parts);
    busy = parts.ramp + parts.exchange + parts.body - parts.credit;
    deviceTime = parts.edge + busy;
  }
  if (mode == ExecutionMode::Eager) {
    parts.host = launches * constants.time(CostConstant::EdgeFramework);
  } else if (mode == ExecutionMode::Stream) {
    parts.host = launches * constants.time(CostConstant::EdgeHost);
  }
  SINTER_TRY(constants.status());

  Exact total = larger(parts.host, deviceTime);
  if (!total.fits() || !busy.fits()) {
    return outOfRange();
  }
  result.picoseconds = total.get();
  result.busy = busy.get();
  SINTER_ASSIGN(result.terms, written(parts));
  result.constants = constants.used;
  // A ramp that the credit hides limits nothing.
  uint64_t most = 0;
  for (Term term :
       {Term::Edge, Term::Ramp, Term::Exchange, Term::Dram, Term::L2, Term::Sm,
        Term::Latency, Term::Issue, Term::Tensor, Term::Library}) {
    uint64_t part = result.terms.of(term);
    if (term == Term::Ramp) {
      part -= std::min(part, result.terms.credit);
    }
    if (part > most) {
      most = part;
      result.limiting = term;
    }
  }
  if (deviceTime < parts.host) {
    result.limiting = Term::Host;
  }
  return result;
}

Result<StepPrice> priceStep(std::span<const PhaseWork> phases,
                            ExecutionMode mode, const DeviceSpec &device) {
  StepPrice step;
  const PhaseWork *previous = nullptr;
  Exact total, busy, launches;
  Parts sums;
  for (const PhaseWork &phase : phases) {
    SINTER_ASSIGN(Price one, price(phase, mode, device, previous));
    previous = &phase;
    total = total + one.picoseconds;
    busy = busy + one.busy;
    launches = launches + phase.launches;
    step.constants.insert(one.constants);
    if (one.listed) {
      step.listed.push_back(*one.listed);
    }
    for (auto [sum, part] : {std::pair(&Parts::host, &Breakdown::host),
                             std::pair(&Parts::edge, &Breakdown::edge),
                             std::pair(&Parts::ramp, &Breakdown::ramp),
                             std::pair(&Parts::exchange, &Breakdown::exchange),
                             std::pair(&Parts::dram, &Breakdown::dram),
                             std::pair(&Parts::l2, &Breakdown::l2),
                             std::pair(&Parts::sm, &Breakdown::sm),
                             std::pair(&Parts::latency, &Breakdown::latency),
                             std::pair(&Parts::issue, &Breakdown::issue),
                             std::pair(&Parts::tensor, &Breakdown::tensor),
                             std::pair(&Parts::body, &Breakdown::body),
                             std::pair(&Parts::credit, &Breakdown::credit),
                             std::pair(&Parts::library, &Breakdown::library)}) {
      sums.*sum = sums.*sum + one.terms.*part;
    }
  }
  if (!total.fits() || !busy.fits() || !launches.fits()) {
    return outOfRange();
  }
  step.picoseconds = total.get();
  step.busy = busy.get();
  step.launches = launches.get();
  SINTER_ASSIGN(step.terms, written(sums));
  std::sort(step.listed.begin(), step.listed.end());
  step.listed.erase(std::unique(step.listed.begin(), step.listed.end()),
                    step.listed.end());
  return step;
}

} // namespace sinter::cost
