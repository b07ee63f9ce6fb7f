//===- EagerStep.h - The price of an eager framework's step -----*- C++ -*-===//

#ifndef SINTER_TOOLS_INSPECT_EAGERSTEP_H
#define SINTER_TOOLS_INSPECT_EAGERSTEP_H

#include "ir/interfaces/Workload.h"
#include "models/config/ModelConfig.h"
#include "passes/analysis/Eager.h"
#include "passes/cost/CostModel.h"

namespace sinter {

struct EagerStep {
  uint64_t launchesOfLayer = 0; ///< of the first layer
  uint64_t weights = 0;         ///< bytes of the matrices, each once
  uint64_t moved = 0;           ///< operands and results of every launch
  cost::StepPrice price;        ///< in mode Eager
};

/// The launches of an eager profile as phases: nn.Linear as a call of the
/// library, all else as a framework's kernel with 512 results per block, as
/// PyTorch launches element-wise kernels (128 threads of 4).
std::vector<cost::PhaseWork> eagerPhases(mlir::func::FuncOp function,
                                         const EagerProfile &profile);

/// Errors: those of importDecoder, profileEager and priceStep.
Result<EagerStep> priceEager(const ModelConfig &config,
                             const Workload &workload,
                             const DeviceSpec &device);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_EAGERSTEP_H
