//===- Decoder.h - The decoder dialect --------------------------*- C++ -*-===//

#ifndef SINTER_IR_DECODER_DECODER_H
#define SINTER_IR_DECODER_DECODER_H

#include "ir/interfaces/Interfaces.h"
#include "ir/interfaces/Tensors.h"

#include <mlir/Bytecode/BytecodeOpInterface.h>
#include <mlir/IR/BuiltinTypes.h>
#include <mlir/IR/Dialect.h>
#include <mlir/IR/OpImplementation.h>
#include <mlir/Interfaces/DestinationStyleOpInterface.h>
#include <mlir/Interfaces/InferTypeOpInterface.h>
#include <mlir/Interfaces/SideEffectInterfaces.h>

#include "ir/decoder/DecoderDialect.h.inc"
#include "ir/decoder/DecoderEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/decoder/DecoderAttrs.h.inc"

namespace sinter::decoder {

/// The op's name in reports, from its location: "layers.3.q_proj", "embed".
/// Without a name location, the op's mnemonic ("linear").
llvm::StringRef opName(mlir::Operation *op);

/// Shortest text that MLIR reads back as the finite `value`: "1.0e-6", "0.6".
std::string formatDouble(double value);

/// tensor<Rxi32> for a tensor of R rows.
mlir::Type oneIdPerRow(mlir::Type rows);

/// What keys or values of a layer hold: [batch, kv heads, capacity, d], or with
/// a table [batch, pages of a sequence] pages [pages, kv heads, page, d].
struct CacheShape {
  int64_t batch = 0;
  int64_t kvHeads = 0;
  int64_t capacity = 0; ///< positions of a sequence; whole pages
  int64_t headDim = 0;
  int64_t page = 0;        ///< positions of a page; 0: contiguous
  int64_t pool = 0;        ///< pages of all sequences
  int64_t perSequence = 0; ///< entries of the table for each

  /// Pages that `positions` of one sequence begin.
  int64_t pagesOf(int64_t positions) const {
    return page == 0 ? 0 : (positions + page - 1) / page;
  }
  /// Why no kernel could take a page of so many positions; empty: it could.
  static std::string refusedPage(int64_t page);
  bool operator==(const CacheShape &) const = default;
};
/// `pages` is null for a contiguous cache. Of ops that verify.
CacheShape cacheShapeOf(mlir::Value cache, mlir::Value pages);

} // namespace sinter::decoder

#define GET_OP_CLASSES
#include "ir/decoder/DecoderOps.h.inc"

#endif // SINTER_IR_DECODER_DECODER_H
