// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Piece by piece.

func.func @f(%g: tensor<1x608xbf16>, %u: tensor<1x608xbf16>) {
  %y = decoder.swiglu %g, %u : tensor<1x608xbf16>
  return
}

//      CHECK:// decoder.swiglu: 1x608xbf16, 1x608xbf16 -> 1x608xbf16
// CHECK-NEXT:// family row, piece = 8, threads = 128
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kElements = 608;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(swiglu_kernel, 128, 8,
// CHECK-NEXT:              (In<bf16> gate, In<bf16> up, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 i = pieceIndex<8>();
// CHECK-NEXT:  if (i < kElements) {
// CHECK-NEXT:    swigluPiece<8>(gate, up, y, i);
// CHECK-NEXT:  }
// CHECK-NEXT:}
