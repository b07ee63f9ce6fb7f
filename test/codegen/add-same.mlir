// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// One value twice is one parameter.

func.func @f(%x: tensor<1x136xbf16>) {
  %y = decoder.add %x, %x : tensor<1x136xbf16>
  return
}

//      CHECK:// decoder.add: 1x136xbf16, 1x136xbf16 -> 1x136xbf16
// CHECK-NEXT:// family row, piece = 8, threads = 128
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kElements = 136;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(add_kernel, 128, 8,
// CHECK-NEXT:              (In<bf16> lhs, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 i = pieceIndex<8>();
// CHECK-NEXT:  if (i < kElements) {
// CHECK-NEXT:    addPiece<8>(lhs, lhs, y, i);
// CHECK-NEXT:  }
// CHECK-NEXT:}
