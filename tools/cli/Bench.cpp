//===- Bench.cpp - Arguments of sinter bench ------------------------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

namespace sinter {

Take defineBench(CLI::App &app) {
  auto into = std::make_shared<BenchOptions>();
  CLI::App *sub = app.add_subcommand(
      "bench", "Time a decode step: median, spread, tokens per second");
  addModel(sub, into->model, modelOrPlanHelp);
  sub->add_option("--contexts", into->contexts,
                  "Positions attended by the timed step, one row each "
                  "(default: the plan's)")
      ->type_name("1,512,4096")
      ->delimiter(',')
      ->check(within(1, 1u << 30));
  sub->add_option("--modes", into->modes,
                  "How steps are launched, one row each: stream, graph, pdl "
                  "(default: the plan's)")
      ->type_name("graph,pdl")
      ->delimiter(',')
      ->check(CLI::Validator(CLI::IsMember({"stream", "graph", "pdl"}))
                  .description(""));
  addWords<DeviceKind>(sub, "--device", into->device,
                       {{"host", DeviceKind::Host}, {"cuda", DeviceKind::Cuda}},
                       "Where the generated kernels run (default: cuda)");
  const CLI::Validator count = within(1, 1u << 20);
  sub->add_option("--warmup", into->warmup, "Steps before the first sample")
      ->type_name("N")
      ->check(count)
      ->capture_default_str();
  sub->add_option("--samples", into->samples, "Samples of the statistics")
      ->type_name("N")
      ->check(count)
      ->capture_default_str();
  sub->add_option("--runs", into->runs, "Launched programs per sample")
      ->type_name("N")
      ->check(count)
      ->capture_default_str();
  sub->add_option("--steps-per-launch", into->repeats,
                  "Steps in one launched program (default: the plan's)")
      ->type_name("N")
      ->check(within(1, 64));
  sub->add_flag("--kernels", into->kernels,
                "A row per kernel: its time inside the step");
  sub->add_flag("--families", into->families,
                "A row per configuration of every kernel, each alone");
  sub->add_flag("--regret", into->regret,
                "Each linear layer alone by every candidate: what the "
                "predicted choice takes beside the fastest");
  sub->add_option("--tokens", into->tokens,
                  "With --regret: numbers of rows (default: 20 from 1 to 512)")
      ->type_name("1,8,64")
      ->delimiter(',')
      ->check(within(1, 4096));
  sub->add_option("--binaries", into->binaries,
                  "With --families: folder written by --prepare, for a machine "
                  "without NVRTC")
      ->type_name("DIR");
  sub->add_option("--prepare", into->prepare,
                  "With --families: only build the kernels, for --target; "
                  "needs no GPU")
      ->type_name("DIR");
  sub->add_option("--soak", into->soak,
                  "Generate this many tokens of several sequences, twice, and "
                  "compare")
      ->type_name("N")
      ->check(count);
  addShape(sub, into->model);
  sub->remove_option(sub->get_option("--batch"));
  sub->add_option("--batch", into->batches,
                  "Sequences per step; a plan must have an entry of each")
      ->type_name("1,8")
      ->delimiter(',')
      ->check(within(1, 1u << 16));
  addChunks(sub, into->model);
  addTarget(sub, into->model);
  addDecisions(sub, into->asked);
  addSeed(sub, into->model, "Seed of the random weights of --config-only");
  sub->add_option("--model", into->checkpoint,
                  "Checkpoint with the weights of a plan (default: where it "
                  "was compiled from)")
      ->type_name("DIR");
  addFormat(sub, into->format);
  sub->footer("Examples:\n"
              "  sinter bench tales.plan --contexts 1,512 --modes graph,pdl\n"
              "  sinter bench qwen3-0.6b --config-only --format json");
  return [into]() -> Result<AnyOptions> {
    if (!into->families &&
        (!into->binaries.empty() || !into->prepare.empty())) {
      return Error{ErrorCode::MissingArgument, "sinter bench",
                   "--families beside --binaries or --prepare", "none",
                   "see sinter bench --help"};
    }
    if (into->families + into->kernels + into->regret + (into->soak != 0) > 1) {
      return Error{ErrorCode::ConflictingArguments, "sinter bench",
                   "one of --families, --kernels, --regret, --soak", "several",
                   "see sinter bench --help"};
    }
    if (!into->tokens.empty() && !into->regret) {
      return Error{ErrorCode::MissingArgument, "sinter bench",
                   "--regret beside --tokens", "none",
                   "see sinter bench --help"};
    }
    if (!into->batches.empty()) {
      into->model.batch = into->batches.front();
    }
    return AnyOptions(*into);
  };
}

} // namespace sinter
