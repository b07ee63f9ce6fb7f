//===- Importer.cpp - From a config to a decoder module -------------------===//

#include "models/importer/Importer.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "models/config/Tensors.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/IR/Builders.h>
#include <mlir/IR/Verifier.h>

#include <cmath>
#include <tuple>

using namespace mlir;

namespace sinter {

namespace {

/// Positions are i32.
constexpr int64_t mostRows = 1 << 20;

Status checkWorkload(const ModelConfig &config, const Workload &workload,
                     const ImportOptions &options) {
  auto outside = [](const char *what, int64_t least, int64_t most,
                    int64_t found, const char *remedy) {
    return Error{ErrorCode::InvalidWorkload, what,
                 std::to_string(least) + " to " + std::to_string(most),
                 std::to_string(found), remedy};
  };
  if (workload.batch < 1 || workload.batch > mostRows) {
    return outside("batch", 1, mostRows, workload.batch, "");
  }
  bool decode = workload.phase == plan::Phase::Decode;
  int64_t mostTokens = decode ? 1 : mostRows / workload.batch;
  if (workload.tokens < 1 || workload.tokens > mostTokens) {
    return outside("tokens", 1, mostTokens, workload.tokens,
                   decode ? "a decode step takes one token per sequence" : "");
  }
  if (workload.maxContext < workload.tokens ||
      workload.maxContext > config.maxPositions) {
    return outside("max-context", workload.tokens, config.maxPositions,
                   workload.maxContext,
                   "the model has max_position_embeddings positions");
  }
  if (workload.context < workload.tokens ||
      workload.context > workload.maxContext) {
    return outside("context", workload.tokens, workload.maxContext,
                   workload.context, "the cache holds max-context positions");
  }
  // All factors are bounded, so this division is exact enough: 2^60 elements.
  int64_t perSequence = config.kvWidth() * workload.maxContext;
  if (workload.batch > (int64_t{1} << 60) / perSequence) {
    return outside("batch", 1, (int64_t{1} << 60) / perSequence, workload.batch,
                   "the caches of a layer would not fit any address space");
  }
  if (options.idLimit &&
      (*options.idLimit < 1 || *options.idLimit > config.vocabSize)) {
    return outside("id limit", 1, config.vocabSize, *options.idLimit, "");
  }
  return Status::success();
}

/// Entries of the page table for each sequence.
int64_t pagesOfSequence(const Workload &workload) {
  return (workload.maxContext + workload.page - 1) / workload.page;
}

int64_t largestBatch(ArrayRef<Workload> workloads) {
  int64_t batch = 1;
  for (const Workload &workload : workloads) {
    batch = std::max(batch, workload.batch);
  }
  return batch;
}

/// Pages of the pool, the same in every entry.
int64_t poolOf(ArrayRef<Workload> workloads) {
  const Workload &first = workloads.front();
  return first.page == 0   ? 0
         : first.pool != 0 ? first.pool
                           : largestBatch(workloads) * pagesOfSequence(first);
}

Status checkPages(ArrayRef<Workload> workloads) {
  const Workload &first = workloads.front();
  auto refuse = [](const char *what, std::string wanted, int64_t found) {
    return Error{ErrorCode::InvalidWorkload, what, std::move(wanted),
                 std::to_string(found), ""};
  };
  if (first.page == 0) {
    return first.pool == 0
               ? Status::success()
               : Status(refuse("pool", "a page size beside it", first.pool));
  }
  if (std::string why = decoder::CacheShape::refusedPage(first.page);
      !why.empty()) {
    return refuse("page", std::move(why), first.page);
  }
  // Then every sequence may grow to the capacity once the others end.
  const int64_t least = pagesOfSequence(first) + largestBatch(workloads) - 1;
  const int64_t pool = poolOf(workloads);
  if (pool < least || pool > mostRows) {
    return refuse("pool",
                  std::to_string(least) + " to " + std::to_string(mostRows) +
                      " pages: max-context positions of one sequence and a "
                      "page for each other",
                  pool);
  }
  return Status::success();
}

/// The phase, and what tells `workload` from others of it.
std::string entryName(const Workload &workload, ArrayRef<Workload> all) {
  bool tokens = false;
  bool context = false;
  for (const Workload &other : all) {
    if (other.phase == workload.phase) {
      tokens |= other.tokens != workload.tokens;
      context |=
          other.tokens == workload.tokens && other.context != workload.context;
    }
  }
  std::string name = plan::stringifyPhase(workload.phase).str();
  if (tokens) {
    name += "_t" + std::to_string(workload.tokens);
  }
  if (context) {
    name += "_c" + std::to_string(workload.context);
  }
  return name;
}

class GraphBuilder {
public:
  GraphBuilder(MLIRContext &context, const ModelConfig &config,
               const ImportOptions &options)
      : config(config), options(options), builder(&context),
        element(builder.getBF16Type()) {}

