//===- Verify.cpp - Arguments of sinter verify ----------------------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

namespace sinter {

Take defineVerify(CLI::App &app) {
  auto into = std::make_shared<VerifyOptions>();
  CLI::App *sub = app.add_subcommand(
      "verify", "Compare the generated kernels with the reference interpreter");
  addModel(sub, into->model, modelOrPlanHelp);
  sub->add_option("--golden", into->golden,
                  "Compare with Hugging Face's results too: golden.json with "
                  "its tensors beside it")
      ->type_name("FILE");
  sub->add_option("--steps", into->steps, "Decode steps to compare op by op")
      ->type_name("N")
      ->check(within(1, 4096))
      ->capture_default_str();
  addDevice(sub, into->device);
  addShape(sub, into->model);
  addTarget(sub, into->model);
  addDecisions(sub, into->asked);
  addSeed(sub, into->model,
          "Seed of the token ids, and of the random weights of --config-only");
  sub->add_option("--model", into->checkpoint,
                  "Checkpoint with the weights of a plan (default: where it "
                  "was compiled from)")
      ->type_name("DIR");
  addFormat(sub, into->format);
  sub->footer("Exit code 1 and the first op that differs, if one does.");
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

} // namespace sinter
