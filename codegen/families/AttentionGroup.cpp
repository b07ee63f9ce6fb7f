//===- AttentionGroup.cpp - Ops that one attention kernel computes --------===//

#include "codegen/families/AttentionGroup.h"

#include "llvm/ADT/STLExtras.h"

namespace sinter::codegen {

static Verdict refusedInput(llvm::StringRef what) {
  return Verdict::refused(plan::Reason::RefusedOp,
                          "the " + what.str() +
                              " of attention comes from an op inside the group "
                              "that is neither norm nor rope nor append");
}

/// Goes back from `value` to what comes from outside; counts the ops on the
/// way.
static Verdict traceHeads(const GroupView &group, mlir::Value value,
                          llvm::StringRef what, AttentionGroup::Heads &heads,
                          size_t &ops) {
  for (;;) {
    mlir::Operation *op = group.producer(value);
    if (op && !group.view(value).whole) {
      return refusedInput(what);
    }
    if (auto rope = mlir::dyn_cast_or_null<decoder::RopeOp>(op);
        rope && !heads.rope && !heads.norm) {
      heads.rope = rope;
      value = rope.getInput();
    } else if (auto norm = mlir::dyn_cast_or_null<decoder::RmsNormOp>(op);
               norm && !heads.norm) {
      heads.norm = norm;
      value = norm.getInput();
    } else {
      break;
    }
    ++ops;
  }
  const BufferView view = group.view(value);
  heads.input = value;
  heads.offset = view.offset;
  if (!group.liveInIndex(value)) {
    return refusedInput(what);
  }
  if (view.stride != 1 || view.offset % 8 != 0) {
    return Verdict::refused(plan::Reason::RefusedShape,
                            "the " + what.str() + " begins at element " +
                                std::to_string(view.offset) + " with stride " +
                                std::to_string(view.stride) +
                                ", wanted a multiple of 8 and 1");
  }
  return Verdict::ok();
}

static Verdict matchAppends(const GroupView &group, AttentionGroup &out,
                            size_t &ops) {
  out.keys = out.attention.getKeys();
  out.values = out.attention.getValues();
  out.keyAppend =
      mlir::dyn_cast_or_null<decoder::KvAppendOp>(group.producer(out.keys));
  out.valueAppend =
      mlir::dyn_cast_or_null<decoder::KvAppendOp>(group.producer(out.values));
  if (!out.keyAppend != !out.valueAppend) {
    return Verdict::refused(plan::Reason::RefusedOp,
                            "decoder.kv_append of only one of keys and values");
  }
  if (out.keyAppend) {
    ops += 2;
    out.keys = out.keyAppend.getCache();
    out.values = out.valueAppend.getCache();
    for (auto [append, heads, what] :
         {std::tuple(out.keyAppend, &out.key, "newest key"),
          std::tuple(out.valueAppend, &out.value, "newest value")}) {
      auto op = append;
      if (Verdict verdict = traceHeads(group, op.getRows(), what, *heads, ops);
          !verdict) {
        return verdict;
      }
    }
    if (out.value.norm || out.value.rope) {
      return refusedInput("newest value");
    }
    if (group.source(out.keys) == group.source(out.values)) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "keys and values in one cache");
    }
  }
  for (mlir::Value cache : {out.keys, out.values}) {
    if (!group.liveInIndex(cache) || !group.view(cache).whole) {
      return refusedInput("cache");
    }
  }
  return Verdict::ok();
}

static Verdict matchLiveOuts(const GroupView &group, AttentionGroup &out) {
  size_t results = 0;
  size_t caches = 0;
  for (mlir::Value value : group.liveOuts()) {
    mlir::Operation *op = group.producer(value);
    results += op == out.attention;
    caches += op && (op == out.keyAppend || op == out.valueAppend);
  }
  const size_t appends = out.keyAppend ? 2 : 0;
  if (results != 1 || caches != appends ||
      group.liveOuts().size() != 1 + appends) {
    return Verdict::refused(plan::Reason::RefusedLiveOut,
                            "live-outs wanted: the attended rows and every "
                            "cache that is appended to");
  }
  return Verdict::ok();
}

