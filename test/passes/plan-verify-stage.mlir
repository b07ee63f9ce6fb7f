// (Locations are the names of ops, and name their results.)
// Every stage of the pipeline keeps its contract, and checking changes nothing.
// RUN: sinter-opt --mlir-print-debuginfo %s --plan-verify-stage=stage=imported -o %t.0
// RUN: sinter-opt --mlir-print-debuginfo %t.0 --decoder-normalize --plan-verify-stage=stage=normalized -o %t.1
// RUN: sinter-opt --mlir-print-debuginfo %t.1 --decoder-pack-weights=layout=none --plan-verify-stage=stage=packed -o %t.1p
// RUN: sinter-opt --mlir-print-debuginfo %t.1p --plan-mark=decisions=single --plan-verify-stage=stage=marked -o %t.2
// RUN: sinter-opt --mlir-print-debuginfo %t.2 --plan-form-groups --plan-verify-stage=stage=grouped -o %t.3
// RUN: sinter-opt --mlir-print-debuginfo %t.3 --plan-select-kernels --plan-verify-stage=stage=selected -o %t.4
// RUN: sinter-opt --mlir-print-debuginfo %t.4 --plan-outline-kernels --plan-verify-stage=stage=outlined -o %t.5
// RUN: sinter-opt --mlir-print-debuginfo %t.5 --plan-assign-buffers --plan-verify-stage=stage=placed -o %t.placed
// RUN: sinter-opt --mlir-print-debuginfo %t.placed --plan-form-captures --plan-verify-stage=stage=captured -o %t.6
// RUN: sinter-opt --mlir-print-debuginfo %t.6 --plan-verify-stage | diff %t.6 -
// The pipeline is the same passes.
// RUN: sinter-opt --mlir-print-debuginfo %s --sinter-plan=decisions=single | diff %t.6 -
// RUN: sinter-opt --mlir-print-debuginfo %s --sinter-plan="decisions=single verify=false" | diff %t.6 -
// RUN: FileCheck %s < %t.6
// So it is with fused kernels, on packed weights.
// RUN: sinter-opt --mlir-print-debuginfo %s --decoder-normalize --decoder-pack-weights --plan-mark --plan-verify-stage=stage=marked --plan-form-groups --plan-verify-stage=stage=grouped --plan-select-kernels --plan-outline-kernels --plan-assign-buffers --plan-verify-stage=stage=placed --plan-form-captures -o %t.7
// RUN: sinter-opt --mlir-print-debuginfo %s --sinter-plan=decisions=exact | diff %t.7 -
// RUN: sinter-opt --mlir-print-debuginfo %s --sinter-plan=decisions=greedy -o /dev/null
// RUN: sinter-opt --mlir-print-debuginfo %s --sinter-plan=decisions=library -o /dev/null
// Captured modules survive bytecode.
// RUN: sinter-opt --mlir-print-debuginfo %t.6 --emit-bytecode | sinter-opt --mlir-print-debuginfo | diff %t.6 -

// In another mode too.
// RUN: sinter-opt %s --sinter-plan="decisions=single mode=pdl" | FileCheck %s --check-prefix=PDL
// PDL: module attributes {plan.stage = #plan.stage<captured>,
// PDL: plan.capture
// PDL-NOT: programmatic
// PDL: plan.launch @embed_0
// PDL: plan.launch @gemv_linear_{{.*}} programmatic

