//===- EmitPlan.cpp - From a placed module to a plan ----------------------===//

#include "codegen/EmitPlan.h"

#include "codegen/EmitAdvance.h"
#include "codegen/EmitKernel.h"
#include "codegen/EmitOperands.h"
#include "codegen/GroupView.h"
#include "codegen/KernelRegistry.h"
#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "ir/target/LibraryPrices.h"
#include "runtime/format/Sha256.h"
#include "runtime/format/SharedWeights.h"

#include <llvm/ADT/StringSet.h>
#include <llvm/Support/raw_ostream.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/SymbolTable.h>

using namespace mlir;

namespace sinter::codegen {

namespace {

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

/// The decoder ops that a step computes.
std::vector<std::string> opsOf(Operation *step) {
  std::vector<std::string> names;
  collectNames(step->getLoc(), names);
  if (names.empty()) {
    names.push_back(decoder::opName(step).str());
  }
  return names;
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
    operands.emplace(planOut(), entries.size() > 1);
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
    works.clear();
    operands->beginEntry(function, entry);
    emitOps(function.getBody().front(), workload, entry);
    emitAdvance(workload, entry);
    planOut().entries.push_back(std::move(entry));
  }

  /// Greedy decode entries can feed their token back on the device.
  void emitAdvance(const Workload &workload, format::Entry &entry) {
    auto valueOf = [](ArrayRef<format::Binding> bindings, StringRef name) {
      const auto *found = llvm::find_if(
          bindings, [&](const auto &binding) { return binding.name == name; });
      return found == bindings.end() ? std::string() : found->value;
    };
    std::string ids = valueOf(entry.inputs, "ids");
    std::string positions = valueOf(entry.inputs, "positions");
    std::string token = valueOf(entry.outputs, "token");
    if (workload.phase != plan::Phase::Decode || workload.batch > 32 ||
        ids.empty() || positions.empty() || token.empty()) {
      return;
    }
    const auto capacity = static_cast<uint64_t>(workload.maxContext);
    const AdvanceShape shape = {static_cast<uint64_t>(workload.batch), capacity,
                                capacity};
    auto state = [&](const char *name, uint64_t count) {
      return operands->addState(name, DType::I32, count);
    };
    const Work work = advanceWork(shape);
    format::Step step;
    step.kernel = advanceKernel(shape, work);
    step.programmatic = entry.mode == format::LaunchMode::Pdl &&
                        entry.steps.back().kind == format::StepKind::Launch;
    step.args = {ids,
                 positions,
                 token,
                 state("log", shape.batch * shape.rows),
                 state("count", 1),
                 state("stop", shape.batch),
                 state("ends", advanceEnds)};
    step.ops = {"advance"};
    entry.works.push_back(workIn(step.kernel, work));
    entry.advance = std::move(step);
    if (entry.mode != format::LaunchMode::Stream) {
      entry.stepsPerLaunch = origin.stepsPerLaunch;
    }
  }

  /// Its symbol; entries of one shape share it.
  std::string advanceKernel(const AdvanceShape &shape, const Work &work) {
    for (const auto &[known, symbol] : advances) {
      if (known == shape) {
        return symbol;
      }
    }
    std::string symbol;
    unsigned number = 0;
    do {
      symbol = "advance_" + std::to_string(number++);
    } while (!kernels.insert(symbol).second || module.lookupSymbol(symbol));
    addKernel(symbol, "advance", "", emitAdvanceText(shape, symbol), work);
    advances.push_back({shape, symbol});
    return symbol;
  }

