//===- BenchFamilies.cpp - Each configuration of a kernel alone -----------===//

#include "tools/BenchFamilies.h"

#include "runtime/format/Bindings.h"

#include <algorithm>
#include <random>
#include <set>

namespace sinter {

namespace {

using Operand = FamilyKernel::Operand;

constexpr uint64_t alignment = 256;
constexpr uint64_t leastLaunches = 32;
constexpr uint64_t mostLaunches = 256;
constexpr uint64_t mostCold = 2ull << 30;

uint64_t aligned(uint64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Number of the first decode entry; that of no entry if there is none.
size_t decodeEntryOf(const format::Plan &plan) {
  const auto entry = std::find_if(plan.entries.begin(), plan.entries.end(),
                                  [](const format::Entry &each) {
                                    return each.workload.phase == "decode";
                                  });
  return static_cast<size_t>(entry - plan.entries.begin());
}

Operand operandOf(const format::Plan &plan, const format::Entry &entry,
                  const std::string &name) {
  for (const format::Weight &weight : plan.weights) {
    if (weight.name == name) {
      return Operand::Cold;
    }
  }
  for (const format::Binding &input : entry.inputs) {
    if (input.value == name && input.name == "positions") {
      return Operand::Positions;
    }
    if (input.value == name && input.name == "pages") {
      return Operand::Pages;
    }
  }
  for (const format::Value &value : plan.values) {
    if (value.name == name &&
        value.operandClass == format::OperandClass::Cache) {
      return Operand::Cold;
    }
  }
  return Operand::Warm;
}

FamilyKernel kernelOf(const PlanArtifact &artifact, const format::Entry &entry,
                      const format::Step &step, const format::Kernel &kernel) {
  FamilyKernel found;
  found.source = {
      kernel.symbol, artifact.sources.at(kernel.source), kernel.params, {}};
  found.shape = {kernel.grid[0], kernel.grid[1], kernel.block[0],
                 kernel.sharedBytes, kernel.cooperative};
  found.family = kernel.family;
  found.config = kernel.config;
  found.pool = format::isPaged(entry) ? format::pagesOf(artifact.plan) : 0;
  found.op = step.ops.empty() ? "" : step.ops.front();
  const format::Work *work = findWork(entry, kernel.symbol);
  for (size_t i = 0; i < step.args.size(); ++i) {
    found.operands.push_back(operandOf(artifact.plan, entry, step.args[i]));
    if (work != nullptr && found.operands.back() == Operand::Cold) {
      found.coldBytes += work->params[i].loaded;
    }
  }
  return found;
}

/// The text, by which kernels are the same whatever a plan calls them.
std::string withoutSymbol(const KernelSource &source) {
  std::string text = source.text;
  for (size_t at = text.find(source.symbol); at != std::string::npos;
       at = text.find(source.symbol, at)) {
    text.erase(at, source.symbol.size());
  }
  return text;
}

/// Bytes of a launch's cold buffers.
uint64_t coldSize(const FamilyKernel &kernel) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < kernel.operands.size(); ++i) {
    const format::Param &param = kernel.source.params[i];
    if (kernel.operands[i] == Operand::Cold) {
      bytes += aligned(param.count * dtypeBytes(param.dtype));
    }
  }
  return bytes;
}

/// Launches that load four times the cache, whatever their buffers hold
/// besides.
uint64_t launchesOf(const FamilyKernel &kernel, uint64_t cacheBytes) {
  return kernel.coldBytes == 0 ? leastLaunches
                               : std::clamp(4 * cacheBytes / kernel.coldBytes,
                                            leastLaunches, mostLaunches);
}

uint64_t warmSize(const FamilyKernel &kernel) {
  uint64_t bytes = 0;
  for (const format::Param &param : kernel.source.params) {
    bytes += aligned(param.count * dtypeBytes(param.dtype));
  }
  return bytes - coldSize(kernel);
}

/// Pages one after the other, as a session leaves them.
Result<BufferId> tableFor(Device &device, const FamilyKernel &kernel) {
  const auto at =
      std::find(kernel.operands.begin(), kernel.operands.end(), Operand::Pages);
  if (at == kernel.operands.end()) {
    return BufferId();
  }
  const auto param = static_cast<size_t>(at - kernel.operands.begin());
  std::vector<int32_t> table(kernel.source.params[param].count);
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<int32_t>(i % kernel.pool);
  }
  SINTER_ASSIGN(BufferId buffer, device.allocate(4 * table.size(), "pages"));
  SINTER_TRY(device.upload(buffer, 0, std::as_bytes(std::span(table))));
  return buffer;
}

