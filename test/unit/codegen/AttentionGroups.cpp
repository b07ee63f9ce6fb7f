//===- AttentionGroups.cpp - Attention with its neighbours ----------------===//
//
// With and without norm, rope, append; query, key and value apart or packed;
// contexts around a chunk of 32.
//
//===----------------------------------------------------------------------===//

#include "test/unit/codegen/GroupHarness.h"

namespace sinter::codegen {

namespace {
struct Shape {
  int64_t batch, heads, kvHeads, headDim, context;
  bool norm, rope, append, packed;
  int64_t page = 0; ///< positions; 0: contiguous
};
} // namespace

static GroupCase attentionGroup(const Shape &s) {
  const std::string gain = tensor({s.headDim});
  const std::string p = tensor({s.batch}, "i32");
  const int64_t each = s.page ? (s.context + 5 + s.page - 1) / s.page : 0;
  const int64_t pool = s.batch * each + 2;
  const std::string cache =
      s.page ? tensor({pool, s.kvHeads, s.page, s.headDim})
             : tensor({s.batch, s.kvHeads, s.context + 5, s.headDim});
  const std::string table = tensor({s.batch, each}, "i32");
  const std::string through = s.page ? " through %pages" : "";
  const std::string tableType = s.page ? ", " + table : "";
  auto rows = [&](int64_t heads) {
    return tensor({s.batch, heads, s.headDim});
  };
  GroupCase c;
  c.name = std::string(s.norm ? "norm, " : "") + (s.rope ? "rope, " : "") +
           (s.append ? "append, " : "") + "attention " + rows(s.heads) + " " +
           cache + (s.packed ? " packed" : "");
  c.context = s.context;
  c.ints = {std::vector<int32_t>(s.batch, s.context - 1)};
  c.arguments = "%p: " + p;
  if (s.page) {
    c.ints.push_back(scattered(s.batch, each, pool));
    c.arguments += ", %pages: " + table;
  }
  c.arguments += ", %gq: " + gain + ", %gk: " + gain + ", %keys: " + cache +
                 ", %values: " + cache;
  if (s.packed) {
    const std::string all = tensor({1, (s.heads + 2 * s.kvHeads) * s.headDim});
    c.arguments += ", %qkv: " + all;
    int64_t at = 0;
    for (auto [name, heads] :
         {std::pair("q", s.heads), {"k", s.kvHeads}, {"v", s.kvHeads}}) {
      const std::string width = std::to_string(heads * s.headDim);
      const std::string flat = tensor({1, heads * s.headDim});
      c.body += "%" + std::string(name) +
                "flat = tensor.extract_slice %qkv[0, " + std::to_string(at) +
                "] [1, " + width + "] [1, 1] : " + all + " to " + flat + "\n%" +
                name + " = tensor.expand_shape %" + name +
                "flat [[0], [1, 2]] output_shape [1, " + std::to_string(heads) +
                ", " + std::to_string(s.headDim) + "] : " + flat + " into " +
                rows(heads) + "\n";
      at += heads * s.headDim;
    }
  } else {
    c.arguments += ", %q: " + rows(s.heads) + ", %k: " + rows(s.kvHeads) +
                   ", %v: " + rows(s.kvHeads);
  }
  std::string q = "%q";
  std::string k = "%k";
  auto step = [&](std::string &value, const char *suffix, int64_t heads,
                  const std::string &before, const std::string &after) {
    c.body += value + suffix + " = decoder." + before + " " + value + " " +
              after + " : " + rows(heads) + ", ";
    c.body += (std::string(suffix) == "n" ? gain : p) + "\n";
    value += suffix;
  };
  if (s.norm) {
    step(q, "n", s.heads, "rms_norm", "gain %gq eps 1.0e-6");
    if (s.append) {
      step(k, "n", s.kvHeads, "rms_norm", "gain %gk eps 1.0e-5");
    }
  }
  if (s.rope) {
    step(q, "r", s.heads, "rope", "at %p theta 1.0e6");
    if (s.append) {
      step(k, "r", s.kvHeads, "rope", "at %p theta 1.0e6");
    }
  }
  std::string keys = "%keys";
  std::string values = "%values";
  if (s.append) {
    for (auto [to, from] :
         {std::pair(&keys, k), {&values, std::string("%v")}}) {
      c.body += *to + "2 = decoder.kv_append " + from + " at %p" + through +
                " into " + *to + " : " + rows(s.kvHeads) + ", " + p + ", " +
                cache + tableType + "\n";
      *to += "2";
    }
  }
  c.body += "%y = decoder.attention " + q + ", " + keys + ", " + values +
            " at %p" + through + " scale 0.1 : " + rows(s.heads) + ", " +
            cache + ", " + p + tableType;
  c.yielded = s.append ? "%y, " + keys + ", " + values + " : " + rows(s.heads) +
                             ", " + cache + ", " + cache
                       : "%y : " + rows(s.heads);
  return c;
}

std::vector<GroupCase> attentionGroups() {
  return {attentionGroup({1, 7, 1, 64, 31, true, true, true, true}),
          attentionGroup({1, 6, 3, 80, 33, false, true, true, false}),
          attentionGroup({1, 8, 2, 128, 1500, true, true, true, true}),
          attentionGroup({1, 8, 2, 128, 1, true, true, true, true}),
          attentionGroup({2, 4, 2, 64, 40, false, true, true, false}),
          attentionGroup({1, 6, 3, 80, 32, true, true, false, false}),
          attentionGroup({1, 4, 4, 32, 70, false, false, true, false})};
}

std::vector<GroupCase> pagedAttentionGroups() {
  // The newest row is the first of a page, and the last of one.
  return {attentionGroup({1, 4, 2, 64, 33, true, true, true, true, 16}),
          attentionGroup({2, 4, 2, 64, 64, false, true, true, false, 16}),
          attentionGroup({1, 6, 3, 80, 70, true, true, false, false, 32}),
          attentionGroup({1, 8, 2, 128, 1000, true, true, true, true, 128})};
}

GroupCase smallAttentionGroup() {
  return attentionGroup({1, 2, 1, 64, 40, true, true, true, true});
}

std::vector<GroupCase> publishedAttentionGroups() {
  // Qwen3 0.6B and 8B, Qwen2.5 0.5B, Llama 3.2 1B, Qwen3 32B.
  return {attentionGroup({1, 16, 8, 128, 512, true, true, true, true}),
          attentionGroup({1, 32, 8, 128, 512, true, true, true, true}),
          attentionGroup({1, 14, 2, 64, 512, false, true, true, true}),
          attentionGroup({1, 32, 8, 64, 512, false, true, true, true}),
          attentionGroup({1, 64, 8, 128, 512, true, true, true, true}),
          // And in pages.
          attentionGroup({1, 16, 8, 128, 512, true, true, true, true, 64}),
          attentionGroup({1, 32, 8, 128, 512, true, true, true, true, 16}),
          attentionGroup({1, 32, 8, 64, 512, false, true, true, true, 256})};
}

} // namespace sinter::codegen
