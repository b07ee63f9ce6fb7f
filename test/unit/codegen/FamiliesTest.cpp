//===- FamiliesTest.cpp - Refusals, configurations, texts -----------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"

#include "mlir/IR/Location.h"
#include <gtest/gtest.h>

#include <algorithm>

using namespace sinter;
using namespace sinter::codegen;

namespace {

/// What the registry answers for one op.
Verdict verdictOf(const std::string &arguments, const std::string &op) {
  auto module = parseOp(arguments, op);
  Verdict why = Verdict::ok();
  const KernelFamily *family =
      chooseFamily(GroupView::ofOp(findOp(*module)), testDevice(), why);
  EXPECT_EQ(family == nullptr, !why);
  return why;
}

std::string first(const TestOp &test, llvm::StringRef symbol) {
  Verdict why = Verdict::ok();
  const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
  return emitKernelText(test.group, *family,
                        family->enumerate(test.group, testDevice())[0], symbol);
}

} // namespace

TEST(Refusals, NameTheReasonAndTheNumbers) {
  struct Refusal {
    const char *arguments, *op, *message;
  };
  for (const Refusal &r :
       {Refusal{"%x: tensor<17x8xbf16>, %w: tensor<4x8xbf16>",
                "decoder.linear %x by %w : (tensor<17x8xbf16>, "
                "tensor<4x8xbf16>) -> tensor<17x4xbf16>",
                "refused_rows: 17 rows, wanted 1"},
        Refusal{"%x: tensor<2x12xbf16>, %w: tensor<4x12xbf16>",
                "decoder.linear %x by %w : (tensor<2x12xbf16>, "
                "tensor<4x12xbf16>) -> tensor<2x4xbf16>",
                "refused_shape: a width of 12, wanted a multiple of 8"},
        Refusal{"%a: tensor<1x8xf32>", "decoder.add %a, %a : tensor<1x8xf32>",
                "refused_element_type: tensor<1x8xf32>, wanted bf16 (ids: "
                "i32)"},
        Refusal{"%x: tensor<1x65544xbf16>, %g: tensor<65544xbf16>",
                "decoder.rms_norm %x gain %g eps 1.0e-6 : "
                "tensor<1x65544xbf16>, tensor<65544xbf16>",
                "refused_shape: rows of 65544, wanted at most 65536"},
        Refusal{"%q: tensor<1x2x12xbf16>, %c: tensor<1x2x8x12xbf16>, %p: "
                "tensor<1xi32>",
                "decoder.attention %q, %c, %c at %p scale 0.5 : "
                "tensor<1x2x12xbf16>, tensor<1x2x8x12xbf16>, tensor<1xi32>",
                "refused_head_dim: head_dim 12, wanted a multiple of 8 up to "
                "256"},
        Refusal{"%q: tensor<70000x1x8xbf16>, %c: tensor<70000x1x8x8xbf16>, %p: "
                "tensor<70000xi32>",
                "decoder.attention %q, %c, %c at %p scale 0.5 : "
                "tensor<70000x1x8xbf16>, tensor<70000x1x8x8xbf16>, "
                "tensor<70000xi32>",
                "refused_grid_size: 1 x 70000 blocks, wanted at most "
                "2147483647 x 65535"},
        Refusal{"%l: tensor<1x8xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>",
                "decoder.sample %l, %s at %p temperature 0.5 top_k 0 top_p 1.0 "
                ": tensor<1x8xbf16>, tensor<1xi64>, tensor<1xi32>",
                "refused_on_host: sample is drawn by the runtime from the "
                "logits"},
        Refusal{"%a: tensor<4x8xbf16>, %b: tensor<4x8xbf16>",
                "decoder.pack_weights concat(%a, %b) : (tensor<4x8xbf16>, "
                "tensor<4x8xbf16>) -> tensor<8x8xbf16>",
                "refused_at_load_time: pack_weights is a recipe for "
                "loading"}}) {
    const Verdict verdict = verdictOf(r.arguments, r.op);
    ASSERT_FALSE(verdict) << r.op;
    EXPECT_EQ(verdict.message(), r.message);
  }
}

TEST(Refusals, SayWhichFamilyWasAsked) {
  const TestOp test(embedCases()[0]);
  const Verdict verdict = findFamily("gemv")->accepts(test.group, testDevice());
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.message(), "refused_op: decoder.embed");
  EXPECT_EQ(findFamily("nothing"), nullptr);
}

