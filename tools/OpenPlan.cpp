//===- OpenPlan.cpp - A plan from its directory, ready to run -------------===//

#include "tools/OpenPlan.h"

#include "tools/Model.h"

namespace sinter {

Result<OpenedPlan> openPlan(const ModelOptions &model,
                            const DecisionOptions &asked,
                            const std::string &checkpoint,
                            const Device &device) {
  SINTER_TRY(checkNothingAsked(asked, model));
  OpenedPlan opened;
  SINTER_ASSIGN(opened.artifact,
                loadPlan(model.model, nullptr, device.binaryArch()));
  SINTER_ASSIGN(opened.checkpoint,
                openCheckpointOf(opened.artifact.plan, checkpoint));
  return opened;
}

} // namespace sinter
