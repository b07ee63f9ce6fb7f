//===- OpenPlan.h - A plan from its directory, ready to run -----*- C++ -*-===//

#ifndef SINTER_TOOLS_OPENPLAN_H
#define SINTER_TOOLS_OPENPLAN_H

#include "runtime/Device.h"
#include "runtime/format/PlanFiles.h"
#include "tools/CheckpointMemory.h"
#include "tools/Options.h"

namespace sinter {

struct OpenedPlan {
  PlanArtifact artifact; ///< with the device's cubins
  PlanCheckpoint checkpoint;
};

/// The plan in the directory `model.model` and its weights, from `checkpoint`
/// if that is not empty. SIN1004: `asked` has an option for compiling. Errors:
/// those of loadPlan and openCheckpointOf.
Result<OpenedPlan> openPlan(const ModelOptions &model,
                            const DecisionOptions &asked,
                            const std::string &checkpoint,
                            const Device &device);

} // namespace sinter

#endif // SINTER_TOOLS_OPENPLAN_H
