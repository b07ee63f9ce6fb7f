//===- GroupKeys.h - Which groups have one structure ------------*- C++ -*-===//

#ifndef SINTER_PASSES_PLANNING_GROUPKEYS_H
#define SINTER_PASSES_PLANNING_GROUPKEYS_H

#include "passes/fusion/EntryGraph.h"

#include <llvm/ADT/DenseMap.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace sinter::planning {

/// Numbers for structures. Two groups have the same key if families cannot
/// tell them apart: equal kinds of ops, attributes (but for `plan.*`) and types
/// in order, the same values shared between operands and read through the same
/// views, and the same results needed outside. So equal layers are asked about
/// once.
class GroupKeys {
public:
  using Key = std::vector<uint32_t>;

  explicit GroupKeys(const fusion::EntryGraph &entry);

  Key of(std::span<const uint32_t> ops) const;

private:
  struct Operand {
    uint32_t base;    ///< number of the value before views
    int64_t producer; ///< number of the op that computes it, or -1
    uint32_t shape;   ///< of views and type
  };
  struct Op {
    uint32_t kind;
    std::vector<Operand> operands;
    bool escapes; ///< needed by the return
  };
  using Words = std::vector<const void *>;

  uint32_t intern(Words words);
  Operand describe(mlir::Value value);

  const fusion::EntryGraph &entry;
  std::vector<Op> ops;
  std::map<Words, uint32_t> interned;
  llvm::DenseMap<mlir::Value, uint32_t> values;
  llvm::DenseMap<mlir::Operation *, uint32_t> numbers;
};

} // namespace sinter::planning

#endif // SINTER_PASSES_PLANNING_GROUPKEYS_H
