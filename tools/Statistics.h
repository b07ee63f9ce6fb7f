//===- Statistics.h - Samples in few numbers --------------------*- C++ -*-===//

#ifndef SINTER_TOOLS_STATISTICS_H
#define SINTER_TOOLS_STATISTICS_H

#include <span>
#include <vector>

namespace sinter {

/// Nearest rank: the least value that `share` of the sorted ones do not exceed.
/// Not empty.
double percentile(const std::vector<double> &sorted, double share);

/// Percentiles by the nearest rank, in the unit of the samples.
struct Spread {
  double median = 0;
  double p10 = 0;
  double p90 = 0;

  /// Of samples in any order; not empty.
  static Spread of(std::vector<double> samples);
};

/// y = intercept + slope x.
struct Line {
  double intercept = 0;
  double slope = 0;
};

/// Least squares; as many y as x, and two different x at least.
Line fitLine(std::span<const double> x, std::span<const double> y);

} // namespace sinter

#endif // SINTER_TOOLS_STATISTICS_H
