//===- Programs.h - Steps bound to a GPU's memory ---------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_CUDA_PROGRAMS_H
#define SINTER_RUNTIME_CUDA_PROGRAMS_H

#include "runtime/Device.h"
#include "runtime/cuda/DriverApi.h"
#include "runtime/cuda/Gpu.h"
#include "runtime/cuda/LibraryGemm.h"

#include <memory>
#include <string>
#include <vector>

namespace sinter::cuda {

/// A step whose arguments are addresses. `params` points into `pointers`.
struct BoundStep {
  ProgramStep::Kind kind = ProgramStep::Kind::Launch;
  std::string object; ///< for errors
  std::vector<driver::Pointer> pointers;
  // Launch:
  uint32_t kernel = 0; ///< number of the device's kernel
  driver::Function function = nullptr;
  LaunchShape shape;
  std::vector<void *> params;
  bool programmatic = false;
  std::unique_ptr<LibraryGemm> gemm; ///< Gemm
  // Copy, of pointers[0] to pointers[1]:
  uint64_t copyBytes = 0;
};

/// Gives the step to a stream. SIN3205.
Status enqueue(const DriverApi &api, BoundStep &step, driver::Stream stream);

/// The steps as a chain of explicit nodes: an edge with port programmatic into
/// each programmatic step, a full one into all others. What the library does
/// for a product is captured from `stream` and becomes a child. Loaded onto the
/// GPU. SIN3205, SIN3206.
Result<OwnedGraphExec> buildGraph(const Gpu &gpu, std::span<BoundStep> steps,
                                  driver::Stream stream);

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_PROGRAMS_H
