// RUN: sinter-opt %s --plan-outline-kernels | FileCheck %s
// RUN: sinter-opt %s --plan-outline-kernels -o %t.once
// RUN: sinter-opt %t.once --plan-outline-kernels -o %t.twice
// RUN: diff %t.once %t.twice

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>

// CHECK: module attributes {plan.stage = #plan.stage<outlined>}
module attributes {plan.stage = #plan.stage<selected>} {
  ml_program.global private @w0(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  ml_program.global private @w1(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>

  // CHECK-LABEL: func.func @decode
  // CHECK-SAME: (%[[X:[^:]*]]: tensor<1x8xbf16>, %{{.*}}: tensor<8xbf16>)
  func.func @decode(%x: tensor<1x8xbf16>, %g: tensor<8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK-NEXT: %[[W0:.*]] = ml_program.global_load_const @w0
    // CHECK-NEXT: %[[A:.*]] = plan.launch @gemv_linear_0(%[[X]], %[[W0]]) : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16> why #decision
    %w0 = ml_program.global_load_const @w0 : tensor<8x8xbf16>
    %a = plan.single family "gemv" config {rows = 4, turns = 1, unroll = 1, warps = 1} why #decision -> tensor<1x8xbf16> {
      %l = decoder.linear %x by %w0 : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %l : tensor<1x8xbf16>
    }
    // The same kernel with another weight.
    // CHECK-NEXT: %[[W1:.*]] = ml_program.global_load_const @w1
    // CHECK-NEXT: %[[B:.*]] = plan.launch @gemv_linear_0(%[[A]], %[[W1]])
    %w1 = ml_program.global_load_const @w1 : tensor<8x8xbf16>
    %b = plan.single family "gemv" config {rows = 4, turns = 1, unroll = 1, warps = 1} why #decision -> tensor<1x8xbf16> {
      %l = decoder.linear %a by %w1 : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %l : tensor<1x8xbf16>
    }
    // Another configuration is another kernel.
    // CHECK-NEXT: %[[C:.*]] = plan.launch @gemv_linear_1(%[[B]], %[[W1]])
    %c = plan.single family "gemv" config {rows = 2, turns = 1, unroll = 1, warps = 1} why #decision -> tensor<1x8xbf16> {
      %l = decoder.linear %b by %w1 : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %l : tensor<1x8xbf16>
    }
    // One value twice is one parameter, so x + x is not x + y.
    // CHECK-NEXT: %[[D:.*]] = plan.launch @row_add_0(%[[C]], %[[X]])
    // CHECK-NEXT: %[[E:.*]] = plan.launch @row_add_1(%[[D]]) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %d = plan.single family "row" config {piece = 8, threads = 128} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %c, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %e = plan.single family "row" config {piece = 8, threads = 128} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %d, %d : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    // Attributes count: another eps is another kernel.
    // CHECK-NEXT: plan.launch @row_rms_norm_0(
    // CHECK-NEXT: plan.launch @row_rms_norm_1(
    %f = plan.single family "row" config {rows = 1, warps = 1} why #decision -> tensor<1x8xbf16> {
      %n = decoder.rms_norm %e gain %g eps 1.0e-5 : tensor<1x8xbf16>, tensor<8xbf16>
      plan.yield %n : tensor<1x8xbf16>
    }
    %h = plan.single family "row" config {rows = 1, warps = 1} why #decision -> tensor<1x8xbf16> {
      %n = decoder.rms_norm %f gain %g eps 1.0e-6 : tensor<1x8xbf16>, tensor<8xbf16>
      plan.yield %n : tensor<1x8xbf16>
    }
    // CHECK-NEXT: return
    return %h : tensor<1x8xbf16>
  }
  // CHECK: plan.kernel @gemv_linear_0 family "gemv" config {rows = 4 : i64, turns = 1 : i64, unroll = 1 : i64, warps = 1 : i64} (%[[X:.*]]: tensor<1x8xbf16>, %[[W:.*]]: tensor<8x8xbf16>) -> tensor<1x8xbf16> {
  // CHECK-NEXT: %[[L:.*]] = decoder.linear %[[X]] by %[[W]]
  // CHECK-NEXT: plan.yield %[[L]]
  // CHECK: plan.kernel @gemv_linear_1 family "gemv" config {rows = 2 : i64
  // CHECK: plan.kernel @row_add_0 {{.*}}(%[[A:[^:]*]]: tensor<1x8xbf16>, %[[B:[^:]*]]: tensor<1x8xbf16>)
  // CHECK-NEXT: decoder.add %[[A]], %[[B]]
  // CHECK: plan.kernel @row_add_1 {{.*}}(%[[A:[^:]*]]: tensor<1x8xbf16>) ->
  // CHECK-NEXT: decoder.add %[[A]], %[[A]]
  // CHECK: plan.kernel @row_rms_norm_0
  // CHECK: plan.kernel @row_rms_norm_1
  // CHECK-NOT: plan.kernel
}