namespace {

/// What the family "gemv" answers for a group.
std::string gemvSays(const std::string &body, const std::string &yielded) {
  GroupCase c;
  c.arguments = "%x: tensor<1x8xbf16>, %w: tensor<16x8xbf16>, %v: "
                "tensor<8x8xbf16>, %g: tensor<8xbf16>, %r: tensor<1x16xbf16>";
  c.body = body;
  c.yielded = yielded;
  const TestGroup test(c, /*filled=*/false);
  return findFamily("gemv")->accepts(test.group, testDevice()).message();
}

} // namespace

TEST(Refusals, OfGemvGroups) {
  const std::string norm = "%n = decoder.rms_norm %x gain %g eps 1.0e-6 : "
                           "tensor<1x8xbf16>, tensor<8xbf16>\n";
  auto linear = [](const std::string &x) {
    return "%y = decoder.linear " + x +
           " by %w : (tensor<1x8xbf16>, tensor<16x8xbf16>) -> "
           "tensor<1x16xbf16>\n";
  };
  EXPECT_EQ(gemvSays(norm + linear("%n"), "%y : tensor<1x16xbf16>"), "ok");
  EXPECT_EQ(gemvSays(norm + linear("%n"),
                     "%y, %n : tensor<1x16xbf16>, tensor<1x8xbf16>"),
            "refused_live_out: live-outs wanted: the result of the last op, "
            "and with argmax the logits");
  EXPECT_EQ(gemvSays(norm + linear("%x") +
                         "%z = decoder.add %y, %r : tensor<1x16xbf16>",
                     "%z : tensor<1x16xbf16>"),
            "refused_op: decoder.rms_norm over something else than the linear "
            "layer's input");
  EXPECT_EQ(gemvSays("%m = decoder.linear %x by %v : (tensor<1x8xbf16>, "
                     "tensor<8x8xbf16>) -> tensor<1x8xbf16>\n" +
                         linear("%m"),
                     "%y : tensor<1x16xbf16>"),
            "refused_group_size: 2 linear layers and 0 ops after them, wanted "
            "one (on one packed weight) and at most one");
  EXPECT_EQ(gemvSays(linear("%x") + "%z = decoder.add %y, %y : "
                                    "tensor<1x16xbf16>",
                     "%z : tensor<1x16xbf16>"),
            "refused_op: decoder.add of something else than the linear layer's "
            "output and a value from outside");
  EXPECT_EQ(gemvSays(linear("%x") + "%z = decoder.swiglu %y, %r : "
                                    "tensor<1x16xbf16>",
                     "%z : tensor<1x16xbf16>"),
            "refused_op: decoder.swiglu of something else than the halves or "
            "the alternating elements of the linear layer's output");
}

TEST(Refusals, OfAttentionGroups) {
  auto says = [](const std::string &arguments, const std::string &body,
                 const std::string &yielded) {
    GroupCase c;
    c.arguments = arguments;
    c.body = body;
    c.yielded = yielded;
    const TestGroup test(c, /*filled=*/false);
    return findFamily("attention_decode")
        ->accepts(test.group, testDevice())
        .message();
  };
  const std::string cache = "tensor<1x1x8x16xbf16>";
  const std::string arguments =
      "%q: tensor<1x16x16xbf16>, %k: tensor<1x1x16xbf16>, %p: tensor<1xi32>, "
      "%o: tensor<1xi32>, %a: " +
      cache + ", %b: " + cache;
  auto append = [&](const char *to, const char *from) {
    return std::string(to) + " = decoder.kv_append %k at %p into " + from +
           " : tensor<1x1x16xbf16>, tensor<1xi32>, " + cache + "\n";
  };
  auto attend = [&](const std::string &operands) {
    return "%y = decoder.attention " + operands +
           " at %p scale 0.5 : tensor<1x16x16xbf16>, " + cache +
           ", tensor<1xi32>\n";
  };
  const std::string y = "tensor<1x16x16xbf16>";
  EXPECT_EQ(says(arguments, append("%c", "%a") + attend("%q, %c, %b"),
                 "%y, %c : " + y + ", " + cache),
            "refused_op: decoder.kv_append of only one of keys and values");
  EXPECT_EQ(says(arguments,
                 append("%c", "%a") + append("%d", "%b") + attend("%q, %c, %d"),
                 "%y : " + y),
            "refused_live_out: live-outs wanted: the attended rows and every "
            "cache that is appended to");
  EXPECT_EQ(says(arguments,
                 append("%c", "%a") + append("%d", "%b") + attend("%q, %c, %d"),
                 "%y, %c, %d : " + y + ", " + cache + ", " + cache),
            "refused_heads: 16 query heads per KV head, wanted at most 8 where "
            "one block appends and attends");
  EXPECT_EQ(says(arguments,
                 "%r = decoder.rope %q at %o theta 1.0e4 : " + y +
                     ", tensor<1xi32>\n" + attend("%r, %a, %b"),
                 "%y : " + y),
            "refused_op: positions that differ between the ops");
}

