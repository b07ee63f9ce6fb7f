//===- ForcesTest.cpp - Plans with forced choices -------------------------===//

#include "test/unit/passes/PlanningFixture.h"

using namespace sinter;
using namespace sinter::planning;

namespace {

TEST_F(Planning, ForcesAreHonoured) {
  auto function = import("qwen3-0.6b");
  const uint64_t free = total(plan(function, device()));
  PlanningOptions options;
  options.forces = {{"layers.*.attention_residual", plan::Choice::Single},
                    {"layers.5.up_proj", plan::Choice::Library}};
  EntryPlan forced = plan(function, device(), options);
  EXPECT_EQ(choiceOf(forced, "layers.7.attention_residual"),
            plan::Choice::Single);
  // An op that stands for several answers to each of their names.
  EXPECT_EQ(choiceOf(forced, "layers.5.gate_proj"), plan::Choice::Library);
  EXPECT_EQ(choiceOf(forced, "layers.6.gate_proj"), plan::Choice::Fuse);
  const PhaseDecision &gate = phaseWith(forced, "layers.5.gate_proj");
  EXPECT_TRUE(gate.forced);
  EXPECT_EQ(gate.reason, plan::Reason::ForcedByUser);
  EXPECT_GT(total(forced), free);

  // A decision set without fusion fuses what is forced to, and nothing else.
  options.decisions = DecisionSet::Single;
  options.forces = {{"layers.3.down_proj", plan::Choice::Fuse}};
  forced = plan(function, device(), options);
  EXPECT_EQ(forced.phases.size(), 451u);
  EXPECT_EQ(&phaseWith(forced, "layers.3.down_proj"),
            &phaseWith(forced, "layers.3.mlp_residual"));

  options = {};
  options.forbidden = {"layers.{0,1}.*"};
  forced = plan(function, device(), options);
  EXPECT_EQ(phaseWith(forced, "layers.1.attention").ops.size(), 1u);
  EXPECT_EQ(phaseWith(forced, "layers.2.attention").ops.size(), 7u);

  // The attribute of one op.
  mlir::Operation *norm = forced.entry.ops[1];
  norm->setAttr(plan::PlanDialect::kForceAttr,
                plan::ChoiceAttr::get(&context, plan::Choice::Single));
  EXPECT_TRUE(plan(function, device()).phases[1].forced);
}

/// Enumerated or not, for the layers named alone.
TEST_F(Planning, ConfigurationsAreHonoured) {
  auto function = import("qwen3-0.6b");
  const EntryPlan free = plan(function, device());
  const char *name = "layers.5.o_proj";
  const auto *chosen = &free.variantOf(phaseWith(free, name));
  ASSERT_EQ(chosen->choice, plan::Choice::Fuse);
  // As no family enumerates it.
  const codegen::KernelConfig asked{
      {"rows", 2}, {"turns", 7}, {"unroll", 1}, {"warps", 4}};
  PlanningOptions options;
  options.configs = {{name, asked}};
  const EntryPlan forced = plan(function, device(), options);
  const PhaseDecision &phase = phaseWith(forced, name);
  EXPECT_EQ(forced.variantOf(phase).config, asked);
  EXPECT_EQ(forced.variantOf(phase).choice, plan::Choice::Fuse);
  EXPECT_TRUE(phase.forced);
  EXPECT_EQ(phase.reason, plan::Reason::ForcedByUser);
  EXPECT_EQ(forced.variantOf(phaseWith(forced, "layers.6.o_proj")).config,
            chosen->config);
  EXPECT_FALSE(phaseWith(forced, "layers.6.o_proj").forced);
  EXPECT_GE(total(forced), total(free));
  // The chosen one asked for changes nothing but who decided.
  options.configs = {{"layers.*.o_proj", chosen->config}};
  EXPECT_EQ(total(plan(function, device(), options)), total(free));
}

/// What the device file holds for a group and context takes the place of all
/// other configurations; what is asked for goes before it.
TEST_F(Planning, TunedConfigurations) {
  auto function = import("qwen3-0.6b");
  DeviceSpec spec = device();
  spec.tuned = {{"gemv", "1024x2048 residual", 400, 600,
                 "late = 1, rows = 2, turns = 1, unroll = 1, warps = 8",
                 NumberOrigin::Measured, "a test"}};
  auto chosen = [&](const PlanningOptions &options = {}) {
    const EntryPlan all = plan(function, spec, options);
    return all.variantOf(phaseWith(all, "layers.5.o_proj"));
  };
  EXPECT_EQ(chosen().config.text(), spec.tuned[0].config);
  ASSERT_TRUE(chosen().tuned);
  EXPECT_EQ(chosen().tuned->source, "a test");
  PlanningOptions options;
  options.configs = {
      {"layers.5.o_proj",
       {{"rows", 2}, {"turns", 7}, {"unroll", 1}, {"warps", 4}}}};
  EXPECT_EQ(chosen(options).config.text(), options.configs[0].config.text());
  EXPECT_FALSE(chosen(options).tuned);
  spec.tuned[0].fromContext = 513; // the entry is for 512
  EXPECT_FALSE(chosen().tuned);

  for (const char *config :
       {"rows = 3, turns = 1, unroll = 1, warps = 8", "rows and warps"}) {
    spec.tuned[0].fromContext = 512;
    spec.tuned[0].config = config;
    std::vector<Unplannable> ops;
    Result<EntryPlan> result = planEntry(function, spec, {}, &ops);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::DeviceNumberAbsurd);
    EXPECT_EQ(result.error().object,
              "device 'h200', tuned gemv '1024x2048 residual'");
    EXPECT_EQ(result.error().found, "'" + std::string(config) + "'");
  }
}

