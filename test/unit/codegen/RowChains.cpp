//===- RowChains.cpp - Neighbouring row ops -------------------------------===//
//
// Sums with their norm, kept or not, at widths that divide by 8, 4 or nothing;
// heads on the way into attention and into the cache; rows that fill no block.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

namespace sinter::codegen {

static GroupCase addNorm(int64_t rows, int64_t width, bool keepsSum) {
  const std::string x = tensor({rows, width});
  GroupCase c;
  c.name = "add, norm " + x + (keepsSum ? ", both read" : "");
  c.arguments = "%a: " + x + ", %b: " + x + ", %g: " + tensor({width});
  c.body = "%s = decoder.add %a, %b : " + x +
           "\n%y = decoder.rms_norm %s gain %g eps 1.0e-6 : " + x + ", " +
           tensor({width});
  c.yielded = keepsSum ? "%s, %y : " + x + ", " + x : "%y : " + x;
  return c;
}

/// Both operands of the sum, from element 8 and 8 + width on, are one buffer.
static GroupCase addNormOfParts(int64_t width) {
  const std::string x = tensor({1, width});
  const std::string all = tensor({1, 2 * width + 8});
  GroupCase c;
  c.name = "add, norm " + x + " of parts";
  c.arguments = "%all: " + all + ", %g: " + tensor({width});
  auto slice = [&](const std::string &name, int64_t at) {
    return name + " = tensor.extract_slice %all[0, " + std::to_string(at) +
           "] [1, " + std::to_string(width) + "] [1, 1] : " + all + " to " + x +
           "\n";
  };
  c.body = slice("%a", 8) + slice("%b", 8 + width);
  c.body += "%s = decoder.add %a, %b : " + x +
            "\n%y = decoder.rms_norm %s gain %g eps 1.0e-6 : " + x + ", " +
            tensor({width});
  c.yielded = "%y, %s : " + x + ", " + x;
  return c;
}

static GroupCase twice(int64_t width) {
  const std::string x = tensor({1, width});
  GroupCase c;
  c.name = "a value added to itself, norm " + x;
  c.arguments = "%a: " + x + ", %g: " + tensor({width});
  c.body = "%s = decoder.add %a, %a : " + x +
           "\n%y = decoder.rms_norm %s gain %g eps 1.0e-6 : " + x + ", " +
           tensor({width});
  c.yielded = "%y : " + x;
  return c;
}

namespace {
struct Heads {
  int64_t batch, tokens, heads, headDim;
  bool norm, append;
  std::vector<int32_t> positions; ///< batch * tokens
  int64_t capacity = 40;
  int64_t partAt = -1; ///< x is a part of its buffer, from there on
  int64_t page = 0;    ///< positions; 0: contiguous
};
} // namespace

static GroupCase chainOfHeads(const Heads &s) {
  const int64_t rows = s.batch * s.tokens;
  const std::string x = tensor({rows, s.heads, s.headDim});
  const std::string p = tensor({rows}, "i32");
  const int64_t each = s.page ? (s.capacity + s.page - 1) / s.page : 0;
  const int64_t pool = s.batch * each + 2;
  const std::string cache =
      s.page ? tensor({pool, s.heads, s.page, s.headDim})
             : tensor({s.batch, s.heads, s.capacity, s.headDim});
  const std::string table = tensor({s.batch, each}, "i32");
  GroupCase c;
  c.name = std::string(s.norm ? "norm, " : "") + "rope " + x +
           (s.append ? ", append " + cache : "") +
           (s.partAt >= 0 ? " of a part" : "");
  c.arguments = "%p: " + p + ", %g: " + tensor({s.headDim}) + ", %c: " + cache;
  c.ints = {s.positions};
  if (s.page) {
    c.ints.push_back(scattered(s.batch, each, pool));
    c.arguments += ", %pages: " + table;
  }
  if (s.partAt >= 0) {
    const int64_t size = s.heads * s.headDim;
    const std::string flat = tensor({1, size});
    const std::string all = tensor({1, s.partAt + size + 8});
    c.arguments += ", %all: " + all;
    c.body =
        "%flat = tensor.extract_slice %all[0, " + std::to_string(s.partAt) +
        "] [1, " + std::to_string(size) + "] [1, 1] : " + all + " to " + flat +
        "\n%x = tensor.expand_shape %flat [[0], [1, 2]] output_shape [1, " +
        std::to_string(s.heads) + ", " + std::to_string(s.headDim) +
        "] : " + flat + " into " + x + "\n";
  } else {
    c.arguments += ", %x: " + x;
  }
  std::string value = "%x";
  if (s.norm) {
    c.body += "%n = decoder.rms_norm %x gain %g eps 1.0e-6 : " + x + ", " +
              tensor({s.headDim}) + "\n";
    value = "%n";
  }
  c.body +=
      "%r = decoder.rope " + value + " at %p theta 1.0e4 : " + x + ", " + p;
  c.yielded = "%r : " + x;
  if (s.append) {
    c.body += "\n%y = decoder.kv_append %r at %p" +
              std::string(s.page ? " through %pages" : "") + " into %c : " + x +
              ", " + p + ", " + cache + (s.page ? ", " + table : "");
    c.yielded = "%y : " + cache;
  }
  return c;
}

std::vector<GroupCase> rowChains() {
  return {addNorm(1, 1024, true),
          addNorm(3, 896, true),
          addNorm(7, 100, false),
          addNorm(2, 37, true),
          addNormOfParts(136),
          twice(520),
          chainOfHeads({1, 1, 3, 128, true, false, {11}}),
          chainOfHeads({1, 7, 1, 64, true, false, {0, 1, 2, 3, 4, 5, 39}}),
          chainOfHeads({1, 1, 5, 80, true, true, {39}}),
          chainOfHeads({3, 1, 2, 64, false, true, {0, 7, 32}}),
          chainOfHeads({2, 2, 3, 16, true, true, {0, 1, 7, 8}, 9}),
          chainOfHeads({1, 1, 1, 256, false, true, {5}}),
          chainOfHeads({1, 1, 2, 64, true, true, {11}, 40, 384})};
}

std::vector<GroupCase> pagedRowChains() {
  return {chainOfHeads(
              {2, 3, 3, 80, true, true, {14, 15, 16, 31, 32, 33}, 40, -1, 16}),
          chainOfHeads({1, 1, 2, 64, false, true, {64}, 100, 384, 64})};
}

std::vector<GroupCase> pagedAppends() {
  std::vector<GroupCase> cases;
  for (auto [tokens, headDim] : {std::pair<int64_t, int64_t>{3, 64}, {1, 6}}) {
    const std::string x = tensor({2 * tokens, 3, headDim});
    const std::string p = tensor({2 * tokens}, "i32");
    const std::string table = tensor({2, 3}, "i32");
    const std::string cache = tensor({7, 3, 16, headDim});
    GroupCase c;
    c.name = "append " + x + " to pages";
    c.arguments =
        "%p: " + p + ", %t: " + table + ", %x: " + x + ", %c: " + cache;
    c.ints = {tokens == 3 ? std::vector<int32_t>{15, 16, 17, 47, 0, 31}
                          : std::vector<int32_t>{47, 16},
              scattered(2, 3, 7)};
    c.body = "%y = decoder.kv_append %x at %p through %t into %c : " + x +
             ", " + p + ", " + cache + ", " + table;
    c.yielded = "%y : " + cache;
    cases.push_back(c);
  }
  return cases;
}

std::vector<GroupCase> publishedRowChains() {
  // Rows of a prefill of Qwen3 8B, a row of 32B, the widest row that a thread
  // of 16 warps holds; keys of a batch.
  return {addNorm(64, 4096, true), addNorm(1, 5120, true),
          addNorm(1, 32768, true),
          chainOfHeads({8, 1, 8, 128, true, true, {}, 512})};
}

} // namespace sinter::codegen
