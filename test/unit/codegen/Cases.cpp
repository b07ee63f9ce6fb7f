//===- Cases.cpp - Shapes that kernels are tested at ----------------------===//
//
// Odd on purpose: head counts 7/1 and 6/3, head sizes that fill no warp, widths
// that divide by 8, 4, 2 or nothing, contexts around a chunk of 32, several
// rows where a family takes them.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/Harness.h"

#include <cmath>

namespace sinter::codegen {

static std::vector<int32_t> spread(int64_t count, int64_t below) {
  std::vector<int32_t> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<int32_t>((i * 7919 + below - 1) % below));
  }
  return values;
}

std::vector<OpCase> embedCases() {
  std::vector<OpCase> cases;
  for (auto [rows, vocabulary, width] : {std::array<int64_t, 3>{1, 777, 136},
                                         {1, 512, 100},
                                         {3, 777, 37},
                                         {2, 40, 1024}}) {
    OpCase c;
    c.name = "embed " + tensor({rows, vocabulary, width});
    c.arguments =
        "%i: " + tensor({rows}, "i32") + ", %t: " + tensor({vocabulary, width});
    c.op = "decoder.embed %i from %t : " + tensor({rows}, "i32") + ", " +
           tensor({vocabulary, width}) + " -> " + tensor({rows, width});
    c.ints = {spread(rows, vocabulary)};
    cases.push_back(c);
  }
  return cases;
}

std::vector<OpCase> rmsNormCases() {
  std::vector<OpCase> cases;
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{1, 136},
                                            {1, 608},
                                            {1, 37},
                                            {3, 100},
                                            {1, 1024},
                                            {1, 5120},
                                            {1, 7, 64},
                                            {1, 6, 80},
                                            {2, 3, 128}}) {
    OpCase c;
    c.name = "rms_norm " + tensor(shape);
    c.arguments = "%x: " + tensor(shape) + ", %g: " + tensor({shape.back()});
    c.op = "decoder.rms_norm %x gain %g eps 1.0e-6 : " + tensor(shape) + ", " +
           tensor({shape.back()});
    cases.push_back(c);
  }
  return cases;
}

std::vector<OpCase> ropeCases() {
  std::vector<OpCase> cases;
  struct Shape {
    int64_t rows, heads, headDim;
    std::vector<int32_t> positions;
    const char *scaling;
  };
  const char *llama3 =
      " scaling <factor = 8.0, low = 1.0, high = 4.0, original = 128>";
  for (const Shape &s :
       {Shape{1, 7, 64, {0}, ""}, Shape{1, 6, 80, {31}, ""},
        Shape{1, 1, 128, {1499}, ""}, Shape{2, 3, 32, {32, 100000}, llama3},
        Shape{1, 3, 6, {33}, ""}, Shape{1, 2, 14, {5}, ""}}) {
    OpCase c;
    const std::string x = tensor({s.rows, s.heads, s.headDim});
    const std::string p = tensor({s.rows}, "i32");
    c.name = "rope " + x + s.scaling;
    c.arguments = "%x: " + x + ", %p: " + p;
    c.op = "decoder.rope %x at %p theta 1.0e6" + std::string(s.scaling) +
           " : " + x + ", " + p;
    c.ints = {s.positions};
    cases.push_back(c);
  }
  return cases;
}

std::vector<OpCase> elementwiseCases() {
  std::vector<OpCase> cases;
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{1, 136}, {1, 608}, {3, 37}, {1, 100}}) {
    const std::string x = tensor(shape);
    for (const char *op : {"add", "swiglu"}) {
      OpCase c;
      c.name = std::string(op) + " " + x;
      c.arguments = "%a: " + x + ", %b: " + x;
      c.op = "decoder." + std::string(op) + " %a, %b : " + x;
      cases.push_back(c);
    }
  }
  OpCase twice;
  twice.name = "add of a value to itself";
  twice.arguments = "%a: tensor<1x136xbf16>";
  twice.op = "decoder.add %a, %a : tensor<1x136xbf16>";
  cases.push_back(twice);
  return cases;
}

std::vector<OpCase> takeRowsCases() {
  std::vector<OpCase> cases;
  for (auto [from, rows, width] :
       {std::array<int64_t, 3>{5, 1, 136}, {9, 4, 37}, {3, 2, 608}}) {
    OpCase c;
    c.name = "take_rows " + tensor({from, rows, width});
    c.arguments =
        "%x: " + tensor({from, width}) + ", %r: " + tensor({rows}, "i32");
    c.op = "decoder.take_rows %x at %r : " + tensor({from, width}) + ", " +
           tensor({rows}, "i32") + " -> " + tensor({rows, width});
    c.ints = {spread(rows, from)};
    cases.push_back(c);
  }
  return cases;
}

static OpCase linearCase(int64_t outputs, int64_t inputs, bool bias) {
  OpCase c;
  const std::string x = tensor({1, inputs});
  const std::string w = tensor({outputs, inputs});
  const std::string b = tensor({outputs});
  c.name = "linear " + w + (bias ? " with bias" : "");
  c.arguments = "%x: " + x + ", %w: " + w + (bias ? ", %b: " + b : "");
  c.op =
      "decoder.linear %x by %w " +
      (bias ? "bias %b : (" + x + ", " + w + ", " + b : ": (" + x + ", " + w) +
      ") -> " + tensor({1, outputs});
  return c;
}

