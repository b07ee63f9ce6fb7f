//===- BenchCells.cpp - What the tables of sinter bench share -------------===//

#include "tools/BenchCells.h"

#include "runtime/format/PlanWords.h"

#include <cmath>

namespace sinter {

format::LaunchMode launchModeOf(const std::string &text) {
  for (format::LaunchMode mode :
       {format::LaunchMode::Stream, format::LaunchMode::Graph}) {
    if (word(mode) == text) {
      return mode;
    }
  }
  return format::LaunchMode::Pdl;
}

uint64_t rounded(double value) {
  return static_cast<uint64_t>(std::llround(value));
}

uint64_t measuredStreamRate(const DeviceSpec &device) {
  const auto &rate = device.costs.dramReadRate;
  return rate && rate->origin == NumberOrigin::Measured ? rate->value : 0;
}

uint64_t measuredMatrixRate(const DeviceSpec &device) {
  for (const auto &rate :
       {device.costs.libraryTensorRate, device.costs.tensorRate}) {
    if (rate && (rate->origin == NumberOrigin::Measured ||
                 rate->origin == NumberOrigin::Derived)) {
      return rate->value;
    }
  }
  return 0;
}

Cell shareOfRate(double rate, uint64_t measured) {
  if (measured == 0) {
    return std::string();
  }
  return Ratio{rounded(1e3 * rate / static_cast<double>(measured))};
}

void addPrediction(std::vector<Cell> &row, double measured,
                   std::optional<uint64_t> picoseconds) {
  if (!picoseconds || *picoseconds == 0) {
    row.insert(row.end(), 2, std::string());
    return;
  }
  const double predicted = static_cast<double>(*picoseconds) / 1e3;
  row.emplace_back(rounded(predicted));
  row.emplace_back(Ratio{rounded(1e3 * measured / predicted)});
}

} // namespace sinter
