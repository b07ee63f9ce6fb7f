//===- EqualLayers.h - Layers that are alike, once --------------*- C++ -*-===//

#ifndef SINTER_TOOLS_INSPECT_EQUALLAYERS_H
#define SINTER_TOOLS_INSPECT_EQUALLAYERS_H

#include "tools/Table.h"

namespace sinter {

/// For people: rows of --view layers and --view ops that differ in the number
/// of their layer and of their step alone become one, where the first of them
/// is, with their count before it; "0 to 27" in place of a layer, "layers.*.x"
/// in place of a name, the first step.
Table equalLayersOnce(const Table &table);

} // namespace sinter

#endif // SINTER_TOOLS_INSPECT_EQUALLAYERS_H
