//===- PlanWeights.cpp - The weights that a plan names --------------------===//

#include "runtime/PlanWeights.h"

#include "runtime/format/Checkpoint.h"
#include "runtime/format/RandomWeights.h"

#include <algorithm>
#include <set>

namespace sinter {

namespace {

std::string typeText(DType dtype, const std::vector<uint64_t> &shape) {
  return std::string(dtypeName(dtype)) + " " + shapeText(shape);
}

/// The tensors that a weight is made of, with their shapes there.
std::vector<format::PackPart> partsOf(const format::Weight &weight) {
  return weight.pack
             ? weight.pack->parts
             : std::vector<format::PackPart>{{weight.name, weight.shape}};
}

} // namespace

Result<std::unique_ptr<WeightSource>>
openPlanWeights(const format::Plan &plan, const std::string &directory) {
  const format::WeightOrigin &origin = plan.model.weights;
  if (!origin.seed) {
    if (directory.empty()) {
      return Error{ErrorCode::PlanNeedsWeights, "plan",
                   "the checkpoint that it was compiled from", "none",
                   "name the checkpoint's directory"};
    }
    SINTER_ASSIGN(std::unique_ptr<Checkpoint> checkpoint,
                  Checkpoint::open(directory));
    return std::unique_ptr<WeightSource>(std::move(checkpoint));
  }
  if (!directory.empty()) {
    return Error{ErrorCode::PlanNeedsWeights, "plan",
                 "no checkpoint, for its weights come from the seed " +
                     std::to_string(*origin.seed),
                 directory, "compile a plan from the checkpoint"};
  }
  std::vector<TensorInfo> tensors;
  std::set<std::string> listed;
  for (const format::Weight &weight : plan.weights) {
    if (weight.dtype != DType::BF16) {
      return Error{ErrorCode::PlanWeights, "weight " + weight.name,
                   "bf16, the type of random weights",
                   std::string(dtypeName(weight.dtype)), ""};
    }
    for (format::PackPart &part : partsOf(weight)) {
      if (listed.insert(part.tensor).second) {
        tensors.push_back(
            {std::move(part.tensor), weight.dtype, std::move(part.shape)});
      }
    }
  }
  return std::unique_ptr<WeightSource>(
      std::make_unique<RandomWeights>(*origin.seed, std::move(tensors)));
}

/// SIN2517 unless the source holds the tensor.
static Status checkTensor(const format::PackPart &part, DType dtype,
                          const WeightSource &weights) {
  const std::string remedy =
      "use the checkpoint that the plan was compiled from";
  std::optional<size_t> found = weights.find(part.tensor);
  if (!found) {
    return Error{ErrorCode::PlanWeights,
                 weights.describe() + ": tensor " + part.tensor,
                 typeText(dtype, part.shape), "no such tensor", remedy};
  }
  const TensorInfo &tensor = weights.tensors()[*found];
  if (tensor.dtype != dtype || tensor.shape != part.shape) {
    return Error{ErrorCode::PlanWeights, weights.describe(*found),
                 typeText(dtype, part.shape),
                 typeText(tensor.dtype, tensor.shape), remedy};
  }
  return Status::success();
}

Status checkPlanWeights(const format::Plan &plan, const WeightSource &weights) {
  for (const format::Weight &weight : plan.weights) {
    for (const format::PackPart &part : partsOf(weight)) {
      SINTER_TRY(checkTensor(part, weight.dtype, weights));
    }
  }
  const std::optional<std::string> &fingerprint =
      plan.model.weights.fingerprint;
  if (fingerprint && *fingerprint != weights.fingerprint()) {
    return Error{ErrorCode::PlanWeights, weights.describe(),
                 "the fingerprint " + *fingerprint, weights.fingerprint(),
                 "use the checkpoint that the plan was compiled from"};
  }
  return Status::success();
}

WeightBytes::WeightBytes(const format::Weight &weight,
                         const WeightSource &source)
    : source(source) {
  for (const format::PackPart &part : partsOf(weight)) {
    // There, as checkPlanWeights has seen.
    const size_t tensor = source.find(part.tensor).value_or(0);
    parts.push_back({tensor, source.tensors()[tensor].bytes()});
    bytes += parts.back().bytes;
  }
  if (weight.pack && weight.pack->layout == format::PackLayout::Interleave) {
    turn = bytes / weight.shape[0];
  }
}

Status WeightBytes::read(uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    // Where `offset` lies, and how far the run goes on from there.
    size_t part = 0;
    uint64_t at = offset;
    uint64_t left = 0;
    if (turn != 0) {
      const uint64_t run = offset / turn;
      part = run % parts.size();
      at = run / parts.size() * turn + offset % turn;
      left = turn - offset % turn;
    } else {
      while (at >= parts[part].bytes) {
        at -= parts[part++].bytes;
      }
      left = parts[part].bytes - at;
    }
    const uint64_t count = std::min<uint64_t>(left, into.size());
    SINTER_TRY(source.read(parts[part].tensor, at, into.data(), count));
    into = into.subspan(count);
    offset += count;
  }
  return Status::success();
}

} // namespace sinter
