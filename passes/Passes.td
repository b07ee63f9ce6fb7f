//===- Passes.td - From a decoder to a placed plan ------------*- tablegen -*-===//
//
// A pass that decides only annotates; a pass that restructures only obeys. Each
// pass moves the module's `plan.stage` one step on, refuses a module that has
// not reached its stage (naming the pass to run first) and, run a second time,
// changes nothing. Device files are given by the option `target`; without it the
// module's `plan.target` counts, then "h200".
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_PASSES_PASSES_TD
#define SINTER_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

class Sinter_Pass<string name> : Pass<name, "::mlir::ModuleOp"> {
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect",
    "::mlir::ml_program::MLProgramDialect", "::sinter::decoder::DecoderDialect",
    "::sinter::plan::PlanDialect"
  ];
}

def Sinter_Target : Option<"target", "target", "std::string", "",
    "name of a device file inside the program, or path of one">;

def DecoderNormalize : Sinter_Pass<"decoder-normalize"> {
  let summary = "one way to write each decoder graph";
  let description = [{
    imported -> normalized. Equal pure ops become one (so each weight is loaded
    once per function), reshapes of reshapes are folded, unused ops go, and
    weight loads and reshapes stand directly before the first op that needs them.

    Before:
    ```mlir
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %v = ml_program.global_load_const @w : tensor<8x8xbf16>
    %a = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    %b = decoder.linear %a by %v : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    ```
    After:
    ```mlir
    %w = ml_program.global_load_const @w : tensor<8x8xbf16>
    %a = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    %b = decoder.linear %a by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    ```
    Refuses a module that is past this stage.
  }];
}

def DecoderPackWeights : Sinter_Pass<"decoder-pack-weights"> {
  let summary = "linear layers with one input as one, on one packed weight";
  let description = [{
    normalized -> packed. Linear layers that read one value (through views),
    all with a bias or all without, become one `decoder.linear` on a
    `decoder.pack_weights`, biases packed likewise; their results are slices of
    its result, each directly before the first op that needs it. The location
    joins those of the parts. With the layout `none` only the stage moves on.

    Left alone: more than one row, as a part of [rows, lines] does not lie in one
    run of memory then; a weight that another op reads too, as it would be stored
    twice; a layer whose result is returned; layers that differ in attributes;
    parts that would not begin at a multiple of 8 lines, as kernels want it.

    Before:
    ```mlir
    %k = decoder.linear %x by %wk : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
    %v = decoder.linear %x by %wv : (tensor<1x8xbf16>, tensor<4x8xbf16>) -> tensor<1x4xbf16>
    ```
    After:
    ```mlir
    %w = decoder.pack_weights concat(%wk, %wv) : (tensor<4x8xbf16>, tensor<4x8xbf16>) -> tensor<8x8xbf16>
    %kv = decoder.linear %x by %w : (tensor<1x8xbf16>, tensor<8x8xbf16>) -> tensor<1x8xbf16>
    %k = tensor.extract_slice %kv[0, 0] [1, 4] [1, 1] : tensor<1x8xbf16> to tensor<1x4xbf16>
    %v = tensor.extract_slice %kv[0, 4] [1, 4] [1, 1] : tensor<1x8xbf16> to tensor<1x4xbf16>
    ```
    Refuses an unknown layout.
  }];
  let options = [
    Option<"layout", "layout", "std::string", "\"concat\"",
           "none or concat">
  ];
}

