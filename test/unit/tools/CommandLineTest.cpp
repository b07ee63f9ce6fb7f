//===- CommandLineTest.cpp - Arguments into options -----------------------===//

#include "tools/CommandLine.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

template <typename Options>
Options parsed(const std::vector<std::string> &arguments) {
  auto result = parseCommandLine(arguments);
  if (!result) {
    ADD_FAILURE() << result.error().message();
    return {};
  }
  auto *any = std::get_if<AnyOptions>(&*result);
  auto *options = any ? std::get_if<Options>(any) : nullptr;
  if (!options) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return *options;
}

/// The code and the words after the command line's name.
Error refused(const std::vector<std::string> &arguments) {
  auto result = parseCommandLine(arguments);
  if (result) {
    ADD_FAILURE() << "accepted";
    return Error{ErrorCode::Internal, "", "", "", ""};
  }
  EXPECT_EQ(result.error().exitCode(), 2) << result.error().message();
  EXPECT_NE(result.error().remedy.find("--help"), std::string::npos);
  return result.error();
}

TEST(CommandLine, CompileKeepsItsDefaults) {
  auto options = parsed<CompileOptions>({"compile", "dir", "-o", "x.plan"});
  EXPECT_EQ(options.model.model, "dir");
  EXPECT_EQ(options.output, "x.plan");
  EXPECT_EQ(options.model.target, "h200");
  EXPECT_EQ(options.model.batch, 1u);
  EXPECT_FALSE(options.model.context.has_value());
  EXPECT_FALSE(options.model.maxContext.has_value());
  EXPECT_FALSE(options.model.configOnly);
  EXPECT_TRUE(options.nvrtc);
  EXPECT_EQ(options.asked.stepsPerLaunch, 1u);
  options = parsed<CompileOptions>(
      {"compile", "dir", "-o", "x.plan", "--steps-per-launch", "8"});
  EXPECT_EQ(options.asked.stepsPerLaunch, 8u);
  EXPECT_EQ(
      refused({"compile", "dir", "-o", "x", "--steps-per-launch", "0"}).code,
      ErrorCode::BadArgument);
}

TEST(CommandLine, BenchTakesLists) {
  auto options = parsed<BenchOptions>({"bench", "x.plan"});
  EXPECT_EQ(options.device, DeviceKind::Cuda);
  EXPECT_TRUE(options.contexts.empty());
  EXPECT_TRUE(options.modes.empty());
  EXPECT_EQ(options.repeats, 0u) << "the plan's";
  options = parsed<BenchOptions>({"bench", "x.plan", "--contexts", "1,512,4096",
                                  "--modes", "graph,pdl", "--device", "host",
                                  "--steps-per-launch", "8", "--samples", "3"});
  EXPECT_EQ(options.contexts, (std::vector<uint32_t>{1, 512, 4096}));
  EXPECT_EQ(options.modes, (std::vector<std::string>{"graph", "pdl"}));
  EXPECT_EQ(options.device, DeviceKind::Host);
  EXPECT_EQ(options.repeats, 8u);
  EXPECT_EQ(options.samples, 3u);
  EXPECT_EQ(refused({"bench", "x", "--modes", "graph,warp"}).code,
            ErrorCode::BadArgument);
  EXPECT_EQ(refused({"bench", "x", "--contexts", "0"}).code,
            ErrorCode::BadArgument);
}

TEST(CommandLine, Decisions) {
  EXPECT_TRUE(
      parsed<CompileOptions>({"compile", "m", "-o", "x"}).asked.empty());
  EXPECT_EQ(parsed<CompileOptions>(
                {"compile", "m", "-o", "x", "--decisions", "eager"})
                .asked.set,
            DecisionSet::Eager);
  EXPECT_EQ(parsed<InspectOptions>({"inspect", "m", "--decisions", "exact"})
                .asked.set,
            DecisionSet::Exact);
  EXPECT_TRUE(parsed<InspectOptions>({"inspect", "m"}).decisions.empty());
  EXPECT_EQ(parsed<InspectOptions>(
                {"inspect", "m", "--decisions", "eager,greedy,exact"})
                .decisions,
            (std::vector{DecisionSet::Eager, DecisionSet::Greedy,
                         DecisionSet::Exact}));
  for (const char *bad : {"naive", "single,naive", "single,", ""}) {
    EXPECT_EQ(refused({"inspect", "m", "--decisions", bad}).code,
              ErrorCode::BadArgument)
        << bad;
  }
}

