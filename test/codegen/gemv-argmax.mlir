// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The last block to arrive compares what all blocks found; logits are kept.

plan.kernel @head family "gemv" config {rows = 8 : i64, turns = 4 : i64, unroll = 1 : i64, warps = 4 : i64} (%x: tensor<1x1024xbf16>, %g: tensor<1024xbf16>, %w: tensor<777x1024xbf16>) -> (tensor<1xi32>, tensor<1x777xbf16>) {
  %n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x1024xbf16>, tensor<1024xbf16>
  %y = decoder.linear %n by %w : (tensor<1x1024xbf16>, tensor<777x1024xbf16>) -> tensor<1x777xbf16>
  %id = decoder.argmax %y below 700 : tensor<1x777xbf16>
  plan.yield %id, %y : tensor<1xi32>, tensor<1x777xbf16>
}

//      CHECK:// decoder.rms_norm: 1x1024xbf16, 1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// decoder.linear: 1x1024xbf16, 777x1024xbf16 -> 1x777xbf16
// CHECK-NEXT:// decoder.argmax: 1x777xbf16 -> 1xi32
// CHECK-NEXT:// family gemv, rows = 8, turns = 4, unroll = 1, warps = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kOutputs = 777;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr u32 kWarps = 4;
// CHECK-NEXT:constexpr u32 kLines = 8;
// CHECK-NEXT:constexpr u32 kUnroll = 1;
// CHECK-NEXT:constexpr u32 kTurns = 4;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-NEXT:constexpr u32 kLimit = 700;
// CHECK-NEXT:using Shape = GemvShape<kWidth, 8, kWarps, kOutputs, kLines, kUnroll,
// CHECK-NEXT:                        kTurns, 0>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(head, 128, 4,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, In<bf16> weight, Out<i32> ids,
// CHECK-NEXT:               Out<bf16> logits, InOut<float> bestValues,
// CHECK-NEXT:               InOut<i32> bestIndices, InOut<u32> arrivals)) {
// CHECK-NEXT:  StoreLogits<kLimit> epilogue = { {}, logits};
// CHECK-NEXT:  gemv<Shape>(
// CHECK-NEXT:      x, weight, NormInput<kWidth, 8, kWarps>{gain, kEps}, NoBias{}, epilogue);
// CHECK-NEXT:  storeArgMax<kWarps>(ids, bestValues, bestIndices, arrivals, 272, epilogue);
// CHECK-NEXT:}
