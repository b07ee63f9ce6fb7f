//===- Eager.cpp - What an eager framework launches -----------------------===//

#include "passes/analysis/Eager.h"

#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "passes/Support.h"
#include "passes/analysis/OpNames.h"

#include <llvm/ADT/TypeSwitch.h>

using namespace mlir;

namespace sinter {

std::string_view eagerKernelName(EagerKernel kernel) {
  switch (kernel) {
#define SINTER_EAGER_KERNEL(NAME, WORD, SENTENCE)                              \
  case EagerKernel::NAME:                                                      \
    return WORD;
#include "passes/analysis/EagerKernels.def"
  }
  llvm_unreachable("all kernels have a name");
}

std::string_view eagerKernelSentence(EagerKernel kernel) {
  switch (kernel) {
#define SINTER_EAGER_KERNEL(NAME, WORD, SENTENCE)                              \
  case EagerKernel::NAME:                                                      \
    return SENTENCE;
#include "passes/analysis/EagerKernels.def"
  }
  llvm_unreachable("all kernels have a sentence");
}

bool isVendorKernel(EagerKernel kernel) {
  switch (kernel) {
  case EagerKernel::RopeAngles:
  case EagerKernel::Matmul:
  case EagerKernel::Sdpa:
  case EagerKernel::ScoreMatmul:
  case EagerKernel::ValueMatmul:
    return true;
  default:
    return false;
  }
}

uint64_t EagerProfile::launches() const {
  uint64_t count = 0;
  for (const EagerOp &op : ops) {
    count += op.launches.size();
  }
  return count;
}

uint64_t EagerProfile::launchesOf(EagerKernel kernel) const {
  uint64_t count = 0;
  for (const EagerOp &op : ops) {
    for (const EagerLaunch &launch : op.launches) {
      count += launch.kernel == kernel;
    }
  }
  return count;
}

uint64_t EagerProfile::vendorLaunches() const {
  uint64_t count = 0;
  for (const EagerOp &op : ops) {
    for (const EagerLaunch &launch : op.launches) {
      count += isVendorKernel(launch.kernel);
    }
  }
  return count;
}

uint64_t EagerProfile::launchesOfLayer(int64_t layer) const {
  uint64_t count = 0;
  for (const EagerOp &op : ops) {
    count += op.layer == layer ? op.launches.size() : 0;
  }
  return count;
}

uint64_t EagerProfile::read() const {
  uint64_t bytes = 0;
  for (const EagerOp &op : ops) {
    for (const EagerLaunch &launch : op.launches) {
      bytes += launch.read;
    }
  }
  return bytes;
}

uint64_t EagerProfile::written() const {
  uint64_t bytes = 0;
  for (const EagerOp &op : ops) {
    for (const EagerLaunch &launch : op.launches) {
      bytes += launch.written;
    }
  }
  return bytes;
}

namespace {

constexpr uint64_t kFloatBytes = 4; ///< of fp32
constexpr uint64_t kIndexBytes = 8; ///< the framework's ids and positions

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
uint64_t elements(Value value) {
  return static_cast<uint64_t>(typeOf(value).getNumElements());
}
uint64_t bytes(Value value) {
  return static_cast<uint64_t>(tensorBytes(value.getType()));
}
uint64_t elementBytes(Value value) { return bytes(value) / elements(value); }
uint64_t extent(Value value, unsigned dimension) {
  return static_cast<uint64_t>(typeOf(value).getDimSize(dimension));
}

/// Appends the launches of one op.
class Writer {
public:
  explicit Writer(EagerOp &op) : op(op) {}
  void add(EagerKernel kernel, uint64_t read, uint64_t written) {
    op.launches.push_back({kernel, read, written});
  }

private:
  EagerOp &op;
};

class Profiler {
public:
  Profiler(const Workload &workload, EagerAttention attention)
      : workload(workload), attention(attention) {}

