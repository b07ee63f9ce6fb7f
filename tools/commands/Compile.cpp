//===- Compile.cpp - sinter compile ---------------------------------------===//

#include "tools/Compile.h"

#include "tools/CheckpointMemory.h"
#include "tools/Commands.h"
#include "tools/Console.h"
#include "tools/Cubins.h"
#include "tools/Model.h"

namespace sinter {

namespace {

/// The plan does not depend on this; without it `run` needs --model.
void remember(const Model &model) {
  if (model.random) {
    return;
  }
  Status status =
      rememberCheckpoint(model.weights->fingerprint(), model.source.directory);
  if (!status) {
    note("where the checkpoint is could not be remembered, so run will need "
         "--model: " +
         status.error().message());
  }
}

/// "prompts by 16 or 128 tokens, "; empty without prefill entries.
std::string prefillText(const format::Plan &plan) {
  std::string sizes;
  for (const format::Entry &entry : plan.entries) {
    if (entry.workload.phase == "prefill") {
      sizes +=
          (sizes.empty() ? "" : " or ") + std::to_string(entry.workload.tokens);
    }
  }
  return sizes.empty() ? "" : "prompts by " + sizes + " tokens, ";
}

/// Binaries for the target, where NVRTC is installed; a plan without them is
/// the same plan, and its kernels are built where they run.
Status buildCubins(PlanArtifact &artifact, const std::string &target) {
  auto nvrtc = cuda::Nvrtc::open();
  if (!nvrtc) {
    note("no NVRTC here: the plan holds kernel texts but no binaries for the "
         "GPU (sinter doctor)");
    return Status::success();
  }
  SINTER_ASSIGN(std::string arch, targetArch(target));
  SINTER_ASSIGN(std::string directory, host::KernelCache::defaultDirectory());
  SINTER_ASSIGN(host::KernelCache cache, host::KernelCache::open(directory));
  Progress progress("kernel");
  return addCubins(
      artifact, **nvrtc, arch,
      [&](size_t done, size_t total, const std::string &) {
        progress.at(done + 1, total);
      },
      &cache);
}

} // namespace

Status runCommand(const CompileOptions &options) {
  SINTER_TRY(checkCompilable(options.asked));
  SINTER_ASSIGN(Model model, loadModel(options.model));
  SINTER_ASSIGN(PlanArtifact artifact,
                compileFor(options.model, options.asked, model));
  if (options.nvrtc) {
    SINTER_TRY(buildCubins(artifact, options.model.target));
  }
  SINTER_TRY(writePlan(artifact, options.output));
  remember(model);
  note(options.output + ": " +
       std::to_string(artifact.plan.entries[0].steps.size()) +
       " launches per step, " + prefillText(artifact.plan) +
       std::to_string(artifact.plan.kernels.size()) + " kernels, for " +
       artifact.plan.target);
  return Status::success();
}

} // namespace sinter
