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
    // expected-error @below {{'add' (decoder.add): its mark says 'fuse', and group 0 has no other op; run plan-mark}}
    %z = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #fuse>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}

// -----

#library = #plan.decision<choice = library, launch = stream, rule = "library-per-linear", origin = model, reason = library_faster,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    // expected-error @below {{'add' (decoder.add): its mark says 'library', which runs linear layers only; run plan-mark}}
    %z = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #library>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %y = decoder.add %x, %x {plan.mark = #plan.mark<group = 1, decision = #decision>} : tensor<1x8xbf16>
    // expected-error @below {{'swiglu' (decoder.swiglu) is in group 0 and needs 'add' (decoder.add) of group 1, which runs later; run plan-mark}}
    %z = decoder.swiglu %x, %y {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
#other = #plan.decision<choice = single, launch = graph, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    // expected-note @below {{the first is 'add' (decoder.add)}}
    %y = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    // expected-error @below {{'swiglu' (decoder.swiglu) is in group 0 with another decision; run plan-mark}}
    %z = decoder.swiglu %x, %y {plan.mark = #plan.mark<group = 0, decision = #other>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    // expected-error @below {{'add' (decoder.add) is in group 7 of 1 ops; run plan-mark}}
    %y = decoder.add %x, %x {plan.mark = #plan.mark<group = 7, decision = #decision>} : tensor<1x8xbf16>
    return %y : tensor<1x8xbf16>
  }
}

// -----

#fuse = #plan.decision<choice = fuse, launch = stream, rule = "norm-into-gemv", origin = model, reason = fuse_saves_launch,
  before = <launches = 2, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %y = decoder.add %x, %x {plan.mark = #plan.mark<group = 1, decision = #fuse>} : tensor<1x8xbf16>
    // expected-error @below {{no op is in group 0 of 2; run plan-mark}}
    %z = decoder.swiglu %x, %y {plan.mark = #plan.mark<group = 1, decision = #fuse>} : tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
}
