//===- MeasureLaunches.cpp - Launches, trips and the clock ----------------===//

#include "tools/calibrate/Measure.h"

#include <algorithm>

namespace sinter {

std::vector<double> differences(std::vector<double> a,
                                const std::vector<double> &b) {
  // In ascending order: a disturbance of one sample is not subtracted from
  // another that had none.
  std::vector<double> other = b;
  std::sort(a.begin(), a.end());
  std::sort(other.begin(), other.end());
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] -= other[i];
  }
  return a;
}

std::vector<double> scaled(std::vector<double> samples, double factor) {
  for (double &sample : samples) {
    sample *= factor;
  }
  return samples;
}

namespace {

std::string perSm(uint32_t sms, uint32_t threads) {
  return std::to_string(sms) + " blocks of " + std::to_string(threads) +
         " threads";
}

std::vector<ProgramStep> emptySteps(ProbeBench &bench, uint32_t count) {
  const LaunchShape shape{bench.sms(), 1, 128, 0, false};
  std::vector<ProgramStep> steps;
  steps.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    steps.push_back(bench.launch(emptyProbe, shape, {bench.sink()},
                                 /*programmatic=*/i > 0));
  }
  return steps;
}

/// Nanoseconds per launch that a stream takes when it has them all: behind a
/// kernel that outlasts their launches, twice as many less as many.
Result<std::vector<double>> queued(ProbeBench &bench) {
  const uint32_t count = bench.sizes().queuedLaunches;
  SINTER_ASSIGN(Argument spin, bench.number(bench.sizes().spin));
  std::vector<std::vector<double>> times;
  for (uint32_t launches : {2 * count, count}) {
    std::vector<ProgramStep> steps = emptySteps(bench, launches);
    for (ProgramStep &step : steps) {
      step.programmatic = false;
    }
    steps.insert(steps.begin(),
                 bench.launch(spinProbe, {}, {spin, bench.sink()},
                              /*programmatic=*/false));
    SINTER_ASSIGN(times.emplace_back(),
                  bench.time(steps, LaunchMode::Stream, /*runs=*/1));
  }
  return scaled(differences(times[0], times[1]), 1e3 / count);
}

/// Nanoseconds per round of a kernel whose number of rounds is an argument:
/// what `more` rounds take less what `few` take.
Result<std::vector<double>>
perRound(ProbeBench &bench, int32_t few, int32_t more,
         const std::function<std::vector<ProgramStep>(Argument)> &stepsOf) {
  std::vector<std::vector<double>> times;
  for (int32_t rounds : {more, few}) {
    SINTER_ASSIGN(Argument number, bench.number(rounds));
    SINTER_ASSIGN(times.emplace_back(),
                  bench.time(stepsOf(number), LaunchMode::Graph));
  }
  return scaled(differences(times[0], times[1]), 1e3 / (more - few));
}

std::vector<ProgramStep> barrierSteps(ProbeBench &bench, Argument rounds) {
  ProgramStep reset;
  reset.kind = ProgramStep::Kind::Copy;
  reset.arguments = {bench.zero(), bench.counter()};
  reset.copyBytes = 4;
  const LaunchShape shape{bench.sms(), 1, 256, 0, true};
  return {reset, bench.launch(barrierProbe, shape,
                              {bench.counter(), rounds, bench.sink()},
                              /*programmatic=*/false)};
}

/// A programmatic chain of phases; `blocks` of each.
std::vector<ProgramStep> exchangeChain(ProbeBench &bench, uint32_t vectors,
                                       bool exchange,
                                       std::vector<uint32_t> &blocks) {
  const Reader reader{256, vectors, 0};
  const std::vector<uint64_t> &cycle = bench.sizes().exchangePhases;
  std::vector<ProgramStep> steps;
  uint64_t offset = 0;
  blocks.clear();
  for (uint32_t i = 0; i < bench.sizes().exchanges; ++i) {
    const uint64_t bytes = vectors == 0 ? 0 : cycle[i % cycle.size()];
    if (offset + bytes > bench.sizes().arenaBytes) {
      offset = 0;
    }
    blocks.push_back(vectors == 0
                         ? bench.sms()
                         : static_cast<uint32_t>(bytes / reader.tileBytes()));
    const LaunchShape shape{blocks.back(), 1, reader.threads, 2048, false};
    steps.push_back(
        bench.launch(exchangeProbe(vectors, exchange), shape,
                     {bench.window(offset), bench.exchange(i),
                      bench.exchange(i + 1), bench.cycles(i), bench.sink()},
                     /*programmatic=*/i > 0));
    offset += bytes;
  }
  return steps;
}