std::vector<OpCase> linearCases() {
  return {linearCase(777, 448, false), linearCase(136, 608, true),
          linearCase(100, 136, false), linearCase(37, 100, true),
          linearCase(13, 37, true),    linearCase(3, 1030, false),
          linearCase(1, 8, true),      linearCase(64, 2048, false)};
}

std::vector<OpCase> kvAppendCases() {
  std::vector<OpCase> cases;
  struct Shape {
    int64_t batch, tokens, heads, capacity, headDim;
    std::vector<int32_t> positions;
  };
  for (const Shape &s :
       {Shape{1, 1, 1, 64, 64, {31}}, Shape{1, 1, 3, 40, 80, {0}},
        Shape{2, 1, 2, 33, 128, {32, 7}}, Shape{2, 2, 3, 9, 6, {0, 1, 7, 8}}}) {
    OpCase c;
    const std::string rows = tensor({s.batch * s.tokens, s.heads, s.headDim});
    const std::string p = tensor({s.batch * s.tokens}, "i32");
    const std::string cache = tensor({s.batch, s.heads, s.capacity, s.headDim});
    c.name = "kv_append " + cache;
    c.arguments = "%k: " + rows + ", %p: " + p + ", %c: " + cache;
    c.op = "decoder.kv_append %k at %p into %c : " + rows + ", " + p + ", " +
           cache;
    c.ints = {s.positions};
    cases.push_back(c);
  }
  return cases;
}

OpCase attentionCase(const AttentionShape &s) {
  OpCase c;
  const int64_t rows = s.batch * s.tokens;
  const std::string q = tensor({rows, s.heads, s.headDim});
  const std::string cache =
      tensor({s.batch, s.kvHeads, s.context + 5, s.headDim});
  const std::string p = tensor({rows}, "i32");
  c.name =
      "attention " + q + " " + cache + " context " + std::to_string(s.context);
  c.arguments = "%q: " + q + ", %k: " + cache + ", %v: " + cache + ", %p: " + p;
  c.op = "decoder.attention %q, %k, %v at %p scale " +
         std::to_string(1 / std::sqrt(static_cast<double>(s.headDim))) + " : " +
         q + ", " + cache + ", " + p;
  c.context = s.context;
  c.ints.emplace_back();
  for (int64_t row = 0; row < rows; ++row) {
    c.ints[0].push_back(
        static_cast<int32_t>(s.context - s.tokens + row % s.tokens));
  }
  return c;
}

std::vector<OpCase> attentionCases() {
  std::vector<OpCase> cases;
  for (const AttentionShape &shape : {AttentionShape{1, 1, 7, 1, 64, 1},
                                      {1, 1, 7, 1, 64, 31},
                                      {1, 1, 6, 3, 80, 32},
                                      {1, 1, 6, 3, 80, 33},
                                      {1, 1, 4, 2, 128, 1500},
                                      {1, 1, 8, 8, 32, 129},
                                      {2, 1, 4, 2, 64, 40},
                                      {1, 3, 2, 1, 32, 70},
                                      {1, 1, 16, 1, 64, 50},
                                      {1, 1, 2, 1, 256, 97}}) {
    cases.push_back(attentionCase(shape));
  }
  return cases;
}

std::vector<OpCase> publishedCases() {
  // Qwen3 0.6B, 4B, 8B and 32B, Qwen2.5 0.5B, Llama 3.2 1B: attention of each
  // head grouping, the narrowest and the widest linear layers, a head.
  std::vector<OpCase> cases = {attentionCase({1, 1, 16, 8, 128, 512}),
                               attentionCase({1, 1, 32, 8, 128, 512}),
                               attentionCase({1, 1, 64, 8, 128, 512}),
                               attentionCase({1, 1, 14, 2, 64, 512}),
                               attentionCase({1, 1, 40, 8, 128, 512})};
  for (auto [outputs, inputs, bias] : {std::array<int64_t, 3>{2048, 1024, 0},
                                       {1024, 3072, 0},
                                       {151936, 1024, 0},
                                       {896, 896, 1},
                                       {896, 4864, 0},
                                       {2560, 9728, 0},
                                       {12288, 4096, 0},
                                       {5120, 25600, 0},
                                       {128256, 2048, 0}}) {
    cases.push_back(linearCase(outputs, inputs, bias != 0));
  }
  return cases;
}

std::vector<OpCase> argmaxCases() {
  std::vector<OpCase> cases;
  for (auto [rows, vocabulary, limit] : {std::array<int64_t, 3>{1, 777, 0},
                                         {1, 777, 700},
                                         {3, 777, 0},
                                         {1, 20000, 19999},
                                         {2, 1000, 993},
                                         {1, 5, 1}}) {
    OpCase c;
    const std::string x = tensor({rows, vocabulary});
    c.name = "argmax " + x + " below " + std::to_string(limit);
    c.arguments = "%l: " + x;
    c.op = "decoder.argmax %l " +
           (limit ? "below " + std::to_string(limit) + " : " : ": ") + x;
    // Whole numbers: many ties.
    c.integers = true;
    cases.push_back(c);
  }
  return cases;
}

std::vector<std::vector<OpCase>> caseLists() {
  return {embedCases(),       rmsNormCases(),   ropeCases(),
          elementwiseCases(), takeRowsCases(),  linearCases(),
          kvAppendCases(),    attentionCases(), argmaxCases()};
}

} // namespace sinter::codegen
