//===- PlanDigest.cpp - What a measurement belongs to ---------------------===//

#include "tools/PlanDigest.h"

#include "runtime/format/PlanJson.h"
#include "runtime/format/Sha256.h"

namespace sinter {

std::string programDigest(const format::Plan &plan) {
  format::Plan program = plan;
  program.format = {"", 0, 0}; // a newer format may hold the same program
  program.producedBy = {};
  program.decisions.clear();
  for (format::Kernel &kernel : program.kernels) {
    kernel.cubins.clear();
    kernel.bounds = {}; // the text holds the launch bounds
  }
  return sha256Hex(writePlanJson(program));
}

} // namespace sinter
