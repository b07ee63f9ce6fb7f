// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Four outputs per warp, all there.

func.func @f(%x: tensor<1x1024xbf16>, %w: tensor<2048x1024xbf16>) {
  %y = decoder.linear %x by %w : (tensor<1x1024xbf16>, tensor<2048x1024xbf16>) -> tensor<1x2048xbf16> loc("layers.7.q_proj")
  return
}

//      CHECK:// decoder.linear q_proj: 1x1024xbf16, 2048x1024xbf16 -> 1x2048xbf16
// CHECK-NEXT:// family gemv, rows = 8, turns = 1, unroll = 1, warps = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kOutputs = 2048;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr u32 kWarps = 4;
// CHECK-NEXT:constexpr u32 kLines = 8;
// CHECK-NEXT:constexpr u32 kUnroll = 1;
// CHECK-NEXT:constexpr u32 kTurns = 1;
// CHECK-NEXT:using Shape = GemvShape<kWidth, 8, kWarps, kOutputs, kLines, kUnroll,
// CHECK-NEXT:                        kTurns, 0>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(linear_kernel, 128, 6,
// CHECK-NEXT:              (In<bf16> x, In<bf16> weight, Out<bf16> y)) {
// CHECK-NEXT:  StoreOutput epilogue = {y};
// CHECK-NEXT:  gemv<Shape>(x, weight, PlainInput{}, NoBias{}, epilogue);
// CHECK-NEXT:}
