//===- Projections.h - Linear layers alone, by rows -------------*- C++ -*-===//
//
// Every way in which a linear layer of a model runs alone at a number of rows:
// each configuration of each family that takes it, and the library.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECT_PROJECTIONS_H
#define SINTER_TOOLS_INSPECT_PROJECTIONS_H

#include "ir/decoder/Decoder.h"
#include "passes/cost/CostModel.h"
#include "tools/inspect/PlannedEntry.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// The numbers of rows that tables of projections have where none are asked
/// for.
const std::vector<uint32_t> &projectionRows();

struct ProjectionCandidate {
  const codegen::KernelFamily *family = nullptr; ///< null: the library
  codegen::KernelConfig config;                  ///< empty for the library
  cost::Price price;

  /// "gemv", "library".
  std::string familyName() const;
};

struct Projection {
  decoder::LinearOp op;
  std::string pattern;  ///< "layers.*.o_proj"
  uint64_t outputs = 0; ///< rows of the weight
  uint64_t width = 0;   ///< columns of the weight
  uint64_t rows = 0;
  /// By price, ascending; of equal ones families in order, then the library.
  std::vector<ProjectionCandidate> candidates;

  /// The cheapest of each family and of the library, by price.
  std::vector<const ProjectionCandidate *> bestByFamily() const;
  /// Null: it has no price.
  const ProjectionCandidate *library() const;
};

/// The linear layers of a decode step of `rows` sequences; equal ones of equal
/// layers once. Prices are behind a launch of the same kind, in mode pdl where
/// the GPU has it, else graph; the library's edges are full in both.
class Projections {
public:
  /// Errors: those of importDecoder and cost::price.
  static Result<Projections> create(const ModelConfig &config,
                                    const Workload &workload,
                                    const DeviceSpec &device, uint32_t rows);

  const std::vector<Projection> &list() const { return projections; }
  /// With an op called as `name`, of whatever layer; null: none.
  const Projection *find(const std::string &name) const;
  /// The step as the planner sees it, with one layer.
  const PreparedEntry &entry() const { return *prepared; }
  const Workload &workload() const { return shape; }

private:
  std::unique_ptr<PreparedEntry> prepared;
  Workload shape;
  std::vector<Projection> projections;
};

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_PROJECTIONS_H
