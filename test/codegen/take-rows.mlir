// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Rows of 100 allow pieces of 4.

func.func @f(%x: tensor<5x100xbf16>, %r: tensor<2xi32>) {
  %y = decoder.take_rows %x at %r : tensor<5x100xbf16>, tensor<2xi32> -> tensor<2x100xbf16>
  return
}

//      CHECK:// decoder.take_rows: 5x100xbf16, 2xi32 -> 2x100xbf16
// CHECK-NEXT:// family row, piece = 4, threads = 128
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kWidth = 100;
// CHECK-NEXT:constexpr u32 kElements = 200;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(take_rows_kernel, 128, 8,
// CHECK-NEXT:              (In<bf16> x, In<i32> rows, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 i = pieceIndex<4>();
// CHECK-NEXT:  if (i < kElements) {
// CHECK-NEXT:    gatherPiece<kWidth, 4>(rows, x, y, i);
// CHECK-NEXT:  }
// CHECK-NEXT:}
