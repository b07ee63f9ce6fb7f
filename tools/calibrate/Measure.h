//===- Measure.h - Constants of a GPU from its probes -----------*- C++ -*-===//
//
// What each constant means: passes/cost/CostModel.h and the origins in
// codegen/devices/h200.json. A figure is not judged here: DeviceFile.h does.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_CALIBRATE_MEASURE_H
#define SINTER_TOOLS_CALIBRATE_MEASURE_H

#include "ir/target/DeviceSpec.h"
#include "tools/calibrate/ProbeBench.h"

#include <functional>
#include <string>
#include <vector>

namespace sinter {

/// A constant in its unit.
struct Figure {
  CostConstant constant = CostConstant::Clock;
  Spread value;
  NumberOrigin origin = NumberOrigin::Measured;
  std::string method;
};

/// A point of the burst curve: a phase of a chain.
struct CurvePoint {
  std::string edge; ///< "plain", "wait first", "hoisted", "L2"
  uint64_t bytes = 0;
  double microseconds = 0; ///< median of the best reader
  std::string reader;
};

/// What a block waits for its activation in a chain of phases.
struct Trip {
  std::string beside; ///< what else is read
  double phase = 0;   ///< microseconds of a phase of the chain
  double apart = 0;   ///< the same without the activation; 0: not measured
  Spread trip;        ///< nanoseconds, of the phases' medians over blocks
  double slowest = 0; ///< nanoseconds, median of the phases' slowest blocks
};

struct Measured {
  std::vector<Figure> figures;
  std::vector<CurvePoint> curve;
  std::vector<Trip> trips;
};

/// What the probes must know of the GPU.
struct ProbedGpu {
  uint64_t l2Bytes = 0;
  bool programmatic = false;
};

// Each appends to `into`. Errors: those of the device.

/// edge_host, edge_stream, node_graph, node_programmatic.
Status measureLaunches(ProbeBench &bench, const ProbedGpu &gpu, Measured &into);

/// edge_graph and dram_slope_plain, edge_graph_l2 and l2_read_rate,
/// sm_read_rate; edge_programmatic, dram_slope_overlap and
/// edge_programmatic_wait; the curve.
Status measurePhases(ProbeBench &bench, const ProbedGpu &gpu, Measured &into);

/// dram_read_rate, dram_latency, bytes_in_flight, dram_copy_rate.
Status measureSteadyReads(ProbeBench &bench, Measured &into);

/// l2_latency, shared_latency, edge_grid_barrier; where launches may be
/// programmatic and `into` has the clock: exchange_idle, exchange, the trips.
Status measureTrips(ProbeBench &bench, const ProbedGpu &gpu, Measured &into);

/// clock, from `megahertz`, which is asked while the GPU reads; 0: not known,
/// then there is no figure.
Status measureClock(ProbeBench &bench,
                    const std::function<unsigned()> &megahertz, Measured &into);

// Shared by the files that measure.

/// a - b, both in ascending order.
std::vector<double> differences(std::vector<double> a,
                                const std::vector<double> &b);
/// Each sample times `factor`.
std::vector<double> scaled(std::vector<double> samples, double factor);
/// One kernel over the whole arena, in whole turns of all blocks; `bytes` of
/// it. Errors: those of the device.
Result<ProgramStep> steadyStep(ProbeBench &bench, const Reader &reader,
                               uint64_t &bytes);

} // namespace sinter

#endif // SINTER_TOOLS_CALIBRATE_MEASURE_H
