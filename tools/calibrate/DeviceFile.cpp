//===- DeviceFile.cpp - Measured constants as a device file ---------------===//

#include "tools/calibrate/DeviceFile.h"

#include "ir/target/DeviceFields.h"
#include "tools/calibrate/MeasureLibrary.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <tuple>

namespace sinter {

namespace {

DeviceNumber fromDriver(int value) {
  return {static_cast<uint64_t>(std::max(value, 0)), NumberOrigin::Spec,
          "driver: cuDeviceGetAttribute"};
}

DeviceLimits limitsOf(const cuda::GpuFacts &facts) {
  DeviceLimits limits;
  limits.computeCapability = fromDriver(10 * facts.major + facts.minor);
  limits.sms = fromDriver(facts.multiprocessors);
  limits.warpThreads = fromDriver(facts.warpThreads);
  limits.threadsPerBlock = fromDriver(facts.threadsPerBlock);
  limits.threadsPerSm = fromDriver(facts.threadsPerSm);
  limits.blocksPerSm = fromDriver(facts.blocksPerSm);
  limits.registersPerSm = fromDriver(facts.registersPerSm);
  limits.registersPerThread = {
      255, NumberOrigin::Spec,
      "CUDA C++ Programming Guide, compute capability 5.0 and later"};
  limits.sharedBytesPerSm = fromDriver(facts.sharedBytesPerSm);
  limits.sharedBytesPerBlock = fromDriver(facts.sharedBytesPerBlock);
  limits.sharedBytesReserved = fromDriver(facts.sharedBytesReserved);
  limits.l2Bytes = fromDriver(facts.l2Bytes);
  limits.memoryBytes = {facts.memoryBytes, NumberOrigin::Spec,
                        "driver: cuMemGetInfo"};
  return limits;
}

DeviceLaunches launchesOf(const cuda::GpuFacts &facts) {
  const auto from = [](bool flag, const char *source) {
    return DeviceNumber{uint64_t{flag}, NumberOrigin::Spec, source};
  };
  const char *guide =
      "CUDA C++ Programming Guide: compute capability 9.0 and later";
  DeviceLaunches launches;
  launches.programmatic = from(facts.major >= 9, guide);
  launches.clusters = from(facts.major >= 9, guide);
  launches.cooperative =
      from(facts.cooperative, "driver: cuDeviceGetAttribute");
  return launches;
}

/// "NVIDIA H200" is "h200".
std::string nameOf(const std::string &title) {
  std::string name;
  for (const char c : title) {
    const auto byte = static_cast<unsigned char>(c);
    name +=
        std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '-';
  }
  const std::string vendor = "nvidia-";
  if (name.starts_with(vendor) && name.size() > vendor.size()) {
    name.erase(0, vendor.size());
  }
  return name.substr(0, 64);
}

std::string decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 100 ? "%.1f" : "%.0f", value);
  return text;
}

class Maker {
public:
  Maker(const CalibrationFindings &findings, const DeviceSpec *before)
      : findings(findings), before(before) {
    spec.limits = limitsOf(findings.facts);
    spec.launches = launchesOf(findings.facts);
    spec.title = before ? before->title : findings.facts.name;
    spec.name = before ? before->name : nameOf(findings.facts.name);
    sameGpu = before &&
              before->limits.computeCapability.value ==
                  spec.limits.computeCapability.value &&
              before->limits.sms.value == spec.limits.sms.value;
    if (before && !sameGpu) {
      spec.title = findings.facts.name;
      spec.name = nameOf(findings.facts.name);
    }
  }

  Result<CalibratedDevice> make() {
    addLimits();
    for (CostConstant constant : allCostConstants()) {
      addCost(constant);
    }
    if (!resolveOrders()) {
      return Error{ErrorCode::DeviceNumberAbsurd,
                   "calibration of " + findings.facts.name,
                   "at least one measured number that a GPU can have", "none",
                   "see whether something else uses the GPU"};
    }
    addLibrary();
    CalibratedDevice made;
    for (CostConstant constant : allCostConstants()) {
      report(constant);
    }
    made.changes = std::move(changes);
    const std::string text = writeDeviceSpec(spec);
    SINTER_ASSIGN(made.spec, parseDeviceSpec(text, spec.name + ".json"));
    return made;
  }

private:
  struct Outcome {
    FigureState state = FigureState::Kept;
    std::string spread;
    std::string refusal;
  };

