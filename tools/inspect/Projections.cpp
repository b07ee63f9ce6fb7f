//===- Projections.cpp - Linear layers alone, by rows ---------------------===//

#include "tools/inspect/Projections.h"

#include "codegen/KernelRegistry.h"
#include "passes/analysis/OpNames.h"
#include "passes/planning/GroupSearch.h"

#include <algorithm>

namespace sinter {

const std::vector<uint32_t> &projectionRows() {
  static const std::vector<uint32_t> rows = {1,  2,  3,  4,   5,   6,  7,
                                             8,  10, 12, 16,  17,  24, 32,
                                             48, 64, 96, 128, 256, 512};
  return rows;
}

std::string ProjectionCandidate::familyName() const {
  return family ? family->name().str() : "library";
}

std::vector<const ProjectionCandidate *> Projection::bestByFamily() const {
  std::vector<const ProjectionCandidate *> best;
  for (const ProjectionCandidate &candidate : candidates) {
    if (std::none_of(best.begin(), best.end(), [&](const auto *known) {
          return known->family == candidate.family;
        })) {
      best.push_back(&candidate);
    }
  }
  return best;
}

const ProjectionCandidate *Projection::library() const {
  const auto found =
      std::find_if(candidates.begin(), candidates.end(),
                   [](const auto &one) { return one.family == nullptr; });
  return found == candidates.end() ? nullptr : &*found;
}

static std::string patternOf(mlir::Operation *op) {
  std::string text;
  for (const std::string &name : namesOf(op)) {
    const std::string pattern = layerPattern(name);
    text +=
        text.empty() ? pattern : "/" + pattern.substr(pattern.rfind('.') + 1);
  }
  return text;
}

Result<Projections> Projections::create(const ModelConfig &config,
                                        const Workload &workload,
                                        const DeviceSpec &device,
                                        uint32_t rows) {
  Projections made;
  ModelConfig small = config;
  small.layers = std::min<int64_t>(config.layers, 1);
  made.shape = workload;
  made.shape.batch = rows;
  SINTER_ASSIGN(made.prepared,
                PreparedEntry::create(small, made.shape, DecisionSet::Exact));
  const bool programmatic =
      device.launches.programmatic && device.launches.programmatic->value != 0;
  const auto mode = programmatic ? cost::ExecutionMode::Programmatic
                                 : cost::ExecutionMode::Graph;
  for (mlir::Operation *op : fusion::graphOf(made.prepared->function()).ops) {
    auto linear = mlir::dyn_cast<decoder::LinearOp>(op);
    if (!linear) {
      continue;
    }
    auto input =
        mlir::cast<mlir::RankedTensorType>(linear.getInput().getType());
    auto weight =
        mlir::cast<mlir::RankedTensorType>(linear.getWeight().getType());
    Projection projection;
    projection.op = linear;
    projection.pattern = patternOf(op);
    projection.outputs = static_cast<uint64_t>(weight.getDimSize(0));
    projection.width = static_cast<uint64_t>(weight.getDimSize(1));
    projection.rows = static_cast<uint64_t>(input.getDimSize(0));
    const planning::Answer answer = planning::askFamilies(
        op, codegen::kernelFamilies(), device, made.shape);
    for (const planning::Variant &variant : answer.variants) {
      SINTER_ASSIGN(cost::Price price,
                    cost::price(variant.work, mode, device, &variant.work));
      const auto place = std::upper_bound(
          projection.candidates.begin(), projection.candidates.end(),
          price.picoseconds, [](uint64_t before, const auto &after) {
            return before < after.price.picoseconds;
          });
      projection.candidates.insert(place,
                                   {variant.family, variant.config, price});
    }
    made.projections.push_back(std::move(projection));
  }
  return made;
}

const Projection *Projections::find(const std::string &name) const {
  const std::string wanted = layerPattern(name);
  for (const Projection &projection : projections) {
    for (const std::string &one : namesOf(projection.op)) {
      if (layerPattern(one) == wanted) {
        return &projection;
      }
    }
  }
  return nullptr;
}

} // namespace sinter
