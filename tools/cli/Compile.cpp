//===- Compile.cpp - Arguments of sinter compile --------------------------===//

#include "runtime/format/Plan.h"
#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

namespace sinter {

Take defineCompile(CLI::App &app) {
  auto into = std::make_shared<CompileOptions>();
  CLI::App *sub = app.add_subcommand(
      "compile", "Compile a checkpoint to a plan: decisions, kernels, buffers");
  addModel(sub, into->model, modelHelp);
  sub->add_option("-o,--output", into->output,
                  "Plan directory to write; replaced only if it is a plan")
      ->required()
      ->type_name("NAME.plan");
  addShape(sub, into->model);
  addTarget(sub, into->model);
  addDecisions(sub, into->asked);
  sub->add_option("--contexts", into->model.contexts,
                  "A decode entry for each of these contexts, which a run "
                  "switches between; auto: as few as keep every step within "
                  "1% of the best predicted")
      ->type_name("auto|N,...")
      ->excludes("--context");
  sub->add_option("--steps-per-launch", into->asked.stepsPerLaunch,
                  "Steps that one launch of the graph makes; the token is fed "
                  "back between them")
      ->type_name("N")
      ->check(within(1, format::maxStepsPerLaunch))
      ->capture_default_str();
  addChunks(sub, into->model);
  addSeed(sub, into->model, "Seed of the random weights of --config-only");
  sub->add_flag("!--no-nvrtc", into->nvrtc,
                "Leave out binaries for the GPU even where NVRTC is installed");
  sub->footer("Example:\n  sinter compile models/checkpoints/tales -o "
              "tales.plan");
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

} // namespace sinter
