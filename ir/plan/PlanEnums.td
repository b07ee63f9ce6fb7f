//===- PlanEnums.td - Words of decisions ----------------------*- tablegen -*-===//
//
// Every word that a decision, a verdict or a stage can say. Tools print these
// words and their sentences; tests match them.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_IR_PLAN_PLANENUMS_TD
#define SINTER_IR_PLAN_PLANENUMS_TD

include "ir/plan/PlanDialect.td"
include "mlir/IR/EnumAttr.td"

class Plan_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::sinter::plan";
  let genSpecializedAttr = 0;
}

class Plan_EnumAttr<I32EnumAttr enumInfo, string mnemonic>
    : EnumAttr<Plan_Dialect, enumInfo, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def Plan_Choice : Plan_Enum<"Choice", "how an op is executed", [
    I32EnumAttrCase<"Fuse", 0, "fuse">,       // with its neighbours in one generated kernel
    I32EnumAttrCase<"Library", 1, "library">, // by a call of the vendor's library
    I32EnumAttrCase<"Single", 2, "single">,   // alone in one generated kernel
  ]>;
def Plan_ChoiceAttr : Plan_EnumAttr<Plan_Choice, "choice">;

def Plan_LaunchMode : Plan_Enum<"LaunchMode", "how a kernel reaches the GPU", [
    I32EnumAttrCase<"Stream", 0, "stream">,         // launched on a stream by the host
    I32EnumAttrCase<"Graph", 1, "graph">,           // node of a replayed graph
    I32EnumAttrCase<"Pdl", 2, "pdl">,               // graph node with programmatic dependent launch
    I32EnumAttrCase<"Persistent", 3, "persistent">, // task inside a kernel that stays resident
  ]>;

def Plan_Origin : Plan_Enum<"Origin", "where a decision's numbers come from", [
    I32EnumAttrCase<"Model", 0, "model">,       // cost model with the device file's constants
    I32EnumAttrCase<"Measured", 1, "measured">, // timed on the target
    I32EnumAttrCase<"Forced", 2, "forced">,     // pinned by plan.force
  ]>;

def Plan_Phase : Plan_Enum<"Phase", "what an entry of the module does", [
    I32EnumAttrCase<"Decode", 0, "decode">,   // one new token per sequence
    I32EnumAttrCase<"Prefill", 1, "prefill">, // a prompt, or a piece of one
    I32EnumAttrCase<"Verify", 2, "verify">,   // several guessed tokens per sequence
  ]>;

def Plan_Access : Plan_Enum<"Access", "how a kernel touches a buffer", [
    I32EnumAttrCase<"In", 0, "in">,
    I32EnumAttrCase<"InOut", 1, "inout">,
    I32EnumAttrCase<"Out", 2, "out">,
  ]>;

// Stages in the order in which the pipeline reaches them.
def Plan_Stage : Plan_Enum<"Stage", "how far planning has come", [
    I32EnumAttrCase<"Imported", 0, "imported">,
    I32EnumAttrCase<"Normalized", 1, "normalized">,
    I32EnumAttrCase<"Packed", 2, "packed">,
    I32EnumAttrCase<"Marked", 3, "marked">,
    I32EnumAttrCase<"Grouped", 4, "grouped">,
    I32EnumAttrCase<"Selected", 5, "selected">,
    I32EnumAttrCase<"Outlined", 6, "outlined">,
    I32EnumAttrCase<"Placed", 7, "placed">,
    I32EnumAttrCase<"Captured", 8, "captured">,
  ]>;
def Plan_StageAttr : Plan_EnumAttr<Plan_Stage, "stage">;

def Plan_Library : Plan_Enum<"Library", "calls of vendor libraries", [
    I32EnumAttrCase<"CublasLtMatmul", 0, "cublaslt.matmul">,
  ]>;

def Plan_Epilogue : Plan_Enum<"Epilogue", "what a matmul does with its result before it is stored", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Bias", 1, "bias">,
  ]>;

//===----------------------------------------------------------------------===//
// Reasons
//===----------------------------------------------------------------------===//

class Reason<string symbol, int value, string word, string sentence> {
  string sym = symbol;
  int val = value;
  string str = word;
  string text = sentence;
}

