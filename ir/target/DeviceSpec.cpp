//===- DeviceSpec.cpp - What a GPU offers and what it costs ---------------===//

#include "ir/target/DeviceSpec.h"

#include "ir/target/DeviceFields.h"
#include "runtime/format/StrictJson.h"

#include <array>
#include <tuple>
#include <utility>

namespace sinter {

using namespace device_fields;

namespace {

constexpr std::array<NumberOrigin, 4> allOrigins = {
    NumberOrigin::Spec, NumberOrigin::Measured, NumberOrigin::Derived,
    NumberOrigin::Prior};

std::string inRange(uint64_t least, uint64_t most, std::string_view unit) {
  if (least == most) {
    return std::to_string(least) + " " + std::string(unit);
  }
  return std::to_string(least) + " to " + std::to_string(most) + " " +
         std::string(unit);
}

/// A text member that must be there and not be empty; else SIN2802.
Result<std::string> evidence(const JsonValue &number, std::string_view key,
                             std::string_view wanted) {
  std::optional<JsonValue> member = number.find(key);
  if (!member) {
    return number.error(ErrorCode::DeviceNumberOrigin, std::string(wanted),
                        "say where the number comes from");
  }
  SINTER_ASSIGN(std::string_view text, member->asString());
  if (text.empty()) {
    return member->error(ErrorCode::DeviceNumberOrigin, std::string(wanted),
                         "say where the number comes from");
  }
  return std::string(text);
}

struct Evidence {
  NumberOrigin origin;
  std::string source;
};

Result<Evidence> readEvidence(const JsonValue &value) {
  SINTER_ASSIGN(std::string origin,
                evidence(value, "origin",
                         "an \"origin\": spec, measured, derived or prior"));
  SINTER_ASSIGN(
      std::string source,
      evidence(value, "source", "a \"source\": the document, or when and how"));
  for (NumberOrigin candidate : allOrigins) {
    if (originName(candidate) == origin) {
      return Evidence{candidate, std::move(source)};
    }
  }
  return value.find("origin")->error(ErrorCode::DeviceNumberOrigin,
                                     "spec, measured, derived or prior");
}

template <typename Member>
Result<DeviceNumber> readNumber(const JsonValue &value,
                                const Field<Member> &field) {
  SINTER_TRY(value.onlyKeys({"value", "unit", "origin", "source"}));
  SINTER_ASSIGN(Evidence evidence, readEvidence(value));
  SINTER_ASSIGN(std::string_view unit, value.getString("unit"));
  if (unit != field.unit) {
    return value.find("unit")->error(
        ErrorCode::DeviceNumberUnit,
        "the unit \"" + std::string(field.unit) + "\"", "convert the value");
  }
  SINTER_ASSIGN(uint64_t number, value.getUnsigned("value"));
  if (number < field.least || number > field.most) {
    return value.find("value")->error(
        ErrorCode::DeviceNumberAbsurd,
        inRange(field.least, field.most, field.unit));
  }
  return DeviceNumber{number, evidence.origin, std::move(evidence.source)};
}

Status knownKeys(const JsonValue &section, auto &fields) {
  SINTER_ASSIGN(JsonMembers members, section.asObject());
  for (JsonMember member : members) {
    bool known = member.key.starts_with("x-");
    for (const auto &field : fields) {
      known |= field.key == member.key;
    }
    if (!known) {
      return member.value.error(ErrorCode::JsonUnknownKey,
                                "a key that device files know",
                                "correct or remove it");
    }
  }
  return Status::success();
}

/// A section whose members are all optional.
template <typename Section, size_t count>
Status readOptional(
    const JsonValue &section,
    const Field<std::optional<DeviceNumber> Section::*> (&fields)[count],
    Section &target) {
  SINTER_TRY(knownKeys(section, fields));
  for (const auto &field : fields) {
    if (std::optional<JsonValue> value = section.find(field.key)) {
      SINTER_ASSIGN(target.*field.member, readNumber(*value, field));
    }
  }
  return Status::success();
}

/// The algorithm and the version that offers it, both or neither.
Status readAlgorithm(const JsonValue &value, LibraryPrice &price) {
  for (auto [key, other, member] :
       {std::tuple("algorithm", "library", &LibraryPrice::algorithm),
        std::tuple("library", "algorithm", &LibraryPrice::version)}) {
    if (std::optional<JsonValue> found = value.find(key)) {
      if (!value.find(other)) {
        return found->error(ErrorCode::DeviceNumberOrigin,
                            "\"" + std::string(other) + "\" beside it",
                            "an algorithm belongs to a version of the library");
      }
      SINTER_ASSIGN(price.*member, evidence(value, key, "a text"));
    }
  }
  return Status::success();
}

/// One entry of the price table.
Result<LibraryPrice> readPrice(const JsonValue &value) {
  SINTER_TRY(value.onlyKeys({"m", "n", "k", "dtype", "ps", "best_ps",
                             "algorithm", "library", "origin", "source"}));
  constexpr uint64_t longest = 1000000000000; // a second
  constexpr uint64_t widest = 1 << 24;
  LibraryPrice price;
  SINTER_ASSIGN(Evidence evidence, readEvidence(value));
  price.origin = evidence.origin;
  price.source = std::move(evidence.source);
  SINTER_ASSIGN(std::string_view dtype, value.getString("dtype"));
  if (dtype != "bf16") {
    return value.find("dtype")->error(ErrorCode::DeviceNumberUnit, "\"bf16\"");
  }
  price.dtype = dtype;
  for (auto [key, member, most] :
       {std::tuple("m", &LibraryPrice::m, widest),
        std::tuple("n", &LibraryPrice::n, widest),
        std::tuple("k", &LibraryPrice::k, widest),
        std::tuple("ps", &LibraryPrice::picoseconds, longest),
        std::tuple("best_ps", &LibraryPrice::bestPicoseconds, longest)}) {
    if (std::string_view(key) == "best_ps" && !value.find(key)) {
      price.bestPicoseconds = price.picoseconds;
      continue;
    }
    SINTER_ASSIGN(price.*member, value.getUnsigned(key));
    if (price.*member < 1 || price.*member > most) {
      return value.find(key)->error(ErrorCode::DeviceNumberAbsurd,
                                    "1 to " + std::to_string(most));
    }
  }
  if (price.bestPicoseconds > price.picoseconds) {
    return value.find("best_ps")->error(ErrorCode::DeviceNumberAbsurd,
                                        "at most ps = " +
                                            std::to_string(price.picoseconds),
                                        "one of the two numbers is wrong");
  }
  SINTER_TRY(readAlgorithm(value, price));
  return price;
}

Result<std::vector<LibraryPrice>> readLibrary(const JsonValue &value) {
  auto key = [](const LibraryPrice &price) {
    return std::tie(price.n, price.k, price.m, price.dtype);
  };
  SINTER_ASSIGN(JsonElements elements, value.asArray());
  std::vector<LibraryPrice> prices;
  for (JsonValue element : elements) {
    SINTER_ASSIGN(LibraryPrice price, readPrice(element));
    if (!prices.empty() && key(prices.back()) >= key(price)) {
      return element.error(ErrorCode::DeviceNumberAbsurd,
                           "entries ascending in n, k, m, each once",
                           "sort the entries and remove repeated ones");
    }
    prices.push_back(std::move(price));
  }
  return prices;
}

Result<TunedConfig> readTunedConfig(const JsonValue &value) {
  SINTER_TRY(value.onlyKeys(
      {"family", "group", "contexts", "config", "origin", "source"}));
  TunedConfig tuned;
  SINTER_ASSIGN(Evidence evidence, readEvidence(value));
  tuned.origin = evidence.origin;
  tuned.source = std::move(evidence.source);
  if (tuned.origin != NumberOrigin::Measured) {
    return value.find("origin")->error(ErrorCode::DeviceNumberOrigin,
                                       "measured",
                                       "what was not tried is not tuned");
  }
  SINTER_ASSIGN(tuned.family, value.getString("family"));
  SINTER_ASSIGN(tuned.group, value.getString("group"));
  SINTER_ASSIGN(tuned.config, value.getString("config"));
  SINTER_ASSIGN(JsonValue contexts, value.get("contexts"));
  SINTER_ASSIGN(JsonElements ends, contexts.asArray());
  std::vector<uint64_t> range;
  for (JsonValue end : ends) {
    SINTER_ASSIGN(uint64_t number, end.asUnsigned());
    range.push_back(number);
  }
  if (range.size() != 2 || range[0] < 1 || range[1] < range[0]) {
    return contexts.error(ErrorCode::DeviceNumberAbsurd,
                          "[first, last], 1 or more, ascending");
  }
  tuned.fromContext = range[0];
  tuned.toContext = range[1];
  return tuned;
}

Result<std::vector<TunedConfig>> readTuned(const JsonValue &value) {
  SINTER_ASSIGN(JsonElements elements, value.asArray());
  std::vector<TunedConfig> all;
  for (JsonValue element : elements) {
    SINTER_ASSIGN(TunedConfig tuned, readTunedConfig(element));
    if (!all.empty() &&
        std::tie(all.back().family, all.back().group, all.back().toContext) >=
            std::tie(tuned.family, tuned.group, tuned.fromContext)) {
      return element.error(ErrorCode::DeviceNumberAbsurd,
                           "entries ascending in family, group and contexts, "
                           "which do not overlap",
                           "sort the entries and part their contexts");
    }
    all.push_back(std::move(tuned));
  }
  return all;
}

/// `small` may not exceed `large`.
Status ordered(const JsonValue &section, std::string_view small,
               uint64_t smallValue, std::string_view large,
               uint64_t largeValue) {
  if (smallValue <= largeValue) {
    return Status::success();
  }
  return section.get(small)->error(ErrorCode::DeviceNumberAbsurd,
                                   "at most " + std::string(large) + " = " +
                                       std::to_string(largeValue),
                                   "one of the two numbers is wrong");
}

Status checkLimits(const JsonValue &section, const DeviceLimits &limits) {
  SINTER_TRY(ordered(section, "shared_bytes_per_block",
                     limits.sharedBytesPerBlock.value, "shared_bytes_per_sm",
                     limits.sharedBytesPerSm.value));
  SINTER_TRY(ordered(section, "threads_per_block", limits.threadsPerBlock.value,
                     "threads_per_sm", limits.threadsPerSm.value));
  return ordered(section, "l2_bytes", limits.l2Bytes.value, "memory_bytes",
                 limits.memoryBytes.value);
}

/// Nothing reads memory faster than the data sheet says; what a phase costs
/// with data to read is at least what an empty one costs.
Status checkCosts(const JsonValue &section, const DeviceCosts &costs) {
  for (auto [small, large] : costOrders()) {
    const Cost &low = costFields[static_cast<size_t>(small)];
    const Cost &high = costFields[static_cast<size_t>(large)];
    if (costs.*low.member && costs.*high.member) {
      SINTER_TRY(ordered(section, low.key, (costs.*low.member)->value, high.key,
                         (costs.*high.member)->value));
    }
  }
  return Status::success();
}

/// Both came with compute capability 9.0.
Status checkLaunches(const JsonValue &section, const DeviceSpec &device) {
  for (const Launch &field : launchFields) {
    const std::optional<DeviceNumber> &flag = device.launches.*field.member;
    if (flag && flag->value != 0 &&
        field.member != &DeviceLaunches::cooperative &&
        device.limits.computeCapability.value < 90) {
      return section.get(field.key)->error(
          ErrorCode::DeviceNumberAbsurd,
          "0 below compute capability 9.0; this is " +
              std::to_string(device.limits.computeCapability.value),
          "one of the two numbers is wrong");
    }
  }
  return Status::success();
}

bool isName(std::string_view name) {
  for (char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '.')) {
      return false;
    }
  }
  return !name.empty() && name.size() <= 64;
}