TEST(Refusals, OfParts) {
  auto says = [](const std::string &arguments, const std::string &body,
                 const std::string &type) {
    GroupCase c;
    c.arguments = arguments;
    c.body = body;
    c.yielded = "%y : " + type;
    const TestGroup test(c, /*filled=*/false);
    return findFamily("row")->accepts(test.group, testDevice()).message();
  };
  auto add = [&](const std::string &at, const std::string &step) {
    return says("%x: tensor<1x64xbf16>, %b: tensor<1x16xbf16>",
                "%a = tensor.extract_slice %x[0, " + at + "] [1, 16] [1, " +
                    step +
                    "] : tensor<1x64xbf16> to tensor<1x16xbf16>\n"
                    "%y = decoder.add %b, %a : tensor<1x16xbf16>",
                "tensor<1x16xbf16>");
  };
  EXPECT_EQ(add("24", "1"), "ok");
  EXPECT_EQ(add("12", "1"),
            "refused_shape: 'rhs' begins at element 12 of its buffer with "
            "stride 1, wanted a multiple of 8 and 1");
  EXPECT_EQ(add("8", "2"),
            "refused_shape: 'rhs' begins at element 8 of its buffer with "
            "stride 2, wanted a multiple of 8 and 1");
  EXPECT_EQ(says("%x: tensor<1x16xbf16>, %g: tensor<64xbf16>",
                 "%a = tensor.extract_slice %g[16] [16] [1] : "
                 "tensor<64xbf16> to tensor<16xbf16>\n"
                 "%y = decoder.rms_norm %x gain %a eps 1.0e-6 : "
                 "tensor<1x16xbf16>, tensor<16xbf16>",
                 "tensor<1x16xbf16>"),
            "refused_shape: 'gain' is a part of its buffer");
}

TEST(Work, OfParts) {
  const GroupCase halves = rowParts()[6];
  ASSERT_EQ(halves.name, "swiglu of two halves");
  const TestGroup test(halves, /*filled=*/false);
  const KernelFamily *family = findFamily("row");
  const auto config = family->enumerate(test.group, testDevice())[0];
  const Work work = family->work(test.group, config, test.workload);
  ASSERT_EQ(work.params.size(), 2u);
  // The parameter is the whole buffer; both halves of it move.
  EXPECT_EQ(work.params[0].count, 1216u);
  EXPECT_EQ(work.params[0].loadedBytes, 2u * 1216);
  EXPECT_EQ(work.params[0].uniqueLoaded, 2u * 1216);
  EXPECT_EQ(work.params[1].storedBytes, 2u * 608);
  EXPECT_NE(emitKernelPage(test.group, *family, config, "k")
                .find("swigluPiece<8>(gate, partOf(gate, 608), y, i);"),
            std::string::npos);
}

