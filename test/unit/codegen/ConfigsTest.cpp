//===- ConfigsTest.cpp - Configurations that people ask for ---------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "ir/target/DeviceSpec.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

/// What `family` says to `text` on `device`; "ok" or the verdict.
std::string answer(const TestGroup &test, const std::string &text,
                   const DeviceSpec &device = testDevice()) {
  Verdict why = Verdict::ok();
  const KernelFamily *family = chooseFamily(test.group, device, why);
  EXPECT_TRUE(family) << why.message();
  std::optional<KernelConfig> config = KernelConfig::parse(text);
  EXPECT_TRUE(config) << text;
  return family->admits(test.group, *config, device).message();
}

/// [norm ->] linear of 1,024 inputs and 4,096 outputs.
TestGroup qkv() {
  GroupCase c;
  c.arguments = "%x: tensor<1x1024xbf16>, %w: tensor<4096x1024xbf16>";
  c.body = "%y = decoder.linear %x by %w : (tensor<1x1024xbf16>, "
           "tensor<4096x1024xbf16>) -> tensor<1x4096xbf16>";
  c.yielded = "%y : tensor<1x4096xbf16>";
  return TestGroup(c, /*filled=*/false);
}

} // namespace

TEST(KernelConfig, TextIsParsed) {
  const KernelConfig config{{"warps", 4}, {"rows", 16}};
  EXPECT_EQ(config.text(), "rows = 16, warps = 4");
  for (const char *text :
       {"rows = 16, warps = 4", "warps=4;rows=16", " warps=4 rows = 16 ;"}) {
    EXPECT_EQ(KernelConfig::parse(text), config) << text;
  }
  EXPECT_EQ(KernelConfig::parse("x = -1"), (KernelConfig{{"x", -1}}));
  for (const char *text :
       {"", " ", "rows", "rows =", "rows = x", "rows = 4x", "rows 4", "= 4",
        "rows = 4, rows = 4", "rows = 99999999999999999999", "a.b = 1"}) {
    EXPECT_FALSE(KernelConfig::parse(text)) << text;
  }
}

/// All that families enumerate is admitted, and its text says it.
TEST(KernelConfig, EnumeratedOnesAreAdmitted) {
  size_t count = 0;
  for (const auto &cases :
       {gemvGroups(), attentionGroups(), rowParts(), publishedAttentionGroups(),
        publishedGroups(), skinnyGroups(), publishedSkinnyGroups()}) {
    for (const GroupCase &groupCase : cases) {
      SCOPED_TRACE(groupCase.name);
      const TestGroup test(groupCase, /*filled=*/false);
      Verdict why = Verdict::ok();
      const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
      ASSERT_TRUE(family) << why.message();
      for (const KernelConfig &config :
           family->enumerate(test.group, testDevice())) {
        EXPECT_EQ(KernelConfig::parse(config.text()), config);
        EXPECT_TRUE(family->admits(test.group, config, testDevice()))
            << config.text();
        ++count;
      }
    }
  }
  EXPECT_GT(count, 100u);
}

TEST(KernelConfig, GemvSaysWhatItCannotBe) {
  const TestGroup test = qkv();
  EXPECT_EQ(answer(test, "rows=8 turns=5 unroll=1 warps=4"), "ok");
  EXPECT_EQ(answer(test, "rows=8 warps=4"),
            "refused_configuration: 'rows = 8, warps = 4', wanted rows, turns, "
            "unroll and warps, perhaps late");
  EXPECT_EQ(answer(test, "rows=3 turns=1 unroll=1 warps=4"),
            "refused_configuration: 'rows = 3, turns = 1, unroll = 1, warps = "
            "4', wanted rows of a power of two up to 16");
  EXPECT_EQ(answer(test, "rows=32 turns=1 unroll=1 warps=4"),
            "refused_configuration: 'rows = 32, turns = 1, unroll = 1, warps "
            "= 4', wanted rows of a power of two up to 16");
  EXPECT_EQ(answer(test, "rows=8 turns=0 unroll=1 warps=4"),
            "refused_configuration: 'rows = 8, turns = 0, unroll = 1, warps = "
            "4', wanted 1 to 512 turns");
  EXPECT_EQ(answer(test, "rows=8 turns=1 unroll=2 warps=4"),
            "refused_configuration: 'rows = 8, turns = 1, unroll = 2, warps = "
            "4', wanted an unroll of 1 to 1");
  EXPECT_EQ(answer(test, "rows=8 turns=1 unroll=1 warps=33"),
            "refused_configuration: 'rows = 8, turns = 1, unroll = 1, warps = "
            "33', wanted 1 to 32 warps");
  DeviceSpec small = testDevice();
  small.limits.registersPerSm.value = 8192;
  EXPECT_EQ(answer(test, "rows=16 turns=1 unroll=1 warps=4", small),
            "refused_registers: 15360 registers for a block of 128 threads, "
            "wanted at most 8192");
}

