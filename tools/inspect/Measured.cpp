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

Result<MeasuredProjections>
MeasuredProjections::read(const std::string &path, const DeviceSpec &device) {
  SINTER_ASSIGN(std::string text, readFile(path, uint64_t{4} << 20));
  SINTER_ASSIGN(JsonDocument document, JsonDocument::parse(text, path));
  SINTER_ASSIGN(JsonValue view, document.root().get("view"));
  SINTER_ASSIGN(std::string_view table, view.asString());
  if (table != "bench-regret") {
    return view.error(ErrorCode::JsonOutOfRange,
                      "bench-regret, what sinter bench --regret writes");
  }
  MeasuredProjections found;
  SINTER_ASSIGN(JsonElements notes, document.root().getArray("notes"));
  for (JsonValue note : notes) {
    SINTER_ASSIGN(std::string_view line, note.asString());
    found.source += (found.source.empty() ? "" : "; ") + std::string(line);
  }
  SINTER_ASSIGN(JsonElements rows, document.root().getArray("rows"));
  for (JsonValue row : rows) {
    SINTER_ASSIGN(std::string_view target, row.getString("target"));
    SINTER_ASSIGN(uint64_t outputs, row.getUnsigned("outputs", 1));
    SINTER_ASSIGN(uint64_t width, row.getUnsigned("width", 1));
    SINTER_ASSIGN(uint64_t count, row.getUnsigned("rows", 1));
    SINTER_ASSIGN(std::string_view family, row.getString("family"));
    SINTER_ASSIGN(std::string_view config, row.getString("config"));
    SINTER_ASSIGN(uint64_t median, row.getUnsigned("median_ns", 1));
    if (target == device.name) {
      found.medians[{outputs, width, count, std::string(family),
                     std::string(config)}] = 1000 * median;
    }
  }
  return found;
}

std::optional<uint64_t>
MeasuredProjections::find(const Projection &projection,
                          const ProjectionCandidate &candidate) const {
  const auto place =
      medians.find({projection.outputs, projection.width, projection.rows,
                    candidate.familyName(), candidate.config.text()});
  return place == medians.end() ? std::nullopt : std::optional(place->second);
}

} // namespace sinter
