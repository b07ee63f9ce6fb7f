//===- Inspect.cpp - Arguments of sinter inspect --------------------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

#include <algorithm>

namespace sinter {

Take defineInspect(CLI::App &app) {
  auto into = std::make_shared<InspectOptions>();
  CLI::App *sub = app.add_subcommand(
      "inspect", "Launches and bytes of a model or plan, per op, layer, step");
  sub->add_option("MODEL", into->model.model, modelOrPlanHelp)->type_name("");
  addWords<std::string>(sub, "--view", into->view,
                        {{"summary", "summary"},
                         {"layers", "layers"},
                         {"ops", "ops"},
                         {"kernels", "kernels"},
                         {"memory", "memory"},
                         {"roofline", "roofline"},
                         {"coverage", "coverage"},
                         {"crossover", "crossover"},
                         {"buckets", "buckets"},
                         {"decisions", "decisions"},
                         {"neighbours", "neighbours"}},
                        "What to show (default: summary)");
  addFormat(sub, into->format);
  addShape(sub, into->model);
  into->targets = {into->model.target};
  addParsed(sub, "--target", into->targets, parseList,
            "Device to plan for: a name (h200) or a device file; several, by "
            "commas: a row each")
      ->type_name("NAME|FILE,...")
      ->default_str(into->model.target);
  addDecisions(sub, into->decisions, into->asked);
  sub->add_option("--tokens", into->tokens,
                  "Numbers of rows of --view crossover, ascending (default: 20 "
                  "from 1 to 512)")
      ->type_name("1,8,64")
      ->delimiter(',')
      ->check(within(1, 4096));
  const char *questions = "Questions";
  addOptional(sub, "--why", into->why,
              "Why an op runs as it does, and what would change that")
      ->type_name("OP")
      ->group(questions);
  sub->add_option("--compare", into->compare,
                  "Two plans, or two decision sets of MODEL; exit code 1 if "
                  "the second launches or moves more")
      ->type_name("A B")
      ->expected(2)
      ->group(questions);
  sub->add_option("--what-if", into->whatIf,
                  "Plan again with fuse(PATTERN), library(PATTERN), "
                  "single(PATTERN) or forbid(PATTERN); may be repeated")
      ->type_name("CHOICE(PATTERN)")
      ->expected(1)
      ->take_all()
      ->group(questions);
  sub->add_option("--measured", into->measured,
                  "Beside several --decisions: a file of steps timed on a GPU, "
                  "such as test/data/measured/h200.json; with --view "
                  "crossover: what sinter bench --regret --format json wrote")
      ->type_name("FILE")
      ->group(questions);
  addWords<bool>(sub, "--require", into->requireGraph, {{"graph", true}},
                 "Exit code 1 if a launch is outside every captured graph");
  sub->footer("Examples:\n"
              "  sinter inspect qwen3-0.6b --config-only\n"
              "  sinter inspect tales.plan --view kernels --format json\n"
              "  sinter inspect qwen3-0.6b --config-only --decisions "
              "eager,single,exact\n"
              "  sinter inspect qwen3-0.6b --config-only --why "
              "layers.0.down_proj");
  return [into]() -> Result<AnyOptions> {
    if (into->model.model.empty() && into->compare.empty()) {
      return Error{ErrorCode::MissingArgument, "sinter inspect", "MODEL",
                   "none", "see sinter inspect --help"};
    }
    const int questions = into->why.has_value() + !into->whatIf.empty() +
                          !into->compare.empty() + (into->targets.size() > 1) +
                          (into->decisions.size() > 1);
    if (questions > 1) {
      return Error{ErrorCode::ConflictingArguments, "sinter inspect",
                   "one of --why, --what-if, --compare, several --target, "
                   "several --decisions",
                   std::to_string(questions) + " of them",
                   "see sinter inspect --help"};
    }
    if (!into->tokens.empty() && into->view != "crossover") {
      return Error{ErrorCode::ConflictingArguments, "--tokens",
                   "--view crossover", "--view " + into->view,
                   "see sinter inspect --help"};
    }
    if (!std::is_sorted(into->tokens.begin(), into->tokens.end())) {
      return Error{ErrorCode::BadArgument, "--tokens", "ascending numbers",
                   "others", "see sinter inspect --help"};
    }
    if (!into->measured.empty() && into->decisions.size() < 2 &&
        into->view != "crossover") {
      return Error{ErrorCode::ConflictingArguments, "--measured",
                   "several --decisions or --view crossover",
                   "another question", "see sinter inspect --help"};
    }
    into->model.target = into->targets.front();
    if (into->decisions.size() == 1) {
      into->asked.set = into->decisions.front();
    }
    return AnyOptions(*into);
  };
}

} // namespace sinter
