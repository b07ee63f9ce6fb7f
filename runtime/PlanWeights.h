//===- PlanWeights.h - The weights that a plan names ------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_PLANWEIGHTS_H
#define SINTER_RUNTIME_PLANWEIGHTS_H

#include "runtime/format/Plan.h"
#include "runtime/format/WeightSource.h"

#include <memory>
#include <span>

namespace sinter {

/// The plan's weights: made from its seed, or the checkpoint in `directory`.
/// SIN2519: the plan needs a checkpoint and `directory` is empty, or it has a
/// seed and a directory is given; SIN2517: random weights that are not BF16;
/// errors of Checkpoint::open.
Result<std::unique_ptr<WeightSource>>
openPlanWeights(const format::Plan &plan, const std::string &directory);

/// SIN2517 unless `weights` holds every tensor that the plan's weights are made
/// of, with its type and shape, and has the plan's fingerprint if that has one.
Status checkPlanWeights(const format::Plan &plan, const WeightSource &weights);

/// One weight of a plan as the run of bytes that goes to the device: a tensor,
/// or several by their recipe.
class WeightBytes {
public:
  /// `weight` and `source` outlive this and agree: checkPlanWeights.
  WeightBytes(const format::Weight &weight, const WeightSource &source);

  uint64_t size() const { return bytes; }
  /// Fills `into` from byte `offset` on, within the size. Errors are those of
  /// the source.
  Status read(uint64_t offset, std::span<std::byte> into) const;

private:
  struct Part {
    size_t tensor; ///< in the source
    uint64_t bytes;
  };
  const WeightSource &source;
  std::vector<Part> parts;
  uint64_t bytes = 0;
  /// The parts take turns in runs of this many bytes; 0: one after the other.
  uint64_t turn = 0;
};

} // namespace sinter

#endif // SINTER_RUNTIME_PLANWEIGHTS_H
