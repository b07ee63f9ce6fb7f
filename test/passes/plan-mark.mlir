// RUN: sinter-opt %s --plan-mark --split-input-file | FileCheck %s
// RUN: sinter-opt %s --plan-mark --split-input-file -o %t.once
// RUN: sinter-opt %t.once --plan-mark --split-input-file -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: sinter-opt %s --plan-mark=target=rtx-4090 --split-input-file | FileCheck %s --check-prefix=OTHER

// Every op is decided, in program order, with the launches and bytes that its
// kernel will have: 128 bytes of weight, 2 warps' reads of the row, 16 out; two
// rows in, one out.
// CHECK: #[[$LINEAR:.*]] = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage, before = <launches = 1, read = 160, written = 16, picoseconds = 0>, after = <launches = 1, read = 160, written = 16, picoseconds = 0>>
// CHECK: #[[$ADD:.*]] = #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage, before = <launches = 1, read = 32, written = 16, picoseconds = 0>, after = <launches = 1, read = 32, written = 16, picoseconds = 0>>
// CHECK: module attributes {plan.stage = #plan.stage<marked>, plan.target = "h200"}
// OTHER: plan.target = "rtx-4090"
module attributes {plan.stage = #plan.stage<packed>} {
  ml_program.global private @"a.weight"(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  // CHECK-LABEL: func.func @decode
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK: ml_program.global_load_const @a.weight : tensor<8x8xbf16>
    // CHECK-NEXT: decoder.linear {{.*}} {plan.mark = #plan.mark<group = 0, decision = #[[$LINEAR]]>}
    // CHECK-NEXT: decoder.add {{.*}} {plan.mark = #plan.mark<group = 1, decision = #[[$ADD]]>}
    // CHECK-NEXT: return
    %a = ml_program.global_load_const @"a.weight" : tensor<8x8xbf16>
    %p = decoder.linear %x by %a : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    %s = decoder.add %x, %p : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

// What attention reads follows the context of the workload.
// CHECK: #[[$SHORT:.*]] = #plan.decision<{{.*}} before = <launches = 1, read = 576, written = 32,
// CHECK: #[[$LONG:.*]] = #plan.decision<{{.*}} before = <launches = 1, read = 2592, written = 32,
module attributes {plan.stage = #plan.stage<packed>} {
  // CHECK-LABEL: func.func @short
  func.func @short(%q: tensor<1x2x8xbf16> {plan.name = "q"}, %k: tensor<1x1x64x8xbf16> {plan.name = "k"}, %v: tensor<1x1x64x8xbf16> {plan.name = "v"}, %p: tensor<1xi32> {plan.name = "p"}) -> (tensor<1x2x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 1, max_context = 64>} {
    // CHECK: decoder.attention {{.*}}decision = #[[$SHORT]]>
    %a = decoder.attention %q, %k, %v at %p scale 0.5 : tensor<1x2x8xbf16>, tensor<1x1x64x8xbf16>, tensor<1xi32>
    return %a : tensor<1x2x8xbf16>
  }
  // CHECK-LABEL: func.func @long
  func.func @long(%q: tensor<1x2x8xbf16> {plan.name = "q"}, %k: tensor<1x1x64x8xbf16> {plan.name = "k"}, %v: tensor<1x1x64x8xbf16> {plan.name = "v"}, %p: tensor<1xi32> {plan.name = "p"}) -> (tensor<1x2x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 64, max_context = 64>} {
    // CHECK: decoder.attention {{.*}}decision = #[[$LONG]]>
    %a = decoder.attention %q, %k, %v at %p scale 0.5 : tensor<1x2x8xbf16>, tensor<1x1x64x8xbf16>, tensor<1xi32>
    return %a : tensor<1x2x8xbf16>
  }
}

// -----

// A pin is honoured and said.
// CHECK: #[[$FORCED:.*]] = #plan.decision<{{.*}} origin = forced, reason = forced_by_user,
module attributes {plan.stage = #plan.stage<packed>} {
  // CHECK-LABEL: func.func @forced
  func.func @forced(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK: decoder.add {{.*}}plan.mark = #plan.mark<group = 0, decision = #[[$FORCED]]>
    %s = decoder.add %x, %x {plan.force = #plan.choice<single>} : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}
