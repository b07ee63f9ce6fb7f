// RUN: sinter-opt %s --plan-mark --split-input-file | FileCheck %s
// RUN: sinter-opt %s --plan-mark --split-input-file -o %t.once
// RUN: sinter-opt %t.once --plan-mark --split-input-file -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: sinter-opt %s --plan-mark=decisions=single --split-input-file | FileCheck %s --check-prefix=SINGLE
// RUN: sinter-opt %s --plan-mark=forbid=* --split-input-file | FileCheck %s --check-prefix=FORBID
// RUN: sinter-opt %s --plan-mark="decisions=library mode=stream configs=false" --split-input-file | FileCheck %s --check-prefix=LIBRARY
// RUN: sinter-opt %s --plan-mark=target=rtx-4090 --split-input-file | FileCheck %s --check-prefix=OTHER

// One kernel for both ops: 128 bytes of weight, the row for each warp and once
// as the residual; 16 out. Before, the row's sum went through memory, and what
// was rejected has its price.
// CHECK: #[[$FUSE:.*]] = #plan.decision<choice = fuse, launch = {{graph|pdl}}, rule = "exact-cheapest", origin = model, reason = fuse_saves_launch, before = <launches = 2, read = {{[0-9]+}}, written = 32, picoseconds = [[BEFORE:[1-9][0-9]*]]>, after = <launches = 1, read = {{[0-9]+}}, written = 16, picoseconds = [[AFTER:[1-9][0-9]*]]>, rejected = [<choice = single, reason = refused_slower, cost = <launches = 2, read = {{[0-9]+}}, written = 32, picoseconds = [[BEFORE]]>>, <choice = library, reason = refused_slower, cost = <launches = 2, {{.*}}>>]>
// CHECK: module attributes {plan.stage = #plan.stage<marked>, plan.target = "h200"}
// SINGLE: #[[$LINEAR:.*]] = #plan.decision<choice = single, {{.*}}rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage, before = <launches = 1, {{.*}}rejected = [<choice = fuse, reason = refused_not_requested>, <choice = library, reason = refused_not_requested, cost = <launches = 1, {{.*}}>>]>
// SINGLE: #[[$ADD:.*]] = #plan.decision<choice = single, {{.*}}rejected = [<choice = fuse, reason = refused_not_requested>]>
// FORBID: #[[$APART:.*]] = #plan.decision<choice = single, {{.*}}reason = single_faster, {{.*}}rejected = [<choice = fuse, reason = refused_not_requested, cost = <launches = 1, {{.*}}>>, <choice = library, reason = refused_slower
// LIBRARY: #[[$CALL:.*]] = #plan.decision<choice = library, launch = stream, rule = "library-per-linear", origin = model, reason = library_faster,
// OTHER: plan.target = "rtx-4090"
module attributes {plan.stage = #plan.stage<packed>} {
  ml_program.global private @"a.weight"(#ml_program.extern<tensor<8x8xbf16>>) : tensor<8x8xbf16>
  // CHECK-LABEL: func.func @decode
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // CHECK: ml_program.global_load_const @a.weight : tensor<8x8xbf16>
    // CHECK-NEXT: decoder.linear {{.*}} {plan.mark = #plan.mark<group = 0, decision = #[[$FUSE]], family = "gemv", config = [[CONFIG:.*]]>}
    // CHECK-NEXT: decoder.add {{.*}} {plan.mark = #plan.mark<group = 0, decision = #[[$FUSE]], family = "gemv", config = [[CONFIG]]>}
    // CHECK-NEXT: return
    // SINGLE: decoder.linear {{.*}} {plan.mark = #plan.mark<group = 0, decision = #[[$LINEAR]], family = "gemv", config = {
    // SINGLE: decoder.add {{.*}} {plan.mark = #plan.mark<group = 1, decision = #[[$ADD]], family = "row", config = {
    // FORBID: decoder.linear {{.*}} {plan.mark = #plan.mark<group = 0, decision = #[[$APART]], family = "gemv"
    // LIBRARY: decoder.linear {{.*}} {plan.mark = #plan.mark<group = 0, decision = #[[$CALL]]>}
    %a = ml_program.global_load_const @"a.weight" : tensor<8x8xbf16>
    %p = decoder.linear %x by %a : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    %s = decoder.add %x, %p : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

// What attention reads follows the context of the workload: with one split 64
// positions of two heads instead of one.
// CHECK: #[[$SHORT:.*]] = #plan.decision<{{.*}} after = <launches = 1, read = {{1[0-9][0-9][0-9]}}, written = {{[0-9]+}},
// CHECK: #[[$LONG:.*]] = #plan.decision<{{.*}} after = <launches = 1, read = {{5[0-9][0-9][0-9]}}, written = {{[0-9]+}},
module attributes {plan.stage = #plan.stage<packed>} {
  // CHECK-LABEL: func.func @short
  func.func @short(%q: tensor<1x2x8xbf16> {plan.name = "q"}, %k: tensor<1x1x64x8xbf16> {plan.name = "k"}, %v: tensor<1x1x64x8xbf16> {plan.name = "v"}, %p: tensor<1xi32> {plan.name = "p"}) -> (tensor<1x2x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 1, max_context = 64>} {
    // CHECK: decoder.attention {{.*}}decision = #[[$SHORT]],
    %a = decoder.attention %q, %k, %v at %p scale 0.5 : tensor<1x2x8xbf16>, tensor<1x1x64x8xbf16>, tensor<1xi32>
    return %a : tensor<1x2x8xbf16>
  }
  // CHECK-LABEL: func.func @long
  func.func @long(%q: tensor<1x2x8xbf16> {plan.name = "q"}, %k: tensor<1x1x64x8xbf16> {plan.name = "k"}, %v: tensor<1x1x64x8xbf16> {plan.name = "v"}, %p: tensor<1xi32> {plan.name = "p"}) -> (tensor<1x2x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 64, max_context = 64>} {
    // CHECK: decoder.attention {{.*}}decision = #[[$LONG]],
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
    // CHECK: decoder.add {{.*}}plan.mark = #plan.mark<group = 0, decision = #[[$FORCED]],
    %s = decoder.add %x, %x {plan.force = #plan.choice<single>} : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}

// -----

// What nobody has measured is named.
// OTHER-LABEL: func.func @guess
// OTHER-SAME: plan.priors = [{{.*}}"exchange_idle = 360 ns"
// CHECK-LABEL: func.func @guess
// CHECK-NOT: plan.priors
module attributes {plan.stage = #plan.stage<packed>} {
  func.func @guess(%x: tensor<1x8xbf16> {plan.name = "x"}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %s = decoder.add %x, %x : tensor<1x8xbf16>
    return %s : tensor<1x8xbf16>
  }
}