  OwningOpRef<ModuleOp> build(ArrayRef<Workload> workloads);

private:
  Location named(const Twine &name) {
    return NameLoc::get(builder.getStringAttr(name));
  }
  /// Location of a part of the current layer.
  Location part(StringRef name) {
    return named("layers." + Twine(layer) + "." + name);
  }
  RankedTensorType tensor(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, element);
  }
  RankedTensorType ids(int64_t count) {
    return RankedTensorType::get({count}, builder.getI32Type());
  }
  FloatAttr f64(double value) { return builder.getF64FloatAttr(value); }

  void declareWeights(ModuleOp module);
  func::FuncOp declareEntry(ModuleOp module, const std::string &entry);
  void buildEntry(func::FuncOp function);
  Value load(const Twine &name);
  Value loadLayer(StringRef name) {
    return load("model.layers." + Twine(layer) + "." + name + ".weight");
  }
  Value norm(Location location, Value x, Value gain) {
    return builder.create<decoder::RmsNormOp>(location, x.getType(), x, gain,
                                              f64(config.rmsNormEps));
  }
  Value linear(Location location, Value x, Value weight, Value bias = {});
  Value add(Location location, Value a, Value b) {
    return builder.create<decoder::AddOp>(location, a.getType(), a, b);
  }
  /// [R, heads * d] -> [R, heads, d].
  Value split(Location location, Value x, int64_t heads);
  /// A projection to heads, for q and k with norm and rope.
  Value project(StringRef name, Value x, int64_t heads);
  Value rotate(StringRef name, Value x);
  Value attention(Value x, Value &keys, Value &values);
  Value mlp(Value x);

