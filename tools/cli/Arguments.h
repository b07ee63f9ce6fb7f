//===- Arguments.h - Kinds of arguments, and shared ones --------*- C++ -*-===//
//
// The only header that sees CLI11; included in tools/cli and CommandLine.cpp
// alone.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_CLI_ARGUMENTS_H
#define SINTER_TOOLS_CLI_ARGUMENTS_H

#include "tools/Options.h"

#include <CLI/CLI.hpp>

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinter {

inline constexpr const char *modelHelp =
    "Hugging Face directory, or with --config-only also the name of a shipped "
    "config (qwen3-0.6b)";
inline constexpr const char *modelOrPlanHelp =
    "Hugging Face directory, NAME.plan, or with --config-only also the name of "
    "a shipped config (qwen3-0.6b)";

/// Accepts what `words` lists; the help shows the words, not their numbers.
template <typename T>
void addWords(CLI::App *app, const std::string &name, T &into,
              const std::map<std::string, T> &words,
              const std::string &description) {
  std::string list;
  for (const auto &[word, value] : words) {
    list += (list.empty() ? "" : "|") + word;
  }
  app->add_option_function<std::string>(
         name,
         [&into, words, list, name](const std::string &word) {
           auto found = words.find(word);
           if (found == words.end()) {
             throw CLI::ValidationError(name,
                                        "wanted " + list + ", found " + word);
           }
           into = found->second;
         },
         description)
      ->type_name(list);
}

/// Checked, but not shown in the help.
CLI::Validator within(uint32_t least, uint32_t most);

template <typename T>
CLI::Option *addOptional(CLI::App *app, const std::string &name,
                         std::optional<T> &into, const std::string &help) {
  return app->add_option_function<T>(
      name, [&into](const T &value) { into = value; }, help);
}

/// The whole of `word` as a decimal integer.
template <typename T>
std::optional<T> parseInteger(std::string_view word) {
  T value = 0;
  auto [end, failure] =
      std::from_chars(word.data(), word.data() + word.size(), value);
  if (failure != std::errc() || end != word.data() + word.size()) {
    return std::nullopt;
  }
  return value;
}

/// The words between commas; none is empty.
std::optional<std::vector<std::string>> parseList(std::string_view word);

/// "1,2,3"; none is negative.
std::optional<std::vector<int32_t>> parseIds(std::string_view word);

/// An option that `parse` reads.
template <typename T, typename Parse>
CLI::Option *addParsed(CLI::App *app, const std::string &name, T &into,
                       Parse parse, const std::string &help) {
  return app->add_option_function<std::string>(
      name,
      [app, &into, parse, name](const std::string &word) {
        auto value = parse(word);
        if (!value) {
          throw CLI::ValidationError(
              name, "wanted " + app->get_option(name)->get_type_name() +
                        ", found " + word);
        }
        const auto &parsed = *value;
        into = parsed; // which may be optional too
      },
      help);
}

void addFormat(CLI::App *app, OutputFormat &into);

/// --device; absent: the host device.
void addDevice(CLI::App *app, std::optional<DeviceKind> &into);

void addModel(CLI::App *app, ModelOptions &into, const char *help);

/// The shape that a model is planned for, but the device.
void addShape(CLI::App *app, ModelOptions &into);

/// --prefill and --verify.
void addChunks(CLI::App *app, ModelOptions &into);

/// --target, of one device.
void addTarget(CLI::App *app, ModelOptions &into);

/// --decisions, --mode, --force, --forbid.
void addDecisions(CLI::App *app, DecisionOptions &into);
/// --decisions as a list, --mode, --force, --forbid.
void addDecisions(CLI::App *app, std::vector<DecisionSet> &sets,
                  DecisionOptions &into);

void addSeed(CLI::App *app, ModelOptions &into, const char *help);

/// "true" or "false"; absent: the template's own default.
void addThinking(CLI::App *app, std::optional<bool> &into);

} // namespace sinter

#endif // SINTER_TOOLS_CLI_ARGUMENTS_H
