// RUN: sinter-opt %s --plan-form-groups | FileCheck %s
// RUN: sinter-opt %s --plan-form-groups -o %t.once
// RUN: sinter-opt %t.once --plan-form-groups -o %t.twice
// RUN: diff %t.once %t.twice
// Each group is an action of its own: form the first alone.
// RUN: sinter-opt %s --plan-form-groups --mlir-debug-counter=form-group-skip=0,form-group-count=1 | FileCheck %s --check-prefix=COUNTER

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>

// CHECK: #[[$WHY:.*]] = #plan.decision<
// CHECK: module attributes {plan.stage = #plan.stage<grouped>}
module attributes {plan.stage = #plan.stage<marked>} {
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>

  // CHECK-LABEL: func.func @decode
  // CHECK-SAME: (%[[X:[^:]*]]: tensor<1x8xbf16>, %[[C:[^:]*]]: tensor<1x2x16x4xbf16>, %[[P:[^:]*]]: tensor<1xi32>)
  // COUNTER-LABEL: func.func @decode
  func.func @decode(%x: tensor<1x8xbf16>, %c: tensor<1x2x16x4xbf16>, %p: tensor<1xi32>) -> (tensor<1x8xbf16>, tensor<1x2x16x4xbf16>)
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // Weights and views stay outside; the body uses them directly.
    // CHECK-NEXT: %[[W:.*]] = ml_program.global_load_const @w
    // CHECK-NEXT: %[[Y:.*]] = plan.single why #[[$WHY]] -> tensor<1x8xbf16> {
    // CHECK-NEXT: %[[L:.*]] = decoder.linear %[[X]] by %[[W]] : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    // CHECK-NEXT: plan.yield %[[L]] : tensor<1x8xbf16>
    // CHECK-NEXT: }
    // CHECK-NEXT: %[[V:.*]] = tensor.expand_shape %[[Y]]
    // CHECK-NEXT: %[[A:.*]] = plan.single why #[[$WHY]] -> tensor<1x2x16x4xbf16> {
    // CHECK-NEXT: %[[K:.*]] = decoder.kv_append %[[V]] at %[[P]] into %[[C]]
    // CHECK-NEXT: plan.yield %[[K]]
    // CHECK-NEXT: }
    // CHECK-NEXT: return %[[Y]], %[[A]]
    // COUNTER: plan.single
    // COUNTER: tensor.expand_shape
    // COUNTER-NEXT: decoder.kv_append {{.*}} {plan.mark = #plan.mark<group = 1
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %y = decoder.linear %x by %w {plan.mark = #plan.mark<group = 0, decision = #decision>} : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    %v = tensor.expand_shape %y [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
    %a = decoder.kv_append %v at %p into %c {plan.mark = #plan.mark<group = 1, decision = #decision>} : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
    return %y, %a : tensor<1x8xbf16>, tensor<1x2x16x4xbf16>
  }

  // A slice moves into each body that reads it, with the views behind it.
  // CHECK-LABEL: func.func @slices
  // CHECK-SAME: (%[[X:[^:]*]]: tensor<1x16xbf16>, %[[P:[^:]*]]: tensor<1xi32>)
  func.func @slices(%x: tensor<1x16xbf16>, %p: tensor<1xi32>) -> (tensor<1x2x4xbf16>, tensor<1x8xbf16>)
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK-NEXT: %[[R:.*]] = plan.single
    // CHECK-NEXT: %[[S0:.*]] = tensor.extract_slice %[[X]][0, 8] [1, 8] [1, 1]
    // CHECK-NEXT: %[[E0:.*]] = tensor.expand_shape %[[S0]]
    // CHECK-NEXT: decoder.rope %[[E0]] at %[[P]]
    // CHECK-NEXT: plan.yield
    // CHECK-NEXT: }
    // CHECK-NEXT: %[[A:.*]] = plan.single
    // CHECK-NEXT: %[[S1:.*]] = tensor.extract_slice %[[X]][0, 8] [1, 8] [1, 1]
    // CHECK-NEXT: decoder.add %[[S1]], %[[S1]]
    // CHECK-NEXT: plan.yield
    // CHECK-NEXT: }
    // CHECK-NEXT: return %[[R]], %[[A]]
    %s = tensor.extract_slice %x[0, 8] [1, 8] [1, 1] : tensor<1x16xbf16> to tensor<1x8xbf16>
    %e = tensor.expand_shape %s [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
    %r = decoder.rope %e at %p theta 1.0e4 {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x2x4xbf16>, tensor<1xi32>
    %a = decoder.add %s, %s {plan.mark = #plan.mark<group = 1, decision = #decision>} : tensor<1x8xbf16>
    return %r, %a : tensor<1x2x4xbf16>, tensor<1x8xbf16>
  }
}
