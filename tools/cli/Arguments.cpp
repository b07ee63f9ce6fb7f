//===- Arguments.cpp - Kinds of arguments, and shared ones ----------------===//

#include "tools/cli/Arguments.h"

#include <algorithm>

namespace sinter {

CLI::Validator within(uint32_t least, uint32_t most) {
  return CLI::Validator(CLI::Range(least, most)).description("");
}

std::optional<std::vector<std::string>> parseList(std::string_view word) {
  std::vector<std::string> list;
  for (size_t at = 0; at <= word.size();) {
    size_t end = std::min(word.find(',', at), word.size());
    if (end == at) {
      return std::nullopt;
    }
    list.emplace_back(word.substr(at, end - at));
    at = end + 1;
  }
  return list;
}

std::optional<std::vector<int32_t>> parseIds(std::string_view word) {
  std::vector<int32_t> ids;
  for (const std::string &one :
       parseList(word).value_or(std::vector<std::string>())) {
    std::optional<int32_t> id = parseInteger<int32_t>(one);
    if (!id || *id < 0) {
      return std::nullopt;
    }
    ids.push_back(*id);
  }
  return ids.empty() ? std::nullopt : std::optional(ids);
}

void addFormat(CLI::App *app, OutputFormat &into) {
  addWords<OutputFormat>(app, "--format", into,
                         {{"table", OutputFormat::Table},
                          {"json", OutputFormat::Json},
                          {"csv", OutputFormat::Csv},
                          {"md", OutputFormat::Markdown}},
                         "Form of the output (default: table)");
}

void addDevice(CLI::App *app, std::optional<DeviceKind> &into) {
  addWords<std::optional<DeviceKind>>(
      app, "--device", into,
      {{"host", DeviceKind::Host}, {"cuda", DeviceKind::Cuda}},
      "Where the generated kernels run (default: host)");
}

void addModel(CLI::App *app, ModelOptions &into, const char *help) {
  app->add_option("MODEL", into.model, help)->required()->type_name("");
}

void addShape(CLI::App *app, ModelOptions &into) {
  app->add_flag("--config-only", into.configOnly,
                "Read config.json alone; weights are random, made from --seed");
  // What the model cannot have, 0 too, is refused with the model (SIN2711).
  const CLI::Validator count = within(0, 1u << 30);
  app->add_option("--batch", into.batch, "Sequences per step")
      ->type_name("N")
      ->check(count)
      ->capture_default_str();
  addOptional(app, "--context", into.context,
              "Positions attended, priced and counted (default: the smaller of "
              "512 and --max-context)")
      ->type_name("N")
      ->check(count);
  addOptional(app, "--max-context", into.maxContext,
              "Positions that the KV cache holds (default: the smaller of 2048 "
              "and the model's own limit)")
      ->type_name("N")
      ->check(count);
  // What no kernel takes is refused with the model too.
  CLI::Option *page =
      app->add_option("--page", into.page,
                      "KV cache in pages of so many positions, a power of two "
                      "from 16 (default: a piece for each sequence)")
          ->type_name("N")
          ->check(within(1, 1u << 30));
  app->add_option("--pool", into.pool,
                  "Pages that all sequences share (default: as many as they "
                  "fill together)")
      ->type_name("N")
      ->check(within(1, 1u << 30))
      ->needs(page);
}

void addChunks(CLI::App *app, ModelOptions &into) {
  app->add_option("--prefill", into.prefill,
                  "An entry for each of these numbers of prompt tokens, which "
                  "take a prompt in chunks; auto: as few as keep every chunk "
                  "within 10% of the best predicted (default: none)")
      ->type_name("auto|none|N,...");
  app->add_option("--verify", into.verify,
                  "An entry for each of these numbers of guessed tokens of one "
                  "sequence, with a choice behind each (default: none)")
      ->type_name("none|N,...");
}

void addTarget(CLI::App *app, ModelOptions &into) {
  app->add_option("--target", into.target,
                  "Device to plan for: a name (h200) or a device file")
      ->type_name("NAME|FILE")
      ->capture_default_str();
}

static const char *decisionsHelp =
    "single: one kernel per op; library: linear layers by the vendor's "
    "library; greedy, exact: fused by predicted cost; eager: a framework's "
    "kernels, which are only counted";

static void addRules(CLI::App *app, DecisionOptions &into) {
  addWords<std::string>(
      app, "--mode", into.mode,
      {{"auto", ""}, {"stream", "stream"}, {"graph", "graph"}, {"pdl", "pdl"}},
      "How kernels reach the GPU (default: what is predicted fastest)");
  app->add_option("--force", into.forces,
                  "Run ops whose names match as fuse, library or single; may "
                  "be repeated")
      ->type_name("PATTERN=CHOICE")
      ->expected(1)
      ->take_all();
  app->add_option("--forbid", into.forbidden,
                  "Fuse no op whose name matches; may be repeated")
      ->type_name("PATTERN")
      ->expected(1)
      ->take_all();
  app->add_option("--config", into.configs,
                  "Write the kernel of ops whose names match in this "
                  "configuration (l*.o_proj='rows = 4, turns = 1, unroll = 2, "
                  "warps = 4'); may be repeated")
      ->type_name("PATTERN=TEXT")
      ->expected(1)
      ->take_all();
}

static std::optional<std::vector<DecisionSet>>
parseDecisionSets(std::string_view word) {
  std::vector<DecisionSet> sets;
  for (const std::string &name :
       parseList(word).value_or(std::vector<std::string>())) {
    std::optional<DecisionSet> set = findDecisionSet(name);
    if (!set) {
      return std::nullopt;
    }
    sets.push_back(*set);
  }
  return sets.empty() ? std::nullopt : std::optional(sets);
}

void addDecisions(CLI::App *app, DecisionOptions &into) {
  addParsed(
      app, "--decisions", into.set,
      [](std::string_view word) {
        std::optional<DecisionSet> set = findDecisionSet(word);
        return set ? std::optional(set) : std::nullopt;
      },
      std::string(decisionsHelp) + " (default: exact)")
      ->type_name("eager|single|library|greedy|exact");
  addRules(app, into);
}

void addDecisions(CLI::App *app, std::vector<DecisionSet> &sets,
                  DecisionOptions &into) {
  addParsed(app, "--decisions", sets, parseDecisionSets,
            std::string(decisionsHelp) + "; several, by commas: a row each")
      ->type_name("eager|single|library|greedy|exact,...");
  addRules(app, into);
}

void addSeed(CLI::App *app, ModelOptions &into, const char *help) {
  addParsed(app, "--seed", into.seed, parseInteger<uint64_t>, help)
      ->type_name("N")
      ->default_str("0");
}

void addThinking(CLI::App *app, std::optional<bool> &into) {
  addWords<std::optional<bool>>(
      app, "--enable-thinking", into, {{"true", true}, {"false", false}},
      "What the chat template is told (default: what it does by itself)");
}

} // namespace sinter