Status checkFormat(const JsonValue &root) {
  SINTER_ASSIGN(JsonValue format, root.get("format"));
  SINTER_TRY(format.onlyKeys({"id", "major", "minor"}));
  SINTER_ASSIGN(std::string_view id, format.getString("id"));
  if (id != formatId) {
    return format.find("id")->error(ErrorCode::DeviceFileFormat,
                                    "\"" + std::string(formatId) + "\"");
  }
  SINTER_ASSIGN(uint64_t major, format.getUnsigned("major"));
  if (major != formatMajor) {
    return format.find("major")->error(ErrorCode::DeviceFileFormat,
                                       std::to_string(formatMajor));
  }
  SINTER_ASSIGN(uint64_t minor, format.getUnsigned("minor"));
  if (minor > formatMinor) {
    return format.find("minor")->error(ErrorCode::DeviceFileFormat,
                                       "at most " + std::to_string(formatMinor),
                                       "use a newer Sinter");
  }
  return Status::success();
}

} // namespace

std::string_view originName(NumberOrigin origin) {
  switch (origin) {
  case NumberOrigin::Spec:
    return "spec";
  case NumberOrigin::Measured:
    return "measured";
  case NumberOrigin::Derived:
    return "derived";
  case NumberOrigin::Prior:
    return "prior";
  }
  return "";
}