  void addLimits() {
    for (const auto &field : device_fields::limitFields) {
      const DeviceNumber &now = spec.limits.*field.member;
      FigureChange change;
      change.key = field.key;
      change.unit = field.unit;
      if (before) {
        change.before = (before->limits.*field.member).value;
      }
      change.now = now.value;
      change.state = FigureState::Driver;
      change.source = now.source;
      changes.push_back(std::move(change));
    }
  }

  std::optional<DeviceNumber> keptOf(const std::optional<DeviceNumber> &old) {
    std::optional<DeviceNumber> kept = old;
    if (kept && !sameGpu) {
      kept->origin = NumberOrigin::Prior;
      kept->source = "taken over from " + before->name + ": " + kept->source;
    }
    return kept;
  }

  std::optional<DeviceNumber> otherwise(CostConstant constant) {
    std::optional<DeviceNumber> kept;
    if (before) {
      kept = keptOf(before->cost(constant));
    }
    const uint64_t kilohertz =
        static_cast<uint64_t>(findings.facts.memoryKilohertz);
    if (constant == CostConstant::DramRateSpec && (!kept || !sameGpu) &&
        kilohertz != 0) {
      // Two bits per pin and clock.
      return DeviceNumber{
          2 * kilohertz * static_cast<uint64_t>(findings.facts.memoryBusBits) /
              8000000,
          NumberOrigin::Spec,
          "driver: memory clock and width of the bus by cuDeviceGetAttribute"};
    }
    return kept;
  }

  void addCost(CostConstant constant) {
    std::optional<DeviceNumber> &number = costOf(spec.costs, constant);
    Outcome &outcome = outcomes[static_cast<size_t>(constant)];
    number = otherwise(constant);
    const auto found = std::find_if(
        findings.measured.figures.begin(), findings.measured.figures.end(),
        [&](const Figure &each) { return each.constant == constant; });
    if (found == findings.measured.figures.end()) {
      outcome.state = number && number->source.starts_with("driver")
                          ? FigureState::Driver
                          : FigureState::Kept;
      return;
    }
    const Spread &value = found->value;
    outcome.spread = decimals(value.p10) + " to " + decimals(value.p90);
    const auto [least, most] = costRange(constant);
    // Also false of what is no number.
    if (!(value.median >= static_cast<double>(least) &&
          value.median <= static_cast<double>(most))) {
      refuse(constant, decimals(value.median) + " is outside " +
                           std::to_string(least) + " to " +
                           std::to_string(most));
      return;
    }
    outcome.state = FigureState::Measured;
    number = DeviceNumber{
        static_cast<uint64_t>(std::llround(value.median)), found->origin,
        found->method + "; median of samples, 10th to 90th percentile " +
            outcome.spread + " " + std::string(constantUnit(constant)) + "; " +
            findings.where};
  }

  void refuse(CostConstant constant, const std::string &why) {
    Outcome &outcome = outcomes[static_cast<size_t>(constant)];
    std::optional<DeviceNumber> &number = costOf(spec.costs, constant);
    number = otherwise(constant);
    outcome.state = number ? FigureState::Refused : FigureState::Missing;
    outcome.refusal = why;
  }

  bool isMeasured(CostConstant constant) const {
    return outcomes[static_cast<size_t>(constant)].state ==
           FigureState::Measured;
  }

  /// Measured numbers in the wrong order are refused, then kept ones dropped;
  /// whether a measured one is left.
  bool resolveOrders() {
    bool changed = true;
    while (changed) {
      changed = false;
      for (auto [small, large] : costOrders()) {
        const std::optional<DeviceNumber> low = costOf(spec.costs, small);
        const std::optional<DeviceNumber> high = costOf(spec.costs, large);
        if (!low || !high || low->value <= high->value) {
          continue;
        }
        changed = true;
        const std::string why = std::string(constantKey(small)) + " = " +
                                std::to_string(low->value) + " is more than " +
                                std::string(constantKey(large)) + " = " +
                                std::to_string(high->value);
        const bool any = isMeasured(small) || isMeasured(large);
        for (CostConstant constant : {small, large}) {
          if (isMeasured(constant)) {
            refuse(constant, why);
          } else if (!any) {
            costOf(spec.costs, constant).reset();
            outcomes[static_cast<size_t>(constant)] = {FigureState::Missing, "",
                                                       why};
          }
        }
      }
    }
    return std::any_of(
        allCostConstants().begin(), allCostConstants().end(),
        [&](CostConstant constant) { return isMeasured(constant); });
  }

