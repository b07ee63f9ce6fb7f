// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The head of a batch of 3, its logits and the greedy choice of each row.

plan.kernel @head family "skinny" config {late = 1 : i64, lines = 8 : i64, slices = 2 : i64, turns = 4 : i64, warps = 4 : i64} (%x: tensor<3x1024xbf16>, %w: tensor<777x1024xbf16>) -> (tensor<3xi32>, tensor<3x777xbf16>) {
  %y = decoder.linear %x by %w : (tensor<3x1024xbf16>, tensor<777x1024xbf16>) -> tensor<3x777xbf16>
  %a = decoder.argmax %y below 700 : tensor<3x777xbf16>
  plan.yield %a, %y : tensor<3xi32>, tensor<3x777xbf16>
}

//      CHECK:// decoder.linear: 3x1024xbf16, 777x1024xbf16 -> 3x777xbf16
// CHECK-NEXT:// decoder.argmax: 3x777xbf16 -> 3xi32
// CHECK-NEXT:// family skinny, late = 1, lines = 8, slices = 2, turns = 4, warps = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 3;
// CHECK-NEXT:constexpr u32 kOutputs = 777;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr u32 kWarps = 4;
// CHECK-NEXT:constexpr u32 kLines = 8;
// CHECK-NEXT:constexpr u32 kSlices = 2;
// CHECK-NEXT:constexpr u32 kTurns = 4;
// CHECK-NEXT:using Shape = SkinnyShape<kRows, kWidth, kWarps, kOutputs, kLines, kSlices,
// CHECK-NEXT:                          kTurns, 0, true>;
// CHECK-NEXT:using Logits = StoreRowLogits<Shape, 700>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(head, 128, 4,
// CHECK-NEXT:              (In<bf16> x, In<bf16> weight, Out<i32> ids, Out<bf16> logits,
// CHECK-NEXT:               InOut<float> bestValues, InOut<i32> bestIndices,
// CHECK-NEXT:               InOut<u32> arrivals)) {
// CHECK-NEXT:  Logits epilogue = { {}, logits};
// CHECK-NEXT:  epilogue.clear();
// CHECK-NEXT:  skinny<Shape>(x, weight, PlainRows{}, NoBias{}, epilogue);
// CHECK-NEXT:  storeRowArgMax<Shape>(ids, bestValues, bestIndices, arrivals, 896, epilogue);
// CHECK-NEXT:}
