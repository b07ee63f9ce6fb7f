//===- FusedMutantsTest.cpp - Defects of fused kernels must show ----------===//
//
// One change each to the text of a fused kernel: a barrier dropped, an index
// off by one, a rounding left out, a counter not reset. The checked host device
// must report it, or miss the count of work(), or the bits must differ from the
// right kernel's, on two launches (a replay) under three schedules. How a
// mutant is caught is written beside it.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::codegen;

namespace {

struct Mutant {
  const char *name;
  const char *find; ///< occurs once in the whole text
  const char *replacement;
  std::string caught; ///< "SIN4003", "counts" or "values"
};

/// The text with `find` replaced.
std::string mutated(const std::string &text, const Mutant &mutant) {
  const std::string find = mutant.find;
  const size_t at = text.find(find);
  EXPECT_NE(at, std::string::npos) << mutant.find;
  EXPECT_EQ(text.find(find, at + 1), std::string::npos) << mutant.find;
  return text.substr(0, at) + mutant.replacement +
         text.substr(at + find.size());
}

constexpr unsigned launches = 2;

/// What shows that a run is wrong: the code of its error, "counts", "values",
/// or "nothing".
std::string faultOf(const Result<GroupRun> &run, const Work &work,
                    const std::vector<HostTensor> &right) {
  if (!run) {
    return errorCodeName(run.error().code);
  }
  for (size_t i = 0; i < work.params.size(); ++i) {
    if (run->traffic[i].loaded != launches * work.params[i].loadedBytes ||
        run->traffic[i].stored != launches * work.params[i].storedBytes) {
      return "counts";
    }
  }
  for (size_t i = 0; i < right.size(); ++i) {
    if (!std::ranges::equal(run->outputs[i].bytes(), right[i].bytes())) {
      return "values";
    }
  }
  return "nothing";
}

/// The first configuration that has at least `least` for `key`.
KernelConfig configWith(const TestGroup &test, const KernelFamily &family,
                        llvm::StringRef key, int64_t least) {
  for (const KernelConfig &config :
       family.enumerate(test.group, testDevice())) {
    if (config.get(key) >= least) {
      return config;
    }
  }
  ADD_FAILURE() << "no " << key.str() << " of " << least;
  return family.enumerate(test.group, testDevice()).front();
}

/// All mutants of the kernel of a group.
void expectCaught(const TestGroup &test, const KernelConfig &config,
                  const std::vector<Mutant> &mutants) {
  Verdict why = Verdict::ok();
  const KernelFamily *family = chooseFamily(test.group, testDevice(), why);
  ASSERT_TRUE(family) << why.message();
  const Work work = family->work(test.group, config, test.workload);
  const std::string text =
      emitKernelText(test.group, *family, config, "kernel");
  std::vector<KernelSource> sources = {sourceOf(work, text)};
  for (const Mutant &mutant : mutants) {
    sources.push_back(sourceOf(work, mutated(text, mutant)));
  }
  std::vector<HostTensor> right;
  std::vector<std::string> caught(mutants.size(), "nothing");
  for (uint64_t seed : {1, 2, 3}) {
    std::unique_ptr<Device> device = makeHostDevice(true, seed);
    auto kernels = device->loadKernels(sources);
    ASSERT_TRUE(kernels) << kernels.error().message();
    auto run = runGroup(*device, kernels->front(), test, work, launches);
    ASSERT_TRUE(run) << run.error().message();
    if (right.empty()) {
      right = run->outputs;
    }
    EXPECT_EQ(faultOf(run, work, right), "nothing");
    for (size_t i = 0; i < mutants.size(); ++i) {
      if (caught[i] == "nothing") {
        caught[i] =
            faultOf(runGroup(*device, (*kernels)[i + 1], test, work, launches),
                    work, right);
      }
    }
  }
  for (size_t i = 0; i < mutants.size(); ++i) {
    EXPECT_EQ(caught[i], mutants[i].caught) << mutants[i].name;
  }
}

GroupCase groupNamed(const std::vector<GroupCase> &groups,
                     const std::string &name) {
  const auto group = std::ranges::find(groups, name, &GroupCase::name);
  EXPECT_NE(group, groups.end()) << name;
  return *group;
}

/// A linear layer on ones, with weights of 0 but for the first two of some
/// lines.
struct LineWeights {
  int64_t line;
  float first;
  float second;
};
TestGroup withLogits(const std::string &name,
                     const std::vector<LineWeights> &lines) {
  TestGroup test(groupNamed(gemvGroups(), name));
  const std::vector<int64_t> shape = test.inputs[1].shape();
  std::vector<float> weights(shape[0] * shape[1]);
  for (const LineWeights &line : lines) {
    weights[line.line * shape[1]] = line.first;
    weights[line.line * shape[1] + 1] = line.second;
  }
  test.inputs[0] = HostTensor::fromFloats(DType::BF16, {1, shape[1]},
                                          std::vector<float>(shape[1], 1.0f));
  test.inputs[1] = HostTensor::fromFloats(DType::BF16, shape, weights);
  return test;
}

/// The group of that name, in its first configuration that has at least `least`
/// for `key`.
void expectGemvCaught(const std::string &name, llvm::StringRef key,
                      int64_t least, const std::vector<Mutant> &mutants) {
  const TestGroup test(groupNamed(gemvGroups(), name));
  expectCaught(test, configWith(test, *findFamily("gemv"), key, least),
               mutants);
}

} // namespace

