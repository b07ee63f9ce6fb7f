// RUN: sinter-opt %s --plan-form-captures --split-input-file --verify-diagnostics

// expected-error @below {{plan-form-captures wants stage 'placed', the module is at 'outlined'; run plan-assign-buffers first}}
module attributes {plan.stage = #plan.stage<outlined>} {}

// -----

#cost = #plan.cost<launches = 1, read = 32, written = 16, picoseconds = 0>
#graph = #plan.decision<choice = single, launch = graph, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
#pdl = #plan.decision<choice = single, launch = pdl, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    %y = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #graph
    // expected-error @below {{'launch' (plan.launch) is to be launched as 'pdl', the ops before it as 'graph'; an entry has one mode, so run plan-mark again}}
    %z = plan.launch @add(%y, %y) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 256, bytes = 16>] why #pdl
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}

// -----

#cost = #plan.cost<launches = 1, read = 32, written = 16, picoseconds = 0>
#persistent = #plan.decision<choice = single, launch = persistent, rule = "r", origin = model, reason = single_faster, before = #cost, after = #cost>
module attributes {plan.stage = #plan.stage<placed>} {
  func.func @decode(%x: tensor<1x8xbf16> {plan.name = "x", plan.slot = #plan.slot<arena = "io", offset = 0, bytes = 16>}) -> (tensor<1x8xbf16> {plan.name = "y"})
      attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 8, max_context = 16>} {
    // expected-error @below {{'launch' (plan.launch) is to be launched as 'persistent'; modes are stream, graph and pdl}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "activations", offset = 0, bytes = 16>] why #persistent
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
    // expected-error @below {{'launch' (plan.launch) cannot be captured: refused_not_placed: its results have no slots; plan this entry for the mode stream}}
    %z = plan.launch @add(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16> why #graph
    return %z : tensor<1x8xbf16>
  }
  plan.kernel @add family "row" config {piece = 8, threads = 128} (%a: tensor<1x8xbf16>, %b: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
    %s = decoder.add %a, %b : tensor<1x8xbf16>
    plan.yield %s : tensor<1x8xbf16>
  }
}
