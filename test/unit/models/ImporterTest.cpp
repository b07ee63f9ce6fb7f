//===- ImporterTest.cpp - From a config to a decoder module ---------------===//

#include "models/importer/Importer.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "models/config/ModelSource.h"
#include "models/config/Tensors.h"

#include <gtest/gtest.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>
#include <mlir/IR/MLIRContext.h>

#include <map>

using namespace sinter;
using mlir::ModuleOp;
using mlir::func::FuncOp;

namespace {

class Importer : public ::testing::Test {
protected:
  ModelConfig config(const std::string &name) {
    Result<ModelSource> source = resolveModel(name);
    EXPECT_TRUE(source.ok());
    return source ? source->config : ModelConfig();
  }
  /// The entry of the module, which lives as long as the test.
  FuncOp import(const std::string &name, const Workload &workload = {},
                const ImportOptions &options = {}) {
    auto imported = importDecoder(context, config(name), workload, options);
    EXPECT_TRUE(imported.ok()) << imported.error().message();
    modules.push_back(std::move(*imported));
    auto functions = modules.back()->getOps<FuncOp>();
    EXPECT_EQ(std::distance(functions.begin(), functions.end()), 1);
    return *functions.begin();
  }
  Error refused(const Workload &workload, const ImportOptions &options = {}) {
    auto imported =
        importDecoder(context, config("qwen3-0.6b"), workload, options);
    EXPECT_FALSE(imported.ok());
    return imported ? Error{} : imported.error();
  }
  /// Number of ops by name, without the dialect.
  static std::map<std::string, int> histogram(FuncOp function) {
    std::map<std::string, int> counts;
    function.walk([&](mlir::Operation *op) {
      ++counts[op->getName().stripDialect().str()];
    });
    return counts;
  }
  static int decoderOps(FuncOp function) {
    int count = 0;
    function.walk([&](mlir::Operation *op) {
      count += llvm::isa_and_nonnull<decoder::DecoderDialect>(op->getDialect());
    });
    return count;
  }
  static mlir::Operation *find(FuncOp function, llvm::StringRef name) {
    mlir::Operation *found = nullptr;
    function.walk([&](mlir::Operation *op) {
      if (llvm::isa_and_nonnull<decoder::DecoderDialect>(op->getDialect()) &&
          decoder::opName(op) == name) {
        EXPECT_EQ(found, nullptr) << "two ops named " << name.str();
        found = op;
      }
    });
    EXPECT_NE(found, nullptr) << "no op named " << name.str();
    return found;
  }
  static std::string text(mlir::Type type) {
    std::string out;
    llvm::raw_string_ostream(out) << type;
    return out;
  }

