//===- BenchFamilies.h - Each configuration of a kernel alone ---*- C++ -*-===//

#ifndef SINTER_TOOLS_BENCHFAMILIES_H
#define SINTER_TOOLS_BENCHFAMILIES_H

#include "runtime/Device.h"
#include "runtime/format/PlanFiles.h"
#include "tools/BenchStep.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sinter {

/// A kernel of a plan, or a product of the library, with what its parameters
/// hold.
struct FamilyKernel {
  KernelSource source; ///< its symbol is unique in its plan only
  LaunchShape shape;
  std::optional<format::Gemm> gemm; ///< the library's; of `source` the params
  std::string family;
  std::string config;
  std::string op; ///< the first that it computes
  /// Of a parameter.
  enum class Operand : uint8_t { Cold, Warm, Positions, Pages };
  std::vector<Operand> operands;
  uint64_t pool = 0;      ///< pages; 0: caches are contiguous
  uint64_t coldBytes = 0; ///< that a launch loads of weights and caches
  std::optional<uint64_t> predicted; ///< picoseconds inside its plan
};

/// Adds the kernels of each plan's first decode entry; of texts that differ in
/// the symbol alone, the first. Prices are those of the first plan.
void addFamilyKernels(const std::vector<PlanArtifact> &plans,
                      std::vector<FamilyKernel> &into);

/// Plans of a model that differ in the configuration that every family takes:
/// `make` is asked for the planner's own (-1), then for 0, 1, ... until nothing
/// new comes. Errors: those of `make`.
Result<std::vector<PlanArtifact>>
plansByConfig(const std::function<Result<PlanArtifact>(int32_t config)> &make);

struct FamilyTime {
  StepTimes times; ///< of a launch
  uint64_t launches = 0;
};

/// Times kernels one by one, each as a chain in which a launch reads other
/// weights and caches than the ones before it, in all at least four times
/// `cacheBytes`; everything else is shared.
class FamilyBench {
public:
  /// Allocates for the largest of `kernels`. Errors: those of the device.
  static Result<std::unique_ptr<FamilyBench>>
  create(Device &device, const std::vector<FamilyKernel> &kernels,
         uint64_t cacheBytes, uint32_t context);

  /// point.warmup, repeats and launches do not matter. Errors: those of the
  /// device.
  Result<FamilyTime> time(const FamilyKernel &kernel, const BenchPoint &point);

private:
  FamilyBench(Device &device, uint64_t cacheBytes)
      : device(device), cacheBytes(cacheBytes) {}

  Device &device;
  uint64_t cacheBytes;
  uint64_t coldTotal = 0;
  BufferId cold, warm, positions;
};

} // namespace sinter

#endif // SINTER_TOOLS_BENCHFAMILIES_H
