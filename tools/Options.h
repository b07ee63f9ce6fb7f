//===- Options.h - What each subcommand was asked to do ---------*- C++ -*-===//
//
// Plain structs that the command line is parsed into (CommandLine.h) and that
// the subcommands take.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_OPTIONS_H
#define SINTER_TOOLS_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sinter {

enum class OutputFormat : uint8_t { Table, Json, Csv, Markdown };

/// How the ops of a model become launches.
enum class DecisionSet : uint8_t {
  Eager,   ///< what an eager framework launches; can be counted, not compiled
  Single,  ///< one generated kernel per op
  Library, ///< every linear layer by the library, between them the cheapest
  Greedy,  ///< fused by the gain queue
  Exact,   ///< the cheapest plan
};

/// "eager", "single", "library", "greedy", "exact".
std::string_view decisionSetName(DecisionSet set);
std::optional<DecisionSet> findDecisionSet(std::string_view name);

/// What is asked of the planner.
struct DecisionOptions {
  std::optional<DecisionSet> set;     ///< absent: the pipeline's default
  std::string mode;                   ///< "stream", "graph", "pdl"; or empty
  std::vector<std::string> forces;    ///< "PATTERN=fuse|library|single"
  std::vector<std::string> forbidden; ///< patterns of ops that are not fused
  std::vector<std::string> configs;   ///< "PATTERN=rows = 4, warps = 4"
  uint32_t stepsPerLaunch = 1;        ///< of a graph, advance included

  bool empty() const {
    return !set && mode.empty() && forces.empty() && forbidden.empty() &&
           configs.empty() && stepsPerLaunch == 1;
  }
};

/// MODEL and the shape it is planned for; shared by compile, inspect, run and
/// verify.
struct ModelOptions {
  /// A checkpoint directory, the name of a shipped config (with --config-only),
  /// or a plan directory where the subcommand takes one.
  std::string model;
  /// Only config.json is read; weights are random, made from `seed`.
  bool configOnly = false;
  uint64_t seed = 0;
  std::string target = "h200"; ///< device file or its name
  uint32_t batch = 1;
  std::optional<uint32_t> context; ///< positions attended and priced
  /// compile: a decode entry per context, "auto" or "512,2048"; empty: one.
  std::string contexts;
  /// A prefill entry per number of tokens, "auto", "none" or "16,128";
  /// empty: none.
  std::string prefill;
  /// A verify entry per number of tokens, "none" or "4,8"; empty: none.
  std::string verify;
  std::optional<uint32_t> maxContext; ///< capacity of the KV cache
  uint32_t page = 0; ///< positions of a page of the KV cache; 0: no pages
  uint32_t pool = 0; ///< pages of all sequences; 0: as many as they fill
};

struct CompileOptions {
  ModelOptions model;
  std::string output;
  DecisionOptions asked;
  bool nvrtc = true;
};

struct InspectOptions {
  ModelOptions model;
  /// --target as a list; the first is model.target.
  std::vector<std::string> targets;
  std::string view = "summary";
  /// Empty: none for a model, the plan's own for a plan. Several: a row each.
  std::vector<DecisionSet> decisions;
  DecisionOptions asked; ///< its set is the only one of `decisions`, if one
  std::optional<std::string> why;   ///< --why: name of an op
  std::vector<std::string> compare; ///< --compare: two plans or decision sets
  std::vector<std::string> whatIf;  ///< --what-if: "fuse(PATTERN)", ...
  /// --view crossover: numbers of rows, ascending; empty: 20 from 1 to 512.
  std::vector<uint32_t> tokens;
  std::string measured;      ///< --measured: a file of timed steps; or empty
  bool requireGraph = false; ///< --require graph
  OutputFormat format = OutputFormat::Table;
};

enum class DeviceKind : uint8_t { Host, Cuda };

struct RunOptions {
  ModelOptions model;
  DecisionOptions asked;
  std::string checkpoint; ///< --model: where a plan's weights are
  // Exactly one of the five is set.
  std::string promptFile; ///< a JSON object per line; or empty
  std::optional<std::string> prompt;
  std::optional<std::string> chat;
  std::optional<std::string> messages;
  std::optional<std::vector<int32_t>> ids;
  std::optional<uint32_t> count; ///< tokens to generate at most
  std::optional<DeviceKind> device;
  bool json = false;
  bool ignoreEos = false;
  bool unchecked = false;
  bool interpreter = false;
  std::optional<bool> enableThinking;
  double temperature = 0; ///< 0: greedy
  uint32_t topK = 0;      ///< 0: no limit
  double topP = 1;
};

struct VerifyOptions {
  ModelOptions model;
  DecisionOptions asked;
  std::string checkpoint; ///< --model: where a plan's weights are
  std::string golden;     ///< golden.json; empty: none
  uint32_t steps = 4;     ///< decode steps compared op by op
  std::optional<DeviceKind> device;
  OutputFormat format = OutputFormat::Table;
};

struct BenchOptions {
  ModelOptions model;
  DecisionOptions asked;
  std::string checkpoint;         ///< --model: where a plan's weights are
  std::vector<uint32_t> contexts; ///< empty: that of the plan
  std::vector<std::string> modes; ///< "stream", "graph", "pdl"; empty: the
                                  ///< plan's
  DeviceKind device = DeviceKind::Cuda;
  uint32_t warmup = 50;  ///< steps before the first sample
  uint32_t samples = 50; ///< that the statistics are of
  uint32_t runs = 20;    ///< program runs per sample
  uint32_t repeats = 0;  ///< steps per program; 0: as the plan says
  bool kernels = false;  ///< a row per kernel instead of one per step
  bool families = false; ///< a row per configuration of each kernel, alone
  bool regret = false;   ///< each linear layer's candidates by rows, alone
  std::vector<uint32_t> tokens;  ///< regret: numbers of rows; empty: 20 of them
  uint32_t soak = 0;             ///< tokens to generate instead; 0: none
  std::vector<uint32_t> batches; ///< of the plan's entries; empty: all
  std::string binaries; ///< families: folder that --prepare wrote; or empty
  std::string prepare;  ///< families: folder to write; nothing is timed
  OutputFormat format = OutputFormat::Table;
};

struct TokenizeOptions {
  std::string model;
  bool decode = false;
  bool skipSpecial = false;
};

struct RenderOptions {
  std::string model;
  std::string messages;
  bool generationPrompt = true;
  std::optional<bool> enableThinking;
};

struct DoctorOptions {
  OutputFormat format = OutputFormat::Table;
};

/// y[m, n] = x[m, k] W[n, k]^T.
struct LibraryShape {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  bool operator==(const LibraryShape &) const = default;
};

struct CalibrateOptions {
  std::string output;               ///< the device file
  std::string replace;              ///< device file or its name; empty: alike
  std::vector<LibraryShape> shapes; ///< that the library is priced for
  std::string binaries;             ///< folder that --prepare wrote; or empty
  std::string prepare;              ///< folder to write; nothing is measured
  std::string arch;                 ///< of the folder: "sm_90a"
  OutputFormat format = OutputFormat::Table;
};

struct CacheOptions {
  enum class Action : uint8_t { Path, List, Verify, Clear };
  Action action = Action::List;
  OutputFormat format = OutputFormat::Table;
};

using AnyOptions =
    std::variant<CompileOptions, InspectOptions, RunOptions, VerifyOptions,
                 BenchOptions, TokenizeOptions, RenderOptions, DoctorOptions,
                 CacheOptions, CalibrateOptions>;

} // namespace sinter

#endif // SINTER_TOOLS_OPTIONS_H