// Values are stable: append, never renumber. `fuse_*`, `library_*` and
// `single_*` say why something was chosen; `refused_*` why it was not.
defvar planReasons = [
  Reason<"FuseSavesLaunch", 0, "fuse_saves_launch",
         "one launch instead of several, and the intermediate values stay on chip">,
  Reason<"FuseSavesTraffic", 1, "fuse_saves_traffic",
         "the fused kernel moves fewer bytes than its parts">,
  Reason<"LibraryFaster", 2, "library_faster",
         "the library's kernel is priced below every generated one">,
  Reason<"SingleFaster", 3, "single_faster",
         "a kernel of its own is priced below every fusion and the library">,
  Reason<"SingleUnfusedStage", 4, "single_unfused_stage",
         "one kernel per op was asked for; nothing is fused at this stage">,
  Reason<"ForcedByUser", 5, "forced_by_user", "plan.force pins this choice">,
  Reason<"RefusedNoFamily", 10, "refused_no_family",
         "no kernel family covers these ops">,
  Reason<"RefusedOp", 11, "refused_op", "the family does not cover this op">,
  Reason<"RefusedGroupSize", 12, "refused_group_size",
         "the family takes fewer or more ops than the group holds">,
  Reason<"RefusedRows", 13, "refused_rows",
         "the family does not cover this number of rows">,
  Reason<"RefusedElementType", 14, "refused_element_type",
         "the family does not cover this element type">,
  Reason<"RefusedShape", 15, "refused_shape",
         "the family does not cover a shape of this kind">,
  Reason<"RefusedHeadDim", 16, "refused_head_dim",
         "the family does not cover this head dimension">,
  Reason<"RefusedHeads", 17, "refused_heads",
         "the family does not cover this number of query heads per KV head">,
  Reason<"RefusedContext", 18, "refused_context",
         "the family does not cover this many positions">,
  Reason<"RefusedLiveOut", 19, "refused_live_out",
         "a value inside the group is needed outside, and the family cannot store it">,
  Reason<"RefusedSharedMemory", 20, "refused_shared_memory",
         "the kernel needs more shared memory than a block may have">,
  Reason<"RefusedRegisters", 21, "refused_registers",
         "the kernel needs more registers than the device has for its block">,
  Reason<"RefusedBlockSize", 22, "refused_block_size",
         "the block has more threads than the device allows">,
  Reason<"RefusedGridSize", 23, "refused_grid_size",
         "the grid has more blocks than the device allows">,
  Reason<"RefusedResidency", 24, "refused_residency",
         "a cooperative grid does not fit the device at once">,
  Reason<"RefusedDeviceFeature", 25, "refused_device_feature",
         "the device lacks an instruction that the kernel needs">,
  Reason<"RefusedAtLoadTime", 26, "refused_at_load_time",
         "this op is done once while weights are loaded, not in a kernel of the step">,
  Reason<"RefusedOnHost", 27, "refused_on_host",
         "this op is done by the runtime between steps">,
  Reason<"RefusedReductionBarrier", 28, "refused_reduction_barrier",
         "the consumer needs a whole reduction that other blocks compute">,
  Reason<"RefusedRecompute", 29, "refused_recompute",
         "every block would compute the producer again, at a higher cost than a launch">,
  Reason<"RefusedNotPlaced", 30, "refused_not_placed",
         "a captured op needs slots for all its results">,
  Reason<"RefusedNotRequested", 31, "refused_not_requested",
         "this alternative was not asked for">,
  Reason<"RefusedSlower", 32, "refused_slower",
         "this alternative is priced above the choice">,
  Reason<"RefusedLibraryEpilogue", 33, "refused_library_epilogue",
         "the library has no epilogue or prologue for a neighbour in the group">,
  Reason<"RefusedCapture", 34, "refused_capture",
         "the op cannot be part of a captured graph">,
  Reason<"RefusedConfiguration", 35, "refused_configuration",
         "the family cannot be written in this configuration">,
];

def Plan_Reason : Plan_Enum<"Reason", "why a choice was made or refused",
    !foreach(r, planReasons, I32EnumAttrCase<r.sym, r.val, r.str>)>;

// Same values, with sentences in place of codes: what describe(Reason) reads.
def Plan_ReasonText : Plan_Enum<"ReasonText", "sentences of the reasons",
    !foreach(r, planReasons, I32EnumAttrCase<r.sym, r.val, r.text>)>;

#endif // SINTER_IR_PLAN_PLANENUMS_TD
