// RUN: sinter-opt %s --plan-form-groups --split-input-file | FileCheck %s
// RUN: sinter-opt %s --plan-form-groups --split-input-file -o %t.once
// RUN: sinter-opt %t.once --plan-form-groups --split-input-file -o %t.twice
// RUN: diff %t.once %t.twice
// Each group is an action of its own: form the first alone.
// RUN: sinter-opt %s --plan-form-groups --split-input-file --mlir-debug-counter=form-group-skip=0,form-group-count=1 | FileCheck %s --check-prefix=COUNTER

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

// -----

// Groups stand in the order of their numbers, weights and views with their
// first reader. The view between two ops of a group moves in; what others need
// of it stands behind. A call of the library takes the operands as they are.
#fuse = #plan.decision<choice = fuse, launch = pdl, rule = "exact-cheapest", origin = model, reason = fuse_saves_launch,
  before = <launches = 2, read = 32, written = 16, picoseconds = 9>, after = <launches = 1, read = 32, written = 16, picoseconds = 5>>
#single = #plan.decision<choice = single, launch = pdl, rule = "exact-cheapest", origin = model, reason = single_faster,
  before = <launches = 1, read = 32, written = 16, picoseconds = 7>, after = <launches = 1, read = 32, written = 16, picoseconds = 7>>
#call = #plan.decision<choice = library, launch = pdl, rule = "exact-cheapest", origin = model, reason = library_faster,
  before = <launches = 1, read = 32, written = 16, picoseconds = 8>, after = <launches = 1, read = 32, written = 16, picoseconds = 4>>
// CHECK-DAG: #[[$JOINED:.*]] = #plan.decision<choice = fuse
// CHECK-DAG: #[[$SINGLE:.*]] = #plan.decision<choice = single, launch = pdl
// CHECK-DAG: #[[$CALL:.*]] = #plan.decision<choice = library
module attributes {plan.stage = #plan.stage<marked>} {
  ml_program.global private @g(#ml_program.extern<tensor<4xbf16>>) : tensor<4xbf16>
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  ml_program.global private @b(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>
  // CHECK-LABEL: func.func @groups
  // CHECK-SAME: (%[[X:[^:]*]]: tensor<1x8xbf16>, %[[P:[^:]*]]: tensor<1xi32>)
  func.func @groups(%x: tensor<1x8xbf16>, %p: tensor<1xi32>) -> (tensor<1x2x4xbf16>, tensor<1x2x4xbf16>, tensor<1x8xbf16>) {
    // CHECK-NEXT: %[[W:.*]] = ml_program.global_load_const @w
    // CHECK-NEXT: %[[B:.*]] = ml_program.global_load_const @b
    // CHECK-NEXT: %[[L:.*]] = plan.library "cublaslt.matmul"(%[[X]], %[[W]], %[[B]]) problem <m = 1, n = 8, k = 8, type = bf16, epilogue = bias, workspace = 0> : (tensor<1x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<1x8xbf16> why #[[$CALL]]
    // CHECK-NEXT: %[[G:.*]] = ml_program.global_load_const @g
    // CHECK-NEXT: %[[R:.*]]:2 = plan.group family "row" config {threads = 32 : i64} why #[[$JOINED]] -> tensor<1x8xbf16>, tensor<1x2x4xbf16> {
    // CHECK-NEXT: %[[S:.*]] = decoder.add %[[X]], %[[X]]
    // CHECK-NEXT: %[[V:.*]] = tensor.expand_shape %[[S]]
    // CHECK-NEXT: %[[N:.*]] = decoder.rms_norm %[[V]] gain %[[G]]
    // CHECK-NEXT: plan.yield %[[S]], %[[N]]
    // CHECK-NEXT: }
    // CHECK-NEXT: %[[O:.*]] = tensor.expand_shape %[[R]]#0
    // CHECK-NEXT: %[[Q:.*]] = plan.single why #[[$SINGLE]]
    // CHECK-NEXT: decoder.rope %[[O]] at %[[P]]
    // CHECK: return %[[R]]#1, %[[Q]], %[[L]]
    %s = decoder.add %x, %x {plan.mark = #plan.mark<group = 1, decision = #fuse, family = "row", config = {threads = 32 : i64}>} : tensor<1x8xbf16>
    %v = tensor.expand_shape %s [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
    %q = decoder.rope %v at %p theta 1.0e4 {plan.mark = #plan.mark<group = 2, decision = #single>} : tensor<1x2x4xbf16>, tensor<1xi32>
    %g = ml_program.global_load_const @g : tensor<4xbf16>
    %n = decoder.rms_norm %v gain %g eps 1.0e-6 {plan.mark = #plan.mark<group = 1, decision = #fuse, family = "row", config = {threads = 32 : i64}>} : tensor<1x2x4xbf16>, tensor<4xbf16>
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %b = ml_program.global_load_const @b : tensor<8xbf16>
    %l = decoder.linear %x by %w bias %b {plan.mark = #plan.mark<group = 0, decision = #call>} : (tensor<1x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<1x8xbf16>
    return %n, %q, %l : tensor<1x2x4xbf16>, tensor<1x2x4xbf16>, tensor<1x8xbf16>
  }
}