std::string_view constantKey(CostConstant constant) {
  return costFields[static_cast<size_t>(constant)].key;
}

std::string_view constantUnit(CostConstant constant) {
  return costFields[static_cast<size_t>(constant)].unit;
}

const std::vector<CostConstant> &allCostConstants() {
  static const std::vector<CostConstant> all = {
#define SINTER_DEVICE_COST(ENUM, MEMBER, KEY, UNIT, LEAST, MOST)               \
  CostConstant::ENUM,
#include "ir/target/DeviceCosts.def"
  };
  return all;
}

std::pair<uint64_t, uint64_t> costRange(CostConstant constant) {
  const Cost &field = costFields[static_cast<size_t>(constant)];
  return {field.least, field.most};
}

const std::vector<std::pair<CostConstant, CostConstant>> &costOrders() {
  static const std::vector<std::pair<CostConstant, CostConstant>> orders = {
      {CostConstant::DramReadRate, CostConstant::DramRateSpec},
      {CostConstant::DramCopyRate, CostConstant::DramRateSpec},
      {CostConstant::DramSlopePlain, CostConstant::DramRateSpec},
      {CostConstant::DramSlopeOverlap, CostConstant::DramRateSpec},
      {CostConstant::DramSlopePlain, CostConstant::L2ReadRate},
      {CostConstant::DramSlopeOverlap, CostConstant::L2ReadRate},
      {CostConstant::NodeGraph, CostConstant::EdgeStream},
      {CostConstant::NodeGraph, CostConstant::EdgeGraphL2},
      {CostConstant::NodeGraph, CostConstant::EdgeGraph},
      {CostConstant::EdgeGraphL2, CostConstant::EdgeGraph},
      {CostConstant::NodeProgrammatic, CostConstant::EdgeProgrammaticWait},
      {CostConstant::EdgeProgrammatic, CostConstant::EdgeProgrammaticWait},
      {CostConstant::ExchangeIdle, CostConstant::Exchange},
      {CostConstant::L2Latency, CostConstant::DramLatency},
  };
  return orders;
}

