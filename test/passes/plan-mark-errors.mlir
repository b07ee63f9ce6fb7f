// RUN: sinter-opt %s --plan-mark=target=h200 --split-input-file --verify-diagnostics
// RUN: not sinter-opt %s --plan-mark=target=h300 --split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET

// Options that are not understood, on a module that is.
// RUN: sinter-opt %S/plan-mark.mlir -o /dev/null --plan-mark=decisions=single --split-input-file
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark=decisions=best --split-input-file 2>&1 | FileCheck %s --check-prefix=SET
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark=mode=eager --split-input-file 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark="target=rtx-4090 mode=pdl" --split-input-file 2>&1 | FileCheck %s --check-prefix=PDL
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark=force=add --split-input-file 2>&1 | FileCheck %s --check-prefix=FORCE
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark="force=linear=fuse forbid=*" --split-input-file 2>&1 | FileCheck %s --check-prefix=CONTRADICT
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark="kernel-config=linear=rows=3;turns=1;unroll=1;warps=1" --split-input-file 2>&1 | FileCheck %s --check-prefix=CONFIG
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark="kernel-config=linear" --split-input-file 2>&1 | FileCheck %s --check-prefix=NOCONFIG
// RUN: not sinter-opt %S/plan-mark.mlir --plan-mark=forbid=layers.* --split-input-file 2>&1 | FileCheck %s --check-prefix=PATTERN

// SET: SIN1003 (value of an argument not understood): decisions: wanted single, library, greedy or exact, found 'best'
// MODE: SIN1003 (value of an argument not understood): mode: wanted stream, graph or pdl, found 'eager'
// PDL: SIN2807 (the GPU cannot launch that way): device "rtx-4090": wanted programmatic dependent launch
// FORCE: SIN1003 (value of an argument not understood): force 'add': wanted PATTERN=fuse, PATTERN=library or PATTERN=single, found no '='
// CONTRADICT: SIN2675 (forces that contradict each other): op 'linear': wanted force 'linear=fuse', found forbid '*'
// CONFIG: SIN2674 (force that nothing honours): op 'linear' (decoder.linear): wanted config 'linear=rows = 3, turns = 1, unroll = 1, warps = 1', found refused_configuration: 'rows = 3, turns = 1, unroll = 1, warps = 1', wanted rows of a power of two up to
// NOCONFIG: SIN1003 (value of an argument not understood): config 'linear': wanted PATTERN=NAME = NUMBER, NAME = NUMBER, ..., found ''
// PATTERN: SIN2676 (pattern that names no op): forbid 'layers.*': wanted a pattern of names of ops, found none of 2 matches
// TARGET: SIN2801 (unknown device): device "h300": wanted one of a100-80gb, b200, h100-sxm, h200, l4, l40s, rtx-3090, rtx-4090, rtx-5090, or a device file

// expected-error @below {{plan-mark wants stage 'packed', the module is at 'imported'; run decoder-normalize first}}
module {}

// -----

// expected-error @below {{the module is planned for 'rtx-4090' (plan.target), the option target names 'h200'; plan again from the decoder graph}}
module attributes {plan.stage = #plan.stage<marked>, plan.target = "rtx-4090"} {}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  // expected-error @below {{SIN2662 (entry without a workload): entry 'decode': wanted the attribute plan.workload, found none; the importer sets it}}
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    return %x : tensor<1x8xbf16>
  }
}

// -----

// fp32: no family covers it, and the library's call is for bf16. Equal refusals
// are said once.
module attributes {plan.stage = #plan.stage<packed>} {
  ml_program.global private @w(#ml_program.extern<tensor<8x8xf32>>) : tensor<8x8xf32>
  func.func @decode(%x: tensor<1x8xf32>) -> tensor<1x8xf32>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %w = ml_program.global_load_const @w : tensor<8x8xf32>
    // expected-error @below {{SIN2661 (op that no kernel family runs): op 'linear' (decoder.linear): wanted a kernel family or a library that runs it, found refused_element_type: }}
    %y = decoder.linear %x by %w : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32>
    %z = decoder.linear %y by %w : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32>
    return %z : tensor<1x8xf32>
  }
}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  func.func @decode(%x: tensor<1x8xbf16>, %seed: tensor<1xi64>, %p: tensor<1xi32>) -> tensor<1xi32>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{op 'sample' (decoder.sample): wanted a kernel family or a library that runs it, found refused_on_host}}
    %id = decoder.sample %x, %seed at %p temperature 0.6 top_k 2 top_p 0.95 : tensor<1x8xbf16>, tensor<1xi64>, tensor<1xi32>
    return %id : tensor<1xi32>
  }
}

// -----

module attributes {plan.stage = #plan.stage<packed>} {
  func.func @decode(%x: tensor<1x8xbf16>) -> tensor<1x8xbf16>
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{SIN2674 (force that nothing honours): op 'add' (decoder.add): wanted plan.force 'library', found refused_op: decoder.add, wanted decoder.linear}}
    %y = decoder.add %x, %x {plan.force = #plan.choice<library>} : tensor<1x8xbf16>
    return %y : tensor<1x8xbf16>
  }
}
