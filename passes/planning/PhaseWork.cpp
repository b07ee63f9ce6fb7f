//===- PhaseWork.cpp - From a family's work to a priced phase -------------===//

#include "passes/planning/PhaseWork.h"

#include "runtime/format/DType.h"

#include <algorithm>

namespace sinter::planning {

using codegen::ParamClass;

cost::PhaseWork phaseOf(const codegen::Work &work) {
  cost::PhaseWork phase;
  phase.launches = work.launches;
  phase.unique = {work.uniqueBytes(ParamClass::Weights),
                  work.uniqueBytes(ParamClass::Kv),
                  work.uniqueBytes(ParamClass::Activations),
                  work.uniqueBytes(ParamClass::Workspace)};
  uint64_t widened = 0; // elements
  uint64_t mostWeights = phase.unique.weights;
  uint64_t cached = 0; // bytes of the cache read
  for (const codegen::ParamWork &param : work.params) {
    if (param.kind == ParamClass::Activations) {
      phase.consumed += param.uniqueLoaded;
    }
    if (param.kind == ParamClass::Weights) {
      mostWeights = std::max(mostWeights, param.loadedBytes);
    }
    if (param.kind == ParamClass::Kv) {
      cached += param.uniqueLoaded;
    }
    if (param.dtype == DType::BF16) {
      widened += param.loadedBytes / 2;
    }
  }
  phase.issued = work.loadedBytes() + work.storedBytes();
  phase.hoisted =
      std::min(work.prefetchBytes, phase.unique.weights + phase.unique.cache);
  phase.joined = work.joinedBytes;
  phase.lookups = work.lookups;
  phase.tensorFlops = work.tensorFlops;
  phase.fmaSlots =
      work.tensorFlops != 0 ? work.fmaSlots : widened * 5 / 4 + work.flops / 2;
  // Uneven blocks, longest first, keep the GPU as busy as fewer even ones.
  phase.blocks = work.evenBlocks != 0
                     ? work.evenBlocks
                     : uint64_t{work.grid[0]} * work.grid[1] * work.grid[2];
  phase.threads = uint64_t{work.block[0]} * work.block[1] * work.block[2];
  phase.sharedBytes = work.sharedBytes;
  phase.registers = work.bounds.registers;
  phase.blocksPerSm = work.bounds.blocksPerSm;
  // What a kernel streams: the cache if it reads one, else weights.
  const uint64_t streamed = cached != 0 ? cached : phase.unique.weights;
  if (phase.hoisted != 0 && phase.hoisted < streamed) {
    // What belongs to the requested weights (their inputs) travels with them.
    const uint64_t most = cached != 0 ? cached : mostWeights;
    const uint64_t rounds = (most + phase.hoisted - 1) / phase.hoisted;
    phase.bytesInFlight =
        std::max<uint64_t>(phase.issued / (rounds * phase.blocks), 1);
  }
  return phase;
}

std::optional<cost::LibraryCall> libraryCallFor(decoder::LinearOp linear) {
  auto input = mlir::cast<mlir::RankedTensorType>(linear.getInput().getType());
  auto weight =
      mlir::cast<mlir::RankedTensorType>(linear.getWeight().getType());
  if (!input.getElementType().isBF16() || !weight.getElementType().isBF16() ||
      !input.hasStaticShape() || !weight.hasStaticShape()) {
    return std::nullopt;
  }
  return cost::LibraryCall{static_cast<uint64_t>(input.getDimSize(0)),
                           static_cast<uint64_t>(weight.getDimSize(0)),
                           static_cast<uint64_t>(weight.getDimSize(1)),
                           /*best=*/false};
}

cost::PhaseWork phaseOf(decoder::LinearOp linear,
                        const cost::LibraryCall &call) {
  cost::PhaseWork phase;
  phase.kind = cost::PhaseKind::Library;
  phase.library = call;
  phase.unique.weights =
      2 * (call.n * call.k + (linear.getBias() ? call.n : 0));
  phase.consumed = 2 * call.m * call.k;
  phase.unique.activations = phase.consumed + 2 * call.m * call.n;
  phase.issued = phase.unique.weights + phase.unique.activations;
  return phase;
}

} // namespace sinter::planning
