//===- DecoderOps.cpp - Constraints of the ops ----------------------------===//
//
// The labels are those of ir/SPEC.md. What one type says about another is a
// trait in DecoderOps.td; everything else is here.
//
//===----------------------------------------------------------------------===//

#include "ir/decoder/Decoder.h"

#include <mlir/IR/Builders.h>

#include <cmath>

using namespace mlir;
using namespace sinter;
using namespace sinter::decoder;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

static ParseResult parseDouble(OpAsmParser &parser, FloatAttr &attribute) {
  double value;
  if (parser.parseFloat(value)) {
    return failure();
  }
  attribute = parser.getBuilder().getF64FloatAttr(value);
  return success();
}

static void printDouble(OpAsmPrinter &printer, Operation *,
                        FloatAttr attribute) {
  printer << formatDouble(attribute.getValueAsDouble());
}

// Generated code shadows its own locals.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#define GET_OP_CLASSES
#include "ir/decoder/DecoderOps.cpp.inc"
#pragma GCC diagnostic pop

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static LogicalResult verifyRank(Operation *op, StringRef label, StringRef what,
                                Value value, int64_t rank) {
  if (typeOf(value).getRank() == rank) {
    return success();
  }
  return op->emitOpError() << label << ": " << what << " has rank " << rank
                           << ", found " << value.getType();
}

static LogicalResult verifyElements(Operation *op, StringRef label,
                                    StringRef what, Value value,
                                    StringRef whose, Value reference) {
  Type wanted = typeOf(reference).getElementType();
  if (typeOf(value).getElementType() == wanted) {
    return success();
  }
  return op->emitOpError() << label << ": " << what
                           << " has the element type of " << whose << ", "
                           << wanted << ", found " << value.getType();
}

static LogicalResult verifyResultShape(Operation *op, StringRef label,
                                       ArrayRef<int64_t> shape,
                                       Type elementType) {
  Type wanted = RankedTensorType::get(shape, elementType);
  Type found = op->getResult(0).getType();
  if (found == wanted) {
    return success();
  }
  return op->emitOpError() << label << ": the result is " << wanted
                           << ", found " << found;
}

static LogicalResult verifyPositions(Operation *op, StringRef label,
                                     Value positions, Value rows) {
  int64_t wanted = typeOf(rows).getDimSize(0);
  int64_t found = typeOf(positions).getDimSize(0);
  if (found == wanted) {
    return success();
  }
  return op->emitOpError() << label << ": one position per row, wanted "
                           << wanted << ", found " << found;
}

CacheShape decoder::cacheShapeOf(Value cache, Value pages) {
  ArrayRef<int64_t> dims = typeOf(cache).getShape();
  if (!pages) {
    return {.batch = dims[0],
            .kvHeads = dims[1],
            .capacity = dims[2],
            .headDim = dims[3]};
  }
  ArrayRef<int64_t> table = typeOf(pages).getShape();
  return {.batch = table[0],
          .kvHeads = dims[1],
          .capacity = table[1] * dims[2],
          .headDim = dims[3],
          .page = dims[2],
          .pool = dims[0],
          .perSequence = table[1]};
}

/// Kernels take 16 positions at a time, which lie in one page.
std::string CacheShape::refusedPage(int64_t page) {
  constexpr int64_t least = 16;
  constexpr int64_t most = 1 << 16;
  return llvm::isPowerOf2_64(page) && page >= least && page <= most
             ? std::string()
             : "a power of two from " + std::to_string(least) + " to " +
                   std::to_string(most) + " positions";
}

