// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The cache is one parameter, updated in place.

func.func @f(%k: tensor<2x3x80xbf16>, %p: tensor<2xi32>, %c: tensor<2x3x40x80xbf16>) {
  %y = decoder.kv_append %k at %p into %c : tensor<2x3x80xbf16>, tensor<2xi32>, tensor<2x3x40x80xbf16>
  return
}

//      CHECK:// decoder.kv_append: 2x3x80xbf16, 2xi32, 2x3x40x80xbf16 -> 2x3x40x80xbf16
// CHECK-NEXT:// family kv_append, piece = 8, threads = 128
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kTokens = 1;
// CHECK-NEXT:constexpr u32 kHeads = 3;
// CHECK-NEXT:constexpr u32 kHeadDim = 80;
// CHECK-NEXT:constexpr u32 kCapacity = 40;
// CHECK-NEXT:constexpr u32 kElements = 480;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(kv_append_kernel, 128, 8,
// CHECK-NEXT:              (In<bf16> rows, In<i32> positions, InOut<bf16> cache)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 i = pieceIndex<8>();
// CHECK-NEXT:  if (i < kElements) {
// CHECK-NEXT:    appendPiece<kTokens, kHeads, kHeadDim, kCapacity, 8>(
// CHECK-NEXT:        rows, positions, cache, i);
// CHECK-NEXT:  }
// CHECK-NEXT:}
