// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// A row of the table, by pieces of 8.

func.func @f(%ids: tensor<1xi32>, %table: tensor<777x136xbf16>) {
  %y = decoder.embed %ids from %table : tensor<1xi32>, tensor<777x136xbf16> -> tensor<1x136xbf16>
  return
}

//      CHECK:// decoder.embed: 1xi32, 777x136xbf16 -> 1x136xbf16
// CHECK-NEXT:// family embed, piece = 8, threads = 128
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kWidth = 136;
// CHECK-NEXT:constexpr u32 kElements = 136;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(embed_kernel, 128, 8,
// CHECK-NEXT:              (In<i32> ids, In<bf16> table, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 i = pieceIndex<8>();
// CHECK-NEXT:  if (i < kElements) {
// CHECK-NEXT:    gatherPiece<kWidth, 8>(ids, table, y, i);
// CHECK-NEXT:  }
// CHECK-NEXT:}