TEST(Work, OfSplitAttention) {
  // 8 query heads on 2 KV heads of 128, 1500 positions to 8 streams: 96 for
  // each of 17 splits, the last of which has none.
  const TestGroup test(attentionGroups()[2], /*filled=*/false);
  const Work work = findFamily("attention_decode")
                        ->work(test.group,
                               KernelConfig{{"depth", 4},
                                            {"heads", 4},
                                            {"splits", 17},
                                            {"stages", 1},
                                            {"warps", 4}},
                               test.workload);
  EXPECT_EQ(work.grid[0], 34u);
  // The cache is read once but for the row that is appended: 2 KV heads of 256
  // bytes a row.
  EXPECT_EQ(work.uniqueBytes(ParamClass::Kv), 2u * 512 * (1499 + 1));
  EXPECT_EQ(work.issuedBytes(ParamClass::Kv), 2u * 512 * (1499 + 1));
  // One chunk of 32 rows of each split is on its way before the wait, of the
  // last active one too: it has 60, the newest among them.
  EXPECT_EQ(work.prefetchBytes, 2u * 512 * 16 * 32);
  // 16 active splits of 2 KV heads leave 4 sums of 128 and 4 pairs each.
  EXPECT_EQ(work.params.back().name, "arrivals");
  EXPECT_EQ(work.params.back().storedBytes, 4u * (32 + 2));
  EXPECT_EQ(work.params[work.params.size() - 2].storedBytes, 4u * 32 * 512);
  EXPECT_EQ(work.params[work.params.size() - 3].storedBytes, 4u * 32 * 8);
}

TEST(Work, OfGemvByClass) {
  const TestGroup test(gemvGroups()[0], /*filled=*/false);
  const Work work = findFamily("gemv")->work(
      test.group,
      KernelConfig{{"rows", 4}, {"turns", 1}, {"unroll", 1}, {"warps", 1}},
      test.workload);
  // 777 lines of 448: 195 blocks of 4 lines, each of which reads x and gain.
  EXPECT_EQ(work.grid[0], 195u);
  EXPECT_EQ(work.uniqueBytes(ParamClass::Weights), 2u * (777 * 448 + 448));
  EXPECT_EQ(work.issuedBytes(ParamClass::Weights),
            2u * (777 * 448 + 195 * 448));
  EXPECT_EQ(work.uniqueBytes(ParamClass::Activations), 2u * (448 + 777));
  EXPECT_EQ(work.issuedBytes(ParamClass::Activations), 2u * (195 * 448 + 777));
  EXPECT_EQ(work.issuedBytes(ParamClass::Kv), 0u);
  // 32 lanes request a piece of 8 of each line before they need x; the gain.
  EXPECT_EQ(work.prefetchBytes, 777u * 512 + 448 * 2);
}

TEST(Refusals, OfTwoOps) {
  auto module = parseOp("%a: tensor<1x8xbf16>",
                        "plan.group -> tensor<1x8xbf16> {\n"
                        "    %b = decoder.add %a, %a : tensor<1x8xbf16>\n"
                        "    %c = decoder.add %b, %a : tensor<1x8xbf16>\n"
                        "    plan.yield %c : tensor<1x8xbf16>\n  }");
  plan::GroupOp group;
  module->walk([&](plan::GroupOp op) { group = op; });
  const GroupView view = GroupView::ofBody(*group.getBodyBlock());
  EXPECT_EQ(view.ops().size(), 2u);
  EXPECT_EQ(view.liveIns().size(), 1u);
  Verdict why = Verdict::ok();
  EXPECT_EQ(chooseFamily(view, testDevice(), why), nullptr);
  EXPECT_EQ(why.message(), "refused_group_size: 2 ops, wanted 1");
}

TEST(Registry, HasTheDocumentedOrder) {
  std::vector<std::string> names;
  for (const KernelFamily *family : kernelFamilies()) {
    names.push_back(family->name().str());
    EXPECT_EQ(findFamily(family->name()), family);
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "embed", "row", "gemv", "kv_append", "attention_decode",
                       "argmax", "row_chain", "attention_prefill", "skinny"}));
}

