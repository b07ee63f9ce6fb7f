//===- ValidateEntries.cpp - Is a plan sound? Entries and their steps -----===//

#include "runtime/format/Bindings.h"
#include "runtime/format/PlanChecker.h"
#include "runtime/format/PlanWords.h"
#include "runtime/format/StrictJson.h"
#include "runtime/format/WeightSource.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace sinter {

using namespace format;

namespace {

std::string operandText(DType dtype, uint64_t count) {
  return std::to_string(count) + " elements of " +
         std::string(dtypeName(dtype));
}

} // namespace

Access PlanChecker::accessOf(const Step &step, size_t position) const {
  if (step.kind != StepKind::Launch) {
    return position + 1 == step.args.size() ? Access::Out : Access::In;
  }
  auto kernel = kernels.find(step.kernel);
  return kernel == kernels.end() || position >= kernel->second->params.size()
             ? Access::In
             : kernel->second->params[position].access;
}

/// `sequences`: of the entry; one of several in a cache has its share of it.
void PlanChecker::checkArgument(const std::string &object, const Param &param,
                                const std::string &arg, uint64_t sequences) {
  const Operand *found = operand(arg);
  if (found == nullptr) {
    return; // said by checkStep
  }
  std::string place = object + in("parameter", param.name);
  uint64_t count = found->count;
  if (!found->isWeight && sequences == 1 && !paged) {
    const uint64_t cached = cacheSequences(plan.values[found->index]);
    count = cached == 0 ? 0 : count / cached;
  }
  if (found->dtype != param.dtype || count != param.count) {
    add(ErrorCode::PlanArgument, place, operandText(param.dtype, param.count),
        arg + " of " + operandText(found->dtype, count));
  }
  if (found->isWeight && param.access != Access::In) {
    add(ErrorCode::PlanArgument, place, "a value, because it is written",
        "the weight " + arg);
  }
}

void PlanChecker::checkGemm(const std::string &object, const Step &step) {
  bool bias = step.gemm && step.gemm->epilogue == GemmEpilogue::Bias;
  if (!step.gemm || step.args.size() != (bias ? 4 : 3)) {
    add(ErrorCode::PlanArgument, object,
        bias ? "the arguments x, W, bias, y" : "gemm and the arguments x, W, y",
        std::to_string(step.args.size()) + " arguments");
    return;
  }
  const Gemm &gemm = *step.gemm;
  std::vector<std::vector<uint64_t>> shapes = {
      {gemm.m, gemm.k}, {gemm.n, gemm.k}, {gemm.m, gemm.n}};
  if (bias) {
    shapes.insert(shapes.begin() + 2, {gemm.n});
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Operand *found = operand(step.args[i]);
    if (found == nullptr) {
      continue;
    }
    std::optional<uint64_t> count = checkedBytes(shapes[i], 1);
    if (!count || *count == 0 || found->count != *count ||
        found->dtype != DType::BF16) {
      add(ErrorCode::PlanArgument, object + in("argument", step.args[i]),
          "bf16 " + shapeText(shapes[i]),
          operandText(found->dtype, found->count));
    }
    if (i + 1 == shapes.size() && found->isWeight) {
      add(ErrorCode::PlanArgument, object + in("argument", step.args[i]),
          "a value, because it is written", "a weight");
    }
  }
  if (gemm.workspace) {
    const Operand *found = operand(*gemm.workspace);
    if (found == nullptr || found->isWeight ||
        plan.values[found->index].operandClass != OperandClass::Workspace) {
      add(ErrorCode::PlanReference, object + in("workspace", *gemm.workspace),
          "a value of class workspace", found == nullptr ? "none" : "another");
    }
  }
}

void PlanChecker::checkCopy(const std::string &object, const Step &step) {
  if (step.args.size() != 2) {
    add(ErrorCode::PlanArgument, object, "the arguments source, destination",
        std::to_string(step.args.size()) + " arguments");
    return;
  }
  const Operand *from = operand(step.args[0]);
  const Operand *to = operand(step.args[1]);
  if (from == nullptr || to == nullptr) {
    return;
  }
  if (from->dtype != to->dtype || from->count != to->count) {
    add(ErrorCode::PlanArgument, object, "two arguments of equal type and size",
        operandText(from->dtype, from->count) + " to " +
            operandText(to->dtype, to->count));
  }
  if (to->isWeight) {
    add(ErrorCode::PlanArgument, object + in("argument", step.args[1]),
        "a value, because it is written", "a weight");
  }
}

