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

std::vector<ProgramStep> barrierSteps(ProbeBench &bench, Argument rounds,
                                      bool exchange) {
  ProgramStep reset;
  reset.kind = ProgramStep::Kind::Copy;
  reset.arguments = {bench.zero(), bench.counter()};
  reset.copyBytes = 4;
  const LaunchShape shape{bench.sms(), 1, 256, 0, true};
  return {reset, bench.launch(barrierProbe(exchange), shape,
                              {bench.counter(), rounds, bench.exchange(0),
                               bench.exchange(1), bench.sink()},
                              /*programmatic=*/false)};
}

/// Nanoseconds per phase of a programmatic chain, read with `vectors` loads.
Result<std::vector<double>> exchangeChain(ProbeBench &bench, uint32_t vectors,
                                          bool exchange) {
  const Reader reader{256, vectors, 0};
  const std::vector<uint64_t> &cycle = bench.sizes().exchangePhases;
  const uint32_t count = bench.sizes().exchanges;
  std::vector<ProgramStep> steps;
  uint64_t offset = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t bytes = cycle[i % cycle.size()];
    if (offset + bytes > bench.sizes().arenaBytes) {
      offset = 0;
    }
    const LaunchShape shape{static_cast<uint32_t>(bytes / reader.tileBytes()),
                            1, reader.threads, 2048, false};
    steps.push_back(bench.launch(exchangeProbe(vectors, exchange), shape,
                                 {bench.window(offset), bench.exchange(i),
                                  bench.exchange(i + 1), bench.sink()},
                                 /*programmatic=*/i > 0));
    offset += bytes;
  }
  SINTER_ASSIGN(std::vector<double> times, bench.time(steps, LaunchMode::Pdl));
  return scaled(std::move(times), 1e3 / count);
}

Status measureExchange(ProbeBench &bench, Measured &into) {
  std::vector<double> best;
  std::vector<double> apart;
  uint32_t chosen = 0;
  for (uint32_t vectors : {4u, 8u, 16u}) {
    SINTER_ASSIGN(std::vector<double> with,
                  exchangeChain(bench, vectors, /*exchange=*/true));
    SINTER_ASSIGN(std::vector<double> without,
                  exchangeChain(bench, vectors, /*exchange=*/false));
    if (best.empty() || Spread::of(with).median < Spread::of(best).median) {
      best = std::move(with);
      apart = std::move(without);
      chosen = vectors;
    }
  }
  into.figures.push_back(
      {CostConstant::Exchange, Spread::of(differences(best, apart)),
       NumberOrigin::Measured,
       "chain of " + std::to_string(bench.sizes().exchanges) +
           " programmatic phases with and without reading 2 KB of "
           "activations in every block: the difference, per phase; a tile "
           "per block of 256 threads with " +
           std::to_string(chosen) + " loads of 16 bytes"});
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
  std::vector<std::vector<double>> barriers;
  for (bool exchange : {false, true}) {
    SINTER_ASSIGN(barriers.emplace_back(),
                  perRound(bench, rounds, 5 * rounds, [&](Argument number) {
                    return barrierSteps(bench, number, exchange);
                  }));
  }
  const std::string grid = perSm(bench.sms(), 256);
  add(CostConstant::EdgeGridBarrier, barriers[0], "counter, " + grid);
  add(CostConstant::ExchangeIdle, differences(barriers[1], barriers[0]),
      "grid barrier with and without an exchange of 2 KB, " + grid +
          ": the difference");
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
