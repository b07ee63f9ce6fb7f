//===- Signature.cpp - Parameters and launch of a kernel ------------------===//

#include "codegen/families/Signature.h"

#include "ir/interfaces/Interfaces.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

namespace sinter::codegen {

int64_t pieceLength(int64_t length) {
  for (int64_t piece : {8, 4, 2}) {
    if (length % piece == 0) {
      return piece;
    }
  }
  return 1;
}

uint32_t registerBound(const LaunchShape &launch) {
  // A quarter of the SM has a quarter of the registers and whole warps.
  const uint64_t warps =
      ceilDiv(uint64_t{launch.threads / 32} * launch.blocksPerSm, 4);
  const uint32_t share = 16384 / (warps * 32);
  return share > 255 ? 255 : share / 8 * 8;
}

uint32_t residentBlocks(uint32_t threads, uint32_t registers) {
  LaunchShape launch;
  launch.threads = threads;
  launch.blocksPerSm = 16;
  while (launch.blocksPerSm > 1 && registerBound(launch) < registers) {
    --launch.blocksPerSm;
  }
  return launch.blocksPerSm;
}

static std::optional<DType> dtypeOf(mlir::Value value) {
  mlir::Type type =
      mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
  if (type.isBF16()) {
    return DType::BF16;
  }
  if (type.isSignlessInteger(32)) {
    return DType::I32;
  }
  return std::nullopt;
}

static ParamClass classOf(llvm::StringRef role) {
  return llvm::StringSwitch<ParamClass>(role)
      .Cases("weight", "bias", "gain", "qGain", "kGain", "table",
             ParamClass::Weights)
      .Cases("keys", "values", "cache", ParamClass::Kv)
      .Default(ParamClass::Activations);
}

KernelSignature::KernelSignature(const GroupView &group, Names roles)
    : group(group) {
  auto add = [&](mlir::Value value, llvm::StringRef fallback) -> ParamWork & {
    const auto *role = llvm::find_if(
        roles, [&](const auto &entry) { return entry.first == value; });
    const llvm::StringRef name = role == roles.end() ? fallback : role->second;
    ParamWork param;
    param.name = names.allocate(name);
    param.kind = classOf(name);
    param.dtype = *dtypeOf(value);
    param.count = elementsOf(value);
    return params.emplace_back(param);
  };
  for (auto [index, value] : llvm::enumerate(group.liveIns())) {
    add(value, "unused").liveIn = index;
  }
  for (auto [index, value] : llvm::enumerate(group.liveOuts())) {
    if (std::optional<unsigned> tied = group.tiedLiveIn(index)) {
      params[*tied].access = plan::Access::InOut;
      params[*tied].liveOut = index;
      continue;
    }
    ParamWork &param = add(group.source(value), "y");
    param.access = plan::Access::Out;
    param.liveOut = index;
  }
}

void KernelSignature::addWorkspace(llvm::StringRef name, DType dtype,
                                   uint64_t count) {
  ParamWork param;
  param.name = names.allocate(name);
  param.kind = ParamClass::Workspace;
  param.access = plan::Access::InOut;
  param.dtype = dtype;
  param.count = count;
  params.push_back(param);
}

ParamWork &KernelSignature::of(mlir::Value value) {
  if (std::optional<unsigned> index = group.liveInIndex(value)) {
    return params[*index];
  }
  const mlir::Value source = group.source(value);
  ParamWork *found = llvm::find_if(params, [&](const ParamWork &param) {
    return param.liveOut &&
           group.source(group.liveOuts()[*param.liveOut]) == source;
  });
  assert(found != params.end() && "a live-in or a live-out");
  return *found;
}

ParamWork &KernelSignature::workspace(llvm::StringRef name) {
  ParamWork *found = llvm::find_if(params, [&](const ParamWork &param) {
    return param.kind == ParamClass::Workspace && param.name == name;
  });
  assert(found != params.end() && "added before");
  return *found;
}

/// As the prelude calls it.
static std::string elementName(DType dtype) {
  return dtype == DType::F32 ? "float" : std::string(dtypeName(dtype));
}

CudaWriter::Scope openKernel(CudaWriter &writer, const LaunchShape &launch,
                             llvm::ArrayRef<ParamWork> params, Wait wait) {
  std::string head = "SINTER_KERNEL(" + writer.symbol() + ", " +
                     std::to_string(launch.threads) + ", " +
                     std::to_string(launch.blocksPerSm) + ",";
  std::string list;
  const std::string indent = "\n" + std::string(14, ' ');
  size_t column = 14;
  for (const ParamWork &param : params) {
    std::string view = param.access == plan::Access::In    ? "In<"
                       : param.access == plan::Access::Out ? "Out<"
                                                           : "InOut<";
    view += elementName(param.dtype) + "> " + param.name;
    if (!list.empty()) {
      list += ",";
      if (column + view.size() > 76) {
        list += indent + " ";
        column = 15;
      } else {
        list += " ";
      }
    }
    list += view;
    column += view.size() + 2;
  }
  CudaWriter::Scope scope = writer.scope(head + indent + "(" + list + "))");
  if (wait == Wait::AtOnce) {
    writer.line("allowConsumers();");
    writer.line("waitForProducers();");
  }
  return scope;
}

CudaWriter::Scope KernelSignature::openKernel(CudaWriter &writer,
                                              const LaunchShape &launch,
                                              Wait wait) const {
  return codegen::openKernel(writer, launch, params, wait);
}

Work KernelSignature::work(const LaunchShape &launch,
                           const Workload &workload) const {
  Work work;
  for (mlir::Operation *op : group.ops()) {
    work.flops += mlir::cast<TrafficOpInterface>(op).getFlops(workload);
  }
  work.grid = {static_cast<uint32_t>(launch.gridX),
               static_cast<uint32_t>(launch.gridY), 1};
  work.block = {launch.threads, 1, 1};
  work.sharedBytes = launch.sharedBytes;
  work.bounds = {registerBound(launch), launch.blocksPerSm};
  work.params = params;
  return work;
}

Verdict acceptsElementTypes(const GroupView &group) {
  llvm::SmallVector<mlir::Value> values(group.liveIns());
  llvm::append_range(values, group.liveOuts());
  for (mlir::Operation *op : group.ops()) {
    llvm::append_range(values, op->getResults());
  }
  for (mlir::Value value : values) {
    if (!dtypeOf(value)) {
      std::string type;
      llvm::raw_string_ostream(type) << value.getType();
      return Verdict::refused(plan::Reason::RefusedElementType,
                              type + ", wanted bf16 (ids: i32)");
    }
  }
  return Verdict::ok();
}

} // namespace sinter::codegen
