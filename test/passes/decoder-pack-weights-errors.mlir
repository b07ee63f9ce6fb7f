// RUN: sinter-opt %s --decoder-pack-weights --split-input-file --verify-diagnostics
// RUN: not sinter-opt %s --decoder-pack-weights=layout=zigzag --split-input-file 2>&1 | FileCheck %s --check-prefix=LAYOUT

// LAYOUT: decoder-pack-weights: 'zigzag' is no layout; layouts are none, concat
module attributes {plan.stage = #plan.stage<normalized>} {}

// -----

// expected-error @below {{decoder-pack-weights wants stage 'normalized', the module is at 'imported'; run decoder-normalize first}}
module {}

// -----

// expected-error @below {{decoder-pack-weights makes stage 'packed', the module is already at 'marked'; run it on the module before plan-mark}}
module attributes {plan.stage = #plan.stage<marked>} {}
