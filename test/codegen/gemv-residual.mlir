// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The sum is rounded before it is added.

plan.kernel @o family "gemv" config {rows = 4 : i64, turns = 1 : i64, unroll = 2 : i64, warps = 4 : i64} (%x: tensor<1x2048xbf16>, %w: tensor<1024x2048xbf16>, %r: tensor<1x1024xbf16>) -> tensor<1x1024xbf16> {
  %y = decoder.linear %x by %w : (tensor<1x2048xbf16>, tensor<1024x2048xbf16>) -> tensor<1x1024xbf16>
  %z = decoder.add %r, %y : tensor<1x1024xbf16>
  plan.yield %z : tensor<1x1024xbf16>
}

//      CHECK:// decoder.linear: 1x2048xbf16, 1024x2048xbf16 -> 1x1024xbf16
// CHECK-NEXT:// decoder.add: 1x1024xbf16, 1x1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// family gemv, rows = 4, turns = 1, unroll = 2, warps = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kOutputs = 1024;
// CHECK-NEXT:constexpr u32 kWidth = 2048;
// CHECK-NEXT:constexpr u32 kWarps = 4;
// CHECK-NEXT:constexpr u32 kLines = 4;
// CHECK-NEXT:constexpr u32 kUnroll = 2;
// CHECK-NEXT:constexpr u32 kTurns = 1;
// CHECK-NEXT:using Shape = GemvShape<kWidth, 8, kWarps, kOutputs, kLines, kUnroll,
// CHECK-NEXT:                        kTurns, 0>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(o, 128, 5,
// CHECK-NEXT:              (In<bf16> x, In<bf16> weight, In<bf16> residual, Out<bf16> y)) {
// CHECK-NEXT:  StoreResidual epilogue = {y, residual};
// CHECK-NEXT:  gemv<Shape>(x, weight, PlainInput{}, NoBias{}, epilogue);
// CHECK-NEXT:}