std::optional<DeviceNumber> &costOf(DeviceCosts &costs, CostConstant constant) {
  return costs.*costFields[static_cast<size_t>(constant)].member;
}

const std::optional<DeviceNumber> &
DeviceSpec::cost(CostConstant constant) const {
  return costs.*costFields[static_cast<size_t>(constant)].member;
}

const TunedConfig *DeviceSpec::findTuned(std::string_view family,
                                         std::string_view group,
                                         uint64_t context) const {
  for (const TunedConfig &entry : tuned) {
    if (entry.family == family && entry.group == group &&
        entry.fromContext <= context && context <= entry.toContext) {
      return &entry;
    }
  }
  return nullptr;
}

std::string DeviceSpec::arch() const {
  uint64_t capability = limits.computeCapability.value;
  return "sm_" + std::to_string(capability) + (capability == 90 ? "a" : "");
}

Result<DeviceSpec> parseDeviceSpec(std::string_view text,
                                   std::string_view file) {
  SINTER_ASSIGN(JsonDocument document, JsonDocument::parse(text, file));
  JsonValue root = document.root();
  SINTER_TRY(root.onlyKeys({"format", "name", "title", "limits", "costs",
                            "launches", "library", "tuned"}));
  SINTER_TRY(checkFormat(root));

  DeviceSpec device;
  device.text = text;
  SINTER_ASSIGN(device.name, root.getString("name"));
  if (!isName(device.name)) {
    return root.find("name")->error(
        ErrorCode::DeviceFileFormat,
        "1 to 64 lower-case letters, digits, '-' and '.'");
  }
  SINTER_ASSIGN(device.title, root.getString("title"));

  SINTER_ASSIGN(JsonValue limits, root.get("limits"));
  SINTER_TRY(knownKeys(limits, limitFields));
  for (const Limit &field : limitFields) {
    SINTER_ASSIGN(JsonValue value, limits.get(field.key));
    SINTER_ASSIGN(device.limits.*field.member, readNumber(value, field));
  }
  SINTER_TRY(checkLimits(limits, device.limits));

  if (std::optional<JsonValue> costs = root.find("costs")) {
    SINTER_TRY(readOptional(*costs, costFields, device.costs));
    SINTER_TRY(checkCosts(*costs, device.costs));
  }
  if (std::optional<JsonValue> launches = root.find("launches")) {
    SINTER_TRY(readOptional(*launches, launchFields, device.launches));
    SINTER_TRY(checkLaunches(*launches, device));
  }
  if (std::optional<JsonValue> library = root.find("library")) {
    SINTER_ASSIGN(device.library, readLibrary(*library));
  }
  if (std::optional<JsonValue> tuned = root.find("tuned")) {
    SINTER_ASSIGN(device.tuned, readTuned(*tuned));
  }
  return device;
}

} // namespace sinter