TEST_F(Planning, ForcesThatNothingHonours) {
  auto function = import("qwen3-0.6b");
  auto refusal = [&](PlanningOptions options) {
    std::vector<Unplannable> ops;
    Result<EntryPlan> result = planEntry(function, device(), options, &ops);
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error{} : result.error();
  };
  PlanningOptions options;
  options.forces = {{"embed", plan::Choice::Library}};
  Error error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForceRefused);
  EXPECT_EQ(error.message(),
            "SIN2674 (force that nothing honours): op 'embed' (decoder.embed): "
            "wanted force 'embed=library', found refused_op: decoder.embed, "
            "wanted decoder.linear (the family does not cover this op); remove "
            "the force");
  options.forces = {{"embed", plan::Choice::Fuse}};
  error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForceRefused);
  EXPECT_EQ(error.found, "no family runs it together with another op");

  options.forces = {{"layers.0.*", plan::Choice::Single},
                    {"layers.*.o_proj", plan::Choice::Fuse}};
  error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForcesContradict);
  EXPECT_EQ(error.object, "op 'layers.0.o_proj'");
  EXPECT_EQ(error.wanted, "force 'layers.0.*=single'");
  EXPECT_EQ(error.found, "force 'layers.*.o_proj=fuse'");
  options.forces = {{"layers.*.o_proj", plan::Choice::Fuse}};
  options.forbidden = {"layers.9.o_proj"};
  error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForcesContradict);
  EXPECT_EQ(error.object, "op 'layers.9.o_proj'");
  // Its only partner is forced elsewhere.
  options.forbidden = {"layers.9.attention_residual"};
  error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForceRefused);
  EXPECT_EQ(error.object, "op 'layers.9.o_proj' (decoder.linear)");
  EXPECT_NE(error.found.find("'layers.9.attention_residual'"),
            std::string::npos)
      << error.found;

  options = {};
  options.forbidden = {"layer.0.*"};
  EXPECT_EQ(refusal(options).code, ErrorCode::PatternUnmatched);
  options.forbidden = {"layers.[0"};
  EXPECT_EQ(refusal(options).code, ErrorCode::PatternUnmatched);

  options = {};
  options.configs = {*parseConfigRequest("layers.*.o_proj=rows=4 warps=4")};
  error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForceRefused);
  EXPECT_EQ(
      error.message(),
      "SIN2674 (force that nothing honours): op 'layers.0.o_proj' "
      "(decoder.linear): wanted config 'layers.*.o_proj=rows = 4, warps = "
      "4', found refused_configuration: 'rows = 4, warps = 4', wanted "
      "rows, turns, unroll and warps, perhaps late (the family cannot be "
      "written in "
      "this configuration); ask for another configuration");
  options.configs = {
      *parseConfigRequest("embed=threads = 32"),
      *parseConfigRequest("{embed,layers.0.o_proj}=threads = 64")};
  error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::ForcesContradict);
  EXPECT_EQ(error.object, "op 'embed'");
  EXPECT_EQ(error.found, "config '{embed,layers.0.o_proj}=threads = 64'");
  options.forces = {{"embed", plan::Choice::Library}};
  options.configs.pop_back();
  EXPECT_EQ(refusal(options).code, ErrorCode::ForcesContradict);
  for (const char *text : {"l*", "=rows=4", "l*=", "l*=rows", "", "l*=4"}) {
    Result<ConfigRequest> config = parseConfigRequest(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_EQ(config.error().code, ErrorCode::BadArgument);
  }

  EXPECT_EQ(*parseForce("l*=x=fuse"), (Force{"l*=x", plan::Choice::Fuse}));
  for (const char *text : {"l*", "=fuse", "l*=fast", "", "l*="}) {
    Result<Force> force = parseForce(text);
    ASSERT_FALSE(force.ok()) << text;
    EXPECT_EQ(force.error().code, ErrorCode::BadArgument);
  }
}

} // namespace