TEST(GroupView, LooksThroughReshapes) {
  auto module = parseOp(
      "%x: tensor<1x128xbf16>, %g: tensor<32xbf16>",
      "plan.single -> tensor<1x128xbf16> {\n"
      "    %e = tensor.expand_shape %x [[0], [1, 2]] output_shape [1, 4, 32] "
      ": tensor<1x128xbf16> into tensor<1x4x32xbf16>\n"
      "    %n = decoder.rms_norm %e gain %g eps 1.0e-6 : "
      "tensor<1x4x32xbf16>, tensor<32xbf16>\n"
      "    %c = tensor.collapse_shape %n [[0], [1, 2]] : tensor<1x4x32xbf16> "
      "into tensor<1x128xbf16>\n"
      "    plan.yield %c : tensor<1x128xbf16>\n  }");
  plan::SingleOp single;
  module->walk([&](plan::SingleOp op) { single = op; });
  const GroupView view = GroupView::ofBody(*single.getBodyBlock());
  ASSERT_TRUE(view.singleOp());
  EXPECT_EQ(view.liveInIndex(view.singleOp()->getOperand(0)), 0u);
  EXPECT_EQ(view.source(view.liveOuts()[0]), view.singleOp()->getResult(0));
  Verdict why = Verdict::ok();
  const KernelFamily *family = chooseFamily(view, testDevice(), why);
  ASSERT_TRUE(family) << why.message();
  const Work work =
      family->work(view, family->enumerate(view, testDevice())[0], Workload{});
  ASSERT_EQ(work.params.size(), 3u);
  EXPECT_EQ(work.params[0].name, "x");
  EXPECT_EQ(work.params[1].name, "gain");
  EXPECT_EQ(work.params[2].name, "y");
  EXPECT_EQ(work.params[2].liveOut, 0u);
  EXPECT_EQ(work.params[0].loadedBytes, 256u);
  // The gain is read once for each of the four heads.
  EXPECT_EQ(work.params[1].loadedBytes, 256u);
  EXPECT_EQ(work.params[2].storedBytes, 256u);
}

TEST(GroupView, LooksThroughRegularSlices) {
  auto module = parseOp(
      "%x: tensor<1x96xbf16>, %y: tensor<4x6xbf16>",
      "plan.group -> tensor<1x8xbf16> {\n"
      "%a = tensor.extract_slice %x[0, 32] [1, 64] [1, 1] : "
      "tensor<1x96xbf16> to tensor<1x64xbf16>\n"
      "%e = tensor.expand_shape %a [[0], [1, 2]] output_shape [1, 4, 16] : "
      "tensor<1x64xbf16> into tensor<1x4x16xbf16>\n"
      "%h = tensor.extract_slice %e[0, 2, 0] [1, 1, 16] [1, 1, 1] : "
      "tensor<1x4x16xbf16> to tensor<1x1x16xbf16>\n"
      "%c = tensor.collapse_shape %h [[0], [1, 2]] : tensor<1x1x16xbf16> into "
      "tensor<1x16xbf16>\n"
      "%s = tensor.extract_slice %c[0, 1] [1, 8] [1, 2] : tensor<1x16xbf16> "
      "to tensor<1x8xbf16>\n"
      "%odd = tensor.extract_slice %y[0, 0] [2, 4] [1, 1] : tensor<4x6xbf16> "
      "to tensor<2x4xbf16>\n"
      "%o = tensor.collapse_shape %odd [[0, 1]] : tensor<2x4xbf16> into "
      "tensor<8xbf16>\n"
      "%i = tensor.expand_shape %o [[0, 1]] output_shape [1, 8] : "
      "tensor<8xbf16> into tensor<1x8xbf16>\n"
      "%z = decoder.add %s, %i : tensor<1x8xbf16>\n"
      "%t = decoder.add %z, %s : tensor<1x8xbf16>\n"
      "plan.yield %t : tensor<1x8xbf16>\n}");
  plan::GroupOp group;
  module->walk([&](plan::GroupOp op) { group = op; });
  const GroupView view = GroupView::ofBody(*group.getBodyBlock());
  ASSERT_EQ(view.ops().size(), 2u);
  const BufferView slice = view.view(view.ops()[0]->getOperand(0));
  EXPECT_EQ(slice.base, view.liveIns()[0]);
  EXPECT_EQ(slice.offset, 32 + 2 * 16 + 1);
  EXPECT_EQ(slice.stride, 2);
  EXPECT_FALSE(slice.whole);
  // Two rows of four out of six: no single distance.
  EXPECT_FALSE(view.liveInIndex(view.ops()[0]->getOperand(1)));
  EXPECT_EQ(view.producer(view.ops()[1]->getOperand(0)), view.ops()[0]);
  EXPECT_EQ(view.producer(view.ops()[1]->getOperand(1)), nullptr);
}

TEST(GroupView, TiesTheCacheToItsArgument) {
  const TestOp test(kvAppendCases()[0]);
  EXPECT_EQ(test.group.tiedLiveIn(0), 2u);
  const KernelFamily *family = findFamily("kv_append");
  const Work work =
      family->work(test.group, family->enumerate(test.group, testDevice())[0],
                   test.workload);
  ASSERT_EQ(work.params.size(), 3u);
  EXPECT_EQ(work.params[2].access, plan::Access::InOut);
  EXPECT_EQ(work.params[2].liveIn, 2u);
  EXPECT_EQ(work.params[2].liveOut, 0u);
  EXPECT_EQ(work.params[2].loadedBytes, 0u);
  EXPECT_EQ(work.params[2].storedBytes, 128u);
}

