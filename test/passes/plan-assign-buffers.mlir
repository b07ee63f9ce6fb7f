// RUN: sinter-opt %s --plan-assign-buffers | FileCheck %s
// RUN: sinter-opt %s --plan-assign-buffers -o %t.once
// RUN: sinter-opt %t.once --plan-assign-buffers -o %t.twice
// RUN: diff %t.once %t.twice

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>

// CHECK: module attributes {plan.stage = #plan.stage<placed>}
module attributes {plan.stage = #plan.stage<outlined>} {
  ml_program.global private @w(#ml_program.extern<tensor<1x8xbf16>>) : tensor<1x8xbf16>
  ml_program.global private @square(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>

  // A chain alternates; what is read later keeps its place; what is returned
  // lies in "io" behind the arguments; a weight has no place.
  // CHECK-LABEL: func.func @chain
  // CHECK-SAME: plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>
  func.func @chain(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<1x8xbf16>
    // CHECK: plan.launch @add({{.*}}slots [<arena = "activations", offset = 0, bytes = 16>]
    // CHECK-NEXT: plan.launch @add({{.*}}slots [<arena = "activations", offset = 256, bytes = 16>]
    // CHECK-NEXT: plan.launch @add({{.*}}slots [<arena = "activations", offset = 512, bytes = 16>]
    // CHECK-NEXT: plan.launch @add({{.*}}slots [<arena = "activations", offset = 256, bytes = 16>]
    // CHECK-NEXT: plan.launch @add({{.*}}slots [<arena = "io", offset = 256, bytes = 16>]
    %a = plan.launch @add(%x, %w) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %b = plan.launch @add(%a, %w) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %c = plan.launch @add(%b, %w) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %d = plan.launch @add(%c, %a) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %y = plan.launch @add(%d, %w) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    return %y : tensor<1x8xbf16>
  }

  // A view lives in what it views, so %a must not be given away at %b. A result
  // that nothing reads still needs a place for its own step. "x" and "y" are
  // those of the entry before.
  // CHECK-LABEL: func.func @views
  // CHECK-SAME: plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>
  // CHECK-SAME: plan.name = "p", plan.slot = #plan.slot<arena = "io", offset = 512, bytes = 4>
  func.func @views(%x: tensor<1x8xbf16> {plan.name = "x"}, %p: tensor<1xi32> {plan.name = "p"}, %c: tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"})
      -> (tensor<1x8xbf16> {plan.name = "y"}, tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK: plan.launch @add({{.*}}slots [<arena = "activations", offset = 0, bytes = 16>]
    // CHECK: tensor.expand_shape
    // CHECK-NEXT: plan.launch @add({{.*}}slots [<arena = "activations", offset = 256, bytes = 16>]
    // CHECK-NEXT: plan.launch @append({{.*}}slots [<arena = "cache", offset = 0, bytes = 256>]
    // CHECK-NEXT: plan.launch @attend({{.*}}slots [<arena = "activations", offset = 256, bytes = 16>]
    // CHECK-NEXT: tensor.collapse_shape
    // CHECK-NEXT: plan.launch @add({{.*}}slots [<arena = "io", offset = 256, bytes = 16>]
    %a = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %v = tensor.expand_shape %a [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
    %b = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    %k = plan.launch @append(%v, %p, %c) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16> why #decision
    %t = plan.launch @attend(%v, %k, %p) : (tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>) -> tensor<1x2x4xbf16> why #decision
    %f = tensor.collapse_shape %t [[0], [1, 2]] : tensor<1x2x4xbf16> into tensor<1x8xbf16>
    %y = plan.launch @add(%f, %a) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    return %y, %k : tensor<1x8xbf16>, tensor<1x2x16x4xbf16>
  }

  // Another entry shares caches by name and the bytes of "activations"; its "x"
  // has another type, so it is another.
  // CHECK-LABEL: func.func @second
  // CHECK-SAME: plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 768, bytes = 16>
  // CHECK-SAME: plan.name = "p", plan.slot = #plan.slot<arena = "io", offset = 512, bytes = 4>
  // CHECK-SAME: plan.name = "cache.1.k", plan.slot = #plan.slot<arena = "cache", offset = 256, bytes = 256>
  // CHECK-SAME: plan.name = "cache.0.k", plan.slot = #plan.slot<arena = "cache", offset = 0, bytes = 256>
  func.func @second(%x: tensor<1x2x4xbf16> {plan.name = "x"}, %p: tensor<1xi32> {plan.name = "p"}, %c1: tensor<1x2x16x4xbf16> {plan.name = "cache.1.k"}, %c0: tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"})
      -> (tensor<1x2x16x4xbf16> {plan.name = "cache.1.k"}, tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK: plan.launch @attend({{.*}}slots [<arena = "activations", offset = 0, bytes = 16>]
    // CHECK: plan.launch @append({{.*}}slots [<arena = "cache", offset = 256, bytes = 256>]
    // CHECK: plan.launch @append({{.*}}slots [<arena = "cache", offset = 0, bytes = 256>]
    %t = plan.launch @attend(%x, %c0, %p) : (tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>) -> tensor<1x2x4xbf16> why #decision
    %k1 = plan.launch @append(%t, %p, %c1) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16> why #decision
    %k0 = plan.launch @append(%t, %p, %c0) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16> why #decision
    return %k1, %k0 : tensor<1x2x16x4xbf16>, tensor<1x2x16x4xbf16>
  }
  // A library call is placed as a launch is.
  // CHECK-LABEL: func.func @library
  // CHECK: plan.library {{.*}}slots [<arena = "activations", offset = 0, bytes = 16>]
  // CHECK-NEXT: plan.library {{.*}}slots [<arena = "io", offset = 256, bytes = 16>]
  func.func @library(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @square : tensor<8x8xbf16>
    %a = plan.library "cublaslt.matmul"(%x, %w) problem <m = 1, n = 8, k = 8, type = bf16, epilogue = none, workspace = 0>
      : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16> why #decision
    %y = plan.library "cublaslt.matmul"(%a, %w) problem <m = 1, n = 8, k = 8, type = bf16, epilogue = none, workspace = 0>
      : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16> why #decision
    return %y : tensor<1x8xbf16>
  }

  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
  plan.kernel @append family "kv_append" config {piece = 4, threads = 128} (%k: tensor<1x2x4xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16> {
    %a = decoder.kv_append %k at %p into %c : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
    plan.yield %a : tensor<1x2x16x4xbf16>
  }
  plan.kernel @attend family "attention_decode" config {depth = 1, heads = 1, splits = 1, stages = 1, warps = 4} (%q: tensor<1x2x4xbf16>, %c: tensor<1x2x16x4xbf16>, %p: tensor<1xi32>) -> tensor<1x2x4xbf16> {
    %a = decoder.attention %q, %c, %c at %p scale 0.5 : tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>
    plan.yield %a : tensor<1x2x4xbf16>
  }
}
