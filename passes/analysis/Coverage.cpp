//===- Coverage.cpp - Which family runs which op, and why not -------------===//

#include "passes/analysis/Coverage.h"

#include "codegen/KernelRegistry.h"
#include "ir/decoder/Decoder.h"
#include "passes/Support.h"
#include "passes/analysis/OpNames.h"

#include <map>

using namespace mlir;

namespace sinter {

namespace {

std::vector<FamilyAnswer> answersFor(Operation *op, const DeviceSpec &device) {
  auto group = codegen::GroupView::ofOp(op);
  std::vector<FamilyAnswer> answers;
  for (const codegen::KernelFamily *family : codegen::kernelFamilies()) {
    FamilyAnswer answer;
    answer.family = family->name().str();
    answer.verdict = family->accepts(group, device);
    if (answer.verdict) {
      auto configs = family->enumerate(group, device);
      answer.configs = configs.size();
      answer.first = configs.front().text();
    } else if (answer.verdict.reason() == plan::Reason::RefusedOp) {
      continue; // another family's kind of op
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::string fingerprint(const std::vector<FamilyAnswer> &answers) {
  std::string text;
  for (const FamilyAnswer &answer : answers) {
    text += answer.family + "\n" + answer.verdict.message() + "\n" +
            std::to_string(answer.configs) + answer.first + "\n";
  }
  return text;
}

} // namespace

std::vector<OpCoverage> coverageOf(func::FuncOp function,
                                   const DeviceSpec &device) {
  std::vector<OpCoverage> list;
  std::map<std::pair<std::string, std::string>, size_t> known;
  for (Operation &op : function.getBody().front()) {
    if (!isStepOp(&op)) {
      continue;
    }
    std::vector<FamilyAnswer> answers = answersFor(&op, device);
    std::string pattern = layerPattern(decoder::opName(&op));
    auto [at, added] =
        known.try_emplace({pattern, fingerprint(answers)}, list.size());
    if (added) {
      list.push_back({std::move(pattern), op.getName().stripDialect().str(), 0,
                      std::move(answers)});
    }
    ++list[at->second].count;
  }
  return list;
}

} // namespace sinter
