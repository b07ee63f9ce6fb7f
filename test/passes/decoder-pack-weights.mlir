// RUN: sinter-opt --mlir-print-debuginfo %s --decoder-normalize --decoder-pack-weights -o %t.once
// RUN: FileCheck %s --input-file %t.once
// RUN: sinter-opt --mlir-print-debuginfo %t.once --decoder-pack-weights -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: sinter-opt --mlir-print-debuginfo %s --decoder-normalize --decoder-pack-weights=layout=none | FileCheck %s --check-prefix=NONE

// CHECK: module attributes {plan.stage = #plan.stage<packed>}
// NONE: module attributes {plan.stage = #plan.stage<packed>}
// NONE-NOT: decoder.pack_weights

ml_program.global private @q(#ml_program.extern<tensor<16x8xbf16>>) : tensor<16x8xbf16>
ml_program.global private @k(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
ml_program.global private @v(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
ml_program.global private @k.bias(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>
ml_program.global private @v.bias(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>

// Query, key and value of one input, which one of them sees through views;
// another input stays apart, although it has the same type.
// CHECK-LABEL: func.func @three
// CHECK-SAME: (%[[X:.*]]: tensor<1x8xbf16> loc({{.*}}), %[[P:.*]]: tensor<1xi32> loc({{.*}}), %[[KC:.*]]: tensor<1x2x16x4xbf16> loc({{.*}}), %[[VC:.*]]: tensor<1x2x16x4xbf16> loc({{.*}}), %[[OTHER:.*]]: tensor<1x8xbf16> loc
func.func @three(%x: tensor<1x8xbf16>, %p: tensor<1xi32>, %kc: tensor<1x2x16x4xbf16>, %vc: tensor<1x2x16x4xbf16>, %other: tensor<1x8xbf16>) -> (tensor<1x4x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1x8xbf16>) {
  // CHECK-NEXT: %[[WQ:.*]] = ml_program.global_load_const @q
  // CHECK-NEXT: %[[WK:.*]] = ml_program.global_load_const @k
  // CHECK-NEXT: %[[WV:.*]] = ml_program.global_load_const @v
  // CHECK-NEXT: %[[W:.*]] = decoder.pack_weights concat(%[[WQ]], %[[WK]], %[[WV]]) : (tensor<16x8xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<32x8xbf16>
  // CHECK-NEXT: %[[QKV:.*]] = decoder.linear %[[X]] by %[[W]] {{.*}} -> tensor<1x32xbf16> loc(#[[$FUSED:.*]])
  // CHECK-NEXT: %[[Q:.*]] = tensor.extract_slice %[[QKV]][0, 0] [1, 16] [1, 1]
  // CHECK-NEXT: %[[QH:.*]] = tensor.expand_shape %[[Q]]
  // CHECK-NEXT: %[[QR:.*]] = decoder.rope %[[QH]]
  // CHECK-NEXT: %[[K:.*]] = tensor.extract_slice %[[QKV]][0, 16] [1, 8] [1, 1]
  // CHECK-NEXT: %[[KH:.*]] = tensor.expand_shape %[[K]]
  // CHECK-NEXT: %[[KA:.*]] = decoder.kv_append %[[KH]]
  // CHECK-NEXT: %[[V:.*]] = tensor.extract_slice %[[QKV]][0, 24] [1, 8] [1, 1]
  // CHECK-NEXT: %[[VH:.*]] = tensor.expand_shape %[[V]]
  // CHECK-NEXT: %[[VA:.*]] = decoder.kv_append %[[VH]]
  // CHECK-NEXT: %[[S:.*]] = decoder.add %[[V]], %[[OTHER]]
  // CHECK-NEXT: return %[[QR]], %[[KA]], %[[VA]], %[[S]]
  %wq = ml_program.global_load_const @q : tensor<16x8xbf16>
  %q = decoder.linear %x by %wq : (tensor<1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x16xbf16> loc("layers.0.q_proj")
  %heads = tensor.expand_shape %x [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
  %same = tensor.collapse_shape %heads [[0], [1, 2]] : tensor<1x2x4xbf16> into tensor<1x8xbf16>
  %wk = ml_program.global_load_const @k : tensor<8x8xbf16>
  %k = decoder.linear %same by %wk : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16> loc("layers.0.k_proj")
  %wv = ml_program.global_load_const @v : tensor<8x8xbf16>
  %v = decoder.linear %x by %wv : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16> loc("layers.0.v_proj")
  %qh = tensor.expand_shape %q [[0], [1, 2]] output_shape [1, 4, 4] : tensor<1x16xbf16> into tensor<1x4x4xbf16>
  %kh = tensor.expand_shape %k [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
  %vh = tensor.expand_shape %v [[0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xbf16> into tensor<1x2x4xbf16>
  %qr = decoder.rope %qh at %p theta 1.0e4 : tensor<1x4x4xbf16>, tensor<1xi32>
  %ka = decoder.kv_append %kh at %p into %kc : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
  %va = decoder.kv_append %vh at %p into %vc : tensor<1x2x4xbf16>, tensor<1xi32>, tensor<1x2x16x4xbf16>
  %s = decoder.add %v, %other : tensor<1x8xbf16>
  return %qr, %ka, %va, %s : tensor<1x4x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1x8xbf16>
}

// Biases are packed like the weights; a layer without one stays apart.
// CHECK-LABEL: func.func @biases
// CHECK-SAME: (%[[X:.*]]: tensor<1x8xbf16> loc
func.func @biases(%x: tensor<1x8xbf16>) -> (tensor<1x8xbf16>, tensor<1x16xbf16>) {
  // CHECK: %[[W:.*]] = decoder.pack_weights concat({{.*}}) : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<16x8xbf16>
  // CHECK: %[[B:.*]] = decoder.pack_weights concat({{.*}}) : (tensor<8xbf16>, tensor<8xbf16>) -> tensor<16xbf16>
  // CHECK-NEXT: %[[KV:.*]] = decoder.linear %[[X]] by %[[W]] bias %[[B]]
  // CHECK-NEXT: %[[WQ:.*]] = ml_program.global_load_const @q
  // CHECK-NEXT: %[[Q:.*]] = decoder.linear %[[X]] by %[[WQ]] :
  // CHECK-NEXT: decoder.add %[[Q]], %[[Q]]
  // CHECK-NEXT: %[[K:.*]] = tensor.extract_slice %[[KV]][0, 0] [1, 8] [1, 1]
  // CHECK-NEXT: %[[V:.*]] = tensor.extract_slice %[[KV]][0, 8] [1, 8] [1, 1]
  // CHECK-NEXT: decoder.swiglu %[[K]], %[[V]]
  %wk = ml_program.global_load_const @k : tensor<8x8xbf16>
  %bk = ml_program.global_load_const @k.bias : tensor<8xbf16>
  %k = decoder.linear %x by %wk bias %bk : (tensor<1x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<1x8xbf16>
  %wv = ml_program.global_load_const @v : tensor<8x8xbf16>
  %bv = ml_program.global_load_const @v.bias : tensor<8xbf16>
  %v = decoder.linear %x by %wv bias %bv : (tensor<1x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<1x8xbf16>
  %wq = ml_program.global_load_const @q : tensor<16x8xbf16>
  %q = decoder.linear %x by %wq : (tensor<1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x16xbf16>
  %qq = decoder.add %q, %q : tensor<1x16xbf16>
  %h = decoder.swiglu %k, %v : tensor<1x8xbf16>
  return %h, %qq : tensor<1x8xbf16>, tensor<1x16xbf16>
}

// Two rows: a part would not lie in one run of memory.
// CHECK-LABEL: func.func @rows
// CHECK-NOT: decoder.pack_weights
func.func @rows(%x: tensor<2x8xbf16>) -> tensor<2x8xbf16> {
  %wk = ml_program.global_load_const @k : tensor<8x8xbf16>
  %k = decoder.linear %x by %wk : (tensor<2x8xbf16>, tensor<8x8xbf16>) -> tensor<2x8xbf16>
  %wv = ml_program.global_load_const @v : tensor<8x8xbf16>
  %v = decoder.linear %x by %wv : (tensor<2x8xbf16>, tensor<8x8xbf16>) -> tensor<2x8xbf16>
  %h = decoder.swiglu %k, %v : tensor<2x8xbf16>
  return %h : tensor<2x8xbf16>
}

// The second part would begin at element 4.
// CHECK-LABEL: func.func @unaligned
// CHECK-NOT: decoder.pack_weights
func.func @unaligned(%x: tensor<1x8xbf16>) -> tensor<1x4xbf16> {
  %w0 = ml_program.global_load_const @four : tensor<4x8xbf16>
  %a = decoder.linear %x by %w0 : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
  %w1 = ml_program.global_load_const @"4" : tensor<4x8xbf16>
  %b = decoder.linear %x by %w1 : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
  %h = decoder.swiglu %a, %b : tensor<1x4xbf16>
  return %h : tensor<1x4xbf16>
}
ml_program.global private @four(#ml_program.extern<tensor<4x8xbf16>>) : tensor<4x8xbf16>
ml_program.global private @"4"(#ml_program.extern<tensor<4x8xbf16>>) : tensor<4x8xbf16>

// The weight of v is read twice, and the result of q is returned: two layers
// of five are left.
// CHECK-LABEL: func.func @shared_and_returned
// CHECK-SAME: (%[[X:.*]]: tensor<1x8xbf16> loc
// CHECK: %[[W:.*]] = decoder.pack_weights concat({{.*}}) : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<16x8xbf16>
// CHECK-NOT: decoder.pack_weights
func.func @shared_and_returned(%x: tensor<1x8xbf16>, %w: tensor<8x8xbf16>) -> (tensor<1x8xbf16>, tensor<1x16xbf16>) {
  %wk = ml_program.global_load_const @k : tensor<8x8xbf16>
  %k = decoder.linear %x by %wk : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
  %wq = ml_program.global_load_const @q : tensor<16x8xbf16>
  %q = decoder.linear %x by %wq : (tensor<1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x16xbf16>
  %wv = ml_program.global_load_const @v : tensor<8x8xbf16>
  %v = decoder.linear %x by %wv : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
  %wb = ml_program.global_load_const @other : tensor<8x8xbf16>
  %b = decoder.linear %x by %wb : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
  %c = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
  %s0 = decoder.add %k, %v : tensor<1x8xbf16>
  %s1 = decoder.add %s0, %b : tensor<1x8xbf16>
  %s2 = decoder.add %s1, %c : tensor<1x8xbf16>
  %t = decoder.linear %s2 by %wv : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
  return %t, %q : tensor<1x8xbf16>, tensor<1x16xbf16>
}
ml_program.global private @other(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>

// CHECK: #[[$Q:loc[0-9]+]] = loc("layers.0.q_proj"
// CHECK: #[[$K:loc[0-9]+]] = loc("layers.0.k_proj"
// CHECK: #[[$V:loc[0-9]+]] = loc("layers.0.v_proj"
// CHECK: #[[$FUSED]] = loc(fused[#[[$Q]], #[[$K]], #[[$V]]])
