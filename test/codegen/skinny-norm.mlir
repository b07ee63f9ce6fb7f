// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Norm and QKV of a batch of 8: every block normalises the rows itself.

plan.kernel @qkv family "skinny" config {lines = 16 : i64, slices = 1 : i64, turns = 1 : i64, warps = 8 : i64} (%x: tensor<8x1024xbf16>, %g: tensor<1024xbf16>, %w: tensor<4096x1024xbf16>) -> tensor<8x4096xbf16> {
  %n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<8x1024xbf16>, tensor<1024xbf16>
  %y = decoder.linear %n by %w : (tensor<8x1024xbf16>, tensor<4096x1024xbf16>) -> tensor<8x4096xbf16>
  plan.yield %y : tensor<8x4096xbf16>
}

//      CHECK:// decoder.rms_norm: 8x1024xbf16, 1024xbf16 -> 8x1024xbf16
// CHECK-NEXT:// decoder.linear: 8x1024xbf16, 4096x1024xbf16 -> 8x4096xbf16
// CHECK-NEXT:// family skinny, lines = 16, slices = 1, turns = 1, warps = 8
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 8;
// CHECK-NEXT:constexpr u32 kOutputs = 4096;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr u32 kWarps = 8;
// CHECK-NEXT:constexpr u32 kLines = 16;
// CHECK-NEXT:constexpr u32 kSlices = 1;
// CHECK-NEXT:constexpr u32 kTurns = 1;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-NEXT:using Shape = SkinnyShape<kRows, kWidth, kWarps, kOutputs, kLines, kSlices,
// CHECK-NEXT:                          kTurns, 0>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(qkv, 256, 2,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, In<bf16> weight, Out<bf16> y)) {
// CHECK-NEXT:  EachRow<kOutputs, StoreOutput> epilogue = { {y}};
// CHECK-NEXT:  skinny<Shape>(x, weight, NormRows<Shape>{gain, kEps}, NoBias{}, epilogue);
// CHECK-NEXT:}
