// RUN: sinter-opt %s --plan-verify-stage --split-input-file --verify-diagnostics
// RUN: not sinter-opt %s --plan-verify-stage=stage=placed --split-input-file 2>&1 | FileCheck %s --check-prefix=STAGE
// RUN: not sinter-opt %s --plan-verify-stage=stage=baked --split-input-file 2>&1 | FileCheck %s --check-prefix=NOSTAGE

// STAGE: plan-verify-stage: the module is at stage 'imported', wanted 'placed'; run plan-assign-buffers
// NOSTAGE: plan-verify-stage: 'baked' is no stage; stages are imported, normalized, packed, marked, grouped, selected, outlined, placed

//===----------------------------------------------------------------------===//
// Entries, at every stage
//===----------------------------------------------------------------------===//

module {
  // expected-error @below {{at stage 'imported': entry 'decode' has no plan.workload; the importer sets it}}
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    return %x : tensor<1x8xbf16>
  }
}

// -----

module {
  // expected-error @below {{at stage 'imported': entry 'decode': argument 1 has no plan.name; the importer sets it}}
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}, %y: tensor<1x8xbf16>) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    return %x : tensor<1x8xbf16>
  }
}

// -----

module {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'imported': 'tensor.cast' does not belong in an entry}}
    %c = tensor.cast %x : tensor<1x8xbf16> to tensor<?x8xbf16>
    return %x : tensor<1x8xbf16>
  }
}

// -----

// The KV discipline, before any buffer exists.
module {
  func.func @decode(%x: tensor<1x2x4xbf16> {plan.name = "x"}, %p: tensor<1xi32> {plan.name = "p"}, %c: tensor<1x2x16x4xbf16> {plan.name = "c"}) -> (tensor<1x2x4xbf16> {plan.name = "y"}, tensor<1x2x16x4xbf16> {plan.name = "c"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-note @below {{the append}}
    %k = decoder.kv_append %x at %p into %c : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
    // expected-error @below {{cache_c2: operand 2 is the cache as it was before its append; use the append's result}}
    %t = decoder.attention %x, %k, %c at %p scale 0.5 : tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>
    return %t, %k : tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x2x4xbf16> {plan.name = "x"}, %p: tensor<1xi32> {plan.name = "p"}, %c: tensor<1x2x16x4xbf16> {plan.name = "c"}) -> (tensor<1x2x16x4xbf16> {plan.name = "d"}, tensor<1x2x16x4xbf16> {plan.name = "c"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %k = plan.single why #decision -> tensor<1x2x16x4xbf16> {
      // expected-note @below {{the first append}}
      %a = decoder.kv_append %x at %p into %c : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
      plan.yield %a : tensor<1x2x16x4xbf16>
    }
    %l = plan.single why #decision -> tensor<1x2x16x4xbf16> {
      // expected-error @below {{cache_c1: the cache value has another append}}
      %a = decoder.kv_append %x at %p into %c : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
      plan.yield %a : tensor<1x2x16x4xbf16>
    }
    return %k, %l : tensor<1x2x16x4xbf16>, tensor<1x2x16x4xbf16>
  }
}

// -----