  mlir::MLIRContext context;
  std::vector<mlir::OwningOpRef<ModuleOp>> modules;
};

TEST_F(Importer, OneLaunchPerOpOfQwen3) {
  // 19 ops a layer, and embed, final norm, head, argmax.
  EXPECT_EQ(decoderOps(import("qwen3-0.6b")), 28 * 19 + 4);
  EXPECT_EQ(decoderOps(import("qwen3-32b")), 64 * 19 + 4);
  std::map<std::string, int> counts = histogram(import("qwen3-0.6b"));
  EXPECT_EQ(counts["linear"], 28 * 7 + 1);
  EXPECT_EQ(counts["rms_norm"], 28 * 4 + 1);
  EXPECT_EQ(counts["rope"], 28 * 2);
  EXPECT_EQ(counts["kv_append"], 28 * 2);
  EXPECT_EQ(counts["attention"], 28);
  EXPECT_EQ(counts["swiglu"], 28);
  EXPECT_EQ(counts["add"], 28 * 2);
  // Each weight is loaded once, the tied table too.
  EXPECT_EQ(counts["global_load_const"], 28 * 11 + 2);
}

TEST_F(Importer, FamiliesDifferInOperands) {
  FuncOp qwen2 = import("qwen2.5-0.5b");
  EXPECT_EQ(decoderOps(qwen2), 24 * 17 + 4);
  EXPECT_TRUE(
      llvm::cast<decoder::LinearOp>(find(qwen2, "layers.7.k_proj")).getBias() !=
      nullptr);
  EXPECT_TRUE(
      llvm::cast<decoder::LinearOp>(find(qwen2, "layers.7.o_proj")).getBias() ==
      nullptr);

  FuncOp llama = import("llama-3.2-1b");
  EXPECT_EQ(decoderOps(llama), 16 * 17 + 4);
  auto rope = llvm::cast<decoder::RopeOp>(find(llama, "layers.15.k_rope"));
  EXPECT_EQ(rope.thetaValue(), 500000.0);
  ASSERT_TRUE(rope.getScalingAttr() != nullptr);
  EXPECT_EQ(rope.getScalingAttr().factorValue(), 32.0);
  EXPECT_EQ(rope.getScalingAttr().getOriginal(), 8192);
  EXPECT_TRUE(
      llvm::cast<decoder::LinearOp>(find(llama, "layers.0.q_proj")).getBias() ==
      nullptr);
  EXPECT_EQ(
      llvm::cast<decoder::RmsNormOp>(find(llama, "final_norm")).epsValue(),
      1e-5);
}

TEST_F(Importer, NamesAndTypes) {
  FuncOp function = import("qwen3-0.6b");
  const std::pair<const char *, const char *> wanted[] = {
      {"embed", "tensor<1x1024xbf16>"},
      {"layers.0.input_norm", "tensor<1x1024xbf16>"},
      {"layers.0.q_proj", "tensor<1x2048xbf16>"},
      {"layers.0.k_proj", "tensor<1x1024xbf16>"},
      {"layers.0.v_proj", "tensor<1x1024xbf16>"},
      {"layers.0.q_norm", "tensor<1x16x128xbf16>"},
      {"layers.0.k_norm", "tensor<1x8x128xbf16>"},
      {"layers.0.q_rope", "tensor<1x16x128xbf16>"},
      {"layers.0.k_rope", "tensor<1x8x128xbf16>"},
      {"layers.0.k_append", "tensor<1x8x2048x128xbf16>"},
      {"layers.0.v_append", "tensor<1x8x2048x128xbf16>"},
      {"layers.0.attention", "tensor<1x16x128xbf16>"},
      {"layers.0.o_proj", "tensor<1x1024xbf16>"},
      {"layers.0.attention_residual", "tensor<1x1024xbf16>"},
      {"layers.0.post_norm", "tensor<1x1024xbf16>"},
      {"layers.0.gate_proj", "tensor<1x3072xbf16>"},
      {"layers.0.up_proj", "tensor<1x3072xbf16>"},
      {"layers.0.swiglu", "tensor<1x3072xbf16>"},
      {"layers.0.down_proj", "tensor<1x1024xbf16>"},
      {"layers.27.mlp_residual", "tensor<1x1024xbf16>"},
      {"final_norm", "tensor<1x1024xbf16>"},
      {"lm_head", "tensor<1x151936xbf16>"},
      {"argmax", "tensor<1xi32>"},
  };
  for (auto [name, type] : wanted) {
    EXPECT_EQ(text(find(function, name)->getResult(0).getType()), type) << name;
  }
  auto attention =
      llvm::cast<decoder::AttentionOp>(find(function, "layers.3.attention"));
  EXPECT_EQ(attention.scaleValue(), 1 / std::sqrt(128.0));
}

TEST_F(Importer, EntryIsNamedAndDescribed) {
  FuncOp function = import("qwen3-0.6b");
  EXPECT_EQ(function.getName(), "decode");
  auto name = [&](mlir::Attribute attribute) {
    return llvm::cast<mlir::StringAttr>(attribute).getValue().str();
  };
  EXPECT_EQ(function.getNumArguments(), 2u + 56u);
  EXPECT_EQ(name(function.getArgAttr(0, "plan.name")), "ids");
  EXPECT_EQ(name(function.getArgAttr(1, "plan.name")), "positions");
  EXPECT_EQ(name(function.getArgAttr(2, "plan.name")), "cache.0.k");
  EXPECT_EQ(name(function.getArgAttr(57, "plan.name")), "cache.27.v");
  EXPECT_EQ(name(function.getResultAttr(0, "plan.name")), "token");
  EXPECT_EQ(name(function.getResultAttr(1, "plan.name")), "logits");
  EXPECT_EQ(name(function.getResultAttr(57, "plan.name")), "cache.27.v");
  EXPECT_EQ(plan::getWorkload(function).workload(), Workload());
  auto model = modules[0]->getOperation()->getAttrOfType<mlir::DictionaryAttr>(
      "plan.model");
  ASSERT_TRUE(model != nullptr);
  EXPECT_EQ(model.getAs<mlir::StringAttr>("architecture").getValue(), "qwen3");
  EXPECT_EQ(model.getAs<mlir::IntegerAttr>("layers").getInt(), 28);
  EXPECT_EQ(plan::getStage(*modules[0]), plan::Stage::Imported);
}

TEST_F(Importer, WeightsAreExternGlobalsOfTheCheckpoint) {
  import("qwen2.5-0.5b");
  std::vector<TensorInfo> wanted = expectedTensors(config("qwen2.5-0.5b"));
  size_t index = 0;
  for (auto global : modules[0]->getOps<mlir::ml_program::GlobalOp>()) {
    ASSERT_LT(index, wanted.size());
    EXPECT_EQ(global.getSymName(), wanted[index].name);
    auto type = llvm::cast<mlir::RankedTensorType>(global.getType());
    EXPECT_TRUE(type.getElementType().isBF16());
    EXPECT_TRUE(std::equal(type.getShape().begin(), type.getShape().end(),
                           wanted[index].shape.begin(),
                           wanted[index].shape.end()));
    EXPECT_TRUE(global.isPrivate());
    ++index;
  }
  EXPECT_EQ(index, wanted.size());
}

TEST_F(Importer, TiedHeadReadsTheTable) {
  auto tied =
      llvm::cast<decoder::LinearOp>(find(import("qwen3-0.6b"), "lm_head"));
  auto embed = llvm::cast<decoder::EmbedOp>(
      find(*modules[0]->getOps<FuncOp>().begin(), "embed"));
  EXPECT_EQ(tied.getWeight(), embed.getTable());
  auto untied =
      llvm::cast<decoder::LinearOp>(find(import("qwen3-8b"), "lm_head"));
  auto load =
      untied.getWeight().getDefiningOp<mlir::ml_program::GlobalLoadConstOp>();
  EXPECT_EQ(load.getGlobal().getLeafReference(), "lm_head.weight");
}

TEST_F(Importer, PrefillPicksRowsAndVerifyKeepsAll) {
  Workload workload{plan::Phase::Prefill, 2, 64, 64, 256};
  FuncOp prefill = import("qwen3-0.6b", workload);
  EXPECT_EQ(prefill.getName(), "prefill");
  EXPECT_EQ(text(prefill.getArgument(0).getType()), "tensor<128xi32>");
  EXPECT_EQ(text(prefill.getArgument(2).getType()), "tensor<2xi32>");
  EXPECT_EQ(text(prefill.getArgument(3).getType()), "tensor<2x8x256x128xbf16>");
  EXPECT_EQ(text(prefill.getResultTypes()[0]), "tensor<2xi32>");
  EXPECT_EQ(text(prefill.getResultTypes()[1]), "tensor<2x151936xbf16>");
  EXPECT_EQ(text(find(prefill, "last_rows")->getResult(0).getType()),
            "tensor<2x1024xbf16>");
  EXPECT_EQ(decoderOps(prefill), 28 * 19 + 5);

  workload.phase = plan::Phase::Verify;
  FuncOp verify = import("qwen3-0.6b", workload);
  EXPECT_EQ(verify.getName(), "verify");
  EXPECT_EQ(text(verify.getResultTypes()[0]), "tensor<128xi32>");
  EXPECT_EQ(text(verify.getResultTypes()[1]), "tensor<128x151936xbf16>");
}

TEST_F(Importer, IdLimit) {
  ImportOptions options;
  options.idLimit = 151669;
  auto argmax = llvm::cast<decoder::ArgmaxOp>(
      find(import("qwen3-0.6b", {}, options), "argmax"));
  EXPECT_EQ(argmax.getLimit(), 151669);
  auto plain =
      llvm::cast<decoder::ArgmaxOp>(find(import("qwen3-0.6b"), "argmax"));
  EXPECT_FALSE(plain.getLimit().has_value());
}

TEST_F(Importer, WorkloadsThatTheModelCannotHave) {
  auto expect = [&](const Error &error, const char *object,
                    const char *wanted) {
    EXPECT_EQ(error.code, ErrorCode::InvalidWorkload) << error.message();
    EXPECT_EQ(error.object, object);
    EXPECT_EQ(error.wanted, wanted);
  };
  plan::Phase decode = plan::Phase::Decode;
  plan::Phase prefill = plan::Phase::Prefill;
  expect(refused({decode, 0, 1, 512, 2048}), "batch", "1 to 1048576");
  expect(refused({decode, 1, 2, 512, 2048}), "tokens", "1 to 1");
  expect(refused({prefill, 1, 0, 512, 2048}), "tokens", "1 to 1048576");
  expect(refused({prefill, int64_t{1} << 62, 64, 64, 64}), "batch",
         "1 to 1048576");
  expect(refused({decode, 1, 1, 512, 40961}), "max-context", "1 to 40960");
  expect(refused({prefill, 1, 64, 64, 32}), "max-context", "64 to 40960");
  expect(refused({decode, 1, 1, 0, 2048}), "context", "1 to 2048");
  expect(refused({decode, 1, 1, 2049, 2048}), "context", "1 to 2048");
  const char *page = "a power of two from 16 to 65536 positions";
  for (int64_t found : {-16, 8, 24, 1 << 17}) {
    expect(refused({decode, 1, 1, 512, 2048, found}), "page", page);
  }
  const char *pool = "35 to 1048576 pages: max-context positions of one "
                     "sequence and a page for each other";
  for (int64_t found : {34, (1 << 20) + 1}) {
    expect(refused({decode, 4, 1, 512, 2048, 64, found}), "pool", pool);
  }
  expect(refused({decode, 1, 1, 512, 2048, 0, 40}), "pool",
         "a page size beside it");
  ModelConfig large = config("qwen3-0.6b");
  large.maxPositions = int64_t{1} << 30;
  large.kvHeads = large.heads = 4096;
  large.headDim = 1024;
  auto tooLarge = importDecoder(context, large,
                                {decode, 1 << 20, 1, 512, large.maxPositions});
  ASSERT_FALSE(tooLarge.ok());
  expect(tooLarge.error(), "batch", "1 to 256");
  ImportOptions options;
  options.idLimit = 151937;
  expect(refused({}, options), "id limit", "1 to 151936");
  options.idLimit = 0;
  expect(refused({}, options), "id limit", "1 to 151936");
}

TEST_F(Importer, SameInputSameText) {
  std::string first, second;
  mlir::MLIRContext other;
  for (auto [target, where] :
       {std::pair{&first, &context}, {&second, &other}}) {
    auto module = importDecoder(*where, config("qwen3-0.6b"), Workload());
    ASSERT_TRUE(module.ok());
    llvm::raw_string_ostream stream(*target);
    mlir::OpPrintingFlags flags;
    (*module)->getOperation()->print(stream, flags.enableDebugInfo());
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first.find("decoder.rope"), std::string::npos);
}

} // namespace