TEST(FusedMutants, NormBeforeGemv) {
  expectGemvCaught(
      "norm, linear tensor<777x448xbf16>", "warps", 2,
      {{"the sum of squares before all warps have left theirs",
        "    blockBarrier();\n    float sum = load(parts, 0);",
        "    float sum = load(parts, 0);", "SIN4006"},
       {"the sums of products before all warps have left theirs",
        "    leaveSums<S>(sums, buffer);\n    blockBarrier();",
        "    leaveSums<S>(sums, buffer);", "SIN4006"},
       {"a neighbour's gain", "loadShare(gain, 0, threadIndex(), gains);",
        "loadShare(gain, 0, threadIndex() ^ 1, gains);", "values"},
       {"normalised without a rounding",
        "roundBf16(at(row.held[n], k) * scale)", "(at(row.held[n], k) * scale)",
        "values"},
       {"the mean over the threads", "sum / static_cast<float>(Width) + eps",
        "sum / static_cast<float>(32 * Warps) + eps", "values"},
       {"a gain requested twice", "  MEMBER void request() { loadShare",
        "  MEMBER void request() { if (blockIndex() == 0) {"
        " loadShare(gain, 0, threadIndex(), gains); } loadShare",
        "counts"}});
}

TEST(FusedMutants, ResidualAndBiasBehindGemv) {
  expectGemvCaught(
      "linear tensor<37x100xbf16> with bias, residual", "rows", 2,
      {{"a neighbour's residual", "toFloat(load(residual, i))",
        "toFloat(load(residual, i == 0 ? 1 : i))", "values"},
       {"the sum rounded once", "toBf16(roundBf16(y) + before)",
        "toBf16(y + before)", "values"},
       {"the next line's bias", "toFloat(load(bias, line))",
        "toFloat(load(bias, line + 1))", "SIN4001"},
       {"outputs of no line", "return S::full || row + output < S::Outputs;",
        "return true;", "SIN4001"},
       {"the last output missing",
        "return S::full || row + output < S::Outputs;",
        "return row + output < S::Outputs - 1;", "SIN4006"}});
}

