//===- EagerStep.cpp - The price of an eager framework's step -------------===//

#include "tools/inspect/EagerStep.h"

#include "ir/Register.h"
#include "ir/decoder/Decoder.h"
#include "models/importer/Importer.h"
#include "passes/planning/PhaseWork.h"

#include <mlir/IR/MLIRContext.h>

#include <map>

namespace sinter {

std::vector<cost::PhaseWork> eagerPhases(mlir::func::FuncOp function,
                                         const EagerProfile &profile) {
  std::map<std::string, decoder::LinearOp> linears;
  function.walk([&](decoder::LinearOp linear) {
    linears[decoder::opName(linear).str()] = linear;
  });
  std::vector<cost::PhaseWork> phases;
  for (const EagerOp &op : profile.ops) {
    auto linear = linears.find(op.name);
    for (const EagerLaunch &launch : op.launches) {
      if (launch.kernel == EagerKernel::Matmul && linear != linears.end()) {
        if (auto call = planning::libraryCallFor(linear->second)) {
          phases.push_back(planning::phaseOf(linear->second, *call));
          continue;
        }
      }
      cost::PhaseWork phase;
      phase.kind = cost::PhaseKind::Framework;
      phase.unique.activations = launch.read + launch.written;
      phase.issued = phase.unique.activations;
      phase.consumed = launch.read;
      phase.threads = 128;
      phase.blocks = std::max<uint64_t>(1, launch.written / (512 * 2));
      phases.push_back(phase);
    }
  }
  return phases;
}

Result<EagerStep> priceEager(const ModelConfig &config,
                             const Workload &workload,
                             const DeviceSpec &device) {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  SINTER_ASSIGN(mlir::OwningOpRef<mlir::ModuleOp> module,
                importDecoder(context, config, workload));
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  SINTER_ASSIGN(EagerProfile profile,
                profileEager(function, EagerAttention::Sdpa));
  EagerStep step;
  step.launchesOfLayer = profile.launchesOfLayer(0);
  step.moved = profile.read() + profile.written();
  std::vector<cost::PhaseWork> phases = eagerPhases(function, profile);
  for (const cost::PhaseWork &phase : phases) {
    step.weights += phase.unique.weights;
  }
  SINTER_ASSIGN(step.price,
                cost::priceStep(phases, cost::ExecutionMode::Eager, device));
  return step;
}

} // namespace sinter