/// Pages that kernels can find rows in; their number is an i32.
static LogicalResult verifyPages(Operation *op, StringRef label,
                                 const CacheShape &cache) {
  if (cache.page == 0) {
    return success();
  }
  if (std::string why = CacheShape::refusedPage(cache.page); !why.empty()) {
    return op->emitOpError()
           << label << ": a page is " << why << ", found " << cache.page;
  }
  if (saturatingProduct({cache.pool, cache.kvHeads, cache.page}) > INT32_MAX ||
      saturatingProduct({cache.batch, cache.perSequence}) > INT32_MAX ||
      cache.capacity > INT32_MAX) {
    return op->emitOpError()
           << label
           << ": the rows of all pages, the positions of a sequence "
              "and the table are at most 2^31 - 1 each";
  }
  return success();
}

/// Rows are whole tokens of every sequence, and fit the cache.
static LogicalResult verifyBatch(Operation *op, StringRef label, Value rows,
                                 const CacheShape &cache) {
  int64_t count = typeOf(rows).getDimSize(0);
  int64_t batch = cache.batch;
  int64_t capacity = cache.capacity;
  if (count % batch != 0) {
    return op->emitOpError()
           << label << ": the rows (" << count
           << ") are a multiple of the batch (" << batch << ")";
  }
  if (count / batch > capacity) {
    return op->emitOpError()
           << label << ": the tokens of a sequence (" << count / batch
           << ") fit the cache's capacity (" << capacity << ")";
  }
  return success();
}

/// Kernels compute with the number as fp32, so it is judged as fp32.
static LogicalResult verifyPositive(Operation *op, StringRef label,
                                    StringRef what,
                                    const llvm::APFloat &value) {
  const auto single = static_cast<float>(value.convertToDouble());
  if (std::isfinite(single) && single > 0) {
    return success();
  }
  return op->emitOpError() << label << ": " << what
                           << " is finite and above 0 in fp32, found "
                           << formatDouble(value.convertToDouble());
}

/// `below N`: N in 1 .. V.
static LogicalResult verifyLimit(Operation *op, StringRef label,
                                 IntegerAttr limit, Value logits) {
  int64_t vocabulary = typeOf(logits).getDimSize(1);
  if (!limit || (limit.getInt() >= 1 && limit.getInt() <= vocabulary)) {
    return success();
  }
  return op->emitOpError() << label << ": the limit is in 1 .. " << vocabulary
                           << ", found " << limit.getInt();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

LogicalResult EmbedOp::verify() {
  if (failed(verifyRank(*this, "embed_c1", "the table", getTable(), 2))) {
    return failure();
  }
  RankedTensorType table = typeOf(getTable());
  return verifyResultShape(
      *this, "embed_c2", {typeOf(getIds()).getDimSize(0), table.getDimSize(1)},
      table.getElementType());
}

LogicalResult RmsNormOp::verify() {
  RankedTensorType input = typeOf(getInput());
  if (input.getRank() != 2 && input.getRank() != 3) {
    return emitOpError() << "rms_norm_c2: the input has rank 2 or 3, found "
                         << input;
  }
  RankedTensorType gain = typeOf(getGain());
  if (gain.getRank() != 1 || gain.getDimSize(0) != input.getShape().back()) {
    return emitOpError()
           << "rms_norm_c3: the gain has rank 1 and the extent of the input's "
              "last dimension, "
           << input.getShape().back() << ", found " << gain;
  }
  if (failed(verifyElements(*this, "rms_norm_c4", "the gain", getGain(),
                            "the input", getInput()))) {
    return failure();
  }
  return verifyPositive(*this, "rms_norm_c5", "eps", getEps());
}

LogicalResult LinearOp::verify() {
  if (failed(verifyRank(*this, "linear_c1", "the input", getInput(), 2)) ||
      failed(verifyRank(*this, "linear_c1", "the weight", getWeight(), 2))) {
    return failure();
  }
  RankedTensorType input = typeOf(getInput());
  RankedTensorType weight = typeOf(getWeight());
  if (input.getDimSize(1) != weight.getDimSize(1)) {
    return emitOpError() << "linear_c2: the weight is [out, in] with in = "
                         << input.getDimSize(1) << ", found " << weight;
  }
  if (failed(verifyElements(*this, "linear_c3", "the weight", getWeight(),
                            "the input", getInput()))) {
    return failure();
  }
  if (Value bias = getBias()) {
    RankedTensorType wanted =
        RankedTensorType::get({weight.getDimSize(0)}, weight.getElementType());
    if (bias.getType() != wanted) {
      return emitOpError() << "linear_c4: the bias is " << wanted << ", found "
                           << bias.getType();
    }
  }
  return verifyResultShape(*this, "linear_c5",
                           {input.getDimSize(0), weight.getDimSize(0)},
                           input.getElementType());
}

LogicalResult SwigluOp::verify() {
  return verifyRank(*this, "swiglu_c3", "the gate", getGate(), 2);
}

LogicalResult AddOp::verify() {
  return verifyRank(*this, "add_c3", "an operand", getLhs(), 2);
}

LogicalResult TakeRowsOp::verify() {
  if (failed(verifyRank(*this, "take_rows_c1", "the input", getInput(), 2))) {
    return failure();
  }
  RankedTensorType input = typeOf(getInput());
  return verifyResultShape(
      *this, "take_rows_c2",
      {typeOf(getRows()).getDimSize(0), input.getDimSize(1)},
      input.getElementType());
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

LogicalResult RopeOp::verify() {
  if (failed(verifyRank(*this, "rope_c2", "the input", getInput(), 3)) ||
      failed(verifyPositions(*this, "rope_c3", getPositions(), getInput()))) {
    return failure();
  }
  int64_t headDim = typeOf(getInput()).getDimSize(2);
  if (headDim % 2 != 0) {
    return emitOpError() << "rope_c4: head_dim is even, found " << headDim;
  }
  return verifyPositive(*this, "rope_c5", "theta", getTheta());
}

LogicalResult KvAppendOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location>,
                                           Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getCache().getType());
  return success();
}

