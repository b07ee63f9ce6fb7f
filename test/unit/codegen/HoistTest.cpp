//===- HoistTest.cpp - What the assembler leaves before the wait ----------===//
//
// Loads that the text has before waitForProducers() must stand before it in the
// machine's code too: ptxas may move some across. Needs NVRTC and nvdisasm
// ($SINTER_NVDISASM, else of PATH or of /usr/local/cuda/bin), no GPU.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitAdvance.h"
#include "codegen/EmitKernel.h"
#include "runtime/cuda/Nvrtc.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <regex>
#include <unistd.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

/// What `command` prints; nothing if it fails.
std::optional<std::string> outputOf(const std::string &command) {
  FILE *pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) {
    return std::nullopt;
  }
  std::string text;
  char piece[4096];
  for (size_t n; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) {
    text.append(piece, n);
  }
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

std::optional<std::string> findDisassembler() {
  const char *asked = std::getenv("SINTER_NVDISASM");
  for (const std::string &file :
       {std::string(asked ? asked : ""), std::string("nvdisasm"),
        std::string("/usr/local/cuda/bin/nvdisasm")}) {
    if (!file.empty() && outputOf("'" + file + "' --version")) {
      return file;
    }
  }
  return std::nullopt;
}

/// Instructions of one kernel by name ("LDG.E.128"), in the order of addresses,
/// around the first wait.
struct Code {
  std::vector<std::string> before, after;

  static size_t count(const std::vector<std::string> &part,
                      const std::string &prefix) {
    return static_cast<size_t>(
        std::ranges::count_if(part, [&](const std::string &name) {
          return name.starts_with(prefix);
        }));
  }
};

class Hoisted : public testing::Test {
protected:
  void SetUp() override {
    auto opened = cuda::Nvrtc::open();
    if (!opened) {
      GTEST_SKIP() << opened.error().message();
    }
    nvrtc = *opened;
    disassembler = findDisassembler();
    if (!disassembler) {
      GTEST_SKIP() << "no nvdisasm: set SINTER_NVDISASM to it";
    }
  }

  Code codeOf(const std::string &text) const {
    Code code;
    auto built = nvrtc->compile(text, "k", "sm_90a");
    if (!built) {
      ADD_FAILURE() << built.error().message();
      return code;
    }
    const std::string file =
        testing::TempDir() + "hoist." + std::to_string(getpid()) + ".cubin";
    std::ofstream(file, std::ios::binary) << built->cubin;
    const auto listing = outputOf("'" + *disassembler + "' -c '" + file + "'");
    std::remove(file.c_str());
    EXPECT_TRUE(listing) << "nvdisasm refuses the cubin";
    // "/*0120*/  @!P0 LDG.E R2, desc[UR4][R6.64] ;"
    static const std::regex line(
        R"(/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P[T0-9]+\s+)?([A-Z][A-Z0-9_.]*))");
    bool waited = false;
    const std::string all = listing.value_or("");
    for (std::sregex_iterator at(all.begin(), all.end(), line), end; at != end;
         ++at) {
      const std::string name = (*at)[1];
      waited |= name == "ACQBULK";
      (waited ? code.after : code.before).push_back(name);
    }
    EXPECT_TRUE(waited) << "no wait";
    return code;
  }

  std::shared_ptr<const cuda::Nvrtc> nvrtc;
  std::optional<std::string> disassembler;
};

/// Its default configuration.
struct Printed {
  Printed(const GroupCase &groupCase) : test(groupCase, /*filled=*/false) {
    Verdict why = Verdict::ok();
    const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
    EXPECT_TRUE(family) << why.message();
    config = family->enumerate(test.group, testDevice()).front();
    text = emitKernelText(test.group, *family, config, "k");
  }
  TestGroup test;
  KernelConfig config;
  std::string text;
};

