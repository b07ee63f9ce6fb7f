// RUN: sinter-opt %s --codegen-print-kernels -split-input-file -verify-diagnostics -o /dev/null | FileCheck %s --allow-empty

// CHECK-NOT: SINTER_KERNEL

func.func @rows(%x: tensor<17x8xbf16>, %w: tensor<4x8xbf16>) {
  // expected-error @below {{no kernel: refused_rows: 17 rows, wanted 1}}
  %y = decoder.linear %x by %w : (tensor<17x8xbf16>, tensor<4x8xbf16>) -> tensor<17x4xbf16>
  return
}

// -----

func.func @type(%x: tensor<1x8xf32>) {
  // expected-error @below {{no kernel: refused_element_type: tensor<1x8xf32>, wanted bf16 (ids: i32)}}
  %y = decoder.add %x, %x : tensor<1x8xf32>
  return
}

// -----

// expected-error @below {{no such family or configuration: run plan-select-kernels and plan-outline-kernels}}
plan.kernel @k family "unknown" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