TEST(CommandLine, WhatIsAskedOfThePlanner) {
  auto options = parsed<InspectOptions>(
      {"inspect", "m", "--force", "a*=fuse", "--force", "b=single", "--forbid",
       "c.{d,e}", "--mode", "pdl", "--target", "h200,./x.json"});
  EXPECT_EQ(options.asked.forces,
            (std::vector<std::string>{"a*=fuse", "b=single"}));
  EXPECT_EQ(options.asked.forbidden, (std::vector<std::string>{"c.{d,e}"}));
  EXPECT_EQ(options.asked.mode, "pdl");
  EXPECT_EQ(options.targets, (std::vector<std::string>{"h200", "./x.json"}));
  EXPECT_EQ(options.model.target, "h200");
  EXPECT_EQ(
      parsed<InspectOptions>({"inspect", "m", "--mode", "auto"}).asked.mode,
      "");
  EXPECT_EQ(refused({"inspect", "m", "--mode", "eager"}).code,
            ErrorCode::BadArgument);
}

TEST(CommandLine, Questions) {
  EXPECT_EQ(parsed<InspectOptions>({"inspect", "m", "--why", "q_proj"}).why,
            "q_proj");
  EXPECT_EQ(parsed<InspectOptions>({"inspect", "m", "--what-if", "fuse(a*)",
                                    "--what-if", "library(b)"})
                .whatIf,
            (std::vector<std::string>{"fuse(a*)", "library(b)"}));
  // Two plans need no model.
  auto plans = parsed<InspectOptions>({"inspect", "--compare", "a", "b"});
  EXPECT_EQ(plans.compare, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(plans.model.model, "");
  EXPECT_EQ(refused({"inspect", "--compare", "a"}).code,
            ErrorCode::BadArgument);
  EXPECT_TRUE(parsed<InspectOptions>({"inspect", "m", "--require", "graph"})
                  .requireGraph);
  EXPECT_EQ(refused({"inspect", "m", "--require", "speed"}).code,
            ErrorCode::BadArgument);
  EXPECT_EQ(
      refused({"inspect", "m", "--why", "a", "--what-if", "fuse(b)"}).code,
      ErrorCode::ConflictingArguments);
}

TEST(CommandLine, CompileTakesItsShape) {
  auto options = parsed<CompileOptions>(
      {"compile", "m", "-o", "x", "--batch", "2", "--context", "33",
       "--max-context", "64", "--target", "rtx-4090", "--config-only", "--seed",
       "18446744073709551615", "--no-nvrtc"});
  EXPECT_EQ(options.model.batch, 2u);
  EXPECT_EQ(options.model.context, 33u);
  EXPECT_EQ(options.model.maxContext, 64u);
  EXPECT_EQ(options.model.target, "rtx-4090");
  EXPECT_TRUE(options.model.configOnly);
  EXPECT_EQ(options.model.seed, UINT64_MAX);
  EXPECT_FALSE(options.nvrtc);
}

TEST(CommandLine, RunTakesEachKindOfInput) {
  EXPECT_EQ(parsed<RunOptions>({"run", "m", "--prompt", "a b"}).prompt, "a b");
  EXPECT_EQ(parsed<RunOptions>({"run", "m", "--prompt", ""}).prompt, "");
  EXPECT_EQ(parsed<RunOptions>({"run", "m", "--prompt=-n"}).prompt, "-n");
  EXPECT_EQ(parsed<RunOptions>({"run", "m", "--chat", "hi"}).chat, "hi");
  EXPECT_EQ(parsed<RunOptions>({"run", "m", "--messages", "f"}).messages, "f");
  EXPECT_EQ(parsed<RunOptions>({"run", "m", "--ids", "3,1,2"}).ids,
            (std::vector<int32_t>{3, 1, 2}));
}

TEST(CommandLine, RunTakesSampling) {
  auto options = parsed<RunOptions>({"run",
                                     "m",
                                     "--ids",
                                     "1",
                                     "-n",
                                     "7",
                                     "--temperature",
                                     "0.6",
                                     "--top-k",
                                     "20",
                                     "--top-p",
                                     "0.95",
                                     "--seed",
                                     "5",
                                     "--format",
                                     "json",
                                     "--device",
                                     "host",
                                     "--enable-thinking",
                                     "false",
                                     "--unchecked",
                                     "--ignore-eos"});
  EXPECT_EQ(options.count, 7u);
  EXPECT_DOUBLE_EQ(options.temperature, 0.6);
  EXPECT_EQ(options.topK, 20u);
  EXPECT_DOUBLE_EQ(options.topP, 0.95);
  EXPECT_EQ(options.model.seed, 5u);
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options.device, DeviceKind::Host);
  EXPECT_EQ(options.enableThinking, false);
  EXPECT_TRUE(options.unchecked);
  EXPECT_TRUE(options.ignoreEos);
  EXPECT_FALSE(options.interpreter);
}