void PlanChecker::checkStep(const std::string &object, const Step &step,
                            uint64_t sequences) {
  for (const std::string &arg : step.args) {
    if (operand(arg) == nullptr) {
      add(ErrorCode::PlanReference, object, "a value or a weight of the plan",
          quoteJson(std::string_view(arg).substr(0, 80)));
    }
  }
  // One buffer under two names of a kernel is a race unless nobody writes.
  for (size_t i = 0; i < step.args.size() && i < 64; ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (step.args[i] == step.args[j] && (accessOf(step, i) != Access::In ||
                                           accessOf(step, j) != Access::In)) {
        add(ErrorCode::PlanArgument, object + in("argument", step.args[i]),
            "each written argument once", "it twice");
      }
    }
  }
  if (step.kind == StepKind::Library) {
    checkGemm(object, step);
    return;
  }
  if (step.kind == StepKind::Copy) {
    checkCopy(object, step);
    return;
  }
  auto kernel = kernels.find(step.kernel);
  if (kernel == kernels.end()) {
    add(ErrorCode::PlanReference, object, "a kernel of the plan",
        quoteJson(std::string_view(step.kernel).substr(0, 80)));
    return;
  }
  const std::vector<Param> &params = kernel->second->params;
  if (params.size() != step.args.size() || params.size() > 64) {
    add(ErrorCode::PlanArgument, object,
        std::to_string(params.size()) + " arguments for " + step.kernel +
            ", at most 64",
        std::to_string(step.args.size()));
    return;
  }
  for (size_t i = 0; i < params.size(); ++i) {
    checkArgument(object, params[i], step.args[i], sequences);
  }
}

void PlanChecker::checkBindings(const Entry &entry) {
  std::string object = in("entry", entry.name);
  for (const auto *bindings : {&entry.inputs, &entry.outputs}) {
    const char *kind = bindings == &entry.inputs ? "input" : "output";
    std::vector<std::string_view> names;
    for (const Binding &binding : *bindings) {
      std::string place = object + in(kind, binding.name);
      checkName(kind, binding.name);
      names.push_back(binding.name);
      const Operand *found = operand(binding.value);
      if (found == nullptr) {
        add(ErrorCode::PlanReference, place, "a value of the plan",
            quoteJson(std::string_view(binding.value).substr(0, 80)));
      } else if (found->isWeight ||
                 plan.values[found->index].operandClass != OperandClass::Io) {
        add(ErrorCode::PlanEntry, place, "a value of class io",
            binding.value + " of class " +
                std::string(
                    found->isWeight
                        ? "weight"
                        : word(plan.values[found->index].operandClass)));
      }
    }
    std::sort(names.begin(), names.end());
    auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
      add(ErrorCode::PlanDuplicate, object + in(kind, *twice), "each name once",
          "it twice");
    }
  }
}

/// What a caller has to give to a chunk of tokens, and what it gets of tokens
/// to be verified.
void PlanChecker::checkChunk(const Entry &entry) {
  const Workload &load = entry.workload;
  const uint64_t rows = uint64_t{load.batch} * load.tokens;
  auto wants = [&](const std::vector<Binding> &bindings, const char *kind,
                   const char *role, DType dtype, uint64_t count) {
    const std::string value = boundValue(bindings, role);
    const Operand *found = value.empty() ? nullptr : operand(value);
    if (found == nullptr || found->dtype != dtype || found->count != count) {
      add(ErrorCode::PlanEntry, in("entry", entry.name) + in(kind, role),
          operandText(dtype, count),
          found == nullptr ? "none" : operandText(found->dtype, found->count));
    }
  };
  wants(entry.inputs, "input", "ids", DType::I32, rows);
  wants(entry.inputs, "input", "positions", DType::I32, rows);
  if (load.phase == "verify") {
    wants(entry.outputs, "output", "token", DType::I32, rows);
    wants(entry.outputs, "output", "logits", DType::BF16,
          rows * plan.model.vocabSize);
  } else {
    wants(entry.inputs, "input", "rows", DType::I32, load.batch);
  }
  if (load.tokens > load.maxContext) {
    add(ErrorCode::PlanEntry, in("entry", entry.name),
        "at most max_context = " + std::to_string(load.maxContext) + " tokens",
        std::to_string(load.tokens));
  }
}

