//===- EmitPlan.cpp - From a placed module to a plan ----------------------===//

#include "codegen/EmitPlan.h"

#include "codegen/EmitKernel.h"
#include "codegen/GroupView.h"
#include "codegen/KernelRegistry.h"
#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "runtime/format/Sha256.h"

#include <llvm/ADT/StringSet.h>
#include <llvm/Support/raw_ostream.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/MLProgram/IR/MLProgram.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/IR/SymbolTable.h>

using namespace mlir;

namespace sinter::codegen {

namespace {

DType dtypeOf(Type element) {
  if (element.isBF16()) {
    return DType::BF16;
  }
  if (element.isF32()) {
    return DType::F32;
  }
  return element.isInteger(64) ? DType::I64 : DType::I32;
}

std::vector<uint64_t> shapeOf(RankedTensorType type) {
  return {type.getShape().begin(), type.getShape().end()};
}

format::Access accessOf(plan::Access access) {
  switch (access) {
  case plan::Access::In:
    return format::Access::In;
  case plan::Access::InOut:
    return format::Access::InOut;
  case plan::Access::Out:
    return format::Access::Out;
  }
  return format::Access::In;
}

/// The names that `location` carries, in order.
void collectNames(Location location, std::vector<std::string> &names) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    names.push_back(name.getName().str());
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations()) {
      collectNames(part, names);
    }
  }
}

class PlanEmitter {
public:
  PlanEmitter(ModuleOp module, const DeviceSpec &device,
              const PlanOrigin &origin)
      : module(module), device(device), origin(origin) {}

  PlanArtifact emit() {
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function.isExternal()) {
        entries.push_back(function);
      }
    }
    emitHeader();
    for (func::FuncOp entry : entries) {
      emitEntry(entry);
    }
    emitRequirements();
    artifact.mlir = text();
    return std::move(artifact);
  }

