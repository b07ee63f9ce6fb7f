// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Seven query heads share one KV head and one block.

func.func @f(%q: tensor<1x7x64xbf16>, %k: tensor<1x1x2048x64xbf16>, %v: tensor<1x1x2048x64xbf16>, %p: tensor<1xi32>) {
  %y = decoder.attention %q, %k, %v at %p scale 0.125 : tensor<1x7x64xbf16>, tensor<1x1x2048x64xbf16>, tensor<1xi32>
  return
}

//      CHECK:// decoder.attention: 1x7x64xbf16, 1x1x2048x64xbf16, 1x1x2048x64xbf16, 1xi32 ->
// CHECK-NEXT:// 1x7x64xbf16
// CHECK-NEXT:// family attention_decode, depth = 1, heads = 7, splits = 1, stages = 2, warps
// CHECK-NEXT:// = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kTokens = 1;
// CHECK-NEXT:constexpr u32 kHeads = 7;
// CHECK-NEXT:constexpr u32 kKvHeads = 1;
// CHECK-NEXT:constexpr u32 kHeadDim = 64;
// CHECK-NEXT:constexpr u32 kCapacity = 2048;
// CHECK-NEXT:constexpr u32 kHeadsPerBlock = 7;
// CHECK-NEXT:constexpr u32 kSplits = 1;
// CHECK-NEXT:constexpr float kScale = 0.125f;
// CHECK-NEXT:using Shape = AttentionShape<kHeadDim, kHeadsPerBlock, 4, 1, 2>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(attention_kernel, 128, 2,
// CHECK-NEXT:              (In<bf16> q, In<bf16> keys, In<bf16> values, In<i32> positions,
// CHECK-NEXT:               Out<bf16> y)) {
// CHECK-NEXT:  const i64 row = blockIndexY();
// CHECK-NEXT:  const i64 head = static_cast<i64>(blockIndex() / kSplits) * kHeadsPerBlock;
// CHECK-NEXT:  const i64 kvHead = row / kTokens * kKvHeads + head / (kHeads / kKvHeads);
// CHECK-NEXT:  const i64 first = (row * kHeads + head) * kHeadDim;
// CHECK-NEXT:  const i64 line = kvHead * kCapacity * kHeadDim;
// CHECK-NEXT:  const int count = load(positions, row) + 1;
// CHECK-NEXT:  const int split = blockIndex() % kSplits;
// CHECK-NEXT:  const SplitRange range = splitRange<kSplits, Shape::streams>(split, count);
// CHECK-NEXT:  const int newest = count - 1;
// CHECK-NEXT:  const int old = count - kTokens;
// CHECK-NEXT:  Shape::Chunks chunks;
// CHECK-NEXT:  requestRange<Shape>(keys, values, line, range, old, chunks);
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  requestRest<Shape>(keys, values, line, range, old, chunks);
// CHECK-NEXT:  stageQuery<Shape>(q, first);
// CHECK-NEXT:  attendRange<Shape, false>(
// CHECK-NEXT:      keys, values, line, range, newest, Piece<8>{}, kScale, chunks);
// CHECK-NEXT:  storeAttention<Shape>(y, first);
// CHECK-NEXT:}
