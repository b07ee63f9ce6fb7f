//===- DecoderTraffic.cpp - Unique bytes and arithmetic -------------------===//
//
// Formulas: ir/SPEC.md, "Traffic". Most ops read their operands and write their
// result once; the exceptions read or write a part.
//
//===----------------------------------------------------------------------===//

#include "ir/decoder/Decoder.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::decoder;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static Traffic whole(Value value) { return {tensorBytes(value.getType())}; }

static int64_t elements(Value value) { return typeOf(value).getNumElements(); }

/// `count` rows of `value`'s last dimension.
static Traffic someRows(Value value, int64_t count) {
  RankedTensorType type = typeOf(value);
  return {saturatingProduct(
      {count, type.getShape().back(), type.getElementTypeBitWidth() / 8})};
}

#define SINTER_WHOLE_OPERANDS(OP)                                              \
  Traffic OP::getOperandTraffic(unsigned index, const Workload &) {            \
    return whole(getOperation()->getOperand(index));                           \
  }
#define SINTER_WHOLE_RESULT(OP)                                                \
  Traffic OP::getResultTraffic(unsigned, const Workload &) {                   \
    return whole(getResult());                                                 \
  }
#define SINTER_FLOPS_PER_ELEMENT(OP, COUNT)                                    \
  int64_t OP::getFlops(const Workload &) {                                     \
    return saturatingProduct({COUNT, elements(getResult())});                  \
  }

Traffic EmbedOp::getOperandTraffic(unsigned index, const Workload &) {
  return index == 0 ? whole(getIds())
                    : someRows(getTable(), typeOf(getIds()).getDimSize(0));
}
SINTER_WHOLE_RESULT(EmbedOp)
SINTER_FLOPS_PER_ELEMENT(EmbedOp, 0)

SINTER_WHOLE_OPERANDS(RmsNormOp)
SINTER_WHOLE_RESULT(RmsNormOp)
SINTER_FLOPS_PER_ELEMENT(RmsNormOp, 4)

SINTER_WHOLE_OPERANDS(LinearOp)
SINTER_WHOLE_RESULT(LinearOp)
int64_t LinearOp::getFlops(const Workload &) {
  RankedTensorType weight = typeOf(getWeight());
  int64_t products =
      saturatingProduct({2, typeOf(getInput()).getDimSize(0),
                         weight.getDimSize(0), weight.getDimSize(1)});
  int64_t sums = getBias() ? elements(getResult()) : 0;
  int64_t flops;
  return __builtin_add_overflow(products, sums, &flops) ? products : flops;
}

SINTER_WHOLE_OPERANDS(SwigluOp)
SINTER_WHOLE_RESULT(SwigluOp)
SINTER_FLOPS_PER_ELEMENT(SwigluOp, 3)

SINTER_WHOLE_OPERANDS(AddOp)
SINTER_WHOLE_RESULT(AddOp)
SINTER_FLOPS_PER_ELEMENT(AddOp, 1)

Traffic TakeRowsOp::getOperandTraffic(unsigned index, const Workload &) {
  return index == 0 ? someRows(getInput(), typeOf(getRows()).getDimSize(0))
                    : whole(getRows());
}
SINTER_WHOLE_RESULT(TakeRowsOp)
SINTER_FLOPS_PER_ELEMENT(TakeRowsOp, 0)

SINTER_WHOLE_OPERANDS(RopeOp)
SINTER_WHOLE_RESULT(RopeOp)
SINTER_FLOPS_PER_ELEMENT(RopeOp, 3)

Traffic KvAppendOp::getOperandTraffic(unsigned index, const Workload &) {
  const Value operand = getOperation()->getOperand(index);
  if (operand == getPages()) {
    // An entry for each row at most.
    return {4 *
            std::min(typeOf(getRows()).getDimSize(0), elements(getPages()))};
  }
  return operand == getCache() ? Traffic{0} : whole(operand);
}
Traffic KvAppendOp::getResultTraffic(unsigned, const Workload &) {
  return whole(getRows());
}
SINTER_FLOPS_PER_ELEMENT(KvAppendOp, 0)

Traffic AttentionOp::getOperandTraffic(unsigned index,
                                       const Workload &workload) {
  const CacheShape cache = cacheShape();
  const int64_t attended = std::min(workload.context, cache.capacity);
  if (index == 4) {
    return {4 * cache.batch * cache.pagesOf(attended)};
  }
  if (index != 1 && index != 2) {
    return whole(getOperation()->getOperand(index));
  }
  return {
      saturatingProduct({cache.batch, cache.kvHeads, attended, cache.headDim,
                         typeOf(getKeys()).getElementTypeBitWidth() / 8})};
}
SINTER_WHOLE_RESULT(AttentionOp)
int64_t AttentionOp::getFlops(const Workload &workload) {
  RankedTensorType query = typeOf(getQuery());
  int64_t batch = cacheShape().batch;
  int64_t tokens = query.getDimSize(0) / batch;
  int64_t attended = std::min(workload.context, cacheShape().capacity);
  // Token t of a sequence attends attended - tokens + t + 1 positions.
  int64_t pairs = saturatingProduct({tokens, attended}) -
                  saturatingProduct({tokens, tokens - 1}) / 2;
  return saturatingProduct({4, batch, query.getDimSize(1), query.getDimSize(2),
                            std::max<int64_t>(pairs, 0)});
}

SINTER_WHOLE_OPERANDS(ArgmaxOp)
SINTER_WHOLE_RESULT(ArgmaxOp)
SINTER_FLOPS_PER_ELEMENT(ArgmaxOp, 0)

SINTER_WHOLE_OPERANDS(SampleOp)
SINTER_WHOLE_RESULT(SampleOp)
SINTER_FLOPS_PER_ELEMENT(SampleOp, 0)

SINTER_WHOLE_OPERANDS(PackWeightsOp)
SINTER_WHOLE_RESULT(PackWeightsOp)
SINTER_FLOPS_PER_ELEMENT(PackWeightsOp, 0)
