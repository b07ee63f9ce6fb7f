//===- Measured.cpp - Steps that were timed on a GPU ----------------------===//

#include "tools/inspect/Measured.h"

#include "models/config/ModelSource.h"
#include "runtime/format/Files.h"
#include "runtime/format/StrictJson.h"

#include <map>

namespace sinter {

static Result<DecisionSet> decisionsOf(const JsonValue &row) {
  SINTER_ASSIGN(JsonValue value, row.get("decisions"));
  SINTER_ASSIGN(std::string_view text, value.asString());
  if (std::optional<DecisionSet> set = findDecisionSet(text)) {
    return *set;
  }
  return value.error(ErrorCode::JsonOutOfRange,
                     "eager, single, library, greedy or exact");
}

static Result<cost::ExecutionMode> modeOf(const JsonValue &row) {
  SINTER_ASSIGN(JsonValue value, row.get("mode"));
  SINTER_ASSIGN(std::string_view text, value.asString());
  for (cost::ExecutionMode mode : cost::allModes()) {
    if (cost::modeName(mode) == text) {
      return mode;
    }
  }
  return value.error(ErrorCode::JsonOutOfRange, "eager, stream, graph or pdl");
}

Result<std::vector<MeasuredStep>> readMeasured(const std::string &path,
                                               const ModelConfig &config,
                                               const Workload &workload,
                                               const DeviceSpec &device) {
  SINTER_ASSIGN(std::string text, readFile(path, uint64_t{1} << 20));
  SINTER_ASSIGN(JsonDocument document, JsonDocument::parse(text, path));
  SINTER_ASSIGN(std::string_view timedOn, document.root().getString("device"));
  SINTER_ASSIGN(JsonElements steps, document.root().getArray("steps"));
  std::map<std::string, bool> sameModel;
  std::vector<MeasuredStep> found;
  for (JsonValue row : steps) {
    SINTER_ASSIGN(std::string_view model, row.getString("model"));
    MeasuredStep step;
    SINTER_ASSIGN(step.decisions, decisionsOf(row));
    SINTER_ASSIGN(step.mode, modeOf(row));
    SINTER_ASSIGN(std::string_view source, row.getString("source"));
    SINTER_ASSIGN(uint64_t batch, row.getUnsigned("batch", 1));
    SINTER_ASSIGN(uint64_t context, row.getUnsigned("context", 1));
    SINTER_ASSIGN(step.launches, row.getUnsigned("launches", 1));
    SINTER_ASSIGN(step.picoseconds, row.getUnsigned("ps", 1));
    auto [same, isNew] = sameModel.try_emplace(std::string(model), false);
    if (isNew) {
      SINTER_ASSIGN(ModelSource published, resolveModel(std::string(model)));
      same->second = published.config == config;
    }
    if (!same->second || timedOn != device.name ||
        batch != static_cast<uint64_t>(workload.batch) ||
        context != static_cast<uint64_t>(workload.context)) {
      continue;
    }
    step.source = source;
    found.push_back(std::move(step));
  }
  return found;
}

} // namespace sinter
