// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Frequencies are a table in the text; half a head of 7 goes element by element.

func.func @f(%x: tensor<1x3x14xbf16>, %p: tensor<1xi32>) {
  %y = decoder.rope %x at %p theta 1.0e6 scaling <factor = 8.0, low = 1.0, high = 4.0, original = 128> : tensor<1x3x14xbf16>, tensor<1xi32>
  return
}

//      CHECK:// decoder.rope: 1x3x14xbf16, 1xi32 -> 1x3x14xbf16
// CHECK-NEXT:// family row, piece = 1, threads = 128
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kHeads = 3;
// CHECK-NEXT:constexpr u32 kHeadDim = 14;
// CHECK-NEXT:DEVICE_TABLE float kInverseFrequencies[7] = {
// CHECK-NEXT:    1.0f, 0.091559604f, 0.0024133718f, 0.00033533695f, 4.6594905e-05f,
// CHECK-NEXT:    6.4743417e-06f, 8.99607e-07f,
// CHECK-NEXT:};
// CHECK-NEXT:constexpr u32 kElements = 21;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(rope_kernel, 128, 8,
// CHECK-NEXT:              (In<bf16> x, In<i32> positions, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 i = pieceIndex<1>();
// CHECK-NEXT:  if (i < kElements) {
// CHECK-NEXT:    ropePiece<kHeads, kHeadDim, 1>(x, positions, y, i, kInverseFrequencies);
// CHECK-NEXT:  }
// CHECK-NEXT:}
