//===- Inspect.cpp - Arguments of sinter inspect --------------------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

namespace sinter {

Take defineInspect(CLI::App &app) {
  auto into = std::make_shared<InspectOptions>();
  CLI::App *sub = app.add_subcommand(
      "inspect", "Launches and bytes of a model or plan, per op, layer, step");
  addModel(sub, into->model, modelOrPlanHelp);
  addWords<std::string>(sub, "--view", into->view,
                        {{"summary", "summary"},
                         {"layers", "layers"},
                         {"ops", "ops"},
                         {"kernels", "kernels"},
                         {"memory", "memory"},
                         {"roofline", "roofline"},
                         {"coverage", "coverage"}},
                        "What to show (default: summary)");
  addFormat(sub, into->format);
  addShape(sub, into->model);
  addDecisions(sub, into->decisions);
  sub->footer("Examples:\n"
              "  sinter inspect qwen3-0.6b --config-only\n"
              "  sinter inspect tales.plan --view kernels --format json");
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

} // namespace sinter
