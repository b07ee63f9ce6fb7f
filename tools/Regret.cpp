//===- Regret.cpp - What the model's choice costs, measured ---------------===//

#include "tools/Regret.h"

#include "codegen/EmitKernel.h"
#include "codegen/EmitPlan.h"
#include "codegen/GroupView.h"
#include "ir/target/LibraryPrices.h"
#include "tools/BenchCells.h"
#include "tools/inspect/Words.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace sinter {

namespace {

constexpr double tolerance = 1.05;

using Operand = FamilyKernel::Operand;

FamilyKernel generatedOf(const Projection &projection,
                         const ProjectionCandidate &candidate,
                         const Workload &workload) {
  mlir::Operation *op = projection.op;
  const auto group = codegen::GroupView::ofOps(op);
  const codegen::KernelFamily &family = *candidate.family;
  const codegen::Work work = family.work(group, candidate.config, workload);
  FamilyKernel kernel;
  kernel.source.symbol = "candidate";
  kernel.source.text = codegen::emitKernelText(group, family, candidate.config,
                                               kernel.source.symbol);
  kernel.shape = {work.grid[0], work.grid[1], work.block[0],
                  static_cast<uint32_t>(work.sharedBytes), work.cooperative};
  for (const codegen::ParamWork &param : work.params) {
    kernel.source.params.push_back(codegen::paramOf(param));
    const bool cold = param.kind == codegen::ParamClass::Weights;
    kernel.operands.push_back(cold ? Operand::Cold : Operand::Warm);
    kernel.coldBytes += cold ? param.loadedBytes : 0;
  }
  return kernel;
}

FamilyKernel libraryOf(const Projection &projection, const DeviceSpec &device) {
  const uint64_t m = projection.rows;
  const uint64_t n = projection.outputs;
  const uint64_t k = projection.width;
  FamilyKernel kernel;
  kernel.gemm.emplace();
  kernel.gemm->m = m;
  kernel.gemm->n = n;
  kernel.gemm->k = k;
  if (const LibraryPrice *price = pinnedPrice(device, m, n, k, false)) {
    kernel.gemm->algorithm = price->version + ": " + price->algorithm;
  }
  auto add = [&](const char *name, format::Access access, uint64_t count) {
    kernel.source.params.push_back({name, access, DType::BF16, count});
  };
  add("x", format::Access::In, m * k);
  add("w", format::Access::In, n * k);
  add("y", format::Access::Out, m * n);
  kernel.operands = {Operand::Warm, Operand::Cold, Operand::Warm};
  kernel.coldBytes = 2 * n * k;
  return kernel;
}

void addCandidates(const Projection &projection, const Workload &workload,
                   const DeviceSpec &device,
                   std::vector<RegretCandidate> &into) {
  std::map<const codegen::KernelFamily *, size_t> taken;
  for (const ProjectionCandidate &candidate : projection.candidates) {
    if (taken[candidate.family]++ >= regretConfigs) {
      continue;
    }
    RegretCandidate one;
    one.pattern = projection.pattern;
    one.outputs = projection.outputs;
    one.width = projection.width;
    one.rows = projection.rows;
    one.chosen = &candidate == &projection.candidates.front();
    one.kernel = candidate.family ? generatedOf(projection, candidate, workload)
                                  : libraryOf(projection, device);
    one.kernel.family = candidate.familyName();
    one.kernel.config = candidate.config.text();
    one.kernel.op = projection.pattern;
    one.kernel.predicted = candidate.price.picoseconds;
    into.push_back(std::move(one));
  }
}

std::string ratioText(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", ratio);
  return text;
}

} // namespace

Result<std::vector<RegretCandidate>>
regretCandidates(const ModelConfig &config, const Workload &workload,
                 const DeviceSpec &device, const std::vector<uint32_t> &rows) {
  std::vector<RegretCandidate> candidates;
  for (uint32_t count : rows) {
    SINTER_ASSIGN(Projections all,
                  Projections::create(config, workload, device, count));
    for (const Projection &projection : all.list()) {
      addCandidates(projection, all.workload(), device, candidates);
    }
  }
  return candidates;
}

Table regretTable(const std::vector<RegretCandidate> &candidates,
                  const std::vector<StepTimes> &times,
                  const std::string &target) {
  Table table;
  table.view = "bench-regret";
  table.columns = {{"target", "planned for"},
                   {"op", "linear layer"},
                   {"outputs", "outputs"},
                   {"width", "width"},
                   {"rows", "rows"},
                   {"family", "family"},
                   {"config", "configuration"},
                   {"median_ns", "median ns"},
                   {"p10_ns", "p10"},
                   {"p90_ns", "p90"},
                   {"predicted_ns", "predicted"},
                   {"measured_by_predicted", "measured/predicted"},
                   {"chosen", "chosen"},
                   {"by_best", "by best"}};
  using Place = std::pair<std::string, uint64_t>; // layer and rows
  std::map<Place, size_t> best;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const auto [place, isNew] =
        best.try_emplace({candidates[i].pattern, candidates[i].rows}, i);
    if (!isNew && times[i].median < times[place->second].median) {
      place->second = i;
    }
  }
  size_t fine = 0;
  std::optional<std::pair<double, std::string>> worst;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const RegretCandidate &one = candidates[i];
    const StepTimes &winner = times[best.at({one.pattern, one.rows})];
    const double ratio = times[i].median / winner.median;
    std::vector<Cell> row = {target,
                             one.pattern,
                             one.outputs,
                             one.width,
                             one.rows,
                             one.kernel.family,
                             one.kernel.config,
                             rounded(times[i].median),
                             rounded(times[i].p10),
                             rounded(times[i].p90)};
    addPrediction(row, times[i].median, one.kernel.predicted);
    row.emplace_back(std::string(one.chosen ? "chosen" : ""));
    row.emplace_back(Ratio{rounded(1e3 * ratio)});
    table.rows.push_back(std::move(row));
    if (!one.chosen) {
      continue;
    }
    const std::string what = one.pattern + " at " + groupedText(one.rows) +
                             (one.rows == 1 ? " row" : " rows");
    if (ratio <= tolerance || times[i].median <= winner.p90) {
      ++fine;
    } else {
      const RegretCandidate &faster =
          candidates[best.at({one.pattern, one.rows})];
      table.notes.push_back("regret: " + what + " " + one.kernel.family +
                            " takes " + ratioText(ratio) + " of " +
                            faster.kernel.family + " (" + faster.kernel.config +
                            ")");
    }
    if (!worst || ratio > worst->first) {
      worst = {ratio, what};
    }
  }
  if (worst) {
    table.notes.push_back(std::to_string(fine) + " of " +
                          std::to_string(best.size()) +
                          " choices within 1.05 of the best or within its "
                          "spread; the worst " +
                          ratioText(worst->first) + ", " + worst->second);
  }
  return table;
}

} // namespace sinter
