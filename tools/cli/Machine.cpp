//===- Machine.cpp - Arguments of sinter doctor and cache -----------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

namespace sinter {

Take defineDoctor(CLI::App &app) {
  auto into = std::make_shared<DoctorOptions>();
  CLI::App *sub = app.add_subcommand(
      "doctor", "What this machine offers: compilers, libraries, cache");
  addFormat(sub, into->format);
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

Take defineCache(CLI::App &app) {
  auto into = std::make_shared<CacheOptions>();
  CLI::App *sub =
      app.add_subcommand("cache", "Compiled kernels kept for later runs");
  addWords<CacheOptions::Action>(sub, "ACTION", into->action,
                                 {{"path", CacheOptions::Action::Path},
                                  {"list", CacheOptions::Action::List},
                                  {"verify", CacheOptions::Action::Verify},
                                  {"clear", CacheOptions::Action::Clear}},
                                 "What to do (default: list)");
  addFormat(sub, into->format);
  return [into]() -> Result<AnyOptions> { return AnyOptions(*into); };
}

} // namespace sinter