TEST(KernelConfig, IsTheAttribute) {
  const KernelConfig config({{"warps", 4}, {"rows", 2}});
  EXPECT_EQ(config.text(), "rows = 2, warps = 4");
  EXPECT_EQ(config.get("warps"), 4);
  mlir::MLIRContext context;
  mlir::DictionaryAttr attribute = config.attribute(&context);
  EXPECT_EQ(KernelConfig::fromAttribute(attribute), config);
  auto wrong = mlir::DictionaryAttr::get(
      &context, mlir::NamedAttribute(mlir::StringAttr::get(&context, "rows"),
                                     mlir::UnitAttr::get(&context)));
  EXPECT_EQ(KernelConfig::fromAttribute(wrong), std::nullopt);
}

TEST(Configurations, AreDistinctAndFitTheDevice) {
  for (const std::vector<OpCase> &cases : caseLists()) {
    for (const OpCase &opCase : cases) {
      SCOPED_TRACE(opCase.name);
      const TestOp test(opCase);
      Verdict why = Verdict::ok();
      const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
      ASSERT_TRUE(family) << why.message();
      std::vector<std::string> seen;
      for (const KernelConfig &config :
           family->enumerate(test.group, testDevice())) {
        EXPECT_EQ(std::ranges::count(seen, config.text()), 0) << config.text();
        seen.push_back(config.text());
        const Work work = family->work(test.group, config, test.workload);
        EXPECT_EQ(work.block[0] % 32, 0u);
        EXPECT_LE(work.block[0], 1024u);
        EXPECT_LE(work.sharedBytes,
                  testDevice().limits.sharedBytesPerBlock.value);
        EXPECT_GE(work.bounds.blocksPerSm, 1u);
        EXPECT_LE(work.bounds.registers * work.block[0] *
                      work.bounds.blocksPerSm,
                  65536u);
        EXPECT_LE(work.bounds.registers, 255u);
        EXPECT_LE(work.block[0] * work.bounds.blocksPerSm, 2048u);
      }
      EXPECT_FALSE(seen.empty());
    }
  }
}

TEST(Texts, AreReproducible) {
  for (const std::vector<OpCase> &cases : caseLists()) {
    const OpCase &opCase = cases.front();
    EXPECT_EQ(first(TestOp(opCase), "k"), first(TestOp(opCase), "k"));
  }
}

// Equal ops of two layers share one kernel, so nothing of the layer may show.
TEST(Texts, DoNotNameTheLayer) {
  const TestOp one(linearCases()[0]);
  const TestOp other(linearCases()[0]);
  auto name = [](const TestOp &test, const char *location) {
    mlir::MLIRContext *context = test.op->getContext();
    test.op->setLoc(
        mlir::NameLoc::get(mlir::StringAttr::get(context, location)));
  };
  name(one, "layers.3.q_proj");
  name(other, "layers.17.q_proj");
  EXPECT_EQ(first(one, "k"), first(other, "k"));
  EXPECT_TRUE(llvm::StringRef(first(one, "k"))
                  .starts_with("// decoder.linear q_proj: 1x448xbf16, "
                               "777x448xbf16 -> 1x777xbf16\n"));
  name(other, "lm_head");
  EXPECT_NE(first(one, "k"), first(other, "k"));
}

// The pieces of the library stay small: a kernel is a page, not a volume.
TEST(Texts, StayAPage) {
  for (const std::vector<OpCase> &cases : caseLists()) {
    for (const OpCase &opCase : cases) {
      const TestOp test(opCase);
      Verdict why = Verdict::ok();
      const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
      const std::string page =
          emitKernelPage(test.group, *family,
                         family->enumerate(test.group, testDevice())[0], "k");
      EXPECT_LE(std::ranges::count(page, '\n'), 60) << page;
      for (llvm::StringRef rest = page; !rest.empty();) {
        auto [line, tail] = rest.split('\n');
        EXPECT_LE(line.size(), 80u) << line.str();
        rest = tail;
      }
    }
  }
}
