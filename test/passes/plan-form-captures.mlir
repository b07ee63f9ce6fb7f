// RUN: sinter-opt %s --plan-select-kernels --plan-outline-kernels --plan-assign-buffers --plan-form-captures --plan-verify-stage=stage=captured | FileCheck %s
// RUN: sinter-opt %s --plan-select-kernels --plan-outline-kernels --plan-assign-buffers --plan-form-captures -o %t.once
// RUN: sinter-opt %t.once --plan-form-captures -o %t.twice
// RUN: diff %t.once %t.twice

#cost = #plan.cost<launches = 1, read = 32, written = 16, picoseconds = 0>
#stream = #plan.decision<choice = single, launch = stream, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
#graph = #plan.decision<choice = single, launch = graph, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
#pdl = #plan.decision<choice = single, launch = pdl, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
#library = #plan.decision<choice = library, launch = pdl, rule = "r", origin = model, reason = library_faster, before = #cost, after = #cost>

// CHECK: module attributes {plan.stage = #plan.stage<captured>}
module attributes {plan.stage = #plan.stage<grouped>} {
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>

  // Weights stay outside, views go in; a value's place may be taken right after
  // its last use.
  // CHECK-LABEL: func.func @graph
  // CHECK: ml_program.global_load_const
  // CHECK-NEXT: %[[Y:.*]] = plan.capture -> tensor<1x8xbf16> {
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 0, bytes = 16>] why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 256, bytes = 16>] why
  // CHECK-NEXT: tensor.expand_shape
  // CHECK-NEXT: tensor.collapse_shape
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 0, bytes = 16>] why
  // CHECK-NEXT: %[[LAST:.*]] = plan.launch @gemv_linear_0({{.*}}arena = "io"
  // CHECK-NEXT: plan.yield %[[LAST]]
  // CHECK: return %[[Y]]
  func.func @graph(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %a = plan.single why #graph -> tensor<1x8xbf16> {
      %s = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %b = plan.single why #graph -> tensor<1x8xbf16> {
      %s = decoder.linear %a by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %v = tensor.expand_shape %b [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
    %f = tensor.collapse_shape %v [[0], [1, 2]] : tensor<1x2x4xbf16> into tensor<1x8xbf16>
    %c = plan.single why #graph -> tensor<1x8xbf16> {
      %s = decoder.linear %f by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %y = plan.single why #graph -> tensor<1x8xbf16> {
      %s = decoder.linear %c by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %y : tensor<1x8xbf16>
  }

  // The third launch may start while the second still reads the first one's
  // result, so it may not take its place.
  // CHECK-LABEL: func.func @pdl
  // CHECK: plan.capture -> tensor<1x8xbf16> {
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 0, bytes = 16>] why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 256, bytes = 16>] programmatic why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 512, bytes = 16>] programmatic why
  // CHECK-NEXT: plan.launch @row_add_0({{.*}}offset = 0, bytes = 16>] programmatic why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}arena = "io", {{.*}}] programmatic why
  func.func @pdl(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %a = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %b = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %a by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %c = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %b by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %d = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.add %c, %c : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %y = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %d by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %y : tensor<1x8xbf16>
  }

  // Beside a library call nothing starts early, wherever it stands, so places
  // are free as soon as they are read.
  // CHECK-LABEL: func.func @pdl_library
  // CHECK-NOT: programmatic
  // CHECK: plan.launch @gemv_linear_0({{.*}}offset = 0, bytes = 16>] why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 256, bytes = 16>] why
  // CHECK-NEXT: plan.library {{.*}}offset = 0, bytes = 16>] why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}offset = 256, bytes = 16>] why
  // CHECK-NEXT: plan.launch @gemv_linear_0({{.*}}arena = "io", {{.*}}] why
  func.func @pdl_library(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %a = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %b = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %a by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %e = plan.library "cublaslt.matmul"(%b, %w) problem <m = 1, n = 8, k = 8, type = bf16, epilogue = none, workspace = 0>
      : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16> why #library
    %f = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %e by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    %y = plan.single why #pdl -> tensor<1x8xbf16> {
      %s = decoder.linear %f by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %y : tensor<1x8xbf16>
  }

  // CHECK-LABEL: func.func @stream
  // CHECK-NOT: plan.capture
  // CHECK: plan.launch @row_add_0
  func.func @stream(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %y = plan.single why #stream -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %y : tensor<1x8xbf16>
  }
}