/// All entries find rows of the caches through a table, or none does.
void PlanChecker::checkPages(const Entry &entry) {
  const std::string object = in("entry", entry.name);
  if (isPaged(entry) != paged) {
    add(ErrorCode::PlanEntry, object + in("input", "pages"),
        "a page table in every entry or in none", paged ? "none" : "one");
  }
  const Operand *table = operand(boundValue(entry.inputs, "pages"));
  if (!isPaged(entry) || table == nullptr) {
    return; // said by checkBindings
  }
  const Value *first = firstCache(plan);
  for (const Value &cache : plan.values) {
    if (cache.operandClass == OperandClass::Cache &&
        (cache.shape.size() != 4 || cache.shape[0] != first->shape[0] ||
         cache.shape[2] != first->shape[2])) {
      add(ErrorCode::PlanEntry, in("value", cache.name),
          "[pages, KV heads, page, head dim] as the other caches",
          shapeText(cache.shape));
      return;
    }
  }
  const Workload &load = entry.workload;
  const uint64_t pool = first == nullptr ? 0 : first->shape[0];
  const uint64_t page = first == nullptr ? 0 : first->shape[2];
  const std::vector<uint64_t> wanted = {
      load.batch,
      page == 0 ? 0 : (uint64_t{load.maxContext} + page - 1) / page};
  if (table->isWeight || table->dtype != DType::I32 ||
      plan.values[table->index].shape != wanted || pool < load.batch) {
    add(ErrorCode::PlanEntry, object + in("input", "pages"),
        "i32 " + shapeText(wanted) +
            ", and caches of at least a page for each sequence",
        operandText(table->dtype, table->count));
  }
}

void PlanChecker::checkCaptures(const Entry &entry) {
  std::string object = in("entry", entry.name);
  if (entry.mode == LaunchMode::Stream) {
    if (!entry.captures.empty()) {
      add(ErrorCode::PlanEntry, object, "no captures in mode stream",
          std::to_string(entry.captures.size()));
    }
    return;
  }
  uint64_t next = 0;
  for (const Capture &capture : entry.captures) {
    if (capture.first != next || capture.last < capture.first ||
        capture.last >= entry.steps.size() || capture.key.empty()) {
      add(ErrorCode::PlanEntry, object + in("capture", capture.key),
          "a key and steps from " + std::to_string(next) + " to " +
              std::to_string(entry.steps.size() - 1) + " at most",
          "steps " + std::to_string(capture.first) + " to " +
              std::to_string(capture.last));
      return;
    }
    next = uint64_t{capture.last} + 1;
  }
  if (next != entry.steps.size()) {
    add(ErrorCode::PlanEntry, object,
        "captures of all " + std::to_string(entry.steps.size()) +
            " steps in mode " + std::string(word(entry.mode)),
        "those of " + std::to_string(next));
  }
}

void PlanChecker::checkEdges(const Entry &entry) {
  std::unordered_set<size_t> firsts;
  for (const Capture &capture : entry.captures) {
    firsts.insert(capture.first);
  }
  auto check = [&](const Step &step, size_t s, const std::string &place) {
    if (step.programmatic &&
        (entry.mode != LaunchMode::Pdl || step.kind != StepKind::Launch ||
         s == 0 || entry.steps[s - 1].kind != StepKind::Launch ||
         firsts.contains(s))) {
      add(ErrorCode::PlanEntry, place,
          "a programmatic edge only from launch to launch of one capture in "
          "mode pdl",
          "one in mode " + std::string(word(entry.mode)));
    }
  };
  std::string object = in("entry", entry.name);
  for (size_t s = 0; s < entry.steps.size(); ++s) {
    check(entry.steps[s], s, object + in("step", std::to_string(s)));
  }
  if (entry.advance) {
    check(*entry.advance, entry.steps.size(), object + ": advance");
  }
}

void PlanChecker::checkAdvance(const std::string &object, const Entry &entry) {
  const Step &step = *entry.advance;
  checkStep(object, step, entry.workload.batch);
  auto kernel = kernels.find(step.kernel);
  if (step.kind != StepKind::Launch || kernel == kernels.end() ||
      kernel->second->params.size() != step.args.size()) {
    if (step.kind != StepKind::Launch) {
      add(ErrorCode::PlanEntry, object, "a launch",
          std::string(word(step.kind)));
    }
    return;
  }
  for (const std::string &arg : step.args) {
    const Operand *found = operand(arg);
    if (found != nullptr &&
        (found->isWeight ||
         plan.values[found->index].operandClass != OperandClass::Io)) {
      add(ErrorCode::PlanEntry, object + in("argument", arg),
          "a value of class io", "another");
    }
  }
  // What the steps read and write is what is moved.
  auto bound = [&](const std::vector<Binding> &bindings, const char *role) {
    auto binding = std::find_if(bindings.begin(), bindings.end(),
                                [&](const auto &b) { return b.name == role; });
    const std::vector<Param> &params = kernel->second->params;
    auto param = std::find_if(params.begin(), params.end(),
                              [&](const auto &p) { return p.name == role; });
    if (binding == bindings.end() || param == params.end() ||
        step.args[param - params.begin()] != binding->value) {
      add(ErrorCode::PlanEntry, object + in("parameter", role),
          "the value of the entry's " + std::string(role),
          param == params.end() ? "no such parameter"
                                : step.args[param - params.begin()]);
    }
  };
  bound(entry.inputs, "ids");
  bound(entry.inputs, "positions");
  bound(entry.outputs, "token");
}