def PlanMark : Sinter_Pass<"plan-mark"> {
  let summary = "decides how each op runs, and writes down why";
  let description = [{
    packed -> marked. Every decoder op of the step gets a `plan.mark`: its group,
    its decision and, for a generated kernel, family and configuration. Every group
    that a family or the library runs is priced with the device file per execution
    mode; `decisions` says what is chosen from them:

    | decisions | rule | chosen |
    | --- | --- | --- |
    | single | one-kernel-per-op | every op alone in its cheapest kernel |
    | library | library-per-linear | every linear layer by the vendor's library, between them the cheapest |
    | greedy | greedy-gain-queue | groups by what they save, most first |
    | exact | exact-cheapest | the cheapest plan of all |

    The mode is `mode` or the one with the cheapest plan, the same for all ops of
    an entry. `before` is what the ops cost alone in that mode. Groups are numbered
    in the order in which they run. `plan.force` and the options `force`,
    `forbid` and `kernel-config` (globs over names of ops) are honoured or refused; a
    configuration need not be one that the family enumerates. What the prices
    rest on without a measurement is listed in `plan.priors` of the function.

    Before:
    ```mlir
    %p = decoder.linear %x by %w : (tensor<1x128xbf16>, tensor<128x128xbf16>) -> tensor<1x128xbf16>
    %y = decoder.add %x, %p : tensor<1x128xbf16>
    ```
    After:
    ```mlir
    %p = decoder.linear %x by %w {plan.mark = #plan.mark<group = 0, decision = #decision, family = "gemv",
      config = {rows = 1 : i64, turns = 1 : i64, unroll = 1 : i64, warps = 1 : i64}>} : (tensor<1x128xbf16>, tensor<128x128xbf16>) -> tensor<1x128xbf16>
    %y = decoder.add %x, %p {plan.mark = #plan.mark<group = 0, decision = #decision, family = "gemv",
      config = {rows = 1 : i64, turns = 1 : i64, unroll = 1 : i64, warps = 1 : i64}>} : tensor<1x128xbf16>
    // #decision = #plan.decision<choice = fuse, launch = pdl, rule = "exact-cheapest", origin = model, reason = fuse_saves_launch, ...
    ```
    Refuses: an op that nothing runs, with the reason; a function without
    `plan.workload`; forces that contradict each other or that nothing honours; a
    pattern that matches no op; a mode that the device lacks; an unknown device, or
    another than the module's `plan.target`.
  }];
  let options = [
    Sinter_Target,
    Option<"decisions", "decisions", "std::string", "\"exact\"",
           "single, library, greedy or exact">,
    Option<"mode", "mode", "std::string", "",
           "stream, graph or pdl; by default the cheapest">,
    ListOption<"force", "force", "std::string",
               "PATTERN=fuse, PATTERN=library or PATTERN=single">,
    ListOption<"forbid", "forbid", "std::string",
               "patterns of ops that no group of several ops may hold">,
    ListOption<"kernelConfig", "kernel-config", "std::string",
               "PATTERN=NAME=NUMBER;NAME=NUMBER;...">,
    Option<"configs", "configs", "bool", "true",
           "write the chosen families and configurations into the marks">
  ];
}

def PlanFormGroups : Sinter_Pass<"plan-form-groups"> {
  let summary = "turns marks into groups";
  let description = [{
    marked -> grouped. Ops with one group number become a `plan.group`, one op alone
    a `plan.single`, a linear layer for the library a `plan.library`; they stand in
    the order of their numbers, and decision, family and configuration of the mark
    become theirs. Views of what a group computes move in with the ops that read
    them, and so does a slice from outside, since kernels get whole buffers. Every
    group is one action with the tag "form-group", so that debug counters can leave
    out any of them.

    Before:
    ```mlir
    %p = decoder.linear %x by %w {plan.mark = #plan.mark<group = 0, decision = #decision>} : (tensor<1x128xbf16>, tensor<128x128xbf16>) -> tensor<1x128xbf16>
    %y = decoder.add %x, %p {plan.mark = #plan.mark<group = 0, decision = #decision>} : tensor<1x128xbf16>
    ```
    After:
    ```mlir
    %y = plan.group why #decision -> tensor<1x128xbf16> {
      %p = decoder.linear %x by %w : (tensor<1x128xbf16>, tensor<128x128xbf16>) -> tensor<1x128xbf16>
      %s = decoder.add %x, %p : tensor<1x128xbf16>
      plan.yield %s : tensor<1x128xbf16>
    }
    ```
    Refuses: an op without a mark; numbers that leave one out; ops of one group with
    different marks; a `single` or `library` of several ops, a `fuse` of one; a
    `library` of anything but a linear layer; a group before one that it needs.
  }];
}

def PlanSelectKernels : Sinter_Pass<"plan-select-kernels"> {
  let summary = "chooses a kernel family and a configuration for each group";
  let description = [{
    grouped -> selected. Groups without a family get the first that accepts them, in
    the order of the registry, and the configuration `config` of those that it
    lists. Families and configurations that plan-mark chose are checked. `after` of
    the decision becomes the work of that configuration.

    Before:
    ```mlir
    %y = plan.single why #decision -> tensor<1x128xbf16> { ... }
    ```
    After:
    ```mlir
    %y = plan.single family "row" config {threads = 128} why #decision -> tensor<1x128xbf16> { ... }
    ```
    Refuses: a group that no family, or not the one chosen, accepts; a configuration
    that the family does not list; an unknown device, or another than the module's
    `plan.target`.
  }];
  let options = [
    Sinter_Target,
    Option<"config", "config", "unsigned", "0",
           "which of a family's configurations to take where plan-mark chose none; the last, where it has fewer">
  ];
}