private:
  format::Plan &planOut() { return artifact.plan; }

  void emitHeader() {
    planOut().producedBy = {origin.version, origin.pipeline, origin.inputDigest,
                            sha256Hex(device.text)};
    planOut().model = origin.model;
    planOut().target = device.name;
  }

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  /// `name` or, if something else is called so, `name` with a number.
  std::string unique(std::string name) {
    if (!taken.insert(name).second) {
      unsigned number = 2;
      while (!taken.insert(name + "#" + std::to_string(number)).second) {
        ++number;
      }
      name += "#" + std::to_string(number);
    }
    return name;
  }

  std::string prefixed(func::FuncOp entry, StringRef name) {
    return (entries.size() > 1 ? entry.getName() + "." + name : Twine(name))
        .str();
  }

  /// The operand called `name`, where it is not known yet.
  void addValue(Value value, std::string name, plan::SlotAttr slot) {
    auto type = cast<RankedTensorType>(value.getType());
    StringRef arena = slot.getArena();
    format::OperandClass kind = arena == "cache" ? format::OperandClass::Cache
                                : arena == "io"
                                    ? format::OperandClass::Io
                                    : format::OperandClass::Activation;
    names[value] = name;
    planOut().values.push_back(
        {std::move(name), arena.str(), static_cast<uint64_t>(slot.getOffset()),
         dtypeOf(type.getElementType()), shapeOf(type), kind});
    auto found = llvm::find_if(planOut().arenas, [&](const format::Arena &a) {
      return a.name == arena;
    });
    if (found == planOut().arenas.end()) {
      planOut().arenas.push_back({arena.str(), 0, arenaAlignment});
      found = std::prev(planOut().arenas.end());
    }
    auto end = static_cast<uint64_t>(slot.getOffset() + slot.getBytes());
    uint64_t rounded =
        (end + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
    found->bytes = std::max(found->bytes, rounded);
  }

  void addWeight(ml_program::GlobalLoadConstOp load) {
    StringRef name = load.getGlobal().getLeafReference();
    names[load.getResult()] = name.str();
    if (weights.insert(name).second) {
      auto type = cast<RankedTensorType>(load.getType());
      planOut().weights.push_back(
          {name.str(), dtypeOf(type.getElementType()), shapeOf(type), {}});
      taken.insert(name);
    }
  }

  /// Names of the arguments, and what the results of the entry are called.
  void addArguments(func::FuncOp function, format::Entry &entry) {
    for (BlockArgument argument : function.getArguments()) {
      unsigned index = argument.getArgNumber();
      auto name =
          function
              .getArgAttrOfType<StringAttr>(index, plan::PlanDialect::kNameAttr)
              .str();
      auto slot = function.getArgAttrOfType<plan::SlotAttr>(
          index, plan::PlanDialect::kSlotAttr);
      if (slot.getArena() == "cache") {
        // Entries share caches by name.
        if (caches.insert(name).second) {
          taken.insert(name);
          addValue(argument, name, slot);
        } else {
          names[argument] = name;
        }
        continue;
      }
      addValue(argument, unique(prefixed(function, name)), slot);
      entry.inputs.push_back({name, names[argument]});
    }
    auto result =
        cast<func::ReturnOp>(function.getBody().front().getTerminator());
    for (OpOperand &operand : result->getOpOperands()) {
      StringRef name =
          function
              .getResultAttrOfType<StringAttr>(operand.getOperandNumber(),
                                               plan::PlanDialect::kNameAttr)
              .getValue();
      returned.try_emplace(source(operand.get()), name);
    }
  }

  /// `value` before any views.
  static Value source(Value value) {
    while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
        value.getDefiningOp())) {
      value = value.getDefiningOp()->getOperand(0);
    }
    return value;
  }

  const std::string &nameOf(Value value) { return names.at(source(value)); }

  //===--------------------------------------------------------------------===//
  // Steps
  //===--------------------------------------------------------------------===//

  void emitEntry(func::FuncOp function) {
    Workload workload = plan::getWorkload(function).workload();
    format::Entry entry;
    entry.name = function.getName().str();
    entry.workload = {plan::stringifyPhase(workload.phase).str(),
                      static_cast<uint32_t>(workload.batch),
                      static_cast<uint32_t>(workload.tokens),
                      static_cast<uint32_t>(workload.context),
                      static_cast<uint32_t>(workload.maxContext)};
    planOut().model.maxContext =
        std::max(planOut().model.maxContext, entry.workload.maxContext);
    returned.clear();
    works.clear();
    addArguments(function, entry);
    for (Operation &op : function.getBody().front()) {
      if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op)) {
        addWeight(load);
      } else if (auto launch = dyn_cast<plan::LaunchOp>(op)) {
        entry.steps.push_back(emitLaunch(function, launch, workload, entry));
      } else if (auto result = dyn_cast<func::ReturnOp>(op)) {
        emitOutputs(function, result, entry);
      }
    }
    planOut().entries.push_back(std::move(entry));
  }

  void emitOutputs(func::FuncOp function, func::ReturnOp result,
                   format::Entry &entry) {
    for (OpOperand &operand : result->getOpOperands()) {
      auto type = cast<RankedTensorType>(operand.get().getType());
      std::string name =
          function
              .getResultAttrOfType<StringAttr>(operand.getOperandNumber(),
                                               plan::PlanDialect::kNameAttr)
              .str();
      const std::string &value = nameOf(operand.get());
      if (caches.contains(value)) {
        continue; // appended in place
      }
      if (name == "logits") {
        planOut().model.vocabSize =
            static_cast<uint32_t>(type.getShape().back());
      }
      entry.outputs.push_back({std::move(name), value});
    }
  }

  format::Step emitLaunch(func::FuncOp function, plan::LaunchOp launch,
                          const Workload &workload, format::Entry &entry) {
    format::Step step;
    step.kernel = launch.getKernel().str();
    collectNames(launch.getLoc(), step.ops);
    if (step.ops.empty()) {
      step.ops.push_back(decoder::opName(launch).str());
    }

    const Work &work = workOf(launch, workload, entry);
    nameResults(function, launch, step.ops.front(), work);
    for (const ParamWork &param : work.params) {
      if (param.kind == ParamClass::Workspace) {
        step.args.push_back(workspace(step.kernel, param));
        continue;
      }
      Value value = param.liveIn ? launch.getInputs()[*param.liveIn]
                                 : Value(launch->getResult(*param.liveOut));
      step.args.push_back(nameOf(value));
    }
    emitDecision(launch, step.ops);
    return step;
  }

  /// The operand for a workspace parameter. All launches of a kernel share it:
  /// each leaves it as the next wants it.
  const std::string &workspace(const std::string &kernel,
                               const ParamWork &param) {
    std::string &name = workspaces[kernel + "." + param.name];
    if (!name.empty()) {
      return name;
    }
    name = unique(kernel + "." + param.name);
    auto found = llvm::find_if(planOut().arenas, [](const format::Arena &a) {
      return a.name == "workspace";
    });
    if (found == planOut().arenas.end()) {
      planOut().arenas.push_back({"workspace", 0, arenaAlignment});
      found = std::prev(planOut().arenas.end());
    }
    planOut().values.push_back({name,
                                found->name,
                                found->bytes,
                                param.dtype,
                                {param.count},
                                format::OperandClass::Workspace});
    found->bytes +=
        (param.count * dtypeBytes(param.dtype) + arenaAlignment - 1) /
        arenaAlignment * arenaAlignment;
    return name;
  }

  /// A tied result is its operand; others are new values.
  void nameResults(func::FuncOp function, plan::LaunchOp launch, StringRef op,
                   const Work &work) {
    ArrayAttr slots = *launch.getSlots();
    for (OpResult result : launch->getResults()) {
      unsigned index = result.getResultNumber();
      const ParamWork *param =
          llvm::find_if(work.params, [&](const ParamWork &candidate) {
            return candidate.liveOut == index;
          });
      if (param->liveIn) {
        names[result] = nameOf(launch.getInputs()[*param->liveIn]);
        continue;
      }
      auto known = returned.find(result);
      std::string name =
          known != returned.end()
              ? prefixed(function, known->second)
              : prefixed(function, index == 0
                                       ? op.str()
                                       : (op + "." + Twine(index)).str());
      addValue(result, unique(std::move(name)),
               cast<plan::SlotAttr>(slots[index]));
    }
  }

  //===--------------------------------------------------------------------===//
  // Kernels and evidence
  //===--------------------------------------------------------------------===//

  /// The work of a kernel at the workload of `entry`; lists both where they
  /// are new.
  const Work &workOf(plan::LaunchOp launch, const Workload &workload,
                     format::Entry &entry) {
    auto [found, isNew] = works.try_emplace(launch.getKernel());
    if (isNew) {
      plan::KernelOp kernel = launch.lookupKernel(symbols);
      auto group = GroupView::ofBody(*kernel.getBodyBlock());
      const KernelFamily &family = *findFamily(kernel.getFamily());
      KernelConfig config = *KernelConfig::fromAttribute(kernel.getConfig());
      found->second = family.work(group, config, workload);
      const Work &work = found->second;
      format::KernelWork out{kernel.getSymName().str(),
                             {static_cast<uint64_t>(work.launches),
                              static_cast<uint64_t>(work.flops),
                              {}}};
      for (const ParamWork &param : work.params) {
        out.work.params.push_back({param.loadedBytes, param.storedBytes});
      }
      entry.works.push_back(std::move(out));
      if (kernels.insert(kernel.getSymName()).second) {
        emitKernel(kernel, group, family, config, work);
      }
    }
    return found->second;
  }

  void emitKernel(plan::KernelOp kernel, const GroupView &group,
                  const KernelFamily &family, const KernelConfig &config,
                  const Work &work) {
    std::string source =
        emitKernelText(group, family, config, kernel.getSymName());

    format::Kernel out;
    out.symbol = kernel.getSymName().str();
    out.family = kernel.getFamily().str();
    out.config = config.text();
    out.source = sha256Hex(source);
    out.grid = work.grid;
    out.block = work.block;
    out.sharedBytes = work.sharedBytes;
    out.cooperative = work.cooperative;
    for (const ParamWork &param : work.params) {
      out.params.push_back(
          {param.name, accessOf(param.access), param.dtype, param.count});
    }
    out.bounds = {work.bounds.registers, work.sharedBytes,
                  work.bounds.blocksPerSm};
    artifact.sources.emplace(out.source, std::move(source));
    planOut().kernels.push_back(std::move(out));
  }

  void emitDecision(plan::LaunchOp launch, ArrayRef<std::string> ops) {
    plan::DecisionAttr why = launch.getWhyAttr();
    auto cost = [](plan::CostAttr attr) {
      return format::Cost{
          static_cast<uint64_t>(attr.getLaunches()),
          static_cast<uint64_t>(attr.getRead() + attr.getWritten()),
          static_cast<uint64_t>(attr.getPicoseconds())};
    };
    for (const std::string &op : ops) {
      planOut().decisions.push_back(
          {op,
           plan::stringifyChoice(why.getChoice()).str(),
           plan::stringifyLaunchMode(why.getLaunch()).str(),
           why.getRule().str(),
           plan::stringifyOrigin(why.getOrigin()).str(),
           {plan::stringifyReason(why.getReason()).str()},
           cost(why.getBefore()),
           cost(why.getAfter())});
    }
  }

  void emitRequirements() {
    format::Requires &needs = planOut().requirements;
    for (const format::Kernel &kernel : planOut().kernels) {
      needs.threadsPerBlock =
          std::max(needs.threadsPerBlock,
                   kernel.block[0] * kernel.block[1] * kernel.block[2]);
      needs.sharedBytes =
          std::max<uint64_t>(needs.sharedBytes, kernel.sharedBytes);
      needs.cooperative |= kernel.cooperative;
    }
    for (const format::Arena &arena : planOut().arenas) {
      needs.deviceBytes += arena.bytes;
    }
    for (const format::Weight &weight : planOut().weights) {
      needs.deviceBytes +=
          format::elementCount(weight.shape) * dtypeBytes(weight.dtype);
    }
  }

  /// The module with locations: they are the names of its ops.
  std::string text() {
    std::string printed;
    llvm::raw_string_ostream out(printed);
    OpPrintingFlags flags;
    flags.enableDebugInfo(true, /*prettyForm=*/false);
    module->print(out, flags);
    out << "\n";
    return printed;
  }

  static constexpr uint64_t arenaAlignment = 256;

  ModuleOp module;
  const DeviceSpec &device;
  const PlanOrigin &origin;
  PlanArtifact artifact;
  SmallVector<func::FuncOp> entries;
  SymbolTableCollection symbols;
  llvm::DenseMap<Value, std::string> names; ///< of values before views
  llvm::DenseMap<Value, std::string> returned;
  llvm::StringSet<> taken;
  llvm::StringSet<> weights;
  llvm::StringSet<> caches;
  llvm::StringSet<> kernels;
  llvm::StringMap<Work> works;             ///< by kernel, of one entry
  llvm::StringMap<std::string> workspaces; ///< by kernel and parameter
};

} // namespace

PlanArtifact emitPlan(ModuleOp module, const DeviceSpec &device,
                      const PlanOrigin &origin) {
  return PlanEmitter(module, device, origin).emit();
}

} // namespace sinter::codegen
