// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The residual stream and its norm: the gain is requested before the wait, the
// rounded sum is stored and stays in registers.

plan.kernel @both family "row_chain" config {rows = 1 : i64, warps = 2 : i64} (%x: tensor<1x1024xbf16>, %d: tensor<1x1024xbf16>, %g: tensor<1024xbf16>) -> (tensor<1x1024xbf16>, tensor<1x1024xbf16>) {
  %s = decoder.add %x, %d : tensor<1x1024xbf16>
  %y = decoder.rms_norm %s gain %g eps 1.0e-6 : tensor<1x1024xbf16>, tensor<1024xbf16>
  plan.yield %s, %y : tensor<1x1024xbf16>, tensor<1x1024xbf16>
}

//      CHECK:// decoder.add: 1x1024xbf16, 1x1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// decoder.rms_norm: 1x1024xbf16, 1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// family row_chain, rows = 1, warps = 2
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 1;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(both, 64, 8,
// CHECK-NEXT:              (In<bf16> lhs, In<bf16> rhs, In<bf16> gain, Out<bf16> sum,
// CHECK-NEXT:               Out<bf16> y)) {
// CHECK-NEXT:  RowShare<kWidth, 8, 2> gains;
// CHECK-NEXT:  loadShare(gain, 0, threadIndex(), gains);
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 row = blockIndex();
// CHECK-NEXT:  addNormRow(lhs, rhs, gains, y, row, threadIndex(), kEps, KeepSum{sum});
// CHECK-NEXT:}

// Nobody else reads the sum; four rows per block.
plan.kernel @rows family "row_chain" config {rows = 4 : i64, warps = 1 : i64} (%x: tensor<7x136xbf16>, %d: tensor<7x136xbf16>, %g: tensor<136xbf16>) -> tensor<7x136xbf16> {
  %s = decoder.add %x, %d : tensor<7x136xbf16>
  %y = decoder.rms_norm %s gain %g eps 1.0e-6 : tensor<7x136xbf16>, tensor<136xbf16>
  plan.yield %y : tensor<7x136xbf16>
}

//      CHECK:// decoder.add: 7x136xbf16, 7x136xbf16 -> 7x136xbf16
// CHECK-NEXT:// decoder.rms_norm: 7x136xbf16, 136xbf16 -> 7x136xbf16
// CHECK-NEXT:// family row_chain, rows = 4, warps = 1
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 7;
// CHECK-NEXT:constexpr u32 kWidth = 136;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(rows, 128, 4,
// CHECK-NEXT:              (In<bf16> lhs, In<bf16> rhs, In<bf16> gain, Out<bf16> y)) {
// CHECK-NEXT:  RowShare<kWidth, 8, 1> gains;
// CHECK-NEXT:  loadShare(gain, 0, laneIndex(), gains);
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 row = static_cast<i64>(blockIndex()) * warpCount() + warpIndex();
// CHECK-NEXT:  if (row < kRows) {
// CHECK-NEXT:    addNormRow(lhs, rhs, gains, y, row, laneIndex(), kEps, DropSum{});
// CHECK-NEXT:  }
// CHECK-NEXT:}
