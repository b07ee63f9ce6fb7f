//===- CommandLine.cpp - Arguments into options ---------------------------===//
//
// CLI11 is seen here and in tools/cli alone; its exceptions end here.
//
//===----------------------------------------------------------------------===//

#include "tools/CommandLine.h"

#include "tools/cli/Arguments.h"
#include "tools/cli/Subcommands.h"

#include <algorithm>
#include <sstream>

namespace sinter {

namespace {

ErrorCode codeOf(const CLI::ParseError &error) {
  if (dynamic_cast<const CLI::ExtrasError *>(&error)) {
    return ErrorCode::UnknownArgument;
  }
  if (dynamic_cast<const CLI::RequiredError *>(&error)) {
    return ErrorCode::MissingArgument;
  }
  if (dynamic_cast<const CLI::ExcludesError *>(&error)) {
    return ErrorCode::ConflictingArguments;
  }
  return ErrorCode::BadArgument;
}

/// Descriptions wrapped at 80 columns; types and defaults, nothing else.
class HelpFormatter : public CLI::Formatter {
public:
  std::string make_option_opts(const CLI::Option *option) const override {
    std::string text;
    if (!option->get_type_name().empty()) {
      text = " " + option->get_type_name();
    }
    if (!option->get_default_str().empty()) {
      text += " [" + option->get_default_str() + "]";
    }
    return text;
  }

  std::string make_option_desc(const CLI::Option *option) const override {
    std::string text;
    size_t column = 0;
    std::stringstream words(option->get_description());
    for (std::string word; words >> word;) {
      if (column != 0 && column + 1 + word.size() > 80 - get_column_width()) {
        text += '\n';
        column = 0;
      } else if (column != 0) {
        text += ' ';
        ++column;
      }
      text += word;
      column += word.size();
    }
    return text;
  }
};

} // namespace

Result<std::variant<HelpText, AnyOptions>>
parseCommandLine(const std::vector<std::string> &arguments) {
  using Parsed = std::variant<HelpText, AnyOptions>;
  CLI::App app("Sinter compiles a Qwen3-family checkpoint to a plan of "
               "generated kernels, and runs it.",
               "sinter");
  app.set_version_flag("--version", "sinter " SINTER_VERSION);
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  app.require_subcommand(1);
  app.fallthrough(false);
  std::map<const CLI::App *, Take> takes;
  for (auto define : {defineCompile, defineInspect, defineRun, defineVerify,
                      defineBench, defineCalibrate, defineTokenize,
                      defineRender, defineDoctor, defineCache}) {
    Take take = define(app);
    takes[app.get_subcommands({}).back()] = std::move(take);
  }
  app.footer("Exit codes: 0 ok, 1 mismatch, 2 usage, 3 input rejected, 4 "
             "environment, 5 internal.\nEvery error carries a code; "
             "tools/ERRORS.md explains it.");

  if (!arguments.empty() && arguments[0].substr(0, 1) != "-" &&
      app.get_subcommands(
             [&](CLI::App *sub) { return sub->get_name() == arguments[0]; })
          .empty()) {
    return Error{ErrorCode::UnknownArgument, "sinter", "a command",
                 arguments[0], "see sinter --help"};
  }
  try {
    // CLI11 takes the arguments last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    const auto &subs = app.get_subcommands();
    return Parsed(
        HelpText{subs.empty() ? app.help() : subs.front()->help("sinter")});
  } catch (const CLI::CallForVersion &) {
    return Parsed(HelpText{"sinter " SINTER_VERSION "\n"});
  } catch (const CLI::ParseError &error) {
    std::string command = "sinter";
    for (const CLI::App *sub : app.get_subcommands()) {
      command += " " + sub->get_name();
    }
    std::string found = error.what();
    std::replace(found.begin(), found.end(), '\n', ' ');
    return Error{codeOf(error), command, "", found,
                 "see " + command + " --help"};
  }

  SINTER_ASSIGN(AnyOptions options, takes.at(app.get_subcommands().front())());
  return Parsed(std::move(options));
}

} // namespace sinter