/// Nothing that others may see happens before the wait, and the next kernel is
/// let in before it.
void expectHarmless(const Code &code) {
  for (const char *name : {"STG", "RED", "ATOM"}) {
    EXPECT_EQ(Code::count(code.before, name), 0u) << name;
  }
  EXPECT_EQ(Code::count(code.before, "PREEXIT"), 1u);
}

TEST_F(Hoisted, WeightsOfGemv) {
  // Of Qwen3-0.6B: a kernel takes NVRTC a tenth of a second or more.
  std::vector<GroupCase> groups = publishedGroups();
  groups.resize(4);
  for (const GroupCase &groupCase : groups) {
    SCOPED_TRACE(groupCase.name);
    const Printed kernel(groupCase);
    const bool pairs = groupCase.body.find("swiglu") != std::string::npos;
    const bool norm = groupCase.body.find("rms_norm") != std::string::npos;
    const auto asked =
        static_cast<size_t>(kernel.config.get("rows") * (pairs ? 2 : 1) *
                            kernel.config.get("unroll"));
    const Code code = codeOf(kernel.text);
    expectHarmless(code);
    EXPECT_EQ(Code::count(code.before, "LDG.E.NA.128"), asked);
    // The gain before the wait, the row behind it; each as one access.
    EXPECT_EQ(Code::count(code.before, "LDG.E.128") > 0, norm);
    EXPECT_GT(Code::count(code.after, "LDG.E.128"), 0u);
  }
}

TEST_F(Hoisted, WeightsOfSkinny) {
  std::vector<GroupCase> groups = publishedSkinnyGroups();
  groups.resize(4);
  for (const GroupCase &groupCase : groups) {
    SCOPED_TRACE(groupCase.name);
    const Printed kernel(groupCase);
    const KernelConfig &config = kernel.config;
    const auto width = mlir::cast<mlir::RankedTensorType>(
                           kernel.test.group.liveIns().front().getType())
                           .getDimSize(1);
    // A piece of each octet and chunk; all of these divide evenly.
    const auto asked = static_cast<size_t>(
        std::min<int64_t>(config.get("lines") / 8, 2) * width /
        (32 * config.get("warps") * config.get("slices")));
    const Code code = codeOf(kernel.text);
    expectHarmless(code);
    EXPECT_EQ(Code::count(code.before, "LDG.E.NA.128"), asked);
    EXPECT_GT(Code::count(code.after, "LDG.E.128"), 0u);
    EXPECT_GT(Code::count(code.after, "HMMA.16816.F32.BF16"), 0u);
  }
}

/// A kernel that waits first is told apart.
TEST_F(Hoisted, MutantThatWaitsFirst) {
  std::string late = Printed(publishedGroups().front()).text;
  const size_t at = late.find("  requestStep<S>(weight, row, 0, weights);\n");
  ASSERT_NE(at, std::string::npos);
  late.insert(at, "  waitForProducers();\n");
  EXPECT_EQ(Code::count(codeOf(late).before, "LDG.E.NA.128"), 0u);
}

TEST_F(Hoisted, CacheOfAttention) {
  std::vector<GroupCase> groups = publishedAttentionGroups();
  groups.resize(2);
  for (const GroupCase &groupCase : groups) {
    SCOPED_TRACE(groupCase.name);
    const Printed kernel(groupCase);
    const Code code = codeOf(kernel.text);
    expectHarmless(code);
    // Keys and values of every chunk.
    EXPECT_EQ(Code::count(code.before, "LDG.E.NA.128"),
              static_cast<size_t>(2 * kernel.config.get("depth") *
                                  kernel.config.get("stages")));
  }
}

TEST_F(Hoisted, AllButTheTokenOfAdvance) {
  const Code code = codeOf(emitAdvanceText({1, 4096, 4096}, "k"));
  expectHarmless(code);
  // Row, stop, id, position and the end ids; the token.
  EXPECT_EQ(Code::count(code.before, "LDG"), 4 + advanceEnds);
  EXPECT_EQ(Code::count(code.after, "LDG"), 1u);
}

} // namespace