  void emitOps(Block &block, const Workload &workload, format::Entry &entry) {
    for (Operation &op : block) {
      if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op)) {
        // Parts of packed weights are in no buffer of their own.
        if (!llvm::all_of(load->getUsers(),
                          llvm::IsaPred<decoder::PackWeightsOp>)) {
          operands->addWeight(load);
        }
      } else if (auto pack = dyn_cast<decoder::PackWeightsOp>(op)) {
        operands->addWeight(pack);
      } else if (auto launch = dyn_cast<plan::LaunchOp>(op)) {
        entry.steps.push_back(emitLaunch(launch, workload, entry));
      } else if (auto call = dyn_cast<plan::LibraryOp>(op)) {
        entry.steps.push_back(emitLibrary(call, entry));
      } else if (auto capture = dyn_cast<plan::CaptureOp>(op)) {
        emitCapture(capture, workload, entry);
      } else if (auto result = dyn_cast<func::ReturnOp>(op)) {
        operands->endEntry(result, entry);
      }
    }
  }

  /// One entry has one capture, or none in mode stream.
  void emitCapture(plan::CaptureOp capture, const Workload &workload,
                   format::Entry &entry) {
    Block &body = *capture.getBodyBlock();
    auto first = static_cast<uint32_t>(entry.steps.size());
    emitOps(body, workload, entry);
    entry.captures.push_back(
        {first, static_cast<uint32_t>(entry.steps.size() - 1), entry.name});
    for (Operation &op : body) {
      if (auto why = op.getAttrOfType<plan::DecisionAttr>("why")) {
        entry.mode = why.getLaunch() == plan::LaunchMode::Pdl
                         ? format::LaunchMode::Pdl
                         : format::LaunchMode::Graph;
      }
    }
  }

  format::Step emitLaunch(plan::LaunchOp launch, const Workload &workload,
                          format::Entry &entry) {
    format::Step step;
    step.kernel = launch.getKernel().str();
    step.programmatic = launch.getProgrammatic();
    step.ops = opsOf(launch);

    const Work &work = workOf(launch, workload, entry);
    nameResults(launch, step.ops.front(), work);
    for (const ParamWork &param : work.params) {
      if (param.kind == ParamClass::Workspace) {
        step.args.push_back(operands->workspace(step.kernel, param));
        continue;
      }
      Value value = param.liveIn ? launch.getInputs()[*param.liveIn]
                                 : Value(launch->getResult(*param.liveOut));
      step.args.push_back(operands->nameOf(value));
    }
    emitDecision(launch.getWhyAttr(), entry, step.ops);
    return step;
  }

  /// A tied result is its operand; others are new values.
  void nameResults(plan::LaunchOp launch, StringRef op, const Work &work) {
    ArrayAttr slots = *launch.getSlots();
    for (OpResult result : launch->getResults()) {
      unsigned index = result.getResultNumber();
      const ParamWork *param =
          llvm::find_if(work.params, [&](const ParamWork &candidate) {
            return candidate.liveOut == index;
          });
      if (param->liveIn) {
        operands->addTied(result, launch.getInputs()[*param->liveIn]);
      } else {
        operands->addResult(result, op, cast<plan::SlotAttr>(slots[index]));
      }
    }
  }

  format::Step emitLibrary(plan::LibraryOp call, const format::Entry &entry) {
    plan::GemmAttr problem = call.getProblem();
    format::Step step;
    step.kind = format::StepKind::Library;
    step.ops = opsOf(call);
    step.gemm = {static_cast<uint64_t>(problem.getM()),
                 static_cast<uint64_t>(problem.getN()),
                 static_cast<uint64_t>(problem.getK()),
                 problem.getEpilogue() == plan::Epilogue::Bias
                     ? format::GemmEpilogue::Bias
                     : format::GemmEpilogue::None,
                 {},
                 {}};
    if (const LibraryPrice *price =
            pinnedPrice(device, step.gemm->m, step.gemm->n, step.gemm->k,
                        step.gemm->epilogue == format::GemmEpilogue::Bias)) {
      step.gemm->algorithm = price->version + ": " + price->algorithm;
    }
    for (Value input : call.getInputs()) {
      step.args.push_back(operands->nameOf(input));
    }
    operands->addResult(cast<OpResult>(call.getResult()), step.ops.front(),
                        cast<plan::SlotAttr>((*call.getSlots())[0]));
    step.args.push_back(operands->nameOf(call.getResult()));
    if (problem.getWorkspace() > 0) {
      step.gemm->workspace = operands->libraryWorkspace(
          static_cast<uint64_t>(problem.getWorkspace()));
    }
    emitDecision(call.getWhyAttr(), entry, step.ops);
    return step;
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
      std::string symbol = kernel.getSymName().str();
      entry.works.push_back(workIn(symbol, found->second));
      if (kernels.insert(symbol).second) {
        addKernel(symbol, family.name(), config.text(),
                  emitKernelText(group, family, config, symbol), found->second);
      }
    }
    return found->second;
  }

  static format::KernelWork workIn(const std::string &symbol,
                                   const Work &work) {
    format::KernelWork out{symbol, {work.launches, work.flops, {}}};
    for (const ParamWork &param : work.params) {
      out.work.params.push_back({param.loadedBytes, param.storedBytes});
    }
    return out;
  }

  void addKernel(const std::string &symbol, StringRef family,
                 std::string config, std::string source, const Work &work) {
    format::Kernel out;
    out.symbol = symbol;
    out.family = family.str();
    out.config = std::move(config);
    out.source = sha256Hex(source);
    out.grid = work.grid;
    out.block = work.block;
    out.sharedBytes = work.sharedBytes;
    out.cooperative = work.cooperative;
    for (const ParamWork &param : work.params) {
      out.params.push_back(paramOf(param));
    }
    out.bounds = {work.bounds.registers, work.sharedBytes,
                  work.bounds.blocksPerSm};
    artifact.sources.emplace(out.source, std::move(source));
    planOut().kernels.push_back(std::move(out));
  }

  void emitDecision(plan::DecisionAttr why, const format::Entry &entry,
                    ArrayRef<std::string> ops) {
    auto cost = [](plan::CostAttr attr) {
      return format::Cost{
          static_cast<uint64_t>(attr.getLaunches()),
          static_cast<uint64_t>(attr.getRead() + attr.getWritten()),
          static_cast<uint64_t>(attr.getPicoseconds())};
    };
    for (const std::string &op : ops) {
      planOut().decisions.push_back(
          {entry.name,
           op,
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
    // The importer has bounded every tensor.
    needs.deviceBytes += weightBytes(planOut()).value_or(0);
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

  ModuleOp module;
  const DeviceSpec &device;
  const PlanOrigin &origin;
  PlanArtifact artifact;
  SmallVector<func::FuncOp> entries;
  SymbolTableCollection symbols;
  std::optional<PlanOperands> operands;
  llvm::StringSet<> kernels;
  std::vector<std::pair<AdvanceShape, std::string>> advances; ///< symbols
  llvm::StringMap<Work> works; ///< by kernel, of one entry
};

} // namespace

format::Param paramOf(const ParamWork &param) {
  const format::Access access =
      param.access == plan::Access::In      ? format::Access::In
      : param.access == plan::Access::InOut ? format::Access::InOut
                                            : format::Access::Out;
  return {param.name, access, param.dtype, param.count};
}

PlanArtifact emitPlan(ModuleOp module, const DeviceSpec &device,
                      const PlanOrigin &origin) {
  return PlanEmitter(module, device, origin).emit();
}

} // namespace sinter::codegen
