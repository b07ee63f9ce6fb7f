//===- CompileTest.cpp - From a config to a plan --------------------------===//

#include "tools/Compile.h"
#include "runtime/format/PlanJson.h"
#include "runtime/format/Sha256.h"
#include "runtime/format/Validate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace sinter;
namespace fs = std::filesystem;

namespace {

const std::string root = SINTER_SOURCE_DIR;

CompileRequest request(const std::string &model, int64_t context = 64,
                       int64_t maxContext = 128) {
  CompileRequest result;
  Result<ModelSource> source = resolveModel(model);
  EXPECT_TRUE(source.ok());
  result.source = std::move(*source);
  result.weights.seed = 7;
  result.workload.context = context;
  result.workload.maxContext = maxContext;
  return result;
}

/// An empty folder, removed at the end.
struct Folder {
  fs::path path;
  explicit Folder(const std::string &name)
      : path(fs::path(::testing::TempDir()) / ("sinter-compile-" + name)) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

std::map<std::string, std::string> filesOf(const fs::path &folder) {
  std::map<std::string, std::string> files;
  for (const auto &entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      files[fs::relative(entry.path(), folder).string()] = text.str();
    }
  }
  return files;
}

const format::Value *findValue(const format::Plan &plan,
                               const std::string &name) {
  for (const format::Value &value : plan.values) {
    if (value.name == name) {
      return &value;
    }
  }
  return nullptr;
}

class CompileCheckpoint : public ::testing::TestWithParam<const char *> {};

TEST_P(CompileCheckpoint, GivesASoundPlan) {
  Result<PlanArtifact> artifact = compileModel(request(root + GetParam()));
  ASSERT_TRUE(artifact.ok()) << artifact.error().message();
  for (const Error &error : validatePlan(artifact->plan, "plan")) {
    ADD_FAILURE() << error.message();
  }
  const format::Plan &plan = artifact->plan;
  ASSERT_EQ(plan.entries.size(), 1u);
  const format::Entry &entry = plan.entries[0];
  EXPECT_EQ(entry.name, "decode");
  // Every op is run by one step and has one decision.
  std::set<std::string> ops;
  for (const format::Step &step : entry.steps) {
    for (const std::string &op : step.ops) {
      EXPECT_TRUE(ops.insert(op).second) << op;
    }
  }
  EXPECT_LT(entry.steps.size(), ops.size());
  EXPECT_EQ(plan.decisions.size(), ops.size());
  for (const char *op : {"layers.0.q_proj", "layers.0.v_proj", "argmax"}) {
    EXPECT_TRUE(ops.contains(op)) << op;
  }
  ASSERT_EQ(entry.inputs.size(), 2u);
  EXPECT_EQ(entry.inputs[0].name, "ids");
  EXPECT_EQ(entry.inputs[1].name, "positions");
  ASSERT_EQ(entry.outputs.size(), 2u);
  EXPECT_EQ(entry.outputs[0].name, "token");
  EXPECT_EQ(entry.outputs[1].name, "logits");
  // Each kernel's text is there under its digest and defines its symbol.
  for (const format::Kernel &kernel : plan.kernels) {
    const std::string &text = artifact->sources.at(kernel.source);
    EXPECT_EQ(sha256Hex(text), kernel.source);
    EXPECT_NE(text.find(kernel.symbol), std::string::npos);
  }
  EXPECT_EQ(artifact->sources.size(), plan.kernels.size());
  EXPECT_TRUE(artifact->cubins.empty());
  Result<format::Plan> read = readPlanJson(writePlanJson(plan), "plan.json");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(*read == plan);
}

INSTANTIATE_TEST_SUITE_P(Models, CompileCheckpoint,
                         ::testing::Values("/models/checkpoints/tales",
                                           "/test/data/checkpoints/qwen3-rand",
                                           "/test/data/checkpoints/qwen2-rand",
                                           "/test/data/checkpoints/llama-rand"),
                         [](const auto &info) {
                           std::string name =
                               fs::path(info.param).filename().string();
                           std::erase_if(
                               name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

TEST(Compile, EqualLayersShareKernels) {
  Result<PlanArtifact> artifact =
      compileModel(request("qwen3-0.6b", 512, 2048));
  ASSERT_TRUE(artifact.ok()) << artifact.error().message();
  EXPECT_EQ(artifact->plan.entries[0].steps.size(), 142u);
  EXPECT_EQ(artifact->plan.model.vocabSize, 151936u);
  EXPECT_EQ(artifact->plan.model.maxContext, 2048u);
  EXPECT_EQ(artifact->plan.model.architecture, "Qwen3ForCausalLM");
  // embed; qkv with its norm, attention, o with the residual, gate and up with
  // norm and swiglu, down with the residual; norm, head and argmax; advance.
  EXPECT_EQ(artifact->plan.kernels.size(), 8u);
  // 28 layers of K and V, 8 heads of 128 at 2048 positions.
  for (const format::Arena &arena : artifact->plan.arenas) {
    if (arena.name == "cache") {
      EXPECT_EQ(arena.bytes, 114'688u * 2048);
    }
  }
  EXPECT_EQ(artifact->plan.entries[0].mode, format::LaunchMode::Pdl);
  EXPECT_EQ(artifact->plan.entries[0].captures.size(), 1u);
  // Alive at once: residual (2,048 bytes), qkv (8,192) and what was attended
  // (4,096); in mode pdl beside them what the launch before still reads, at
  // most qkv once more and the input of the layer.
  for (const format::Arena &arena : artifact->plan.arenas) {
    if (arena.name == "activations") {
      EXPECT_GE(arena.bytes, 14'336u);
      EXPECT_LE(arena.bytes, 14'336u + 8'192 + 2'048);
    }
  }
}

TEST(Compile, AppendsHappenInPlace) {
  Result<PlanArtifact> artifact =
      compileModel(request(root + "/models/checkpoints/tales"));
  ASSERT_TRUE(artifact.ok());
  for (const format::Step &step : artifact->plan.entries[0].steps) {
    if (step.ops[0] == "layers.1.k_append") {
      ASSERT_EQ(step.args.size(), 3u);
      EXPECT_EQ(step.args[2], "cache.1.k");
    }
    if (step.ops[0] == "layers.1.attention") {
      EXPECT_EQ(step.args[1], "cache.1.k");
      EXPECT_EQ(step.args[2], "cache.1.v");
    }
  }
  const format::Value *cache = findValue(artifact->plan, "cache.1.k");
  ASSERT_NE(cache, nullptr);
  EXPECT_EQ(cache->operandClass, format::OperandClass::Cache);
  const format::Value *logits = findValue(artifact->plan, "logits");
  ASSERT_NE(logits, nullptr);
  EXPECT_EQ(logits->operandClass, format::OperandClass::Io);
}

TEST(Compile, SameBytesFromTwoDirectories) {
  Folder a("a"), b("b-with-another-name");
  for (const Folder *folder : {&a, &b}) {
    fs::copy(root + "/test/data/checkpoints/qwen3-rand", folder->path / "model",
             fs::copy_options::recursive);
    fs::copy(root + "/codegen/devices/h200.json", folder->path / "gpu.json");
    CompileRequest asked = request((folder->path / "model").string());
    asked.target = (folder->path / "gpu.json").string();
    Result<PlanArtifact> artifact = compileModel(asked);
    ASSERT_TRUE(artifact.ok()) << artifact.error().message();
    Status written = writePlan(*artifact, (folder->path / "out.plan").string());
    ASSERT_TRUE(written.ok()) << written.error().message();
  }
  auto first = filesOf(a.path / "out.plan");
  auto second = filesOf(b.path / "out.plan");
  EXPECT_GT(first.size(), 5u);
  EXPECT_EQ(first, second);
  for (const auto &[name, text] : first) {
    EXPECT_EQ(text.find(a.path.string()), std::string::npos) << name;
  }
}

TEST(Compile, EveryConfigurationGivesASoundPlan) {
  std::set<std::string> seen;
  for (uint32_t config = 0; config < 6; ++config) {
    CompileRequest asked = request(root + "/test/data/checkpoints/qwen2-rand");
    asked.config = config;
    Result<PlanArtifact> artifact = compileModel(asked);
    ASSERT_TRUE(artifact.ok()) << artifact.error().message();
    EXPECT_TRUE(validatePlan(artifact->plan, "plan").empty()) << config;
    for (const format::Kernel &kernel : artifact->plan.kernels) {
      if (kernel.symbol == "gemv_linear_0") {
        seen.insert(kernel.config);
      }
    }
  }
  EXPECT_GT(seen.size(), 1u);
}

TEST(Compile, TheIdLimitReachesTheKernel) {
  CompileRequest asked = request(root + "/models/checkpoints/tales");
  Result<PlanArtifact> all = compileModel(asked);
  asked.idLimit = 1000;
  Result<PlanArtifact> some = compileModel(asked);
  ASSERT_TRUE(all.ok() && some.ok());
  EXPECT_NE(all->plan.producedBy.inputDigest,
            some->plan.producedBy.inputDigest);
  EXPECT_NE(all->sources, some->sources);
}

/// No generated kernel covers three rows; the library covers the linear layers.
// Up to 16 rows a family on tensor cores reads the weights once.
TEST(Compile, RowsGoToSkinnyOrTheLibrary) {
  for (const int64_t batch : {2, 16, 17}) {
    CompileRequest asked = request("qwen3-0.6b");
    asked.workload.batch = batch;
    Result<PlanArtifact> artifact = compileModel(asked);
    ASSERT_TRUE(artifact.ok()) << artifact.error().message();
    for (const Error &error : validatePlan(artifact->plan, "plan")) {
      ADD_FAILURE() << error.message();
    }
    size_t calls = 0;
    size_t own = 0;
    for (const format::Step &step : artifact->plan.entries[0].steps) {
      calls += step.kind == format::StepKind::Library;
      own += step.kernel.starts_with("skinny_");
    }
    EXPECT_EQ(own, batch <= 16 ? 28u * 7 + 1 : 0u) << batch;
    EXPECT_EQ(calls, batch <= 16 ? 0u : 28u * 7 + 1) << batch;
  }
}

TEST(Compile, AnEagerFrameworkIsOnlyCounted) {
  EXPECT_TRUE(checkCompilable({}).ok());
  DecisionOptions eager;
  eager.set = DecisionSet::Eager;
  Status refused = checkCompilable(eager);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::DecisionsOnlyCounted);
  EXPECT_EQ(refused.error().exitCode(), 3);
}

TEST(Compile, UnknownTarget) {
  CompileRequest asked = request("qwen3-0.6b");
  asked.target = "h300";
  Result<PlanArtifact> artifact = compileModel(asked);
  ASSERT_FALSE(artifact.ok());
  EXPECT_EQ(artifact.error().code, ErrorCode::DeviceUnknown);
}

} // namespace
