//===- Words.cpp - Numbers and decisions in sentences ---------------------===//

#include "tools/inspect/Words.h"

#include "ir/decoder/Decoder.h"
#include "tools/inspect/PlannedEntry.h"

#include <algorithm>

namespace sinter {

std::string groupedText(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

/// Two digits, without the unit.
static std::string micros(uint64_t picoseconds) {
  const uint64_t hundredths =
      picoseconds / 10000 + (picoseconds % 10000 >= 5000);
  return groupedText(hundredths / 100) + "." +
         std::to_string(100 + hundredths % 100).substr(1);
}

std::string microsText(uint64_t picoseconds) {
  return micros(picoseconds) + " us";
}

std::string microsChange(uint64_t from, uint64_t to) {
  return from <= to ? "+" + microsText(to - from) : "-" + microsText(from - to);
}

std::string stepText(const cost::StepPrice &step) {
  const cost::Breakdown &terms = step.terms;
  std::string parts;
  auto add = [&](const char *name, uint64_t part) {
    if (part != 0) {
      parts +=
          (parts.empty() ? "" : " + ") + std::string(name) + " " + micros(part);
    }
  };
  add("edges", terms.edge);
  add("ramps", terms.ramp);
  add("exchanges", terms.exchange);
  add("library", terms.library);
  add("bodies", terms.body);
  if (terms.credit != 0) {
    parts += " - credit " + micros(terms.credit);
  }
  const std::string host = terms.host == 0
                               ? ""
                               : "the larger of host " + micros(terms.host) +
                                     " and, phase by phase, ";
  return microsText(step.picoseconds) + " = " + host + parts;
}

std::string barrierText(const planning::EntryPlan &plan, uint32_t from,
                        uint32_t to) {
  mlir::Operation *consumer = plan.entry.ops[to];
  if (!mlir::isa<decoder::LinearOp, decoder::RmsNormOp, decoder::ArgmaxOp>(
          consumer)) {
    return "";
  }
  const planning::PhaseDecision &phase = plan.phases[plan.phaseOfOps()[from]];
  const uint64_t blocks = plan.variantOf(phase).work.blocks;
  if (!plan.variantOf(phase).family || blocks < 2) {
    return "";
  }
  return consumer->getName().getStringRef().str() +
         " reads whole rows, which " + groupedText(blocks) +
         " blocks compute: they have to meet before it";
}

std::string runsText(const planning::EntryPlan &plan, uint32_t op) {
  for (const planning::PhaseDecision &phase : plan.phases) {
    if (!std::binary_search(phase.ops.begin(), phase.ops.end(), op)) {
      continue;
    }
    const planning::Variant &variant = plan.variantOf(phase);
    if (!variant.family) {
      return "by the library";
    }
    const std::string family = variant.family->name().str();
    if (phase.ops.size() == 1) {
      return "alone in a kernel of family " + family;
    }
    std::string others;
    for (uint32_t other : phase.ops) {
      if (other != op) {
        others += others.empty() ? "" : ", ";
        others += plan.entry.graph.name(other);
      }
    }
    return "in one kernel of family " + family + " with " + others;
  }
  return "nowhere";
}

PhaseCounts phaseCounts(const planning::EntryPlan &plan) {
  PhaseCounts phases;
  for (const planning::PhaseDecision &phase : plan.phases) {
    const planning::Variant &variant = plan.variantOf(phase);
    ++phases[opsPattern(plan, phase.ops) + " (" +
             std::string(stringifyChoice(variant.choice)) + ")"];
  }
  return phases;
}

std::string onlyIn(const PhaseCounts &a, const PhaseCounts &b) {
  std::string text;
  for (const auto &[phase, count] : a) {
    auto other = b.find(phase);
    const uint64_t common = other == b.end() ? 0 : other->second;
    if (count > common) {
      text += (text.empty() ? "" : "; ") + std::to_string(count - common) +
              " x " + phase;
    }
  }
  return text;
}

} // namespace sinter
