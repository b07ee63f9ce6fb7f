//===- Statistics.cpp - Samples in few numbers ----------------------------===//

#include "tools/Statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace sinter {

double percentile(const std::vector<double> &sorted, double share) {
  const auto rank = static_cast<size_t>(
      std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

Spread Spread::of(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {percentile(samples, 0.5), percentile(samples, 0.1),
          percentile(samples, 0.9)};
}

Line fitLine(std::span<const double> x, std::span<const double> y) {
  const auto count = static_cast<double>(x.size());
  const double meanX = std::accumulate(x.begin(), x.end(), 0.0) / count;
  const double meanY = std::accumulate(y.begin(), y.end(), 0.0) / count;
  double above = 0;
  double below = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    above += (x[i] - meanX) * (y[i] - meanY);
    below += (x[i] - meanX) * (x[i] - meanX);
  }
  const double slope = above / below;
  return {meanY - slope * meanX, slope};
}

} // namespace sinter
