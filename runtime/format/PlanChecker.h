//===- PlanChecker.h - State of a plan's validation -------------*- C++ -*-===//
//
// Used by Validate.cpp (the tables), ValidateEntries.cpp (entries and their
// steps) and ValidateRanges.cpp (order, live ranges).
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_FORMAT_PLANCHECKER_H
#define SINTER_RUNTIME_FORMAT_PLANCHECKER_H

#include "runtime/format/Bindings.h"
#include "runtime/format/Status.h"
#include "runtime/format/Validate.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sinter {

class PlanChecker {
public:
  PlanChecker(const format::Plan &plan, std::string_view name)
      : plan(plan), name(name),
        paged(std::any_of(plan.entries.begin(), plan.entries.end(),
                          format::isPaged)) {}

  std::vector<Error> run();

private:
  /// A value or a weight by name.
  struct Operand {
    bool isWeight = false;
    uint32_t index = 0;
    DType dtype = DType::BF16;
    uint64_t count = 0;
  };

  // Validate.cpp.
  void checkHeader();
  void checkTables();
  void checkWeight(const format::Weight &weight);
  void checkPack(const std::string &object, const format::Weight &weight);
  void checkValue(const format::Value &value);
  void checkKernel(const format::Kernel &kernel);
  void checkRequirements();
  void checkDecisions();
  void checkDecision(const format::Decision &decision);

  // ValidateEntries.cpp.
  void checkEntry(const format::Entry &entry);
  void checkChunk(const format::Entry &entry);
  void checkPages(const format::Entry &entry);
  void checkBindings(const format::Entry &entry);
  void checkStep(const std::string &object, const format::Step &step,
                 uint64_t sequences);
  void checkArgument(const std::string &object, const format::Param &param,
                     const std::string &arg, uint64_t sequences);
  void checkGemm(const std::string &object, const format::Step &step);
  void checkCopy(const std::string &object, const format::Step &step);
  void checkCaptures(const format::Entry &entry);
  void checkEdges(const format::Entry &entry);
  void checkAdvance(const std::string &object, const format::Entry &entry);
  void checkWorks(const std::string &object, const format::Entry &entry);

  // ValidateRanges.cpp.
  void checkOrder(const format::Entry &entry);
  void checkPersistentPlacement();
  void checkLiveRanges(const format::Entry &entry);
  void place(uint32_t value, std::string_view when);
  void remove(uint32_t value);

  /// How step `step` uses its argument `position`.
  format::Access accessOf(const format::Step &step, size_t position) const;

  void add(ErrorCode code, std::string_view object, std::string wanted,
           std::string found, std::string remedy = {});
  std::string in(std::string_view kind, std::string_view what) const;
  void checkName(std::string_view kind, const std::string &text);
  void checkDigest(std::string_view object, const std::string &text);
  const Operand *operand(const std::string &text) const;
  static bool lives(format::OperandClass operandClass) {
    return operandClass != format::OperandClass::Activation;
  }

  const format::Plan &plan;
  std::string name;
  bool paged; ///< some entry is
  std::vector<Error> errors;
  std::unordered_map<std::string_view, Operand> operands;
  std::unordered_map<std::string_view, uint32_t> arenas;
  std::unordered_map<std::string_view, const format::Kernel *> kernels;
  std::vector<uint64_t> valueBytes; ///< parallel to values; 0 if malformed
  /// Per arena: begin -> value, of the values alive at this point.
  std::vector<std::map<uint64_t, uint32_t>> alive;
};

} // namespace sinter

#endif // SINTER_RUNTIME_FORMAT_PLANCHECKER_H
