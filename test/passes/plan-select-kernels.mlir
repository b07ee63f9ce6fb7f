// RUN: sinter-opt %s --plan-select-kernels --split-input-file | FileCheck %s
// RUN: sinter-opt %s --plan-select-kernels --split-input-file -o %t.once
// RUN: sinter-opt %t.once --plan-select-kernels --split-input-file -o %t.twice
// RUN: diff %t.once %t.twice
// Another configuration, and the last of them.
// RUN: sinter-opt %s --plan-select-kernels=config=1 --split-input-file | FileCheck %s --check-prefix=SECOND
// RUN: sinter-opt %s --plan-select-kernels=config=999 --split-input-file -o %t.last
// RUN: sinter-opt %s --plan-select-kernels=config=1000 --split-input-file | diff %t.last -

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>>

// The work of the chosen configuration becomes the decision's "after".
// CHECK: #[[$LINEAR:.*]] = #plan.decision<{{.*}}before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 256, written = 16, picoseconds = 0>>
// CHECK: #[[$ADD:.*]] = #plan.decision<{{.*}}before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
// CHECK: module attributes {plan.stage = #plan.stage<selected>}
module attributes {plan.stage = #plan.stage<grouped>} {
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  // CHECK-LABEL: func.func @decode
  // SECOND-LABEL: func.func @decode
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    // CHECK: plan.single family "gemv" config {[[FIRST:.*]]} why #[[$LINEAR]]
    // SECOND: plan.single family "gemv" config
    %y = plan.single why #decision -> tensor<1x8xbf16> {
      %l = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %l : tensor<1x8xbf16>
    }
    // CHECK: plan.single family "row" config {{.*}} why #[[$ADD]]
    // SECOND: plan.single family "row" config
    %z = plan.single why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %y : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

// What plan-mark chose stays, with its price; `config` is for what it left open.
#chosen = #plan.decision<choice = single, launch = pdl, rule = "exact-cheapest", origin = model, reason = single_faster,
  before = <launches = 1, read = 1, written = 1, picoseconds = 7>, after = <launches = 1, read = 1, written = 1, picoseconds = 7>>
// CHECK: #[[$CHOSEN:.*]] = #plan.decision<{{.*}}after = <launches = 1, read = 32, written = 16, picoseconds = 7>>
// CHECK: #[[$OPEN:.*]] = #plan.decision<{{.*}}after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  // CHECK-LABEL: func.func @chosen
  // SECOND-LABEL: func.func @chosen
  func.func @chosen(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK: plan.single family "row" config {piece = 2 : i64, threads = 32 : i64} why #[[$CHOSEN]]
    // SECOND: plan.single family "row" config {piece = 2 : i64, threads = 32 : i64}
    %y = plan.single family "row" config {piece = 2 : i64, threads = 32 : i64} why #chosen -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    // CHECK: plan.single family "row" config {{.*}} why #[[$OPEN]]
    %z = plan.single why #chosen -> tensor<1x8xbf16> {
      %s = decoder.add %y, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}