TEST(FusedMutants, TurnsOfGemv) {
  expectGemvCaught(
      "norm, linear tensor<777x448xbf16>", "turns", 2,
      {{"both turns' sums in one buffer",
        "const int buffer = turn % S::buffers;", "const int buffer = 0;",
        "SIN4003"},
       {"the first batch twice", "requestStep<S>(weight, next, 0, weights);",
        "requestStep<S>(weight, row, 0, weights);", "values"},
       {"a batch too few", "const bool more = turn + 1 < S::Turns &&",
        "const bool more = turn + 2 < S::Turns &&", "SIN4006"}});
}

TEST(FusedMutants, SwigluBehindGemv) {
  expectGemvCaught(
      "norm, linear tensor<272x136xbf16>, swiglu of halves", "rows", 2,
      {{"gate and up exchanged", "j + second * S::rows",
        "j + !second * S::rows", "values"},
       {"up from one line before", "row + r + (S::Pair - S::rows)",
        "row + r + (S::Pair - S::rows - 1)", "values"},
       {"gate without its rounding", "roundBf16(siluF(roundBf16(gate)))",
        "roundBf16(siluF(gate))", "values"},
       {"up without its rounding",
        "roundBf16(siluF(roundBf16(gate))) * roundBf16(up)",
        "roundBf16(siluF(roundBf16(gate))) * up", "values"}});
  expectGemvCaught("norm, linear tensor<200x448xbf16>, swiglu of pairs", "rows",
                   2,
                   {{"halves taken for pairs", ": 2 * j + second;",
                     ": j + second * S::rows;", "SIN4001"}});
}

TEST(FusedMutants, ArgmaxBehindGemv) {
  expectGemvCaught(
      "linear tensor<777x136xbf16>, argmax below 0", "rows", 1,
      {{"a counter that nobody resets", "addRelaxed(arrivals, i, 0u - blocks);",
        "", "SIN4006"},
       {"a counter reset to one", "addRelaxed(arrivals, i, 0u - blocks);",
        "addRelaxed(arrivals, i, 1u - blocks);", "SIN4003"},
       {"the last but one to arrive", "return load(before, 0) == blocks - 1;",
        "return load(before, 0) == blocks - 2;", "SIN4003"},
       {"the last block's part left out",
        "if (first + n * threads < gridSize()) {\n        candidates",
        "if (first + n * threads < gridSize() - 1) {\n        candidates",
        "counts"},
       {"everybody's arrival read before it is known",
        "  blockBarrier();\n  return load(before, 0)",
        "  return load(before, 0)", "SIN4006"},
       {"the index of the output before",
        "takeBetter(roundBf16(y), static_cast<i32>(i), best, index);",
        "takeBetter(roundBf16(y), static_cast<i32>(i) - 1, best, index);",
        "values"}});
  // 257 rounds to 256: a tie, which the lower index wins.
  const TestGroup tie =
      withLogits("linear tensor<777x136xbf16>, argmax below 0",
                 {{10, 256.0f, 0.0f}, {20, 256.0f, 1.0f}});
  expectCaught(
      tie, configWith(tie, *findFamily("gemv"), "rows", 1),
      {{"logits compared before their rounding",
        "takeBetter(roundBf16(y), static_cast<i32>(i), best, index);",
        "takeBetter(y, static_cast<i32>(i), best, index);", "values"}});
  const TestGroup above = withLogits("linear tensor<5x37xbf16>, argmax below 1",
                                     {{0, 1.0f, 0.0f}, {1, 2.0f, 0.0f}});
  expectCaught(above, configWith(above, *findFamily("gemv"), "rows", 1),
               {{"the limit itself", "if (i < Limit) {", "if (i <= Limit) {",
                 "values"}});
}