  const ModelConfig &config;
  const ImportOptions &options;
  OpBuilder builder;
  Type element;
  Workload workload; ///< of the entry at hand
  int64_t pool = 0;  ///< pages of all entries
  Value pages;       ///< their table, or null
  llvm::StringMap<RankedTensorType> weights;
  Value positions;
  decoder::Llama3ScalingAttr scaling;
  int64_t layer = 0;
};

void GraphBuilder::declareWeights(ModuleOp module) {
  builder.setInsertionPointToEnd(module.getBody());
  for (const TensorInfo &info : expectedTensors(config)) {
    RankedTensorType type =
        tensor(SmallVector<int64_t>(info.shape.begin(), info.shape.end()));
    weights[info.name] = type;
    builder.create<ml_program::GlobalOp>(
        named(info.name), builder.getStringAttr(info.name), TypeAttr::get(type),
        /*is_mutable=*/UnitAttr(),
        ml_program::ExternAttr::get(builder.getContext(), type),
        builder.getStringAttr("private"));
  }
}

func::FuncOp GraphBuilder::declareEntry(ModuleOp module,
                                        const std::string &entry) {
  int64_t rows = workload.rows();
  bool prefill = workload.phase == plan::Phase::Prefill;
  int64_t outRows =
      workload.phase == plan::Phase::Verify ? rows : workload.batch;
  const bool paged = workload.page != 0;
  RankedTensorType cache =
      paged ? tensor({pool, config.kvHeads, workload.page, config.headDim})
            : tensor({workload.batch, config.kvHeads, workload.maxContext,
                      config.headDim});
  SmallVector<Type> inputs = {ids(rows), ids(rows)};
  SmallVector<std::string> inputNames = {"ids", "positions"};
  if (prefill) {
    inputs.push_back(ids(workload.batch));
    inputNames.push_back("rows");
  }
  if (paged) {
    inputs.push_back(RankedTensorType::get(
        {workload.batch, pagesOfSequence(workload)}, builder.getI32Type()));
    inputNames.push_back("pages");
  }
  SmallVector<Type> outputs = {ids(outRows),
                               tensor({outRows, config.vocabSize})};
  SmallVector<std::string> outputNames = {"token", "logits"};
  for (int64_t i = 0; i < config.layers; ++i) {
    for (const char *which : {"k", "v"}) {
      std::string name = "cache." + std::to_string(i) + "." + which;
      inputs.push_back(cache);
      inputNames.push_back(name);
      outputs.push_back(cache);
      outputNames.push_back(name);
    }
  }
  builder.setInsertionPointToEnd(module.getBody());
  auto function = builder.create<func::FuncOp>(
      named(entry), entry, builder.getFunctionType(inputs, outputs));
  function->setAttr(plan::PlanDialect::kWorkloadAttr,
                    plan::WorkloadAttr::get(builder.getContext(), workload));
  for (auto [i, text] : llvm::enumerate(inputNames)) {
    function.setArgAttr(i, plan::PlanDialect::kNameAttr,
                        builder.getStringAttr(text));
  }
  for (auto [i, text] : llvm::enumerate(outputNames)) {
    function.setResultAttr(i, plan::PlanDialect::kNameAttr,
                           builder.getStringAttr(text));
  }
  builder.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

Value GraphBuilder::load(const Twine &twine) {
  std::string name = twine.str();
  return builder.create<ml_program::GlobalLoadConstOp>(
      named(name), weights.lookup(name),
      SymbolRefAttr::get(builder.getContext(), name));
}

Value GraphBuilder::linear(Location location, Value x, Value weight,
                           Value bias) {
  int64_t rows = cast<RankedTensorType>(x.getType()).getDimSize(0);
  int64_t out = cast<RankedTensorType>(weight.getType()).getDimSize(0);
  return builder.create<decoder::LinearOp>(location, tensor({rows, out}), x,
                                           weight, bias);
}

Value GraphBuilder::split(Location location, Value x, int64_t heads) {
  RankedTensorType type = tensor({workload.rows(), heads, config.headDim});
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  return builder.create<tensor::ExpandShapeOp>(location, type, x, groups);
}

Value GraphBuilder::project(StringRef name, Value x, int64_t heads) {
  std::string projection = (name + "_proj").str();
  Value weight = loadLayer("self_attn." + projection);
  Value bias;
  if (config.qkvBias) {
    bias = load("model.layers." + Twine(layer) + ".self_attn." + projection +
                ".bias");
  }
  Value flat = linear(part(projection), x, weight, bias);
  return split(part((name + "_heads").str()), flat, heads);
}

Value GraphBuilder::rotate(StringRef name, Value x) {
  if (config.qkNorm) {
    std::string norms = (name + "_norm").str();
    x = norm(part(norms), x, loadLayer("self_attn." + norms));
  }
  return builder.create<decoder::RopeOp>(part((name + "_rope").str()),
                                         x.getType(), x, positions,
                                         f64(config.ropeTheta), scaling);
}

Value GraphBuilder::attention(Value x, Value &keys, Value &values) {
  Value normal = norm(part("input_norm"), x, loadLayer("input_layernorm"));
  Value q = project("q", normal, config.heads);
  Value k = project("k", normal, config.kvHeads);
  Value v = project("v", normal, config.kvHeads);
  q = rotate("q", q);
  k = rotate("k", k);
  keys = builder.create<decoder::KvAppendOp>(part("k_append"), keys.getType(),
                                             k, positions, pages, keys);
  values = builder.create<decoder::KvAppendOp>(
      part("v_append"), values.getType(), v, positions, pages, values);
  double scale = 1.0 / std::sqrt(static_cast<double>(config.headDim));
  Value heads = builder.create<decoder::AttentionOp>(
      part("attention"), q.getType(), q, keys, values, positions, pages,
      f64(scale));
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  Value flat = builder.create<tensor::CollapseShapeOp>(
      part("attention_rows"), tensor({workload.rows(), config.queryWidth()}),
      heads, groups);
  Value out = linear(part("o_proj"), flat, loadLayer("self_attn.o_proj"));
  return add(part("attention_residual"), x, out);
}

Value GraphBuilder::mlp(Value x) {
  Value normal =
      norm(part("post_norm"), x, loadLayer("post_attention_layernorm"));
  Value gate = linear(part("gate_proj"), normal, loadLayer("mlp.gate_proj"));
  Value up = linear(part("up_proj"), normal, loadLayer("mlp.up_proj"));
  Value product = builder.create<decoder::SwigluOp>(part("swiglu"),
                                                    gate.getType(), gate, up);
  Value down = linear(part("down_proj"), product, loadLayer("mlp.down_proj"));
  return add(part("mlp_residual"), x, down);
}

OwningOpRef<ModuleOp> GraphBuilder::build(ArrayRef<Workload> workloads) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  auto number = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  NamedAttribute facts[] = {
      builder.getNamedAttr("architecture",
                           builder.getStringAttr(StringRef(
                               architectureName(config.architecture)))),
      builder.getNamedAttr("head_dim", number(config.headDim)),
      builder.getNamedAttr("heads", number(config.heads)),
      builder.getNamedAttr("hidden_size", number(config.hiddenSize)),
      builder.getNamedAttr("intermediate_size",
                           number(config.intermediateSize)),
      builder.getNamedAttr("kv_heads", number(config.kvHeads)),
      builder.getNamedAttr("layers", number(config.layers)),
      builder.getNamedAttr("max_positions", number(config.maxPositions)),
      builder.getNamedAttr("tied_head", builder.getBoolAttr(config.tiedHead)),
      builder.getNamedAttr("vocab_size", number(config.vocabSize)),
  };
  (*module)->setAttr(plan::PlanDialect::kModelAttr,
                     builder.getDictionaryAttr(facts));
  plan::setStage(*module, plan::Stage::Imported);
  if (config.ropeScaling) {
    const RopeScaling &rope = *config.ropeScaling;
    scaling = decoder::Llama3ScalingAttr::get(
        builder.getContext(), rope.factor, rope.lowFrequencyFactor,
        rope.highFrequencyFactor, rope.originalMaxPositions);
  }
  declareWeights(*module);
  pool = poolOf(workloads);
  for (const Workload &each : workloads) {
    workload = each;
    buildEntry(declareEntry(*module, entryName(workload, workloads)));
  }
  return module;
}

void GraphBuilder::buildEntry(func::FuncOp function) {
  Value tokenIds = function.getArgument(0);
  positions = function.getArgument(1);
  unsigned firstCache = workload.phase == plan::Phase::Prefill ? 3 : 2;
  pages = {};
  if (workload.page != 0) {
    pages = function.getArgument(firstCache++);
  }

  Value table = load("model.embed_tokens.weight");
  Value x = builder.create<decoder::EmbedOp>(
      named("embed"), tensor({workload.rows(), config.hiddenSize}), tokenIds,
      table);
  SmallVector<Value> caches;
  for (layer = 0; layer < config.layers; ++layer) {
    unsigned argument = firstCache + 2 * static_cast<unsigned>(layer);
    Value keys = function.getArgument(argument);
    Value values = function.getArgument(argument + 1);
    x = mlp(attention(x, keys, values));
    caches.append({keys, values});
  }
  if (workload.phase == plan::Phase::Prefill) {
    x = builder.create<decoder::TakeRowsOp>(
        named("last_rows"), tensor({workload.batch, config.hiddenSize}), x,
        function.getArgument(2));
  }
  x = norm(named("final_norm"), x, load("model.norm.weight"));
  Value head = config.tiedHead ? table : load("lm_head.weight");
  Value logits = linear(named("lm_head"), x, head);
  IntegerAttr limit;
  if (options.idLimit) {
    limit = builder.getI64IntegerAttr(*options.idLimit);
  }
  Value token = builder.create<decoder::ArgmaxOp>(
      named("argmax"), decoder::oneIdPerRow(logits.getType()), logits, limit);
  SmallVector<Value> results = {token, logits};
  results.append(caches);
  builder.create<func::ReturnOp>(named("return"), results);
}

/// Entries share caches; no two do the same.
Status checkTogether(ArrayRef<Workload> workloads) {
  auto refuse = [](std::string wanted, std::string found) {
    return Error{ErrorCode::InvalidWorkload, "workloads of one module",
                 std::move(wanted), std::move(found), ""};
  };
  if (workloads.empty()) {
    return refuse("one or more", "none");
  }
  for (size_t i = 1; i < workloads.size(); ++i) {
    const Workload &workload = workloads[i];
    const Workload &before = workloads[i - 1];
    const bool oneOfThem =
        workload.phase != plan::Phase::Decode && workload.batch == 1;
    if ((workload.batch != workloads[0].batch && !oneOfThem) ||
        workload.maxContext != before.maxContext ||
        workload.page != before.page || workload.pool != before.pool) {
      return refuse("one batch, or 1 in phases prefill and verify, and one "
                    "max_context, page and pool",
                    "others in number " + std::to_string(i));
    }
    auto order = [](const Workload &load) {
      return std::tuple(load.phase, load.tokens, load.context);
    };
    auto text = [](const Workload &load) {
      return plan::stringifyPhase(load.phase).str() + " of " +
             std::to_string(load.tokens) + " tokens at context " +
             std::to_string(load.context);
    };
    if (order(workload) <= order(before)) {
      return refuse("ascending phases, tokens and contexts",
                    text(workload) + " after " + text(before));
    }
  }
  return Status::success();
}

} // namespace

Result<OwningOpRef<ModuleOp>> importDecoder(MLIRContext &context,
                                            const ModelConfig &config,
                                            const Workload &workload,
                                            const ImportOptions &options) {
  return importEntries(context, config, workload, options);
}

Result<OwningOpRef<ModuleOp>> importEntries(MLIRContext &context,
                                            const ModelConfig &config,
                                            ArrayRef<Workload> workloads,
                                            const ImportOptions &options) {
  SINTER_TRY(checkTogether(workloads));
  for (const Workload &workload : workloads) {
    SINTER_TRY(checkWorkload(config, workload, options));
  }
  SINTER_TRY(checkPages(workloads));
  context.loadDialect<decoder::DecoderDialect, plan::PlanDialect,
                      func::FuncDialect, ml_program::MLProgramDialect,
                      tensor::TensorDialect>();
  OwningOpRef<ModuleOp> module =
      GraphBuilder(context, config, options).build(workloads);
  if (failed(verify(*module))) {
    return Error{ErrorCode::Internal, "importer", "a module that verifies",
                 "the diagnostics above", "this is a defect of Sinter"};
  }
  return module;
}

} // namespace sinter
