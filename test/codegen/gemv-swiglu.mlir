// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Gate and up of an output belong to one warp; the weight holds all gates, then all ups.

plan.kernel @mlp family "gemv" config {rows = 8 : i64, turns = 1 : i64, unroll = 1 : i64, warps = 4 : i64} (%x: tensor<1x1024xbf16>, %g: tensor<1024xbf16>, %w: tensor<6144x1024xbf16>) -> tensor<1x3072xbf16> {
  %n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x1024xbf16>, tensor<1024xbf16>
  %y = decoder.linear %n by %w : (tensor<1x1024xbf16>, tensor<6144x1024xbf16>) -> tensor<1x6144xbf16>
  %gate = tensor.extract_slice %y[0, 0] [1, 3072] [1, 1] : tensor<1x6144xbf16> to tensor<1x3072xbf16>
  %up = tensor.extract_slice %y[0, 3072] [1, 3072] [1, 1] : tensor<1x6144xbf16> to tensor<1x3072xbf16>
  %z = decoder.swiglu %gate, %up : tensor<1x3072xbf16>
  plan.yield %z : tensor<1x3072xbf16>
}

//      CHECK:// decoder.rms_norm: 1x1024xbf16, 1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// decoder.linear: 1x1024xbf16, 6144x1024xbf16 -> 1x6144xbf16
// CHECK-NEXT:// decoder.swiglu: 1x3072xbf16, 1x3072xbf16 -> 1x3072xbf16
// CHECK-NEXT:// family gemv, rows = 8, turns = 1, unroll = 1, warps = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kOutputs = 3072;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr u32 kWarps = 4;
// CHECK-NEXT:constexpr u32 kLines = 16;
// CHECK-NEXT:constexpr u32 kUnroll = 1;
// CHECK-NEXT:constexpr u32 kTurns = 1;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-NEXT:using Shape = GemvShape<kWidth, 8, kWarps, kOutputs, kLines, kUnroll,
// CHECK-NEXT:                        kTurns, kOutputs>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(mlp, 128, 4,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, In<bf16> weight, Out<bf16> y)) {
// CHECK-NEXT:  StoreSwiglu epilogue = {y};
// CHECK-NEXT:  gemv<Shape>(
// CHECK-NEXT:      x, weight, NormInput<kWidth, 8, kWarps>{gain, kEps}, NoBias{}, epilogue);
// CHECK-NEXT:}
