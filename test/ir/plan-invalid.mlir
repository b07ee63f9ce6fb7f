// RUN: sinter-opt %s --split-input-file --verify-diagnostics

// One case or more per constraint of ir/SPEC.md; symbols are named after the label.

// -----

// expected-error @+1 {{workload_c1: batch, tokens and context are at least 1}}
func.func private @workload_c1() attributes {plan.workload = #plan.workload<phase = decode, batch = 0, tokens = 1, context = 1, max_context = 1>}

// -----

// expected-error @+1 {{workload_c1: }}
func.func private @workload_c1() attributes {plan.workload = #plan.workload<phase = decode, batch = 2147483648, tokens = 1, context = 1, max_context = 1>}

// -----

// expected-error @+1 {{workload_c1: }}
func.func private @workload_c1() attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 1, max_context = 2147483648>}

// -----

// expected-error @+1 {{workload_c2: tokens (1) <= context (9) <= max_context (8)}}
func.func private @workload_c2() attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 1, context = 9, max_context = 8>}

// -----

// expected-error @+1 {{workload_c3: phase decode has 1 token, found 2}}
func.func private @workload_c3() attributes {plan.workload = #plan.workload<phase = decode, batch = 1, tokens = 2, context = 2, max_context = 8>}

// -----

// expected-error @+1 {{entry_c1: two arguments are named "ids"}}
func.func private @entry_c1(tensor<2xi32> {plan.name = "ids"}, tensor<2xi32> {plan.name = "ids"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 8>}

// -----

// expected-error @+1 {{entry_c1: two results are named "y"}}
func.func private @entry_c1() -> (tensor<2xi32> {plan.name = "y"}, tensor<2xi32> {plan.name = "y"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 8>}

// -----

// expected-error @+1 {{entry_c2: "positions" is tensor<2xi32>, batch * tokens of the workload, found 'tensor<1xi32>'}}
func.func private @entry_c2(tensor<1xi32> {plan.name = "positions"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 8>}

// -----

// expected-error @+1 {{entry_c3: "cache.0.k" is [batch = 2, kv_heads, max_context = 8, head_dim], found 'tensor<2x1x4x32xbf16>'}}
func.func private @entry_c3(tensor<2x1x4x32xbf16> {plan.name = "cache.0.k"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 8>}

// -----

// expected-error @+1 {{entry_c3: "cache.0.v" is [pages, kv_heads, page, head_dim] with the pages of the other caches, found 'tensor<4x1x16x32xbf16>'}}
func.func private @entry_c3(tensor<2x2xi32> {plan.name = "pages"}, tensor<5x1x16x32xbf16> {plan.name = "cache.0.k"},
                            tensor<4x1x16x32xbf16> {plan.name = "cache.0.v"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 30>}

// -----

// expected-error @+1 {{entry_c4: "pages" is i32 [batch = 2, pages of a sequence], found 'tensor<1x2xi32>'}}
func.func private @entry_c4(tensor<1x2xi32> {plan.name = "pages"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 8>}

// -----

// expected-error @+1 {{entry_c4: "pages" has max_context / page = 3 entries a sequence, found 'tensor<2x2xi32>'}}
func.func private @entry_c4(tensor<2x2xi32> {plan.name = "pages"}, tensor<5x1x16x32xbf16> {plan.name = "cache.0.k"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 33>}

// -----

// expected-error @+1 {{entry_c3: "cache.0.k" is}}
func.func private @entry_c3(i32 {plan.name = "cache.0.k"})
  attributes {plan.workload = #plan.workload<phase = decode, batch = 2, tokens = 1, context = 4, max_context = 8>}

// -----

// expected-error @+1 {{plan_c1: 'plan.hint' is not an attribute of the plan dialect}}
module attributes {plan.hint = 1} {}

// -----

// expected-error @+1 {{plan_c1: 'plan.hint' is not an attribute of the plan dialect}}
func.func private @plan_c1(tensor<1xi32> {plan.hint})

// -----

// expected-error @+1 {{plan_c1: 'plan.slot' is not an attribute of the plan dialect}}
func.func private @plan_c1() -> (tensor<1xi32> {plan.slot = #plan.slot<arena = "a", offset = 0, bytes = 4>})

// -----

// expected-error @+1 {{plan_c2: 'plan.stage' belongs on a module}}
func.func private @plan_c2() attributes {plan.stage = #plan.stage<marked>}

// -----

// expected-error @+1 {{plan_c2: 'plan.force' belongs on a decoder op}}
func.func private @plan_c2() attributes {plan.force = #plan.choice<single>}

// -----

// expected-error @+1 {{plan_c3: 'plan.stage' has the wrong kind: "marked"}}
module attributes {plan.stage = "marked"} {}

// -----

// expected-error @+1 {{cost_c1: no number of a cost is negative}}
module attributes {plan.model = {cost = #plan.cost<launches = -1, read = 0, written = 0, picoseconds = 0>}} {}

// -----

// expected-error @+1 {{decision_c1: a decision names the rule that made it}}
#decision_c1 = #plan.decision<choice = single, launch = stream, rule = "", origin = model, reason = single_unfused_stage, before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>>

// -----

// expected-error @+1 {{decision_c2: 'refused_rows' explains a refusal, not a choice}}
#decision_c2 = #plan.decision<choice = single, launch = stream, rule = "r", origin = model, reason = refused_rows, before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>>

// -----

// expected-error @+1 {{decision_c3: origin 'forced' and reason 'forced_by_user' go together}}
#decision_c3 = #plan.decision<choice = single, launch = stream, rule = "r", origin = forced, reason = single_faster, before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>>

// -----

// expected-error @+1 {{decision_c4: a rejection's reason begins with 'refused_', found 'single_faster'}}
#decision_c4 = #plan.decision<choice = single, launch = stream, rule = "r", origin = model, reason = single_faster, before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>, rejected = [<choice = fuse, reason = single_faster>]>

// -----

// expected-error @+1 {{mark_c1: group numbers start at 0, found -1}}
#mark_c1 = #plan.mark<group = -1, decision = #plan.decision<choice = single, launch = stream, rule = "r", origin = model, reason = single_faster, before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>>>

// -----

// expected-error @+1 {{mark_c2: a family's name and its config come together}}
#mark_c2 = #plan.mark<group = 0, decision = #plan.decision<choice = single, launch = stream, rule = "r", origin = model, reason = single_faster, before = <launches = 1, read = 1, written = 1, picoseconds = 0>, after = <launches = 1, read = 1, written = 1, picoseconds = 0>>, family = "row">

// -----

// expected-error @+1 {{slot_c1: a slot names its arena}}
#slot_c1 = #plan.slot<arena = "", offset = 0, bytes = 1>

// -----

// expected-error @+1 {{slot_c2: offset (-256) is at least 0, bytes (1) at least 1, their sum below 2^63}}
#slot_c2 = #plan.slot<arena = "a", offset = -256, bytes = 1>

// -----

// expected-error @+1 {{slot_c2: offset (0) is at least 0, bytes (0) at least 1, their sum below 2^63}}
#slot_c2 = #plan.slot<arena = "a", offset = 0, bytes = 0>

// -----

// expected-error @+1 {{slot_c2: offset (9223372036854775807) is at least 0, bytes (1) at least 1, their sum below 2^63}}
#slot_c2 = #plan.slot<arena = "a", offset = 9223372036854775807, bytes = 1>

// -----

// expected-error @+1 {{gemm_c1: m, n, k are at least 1 and workspace at least 0}}
#gemm_c1 = #plan.gemm<m = 0, n = 1, k = 1, type = bf16, epilogue = none, workspace = 0>

// -----

// expected-error @+1 {{gemm_c2: type is bf16 or f32, found 'i32'}}
#gemm_c2 = #plan.gemm<m = 1, n = 1, k = 1, type = i32, epilogue = none, workspace = 0>

// -----

func.func @body_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{body_c1: the body ends in 'plan.yield'}}
  plan.group {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    %b = decoder.add %a, %x : tensor<1x8xbf16>
  }
  return
}

// -----

ml_program.global private @w(#ml_program.extern) : tensor<1x8xbf16>
func.func @body_c2(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{body_c2: the body holds decoder ops, tensor.expand_shape, tensor.collapse_shape and tensor.extract_slice only, found 'ml_program.global_load_const'}}
  %0 = plan.single -> tensor<1x8xbf16> {
    // expected-note @+1 {{this op}}
    %w = ml_program.global_load_const @w : tensor<1x8xbf16>
    %a = decoder.add %w, %x : tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @body_c3(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{body_c3: yields ('tensor<1x8xbf16>'), results are ('tensor<1x9xbf16>')}}
  %0 = plan.single -> tensor<1x9xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @body_c4(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{body_c4: yielded value 0 is not computed in the body}}
  %0 = plan.single -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %x : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @body_c5(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{body_c5: yielded value 1 is yielded twice}}
  %0:2 = plan.single -> tensor<1x8xbf16>, tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %a, %a : tensor<1x8xbf16>, tensor<1x8xbf16>
  }
  return
}

// -----

func.func @config_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{config_c1: a family's name and its config come together}}
  %0 = plan.single family "row" -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @config_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{config_c1: a family's name and its config come together}}
  %0 = plan.group config {threads = 1} -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    %b = decoder.add %a, %x : tensor<1x8xbf16>
    plan.yield %b : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @config_c2(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{config_c2: configurations are i64; 'threads' is "many"}}
  %0 = plan.single family "row" config {threads = "many"} -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @group_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{group_c1: a group holds at least 2 decoder ops, found 1; one op is a 'plan.single'}}
  %0 = plan.group -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

func.func @single_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{single_c1: a single holds exactly 1 decoder op, found 2}}
  %0 = plan.single -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    %b = decoder.add %a, %x : tensor<1x8xbf16>
    plan.yield %b : tensor<1x8xbf16>
  }
  return
}

// -----

// expected-error @+1 {{kernel_c1: the body's arguments have the types of the kernel's type}}
"plan.kernel"() <{sym_name = "kernel_c1", family = "row", config = {}, function_type = (tensor<1x9xbf16>) -> tensor<1x8xbf16>}> ({
^bb0(%a: tensor<1x8xbf16>):
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}) : () -> ()

// -----

// expected-error @+1 {{kernel_c2: a kernel holds at least 1 decoder op}}
plan.kernel @kernel_c2 family "row" config {} () {
  plan.yield
}

// -----

// expected-error @+1 {{config_c1: a family's name and its config come together}}
plan.kernel @k family "" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}

// -----

// expected-error @+1 {{config_c2: configurations are i64; 'threads' is 4 : i32}}
plan.kernel @k family "row" config {threads = 4 : i32} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}

// -----

func.func @launch_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{launch_c1: no 'plan.kernel' named @k}}
  %0 = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

// expected-note @+1 {{this kernel}}
plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @launch_c2(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{launch_c2: the kernel's type is '(tensor<1x8xbf16>) -> tensor<1x8xbf16>'}}
  %0 = plan.launch @k(%x, %x) : (tensor<1x8xbf16>, tensor<1x8xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

// expected-note @+1 {{this kernel}}
plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @launch_c2(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{launch_c2: the kernel's type is}}
  %0 = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<2x8xbf16>
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @slots_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{slots_c1: one slot per result: 1 results, 2 slots}}
  %0 = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "a", offset = 0, bytes = 16>, <arena = "a", offset = 16, bytes = 16>]
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @slots_c2(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{slots_c2: result 0 has 16 bytes, its slot 32}}
  %0 = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "a", offset = 0, bytes = 32>]
  return
}

// -----

func.func @library_c1(%x: tensor<1x8xbf16>, %w: tensor<4x8xbf16>) {
  // expected-error @+1 {{library_c1: unknown routine 'cublas.gemm', known: cublaslt.matmul}}
  %0 = plan.library "cublas.gemm"(%x, %w) problem <m = 1, n = 4, k = 8, type = bf16, epilogue = none, workspace = 0> : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
  return
}

// -----

func.func @library_c2(%x: tensor<1x8xbf16>, %w: tensor<4x8xbf16>) {
  // expected-error @+1 {{library_c2: the problem wants operands ('tensor<1x8xbf16>', 'tensor<5x8xbf16>'), found ('tensor<1x8xbf16>', 'tensor<4x8xbf16>')}}
  %0 = plan.library "cublaslt.matmul"(%x, %w) problem <m = 1, n = 5, k = 8, type = bf16, epilogue = none, workspace = 0> : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
  return
}

// -----

func.func @library_c2(%x: tensor<1x8xbf16>, %w: tensor<4x8xbf16>) {
  // expected-error @+1 {{library_c2: the problem wants operands ('tensor<1x8xbf16>', 'tensor<4x8xbf16>', 'tensor<4xbf16>')}}
  %0 = plan.library "cublaslt.matmul"(%x, %w) problem <m = 1, n = 4, k = 8, type = bf16, epilogue = bias, workspace = 0> : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
  return
}

// -----

func.func @library_c3(%x: tensor<1x8xbf16>, %w: tensor<4x8xbf16>) {
  // expected-error @+1 {{library_c3: the problem's result is 'tensor<1x4xbf16>', found 'tensor<4x1xbf16>'}}
  %0 = plan.library "cublaslt.matmul"(%x, %w) problem <m = 1, n = 4, k = 8, type = bf16, epilogue = none, workspace = 0> : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<4x1xbf16>
  return
}

// -----

func.func @slots_c2(%x: tensor<1x8xbf16>, %w: tensor<4x8xbf16>) {
  // expected-error @+1 {{slots_c2: result 0 has 8 bytes, its slot 4}}
  %0 = plan.library "cublaslt.matmul"(%x, %w) problem <m = 1, n = 4, k = 8, type = bf16, epilogue = none, workspace = 0> : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16> slots [<arena = "a", offset = 0, bytes = 4>]
  return
}

// -----

func.func @tensor_c1(%x: tensor<1x8xf16>) {
  // expected-error @+1 {{tensor_c1: a static tensor of bf16, f32, i32 or i64, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = plan.launch @k(%x) : (tensor<1x8xf16>) -> tensor<1x8xbf16>
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @capture_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{capture_c1: the body ends in 'plan.yield'}}
  plan.capture {
    %a = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "a", offset = 0, bytes = 16>]
  }
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @capture_c2(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{capture_c2: yields ('tensor<1x8xbf16>'), results are ('tensor<1x9xbf16>')}}
  %0 = plan.capture -> tensor<1x9xbf16> {
    %a = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "a", offset = 0, bytes = 16>]
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @capture_c3(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{capture_c3: a capture holds launches, library calls and views only, found 'decoder.add'}}
  %0 = plan.capture -> tensor<1x8xbf16> {
    %a = decoder.add %x, %x : tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @capture_c4(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{capture_c4: 'plan.launch' cannot be captured: refused_not_placed: its results have no slots}}
  %0 = plan.capture -> tensor<1x8xbf16> {
    // expected-note @+1 {{this op}}
    %a = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16>
    plan.yield %a : tensor<1x8xbf16>
  }
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @capture_c4(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{capture_c4: 'plan.capture' cannot be captured: refused_capture: captures do not nest}}
  plan.capture {
    // expected-note @+1 {{this op}}
    plan.capture {
      plan.yield
    }
    plan.yield
  }
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @launch_c3(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{launch_c3: a programmatic launch stands in a capture}}
  %a = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "a", offset = 0, bytes = 16>] programmatic
  return
}

// -----

plan.kernel @k family "row" config {} (%a: tensor<1x8xbf16>) -> tensor<1x8xbf16> {
  %s = decoder.add %a, %a : tensor<1x8xbf16>
  plan.yield %s : tensor<1x8xbf16>
}
func.func @capture_c5(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{capture_c5: a programmatic launch stands behind a launch of the same capture}}
  plan.capture {
    // expected-note @+1 {{this op}}
    %a = plan.launch @k(%x) : (tensor<1x8xbf16>) -> tensor<1x8xbf16> slots [<arena = "a", offset = 0, bytes = 16>] programmatic
    plan.yield
  }
  return
}
