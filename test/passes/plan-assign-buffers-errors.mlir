// RUN: sinter-opt %s --plan-assign-buffers --split-input-file --verify-diagnostics

// expected-error @below {{plan-assign-buffers wants stage 'outlined', the module is at 'selected'; run plan-outline-kernels first}}
module attributes {plan.stage = #plan.stage<selected>} {}

// -----

module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    // expected-error @below {{'add' (decoder.add) is no launch; run plan-outline-kernels first}}
    %s = decoder.add %x, %x : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

// The old cache is read after the append happened in place.
module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%x: tensor<1x2x4xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"}) -> (tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>) {
    %k = plan.launch @append(%x, %p, %c) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16>
    // expected-error @below {{'launch' (plan.launch) reads argument 'cache.0.k' after the result of 'launch' (plan.launch) was written over it (bytes 0 to 255 of 'cache')}}
    %t = plan.launch @attend(%x, %c, %p) : (tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>) -> tensor<1x2x4xbf16>
    return %t, %k : tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>
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

// -----

// Two appends to one cache value.
module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%x: tensor<1x2x4xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"}) -> (tensor<1x2x16x4xbf16>, tensor<1x2x4xbf16>) {
    %k = plan.launch @append(%x, %p, %c) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16>
    // expected-error @below {{reads argument 'cache.0.k' after the result of}}
    %l = plan.launch @append(%x, %p, %c) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16>
    %t = plan.launch @attend(%x, %k, %p) : (tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>) -> tensor<1x2x4xbf16>
    return %l, %t : tensor<1x2x16x4xbf16>, tensor<1x2x4xbf16>
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

// -----

module attributes {plan.stage = #plan.stage<outlined>} {
  ml_program.global private @w(#ml_program.extern<tensor<1x8xbf16>>) : tensor<1x8xbf16>
  func.func @decode(%x: tensor<1x8xbf16>) -> (tensor<1x8xbf16>, tensor<1x8xbf16>) {
    %w = ml_program.global_load_const @w : tensor<1x8xbf16>
    // expected-error @below {{entry 'decode' returns a weight as result 1; return what is computed from it}}
    return %x, %w : tensor<1x8xbf16>, tensor<1x8xbf16>
  }
}

// -----

module attributes {plan.stage = #plan.stage<outlined>} {
  ml_program.global private @w(#ml_program.extern<tensor<1x2x16x4xbf16>>) : tensor<1x2x16x4xbf16>
  func.func @decode(%x: tensor<1x2x4xbf16>, %p: tensor<1xi32>) -> tensor<1x2x4xbf16> {
    %w = ml_program.global_load_const @w : tensor<1x2x16x4xbf16>
    // expected-error @below {{updates a weight in place; append to a cache}}
    %k = plan.launch @append(%x, %p, %w) : (tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>) -> tensor<1x2x16x4xbf16>
    %t = plan.launch @attend(%x, %k, %p) : (tensor<1x2x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1xi32>) -> tensor<1x2x4xbf16>
    return %t : tensor<1x2x4xbf16>
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

// -----

module attributes {plan.stage = #plan.stage<outlined>} {
  func.func @decode(%c: tensor<1x2x16x4xbf16> {plan.name = "cache.0.k"}) -> tensor<1x2x16x4xbf16> {
    return %c : tensor<1x2x16x4xbf16>
  }
  // expected-error @below {{entry 'longer' has a cache 'cache.0.k' of 512 bytes, another entry one of 256; entries share caches, so import them with one max_context, and one batch or 1 behind it}}
  func.func @longer(%c: tensor<1x2x32x4xbf16> {plan.name = "cache.0.k"}) -> tensor<1x2x32x4xbf16> {
    return %c : tensor<1x2x32x4xbf16>
  }
}