  Status visit(Operation *op, EagerOp &out) {
    Writer writer(out);
    Status status;
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](decoder::EmbedOp embed) {
          uint64_t rows = bytes(embed.getResult());
          writer.add(EagerKernel::Gather,
                     rows + elements(embed.getIds()) * kIndexBytes, rows);
        })
        .Case([&](decoder::RmsNormOp norm) { visitNorm(norm, writer); })
        .Case([&](decoder::LinearOp linear) { visitLinear(linear, writer); })
        .Case([&](decoder::RopeOp rope) { visitRope(rope, writer); })
        .Case([&](decoder::KvAppendOp append) {
          uint64_t whole = attendedBytes(append.getResult());
          writer.add(EagerKernel::CacheCat, whole, whole);
        })
        .Case([&](decoder::AttentionOp op) { visitAttention(op, writer); })
        .Case([&](decoder::SwigluOp swiglu) {
          uint64_t size = bytes(swiglu.getResult());
          writer.add(EagerKernel::Silu, size, size);
          writer.add(EagerKernel::TimesUp, 2 * size, size);
        })
        .Case([&](decoder::AddOp add) {
          uint64_t size = bytes(add.getResult());
          writer.add(EagerKernel::Residual, 2 * size, size);
        })
        .Case([&](decoder::ArgmaxOp argmax) {
          writer.add(EagerKernel::Argmax, bytes(argmax.getLogits()),
                     elements(argmax.getResult()) * kIndexBytes);
        })
        // A slice of the rows is a view.
        .Case([](decoder::TakeRowsOp) {})
        .Default([&](Operation *other) {
          status = Error{ErrorCode::EagerUncounted, describeOp(other),
                         "an op of the published greedy step", "another",
                         "choose greedy decoding"};
        });
    return status;
  }

  /// Once per step, from the first rope that has such a table.
  void ropeTable(decoder::RopeOp rope, EagerOp &out) const {
    Writer writer(out);
    const uint64_t rows = extent(rope.getInput(), 0);
    const uint64_t half = extent(rope.getInput(), 2) / 2;
    const uint64_t angles = rows * half * kFloatBytes;
    const uint64_t table = 2 * angles;
    writer.add(EagerKernel::RopePositions, rows * kIndexBytes,
               rows * kFloatBytes);
    writer.add(EagerKernel::RopeAngles, half * kFloatBytes + rows * kFloatBytes,
               angles);
    writer.add(EagerKernel::RopeTableCat, angles, table);
    writer.add(EagerKernel::RopeCos, table, table);
    writer.add(EagerKernel::RopeCosScale, table, table);
    writer.add(EagerKernel::RopeSin, table, table);
    writer.add(EagerKernel::RopeSinScale, table, table);
    if (uint64_t size = elementBytes(rope.getInput()); size != kFloatBytes) {
      writer.add(EagerKernel::RopeCosCast, table, rows * 2 * half * size);
      writer.add(EagerKernel::RopeSinCast, table, rows * 2 * half * size);
    }
  }

  void positions(EagerOp &out) const {
    Writer writer(out);
    const auto tokens = static_cast<uint64_t>(workload.tokens);
    writer.add(EagerKernel::PositionRange, 0, tokens * kIndexBytes);
    writer.add(EagerKernel::PositionOffset, tokens * kIndexBytes,
               tokens * kIndexBytes);
  }