  void addLibrary() {
    const auto key = [](const LibraryPrice &price) {
      return std::tie(price.n, price.k, price.m, price.dtype);
    };
    spec.library = findings.prices;
    for (LibraryPrice &price : spec.library) {
      price.source += "; " + findings.where;
    }
    for (const LibraryPrice &old :
         before ? before->library : std::vector<LibraryPrice>()) {
      const bool again = std::any_of(
          findings.prices.begin(), findings.prices.end(),
          [&](const LibraryPrice &price) { return key(price) == key(old); });
      if (!again) {
        LibraryPrice kept = old;
        if (!sameGpu) {
          kept.origin = NumberOrigin::Prior;
          kept.source = "taken over from " + before->name + ": " + kept.source;
        }
        spec.library.push_back(std::move(kept));
      }
    }
    std::sort(spec.library.begin(), spec.library.end(),
              [&](const LibraryPrice &a, const LibraryPrice &b) {
                return key(a) < key(b);
              });
    if (!findings.prices.empty()) {
      for (CostConstant constant : deriveLibraryCosts(spec)) {
        outcomes[static_cast<size_t>(constant)].state = FigureState::Measured;
      }
    }
    for (const LibraryPrice &price : spec.library) {
      reportPrice(price);
    }
  }

  void reportPrice(const LibraryPrice &price) {
    FigureChange change;
    change.key = "library " + std::to_string(price.m) + "x" +
                 std::to_string(price.n) + "x" + std::to_string(price.k);
    change.unit = "ps";
    change.now = price.picoseconds;
    change.source = price.source;
    const auto same = [&](const LibraryPrice &other) {
      return other.m == price.m && other.n == price.n && other.k == price.k;
    };
    if (before) {
      const auto old =
          std::find_if(before->library.begin(), before->library.end(), same);
      if (old != before->library.end()) {
        change.before = old->picoseconds;
      }
    }
    change.state =
        std::any_of(findings.prices.begin(), findings.prices.end(), same)
            ? FigureState::Measured
            : FigureState::Kept;
    changes.push_back(std::move(change));
  }

  void report(CostConstant constant) {
    const Outcome &outcome = outcomes[static_cast<size_t>(constant)];
    const std::optional<DeviceNumber> &now = costOf(spec.costs, constant);
    FigureChange change;
    change.key = constantKey(constant);
    change.unit = constantUnit(constant);
    change.state = now || outcome.state == FigureState::Missing
                       ? outcome.state
                       : FigureState::Missing;
    change.spread = outcome.spread;
    change.source = !outcome.refusal.empty() ? outcome.refusal
                    : now                    ? now->source
                                             : "nothing measures it";
    if (now) {
      change.now = now->value;
    }
    if (before && before->cost(constant)) {
      change.before = before->cost(constant)->value;
    }
    changes.push_back(std::move(change));
  }

  const CalibrationFindings &findings;
  const DeviceSpec *before;
  bool sameGpu = false;
  DeviceSpec spec;
  std::vector<Outcome> outcomes =
      std::vector<Outcome>(allCostConstants().size());
  std::vector<FigureChange> changes;
};

} // namespace

std::string_view stateName(FigureState state) {
  switch (state) {
  case FigureState::Measured:
    return "measured";
  case FigureState::Driver:
    return "driver";
  case FigureState::Kept:
    return "kept";
  case FigureState::Refused:
    return "refused";
  case FigureState::Missing:
    return "missing";
  }
  return "";
}

Result<CalibratedDevice> makeDeviceFile(const CalibrationFindings &findings,
                                        const DeviceSpec *before) {
  return Maker(findings, before).make();
}

Table changeTable(const std::vector<FigureChange> &changes) {
  Table table;
  table.view = "calibrate";
  table.columns = {{"key", "key"},       {"unit", "unit"},
                   {"before", "before"}, {"now", "now"},
                   {"ratio", "ratio"},   {"spread", "10th to 90th"},
                   {"state", "state"},   {"source", "source"}};
  const auto cell = [](const std::optional<uint64_t> &value) {
    return value ? Cell(*value) : Cell(std::string());
  };
  for (const FigureChange &change : changes) {
    Cell ratio = std::string();
    if (change.before && change.now && *change.before != 0) {
      ratio = Ratio{static_cast<uint64_t>(
          std::llround(1e3 * static_cast<double>(*change.now) /
                       static_cast<double>(*change.before)))};
    }
    table.rows.push_back({change.key, change.unit, cell(change.before),
                          cell(change.now), ratio, change.spread,
                          std::string(stateName(change.state)), change.source});
  }
  return table;
}

} // namespace sinter
