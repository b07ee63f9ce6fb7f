//===- MeasureReads.cpp - Phases and long reads ---------------------------===//

#include "tools/calibrate/Measure.h"

#include <algorithm>
#include <cmath>

namespace sinter {

Result<ProgramStep> steadyStep(ProbeBench &bench, const Reader &reader,
                               uint64_t &bytes) {
  const uint32_t blocks = bench.sms() * reader.blocksPerSm;
  const uint64_t turn = reader.tileBytes() * blocks;
  const auto tiles = std::max<uint64_t>(bench.sizes().arenaBytes / turn, 1);
  bytes = tiles * turn;
  SINTER_ASSIGN(Argument number, bench.number(static_cast<int32_t>(tiles)));
  return bench.launch(steadyProbe(reader.vectors),
                      {blocks, 1, reader.threads, 0, false},
                      {bench.arena(), number, bench.sink()},
                      /*programmatic=*/false);
}

namespace {

/// What lies between two phases of a chain.
enum class Edge : uint8_t { Plain, WaitFirst, Hoisted, Cached };

struct EdgeTraits {
  std::string name;
  LaunchMode mode;
  std::vector<Reader> readers;
};

EdgeTraits traitsOf(Edge edge) {
  const Reader few{256, 4, 0};
  const Reader some{256, 8, 0};
  const Reader many{256, 16, 0};
  const Reader loop{512, 8, 2};
  const Reader deep{512, 16, 1};
  switch (edge) {
  case Edge::Plain:
    return {"plain", LaunchMode::Graph, {few, some, loop}};
  case Edge::WaitFirst:
    return {"wait first", LaunchMode::Pdl, {few, some}};
  case Edge::Hoisted:
    return {"hoisted", LaunchMode::Pdl, {some, many, loop, deep}};
  case Edge::Cached:
    break;
  }
  return {"L2", LaunchMode::Graph, {few, some, loop}};
}

/// A phase of about the bytes wanted, in whole tiles.
struct Phase {
  std::string symbol;
  LaunchShape shape;
  int32_t tiles = 1;
  uint64_t bytes = 0;
};

Phase phaseOf(const ProbeBench &bench, const Reader &reader, Edge edge,
              uint64_t wanted) {
  Phase phase;
  phase.shape.blockSize = reader.threads;
  if (reader.blocksPerSm == 0) {
    phase.shape.gridX = static_cast<uint32_t>(
        std::max<uint64_t>(wanted / reader.tileBytes(), 1));
    phase.symbol = edge == Edge::WaitFirst ? waitProbe(reader.vectors)
                                           : onceProbe(reader.vectors);
  } else {
    phase.shape.gridX = bench.sms() * reader.blocksPerSm;
    const uint64_t turn = phase.shape.gridX * reader.tileBytes();
    phase.tiles =
        static_cast<int32_t>(std::max<uint64_t>((wanted + turn / 2) / turn, 1));
    phase.symbol = loopProbe(reader.vectors);
  }
  phase.bytes = phase.shape.gridX * reader.tileBytes() *
                static_cast<uint64_t>(phase.tiles);
  return phase;
}

/// Microseconds per phase, sample by sample: of a chain less one half as long,
/// so that neither its launch nor its first phase, which has a full edge,
/// counts. Cold phases come around after four times what the second-level
/// cache holds.
Result<std::vector<double>> timeChain(ProbeBench &bench, const ProbedGpu &gpu,
                                      const Phase &phase, Edge edge) {
  const LaunchMode mode = traitsOf(edge).mode;
  const uint64_t half =
      std::clamp<uint64_t>(4 * gpu.l2Bytes / phase.bytes, 32, 128);
  SINTER_ASSIGN(Argument tiles, bench.number(phase.tiles));
  std::vector<ProgramStep> steps;
  uint64_t offset = 0;
  for (uint64_t i = 0; i < 2 * half; ++i) {
    if (offset + phase.bytes > bench.sizes().arenaBytes) {
      offset = 0;
    }
    steps.push_back(bench.launch(
        phase.symbol, phase.shape, {bench.window(offset), tiles, bench.sink()},
        /*programmatic=*/mode == LaunchMode::Pdl && i > 0));
    if (edge != Edge::Cached) {
      offset += phase.bytes;
    }
  }
  SINTER_ASSIGN(std::vector<double> whole, bench.time(steps, mode));
  steps.resize(half);
  SINTER_ASSIGN(std::vector<double> part, bench.time(steps, mode));
  return scaled(differences(std::move(whole), part),
                1.0 / static_cast<double>(half));
}

struct EdgeCurve {
  std::vector<double> bytes;                ///< of each point
  std::vector<std::vector<double>> samples; ///< of each point: microseconds
};

/// The best reader at each size.
Result<EdgeCurve> measureCurve(ProbeBench &bench, const ProbedGpu &gpu,
                               Edge edge, const std::vector<uint64_t> &sizes,
                               Measured &into) {
  const EdgeTraits traits = traitsOf(edge);
  EdgeCurve curve;
  for (uint64_t size : sizes) {
    CurvePoint best;
    std::vector<double> samples;
    for (const Reader &reader : traits.readers) {
      const Phase phase = phaseOf(bench, reader, edge, size);
      // A reader whose turns are too coarse for this size is left out.
      if (phase.bytes > size + size / 4 || phase.bytes < size - size / 4) {
        continue;
      }
      SINTER_ASSIGN(std::vector<double> times,
                    timeChain(bench, gpu, phase, edge));
      const double median = Spread::of(times).median;
      if (samples.empty() ||
          static_cast<double>(phase.bytes) / median >
              static_cast<double>(best.bytes) / best.microseconds) {
        best = {traits.name, phase.bytes, median, reader.describe()};
        samples = std::move(times);
      }
    }
    if (!samples.empty()) {
      curve.bytes.push_back(static_cast<double>(best.bytes));
      curve.samples.push_back(std::move(samples));
      into.curve.push_back(std::move(best));
    }
  }
  return curve;
}

struct Fit {
  Spread nanoseconds; ///< at no bytes
  Spread rate;        ///< GB/s
};

/// A line through each sample of all points from `least` bytes on.
Fit fitCurve(const EdgeCurve &curve, double least) {
  std::vector<double> intercepts;
  std::vector<double> rates;
  for (size_t sample = 0; sample < curve.samples.front().size(); ++sample) {
    std::vector<double> x;
    std::vector<double> y;
    for (size_t point = 0; point < curve.bytes.size(); ++point) {
      if (curve.bytes[point] >= least) {
        x.push_back(curve.bytes[point]);
        y.push_back(curve.samples[point][sample]);
      }
    }
    const Line line = fitLine(x, y);
    intercepts.push_back(1e3 * line.intercept);
    rates.push_back(1e-3 / line.slope); // bytes per microsecond are MB/s
  }
  return {Spread::of(std::move(intercepts)), Spread::of(std::move(rates))};
}

std::string megabytes(uint64_t bytes) {
  return std::to_string((bytes + 524288) >> 20) + " MB";
}

/// Phases that the second-level cache holds: 4 to 25 MB of 50, and as much of
/// another.
std::vector<uint64_t> cachedSizes(uint64_t l2Bytes, uint64_t most) {
  std::vector<uint64_t> sizes;
  for (uint64_t part : {8, 16, 24, 32, 40, 50}) {
    sizes.push_back(std::min(l2Bytes, most) * part / 100);
  }
  return sizes;
}

/// GB/s of `bytes` in each of these microseconds.
std::vector<double> ratesOf(double bytes, std::vector<double> microseconds) {
  for (double &sample : microseconds) {
    sample = 1e-3 * bytes / sample;
  }
  return microseconds;
}

Status measureCopy(ProbeBench &bench, Measured &into) {
  // Elements of two bytes, as the library's.
  const uint64_t half = bench.sizes().arenaBytes / 2;
  ProgramStep copy;
  copy.kind = ProgramStep::Kind::Copy;
  copy.arguments = {bench.arenaPart(0, half / 2),
                    bench.arenaPart(half, half / 2)};
  copy.copyBytes = half;
  SINTER_ASSIGN(std::vector<double> times,
                bench.time(std::span(&copy, 1), LaunchMode::Graph));
  into.figures.push_back(
      {CostConstant::DramCopyRate,
       Spread::of(ratesOf(2 * static_cast<double>(half), std::move(times))),
       NumberOrigin::Measured,
       "read plus write, " + megabytes(half) + " copied by the driver"});
  return Status::success();
}

} // namespace

Status measurePhases(ProbeBench &bench, const ProbedGpu &gpu, Measured &into) {
  const std::vector<uint64_t> &sizes = bench.sizes().phaseBytes;
  const auto least = static_cast<double>(bench.sizes().fitFrom) * 3 / 4;
  const std::string span =
      megabytes(bench.sizes().fitFrom) + " to " + megabytes(sizes.back());
  const auto add = [&](CostConstant constant, const Spread &value,
                       const std::string &method) {
    into.figures.push_back({constant, value, NumberOrigin::Measured, method});
  };

  SINTER_ASSIGN(EdgeCurve plain,
                measureCurve(bench, gpu, Edge::Plain, sizes, into));
  const Fit cold = fitCurve(plain, least);
  const std::string plainText = "least squares over phases of " + span +
                                ", plain edges in a graph, best reader: ";
  add(CostConstant::EdgeGraph, cold.nanoseconds, plainText + "intercept");
  add(CostConstant::DramSlopePlain, cold.rate, plainText + "slope");

  const std::vector<uint64_t> cachedBytes =
      cachedSizes(gpu.l2Bytes, sizes.back());
  SINTER_ASSIGN(EdgeCurve cached,
                measureCurve(bench, gpu, Edge::Cached, cachedBytes, into));
  const Fit warm = fitCurve(cached, 0);
  const std::string cachedText =
      " of phases of " + megabytes(cachedBytes.front()) + " to " +
      megabytes(cachedBytes.back()) +
      " held in L2, plain edges in a graph, best reader";
  add(CostConstant::EdgeGraphL2, warm.nanoseconds, "intercept" + cachedText);
  add(CostConstant::L2ReadRate, warm.rate, "slope" + cachedText);
  const auto perSm = [&](double rate) {
    return std::ceil(std::round(rate) / bench.sms());
  };
  into.figures.push_back(
      {CostConstant::SmReadRate,
       {perSm(warm.rate.median), perSm(warm.rate.p10), perSm(warm.rate.p90)},
       NumberOrigin::Derived,
       "l2_read_rate / " + std::to_string(bench.sms()) + " SMs, rounded up"});

  if (!gpu.programmatic) {
    return Status::success();
  }
  SINTER_ASSIGN(EdgeCurve hoisted,
                measureCurve(bench, gpu, Edge::Hoisted, sizes, into));
  const Fit overlap = fitCurve(hoisted, least);
  const std::string hoistedText =
      "least squares over phases of " + span +
      ", programmatic edges, loads before the wait, best reader: ";
  add(CostConstant::EdgeProgrammatic, overlap.nanoseconds,
      hoistedText + "intercept");
  add(CostConstant::DramSlopeOverlap, overlap.rate, hoistedText + "slope");
  SINTER_ASSIGN(EdgeCurve waiting,
                measureCurve(bench, gpu, Edge::WaitFirst, sizes, into));
  add(CostConstant::EdgeProgrammaticWait, fitCurve(waiting, least).nanoseconds,
      "intercept of phases of " + span +
          ", programmatic edges, wait before the first load");
  return Status::success();
}

Status measureSteadyReads(ProbeBench &bench, Measured &into) {
  // In the order of the bytes in flight per SM.
  const std::vector<Reader> readers = {{256, 4, 1}, {256, 8, 1}, {256, 16, 1},
                                       {512, 4, 2}, {512, 8, 2}, {1024, 8, 2},
                                       {512, 16, 2}};
  std::vector<Spread> rates;
  for (const Reader &reader : readers) {
    uint64_t bytes = 0;
    SINTER_ASSIGN(const ProgramStep step, steadyStep(bench, reader, bytes));
    SINTER_ASSIGN(std::vector<double> times,
                  bench.time(std::span(&step, 1), LaunchMode::Graph));
    rates.push_back(
        Spread::of(ratesOf(static_cast<double>(bytes), std::move(times))));
  }
  const auto best = std::max_element(
      rates.begin(), rates.end(),
      [](const Spread &a, const Spread &b) { return a.median < b.median; });
  const auto inFlight = [](const Reader &reader) {
    return static_cast<double>(reader.blocksPerSm * reader.tileBytes());
  };
  const std::string whole = megabytes(bench.sizes().arenaBytes);
  into.figures.push_back(
      {CostConstant::DramReadRate, *best, NumberOrigin::Measured,
       whole + " in one kernel, " +
           readers[static_cast<size_t>(best - rates.begin())].describe()});

  // Little's law where too little is in flight for the full rate.
  const double perGpu = bench.sms() * inFlight(readers.front());
  const Spread &least = rates.front();
  into.figures.push_back(
      {CostConstant::DramLatency,
       {perGpu / least.median, perGpu / least.p90, perGpu / least.p10},
       NumberOrigin::Derived,
       "bytes in flight over rate: " + readers.front().describe() + " read " +
           std::to_string(std::llround(least.median)) + " GB/s"});

  const auto enough =
      std::find_if(rates.begin(), rates.end(), [&](const Spread &rate) {
        return rate.median >= 0.98 * best->median;
      });
  const Reader &first = readers[static_cast<size_t>(enough - rates.begin())];
  into.figures.push_back({CostConstant::BytesInFlight,
                          {inFlight(first), inFlight(first), inFlight(first)},
                          NumberOrigin::Measured,
                          "per SM, first to reach 98 % of the steady rate (" +
                              first.describe() + ")"});
  return measureCopy(bench, into);
}

} // namespace sinter