//===----------------------------------------------------------------------===//
// imported, normalized, packed
//===----------------------------------------------------------------------===//

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'imported': 'add' (decoder.add) has a plan.mark before plan-mark has run}}
    %s = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<normalized>} {
  ml_program.global private @w(#ml_program.extern<tensor<1x8xbf16>>) : tensor<1x8xbf16>
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<1x8xbf16>
    %s = decoder.add %x, %w : tensor<1x8xbf16>
    // expected-error @below {{at stage 'normalized': weight 'w' is loaded twice; run decoder-normalize}}
    %v = ml_program.global_load_const @w : tensor<1x8xbf16>
    %t = decoder.add %s, %v : tensor<1x8xbf16>
    return %t : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<normalized>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'normalized': 'expand_shape' (tensor.expand_shape) is not used; run decoder-normalize}}
    %v = tensor.expand_shape %x [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
    return %x : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<normalized>} {
  ml_program.global private @v(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x16xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %v = ml_program.global_load_const @v : tensor<8x8xbf16>
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    // expected-error @below {{at stage 'normalized': 'pack_weights' (decoder.pack_weights) is packed before decoder-pack-weights has run; start again from the decoder graph}}
    %p = decoder.pack_weights concat(%v, %w) : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<16x8xbf16>
    %y = decoder.linear %x by %p : (tensor<1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x16xbf16>
    return %y : tensor<1x16xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  ml_program.global private @w(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}, %v: tensor<8x8xbf16> {plan.name = "v"}) -> (tensor<1x16xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    // expected-error @below {{at stage 'packed': 'pack_weights' (decoder.pack_weights) packs something else than whole weights, which can only be loaded}}
    %p = decoder.pack_weights concat(%v, %w) : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<16x8xbf16>
    %y = decoder.linear %x by %p : (tensor<1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x16xbf16>
    return %y : tensor<1x16xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x4xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'grouped': 'extract_slice' (tensor.extract_slice) is a part of a buffer outside the group that reads it; run plan-form-groups}}
    %y = tensor.extract_slice %x[0, 4] [1, 4] [1, 1] : tensor<1x8xbf16> to tensor<1x4xbf16>
    return %y : tensor<1x4xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<normalized>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{is a group before groups are formed; start again from the decoder graph}}
    %z = plan.single why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

//===----------------------------------------------------------------------===//
// marked
//===----------------------------------------------------------------------===//

module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'marked': 'add' (decoder.add) has no plan.mark; run plan-mark}}
    %s = decoder.add %x, %x : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<marked>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-note @below {{the first is 'add' (decoder.add)}}
    %s = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    // expected-error @below {{at stage 'marked': 'swiglu' (decoder.swiglu): group 0 has a second op, and a single holds one}}
    %t = decoder.swiglu %s, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    return %t : tensor<1x8xbf16>
  }
}

// -----

//===----------------------------------------------------------------------===//
// grouped, selected
//===----------------------------------------------------------------------===//

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'grouped': 'add' (decoder.add) is in no group; run plan-mark and plan-form-groups}}
    %s = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<grouped>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'grouped': 'add' (decoder.add) is grouped without a decision; run plan-mark and plan-form-groups}}
    %z = plan.single -> tensor<1x8xbf16> {
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
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %z = plan.single why #decision -> tensor<1x8xbf16> {
      // expected-error @below {{at stage 'grouped': 'add' (decoder.add) still has its mark; run plan-form-groups}}
      %s = decoder.add %x, %x {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<selected>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'selected': 'add' (decoder.add): 'warp' is no kernel family; run plan-select-kernels}}
    %z = plan.single family "warp" config {} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<selected>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'selected': 'add' (decoder.add): family 'gemv' does not accept it on h200: refused_op}}
    %z = plan.single family "gemv" config {} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<selected>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'selected': 'add' (decoder.add): the configuration {threads = 7} is none of family 'row'; run plan-select-kernels}}
    %z = plan.single family "row" config {threads = 7} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<selected>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'selected': 'launch' (plan.launch) is a launch before kernels are outlined; start again from the decoder graph}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

//===----------------------------------------------------------------------===//
// outlined
//===----------------------------------------------------------------------===//

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'outlined': 'single' (plan.single) is not outlined; run plan-outline-kernels}}
    %z = plan.single family "row" config {piece = 8, threads = 128} why #decision -> tensor<1x8xbf16> {
      %s = decoder.add %x, %x : tensor<1x8xbf16>
      plan.yield %s : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'outlined': 'launch' (plan.launch) has no decision; run plan-mark on the decoder graph}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16>
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<outlined>} {
  // expected-error @below {{at stage 'outlined': kernel 'add' is never launched; start again from the decoder graph}}
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'outlined': 'launch' (plan.launch) has slots before plan-assign-buffers}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

