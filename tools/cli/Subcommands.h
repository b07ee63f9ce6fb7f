//===- Subcommands.h - Arguments of each subcommand -------------*- C++ -*-===//
//
// One function per subcommand; a new one is listed in tools/CommandLine.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_CLI_SUBCOMMANDS_H
#define SINTER_TOOLS_CLI_SUBCOMMANDS_H

#include "runtime/format/Status.h"
#include "tools/Options.h"

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace sinter {

/// The options of a subcommand after CLI11 has filled them, or what CLI11
/// cannot check: SIN1002 to SIN1004.
using Take = std::function<Result<AnyOptions>()>;

Take defineCompile(CLI::App &app);
Take defineInspect(CLI::App &app);
Take defineRun(CLI::App &app);
Take defineVerify(CLI::App &app);
Take defineBench(CLI::App &app);
Take defineTokenize(CLI::App &app);
Take defineRender(CLI::App &app);
Take defineDoctor(CLI::App &app);
Take defineCache(CLI::App &app);
Take defineCalibrate(CLI::App &app);

} // namespace sinter

#endif // SINTER_TOOLS_CLI_SUBCOMMANDS_H