/// The trip of the activation in such a chain, by the SM's own clock.
Result<Trip> tripBeside(ProbeBench &bench, uint32_t vectors, double megahertz) {
  const double each = 1.0 / bench.sizes().exchanges;
  std::vector<uint32_t> blocks;
  Trip trip;
  trip.beside = vectors == 0
                    ? perSm(bench.sms(), 256) + ", nothing"
                    : "a tile per block of 256 threads with " +
                          std::to_string(vectors) + " loads of 16 bytes";
  if (vectors != 0) {
    SINTER_ASSIGN(std::vector<double> apart,
                  bench.time(exchangeChain(bench, vectors, false, blocks),
                             LaunchMode::Pdl));
    trip.apart = each * Spread::of(std::move(apart)).median;
  }
  SINTER_ASSIGN(
      std::vector<double> times,
      bench.time(exchangeChain(bench, vectors, true, blocks), LaunchMode::Pdl));
  trip.phase = each * Spread::of(std::move(times)).median;
  SINTER_ASSIGN(std::vector<std::vector<double>> phases,
                bench.readCycles(blocks));
  std::vector<double> middle;
  std::vector<double> slowest;
  // The first phases begin before the stream is full.
  for (size_t i = std::min<size_t>(4, phases.size() - 1); i < phases.size();
       ++i) {
    std::sort(phases[i].begin(), phases[i].end());
    middle.push_back(1e3 / megahertz * percentile(phases[i], 0.5));
    slowest.push_back(1e3 / megahertz * phases[i].back());
  }
  trip.trip = Spread::of(std::move(middle));
  trip.slowest = Spread::of(std::move(slowest)).median;
  return trip;
}

/// Not a difference of two chains: phases overlap, so that a chain hides a part
/// of each trip, another in every reader.
Status measureExchange(ProbeBench &bench, Measured &into) {
  const auto clock = std::find_if(
      into.figures.begin(), into.figures.end(), [](const Figure &figure) {
        return figure.constant == CostConstant::Clock;
      });
  if (clock == into.figures.end()) {
    return Status::success();
  }
  const double megahertz = clock->value.median;
  const auto add = [&](CostConstant constant, const Trip &trip) {
    into.figures.push_back(
        {constant, trip.trip, NumberOrigin::Measured,
         "cycles from the end of the wait to 2 KB of activations in shared "
         "memory, median over blocks, in a chain of " +
             std::to_string(bench.sizes().exchanges) +
             " programmatic phases; requested before: " + trip.beside});
  };
  SINTER_ASSIGN(Trip idle, tripBeside(bench, 0, megahertz));
  add(CostConstant::ExchangeIdle, idle);
  into.trips.push_back(idle);
  std::optional<Trip> best;
  for (uint32_t vectors : {4u, 8u, 16u}) {
    SINTER_ASSIGN(Trip trip, tripBeside(bench, vectors, megahertz));
    into.trips.push_back(trip);
    if (!best || trip.phase < best->phase) {
      best = std::move(trip);
    }
  }
  add(CostConstant::Exchange, *best);
  return Status::success();
}

} // namespace