/// Weights of the size that a model has: bf16 between -1/32 and 1/32.
Status fillCold(Device &device, BufferId buffer, uint64_t total) {
  std::vector<uint16_t> numbers(std::min<uint64_t>(total, 32ull << 20) / 2);
  std::mt19937 random(3);
  for (uint16_t &number : numbers) {
    const uint32_t bits = random();
    // Sign and mantissa as they come, exponents -13 to -6.
    number = static_cast<uint16_t>((bits & 0x807fu) |
                                   ((114u + (bits >> 16) % 8) << 7));
  }
  const uint64_t piece = numbers.size() * 2;
  SINTER_TRY(device.upload(buffer, 0, std::as_bytes(std::span(numbers))));
  for (uint64_t at = piece; at < total; at += piece) {
    SINTER_TRY(device.copy(buffer, 0, buffer, at, std::min(piece, total - at)));
  }
  return Status::success();
}

} // namespace

void addFamilyKernels(const std::vector<PlanArtifact> &plans,
                      std::vector<FamilyKernel> &into) {
  std::set<std::string> seen;
  for (const FamilyKernel &kernel : into) {
    seen.insert(withoutSymbol(kernel.source));
  }
  for (const PlanArtifact &artifact : plans) {
    const format::Plan &plan = artifact.plan;
    const size_t index = decodeEntryOf(plan);
    if (index == plan.entries.size()) {
      continue;
    }
    const format::Entry *entry = &plan.entries[index];
    std::optional<std::vector<uint64_t>> prices;
    if (&artifact == plans.data()) {
      prices =
          predictedSteps(plan, index, entry->mode, entry->workload.context);
    }
    for (size_t i = 0; i < entry->steps.size(); ++i) {
      const format::Step &step = entry->steps[i];
      const auto kernel =
          std::find_if(plan.kernels.begin(), plan.kernels.end(),
                       [&](const format::Kernel &each) {
                         return step.kind == format::StepKind::Launch &&
                                each.symbol == step.kernel;
                       });
      if (kernel == plan.kernels.end()) {
        continue;
      }
      FamilyKernel found = kernelOf(artifact, *entry, step, *kernel);
      if (!seen.insert(withoutSymbol(found.source)).second) {
        continue;
      }
      if (prices) {
        found.predicted = (*prices)[i];
      }
      into.push_back(std::move(found));
    }
  }
}

Result<std::vector<PlanArtifact>>
plansByConfig(const std::function<Result<PlanArtifact>(int32_t config)> &make) {
  constexpr int32_t most = 256;
  std::vector<PlanArtifact> plans;
  std::set<std::string> configs;
  for (int32_t config = -1; config < most; ++config) {
    SINTER_ASSIGN(PlanArtifact artifact, make(config));
    const size_t before = configs.size();
    for (const format::Kernel &kernel : artifact.plan.kernels) {
      configs.insert(kernel.source);
    }
    // The planner's own choices may be those of configuration 0.
    if (config > 0 && configs.size() == before) {
      break; // every family is past its last one
    }
    plans.push_back(std::move(artifact));
  }
  return plans;
}

