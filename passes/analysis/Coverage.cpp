//===- Coverage.cpp - Which family runs which op, and why not -------------===//

#include "passes/analysis/Coverage.h"

#include "codegen/KernelRegistry.h"
#include "ir/decoder/Decoder.h"
#include "passes/Support.h"
#include "passes/analysis/OpNames.h"
#include "passes/fusion/EntryGraph.h"
#include "passes/planning/GroupKeys.h"

#include "llvm/ADT/DenseMap.h"

#include <map>
#include <set>

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

/// Per op, which families (numbers in the registry) run it with others.
Result<llvm::DenseMap<Operation *, std::set<size_t>>>
familiesOfGroups(func::FuncOp function, const DeviceSpec &device) {
  struct Known {
    std::vector<size_t> families;
    bool grow = false;
  };
  const fusion::EntryGraph entry = fusion::graphOf(function);
  const planning::GroupKeys keys(entry);
  std::map<planning::GroupKeys::Key, Known> known;
  llvm::DenseMap<Operation *, std::set<size_t>> found;
  auto judge = [&](std::span<const uint32_t> numbers) {
    auto [at, added] = known.try_emplace(keys.of(numbers));
    if (added) {
      llvm::SmallVector<Operation *> ops;
      for (uint32_t number : numbers) {
        ops.push_back(entry.ops[number]);
      }
      const auto group = codegen::GroupView::ofOps(ops);
      for (auto [number, family] : llvm::enumerate(codegen::kernelFamilies())) {
        at->second.grow |= family->mayGrow(group);
        if (ops.size() > 1 && family->accepts(group, device)) {
          at->second.families.push_back(number);
        }
      }
    }
    for (uint32_t number : numbers) {
      found[entry.ops[number]].insert(at->second.families.begin(),
                                      at->second.families.end());
    }
    return fusion::Answer{{}, at->second.grow};
  };
  SINTER_TRY(fusion::growCandidates(entry.graph, {}, judge));
  return found;
}

} // namespace

Result<std::vector<OpCoverage>> coverageOf(func::FuncOp function,
                                           const DeviceSpec &device) {
  SINTER_ASSIGN(auto groups, familiesOfGroups(function, device));
  std::vector<OpCoverage> list;
  std::vector<std::set<size_t>> together; // by place in the list
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
      list.push_back({std::move(pattern),
                      op.getName().stripDialect().str(),
                      0,
                      std::move(answers),
                      {}});
      together.emplace_back();
    }
    ++list[at->second].count;
    together[at->second].insert(groups[&op].begin(), groups[&op].end());
  }
  for (auto [op, families] : llvm::zip(list, together)) {
    for (size_t family : families) {
      op.together.push_back(codegen::kernelFamilies()[family]->name().str());
    }
  }
  return list;
}

} // namespace sinter
