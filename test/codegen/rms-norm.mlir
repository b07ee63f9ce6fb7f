// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// A row that one block normalises.

func.func @f(%x: tensor<1x1024xbf16>, %g: tensor<1024xbf16>) {
  %y = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x1024xbf16>, tensor<1024xbf16> loc("layers.2.post_norm")
  return
}

//      CHECK:// decoder.rms_norm post_norm: 1x1024xbf16, 1024xbf16 -> 1x1024xbf16
// CHECK-NEXT:// family row, rows = 1, warps = 2
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kRows = 1;
// CHECK-NEXT:constexpr u32 kWidth = 1024;
// CHECK-NEXT:constexpr float kEps = 1e-06f;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(rms_norm_kernel, 64, 8,
// CHECK-NEXT:              (In<bf16> x, In<bf16> gain, Out<bf16> y)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 row = blockIndex();
// CHECK-NEXT:  rmsNormRow<kWidth, 8, 2>(x, gain, y, row, threadIndex(), kEps);
// CHECK-NEXT:}
