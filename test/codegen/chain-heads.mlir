// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Heads of a query: part of the packed product, normalised and rotated by a warp
// each. The gain and the turns are there before the wait.

plan.kernel @query family "row_chain" config {rows = 4 : i64, warps = 1 : i64} (%qkv: tensor<1x256xbf16>, %g: tensor<16xbf16>, %p: tensor<1xi32>) -> tensor<1x5x16xbf16> {
  %flat = tensor.extract_slice %qkv[0, 80] [1, 80] [1, 1] : tensor<1x256xbf16> to tensor<1x80xbf16>
  %q = tensor.expand_shape %flat [[0], [1, 2]] output_shape [1, 5, 16] : tensor<1x80xbf16> into tensor<1x5x16xbf16>
  %n = decoder.rms_norm %q gain %g eps 1.0e-6 : tensor<1x5x16xbf16>, tensor<16xbf16>
  %r = decoder.rope %n at %p theta 1.0e4 : tensor<1x5x16xbf16>, tensor<1xi32>
  plan.yield %r : tensor<1x5x16xbf16>
}

//      CHECK:// decoder.rms_norm: 1x5x16xbf16, 16xbf16 -> 1x5x16xbf16
// CHECK-NEXT:// decoder.rope: 1x5x16xbf16, 1xi32 -> 1x5x16xbf16
// CHECK-NEXT:// family row_chain, rows = 4, warps = 1
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 5;
// CHECK-NEXT:constexpr u32 kWidth = 16;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-NEXT:constexpr u32 kHeads = 5;
// CHECK-NEXT:DEVICE_TABLE float kInverseFrequencies[8] = {
// CHECK-NEXT:    1.0f, 0.31622776f, 0.1f, 0.03162278f, 0.01f, 0.0031622779f, 0.001f,
// CHECK-NEXT:    0.0003162278f,
// CHECK-NEXT:};
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(query, 128, 4,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, In<i32> positions, Out<bf16> y)) {
// CHECK-NEXT:  const i64 row = static_cast<i64>(blockIndex()) * warpCount() + warpIndex();
// CHECK-NEXT:  const HeadRecipe<kWidth, true, true> recipe = {
// CHECK-NEXT:      requestGain<kWidth>(gain), kEps};
// CHECK-NEXT:  makeRow<kRows, kHeads>(
// CHECK-NEXT:      partOf(x, 80), positions, recipe, StoreHead<kWidth>{y}, row,
// CHECK-NEXT:      kInverseFrequencies);
// CHECK-NEXT:}

// Keys without a norm, into the cache: two tokens of each of two sequences.
plan.kernel @key family "row_chain" config {rows = 1 : i64, warps = 1 : i64} (%k: tensor<4x2x16xbf16>, %p: tensor<4xi32>, %c: tensor<2x2x9x16xbf16>) -> tensor<2x2x9x16xbf16> {
  %r = decoder.rope %k at %p theta 1.0e4 : tensor<4x2x16xbf16>, tensor<4xi32>
  %y = decoder.kv_append %r at %p into %c : tensor<4x2x16xbf16>, tensor<4xi32>, tensor<2x2x9x16xbf16>
  plan.yield %y : tensor<2x2x9x16xbf16>
}

//      CHECK:// decoder.rope: 4x2x16xbf16, 4xi32 -> 4x2x16xbf16
// CHECK-NEXT:// decoder.kv_append: 4x2x16xbf16, 4xi32, 2x2x9x16xbf16 -> 2x2x9x16xbf16
// CHECK-NEXT:// family row_chain, rows = 1, warps = 1
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 8;
// CHECK-NEXT:constexpr u32 kWidth = 16;
// CHECK-NEXT:constexpr u32 kHeads = 2;
// CHECK-NEXT:constexpr u32 kTokens = 2;
// CHECK-NEXT:constexpr u32 kCapacity = 9;
// CHECK-NEXT:DEVICE_TABLE float kInverseFrequencies[8] = {
// CHECK-NEXT:    1.0f, 0.31622776f, 0.1f, 0.03162278f, 0.01f, 0.0031622779f, 0.001f,
// CHECK-NEXT:    0.0003162278f,
// CHECK-NEXT:};
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(key, 32, 16,
// CHECK-NEXT:              (In<bf16> x, In<i32> positions, InOut<bf16> cache)) {
// CHECK-NEXT:  const i64 row = static_cast<i64>(blockIndex()) * warpCount() + warpIndex();
// CHECK-NEXT:  const HeadRecipe<kWidth, false, true> recipe = {};
// CHECK-NEXT:  makeRow<kRows, kHeads>(
// CHECK-NEXT:      x, positions, recipe,
// CHECK-NEXT:      AppendHead<kWidth, kTokens, kHeads, kCapacity>{cache}, row,
// CHECK-NEXT:      kInverseFrequencies);
// CHECK-NEXT:}