Result<std::unique_ptr<FamilyBench>>
FamilyBench::create(Device &device, const std::vector<FamilyKernel> &kernels,
                    uint64_t cacheBytes, uint32_t context) {
  std::unique_ptr<FamilyBench> bench(new FamilyBench(device, cacheBytes));
  uint64_t coldLargest = 0;
  uint64_t coldWanted = 4 * cacheBytes;
  uint64_t warmLargest = 0;
  for (const FamilyKernel &kernel : kernels) {
    coldLargest = std::max(coldLargest, coldSize(kernel));
    coldWanted =
        std::max(coldWanted, launchesOf(kernel, cacheBytes) * coldSize(kernel));
    warmLargest = std::max(warmLargest, warmSize(kernel));
  }
  // A kernel that reads little of a large table comes around earlier.
  bench->coldTotal = std::max(std::min(coldWanted, mostCold), 2 * coldLargest);
  SINTER_ASSIGN(bench->cold, device.allocate(bench->coldTotal, "weights"));
  SINTER_TRY(fillCold(device, bench->cold, bench->coldTotal));
  const uint64_t warmBytes = std::max(warmLargest, alignment);
  SINTER_ASSIGN(bench->warm, device.allocate(warmBytes, "activations"));
  SINTER_TRY(device.zero(bench->warm, 0, warmBytes));
  // As many sequences as fit: all are at the same position.
  const std::vector<int32_t> at(1024, static_cast<int32_t>(context) - 1);
  SINTER_ASSIGN(bench->positions, device.allocate(at.size() * 4, "positions"));
  SINTER_TRY(device.upload(bench->positions, 0, std::as_bytes(std::span(at))));
  return bench;
}

Result<FamilyTime> FamilyBench::time(const FamilyKernel &kernel,
                                     const BenchPoint &point) {
  std::vector<KernelId> ids;
  if (!kernel.gemm) {
    SINTER_ASSIGN(ids, device.loadKernels(std::span(&kernel.source, 1)));
  }
  const uint64_t size = coldSize(kernel);
  const uint64_t count = launchesOf(kernel, cacheBytes);
  // Workspaces begin at zero.
  SINTER_TRY(device.zero(warm, 0, std::max<uint64_t>(warmSize(kernel), 1)));
  SINTER_ASSIGN(BufferId pages, tableFor(device, kernel));
  std::vector<ProgramStep> steps;
  steps.reserve(count);
  uint64_t coldAt = 0;
  for (uint64_t launch = 0; launch < count; ++launch) {
    ProgramStep step;
    if (kernel.gemm) {
      step.kind = ProgramStep::Kind::Gemm;
      step.gemm = *kernel.gemm;
    } else {
      step.kernel = ids.front();
      step.shape = kernel.shape;
      step.programmatic = point.mode == LaunchMode::Pdl && launch > 0;
    }
    if (coldAt + size > coldTotal) {
      coldAt = 0;
    }
    uint64_t warmAt = 0;
    for (size_t i = 0; i < kernel.operands.size(); ++i) {
      const format::Param &param = kernel.source.params[i];
      const uint64_t bytes = aligned(param.count * dtypeBytes(param.dtype));
      switch (kernel.operands[i]) {
      case Operand::Cold:
        step.arguments.push_back({cold, coldAt, param.count});
        coldAt += bytes;
        break;
      case Operand::Positions:
        step.arguments.push_back({positions, 0, param.count});
        break;
      case Operand::Pages:
        step.arguments.push_back({pages, 0, param.count});
        break;
      case Operand::Warm:
        step.arguments.push_back({warm, warmAt, param.count});
        warmAt += bytes;
        break;
      }
    }
    steps.push_back(std::move(step));
  }
  SINTER_ASSIGN(ProgramId program, device.prepareProgram(steps, point.mode));
  SINTER_TRY(device.run(program));
  SINTER_ASSIGN(std::vector<double> samples,
                device.timeProgram(program, point.samples, point.runs));
  return FamilyTime{
      StepTimes::of(std::move(samples), static_cast<uint32_t>(count)), count};
}

} // namespace sinter