  /// Once per step, of the type of the first attention's queries.
  void mask(decoder::AttentionOp op, EagerOp &out) const {
    if (attention == EagerAttention::Sdpa) {
      // One query without padding attends everything: no mask at all.
      return;
    }
    Writer writer(out);
    const auto batch = static_cast<uint64_t>(workload.batch);
    const auto tokens = static_cast<uint64_t>(workload.tokens);
    const auto keys = static_cast<uint64_t>(workload.context);
    auto range = [&](EagerKernel kernel, uint64_t count) {
      writer.add(kernel, 0, count * kIndexBytes);
    };
    auto offset = [&](EagerKernel kernel, uint64_t count) {
      writer.add(kernel, count * kIndexBytes, count * kIndexBytes);
    };
    range(EagerKernel::MaskBatchRange, batch);
    range(EagerKernel::MaskHeadRange, 1);
    range(EagerKernel::MaskQueryRange, tokens);
    offset(EagerKernel::MaskQueryOffset, tokens);
    range(EagerKernel::MaskKeyRange, keys);
    offset(EagerKernel::MaskKeyOffset, keys);
    // A truth value is a byte. The comparison uses neither batch nor head, so
    // its result is expanded by a view and written whole only by `where`.
    writer.add(EagerKernel::MaskCompare, (tokens + keys) * kIndexBytes,
               tokens * keys);
    writer.add(EagerKernel::MaskWhere, tokens * keys,
               batch * tokens * keys * elementBytes(op.getQuery()));
  }

private:
  /// Bytes of the positions attended in a cache, which lies in one piece or in
  /// pages: the framework's own lies in one.
  uint64_t attendedBytes(Value cache) const {
    return bytes(cache) / (extent(cache, 0) * extent(cache, 2)) *
           static_cast<uint64_t>(workload.batch * workload.context);
  }

  /// Packed weights are ours alone: the published code multiplies by each part.
  static void visitLinear(decoder::LinearOp linear, Writer &writer) {
    SmallVector<Value> parts = {linear.getWeight()};
    if (auto pack =
            linear.getWeight().getDefiningOp<decoder::PackWeightsOp>()) {
      parts.assign(pack.getInputs().begin(), pack.getInputs().end());
    }
    const uint64_t line =
        bytes(linear.getResult()) / extent(linear.getResult(), 1);
    for (Value part : parts) {
      const uint64_t lines = extent(part, 0);
      writer.add(EagerKernel::Matmul,
                 bytes(linear.getInput()) + bytes(part) +
                     (linear.getBias() ? lines * elementBytes(part) : 0),
                 lines * line);
    }
  }

  static void visitNorm(decoder::RmsNormOp norm, Writer &writer) {
    const uint64_t own = bytes(norm.getInput());
    const uint64_t wide = elements(norm.getInput()) * kFloatBytes;
    const uint64_t rows =
        elements(norm.getInput()) / elements(norm.getGain()) * kFloatBytes;
    const bool casts = own != wide;
    if (casts) {
      writer.add(EagerKernel::NormUpcast, own, wide);
    }
    writer.add(EagerKernel::NormSquare, wide, wide);
    writer.add(EagerKernel::NormMean, wide, rows);
    writer.add(EagerKernel::NormEps, rows, rows);
    writer.add(EagerKernel::NormRsqrt, rows, rows);
    writer.add(EagerKernel::NormScale, wide + rows, wide);
    if (casts) {
      writer.add(EagerKernel::NormDowncast, wide, own);
    }
    writer.add(EagerKernel::NormGain, own + bytes(norm.getGain()), own);
  }

  static void visitRope(decoder::RopeOp rope, Writer &writer) {
    const uint64_t size = bytes(rope.getInput());
    const uint64_t table = size / extent(rope.getInput(), 1);
    writer.add(EagerKernel::RopeTimesCos, size + table, size);
    writer.add(EagerKernel::RopeNegate, size / 2, size / 2);
    writer.add(EagerKernel::RopeCat, size, size);
    writer.add(EagerKernel::RopeTimesSin, size + table, size);
    writer.add(EagerKernel::RopeAdd, 2 * size, size);
  }