// CHECK: module attributes {plan.stage = #plan.stage<captured>, plan.target = "h200"}
module {
  ml_program.global private @"model.embed_tokens.weight"(#ml_program.extern<tensor<40x16xbf16>>) : tensor<40x16xbf16>
  ml_program.global private @"model.layers.0.input_layernorm.weight"(#ml_program.extern<tensor<16xbf16>>) : tensor<16xbf16>
  ml_program.global private @"model.layers.0.self_attn.q_proj.weight"(#ml_program.extern<tensor<16x16xbf16>>) : tensor<16x16xbf16>
  ml_program.global private @"model.layers.0.self_attn.k_proj.weight"(#ml_program.extern<tensor<8x16xbf16>>) : tensor<8x16xbf16>
  ml_program.global private @"model.layers.0.self_attn.v_proj.weight"(#ml_program.extern<tensor<8x16xbf16>>) : tensor<8x16xbf16>
  ml_program.global private @"model.layers.0.self_attn.q_norm.weight"(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>
  ml_program.global private @"model.layers.0.self_attn.k_norm.weight"(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>
  ml_program.global private @"model.layers.0.self_attn.o_proj.weight"(#ml_program.extern<tensor<16x16xbf16>>) : tensor<16x16xbf16>
  ml_program.global private @"model.layers.0.post_attention_layernorm.weight"(#ml_program.extern<tensor<16xbf16>>) : tensor<16xbf16>
  ml_program.global private @"model.layers.0.mlp.gate_proj.weight"(#ml_program.extern<tensor<24x16xbf16>>) : tensor<24x16xbf16>
  ml_program.global private @"model.layers.0.mlp.up_proj.weight"(#ml_program.extern<tensor<24x16xbf16>>) : tensor<24x16xbf16>
  ml_program.global private @"model.layers.0.mlp.down_proj.weight"(#ml_program.extern<tensor<16x24xbf16>>) : tensor<16x24xbf16>
  ml_program.global private @"model.layers.1.input_layernorm.weight"(#ml_program.extern<tensor<16xbf16>>) : tensor<16xbf16>
  ml_program.global private @"model.layers.1.self_attn.q_proj.weight"(#ml_program.extern<tensor<16x16xbf16>>) : tensor<16x16xbf16>
  ml_program.global private @"model.layers.1.self_attn.k_proj.weight"(#ml_program.extern<tensor<8x16xbf16>>) : tensor<8x16xbf16>
  ml_program.global private @"model.layers.1.self_attn.v_proj.weight"(#ml_program.extern<tensor<8x16xbf16>>) : tensor<8x16xbf16>
  ml_program.global private @"model.layers.1.self_attn.q_norm.weight"(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>
  ml_program.global private @"model.layers.1.self_attn.k_norm.weight"(#ml_program.extern<tensor<8xbf16>>) : tensor<8xbf16>
  ml_program.global private @"model.layers.1.self_attn.o_proj.weight"(#ml_program.extern<tensor<16x16xbf16>>) : tensor<16x16xbf16>
  ml_program.global private @"model.layers.1.post_attention_layernorm.weight"(#ml_program.extern<tensor<16xbf16>>) : tensor<16xbf16>
  ml_program.global private @"model.layers.1.mlp.gate_proj.weight"(#ml_program.extern<tensor<24x16xbf16>>) : tensor<24x16xbf16>
  ml_program.global private @"model.layers.1.mlp.up_proj.weight"(#ml_program.extern<tensor<24x16xbf16>>) : tensor<24x16xbf16>
  ml_program.global private @"model.layers.1.mlp.down_proj.weight"(#ml_program.extern<tensor<16x24xbf16>>) : tensor<16x24xbf16>
  ml_program.global private @"model.norm.weight"(#ml_program.extern<tensor<16xbf16>>) : tensor<16xbf16>
  func.func @decode(%ids: tensor<1xi32> {plan.name = "ids"}, %pos: tensor<1xi32> {plan.name = "positions"}, %k0: tensor<1x1x32x8xbf16> {plan.name = "cache.0.k"}, %v0: tensor<1x1x32x8xbf16> {plan.name = "cache.0.v"}, %k1: tensor<1x1x32x8xbf16> {plan.name = "cache.1.k"}, %v1: tensor<1x1x32x8xbf16> {plan.name = "cache.1.v"}) -> (tensor<1xi32> {plan.name = "token"}, tensor<1x40xbf16> {plan.name = "logits"}, tensor<1x1x32x8xbf16> {plan.name = "cache.0.k"}, tensor<1x1x32x8xbf16> {plan.name = "cache.0.v"}, tensor<1x1x32x8xbf16> {plan.name = "cache.1.k"}, tensor<1x1x32x8xbf16> {plan.name = "cache.1.v"}) attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 20, max_context = 32>} {
    %table = ml_program.global_load_const @"model.embed_tokens.weight" : tensor<40x16xbf16>
    %x0 = decoder.embed %ids from %table : tensor<1xi32>, tensor<40x16xbf16> -> tensor<1x16xbf16> loc("embed")
    %w_input_norm0 = ml_program.global_load_const @"model.layers.0.input_layernorm.weight" : tensor<16xbf16>
    %input_norm0 = decoder.rms_norm %x0 gain %w_input_norm0 eps 1.0e-6 : tensor<1x16xbf16>, tensor<16xbf16> loc("layers.0.input_norm")
    %w_q_proj0 = ml_program.global_load_const @"model.layers.0.self_attn.q_proj.weight" : tensor<16x16xbf16>
    %q_proj0 = decoder.linear %input_norm0 by %w_q_proj0 : (tensor<1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x16xbf16> loc("layers.0.q_proj")
    %w_k_proj0 = ml_program.global_load_const @"model.layers.0.self_attn.k_proj.weight" : tensor<8x16xbf16>
    %k_proj0 = decoder.linear %input_norm0 by %w_k_proj0 : (tensor<1x16xbf16>, tensor<8x16xbf16>) -> tensor<1x8xbf16> loc("layers.0.k_proj")
    %w_v_proj0 = ml_program.global_load_const @"model.layers.0.self_attn.v_proj.weight" : tensor<8x16xbf16>
    %v_proj0 = decoder.linear %input_norm0 by %w_v_proj0 : (tensor<1x16xbf16>, tensor<8x16xbf16>) -> tensor<1x8xbf16> loc("layers.0.v_proj")
    %qh0 = tensor.expand_shape %q_proj0 [[0], [1, 2]] output_shape [1, 2, 8] : tensor<1x16xbf16> into tensor<1x2x8xbf16>
    %kh0 = tensor.expand_shape %k_proj0 [[0], [1, 2]] output_shape [1, 1, 8] : tensor<1x8xbf16> into tensor<1x1x8xbf16>
    %vh0 = tensor.expand_shape %v_proj0 [[0], [1, 2]] output_shape [1, 1, 8] : tensor<1x8xbf16> into tensor<1x1x8xbf16>
    %w_q_norm0 = ml_program.global_load_const @"model.layers.0.self_attn.q_norm.weight" : tensor<8xbf16>
    %q_norm0 = decoder.rms_norm %qh0 gain %w_q_norm0 eps 1.0e-6 : tensor<1x2x8xbf16>, tensor<8xbf16> loc("layers.0.q_norm")
    %w_k_norm0 = ml_program.global_load_const @"model.layers.0.self_attn.k_norm.weight" : tensor<8xbf16>
    %k_norm0 = decoder.rms_norm %kh0 gain %w_k_norm0 eps 1.0e-6 : tensor<1x1x8xbf16>, tensor<8xbf16> loc("layers.0.k_norm")
    %q_rope0 = decoder.rope %q_norm0 at %pos theta 1.0e6 : tensor<1x2x8xbf16>, tensor<1xi32> loc("layers.0.q_rope")
    %k_rope0 = decoder.rope %k_norm0 at %pos theta 1.0e6 : tensor<1x1x8xbf16>, tensor<1xi32> loc("layers.0.k_rope")
    %k_append0 = decoder.kv_append %k_rope0 at %pos into %k0 : tensor<1x1x8xbf16>, tensor<1xi32>, tensor<1x1x32x8xbf16> loc("layers.0.k_append")
    %v_append0 = decoder.kv_append %vh0 at %pos into %v0 : tensor<1x1x8xbf16>, tensor<1xi32>, tensor<1x1x32x8xbf16> loc("layers.0.v_append")
    %attention0 = decoder.attention %q_rope0, %k_append0, %v_append0 at %pos scale 0.35355339059327379 : tensor<1x2x8xbf16>, tensor<1x1x32x8xbf16>, tensor<1xi32> loc("layers.0.attention")
    %a0 = tensor.collapse_shape %attention0 [[0], [1, 2]] : tensor<1x2x8xbf16> into tensor<1x16xbf16>
    %w_o_proj0 = ml_program.global_load_const @"model.layers.0.self_attn.o_proj.weight" : tensor<16x16xbf16>
    %o_proj0 = decoder.linear %a0 by %w_o_proj0 : (tensor<1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x16xbf16> loc("layers.0.o_proj")
    %attention_residual0 = decoder.add %x0, %o_proj0 : tensor<1x16xbf16> loc("layers.0.attention_residual")
    %w_post_norm0 = ml_program.global_load_const @"model.layers.0.post_attention_layernorm.weight" : tensor<16xbf16>
    %post_norm0 = decoder.rms_norm %attention_residual0 gain %w_post_norm0 eps 1.0e-6 : tensor<1x16xbf16>, tensor<16xbf16> loc("layers.0.post_norm")
    %w_gate_proj0 = ml_program.global_load_const @"model.layers.0.mlp.gate_proj.weight" : tensor<24x16xbf16>
    %gate_proj0 = decoder.linear %post_norm0 by %w_gate_proj0 : (tensor<1x16xbf16>, tensor<24x16xbf16>) -> tensor<1x24xbf16> loc("layers.0.gate_proj")
    %w_up_proj0 = ml_program.global_load_const @"model.layers.0.mlp.up_proj.weight" : tensor<24x16xbf16>
    %up_proj0 = decoder.linear %post_norm0 by %w_up_proj0 : (tensor<1x16xbf16>, tensor<24x16xbf16>) -> tensor<1x24xbf16> loc("layers.0.up_proj")
    %swiglu0 = decoder.swiglu %gate_proj0, %up_proj0 : tensor<1x24xbf16> loc("layers.0.swiglu")
    %w_down_proj0 = ml_program.global_load_const @"model.layers.0.mlp.down_proj.weight" : tensor<16x24xbf16>
    %down_proj0 = decoder.linear %swiglu0 by %w_down_proj0 : (tensor<1x24xbf16>, tensor<16x24xbf16>) -> tensor<1x16xbf16> loc("layers.0.down_proj")
    %mlp_residual0 = decoder.add %attention_residual0, %down_proj0 : tensor<1x16xbf16> loc("layers.0.mlp_residual")
    %w_input_norm1 = ml_program.global_load_const @"model.layers.1.input_layernorm.weight" : tensor<16xbf16>
    %input_norm1 = decoder.rms_norm %mlp_residual0 gain %w_input_norm1 eps 1.0e-6 : tensor<1x16xbf16>, tensor<16xbf16> loc("layers.1.input_norm")
    %w_q_proj1 = ml_program.global_load_const @"model.layers.1.self_attn.q_proj.weight" : tensor<16x16xbf16>
    %q_proj1 = decoder.linear %input_norm1 by %w_q_proj1 : (tensor<1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x16xbf16> loc("layers.1.q_proj")
    %w_k_proj1 = ml_program.global_load_const @"model.layers.1.self_attn.k_proj.weight" : tensor<8x16xbf16>
    %k_proj1 = decoder.linear %input_norm1 by %w_k_proj1 : (tensor<1x16xbf16>, tensor<8x16xbf16>) -> tensor<1x8xbf16> loc("layers.1.k_proj")
    %w_v_proj1 = ml_program.global_load_const @"model.layers.1.self_attn.v_proj.weight" : tensor<8x16xbf16>
    %v_proj1 = decoder.linear %input_norm1 by %w_v_proj1 : (tensor<1x16xbf16>, tensor<8x16xbf16>) -> tensor<1x8xbf16> loc("layers.1.v_proj")
    %qh1 = tensor.expand_shape %q_proj1 [[0], [1, 2]] output_shape [1, 2, 8] : tensor<1x16xbf16> into tensor<1x2x8xbf16>
    %kh1 = tensor.expand_shape %k_proj1 [[0], [1, 2]] output_shape [1, 1, 8] : tensor<1x8xbf16> into tensor<1x1x8xbf16>
    %vh1 = tensor.expand_shape %v_proj1 [[0], [1, 2]] output_shape [1, 1, 8] : tensor<1x8xbf16> into tensor<1x1x8xbf16>
    %w_q_norm1 = ml_program.global_load_const @"model.layers.1.self_attn.q_norm.weight" : tensor<8xbf16>
    %q_norm1 = decoder.rms_norm %qh1 gain %w_q_norm1 eps 1.0e-6 : tensor<1x2x8xbf16>, tensor<8xbf16> loc("layers.1.q_norm")
    %w_k_norm1 = ml_program.global_load_const @"model.layers.1.self_attn.k_norm.weight" : tensor<8xbf16>
    %k_norm1 = decoder.rms_norm %kh1 gain %w_k_norm1 eps 1.0e-6 : tensor<1x1x8xbf16>, tensor<8xbf16> loc("layers.1.k_norm")
    %q_rope1 = decoder.rope %q_norm1 at %pos theta 1.0e6 : tensor<1x2x8xbf16>, tensor<1xi32> loc("layers.1.q_rope")
    %k_rope1 = decoder.rope %k_norm1 at %pos theta 1.0e6 : tensor<1x1x8xbf16>, tensor<1xi32> loc("layers.1.k_rope")
    %k_append1 = decoder.kv_append %k_rope1 at %pos into %k1 : tensor<1x1x8xbf16>, tensor<1xi32>, tensor<1x1x32x8xbf16> loc("layers.1.k_append")
    %v_append1 = decoder.kv_append %vh1 at %pos into %v1 : tensor<1x1x8xbf16>, tensor<1xi32>, tensor<1x1x32x8xbf16> loc("layers.1.v_append")
    %attention1 = decoder.attention %q_rope1, %k_append1, %v_append1 at %pos scale 0.35355339059327379 : tensor<1x2x8xbf16>, tensor<1x1x32x8xbf16>, tensor<1xi32> loc("layers.1.attention")
    %a1 = tensor.collapse_shape %attention1 [[0], [1, 2]] : tensor<1x2x8xbf16> into tensor<1x16xbf16>
    %w_o_proj1 = ml_program.global_load_const @"model.layers.1.self_attn.o_proj.weight" : tensor<16x16xbf16>
    %o_proj1 = decoder.linear %a1 by %w_o_proj1 : (tensor<1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x16xbf16> loc("layers.1.o_proj")
    %attention_residual1 = decoder.add %mlp_residual0, %o_proj1 : tensor<1x16xbf16> loc("layers.1.attention_residual")
    %w_post_norm1 = ml_program.global_load_const @"model.layers.1.post_attention_layernorm.weight" : tensor<16xbf16>
    %post_norm1 = decoder.rms_norm %attention_residual1 gain %w_post_norm1 eps 1.0e-6 : tensor<1x16xbf16>, tensor<16xbf16> loc("layers.1.post_norm")
    %w_gate_proj1 = ml_program.global_load_const @"model.layers.1.mlp.gate_proj.weight" : tensor<24x16xbf16>
    %gate_proj1 = decoder.linear %post_norm1 by %w_gate_proj1 : (tensor<1x16xbf16>, tensor<24x16xbf16>) -> tensor<1x24xbf16> loc("layers.1.gate_proj")
    %w_up_proj1 = ml_program.global_load_const @"model.layers.1.mlp.up_proj.weight" : tensor<24x16xbf16>
    %up_proj1 = decoder.linear %post_norm1 by %w_up_proj1 : (tensor<1x16xbf16>, tensor<24x16xbf16>) -> tensor<1x24xbf16> loc("layers.1.up_proj")
    %swiglu1 = decoder.swiglu %gate_proj1, %up_proj1 : tensor<1x24xbf16> loc("layers.1.swiglu")
    %w_down_proj1 = ml_program.global_load_const @"model.layers.1.mlp.down_proj.weight" : tensor<16x24xbf16>
    %down_proj1 = decoder.linear %swiglu1 by %w_down_proj1 : (tensor<1x24xbf16>, tensor<16x24xbf16>) -> tensor<1x16xbf16> loc("layers.1.down_proj")
    %mlp_residual1 = decoder.add %attention_residual1, %down_proj1 : tensor<1x16xbf16> loc("layers.1.mlp_residual")
    %wf = ml_program.global_load_const @"model.norm.weight" : tensor<16xbf16>
    %final_norm = decoder.rms_norm %mlp_residual1 gain %wf eps 1.0e-6 : tensor<1x16xbf16>, tensor<16xbf16> loc("final_norm")
    %tied = ml_program.global_load_const @"model.embed_tokens.weight" : tensor<40x16xbf16>
    %logits = decoder.linear %final_norm by %tied : (tensor<1x16xbf16>, tensor<40x16xbf16>) -> tensor<1x40xbf16> loc("lm_head")
    %token = decoder.argmax %logits : tensor<1x40xbf16> loc("argmax")
    return %token, %logits, %k_append0, %v_append0, %k_append1, %v_append1 : tensor<1xi32>, tensor<1x40xbf16>, tensor<1x1x32x8xbf16>, tensor<1x1x32x8xbf16>, tensor<1x1x32x8xbf16>, tensor<1x1x32x8xbf16>
  }
}

// Two layers of 19 ops and 4 around them; equal layers share their kernels.
// CHECK-LABEL: func.func @decode
// CHECK-COUNT-42: plan.launch
// CHECK-NOT: plan.launch
// CHECK: return
// CHECK-COUNT-16: plan.kernel @
// CHECK-NOT: plan.kernel