void PlanChecker::checkWorks(const std::string &object, const Entry &entry) {
  std::set<std::string_view> launched;
  for (const Step &step : entry.steps) {
    if (step.kind == StepKind::Launch) {
      launched.insert(step.kernel);
    }
  }
  if (entry.advance) {
    launched.insert(entry.advance->kernel);
  }
  std::unordered_set<std::string_view> known;
  for (const auto &[symbol, work] : entry.works) {
    std::string place = object + in("work of", symbol);
    if (!known.insert(symbol).second) {
      add(ErrorCode::PlanDuplicate, place, "each kernel once", "it twice");
    }
    auto kernel = kernels.find(symbol);
    if (kernel == kernels.end() || !launched.contains(symbol)) {
      add(ErrorCode::PlanReference, place, "a kernel that the entry launches",
          "another");
      continue;
    }
    if (work.launches == 0) {
      add(ErrorCode::PlanLaunch, place, "at least one launch", "0");
    }
    const std::vector<Param> &params = kernel->second->params;
    if (work.params.size() != params.size()) {
      add(ErrorCode::PlanArgument, place,
          std::to_string(params.size()) + " parameters",
          std::to_string(work.params.size()));
      continue;
    }
    for (size_t i = 0; i < params.size(); ++i) {
      const ParamTraffic &traffic = work.params[i];
      if ((params[i].access == Access::In && traffic.stored != 0) ||
          (params[i].access == Access::Out && traffic.loaded != 0)) {
        add(ErrorCode::PlanArgument, place + in("parameter", params[i].name),
            "traffic that its access allows",
            std::to_string(traffic.loaded) + " bytes loaded, " +
                std::to_string(traffic.stored) + " stored");
      }
    }
  }
  for (std::string_view symbol : launched) {
    if (kernels.contains(symbol) && !known.contains(symbol)) {
      add(ErrorCode::PlanEntry, object + in("work of", symbol),
          "the work of each kernel launched", "none");
    }
  }
}

void PlanChecker::checkEntry(const Entry &entry) {
  std::string object = in("entry", entry.name);
  checkName("entry", entry.name);
  const Workload &load = entry.workload;
  const bool chunk = load.phase == "prefill" || load.phase == "verify";
  if ((load.phase != "decode" && !chunk) || load.batch == 0 ||
      load.tokens == 0 || load.context > load.maxContext ||
      load.maxContext > plan.model.maxContext) {
    add(ErrorCode::PlanEntry, object,
        "phase decode, prefill or verify, batch and tokens of at least 1, "
        "context <= "
        "max_context <= the model's " +
            std::to_string(plan.model.maxContext),
        quoteJson(std::string_view(load.phase).substr(0, 80)) + ", batch " +
            std::to_string(load.batch) + ", tokens " +
            std::to_string(load.tokens) + ", context " +
            std::to_string(load.context) + ", max_context " +
            std::to_string(load.maxContext));
  }
  checkBindings(entry);
  checkPages(entry);
  if (chunk) {
    checkChunk(entry);
  }
  for (size_t s = 0; s < entry.steps.size(); ++s) {
    checkStep(object + in("step", std::to_string(s)), entry.steps[s],
              load.batch);
  }
  if (entry.advance) {
    checkAdvance(object + ": advance", entry);
  }
  if (entry.stepsPerLaunch == 0 || entry.stepsPerLaunch > maxStepsPerLaunch ||
      (entry.stepsPerLaunch > 1 &&
       (!entry.advance || entry.mode == LaunchMode::Stream))) {
    add(ErrorCode::PlanEntry, object + ": steps per launch",
        "1, or up to " + std::to_string(maxStepsPerLaunch) +
            " with an advance in mode graph or pdl",
        std::to_string(entry.stepsPerLaunch) + " in mode " +
            std::string(word(entry.mode)) +
            (entry.advance ? "" : " without advance"));
  }
  checkWorks(object, entry);
  checkCaptures(entry);
  checkEdges(entry);
  checkOrder(entry);
  checkLiveRanges(entry);
}

} // namespace sinter
