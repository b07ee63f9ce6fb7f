//===- Calibrate.cpp - Arguments of sinter calibrate ----------------------===//

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

#include <array>

namespace sinter {

namespace {

/// "1x4096x1024,64x4096x1024": m, n, k of each.
std::optional<std::vector<LibraryShape>> parseShapes(std::string_view word) {
  const auto words = parseList(word);
  if (!words) {
    return std::nullopt;
  }
  std::vector<LibraryShape> shapes;
  for (std::string_view text : *words) {
    std::array<uint64_t, 3> sides{};
    for (size_t i = 0; i < sides.size(); ++i) {
      const size_t end = i + 1 < sides.size() ? text.find('x') : text.size();
      if (end == std::string_view::npos) {
        return std::nullopt;
      }
      const auto side = parseInteger<uint64_t>(text.substr(0, end));
      if (!side || *side == 0 || *side > 1u << 24) {
        return std::nullopt;
      }
      sides[i] = *side;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    shapes.push_back({sides[0], sides[1], sides[2]});
  }
  return shapes;
}

} // namespace

Take defineCalibrate(CLI::App &app) {
  auto into = std::make_shared<CalibrateOptions>();
  CLI::App *sub = app.add_subcommand(
      "calibrate", "Measure this GPU into a device file, in about a minute");
  CLI::Option *output =
      sub->add_option("-o,--output", into->output, "The device file to write")
          ->type_name("FILE");
  CLI::Option *replace =
      sub->add_option("--replace", into->replace,
                      "Device file or its name that is compared with; what "
                      "cannot be measured is taken from it (default: the "
                      "program's own for this GPU)")
          ->type_name("FILE");
  CLI::Option *shapes =
      addParsed(sub, "--shapes", into->shapes, parseShapes,
                "Products that cuBLAS is priced for, as MxNxK: x [M, K], W "
                "[N, K]")
          ->type_name("1x4096x1024,...");
  CLI::Option *binaries =
      sub->add_option("--binaries", into->binaries,
                      "Folder written by --prepare, for a machine without "
                      "NVRTC")
          ->type_name("DIR");
  CLI::Option *prepare =
      sub->add_option("--prepare", into->prepare,
                      "Only build the kernels that measure, for another "
                      "machine; needs NVRTC, no GPU")
          ->type_name("DIR");
  CLI::Option *arch =
      sub->add_option("--arch", into->arch, "What --prepare builds for")
          ->type_name("sm_90a");
  for (CLI::Option *other : {output, replace, shapes, binaries}) {
    prepare->excludes(other);
    arch->excludes(other);
  }
  arch->needs(prepare);
  addFormat(sub, into->format);
  sub->footer("Examples:\n"
              "  sinter calibrate -o h200.json --shapes 1x4096x1024\n"
              "  sinter calibrate --prepare probes --arch sm_90a");
  return [into]() -> Result<AnyOptions> {
    if (into->prepare.empty() && into->output.empty()) {
      return Error{ErrorCode::MissingArgument, "sinter calibrate",
                   "-o FILE, or --prepare DIR", "neither",
                   "see sinter calibrate --help"};
    }
    if (!into->prepare.empty() && into->arch.empty()) {
      return Error{ErrorCode::MissingArgument, "sinter calibrate --prepare",
                   "--arch, as sm_90a", "none", "see sinter calibrate --help"};
    }
    return AnyOptions(*into);
  };
}

} // namespace sinter
