//===- GemvGroups.cpp - Linear layers with their neighbours ---------------===//
//
// Every prologue with every epilogue, at widths that divide by 8, 4, 2 or
// nothing (of several rows: by 8) and outputs that fill no block.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

namespace sinter::codegen {

namespace {
enum class Tail { Store, Residual, Halves, Alternating, Argmax, Logits };
} // namespace

static GroupCase rowsGroup(int64_t rows, int64_t lines, int64_t width,
                           bool norm, bool bias, Tail tail, int64_t limit = 0) {
  const std::string x = tensor({rows, width});
  const std::string w = tensor({lines, width});
  const std::string y = tensor({rows, lines});
  const std::string half = tensor({rows, lines / 2});
  GroupCase c;
  c.name = (rows > 1 ? std::to_string(rows) + " rows, " : "") +
           (norm ? "norm, " : "") + "linear " + w + (bias ? " with bias" : "");
  c.arguments = "%x: " + x + ", %w: " + w + ", %g: " + tensor({width}) +
                ", %b: " + tensor({lines}) + ", %r: " + y;
  std::string input = "%x";
  if (norm) {
    input = "%n";
    c.body = "%n = decoder.rms_norm %x gain %g eps 1.0e-6 : " + x + ", " +
             tensor({width}) + "\n";
  }
  c.body += "%y = decoder.linear " + input + " by %w " +
            (bias ? "bias %b " : "") + ": (" + x + ", " + w +
            (bias ? ", " + tensor({lines}) : "") + ") -> " + y + "\n";
  auto slice = [&](const char *name, int64_t offset, int64_t stride) {
    return std::string(name) + " = tensor.extract_slice %y[0, " +
           std::to_string(offset) + "] [" + std::to_string(rows) + ", " +
           std::to_string(lines / 2) + "] [1, " + std::to_string(stride) +
           "] : " + y + " to " + half + "\n";
  };
  switch (tail) {
  case Tail::Store:
    c.yielded = "%y : " + y;
    break;
  case Tail::Residual:
    c.name += ", residual";
    c.body += "%z = decoder.add %r, %y : " + y;
    c.yielded = "%z : " + y;
    break;
  case Tail::Halves:
  case Tail::Alternating: {
    const bool halves = tail == Tail::Halves;
    c.name += halves ? ", swiglu of halves" : ", swiglu of pairs";
    c.body += slice("%gate", 0, halves ? 1 : 2);
    c.body += slice("%up", halves ? lines / 2 : 1, halves ? 1 : 2);
    c.body += "%z = decoder.swiglu %gate, %up : " + half;
    c.yielded = "%z : " + half;
    break;
  }
  case Tail::Argmax:
  case Tail::Logits:
    c.name += ", argmax below " + std::to_string(limit);
    c.body += "%z = decoder.argmax %y " +
              (limit ? "below " + std::to_string(limit) + " : " : ": ") + y;
    c.yielded = "%z : " + tensor({rows}, "i32");
    if (tail == Tail::Logits) {
      c.name += " and logits";
      c.yielded = "%z, %y : " + tensor({rows}, "i32") + ", " + y;
    }
    break;
  }
  return c;
}

static GroupCase gemvGroup(int64_t lines, int64_t width, bool norm, bool bias,
                           Tail tail, int64_t limit = 0) {
  return rowsGroup(1, lines, width, norm, bias, tail, limit);
}

std::vector<GroupCase> gemvGroups() {
  return {gemvGroup(777, 448, true, false, Tail::Store),
          gemvGroup(136, 608, true, true, Tail::Store),
          gemvGroup(13, 37, true, false, Tail::Store),
          gemvGroup(100, 136, false, false, Tail::Residual),
          gemvGroup(37, 100, false, true, Tail::Residual),
          gemvGroup(608, 136, true, false, Tail::Residual),
          gemvGroup(272, 136, true, false, Tail::Halves),
          gemvGroup(74, 100, false, true, Tail::Halves),
          gemvGroup(200, 448, true, false, Tail::Alternating),
          gemvGroup(26, 37, false, true, Tail::Alternating),
          gemvGroup(777, 136, false, false, Tail::Argmax),
          gemvGroup(777, 100, true, true, Tail::Logits, 700),
          gemvGroup(777, 448, true, false, Tail::Logits),
          gemvGroup(5, 37, false, false, Tail::Argmax, 1)};
}

std::vector<GroupCase> skinnyGroups() {
  return {rowsGroup(2, 777, 448, true, false, Tail::Store),
          rowsGroup(3, 136, 608, true, true, Tail::Store),
          rowsGroup(7, 100, 136, false, false, Tail::Residual),
          rowsGroup(8, 64, 1024, true, false, Tail::Store),
          rowsGroup(9, 37, 200, false, true, Tail::Residual),
          rowsGroup(16, 272, 136, true, false, Tail::Halves),
          rowsGroup(3, 74, 104, false, true, Tail::Halves),
          rowsGroup(9, 200, 448, true, false, Tail::Alternating),
          rowsGroup(7, 26, 40, false, true, Tail::Alternating),
          rowsGroup(2, 777, 136, false, false, Tail::Argmax),
          rowsGroup(9, 137, 104, true, true, Tail::Logits, 100),
          rowsGroup(16, 5, 8, false, false, Tail::Logits, 1)};
}

std::vector<GroupCase> publishedSkinnyGroups() {
  // Qwen3 0.6B and the widest of 32B, at few and at most rows; Qwen2.5 0.5B.
  return {rowsGroup(8, 4096, 1024, true, false, Tail::Store),
          rowsGroup(16, 1024, 2048, false, false, Tail::Residual),
          rowsGroup(16, 6144, 1024, true, false, Tail::Halves),
          rowsGroup(8, 1024, 3072, false, false, Tail::Residual),
          rowsGroup(16, 151936, 1024, true, false, Tail::Logits, 151669),
          rowsGroup(16, 51200, 5120, true, false, Tail::Alternating),
          rowsGroup(8, 5120, 25600, false, false, Tail::Residual),
          rowsGroup(5, 1152, 896, true, true, Tail::Store)};
}

std::vector<GroupCase> publishedGroups() {
  // Qwen3 0.6B whole, the widest norms of 8B and 32B, Qwen2.5 0.5B.
  return {gemvGroup(4096, 1024, true, false, Tail::Store),
          gemvGroup(1024, 2048, false, false, Tail::Residual),
          gemvGroup(6144, 1024, true, false, Tail::Halves),
          gemvGroup(1024, 3072, false, false, Tail::Residual),
          gemvGroup(151936, 1024, true, false, Tail::Logits, 151669),
          gemvGroup(24576, 4096, true, false, Tail::Halves),
          gemvGroup(51200, 5120, true, false, Tail::Alternating),
          gemvGroup(1152, 896, true, true, Tail::Store)};
}

} // namespace sinter::codegen