LogicalResult KvAppendOp::verify() {
  if (failed(verifyRank(*this, "kv_append_c2", "rows", getRows(), 3)) ||
      failed(verifyRank(*this, "kv_append_c2", "the cache", getCache(), 4))) {
    return failure();
  }
  RankedTensorType rows = typeOf(getRows());
  RankedTensorType cache = typeOf(getCache());
  if (rows.getDimSize(1) != cache.getDimSize(1) ||
      rows.getDimSize(2) != cache.getDimSize(3)) {
    return emitOpError()
           << "kv_append_c3: rows and cache agree in kv_heads and "
              "head_dim, found "
           << rows << " and " << cache;
  }
  if (failed(verifyBatch(*this, "kv_append_c4", getRows(), cacheShape())) ||
      failed(verifyPages(*this, "kv_append_c7", cacheShape())) ||
      failed(
          verifyPositions(*this, "kv_append_c5", getPositions(), getRows()))) {
    return failure();
  }
  return verifyElements(*this, "kv_append_c6", "rows", getRows(), "the cache",
                        getCache());
}

MutableOperandRange KvAppendOp::getDpsInitsMutable() {
  return getCacheMutable();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyRank(*this, "attention_c3", "the query", getQuery(), 3)) ||
      failed(verifyRank(*this, "attention_c3", "the keys", getKeys(), 4))) {
    return failure();
  }
  RankedTensorType query = typeOf(getQuery());
  RankedTensorType keys = typeOf(getKeys());
  if (query.getDimSize(2) != keys.getDimSize(3)) {
    return emitOpError() << "attention_c4: query and keys agree in head_dim, "
                            "found "
                         << query << " and " << keys;
  }
  if (query.getDimSize(1) % keys.getDimSize(1) != 0) {
    return emitOpError() << "attention_c5: heads (" << query.getDimSize(1)
                         << ") are a multiple of kv_heads ("
                         << keys.getDimSize(1) << ")";
  }
  if (failed(verifyBatch(*this, "attention_c6", getQuery(), cacheShape())) ||
      failed(verifyPages(*this, "attention_c10", cacheShape())) ||
      failed(
          verifyPositions(*this, "attention_c7", getPositions(), getQuery())) ||
      failed(verifyElements(*this, "attention_c8", "the query", getQuery(),
                            "the keys", getKeys()))) {
    return failure();
  }
  return verifyPositive(*this, "attention_c9", "scale", getScale());
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