//===----------------------------------------------------------------------===//
// placed
//===----------------------------------------------------------------------===//

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'placed': 'launch' (plan.launch) has no slots; run plan-assign-buffers}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  // expected-error @below {{argument 'x' has no slot; run plan-assign-buffers}}
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "io", offset = 256, bytes = 16>] why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{the result of 'launch' (plan.launch) lies at offset 264, slots begin at multiples of 256; run plan-assign-buffers}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "io", offset = 264, bytes = 16>] why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

// A result over an operand of the same launch.
#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'launch' (plan.launch) writes over argument 'x' while it reads it (bytes 0 to 15 of 'io'); run plan-assign-buffers}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "io", offset = 0, bytes = 16>] why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

// A result over a value that is still needed.
#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %a = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #decision
    %b = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #decision
    // expected-error @below {{'launch' (plan.launch) reads the result of 'launch' (plan.launch) after the result of 'launch' (plan.launch) was written over it (bytes 0 to 15 of 'activations')}}
    %z = plan.launch @add(%a, %b) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "io", offset = 256, bytes = 16>] why #decision
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

// What is returned must still be there at the end.
#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "io", offset = 256, bytes = 16>] why #decision
    %b = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "io", offset = 256, bytes = 16>] why #decision
    // expected-error @below {{'return' (func.return) reads the result of 'launch' (plan.launch) after the result of 'launch' (plan.launch) was written over it}}
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

// An append that would copy its cache elsewhere.
#decision = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
  before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x2x4xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}, %p: tensor<1xi32> {plan.name = "p", plan.slot = #plan.slot<arena = "io", offset = 256, bytes = 4>}, %c: tensor<1x2x16x4xbf16> {plan.name = "c", plan.slot = #plan.slot<arena = "cache", offset = 0, bytes = 256>}) -> (tensor<1x2x16x4xbf16> {plan.name = "c"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'launch' (plan.launch) updates its operand in place, and the result has another slot; run plan-assign-buffers}}
    %k = plan.launch @append(%x, %p, %c) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16> slots [<arena = "cache", offset = 256, bytes = 256>] why #decision
    return %k : tensor<1x2x16x4xbf16>
  }
  plan.kernel @append family "kv_append" config {piece = 4, threads = 128} (%k: tensor<1x2x4xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16> {
    %a = decoder.kv_append %k at %p into %c : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
    plan.yield %a : tensor<1x2x16x4xbf16>
  }
}

// -----

// Two arguments in one place.
module attributes {plan.stage = #plan.stage<placed>} {
  // expected-error @below {{reads argument 'x' after argument 'y' was written over it (bytes 0 to 15 of 'io')}}
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}, %y: tensor<1x8xbf16> {plan.name = "y", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "z"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    return %x : tensor<1x8xbf16>
  }
}

// -----

//===----------------------------------------------------------------------===//
// captured
//===----------------------------------------------------------------------===//

#cost = #plan.cost<launches = 1, read = 32, written = 16, picoseconds = 0>
#graph = #plan.decision<choice = single, launch = graph, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
module attributes {plan.stage = #plan.stage<captured>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'captured': 'launch' (plan.launch) is launched as 'graph' and not captured; run plan-form-captures on the placed module}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #graph
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

#cost = #plan.cost<launches = 1, read = 32, written = 16, picoseconds = 0>
#stream = #plan.decision<choice = single, launch = stream, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
module attributes {plan.stage = #plan.stage<captured>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %z = plan.capture -> tensor<1x8xbf16> {
      // expected-error @below {{at stage 'captured': 'launch' (plan.launch) is launched as 'stream' and captured; run plan-form-captures on the placed module}}
      %y = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #stream
      plan.yield %y : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

#cost = #plan.cost<launches = 1, read = 32, written = 16, picoseconds = 0>
#graph = #plan.decision<choice = single, launch = graph, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{at stage 'placed': a capture before plan-form-captures has run; start again from the decoder graph}}
    %z = plan.capture -> tensor<1x8xbf16> {
      %y = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #graph
      plan.yield %y : tensor<1x8xbf16>
    }
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}
