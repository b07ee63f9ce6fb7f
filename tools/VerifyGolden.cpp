//===- VerifyGolden.cpp - Results of Hugging Face -------------------------===//

#include "tools/VerifyGolden.h"

#include "ir/decoder/Decoder.h"
#include "tools/InterpreterEngine.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace sinter {

namespace {

/// Rows [position][element] of states by their golden name.
using States = std::map<std::string, std::vector<float>>;

/// The golden name of the state that an op gives while `recording`.
std::string stateName(std::string_view op, bool recording) {
  return recording ? goldenState(op).value_or("") : "";
}

/// Positions of prompt `name` whose logits are stored in `run`.
std::vector<int64_t> storedPositions(const GoldenPrompt &prompt,
                                     const std::string &run) {
  auto found = prompt.positions.find(run);
  return found == prompt.positions.end() ? std::vector<int64_t>()
                                         : found->second;
}

/// Feeds the prompt; the logits of the stored positions, one after another.
Result<std::vector<float>> promptLogits(StepEngine &engine,
                                        const GoldenPrompt &prompt,
                                        const std::string &run) {
  std::vector<int64_t> positions = storedPositions(prompt, run);
  std::vector<float> all;
  for (size_t i = 0; i < prompt.ids.size(); ++i) {
    SINTER_ASSIGN(int32_t next,
                  engine.step(prompt.ids[i], static_cast<uint32_t>(i)));
    (void)next;
    if (std::ranges::find(positions, static_cast<int64_t>(i)) !=
        positions.end()) {
      SINTER_ASSIGN(std::vector<float> logits, engine.logits());
      all.insert(all.end(), logits.begin(), logits.end());
    }
  }
  return all;
}

Result<GoldenCheck> compareState(const Golden &golden, const std::string &name,
                                 const std::string &by,
                                 const std::vector<float> &values,
                                 double limit) {
  SINTER_ASSIGN(HostTensor wanted, golden.tensor(name));
  GoldenCheck check;
  check.what = name + ", " + by;
  check.compared = values.size();
  char text[64];
  std::snprintf(text, sizeof text, "%.1e", limit);
  check.limit = std::string("relative L2 ") + text;
  if (static_cast<int64_t>(values.size()) != wanted.count()) {
    check.found = std::to_string(wanted.count()) + " numbers in the golden";
    return check;
  }
  double distance = relativeL2(
      HostTensor::fromFloats(DType::F32, wanted.shape(), values), wanted);
  std::snprintf(text, sizeof text, "relative L2 %.2e", distance);
  check.found = text;
  check.passed = distance <= limit;
  return check;
}

/// Logits of all prompts and states of p1.
Result<std::vector<GoldenCheck>>
compareRun(const Golden &golden, StepEngine &engine, const States &states,
           const std::string &run, const std::string &by, double limit,
           const std::function<void(bool)> &recordStates) {
  std::vector<GoldenCheck> checks;
  for (const auto &[name, prompt] : golden.prompts) {
    recordStates(name == "p1");
    SINTER_ASSIGN(std::vector<float> logits, promptLogits(engine, prompt, run));
    SINTER_ASSIGN(
        GoldenCheck check,
        compareState(golden, name + "." + run + ".logits", by, logits, limit));
    checks.push_back(std::move(check));
  }
  recordStates(false);
  for (const auto &[name, values] : states) {
    SINTER_ASSIGN(
        GoldenCheck check,
        compareState(golden, "p1." + run + "." + name, by, values, limit));
    checks.push_back(std::move(check));
  }
  return checks;
}

/// 64 tokens after a prompt by the near-tie rule.
Result<GoldenCheck> compareGreedy(const Golden &golden, const std::string &name,
                                  const GoldenPrompt &prompt,
                                  const GoldenGreedy &wanted,
                                  StepEngine &engine) {
  GoldenCheck check;
  check.what = name + ".bf16ref greedy tokens, kernels";
  check.limit = "near-ties only";
  uint32_t position = 0;
  int32_t next = 0;
  for (int32_t id : prompt.ids) {
    SINTER_ASSIGN(next, engine.step(id, position++));
  }
  size_t equal = 0;
  size_t nearTies = 0;
  for (size_t step = 0; step < wanted.tokens.size(); ++step) {
    switch (wanted.judge(step, next, golden.nearTieUlps)) {
    case TokenVerdict::Equal:
      ++equal;
      break;
    case TokenVerdict::NearTie:
      ++nearTies;
      break;
    case TokenVerdict::Different:
      check.found = "step " + std::to_string(step) + ": " +
                    std::to_string(next) + " in place of " +
                    std::to_string(wanted.tokens[step]);
      return check;
    }
    ++check.compared;
    // From the golden prefix.
    SINTER_ASSIGN(next, engine.step(wanted.tokens[step], position++));
  }
  check.found = std::to_string(equal) + " equal, " + std::to_string(nearTies) +
                " near-ties";
  check.passed = true;
  return check;
}

/// What the last op of a step writes: workspaces come behind it.
const format::Value *lastResult(const format::Plan &plan,
                                const format::Step &step) {
  for (const std::string &name : llvm::reverse(step.args)) {
    auto value = llvm::find_if(plan.values, [&](const format::Value &each) {
      return each.name == name;
    });
    if (value != plan.values.end() &&
        value->operandClass != format::OperandClass::Workspace) {
      return &*value;
    }
  }
  return nullptr;
}

} // namespace