TEST(FusedMutants, NormBeforeSkinny) {
  const TestGroup test(
      groupNamed(skinnyGroups(), "8 rows, norm, linear tensor<64x1024xbf16>"));
  expectCaught(
      test, {{"lines", 16}, {"slices", 1}, {"turns", 2}, {"warps", 4}},
      {{"the sum of squares before all warps have left theirs",
        "    blockBarrier();\n    UNROLL for (int half = 0; half < S::halves; "
        "++half) {\n      float sum = load(parts,",
        "    UNROLL for (int half = 0; half < S::halves; "
        "++half) {\n      float sum = load(parts,",
        "SIN4006"},
       {"the mean over the threads", "sum / static_cast<float>(S::Width) + eps",
        "sum / static_cast<float>(S::threads) + eps", "values"},
       {"a neighbour's gain", "k % 8 * 4 + laneIndex() % 4",
        "k % 8 * 4 + (laneIndex() ^ 1) % 4", "values"},
       {"half of the products",
        " +\n                        "
        "sums.chains[1][octet].sums[2 * half + k]",
        "", "values"},
       {"the sums of products before all warps have left theirs",
        "    blockBarrier();\n    outputs.late(", "    outputs.late(",
        "SIN4006"},
       {"both turns' sums in one buffer", "const int buffer = turn % 2;",
        "const int buffer = 0;", "SIN4003"},
       {"the first batch twice", "{through && last ? next : row,", "{row,",
        "values"},
       {"a batch too few",
        "const bool more = turn + 1 < S::Turns && (S::full || next < "
        "S::Outputs);\n    const int buffer",
        "const bool more = turn + 2 < S::Turns;\n    const int buffer",
        "SIN4006"}});
}

TEST(FusedMutants, PaddingOfSkinny) {
  const TestGroup test(
      groupNamed(skinnyGroups(),
                 "9 rows, linear tensor<37x200xbf16> with bias, residual"));
  expectCaught(
      test, {{"lines", 8}, {"slices", 2}, {"turns", 1}, {"warps", 2}},
      {{"a row of x that is not there",
        "half < S::halves && (S::Rows % 8 == 0 || row < S::Rows);",
        "half < S::halves;", "SIN4001"},
       {"the sums of such a row left",
        "if (S::Rows % 8 == 0 || row < S::Rows) {", "{", "SIN4003"},
       {"pieces beyond the line", "return even || piece < pieces;",
        "return true;", "SIN4001"},
       {"the first slice of x twice",
        "        loadInputs<S>(x, slice, inputs);",
        "        loadInputs<S>(x, 0, inputs);", "counts"},
       {"the first row's residual",
        "return epilogue.early(static_cast<i64>(m) * Outputs + j);",
        "return epilogue.early(j);", "values"},
       {"a line of the next batch",
        "16 * group + 8 * octet + laneIndex() % 4 * 2",
        "16 * group + 8 * octet + (laneIndex() ^ 1) % 4 * 2", "values"}});
}

TEST(FusedMutants, ArgmaxBehindSkinny) {
  const TestGroup test(groupNamed(skinnyGroups(),
                                  "2 rows, linear tensor<777x136xbf16>, argmax "
                                  "below 0"));
  expectCaught(
      test, {{"lines", 16}, {"slices", 1}, {"turns", 3}, {"warps", 4}},
      {{"bests read before all threads have left theirs",
        "  blockBarrier();\n  for (int m = warpIndex();",
        "  for (int m = warpIndex();", "SIN4003"},
       {"one place for the bests of all rows",
        "store(values, m * gridSize() + blockIndex(), best);",
        "store(values, blockIndex(), best);", "SIN4003"},
       {"the last block's part left out", "if (block < gridSize()) {",
        "if (block < gridSize() - 1) {", "counts"},
       {"the first row's id twice", "store(ids, m, index",
        "store(ids, 0, index", "SIN4003"},
       {"the index of the output before",
        "takeBetter(roundBf16(y), static_cast<i32>(j), best[n], index[n]);",
        "takeBetter(roundBf16(y), static_cast<i32>(j) - 1, best[n], index[n]);",
        "values"}});
}

