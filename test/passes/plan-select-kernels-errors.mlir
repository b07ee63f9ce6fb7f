// RUN: sinter-opt %s --plan-select-kernels --split-input-file --verify-diagnostics

// expected-error @below {{plan-select-kernels wants stage 'grouped', the module is at 'marked'; run plan-form-groups first}}
module attributes {plan.stage = #plan.stage<marked>} {}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xf32>) -> tensor<1x8xf32>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'add' (decoder.add): no kernel family can run this group: refused_element_type: }}
    %z = plan.single why #decision -> tensor<1x8xf32> {
      %s = decoder.add %x, %x : tensor<1x8xf32>
      plan.yield %s : tensor<1x8xf32>
    }
    return %z : tensor<1x8xf32>
  }
}

// -----

// A group of two ops, which no family of this stage covers.
#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{no kernel family can run this group: refused_}}
    %z = plan.group why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      %t = decoder.swiglu %s, %x : tensor<1x8xbf16>
      plan.yield %t : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<grouped>} {
  // expected-error @below {{entry 'decode' has no plan.workload; the importer sets it}}
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    return %x : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'add' (decoder.add): 'rows' is no kernel family; run plan-mark again}}
    %z = plan.single family "rows" config {threads = 32 : i64} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'add' (decoder.add): family 'gemv' does not accept this group: refused_op: }}
    %z = plan.single family "gemv" config {rows = 1 : i64} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'add' (decoder.add): the configuration {piece = 3, threads = 64} is none of family 'row'; run plan-mark again}}
    %z = plan.single family "row" config {piece = 3 : i64, threads = 64 : i64} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}
