//===- InspectTables.h - Launches and bytes as tables -----------*- C++ -*-===//
//
// Views of `sinter inspect`: "summary", "layers", "ops", "kernels".
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_INSPECTTABLES_H
#define SINTER_TOOLS_INSPECTTABLES_H

#include "models/config/ModelSource.h"
#include "passes/Analysis.h"
#include "passes/analysis/Eager.h"
#include "runtime/format/Plan.h"
#include "tools/Table.h"

#include <string>

namespace sinter {

/// A model before anything is decided; every view but "kernels".
Table modelTable(const ModelSource &source, const EntryAnalysis &analysis,
                 const std::string &view);

/// What an eager framework launches for a model; "kernels" counts by kind, each
/// with the line of code behind it.
Table eagerTable(const ModelSource &source, const Workload &workload,
                 const EagerProfile &profile, const std::string &view);

/// A plan; with several entries, a column says of which one a row is.
Table planTable(const format::Plan &plan, const std::string &view);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECTTABLES_H