TEST(CommandLine, OtherCommandsTakeTheirFlags) {
  EXPECT_TRUE(parsed<TokenizeOptions>({"tokenize", "m", "--decode"}).decode);
  auto render = parsed<RenderOptions>(
      {"render", "m", "--messages", "f", "--no-generation-prompt"});
  EXPECT_FALSE(render.generationPrompt);
  EXPECT_FALSE(render.enableThinking.has_value());
  EXPECT_EQ(parsed<InspectOptions>({"inspect", "m", "--view", "ops"}).view,
            "ops");
  EXPECT_EQ(parsed<InspectOptions>({"inspect", "m", "--format", "md"}).format,
            OutputFormat::Markdown);
  EXPECT_EQ(parsed<CacheOptions>({"cache", "clear"}).action,
            CacheOptions::Action::Clear);
  EXPECT_EQ(parsed<CacheOptions>({"cache"}).action, CacheOptions::Action::List);
  EXPECT_EQ(parsed<VerifyOptions>({"verify", "m", "--steps", "9"}).steps, 9u);
}

TEST(CommandLine, UnknownArguments) {
  EXPECT_EQ(refused({"frobnicate"}).code, ErrorCode::UnknownArgument);
  EXPECT_EQ(refused({"doctor", "--frobnicate"}).code,
            ErrorCode::UnknownArgument);
  EXPECT_EQ(refused({"compile", "a", "b", "-o", "x"}).code,
            ErrorCode::UnknownArgument);
}

TEST(CommandLine, MissingArguments) {
  EXPECT_EQ(refused({}).code, ErrorCode::MissingArgument);
  EXPECT_EQ(refused({"compile", "dir"}).code, ErrorCode::MissingArgument);
  EXPECT_EQ(refused({"inspect"}).code, ErrorCode::MissingArgument);
  EXPECT_EQ(refused({"run", "m"}).code, ErrorCode::MissingArgument);
  EXPECT_EQ(refused({"render", "m"}).code, ErrorCode::MissingArgument);
}

TEST(CommandLine, ValuesNotUnderstood) {
  for (const std::vector<std::string> &tail :
       std::vector<std::vector<std::string>>{
           {"--batch", "-1"},
           {"--batch", "1e3"},
           {"--batch", "4294967297"},
           {"--max-context", "-1"},
           {"-n", "0"},
           {"-n", "two"},
           {"--seed", "-1"},
           {"--device", "tpu"},
           {"--format", "xml"},
           {"--temperature", "nan"},
           {"--temperature", "-0.5"},
           {"--temperature", "inf"},
           {"--top-p", "0"},
           {"--top-p", "1.5"},
           {"--enable-thinking", "maybe"},
       }) {
    std::vector<std::string> arguments = {"run", "m", "--ids", "1"};
    arguments.insert(arguments.end(), tail.begin(), tail.end());
    EXPECT_EQ(refused(arguments).code, ErrorCode::BadArgument)
        << tail[0] << " " << tail[1];
  }
  EXPECT_EQ(refused({"run", "m", "--ids", "1,x"}).code, ErrorCode::BadArgument);
  EXPECT_EQ(refused({"run", "m", "--ids", "99999999999"}).code,
            ErrorCode::BadArgument);
  EXPECT_EQ(refused({"run", "m", "--ids", ""}).code, ErrorCode::BadArgument);
  EXPECT_EQ(refused({"inspect", "m", "--view", "all"}).code,
            ErrorCode::BadArgument);
  EXPECT_EQ(refused({"cache", "burn"}).code, ErrorCode::BadArgument);
}