/// One `positions` for all, one table of frequencies.
static Verdict matchPositions(const GroupView &group, AttentionGroup &out) {
  llvm::SmallVector<mlir::Value> positions = {out.attention.getPositions()};
  for (decoder::RopeOp rope : {out.query.rope, out.key.rope}) {
    if (rope) {
      positions.push_back(rope.getPositions());
    }
  }
  if (out.keyAppend) {
    positions.push_back(out.keyAppend.getPositions());
    positions.push_back(out.valueAppend.getPositions());
  }
  for (mlir::Value value : positions) {
    if (!group.liveInIndex(value) || !group.view(value).whole ||
        group.source(value) != group.source(positions.front())) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "positions that differ between the ops");
    }
  }
  if (out.query.rope && out.key.rope &&
      (out.query.rope.getTheta() != out.key.rope.getTheta() ||
       out.query.rope.getScalingAttr() != out.key.rope.getScalingAttr())) {
    return Verdict::refused(plan::Reason::RefusedOp,
                            "frequencies of rope that differ between query and "
                            "key");
  }
  out.pages = out.attention.getPages();
  for (decoder::KvAppendOp append : {out.keyAppend, out.valueAppend}) {
    const mlir::Value pages = append ? append.getPages() : out.pages;
    if (!pages != !out.pages ||
        (pages && group.source(pages) != group.source(out.pages))) {
      return Verdict::refused(plan::Reason::RefusedOp,
                              "page tables that differ between the ops");
    }
  }
  if (out.pages &&
      (!group.liveInIndex(out.pages) || !group.view(out.pages).whole)) {
    return refusedInput("page table");
  }
  for (decoder::RmsNormOp norm : {out.query.norm, out.key.norm}) {
    if (norm && !group.liveInIndex(norm.getGain())) {
      return refusedInput("gain");
    }
  }
  return Verdict::ok();
}

Verdict AttentionGroup::match(const GroupView &group, AttentionGroup &out) {
  for (mlir::Operation *op : group.ops()) {
    if (auto attention = mlir::dyn_cast<decoder::AttentionOp>(op)) {
      if (out.attention) {
        return Verdict::refused(plan::Reason::RefusedGroupSize,
                                "two attentions, wanted one");
      }
      out.attention = attention;
    }
  }
  if (!out.attention) {
    return Verdict::refused(
        plan::Reason::RefusedOp,
        group.ops().front()->getName().getStringRef().str());
  }
  size_t ops = 1;
  if (Verdict verdict =
          traceHeads(group, out.attention.getQuery(), "query", out.query, ops);
      !verdict) {
    return verdict;
  }
  if (Verdict verdict = matchAppends(group, out, ops); !verdict) {
    return verdict;
  }
  if (ops != group.ops().size()) {
    return Verdict::refused(plan::Reason::RefusedGroupSize,
                            std::to_string(group.ops().size() - ops) +
                                " ops that attention does not need");
  }
  for (auto *step : {matchLiveOuts, matchPositions}) {
    if (Verdict verdict = step(group, out); !verdict) {
      return verdict;
    }
  }
  llvm::ArrayRef<int64_t> query = shapeOf(out.attention.getQuery());
  out.cache = out.attention.cacheShape();
  out.rows = query[0];
  out.heads = query[1];
  out.headDim = query[2];
  out.batch = out.cache.batch;
  out.kvHeads = out.cache.kvHeads;
  out.capacity = out.cache.capacity;
  out.perKvHead = out.heads / out.kvHeads;
  if (out.keyAppend && out.tokens() != 1) {
    return Verdict::refused(plan::Reason::RefusedRows,
                            std::to_string(out.tokens()) +
                                " rows per sequence, wanted 1 where the kernel "
                                "appends what it attends");
  }
  if (out.headDim % 8 != 0 || out.headDim > 256) {
    return Verdict::refused(plan::Reason::RefusedHeadDim,
                            "head_dim " + std::to_string(out.headDim) +
                                ", wanted a multiple of 8 up to 256");
  }
  if (out.keyAppend && out.perKvHead > 8) {
    return Verdict::refused(plan::Reason::RefusedHeads,
                            std::to_string(out.perKvHead) +
                                " query heads per KV head, wanted at most 8 "
                                "where one block appends and attends");
  }
  return acceptsElementTypes(group);
}

bool AttentionGroup::mayGrow(const GroupView &group) {
  unsigned attentions = 0;
  unsigned appends = 0;
  unsigned ropes = 0;
  unsigned norms = 0; // of heads: rank 3
  for (mlir::Operation *op : group.ops()) {
    attentions += mlir::isa<decoder::AttentionOp>(op);
    appends += mlir::isa<decoder::KvAppendOp>(op);
    ropes += mlir::isa<decoder::RopeOp>(op);
    norms += mlir::isa<decoder::RmsNormOp>(op) &&
             shapeOf(op->getResult(0)).size() == 3;
  }
  return attentions <= 1 && appends <= 2 && ropes <= 2 && norms <= 2 &&
         attentions + appends + ropes + norms == group.ops().size();
}

AttentionGroup AttentionGroup::of(const GroupView &group) {
  AttentionGroup out;
  [[maybe_unused]] const Verdict verdict = match(group, out);
  assert(verdict && "only groups that were accepted are asked");
  return out;
}

} // namespace sinter::codegen
