//===- GemvGroup.h - A linear layer and its neighbours ----------*- C++ -*-===//

#ifndef SINTER_CODEGEN_FAMILIES_GEMVGROUP_H
#define SINTER_CODEGEN_FAMILIES_GEMVGROUP_H

#include "codegen/families/Signature.h"
#include "ir/decoder/Decoder.h"

namespace sinter::codegen {

/// A linear layer of few rows, what normalises its input, and what takes in its
/// output: what one kernel of the families gemv and skinny computes.
struct GemvGroup {
  /// The group's ops by role, or a refusal: of `least` to `most` rows.
  static Verdict match(const GroupView &group, int64_t least, int64_t most,
                       GemvGroup &out);
  /// Whether more ops could make of these a group that matches.
  static bool mayGrow(const GroupView &group);
  /// Of a group that matches.
  static GemvGroup of(const GroupView &group);

  decoder::RmsNormOp norm; ///< or null
  decoder::LinearOp linear;
  // At most one of these.
  decoder::AddOp residual;
  decoder::SwigluOp swiglu;
  decoder::ArgmaxOp argmax;

  /// Live-ins and live-outs by role, and for an argmax a pair per block and
  /// row.
  KernelSignature signature(const GroupView &group, int64_t blocks);
  /// "norm 4096x1024", "1024x3072 residual": lines by width.
  std::string tunedName();
  /// The epilogue of gemv_parts.cuh where there is no argmax, and what it is
  /// made of: {"StoreOutput", "{y}"}.
  std::pair<std::string, std::string>
  epilogue(const KernelSignature &signature);
  /// "LinearBias{bias}" or "NoBias{}".
  std::string bias(const KernelSignature &signature);
  /// The template argument Pair of gemv.cuh.
  std::string pairText() const;

  int64_t rows() { return shapeOf(linear.getInput())[0]; }
  int64_t lines() { return shapeOf(linear.getWeight())[0]; }
  int64_t width() { return shapeOf(linear.getWeight())[1]; }
  /// Lines per output: gate and up of a SwiGLU are one output.
  int64_t linesPerOutput() { return swiglu ? 2 : 1; }
  int64_t outputs() { return lines() / linesPerOutput(); }
  /// Of gemv.cuh: 0, the distance of gate and up, or -1 if they alternate.
  int64_t pair = 0;
  bool storesLogits = false; ///< with argmax
  mlir::Value input;         ///< of the norm or of the linear layer
  mlir::Value addend;        ///< the residual's other operand
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_FAMILIES_GEMVGROUP_H
