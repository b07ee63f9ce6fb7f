// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Heads that a warp each normalises.

func.func @f(%x: tensor<1x7x64xbf16>, %g: tensor<64xbf16>) {
  %y = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x7x64xbf16>, tensor<64xbf16>
  return
}

//      CHECK:// decoder.rms_norm: 1x7x64xbf16, 64xbf16 -> 1x7x64xbf16
// CHECK-NEXT:// family row, rows = 1, warps = 1
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 7;
// CHECK-NEXT:constexpr u32 kWidth = 64;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(rms_norm_kernel, 32, 16,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 row = static_cast<i64>(blockIndex()) * warpCount() + warpIndex();
// CHECK-NEXT:  if (row < kRows) {
// CHECK-NEXT:    rmsNormRow<kWidth, 8, 1>(x, gain, y, row, laneIndex(), kEps);
// CHECK-NEXT:  }
// CHECK-NEXT:}