Result<std::vector<GoldenCheck>> checkInterpreter(const Golden &golden,
                                                  const ModelConfig &config,
                                                  const WeightSource &weights,
                                                  uint32_t capacity) {
  SINTER_ASSIGN(
      std::unique_ptr<InterpreterEngine> engine,
      InterpreterEngine::create(config, weights, capacity, Precision::Fp32));
  States states;
  bool recording = false;
  engine->setObserver(
      [&](mlir::Operation *op, llvm::ArrayRef<HostTensor> results) {
        std::string name = stateName(decoder::opName(op), recording);
        if (!name.empty()) {
          std::vector<float> row = results[0].toFloats();
          states[name].insert(states[name].end(), row.begin(), row.end());
        }
        return Status::success();
      });
  return compareRun(golden, *engine, states, "fp32", "fp32 interpreter",
                    fp32Limit, [&](bool on) { recording = on; });
}

Result<std::vector<GoldenCheck>> checkKernels(const Golden &golden,
                                              PlanEngine &engine) {
  States states;
  bool recording = false;
  engine.setHook([&](size_t, const format::Step &step) -> Status {
    // What the others of a fused kernel compute stays inside it.
    const std::string name = stateName(step.ops.back(), recording);
    const format::Value *value =
        name.empty() ? nullptr : lastResult(engine.plan(), step);
    if (value) {
      std::vector<uint16_t> bits(format::elementCount(value->shape));
      SINTER_TRY(engine.state().read(value->name,
                                     std::as_writable_bytes(std::span(bits))));
      std::vector<float> row = widenBf16(bits);
      states[name].insert(states[name].end(), row.begin(), row.end());
    }
    return Status::success();
  });
  SINTER_ASSIGN(std::vector<GoldenCheck> checks,
                compareRun(golden, engine, states, "bf16ref", "kernels",
                           bf16Limit, [&](bool on) { recording = on; }));
  engine.setHook({});
  for (const auto &[name, prompt] : golden.prompts) {
    auto runs = golden.greedy.find(name);
    if (runs == golden.greedy.end() || !runs->second.count("bf16ref")) {
      continue;
    }
    SINTER_ASSIGN(GoldenCheck check,
                  compareGreedy(golden, name, prompt,
                                runs->second.at("bf16ref"), engine));
    checks.push_back(std::move(check));
  }
  return checks;
}

} // namespace sinter
