//===- Constraints.cpp - What is asked of each op -------------------------===//

#include "passes/planning/Constraints.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"

#include <llvm/Support/GlobPattern.h>

using namespace mlir;

namespace sinter::planning {

Result<Force> parseForce(std::string_view text) {
  const size_t equals = text.rfind('=');
  if (equals != std::string_view::npos && equals != 0) {
    if (auto choice =
            plan::symbolizeChoice(llvm::StringRef(text.substr(equals + 1)))) {
      return Force{std::string(text.substr(0, equals)), *choice};
    }
  }
  return Error{ErrorCode::BadArgument, "force '" + std::string(text) + "'",
               "PATTERN=fuse, PATTERN=library or PATTERN=single",
               equals == std::string_view::npos
                   ? "no '='"
                   : "'" + std::string(text.substr(equals + 1)) + "'",
               "for example 'layers.*.o_proj=single'"};
}

Result<ConfigRequest> parseConfigRequest(std::string_view text) {
  const auto [pattern, rest] = llvm::StringRef(text).split('=');
  std::optional<codegen::KernelConfig> config =
      codegen::KernelConfig::parse(rest);
  if (pattern.empty() || !config) {
    return Error{ErrorCode::BadArgument, "config '" + std::string(text) + "'",
                 "PATTERN=NAME = NUMBER, NAME = NUMBER, ...",
                 pattern.empty() ? "no pattern" : "'" + rest.str() + "'",
                 "for example 'layers.*.o_proj=rows = 4, turns = 1, unroll = "
                 "2, warps = 4'"};
  }
  return ConfigRequest{pattern.str(), std::move(*config)};
}

namespace {

/// Every name in the op's location: an op that stands for several has theirs.
bool matches(const llvm::GlobPattern &pattern, Operation *op) {
  bool found = false;
  bool named = false;
  op->getLoc()->walk([&](Location location) {
    if (auto name = dyn_cast<NameLoc>(location)) {
      named = true;
      found |= pattern.match(name.getName());
    }
    return WalkResult::advance();
  });
  return found || (!named && pattern.match(decoder::opName(op)));
}

/// Calls `take` with the number of every op that `pattern` matches.
template <typename Take>
Status forEachMatch(const fusion::EntryGraph &entry, const std::string &text,
                    const std::string &by, Take take) {
  // Braces are bounded: each group of alternatives multiplies the patterns.
  llvm::Expected<llvm::GlobPattern> pattern =
      llvm::GlobPattern::create(text, /*MaxSubPatterns=*/64);
  if (!pattern) {
    return Error{ErrorCode::PatternUnmatched, by,
                 "a pattern of *, ?, [a-z] and {a,b}",
                 llvm::toString(pattern.takeError()), "quote it for the shell"};
  }
  bool any = false;
  for (uint32_t number = 0; number < entry.ops.size(); ++number) {
    if (matches(*pattern, entry.ops[number])) {
      any = true;
      SINTER_TRY(take(number));
    }
  }
  if (!any) {
    return Error{ErrorCode::PatternUnmatched, by, "a pattern of names of ops",
                 "none of " + std::to_string(entry.ops.size()) + " matches",
                 entry.ops.empty()
                     ? ""
                     : "names are such as '" +
                           entry.graph.name(entry.graph.size() / 2) + "'"};
  }
  return Status::success();
}

Error contradiction(const std::string &op, const std::string &first,
                    const std::string &second) {
  return {ErrorCode::ForcesContradict, "op '" + op + "'", first, second,
          "ask one thing of each op"};
}

} // namespace

Result<std::vector<Constraint>> constraintsOf(const fusion::EntryGraph &entry,
                                              const PlanningOptions &options) {
  std::vector<Constraint> constraints(entry.graph.size());
  auto force = [&](uint32_t number, plan::Choice choice,
                   const std::string &by) -> Status {
    Constraint &constraint = constraints[number];
    if (constraint.forced && *constraint.forced != choice) {
      return contradiction(entry.graph.name(number), constraint.forcedBy, by);
    }
    if (!constraint.forced) {
      constraint.forced = choice;
      constraint.forcedBy = by;
    }
    return Status::success();
  };
  for (uint32_t number = 0; number < entry.ops.size(); ++number) {
    if (auto pinned = entry.ops[number]->getAttrOfType<plan::ChoiceAttr>(
            plan::PlanDialect::kForceAttr)) {
      const plan::Choice choice = pinned.getValue();
      SINTER_TRY(
          force(number, choice,
                "plan.force '" + plan::stringifyChoice(choice).str() + "'"));
    }
  }
  for (const Force &asked : options.forces) {
    const std::string by = "force '" + asked.pattern + "=" +
                           plan::stringifyChoice(asked.choice).str() + "'";
    SINTER_TRY(
        forEachMatch(entry, asked.pattern, by, [&](uint32_t number) -> Status {
          return force(number, asked.choice, by);
        }));
  }
  for (const std::string &pattern : options.forbidden) {
    const std::string by = "forbid '" + pattern + "'";
    SINTER_TRY(forEachMatch(entry, pattern, by, [&](uint32_t number) -> Status {
      Constraint &constraint = constraints[number];
      if (constraint.forced == plan::Choice::Fuse) {
        return contradiction(entry.graph.name(number), constraint.forcedBy, by);
      }
      constraint.forbidden = true;
      constraint.forbiddenBy = by;
      return Status::success();
    }));
  }
  for (const ConfigRequest &asked : options.configs) {
    const std::string by =
        "config '" + asked.pattern + "=" + asked.config.text() + "'";
    SINTER_TRY(
        forEachMatch(entry, asked.pattern, by, [&](uint32_t number) -> Status {
          Constraint &constraint = constraints[number];
          const std::string &op = entry.graph.name(number);
          if (constraint.config && *constraint.config != asked.config) {
            return contradiction(op, constraint.configBy, by);
          }
          if (constraint.forced == plan::Choice::Library) {
            return contradiction(op, constraint.forcedBy, by);
          }
          constraint.config = asked.config;
          constraint.configBy = by;
          return Status::success();
        }));
  }
  return constraints;
}

} // namespace sinter::planning