TEST(FusedMutants, HeadsBeforeAttention) {
  const TestGroup test(smallAttentionGroup());
  expectCaught(
      test, configWith(test, *findFamily("attention_decode"), "warps", 1),
      {{"the query before it is made",
        "  blockBarrier();\n  Floats<8> query[A::G];",
        "  Floats<8> query[A::G];", "SIN4006"},
       {"a head rotated before all lanes have stored it",
        "  warpBarrier();\n  UNROLL for (int n = 0; n < turns.count; ++n) {",
        "  UNROLL for (int n = 0; n < turns.count; ++n) {", "SIN4006"},
       {"the key stored before it is rotated",
        "    warpBarrier();\n    const int first = laneIndex() * 8;",
        "    const int first = laneIndex() * 8;", "SIN4003"},
       {"the key not stored",
        "storePiece(keys, line + first, roundFloats(loadFloats(key, first)));",
        "", "counts"},
       {"the key a position too early",
        "line + static_cast<i64>(newest) * kHeadDim",
        "line + static_cast<i64>(newest - 1) * kHeadDim", "SIN4003"},
       {"the newest key a position too early",
        "if (chunkPosition<A>(chunk, d) == newest &&",
        "if (chunkPosition<A>(chunk, d) == newest - 1 &&", "values"},
       {"the newest value a position too early",
        "if (chunkPosition<A>(chunk, d) == position)",
        "if (chunkPosition<A>(chunk, d) == position - 1)", "values"},
       {"turned by the next position", "static_cast<float>(newest), kInverse",
        "static_cast<float>(newest + 1), kInverse", "values"},
       {"a turn without its inner rounding",
        "roundBf16(roundBf16(low * turns.cosine[n]) +",
        "roundBf16((low * turns.cosine[n]) +", "values"},
       {"a head's gain of its neighbour",
        "gain = loadPiece<8>(gains, laneIndex() * 8);",
        "gain = loadPiece<8>(gains, (laneIndex() ^ 1) * 8);", "values"},
       {"weights read before all lanes have left theirs",
        "    }\n  }\n  warpBarrier();\n}", "    }\n  }\n}", "SIN4006"},
       {"parts before all streams' maxima are known",
        "    store(highest, head * A::streams + stream, state.highest);\n"
        "  }\n  blockBarrier();",
        "    store(highest, head * A::streams + stream, state.highest);\n  }",
        "SIN4006"},
       {"parts joined before they are left",
        "                  scaled(state.product[g], rescale));\n"
        "    }\n  }\n  blockBarrier();",
        "                  scaled(state.product[g], rescale));\n    }\n  }",
        "SIN4006"}});
}

TEST(FusedMutants, SumAndNorm) {
  const TestGroup test(groupNamed(rowChains(), "add, norm tensor<1x1024xbf16>, "
                                               "both read"));
  expectCaught(
      test, configWith(test, *findFamily("row_chain"), "warps", 2),
      {{"the difference for the sum",
        "at(values.held[n], k) + at(other.held[n], k);",
        "at(values.held[n], k) - at(other.held[n], k);", "values"},
       {"the left operand twice", "loadShare(rhs, row * Width, thread, other);",
        "loadShare(lhs, row * Width, thread, other);", "counts"},
       {"the sum stored a piece too far",
        "sum.put(row * Width + (n * values.threads + thread) * V,",
        "sum.put(row * Width + (n * values.threads + thread + 1) * V,",
        "SIN4001"},
       {"the sum not stored", "storePiece<V>(sum, i, piece);", "", "SIN4006"},
       {"the sum of squares before all warps have left theirs",
        "    blockBarrier();\n    float sum = load(parts, 0);",
        "    float sum = load(parts, 0);", "SIN4006"},
       {"a neighbour's gain",
        "  loadShare(gain, 0, threadIndex(), gains);\n  allow",
        "  loadShare(gain, 0, threadIndex() ^ 1, gains);\n  allow", "values"}});
}

