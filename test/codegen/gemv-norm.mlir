// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Norm and QKV on one packed weight: every block normalises the row itself.

plan.kernel @qkv family "gemv" config {rows = 16 : i64, turns = 1 : i64, unroll = 1 : i64, warps = 4 : i64} (%x: tensor<1x1024xbf16>, %g: tensor<1024xbf16>, %w: tensor<4096x1024xbf16>) -> tensor<1x4096xbf16> {
  %n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x1024xbf16>, tensor<1024xbf16>
  %y = decoder.linear %n by %w : (tensor<1x1024xbf16>, tensor<4096x1024xbf16>) -> tensor<1x4096xbf16>
  plan.yield %y : tensor<1x4096xbf16>
}

//      CHECK:// decoder.rms_norm: 1x1024xbf16, 1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// decoder.linear: 1x1024xbf16, 4096x1024xbf16 -> 1x4096xbf16
// CHECK-NEXT:// family gemv, rows = 16, turns = 1, unroll = 1, warps = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kOutputs = 4096;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr u32 kWarps = 4;
// CHECK-NEXT:constexpr u32 kLines = 16;
// CHECK-NEXT:constexpr u32 kUnroll = 1;
// CHECK-NEXT:constexpr u32 kTurns = 1;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-NEXT:using Shape = GemvShape<kWidth, 8, kWarps, kOutputs, kLines, kUnroll,
// CHECK-NEXT:                        kTurns, 0>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(qkv, 128, 4,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, In<bf16> weight, Out<bf16> y)) {
// CHECK-NEXT:  StoreOutput epilogue = {y};
// CHECK-NEXT:  gemv<Shape>(
// CHECK-NEXT:      x, weight, NormInput<kWidth, 8, kWarps>{gain, kEps}, NoBias{}, epilogue);
// CHECK-NEXT:}
