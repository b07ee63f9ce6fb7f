//===- BenchSubject.h - What sinter bench times -----------------*- C++ -*-===//

#ifndef SINTER_TOOLS_BENCHSUBJECT_H
#define SINTER_TOOLS_BENCHSUBJECT_H

#include "runtime/Device.h"
#include "runtime/format/PlanFiles.h"
#include "runtime/format/WeightSource.h"
#include "tools/Options.h"

#include <memory>

namespace sinter {

struct BenchSubject {
  PlanArtifact artifact;
  std::unique_ptr<WeightSource> weights;
};

/// The plan as asked for, compiled where it is none. Errors: those of loading
/// or compiling.
Result<BenchSubject> openSubject(const BenchOptions &options,
                                 const Device &device);

/// bench --families. Errors: as openSubject; SIN1004 a plan, which has one
/// configuration of each kernel; those of the device.
Status benchFamilies(const BenchOptions &options);

/// bench --regret. Errors: as loading a model; SIN1004 a plan; those of the
/// device.
Status benchRegret(const BenchOptions &options);

/// bench --soak.
Status benchSoak(const BenchOptions &options, BenchSubject subject,
                 std::unique_ptr<Device> device);

} // namespace sinter

#endif // SINTER_TOOLS_BENCHSUBJECT_H
