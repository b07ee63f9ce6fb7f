//===- Parts.cpp - Single ops on parts of buffers -------------------------===//
//
// What is left of a packed linear layer's neighbours when nothing is fused: a
// part may be the first, a middle one or the last, and both operands may be
// parts of one buffer.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

namespace sinter::codegen {

/// "%name = ..." elements [at, at + size) of the row %all of `width`.
static std::string slice(const std::string &name, int64_t width, int64_t at,
                         int64_t size) {
  return "%" + name + " = tensor.extract_slice %all[0, " + std::to_string(at) +
         "] [1, " + std::to_string(size) + "] [1, 1] : " + tensor({1, width}) +
         " to " + tensor({1, size}) + "\n";
}

/// %rows [1, heads, headDim] of that row.
static std::string headSlice(int64_t width, int64_t at, int64_t heads,
                             int64_t headDim) {
  return slice("flat", width, at, heads * headDim) +
         "%rows = tensor.expand_shape %flat [[0], [1, 2]] output_shape [1, " +
         std::to_string(heads) + ", " + std::to_string(headDim) +
         "] : " + tensor({1, heads * headDim}) + " into " +
         tensor({1, heads, headDim}) + "\n";
}

std::vector<GroupCase> rowParts() {
  std::vector<GroupCase> cases;
  for (auto [width, at, heads, headDim] :
       {std::array<int64_t, 4>{640, 384, 2, 64},
        {816, 0, 6, 80},
        {1024, 896, 1, 128}}) {
    const std::string rows = tensor({1, heads, headDim});
    const std::string body = headSlice(width, at, heads, headDim);
    GroupCase norm;
    norm.name = "rms_norm " + rows + " at " + std::to_string(at);
    norm.arguments =
        "%all: " + tensor({1, width}) + ", %g: " + tensor({headDim});
    norm.body = body +
                "%y = decoder.rms_norm %rows gain %g eps 1.0e-6 : " + rows +
                ", " + tensor({headDim});
    norm.yielded = "%y : " + rows;
    cases.push_back(norm);
    GroupCase rope;
    rope.name = "rope " + rows + " at " + std::to_string(at);
    rope.arguments = "%all: " + tensor({1, width}) + ", %p: tensor<1xi32>";
    rope.ints = {{11}};
    rope.body = body + "%y = decoder.rope %rows at %p theta 1.0e4 : " + rows +
                ", tensor<1xi32>";
    rope.yielded = "%y : " + rows;
    cases.push_back(rope);
  }
  // Gate and up of one product; then only one part, and from element 8 on.
  for (const char *op : {"swiglu", "add"}) {
    GroupCase both;
    both.name = std::string(op) + " of two halves";
    both.arguments = "%all: " + tensor({1, 1216});
    both.body = slice("a", 1216, 0, 608) + slice("b", 1216, 608, 608) +
                "%y = decoder." + op + " %a, %b : " + tensor({1, 608});
    both.yielded = "%y : " + tensor({1, 608});
    cases.push_back(both);
    GroupCase one;
    one.name = std::string(op) + " of a part and a whole";
    one.arguments = "%all: " + tensor({1, 50}) + ", %b: " + tensor({1, 37});
    one.body = slice("a", 50, 8, 37) + "%y = decoder." + op +
               " %a, %b : " + tensor({1, 37});
    one.yielded = "%y : " + tensor({1, 37});
    cases.push_back(one);
  }
  GroupCase take;
  take.name = "take_rows of a part";
  take.arguments = "%x: tensor<7x136xbf16>, %r: tensor<2xi32>";
  take.ints = {{3, 0}};
  take.body = "%s = tensor.extract_slice %x[2, 0] [4, 136] [1, 1] : "
              "tensor<7x136xbf16> to tensor<4x136xbf16>\n"
              "%y = decoder.take_rows %s at %r : tensor<4x136xbf16>, "
              "tensor<2xi32> -> tensor<2x136xbf16>";
  take.yielded = "%y : tensor<2x136xbf16>";
  cases.push_back(take);
  return cases;
}

std::vector<GroupCase> kvAppendParts() {
  std::vector<GroupCase> cases;
  for (auto [width, at, heads, headDim] :
       {std::array<int64_t, 4>{640, 512, 2, 64}, {240, 80, 1, 80}}) {
    const std::string rows = tensor({1, heads, headDim});
    const std::string cache = tensor({1, heads, 9, headDim});
    GroupCase c;
    c.name = "kv_append " + rows + " at " + std::to_string(at);
    c.arguments =
        "%all: " + tensor({1, width}) + ", %p: tensor<1xi32>, %c: " + cache;
    c.ints = {{5}};
    c.body = headSlice(width, at, heads, headDim) +
             "%y = decoder.kv_append %rows at %p into %c : " + rows +
             ", tensor<1xi32>, " + cache;
    c.yielded = "%y : " + cache;
    cases.push_back(c);
  }
  return cases;
}

std::vector<GroupCase> argmaxParts() {
  GroupCase c;
  c.name = "argmax of a part";
  c.arguments = "%all: " + tensor({1, 1000});
  c.body = slice("l", 1000, 96, 777) +
           "%y = decoder.argmax %l below 770 : " + tensor({1, 777});
  c.yielded = "%y : tensor<1xi32>";
  return {c};
}

std::vector<GroupCase> attentionParts() {
  std::vector<GroupCase> cases;
  for (auto [heads, kvHeads, headDim, at] :
       {std::array<int64_t, 4>{4, 2, 64, 128}, {7, 1, 64, 0}}) {
    const int64_t width = heads * headDim + 192;
    const std::string rows = tensor({1, heads, headDim});
    const std::string cache = tensor({1, kvHeads, 45, headDim});
    GroupCase c;
    c.name = "attention of a query " + rows + " at " + std::to_string(at);
    c.context = 40;
    c.arguments = "%all: " + tensor({1, width}) +
                  ", %p: tensor<1xi32>, %k: " + cache + ", %v: " + cache;
    c.ints = {{39}};
    c.body =
        headSlice(width, at, heads, headDim) +
        "%y = decoder.attention %rows, %k, %v at %p scale 0.125 : " + rows +
        ", " + cache + ", tensor<1xi32>";
    c.yielded = "%y : " + rows;
    cases.push_back(c);
  }
  return cases;
}

} // namespace sinter::codegen
