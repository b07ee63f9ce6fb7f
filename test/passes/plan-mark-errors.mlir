// RUN: sinter-opt %s --plan-mark=target=h200 --split-input-file --verify-diagnostics
// RUN: not sinter-opt %s --plan-mark=target=h300 --split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET

// TARGET: SIN2801 (unknown device): device "h300": wanted one of a100-80gb, b200, h100-sxm, h200, l4, l40s, rtx-3090, rtx-4090, rtx-5090, or a device file

// expected-error @below {{plan-mark wants stage 'packed', the module is at 'imported'; run decoder-normalize first}}
module {}

// -----

// expected-error @below {{the module is planned for 'rtx-4090' (plan.target), the option target names 'h200'; plan again from the decoder graph}}
module attributes {plan.stage = #plan.stage<marked>, plan.target = "rtx-4090"} {}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  // expected-error @below {{entry 'decode' has no plan.workload; the importer sets it}}
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    return %x : tensor<1x8xbf16>
  }
}

// -----

// Two rows: no family covers them. Equal refusals are said once.
module attributes {plan.stage = #plan.stage<packed>} {
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  func.func @decode(%x: tensor<2x8xbf16>) -> tensor<2x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    // expected-error @below {{'linear' (decoder.linear): no kernel family can run this op: refused_rows: }}
    %y = decoder.linear %x by %w : (tensor<2x8xbf16>, tensor<8x8xbf16>) -> tensor<2x8xbf16>
    %z = decoder.linear %y by %w : (tensor<2x8xbf16>, tensor<8x8xbf16>) -> tensor<2x8xbf16>
    return %z : tensor<2x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  func.func @decode(%x: tensor<1x8xbf16>, %seed: tensor<1xi64>, %p: tensor<1xi32>) -> tensor<1xi32>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'sample' (decoder.sample): no kernel family can run this op: refused_on_host}}
    %id = decoder.sample %x, %seed at %p temperature 0.6 top_k 2 top_p 0.95 : tensor<1x8xbf16>, tensor<1xi64>, tensor<1xi32>
    return %id : tensor<1xi32>
  }
}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{plan.force asks for 'library', and this pass makes one kernel per op; remove plan.force or set it to 'single'}}
    %y = decoder.add %x, %x {plan.force = #plan.choice<library>} : tensor<1x8xbf16>
    return %y : tensor<1x8xbf16>
  }
}