def PlanOutlineKernels : Sinter_Pass<"plan-outline-kernels"> {
  let summary = "turns groups into kernels and launches";
  let description = [{
    selected -> outlined. The body of each group becomes a `plan.kernel`; groups
    with equal bodies, families and configurations share one, so equal layers
    cost one kernel. A kernel is named by its family, its first op and a number.

    Before:
    ```mlir
    %y = plan.single family "row" config {threads = 128} why #decision -> tensor<1x128xbf16> {
      %s = decoder.add %a, %b : tensor<1x128xbf16>
      plan.yield %s : tensor<1x128xbf16>
    }
    ```
    After:
    ```mlir
    %y = plan.launch @row_add_0(%a, %b) : (tensor<1x128xbf16>, tensor<1x128xbf16>) -> tensor<1x128xbf16> why #decision
    // and in the module:
    plan.kernel @row_add_0 family "row" config {threads = 128} (%a: tensor<1x128xbf16>, %b: tensor<1x128xbf16>) -> tensor<1x128xbf16> {
      %s = decoder.add %a, %b : tensor<1x128xbf16>
      plan.yield %s : tensor<1x128xbf16>
    }
    ```
    Refuses: a group without family and configuration; a decoder op outside any
    group.
  }];
}

def PlanAssignBuffers : Sinter_Pass<"plan-assign-buffers"> {
  let summary = "gives every value a place in an arena";
  let description = [{
    outlined -> placed. Caches lie in the arena "cache" and keep their place for
    good; other arguments and what the function returns lie in "io"; all other
    values in "activations", first fit over the one schedule, 256-byte aligned.
    A tied result (kv_append) has the slot of its operand, a reshape has the slot
    of what it reshapes, a weight has none. Functions share caches by
    name, inputs and outputs by name and type, and the bytes of "activations".
    What a launch needs is not overwritten by the launch behind it where that one
    may start early (mode pdl).

    Before:
    ```mlir
    %y = plan.launch @row_add_0(%a, %b) : (tensor<1x128xbf16>, tensor<1x128xbf16>) -> tensor<1x128xbf16>
    ```
    After:
    ```mlir
    %y = plan.launch @row_add_0(%a, %b) : (tensor<1x128xbf16>, tensor<1x128xbf16>) -> tensor<1x128xbf16>
      slots [<arena = "activations", offset = 512, bytes = 256>]
    ```
    Refuses: a cache that is read, or appended to a second time, after an append;
    a returned value that is a weight; two caches of one name and different
    sizes.
  }];
}

def PlanFormCaptures : Sinter_Pass<"plan-form-captures"> {
  let summary = "puts the launches of an entry into one graph";
  let description = [{
    placed -> captured. Where the decisions of an entry say `graph` or `pdl`, all
    its launches, library calls and views move into one `plan.capture`, behind the
    weights. In mode `pdl` a launch right behind a launch is `programmatic`: every
    kernel waits for its producers itself. The library's do not, so beside a call
    of it nothing is. Mode `stream` changes nothing.

    Before:
    ```mlir
    %y = plan.launch @a(%x) ... slots [...] why #pdl
    %z = plan.launch @b(%y) ... slots [...] why #pdl
    return %z : tensor<1x128xbf16>
    ```
    After:
    ```mlir
    %c = plan.capture -> tensor<1x128xbf16> {
      %y = plan.launch @a(%x) ... slots [...] why #pdl
      %z = plan.launch @b(%y) ... slots [...] programmatic why #pdl
      plan.yield %z : tensor<1x128xbf16>
    }
    return %c : tensor<1x128xbf16>
    ```
    Refuses: an entry whose launches disagree on the mode, or ask for
    `persistent`; a launch without slots.
  }];
}

def PlanVerifyStage : Sinter_Pass<"plan-verify-stage"> {
  let summary = "checks the contract of the stage that the module has reached";
  let description = [{
    Changes nothing. Each message names the op, the broken rule and the pass to
    run. With `stage`, also that this very stage has been reached.

    | stage | contract |
    | --- | --- |
    | imported | entries have a workload and named arguments and results; bodies hold decoder ops, reshapes and weight loads; a cache is not read after its append |
    | normalized | and each weight is loaded once per function, nothing is unused |
    | packed | and what is packed are whole weights |
    | marked | and each decoder op of the step has a `plan.mark`, groups are numbered in the order in which they run |
    | grouped | every decoder op of the step is in a single or group with a decision, slices too; no marks |
    | selected | each group has a family that accepts it and one of its configurations |
    | outlined | launches only; each kernel is launched, and its family accepts it |
    | placed | every argument and launch has slots; reads see what was written for them; nothing is overwritten beside a launch that still runs |
    | captured | and captures hold the launches of entries in modes graph and pdl, with their programmatic edges |
  }];
  let options = [
    Sinter_Target,
    Option<"stage", "stage", "std::string", "", "the stage that must have been reached">
  ];
}

#endif // SINTER_PASSES_PASSES_TD
