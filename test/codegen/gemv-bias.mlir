// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The last warp has one output of four; rows of 37 go element by element.

func.func @f(%x: tensor<1x37xbf16>, %w: tensor<13x37xbf16>, %b: tensor<13xbf16>) {
  %y = decoder.linear %x by %w bias %b : (tensor<1x37xbf16>, tensor<13x37xbf16>, tensor<13xbf16>) -> tensor<1x13xbf16>
  return
}

//      CHECK:// decoder.linear: 1x37xbf16, 13x37xbf16, 13xbf16 -> 1x13xbf16
// CHECK-NEXT:// family gemv, rows = 1, turns = 1, unroll = 1, warps = 2
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kOutputs = 13;
// CHECK-NEXT:constexpr u32 kWidth = 37;
// CHECK-NEXT:constexpr u32 kWarps = 2;
// CHECK-NEXT:constexpr u32 kLines = 1;
// CHECK-NEXT:constexpr u32 kUnroll = 1;
// CHECK-NEXT:constexpr u32 kTurns = 1;
// CHECK-NEXT:using Shape = GemvShape<kWidth, 1, kWarps, kOutputs, kLines, kUnroll,
// CHECK-NEXT:                        kTurns, 0>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(linear_kernel, 64, 16,
// CHECK-NEXT:              (In<bf16> x, In<bf16> weight, In<bf16> bias, Out<bf16> y)) {
// CHECK-NEXT:  StoreOutput epilogue = {y};
// CHECK-NEXT:  gemv<Shape>(x, weight, PlainInput{}, LinearBias{bias}, epilogue);
// CHECK-NEXT:}