TEST(FusedMutants, RowsOfSumAndNorm) {
  const TestGroup rows(groupNamed(rowChains(), "add, norm tensor<7x100xbf16>"));
  expectCaught(
      rows, configWith(rows, *findFamily("row_chain"), "rows", 4),
      {{"a row that is not there", "if (row < kRows)", "if (row <= kRows)",
        "SIN4001"},
       {"the first block's rows only",
        "row = static_cast<i64>(blockIndex()) * ", "row = 0 * ", "SIN4003"},
       {"a block's first row only", "warpCount() + warpIndex();",
        "warpCount();", "SIN4003"}});
}

TEST(FusedMutants, HeadsIntoTheCache) {
  const TestGroup test(groupNamed(rowChains(),
                                  "norm, rope tensor<4x3x16xbf16>, append "
                                  "tensor<2x3x9x16xbf16>"));
  expectCaught(
      test, configWith(test, *findFamily("row_chain"), "rows", 4),
      {{"a head rotated before all lanes have stored it",
        "  warpBarrier();\n  UNROLL for (int n = 0; n < turns.count; ++n) {",
        "  UNROLL for (int n = 0; n < turns.count; ++n) {", "SIN4006"},
       {"a head read before it is rotated",
        "recipe, turns, heads, at);\n  warpBarrier();",
        "recipe, turns, heads, at);", "SIN4003"},
       {"one room for all warps", "const int at = warpIndex() * D;",
        "const int at = 0;", "SIN4003"},
       {"the position of the head's number", "load(positions, row / Heads) : 0",
        "load(positions, row % 4) : 0", "values"},
       {"sequences in one another's cache",
        "(sequence * Heads + row % Heads) * Capacity",
        "(sequence + row % Heads) * Capacity", "values"},
       {"a line too far", "* Capacity + position;",
        "* Capacity + position + 1;", "SIN4001"},
       {"turned by the next position",
        "makeTurns<D>(static_cast<float>(position), ",
        "makeTurns<D>(static_cast<float>(position + 1), ", "values"},
       {"a head of its neighbour", "piece = loadPiece<8>(x, row * D + first);",
        "piece = loadPiece<8>(x, (row ^ 1) * D + first);", "values"}});
  const TestGroup heads(
      groupNamed(rowChains(), "norm, rope tensor<7x1x64xbf16>"));
  expectCaught(heads, configWith(heads, *findFamily("row_chain"), "rows", 4),
               {{"a head that is not there", "const bool here = row < Rows;",
                 "const bool here = true;", "SIN4001"}});
}

// 40 positions in splits of 16: the last of four has none.
TEST(FusedMutants, SplitAttention) {
  const TestGroup test(smallAttentionGroup());
  expectCaught(
      test,
      {{"depth", 4}, {"heads", 2}, {"splits", 4}, {"stages", 2}, {"warps", 4}},
      {{"a split that begins one late", "const int from = split * each;",
        "const int from = split * each + (split != 0);", "counts"},
       {"a split that ends one late",
        "return {from, from + each < count ? from + each : count,",
        "return {from, from + each < count ? from + each + 1 : count,",
        "counts"},
       {"a counter that nobody resets", "addRelaxed(arrivals, i, 0u - blocks);",
        "", "SIN4006"},
       {"arrived before all threads have left their parts",
        "  blockBarrier();\n  if (threadIndex() == 0) {\n    const u32 count",
        "  if (threadIndex() == 0) {\n    const u32 count", "SIN4003"},
       {"waiting for splits without a position",
        "lastToArrive(arrivals, item, active, 4 * A::query)",
        "lastToArrive(arrivals, item, Splits, 4 * A::query)", "SIN4003"},
       {"shares read before they are known",
        "rescale);\n    }\n  }\n  blockBarrier();\n  UNROLL for (int n = 0; n "
        "< "
        "each",
        "rescale);\n    }\n  }\n  UNROLL for (int n = 0; n < each", "SIN4003"},
       {"every split with the first one's share",
        "fmaF(sums[n][s], load(shares, s * G + g), sum)",
        "fmaF(sums[n][s], load(shares, g), sum)", "values"}});
}
