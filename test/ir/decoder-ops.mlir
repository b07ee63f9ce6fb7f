// RUN: sinter-opt %s | FileCheck %s
// RUN: sinter-opt %s | sinter-opt | FileCheck %s
// RUN: sinter-opt %s --mlir-print-op-generic | sinter-opt | FileCheck %s
// RUN: sinter-opt %s --emit-bytecode | sinter-opt | FileCheck %s

// One layer with every op of the dialect.

module attributes {plan.model = {architecture = "qwen3"}, plan.stage = #plan.stage<imported>} {
  ml_program.global private @"model.embed_tokens.weight"(#ml_program.extern<tensor<777x128xbf16>>) : tensor<777x128xbf16>

  // CHECK-LABEL: func.func @tokens
  func.func @tokens(%ids: tensor<1xi32>, %pos: tensor<1xi32>, %seed: tensor<1xi64>, %x: tensor<1x128xbf16>) -> (tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) {
    %table = ml_program.global_load_const @"model.embed_tokens.weight" : tensor<777x128xbf16>
    // CHECK: %[[HIDDEN:.*]] = decoder.embed %{{.*}} from %{{.*}} : tensor<1xi32>, tensor<777x128xbf16> -> tensor<1x128xbf16>
    %e = decoder.embed %ids from %table : tensor<1xi32>, tensor<777x128xbf16> -> tensor<1x128xbf16>
    // CHECK: decoder.linear %[[HIDDEN]] by %{{.*}} : (tensor<1x128xbf16>, tensor<777x128xbf16>) -> tensor<1x777xbf16>
    %l = decoder.linear %e by %table : (tensor<1x128xbf16>, tensor<777x128xbf16>) -> tensor<1x777xbf16>
    // CHECK: decoder.argmax %{{.*}} : tensor<1x777xbf16>
    %a = decoder.argmax %l : tensor<1x777xbf16>
    // CHECK: decoder.argmax %{{.*}} below 700 : tensor<1x777xbf16>
    %b = decoder.argmax %l below 700 : tensor<1x777xbf16>
    // CHECK: decoder.sample %{{.*}}, %{{.*}} at %{{.*}} temperature 0.6 top_k 20 top_p 0.95 below 700 : tensor<1x777xbf16>, tensor<1xi64>, tensor<1xi32>
    %s = decoder.sample %l, %seed at %pos temperature 0.6 top_k 20 top_p 0.95 below 700 : tensor<1x777xbf16>, tensor<1xi64>, tensor<1xi32>
    return %a, %b, %s : tensor<1xi32>, tensor<1xi32>, tensor<1xi32>
  }

  // CHECK-LABEL: func.func @layer
  func.func @layer(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>, %hg: tensor<32xbf16>, %wq: tensor<128x128xbf16>, %bq: tensor<128xbf16>,
      %wk: tensor<64x128xbf16>, %pos: tensor<1xi32>, %kc: tensor<1x2x2048x32xbf16>, %vc: tensor<1x2x2048x32xbf16>)
      -> (tensor<1x128xbf16>, tensor<1x2x2048x32xbf16>, tensor<1x2x2048x32xbf16>) {
    // CHECK: %[[N:.*]] = decoder.rms_norm %{{.*}} gain %{{.*}} eps 1.0e-6 : tensor<1x128xbf16>, tensor<128xbf16>
    %n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x128xbf16>, tensor<128xbf16>
    // CHECK: decoder.linear %[[N]] by %{{.*}} bias %{{.*}} : (tensor<1x128xbf16>, tensor<128x128xbf16>, tensor<128xbf16>) -> tensor<1x128xbf16>
    %q = decoder.linear %n by %wq bias %bq : (tensor<1x128xbf16>, tensor<128x128xbf16>, tensor<128xbf16>) -> tensor<1x128xbf16>
    %k = decoder.linear %n by %wk : (tensor<1x128xbf16>, tensor<64x128xbf16>) -> tensor<1x64xbf16>
    %qh = tensor.expand_shape %q [[0], [1, 2]] output_shape [1, 4, 32] : tensor<1x128xbf16> into tensor<1x4x32xbf16>
    %kh = tensor.expand_shape %k [[0], [1, 2]] output_shape [1, 2, 32] : tensor<1x64xbf16> into tensor<1x2x32xbf16>
    // CHECK: decoder.rms_norm %{{.*}} gain %{{.*}} eps {{.*}} : tensor<1x4x32xbf16>, tensor<32xbf16>
    %qn = decoder.rms_norm %qh gain %hg eps 1.0e-6 : tensor<1x4x32xbf16>, tensor<32xbf16>
    // CHECK: decoder.rope %{{.*}} at %{{.*}} theta 1.0e6 : tensor<1x4x32xbf16>, tensor<1xi32>
    %qr = decoder.rope %qn at %pos theta 1.0e6 : tensor<1x4x32xbf16>, tensor<1xi32>
    // CHECK: decoder.rope %{{.*}} at %{{.*}} theta 5.0e5 scaling <factor = 32.0, low = 1.0, high = 4.0, original = 8192> : tensor<1x2x32xbf16>, tensor<1xi32>
    %kr = decoder.rope %kh at %pos theta 5.0e5 scaling <factor = 32.0, low = 1.0, high = 4.0, original = 8192> : tensor<1x2x32xbf16>, tensor<1xi32>
    // CHECK: %[[K:.*]] = decoder.kv_append %{{.*}} at %{{.*}} into %{{.*}} : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<1x2x2048x32xbf16>
    %kc1 = decoder.kv_append %kr at %pos into %kc : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<1x2x2048x32xbf16>
    %vc1 = decoder.kv_append %kh at %pos into %vc : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<1x2x2048x32xbf16>
    // CHECK: decoder.attention %{{.*}}, %[[K]], %{{.*}} at %{{.*}} scale 0.17677669529663687 : tensor<1x4x32xbf16>, tensor<1x2x2048x32xbf16>, tensor<1xi32>
    %o = decoder.attention %qr, %kc1, %vc1 at %pos scale 0.17677669529663687 : tensor<1x4x32xbf16>, tensor<1x2x2048x32xbf16>, tensor<1xi32>
    %of = tensor.collapse_shape %o [[0], [1, 2]] : tensor<1x4x32xbf16> into tensor<1x128xbf16>
    // CHECK: decoder.swiglu %{{.*}}, %{{.*}} : tensor<1x128xbf16>
    %h = decoder.swiglu %of, %n : tensor<1x128xbf16>
    // CHECK: decoder.add %{{.*}}, %{{.*}} : tensor<1x128xbf16>
    %y = decoder.add %x, %h : tensor<1x128xbf16>
    return %y, %kc1, %vc1 : tensor<1x128xbf16>, tensor<1x2x2048x32xbf16>, tensor<1x2x2048x32xbf16>
  }

  // CHECK-LABEL: func.func @pages
  func.func @pages(%k: tensor<2x2x32xbf16>, %q: tensor<2x4x32xbf16>, %pos: tensor<2xi32>, %t: tensor<2x3xi32>, %c: tensor<5x2x16x32xbf16>) -> (tensor<2x4x32xbf16>, tensor<5x2x16x32xbf16>) {
    // CHECK: %[[C:.*]] = decoder.kv_append %{{.*}} at %{{.*}} through %[[T:.*]] into %{{.*}} : tensor<2x2x32xbf16>, tensor<2xi32>, tensor<5x2x16x32xbf16>, tensor<2x3xi32>
    %c1 = decoder.kv_append %k at %pos through %t into %c : tensor<2x2x32xbf16>, tensor<2xi32>, tensor<5x2x16x32xbf16>, tensor<2x3xi32>
    // CHECK: decoder.attention %{{.*}}, %[[C]], %[[C]] at %{{.*}} through %[[T]] scale 0.5 : tensor<2x4x32xbf16>, tensor<5x2x16x32xbf16>, tensor<2xi32>, tensor<2x3xi32>
    %o = decoder.attention %q, %c1, %c1 at %pos through %t scale 0.5 : tensor<2x4x32xbf16>, tensor<5x2x16x32xbf16>, tensor<2xi32>, tensor<2x3xi32>
    return %o, %c1 : tensor<2x4x32xbf16>, tensor<5x2x16x32xbf16>
  }

  // CHECK-LABEL: func.func @weights
  func.func @weights(%x: tensor<64x128xf32>, %r: tensor<2xi32>, %wq: tensor<128x128xf32>, %wk: tensor<64x128xf32>) -> (tensor<2x128xf32>, tensor<192x128xf32>, tensor<256x128xf32>) {
    // CHECK: decoder.take_rows %{{.*}} at %{{.*}} : tensor<64x128xf32>, tensor<2xi32> -> tensor<2x128xf32>
    %t = decoder.take_rows %x at %r : tensor<64x128xf32>, tensor<2xi32> -> tensor<2x128xf32>
    // CHECK: decoder.pack_weights concat(%{{.*}}, %{{.*}}) : (tensor<128x128xf32>, tensor<64x128xf32>) -> tensor<192x128xf32>
    %c = decoder.pack_weights concat(%wq, %wk) : (tensor<128x128xf32>, tensor<64x128xf32>) -> tensor<192x128xf32>
    // CHECK: decoder.pack_weights interleave(%{{.*}}, %{{.*}}) : (tensor<128x128xf32>, tensor<128x128xf32>) -> tensor<256x128xf32>
    %i = decoder.pack_weights interleave(%wq, %wq) : (tensor<128x128xf32>, tensor<128x128xf32>) -> tensor<256x128xf32>
    return %t, %c, %i : tensor<2x128xf32>, tensor<192x128xf32>, tensor<256x128xf32>
  }
}
