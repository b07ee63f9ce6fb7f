//===- Commands.h - The subcommands of sinter -------------------*- C++ -*-===//
//
// One file per subcommand, tools/commands/NAME.cpp, but for tokenize and render
// (tools/Tokenize.h, tools/Render.h). Each prints its data on stdout and its
// talk on stderr; the error it returns decides the exit code.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_COMMANDS_H
#define SINTER_TOOLS_COMMANDS_H

#include "runtime/format/Status.h"
#include "tools/Options.h"

namespace sinter {

Status runCommand(const CompileOptions &options);
Status runCommand(const InspectOptions &options);
Status runCommand(const RunOptions &options);
Status runCommand(const VerifyOptions &options);
Status runCommand(const BenchOptions &options);
Status runCommand(const DoctorOptions &options);
Status runCommand(const CacheOptions &options);
Status runCommand(const CalibrateOptions &options);

} // namespace sinter

#endif // SINTER_TOOLS_COMMANDS_H