Status measureLaunches(ProbeBench &bench, const ProbedGpu &gpu,
                       Measured &into) {
  const uint32_t nodes = bench.sizes().nodes;
  const std::string empty = "empty kernel, " + perSm(bench.sms(), 128);
  const std::vector<ProgramStep> steps = emptySteps(bench, nodes);
  std::vector<ProgramStep> plain = steps;
  for (ProgramStep &step : plain) {
    step.programmatic = false;
  }
  const auto add = [&](CostConstant constant, std::vector<double> nanoseconds,
                       const std::string &how) {
    into.figures.push_back({constant, Spread::of(std::move(nanoseconds)),
                            NumberOrigin::Measured, empty + ", " + how});
  };
  const double each = 1e3 / nodes;
  SINTER_ASSIGN(std::vector<double> host,
                bench.time(plain, LaunchMode::Stream, /*runs=*/10));
  add(CostConstant::EdgeHost, scaled(std::move(host), each), "host-bound");
  SINTER_ASSIGN(std::vector<double> stream, queued(bench));
  add(CostConstant::EdgeStream, std::move(stream), "queued");
  const std::string nodesText = std::to_string(nodes) + " nodes of a graph, ";
  SINTER_ASSIGN(std::vector<double> graph,
                bench.time(plain, LaunchMode::Graph, /*runs=*/10));
  add(CostConstant::NodeGraph, scaled(std::move(graph), each),
      nodesText + "plain edges");
  if (gpu.programmatic) {
    SINTER_ASSIGN(std::vector<double> programmatic,
                  bench.time(steps, LaunchMode::Pdl, /*runs=*/10));
    add(CostConstant::NodeProgrammatic, scaled(std::move(programmatic), each),
        nodesText + "programmatic edges");
  }
  return Status::success();
}

Status measureTrips(ProbeBench &bench, const ProbedGpu &gpu, Measured &into) {
  const int32_t hops = bench.sizes().hops;
  const auto add = [&](CostConstant constant, std::vector<double> nanoseconds,
                       const std::string &how) {
    into.figures.push_back({constant, Spread::of(std::move(nanoseconds)),
                            NumberOrigin::Measured, how});
  };
  SINTER_ASSIGN(std::vector<double> chase,
                perRound(bench, hops, 5 * hops,
                         [&](Argument number) -> std::vector<ProgramStep> {
                           return {bench.launch(
                               chaseProbe, {},
                               {bench.chase(), number, bench.sink()}, false)};
                         }));
  add(CostConstant::L2Latency, std::move(chase),
      "L2 hit, idle: dependent reads over 1 MB");
  SINTER_ASSIGN(std::vector<double> shared,
                perRound(bench, hops, 5 * hops,
                         [&](Argument number) -> std::vector<ProgramStep> {
                           return {bench.launch(sharedChaseProbe,
                                                {1, 1, 32, 1024, false},
                                                {number, bench.sink()}, false)};
                         }));
  add(CostConstant::SharedLatency, std::move(shared), "dependent loads");

  const int32_t rounds = bench.sizes().rounds;
  SINTER_ASSIGN(std::vector<double> barriers,
                perRound(bench, rounds, 5 * rounds, [&](Argument number) {
                  return barrierSteps(bench, number);
                }));
  add(CostConstant::EdgeGridBarrier, std::move(barriers),
      "counter, " + perSm(bench.sms(), 256));
  return gpu.programmatic ? measureExchange(bench, into) : Status::success();
}

Status measureClock(ProbeBench &bench,
                    const std::function<unsigned()> &megahertz,
                    Measured &into) {
  const Reader reader{512, 8, 2};
  uint64_t bytes = 0;
  SINTER_ASSIGN(ProgramStep step, steadyStep(bench, reader, bytes));
  const std::vector<ProgramStep> steps(16, step);
  SINTER_ASSIGN(ProgramId program,
                bench.device().prepareProgram(steps, LaunchMode::Graph));
  std::vector<double> seen;
  for (uint32_t sample = 0; sample < bench.sizes().samples; ++sample) {
    // Some 50 ms of work: the clock is read while it lasts.
    for (int i = 0; i < 12; ++i) {
      SINTER_TRY(bench.device().run(program));
    }
    const unsigned clock = megahertz();
    SINTER_TRY(bench.device().synchronize());
    if (clock != 0) {
      seen.push_back(clock);
    }
  }
  if (!seen.empty()) {
    into.figures.push_back({CostConstant::Clock, Spread::of(std::move(seen)),
                            NumberOrigin::Measured,
                            "under load, not locked, by NVML"});
  }
  return Status::success();
}

} // namespace sinter