TEST(CommandLine, BenchOfBatchesFamiliesAndSoak) {
  const auto batches = parsed<BenchOptions>({"bench", "m", "--batch", "8,1"});
  EXPECT_EQ(batches.batches, (std::vector<uint32_t>{8, 1}));
  EXPECT_EQ(batches.model.batch, 8u);
  EXPECT_EQ(parsed<BenchOptions>({"bench", "m", "--soak", "10000"}).soak,
            10000u);
  EXPECT_EQ(
      parsed<BenchOptions>({"bench", "m", "--families", "--binaries", "d"})
          .binaries,
      "d");
  EXPECT_EQ(refused({"bench", "m", "--binaries", "d"}).code,
            ErrorCode::MissingArgument);
  EXPECT_EQ(refused({"bench", "m", "--families", "--kernels"}).code,
            ErrorCode::ConflictingArguments);
  EXPECT_EQ(refused({"bench", "m", "--batch", "0"}).code,
            ErrorCode::BadArgument);
}

TEST(CommandLine, Calibrate) {
  const auto options =
      parsed<CalibrateOptions>({"calibrate", "-o", "x.json", "--replace",
                                "h200", "--shapes", "1x4096x1024,64x2x3"});
  EXPECT_EQ(options.output, "x.json");
  EXPECT_EQ(options.replace, "h200");
  EXPECT_EQ(options.shapes,
            (std::vector<LibraryShape>{{1, 4096, 1024}, {64, 2, 3}}));
  for (const char *shapes : {"1x2", "1x2x3x4", "0x1x1", "1x1x", "ax1x1", ""}) {
    EXPECT_EQ(refused({"calibrate", "-o", "x", "--shapes", shapes}).code,
              ErrorCode::BadArgument)
        << shapes;
  }
  EXPECT_EQ(refused({"calibrate"}).code, ErrorCode::MissingArgument);
  EXPECT_EQ(refused({"calibrate", "--prepare", "d"}).code,
            ErrorCode::MissingArgument);
  EXPECT_EQ(parsed<CalibrateOptions>(
                {"calibrate", "--prepare", "d", "--arch", "sm_90a"})
                .prepare,
            "d");
  EXPECT_EQ(
      refused({"calibrate", "--prepare", "d", "--arch", "sm_90a", "-o", "x"})
          .code,
      ErrorCode::ConflictingArguments);
}

TEST(CommandLine, ArgumentsThatExcludeEachOther) {
  EXPECT_EQ(refused({"run", "m", "--prompt", "a", "--ids", "1"}).code,
            ErrorCode::ConflictingArguments);
  EXPECT_EQ(
      refused({"run", "m", "--prompt", "a", "--interpreter", "--unchecked"})
          .code,
      ErrorCode::ConflictingArguments);
}

TEST(CommandLine, HelpIsDataAndNamesEveryCommand) {
  auto help = parseCommandLine({"--help"});
  ASSERT_TRUE(help.ok());
  std::string text = std::get<HelpText>(*help).text;
  for (const char *command :
       {"compile", "inspect", "run", "verify", "tokenize", "render", "bench",
        "calibrate", "doctor", "cache"}) {
    EXPECT_NE(text.find(std::string("\n  ") + command), std::string::npos)
        << command;
    auto sub = parseCommandLine({command, "--help"});
    ASSERT_TRUE(sub.ok()) << command;
    EXPECT_NE(std::get<HelpText>(*sub).text.find("--help"), std::string::npos);
  }
}

} // namespace