LogicalResult ArgmaxOp::verify() {
  if (failed(verifyRank(*this, "argmax_c2", "logits", getLogits(), 2))) {
    return failure();
  }
  return verifyLimit(*this, "argmax_c3", getLimitAttr(), getLogits());
}

LogicalResult SampleOp::verify() {
  if (failed(verifyRank(*this, "sample_c2", "logits", getLogits(), 2)) ||
      failed(
          verifyPositions(*this, "sample_c3", getPositions(), getLogits())) ||
      failed(verifyPositive(*this, "sample_c4", "temperature",
                            getTemperature()))) {
    return failure();
  }
  int64_t topK = getTopKAttr().getInt();
  int64_t vocabulary = typeOf(getLogits()).getDimSize(1);
  if (topK < 0 || topK > vocabulary) {
    return emitOpError() << "sample_c5: top_k is in 0 .. " << vocabulary
                         << ", found " << topK;
  }
  if (!(topPValue() > 0.0 && topPValue() <= 1.0)) {
    return emitOpError() << "sample_c6: top_p is above 0 and at most 1, found "
                         << formatDouble(topPValue());
  }
  return verifyLimit(*this, "sample_c7", getLimitAttr(), getLogits());
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult PackWeightsOp::verify() {
  if (getInputs().size() < 2) {
    return emitOpError() << "pack_weights_c1: at least 2 weights, found "
                         << getInputs().size();
  }
  RankedTensorType first = typeOf(getInputs().front());
  if (first.getRank() != 1 && first.getRank() != 2) {
    return emitOpError() << "pack_weights_c2: weights have rank 1 or 2, found "
                         << first;
  }
  int64_t rows = 0;
  for (Value input : getInputs()) {
    RankedTensorType type = typeOf(input);
    if (type.getElementType() != first.getElementType() ||
        type.getRank() != first.getRank() ||
        type.getShape().drop_front() != first.getShape().drop_front()) {
      return emitOpError() << "pack_weights_c3: weights differ in dimension 0 "
                              "only, found "
                           << first << " and " << type;
    }
    if (getLayout() == PackLayout::Interleave && type != first) {
      return emitOpError()
             << "pack_weights_c4: interleaved weights have one type, found "
             << first << " and " << type;
    }
    rows += type.getDimSize(0);
  }
  SmallVector<int64_t> shape(first.getShape());
  shape[0] = rows;
  return verifyResultShape(*this, "pack_weights_c5", shape,
                           first.getElementType());
}

//===----------------------------------------------------------------------===//
// Result names
//===----------------------------------------------------------------------===//

/// The last part of the op's name ("layers.3.q_proj" -> "q_proj") where the
/// location carries one, else `fallback`.
static void nameResult(Operation *op, StringRef fallback,
                       OpAsmSetValueNameFn setName) {
  StringRef name = opName(op);
  bool located = name != op->getName().stripDialect();
  StringRef last = name.rsplit('.').second;
  setName(op->getResult(0), !located ? fallback : (last.empty() ? name : last));
}

void EmbedOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "hidden", setName);
}
void RmsNormOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "normed", setName);
}
void LinearOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "linear", setName);
}
void SwigluOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "swiglu", setName);
}
void AddOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "sum", setName);
}
void TakeRowsOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "rows", setName);
}
void RopeOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "rope", setName);
}
void KvAppendOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "cache", setName);
}
void AttentionOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "attention", setName);
}
void ArgmaxOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "token", setName);
}
void SampleOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "token", setName);
}
void PackWeightsOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameResult(*this, "packed", setName);
}
