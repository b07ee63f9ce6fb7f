// RUN: sinter-opt %s --plan-form-groups --split-input-file --verify-diagnostics

// expected-error @below {{plan-form-groups wants stage 'marked', the module is at 'packed'; run plan-mark first}}
module attributes {plan.stage = #plan.stage<packed>} {}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %y = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    // expected-error @below {{'swiglu' (decoder.swiglu) has no plan.mark; run plan-mark first}}
    %z = decoder.swiglu %x, %y : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    // expected-note @below {{the first is 'swiglu' (decoder.swiglu)}}
    %y = decoder.swiglu %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    // expected-error @below {{'add' (decoder.add): group 0 has a second op, and a single holds one}}
    %z = decoder.add %x, %y {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}

// -----

#fuse = #plan.decision<choice = fuse, launch = stream, rule = "norm-into-gemv", origin = model, reason = fuse_saves_launch,
  before = <launches = 2, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    // expected-error @below {{'add' (decoder.add): its mark says 'fuse', groups are formed of 'single' only}}
    %z = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #fuse>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}
