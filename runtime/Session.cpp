//===- Session.cpp - A plan on a device -----------------------------------===//

#include "runtime/Session.h"

#include "runtime/PlanWeights.h"
#include "runtime/format/Bindings.h"
#include "runtime/format/SharedWeights.h"

#include <algorithm>

namespace sinter {

using namespace format;

namespace {

/// Weights are handed to the device in pieces of at most this many bytes.
constexpr uint64_t pieceBytes = 16ull << 20;

} // namespace

Result<std::unique_ptr<Session>>
Session::prepare(const PlanArtifact &artifact, const WeightSource &weights,
                 Device &device, const LoadProgress &progress) {
  SINTER_TRY(checkPlanWeights(artifact.plan, weights));
  SINTER_TRY(device.admit(artifact.plan.requirements, artifact.plan.target));
  std::unique_ptr<Session> session(new Session(artifact.plan, device));
  SINTER_TRY(session->checkSteps());
  // Kernels first: what fails there fails before gigabytes are read.
  SINTER_TRY(session->loadKernels(artifact));
  SINTER_TRY(session->placeValues());
  SINTER_TRY(session->writePages());
  SINTER_TRY(session->loadWeights(weights, progress));
  session->prepareSteps();
  for (size_t entry = 0; entry < session->steps.size(); ++entry) {
    SINTER_ASSIGN(
        ProgramId program,
        session->prepareProgram(entry, session->thePlan.entries[entry].mode));
    session->programs.push_back(program);
  }
  return session;
}

Status Session::checkSteps() const {
  for (const Entry &entry : thePlan.entries) {
    if (Status status = theDevice->admitMode(entry.mode); !status) {
      Error error = status.takeError();
      error.object = "entry " + entry.name + ": " + error.object;
      error.remedy = "compile with --target for this GPU";
      return error;
    }
    for (size_t s = 0; s < entry.steps.size(); ++s) {
      const Step &step = entry.steps[s];
      if (step.kind != StepKind::Library) {
        continue;
      }
      if (Status status = theDevice->admitGemm(*step.gemm); !status) {
        Error error = status.takeError();
        error.object = "entry " + entry.name + ": step " + std::to_string(s) +
                       ": " + error.object;
        return error;
      }
    }
  }
  return Status::success();
}

Status Session::placeValues() {
  std::unordered_map<std::string_view, BufferId> arenas;
  for (const Arena &arena : thePlan.arenas) {
    SINTER_ASSIGN(BufferId buffer,
                  theDevice->allocate(arena.bytes, arena.name));
    arenas.emplace(arena.name, buffer);
  }
  for (const Value &value : thePlan.values) {
    Placed placed;
    placed.buffer = arenas.at(value.arena);
    placed.offset = value.offset;
    placed.count = elementCount(value.shape);
    placed.bytes = placed.count * dtypeBytes(value.dtype);
    placed.sequences = cacheSequences(value);
    operands.emplace(value.name, placed);
    if (value.operandClass == OperandClass::Workspace) {
      SINTER_TRY(theDevice->zero(placed.buffer, placed.offset, placed.bytes));
    }
  }
  return Status::success();
}

Status Session::writePages() {
  for (const Entry &entry : thePlan.entries) {
    const std::string name = boundValue(entry.inputs, "pages");
    if (name.empty()) {
      continue;
    }
    const uint64_t pool = pagesOf(thePlan);
    std::vector<int32_t> table(operands.at(name).count);
    for (size_t i = 0; i < table.size(); ++i) {
      table[i] = static_cast<int32_t>(i % pool);
    }
    SINTER_TRY(write(name, std::as_bytes(std::span(table))));
  }
  return Status::success();
}

Status Session::loadWeights(const WeightSource &weights,
                            const LoadProgress &progress) {
  const uint64_t total = weightBytes(thePlan).value_or(0);
  const std::vector<std::optional<WeightPlace>> places = sharedWeights(thePlan);
  uint64_t done = 0;
  for (size_t w = 0; w < places.size(); ++w) {
    if (places[w]) {
      continue;
    }
    const Weight &weight = thePlan.weights[w];
    const WeightBytes bytes(weight, weights);
    Placed placed;
    placed.count = elementCount(weight.shape);
    placed.bytes = bytes.size();
    SINTER_ASSIGN(placed.buffer,
                  theDevice->allocate(placed.bytes, weight.name));
    for (uint64_t offset = 0; offset < placed.bytes; offset += pieceBytes) {
      uint64_t count = std::min(pieceBytes, placed.bytes - offset);
      SINTER_ASSIGN(std::span<std::byte> memory,
                    theDevice->stage(placed.buffer, offset, count));
      SINTER_TRY(bytes.read(offset, memory));
      SINTER_TRY(theDevice->commit());
      done += count;
      if (progress) {
        progress(done, total);
      }
    }
    operands.emplace(weight.name, placed);
  }
  for (size_t w = 0; w < places.size(); ++w) {
    if (!places[w]) {
      continue;
    }
    const Weight &weight = thePlan.weights[w];
    Placed placed = operands.at(thePlan.weights[places[w]->holder].name);
    placed.offset += places[w]->offset;
    placed.count = elementCount(weight.shape);
    placed.bytes = placed.count * dtypeBytes(weight.dtype);
    operands.emplace(weight.name, placed);
  }
  return Status::success();
}

Status Session::loadKernels(const PlanArtifact &artifact) {
  std::vector<KernelSource> list;
  for (const Kernel &kernel : thePlan.kernels) {
    kernelNumbers.emplace(kernel.symbol, static_cast<uint32_t>(list.size()));
    KernelSource &source = list.emplace_back();
    source.symbol = kernel.symbol;
    source.text = artifact.sources.at(kernel.source);
    source.params = kernel.params;
    for (const Cubin &cubin : kernel.cubins) {
      auto found = artifact.cubins.find({kernel.source, cubin.arch});
      if (found != artifact.cubins.end()) {
        source.binaries.push_back({cubin.arch, found->second});
      }
    }
  }
  SINTER_ASSIGN(kernels, theDevice->loadKernels(list));
  return Status::success();
}

Argument Session::argumentOf(const std::string &name, const Entry &entry,
                             uint32_t sequence) const {
  const Placed &placed = operands.at(name);
  if (entry.workload.batch != 1 || isPaged(entry)) {
    return {placed.buffer, placed.offset, placed.count};
  }
  const uint64_t bytes = placed.bytes / placed.sequences;
  return {placed.buffer, placed.offset + sequence % placed.sequences * bytes,
          placed.count / placed.sequences};
}

ProgramStep Session::prepareStep(const Entry &entry, const Step &step,
                                 uint32_t sequence) const {
  ProgramStep prepared;
  for (const std::string &arg : step.args) {
    prepared.arguments.push_back(argumentOf(arg, entry, sequence));
  }
  if (step.kind == StepKind::Copy) {
    prepared.kind = ProgramStep::Kind::Copy;
    prepared.copyBytes = operands.at(step.args[0]).bytes;
    return prepared;
  }
  if (step.kind == StepKind::Library) {
    prepared.kind = ProgramStep::Kind::Gemm;
    prepared.gemm = *step.gemm;
    if (step.gemm->workspace) {
      prepared.workspace = argumentOf(*step.gemm->workspace, entry, sequence);
    }
    return prepared;
  }
  uint32_t number = kernelNumbers.at(step.kernel);
  const Kernel &kernel = thePlan.kernels[number];
  prepared.kernel = kernels[number];
  prepared.shape = {kernel.grid[0], kernel.grid[1], kernel.block[0],
                    kernel.sharedBytes, kernel.cooperative};
  // In another mode than the plan's, everywhere: all kernels wait.
  prepared.programmatic = entry.mode != LaunchMode::Pdl || step.programmatic;
  return prepared;
}

void Session::prepareSteps() {
  for (const Entry &entry : thePlan.entries) {
    std::vector<ProgramStep> &list = steps.emplace_back();
    for (const Step &step : entry.steps) {
      list.push_back(prepareStep(entry, step));
    }
    advances.emplace_back();
    if (entry.advance) {
      advances.back() = prepareStep(entry, *entry.advance);
    }
  }
}

Result<ProgramId> Session::prepareProgram(size_t entry, LaunchMode mode,
                                          const ProgramExtent &extent) {
  std::vector<ProgramStep> once = steps[entry];
  if (extent.sequence != 0) {
    const Entry &planned = thePlan.entries[entry];
    once.clear();
    for (const Step &step : planned.steps) {
      once.push_back(prepareStep(planned, step, extent.sequence));
    }
  }
  std::vector<ProgramStep> list;
  for (uint32_t i = 0; i < extent.repeats; ++i) {
    const size_t begin = list.size();
    list.insert(list.end(), once.begin(), once.end());
    if (extent.advancing && advances[entry]) {
      list.push_back(*advances[entry]);
    }
    if (begin < list.size()) {
      list[begin].programmatic = false;
    }
  }
  list.resize(std::min(list.size(), extent.launches));
  for (size_t s = 0; s < list.size(); ++s) {
    list[s].programmatic = list[s].programmatic && mode == LaunchMode::Pdl &&
                           list[s - 1].kind == ProgramStep::Kind::Launch;
  }
  return theDevice->prepareProgram(list, mode);
}

Result<size_t> Session::findEntry(std::string_view name) const {
  for (size_t i = 0; i < thePlan.entries.size(); ++i) {
    if (thePlan.entries[i].name == name) {
      return i;
    }
  }
  std::string names;
  for (const Entry &entry : thePlan.entries) {
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  return Error{ErrorCode::PlanLacks, "plan", "the entry " + std::string(name),
               "the entries " + names, ""};
}

size_t Session::entryFor(size_t entry, uint32_t position) const {
  const Entry &asked = thePlan.entries[entry];
  size_t best = entry;
  for (size_t i = 0; i < thePlan.entries.size(); ++i) {
    const Entry &other = thePlan.entries[i];
    const Workload &load = other.workload;
    Workload alike = load;
    alike.context = asked.workload.context;
    if (alike != asked.workload || other.inputs != asked.inputs ||
        other.outputs != asked.outputs) {
      continue;
    }
    const uint32_t bestContext = thePlan.entries[best].workload.context;
    const bool covers = load.context > position;
    const bool bestCovers = bestContext > position;
    if (covers != bestCovers ? covers
        : covers             ? load.context < bestContext
                             : load.context > bestContext) {
      best = i;
    }
  }
  return best;
}

Status Session::run(size_t entry, const StepHook &hook) {
  if (!hook) {
    return theDevice->run(programs[entry]);
  }
  const std::vector<ProgramStep> &list = steps[entry];
  for (size_t s = 0; s < list.size(); ++s) {
    SINTER_TRY(theDevice->runStep(list[s]));
    SINTER_TRY(hook(s, thePlan.entries[entry].steps[s]));
  }
  return Status::success();
}

Status Session::checkAdvance(size_t entry) const {
  if (!advances[entry]) {
    return Error{ErrorCode::PlanLacks, "entry " + thePlan.entries[entry].name,
                 "a step that feeds the token back", "none",
                 "feed tokens as inputs"};
  }
  return Status::success();
}

Status Session::beginAdvance(size_t entry, std::span<const int32_t> ends) {
  SINTER_TRY(checkAdvance(entry));
  const Entry &runs = thePlan.entries[entry];
  const std::vector<Param> &params =
      thePlan.kernels[kernelNumbers.at(runs.advance->kernel)].params;
  for (size_t i = 0; i < params.size(); ++i) {
    const Argument &argument = advances[entry]->arguments[i];
    if (params[i].name == "count" || params[i].name == "stop") {
      SINTER_TRY(theDevice->zero(argument.buffer, argument.offset,
                                 argument.count * sizeof(int32_t)));
    }
    if (params[i].name == "ends") {
      if (ends.size() > argument.count) {
        return Error{ErrorCode::PlanLacks, "entry " + runs.name + ": advance",
                     "at most " + std::to_string(argument.count) +
                         " ids that end a text",
                     std::to_string(ends.size()), "feed tokens as inputs"};
      }
      std::vector<int32_t> filled(argument.count, -1);
      std::copy(ends.begin(), ends.end(), filled.begin());
      SINTER_TRY(theDevice->upload(argument.buffer, argument.offset,
                                   std::as_bytes(std::span(filled))));
    }
  }
  return Status::success();
}

Status Session::advance(size_t entry) {
  SINTER_TRY(checkAdvance(entry));
  return theDevice->runStep(*advances[entry]);
}

Result<Session::Placed> Session::findValue(std::string_view name,
                                           uint64_t bytes) const {
  auto found = operands.find(name);
  if (found == operands.end()) {
    return Error{ErrorCode::PlanLacks, "plan", "the value " + std::string(name),
                 "no such value", ""};
  }
  if (found->second.bytes != bytes) {
    return Error{ErrorCode::PlanLacks, "value " + std::string(name),
                 std::to_string(found->second.bytes) + " bytes",
                 std::to_string(bytes) + " bytes", ""};
  }
  return found->second;
}

Status Session::write(std::string_view name, std::span<const std::byte> bytes) {
  SINTER_ASSIGN(Placed placed, findValue(name, bytes.size()));
  return theDevice->upload(placed.buffer, placed.offset, bytes);
}

Status Session::read(std::string_view name, std::span<std::byte> bytes) {
  SINTER_ASSIGN(Placed placed, findValue(name, bytes.size()));
  return theDevice->download(placed.buffer, placed.offset, bytes);
}

Result<ReadId> Session::startRead(std::string_view name, uint64_t first,
                                  uint64_t count) {
  auto found = operands.find(name);
  const uint64_t elements = found == operands.end() ? 0 : found->second.count;
  if (first > elements || count > elements - first) {
    return Error{ErrorCode::PlanLacks, "value " + std::string(name),
                 std::to_string(first + count) + " elements",
                 std::to_string(elements), ""};
  }
  const Placed &placed = found->second;
  const uint64_t size = placed.bytes / placed.count;
  return theDevice->startRead(placed.buffer, placed.offset + first * size,
                              count * size);
}

Status Session::copyWithin(std::string_view name, uint64_t from, uint64_t to,
                           uint64_t count) {
  auto found = operands.find(name);
  const uint64_t elements = found == operands.end() ? 0 : found->second.count;
  if (std::max(from, to) > elements || count > elements - std::max(from, to)) {
    return Error{ErrorCode::PlanLacks, "value " + std::string(name),
                 std::to_string(std::max(from, to) + count) + " elements",
                 std::to_string(elements), ""};
  }
  const Placed &placed = found->second;
  const uint64_t size = placed.bytes / placed.count;
  return theDevice->copy(placed.buffer, placed.offset + from * size,
                         placed.buffer, placed.offset + to * size,
                         count * size);
}

Result<KernelCounters> Session::counters(std::string_view symbol) const {
  auto found = kernelNumbers.find(symbol);
  if (found == kernelNumbers.end()) {
    return Error{ErrorCode::PlanLacks, "plan",
                 "the kernel " + std::string(symbol), "no such kernel", ""};
  }
  return theDevice->counters(kernels[found->second]);
}

} // namespace sinter