  void visitAttention(decoder::AttentionOp op, Writer &writer) const {
    const uint64_t query = bytes(op.getQuery());
    const uint64_t keys = attendedBytes(op.getKeys());
    const uint64_t values = attendedBytes(op.getValues());
    if (attention == EagerAttention::Sdpa) {
      writer.add(EagerKernel::Sdpa, query + keys + values, query);
      return;
    }
    const uint64_t shared = extent(op.getQuery(), 1) / extent(op.getKeys(), 1);
    const uint64_t size = elementBytes(op.getQuery());
    const uint64_t pairs = extent(op.getQuery(), 0) * extent(op.getQuery(), 1) *
                           static_cast<uint64_t>(workload.context);
    if (shared > 1) {
      writer.add(EagerKernel::RepeatKeys, keys, shared * keys);
      writer.add(EagerKernel::RepeatValues, values, shared * values);
    }
    writer.add(EagerKernel::ScoreMatmul, query + shared * keys, pairs * size);
    writer.add(EagerKernel::ScoreScale, pairs * size, pairs * size);
    writer.add(EagerKernel::ScoreMask,
               pairs * size + pairs / extent(op.getQuery(), 1) * size,
               pairs * size);
    if (size != kFloatBytes) {
      writer.add(EagerKernel::SoftmaxUpcast, pairs * size, pairs * kFloatBytes);
    }
    writer.add(EagerKernel::Softmax, pairs * kFloatBytes, pairs * kFloatBytes);
    if (size != kFloatBytes) {
      writer.add(EagerKernel::SoftmaxDowncast, pairs * kFloatBytes,
                 pairs * size);
    }
    writer.add(EagerKernel::ValueMatmul, pairs * size + shared * values, query);
  }

  const Workload &workload;
  const EagerAttention attention;
};

} // namespace

Result<EagerProfile> profileEager(func::FuncOp function,
                                  EagerAttention attention) {
  const std::string object = "function '" + function.getName().str() + "'";
  plan::WorkloadAttr attribute = plan::getWorkload(function);
  if (!attribute) {
    return Error{ErrorCode::WorkloadMissing, object,
                 "the attribute plan.workload", "none",
                 "import the model with a workload"};
  }
  const Workload workload = attribute.workload();
  if (workload.phase != plan::Phase::Decode || workload.tokens != 1) {
    return Error{ErrorCode::EagerUncounted, object,
                 "a decode step of one token per sequence",
                 std::to_string(workload.tokens) + " tokens, phase " +
                     plan::stringifyPhase(workload.phase).str(),
                 "count a decode step"};
  }
  Profiler profiler(workload, attention);
  EagerProfile profile;
  // The parts that belong to no op run before the first layer.
  EagerOp positions{"positions", "", std::nullopt, {}};
  EagerOp mask{"mask", "", std::nullopt, {}};
  EagerOp table{"rope_table", "", std::nullopt, {}};
  profiler.positions(positions);
  bool masked = false, turned = false;
  size_t afterEmbedding = 0;
  for (Operation &op : function.getBody().front()) {
    if (!isStepOp(&op)) {
      continue;
    }
    EagerOp eager;
    eager.name = decoder::opName(&op).str();
    eager.kind = op.getName().stripDialect().str();
    eager.layer = layerOf(eager.name);
    SINTER_TRY(profiler.visit(&op, eager));
    profile.ops.push_back(std::move(eager));
    if (isa<decoder::EmbedOp>(op)) {
      afterEmbedding = profile.ops.size();
    }
    if (auto rope = dyn_cast<decoder::RopeOp>(op); rope && !turned) {
      profiler.ropeTable(rope, table);
      turned = true;
    }
    if (auto attends = dyn_cast<decoder::AttentionOp>(op); attends && !masked) {
      profiler.mask(attends, mask);
      masked = true;
    }
  }
  auto place = profile.ops.begin() + static_cast<ptrdiff_t>(afterEmbedding);
  place = profile.ops.insert(place, std::move(table));
  place = profile.ops.insert(place, std::move(mask));
  profile.ops.insert(place, std::move(positions));
  return profile;
}

} // namespace sinter