/// Consumers are let in before the wait, or with late = 1 behind it.
TEST(KernelConfig, LateLetsConsumersInBehindTheWait) {
  const TestGroup linear = qkv();
  EXPECT_EQ(answer(linear, "late=1 rows=8 turns=1 unroll=1 warps=4"), "ok");
  EXPECT_EQ(answer(linear, "late=2 rows=8 turns=1 unroll=1 warps=4"),
            "refused_configuration: 'late = 2, rows = 8, turns = 1, unroll = "
            "1, warps = 4', wanted late of 0 or 1");
  Verdict why = Verdict::ok();
  const KernelFamily *gemv = chooseFamily(linear.group, testDevice(), why);
  ASSERT_TRUE(gemv) << why.message();
  auto text = [](const TestGroup &test, const KernelFamily &family,
                 const KernelConfig &config) {
    return emitKernelText(test.group, family, config, "kernel");
  };
  const KernelConfig early{
      {"rows", 8}, {"turns", 1}, {"unroll", 1}, {"warps", 4}};
  const KernelConfig late{
      {"late", 1}, {"rows", 8}, {"turns", 1}, {"unroll", 1}, {"warps", 4}};
  EXPECT_NE(text(linear, *gemv, early).find("kTurns, 0>;"), std::string::npos);
  EXPECT_NE(text(linear, *gemv, late).find("kTurns, 0, true>;"),
            std::string::npos);

  const TestGroup fused(publishedAttentionGroups().front(), /*filled=*/false);
  const KernelFamily *attention = chooseFamily(fused.group, testDevice(), why);
  ASSERT_TRUE(attention) << why.message();
  const std::string first =
      attention->enumerate(fused.group, testDevice()).front().text();
  for (bool behind : {false, true}) {
    auto config =
        KernelConfig::parse(first + ", late = " + (behind ? "1" : "0"));
    ASSERT_TRUE(config);
    ASSERT_TRUE(attention->admits(fused.group, *config, testDevice()));
    const std::string body = text(fused, *attention, *config);
    EXPECT_EQ(body.rfind("  allowConsumers();\n") >
                  body.rfind("  waitForProducers();\n"),
              behind);
  }
}

TEST(KernelConfig, AttentionSaysWhatItCannotBe) {
  for (const GroupCase &groupCase : publishedAttentionGroups()) {
    const TestGroup test(groupCase, /*filled=*/false);
    Verdict why = Verdict::ok();
    const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
    ASSERT_TRUE(family) << why.message();
    const KernelConfig first =
        family->enumerate(test.group, testDevice()).front();
    auto with = [&](llvm::StringRef name, int64_t value) {
      std::string text;
      for (const auto &[key, number] : first.entries()) {
        text += key + "=" + std::to_string(key == name ? value : number) + ";";
      }
      return answer(test, text);
    };
    auto ends = [](const std::string &text, const char *end) {
      return llvm::StringRef(text).starts_with("refused_configuration: ") &&
             llvm::StringRef(text).ends_with(end);
    };
    EXPECT_TRUE(ends(with("stages", 0), "wanted 1 to 8 stages"));
    EXPECT_TRUE(ends(with("splits", 65), "wanted 1 to 64 splits"));
    EXPECT_TRUE(ends(with("warps", 3), "wanted warps of a power of two up to "
                                       "32"));
    EXPECT_NE(with("heads", 0), "ok");
    EXPECT_NE(with("depth", 3), "ok");
    // A block of 32 warps has too few registers for a thread.
    EXPECT_TRUE(llvm::StringRef(with("warps", 32)).starts_with("refused_"));
    EXPECT_TRUE(ends(answer(test, "rows = 1"),
                     "wanted depth, heads, splits, stages and warps, perhaps "
                     "late"));
  }
}
