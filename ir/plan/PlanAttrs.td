//===- PlanAttrs.td - Workloads, costs, decisions, slots ------*- tablegen -*-===//

#ifndef SINTER_IR_PLAN_PLANATTRS_TD
#define SINTER_IR_PLAN_PLANATTRS_TD

include "ir/plan/PlanEnums.td"
include "mlir/IR/AttrTypeBase.td"

class Plan_Attr<string name, string attrMnemonic> : AttrDef<Plan_Dialect, name> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

def Plan_WorkloadAttr : Plan_Attr<"Workload", "workload"> {
  let summary = "shape of the work that one entry does";
  let description = [{
    `batch` sequences, `tokens` new tokens of each (1 in phase `decode`), the last
    of which attends `context` positions. The caches hold `max_context` positions.
    `context` is what is priced and counted; the plan runs at every position up
    to `max_context`.

    ```mlir
    #plan.workload<phase = decode, batch = 1, tokens = 1, context = 512, max_context = 2048>
    ```
  }];
  let parameters = (ins EnumParameter<Plan_Phase>:$phase, "int64_t":$batch,
                        "int64_t":$tokens, "int64_t":$attended, "int64_t":$capacity);
  // Accessors cannot be called getContext: that is the attribute's own.
  let assemblyFormat = [{
    `<` `phase` `=` $phase `,` `batch` `=` $batch `,` `tokens` `=` $tokens `,`
    `context` `=` $attended `,` `max_context` `=` $capacity `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::sinter::Workload workload() const;
    static WorkloadAttr get(::mlir::MLIRContext *ctx, const ::sinter::Workload &workload);
  }];
}

def Plan_CostAttr : Plan_Attr<"Cost", "cost"> {
  let summary = "integer evidence of a decision";
  let description = [{
    Launches, bytes read from and written to device memory, and predicted time in
    picoseconds (0: no cost model ran).

    ```mlir
    #plan.cost<launches = 2, read = 50356224, written = 20480, picoseconds = 14800000>
    ```
  }];
  let parameters = (ins "int64_t":$launches, "int64_t":$read, "int64_t":$written,
                        "int64_t":$picoseconds);
  let genVerifyDecl = 1;
}

def Plan_RejectionAttr : Plan_Attr<"Rejection", "rejection"> {
  let summary = "an alternative that was not chosen";
  let description = [{
    ```mlir
    #plan.rejection<choice = library, reason = refused_slower, cost = <launches = 1, read = 50348032, written = 12288, picoseconds = 13900000>>
    ```
  }];
  let parameters = (ins EnumParameter<Plan_Choice>:$choice, EnumParameter<Plan_Reason>:$reason,
                        OptionalParameter<"::sinter::plan::CostAttr">:$cost);
}

def Plan_RejectionsParameter : OptionalArrayRefParameter<"::sinter::plan::RejectionAttr"> {
  let parser = "::sinter::plan::parseRejections($_parser)";
  let printer = "::sinter::plan::printRejections($_printer, $_self)";
}

def Plan_DecisionAttr : Plan_Attr<"Decision", "decision"> {
  let summary = "a choice with its evidence";
  let description = [{
    `rule` names what decided. `before` is the cost of the ops alone, `after` of
    what was chosen.

    ```mlir
    #plan.decision<choice = single, launch = stream, rule = "one-kernel-per-op", origin = model, reason = single_unfused_stage,
      before = <launches = 1, read = 256, written = 256, picoseconds = 0>, after = <launches = 1, read = 256, written = 256, picoseconds = 0>>
    ```
  }];
  let parameters = (ins EnumParameter<Plan_Choice>:$choice, EnumParameter<Plan_LaunchMode>:$launch,
                        StringRefParameter<"what decided">:$rule, EnumParameter<Plan_Origin>:$origin,
                        EnumParameter<Plan_Reason>:$reason, "::sinter::plan::CostAttr":$before,
                        "::sinter::plan::CostAttr":$after, Plan_RejectionsParameter:$rejected);
  let genVerifyDecl = 1;
}

// Printed in full, so that an alias can stand for it.
def Plan_DecisionParameter : AttrParameter<"::sinter::plan::DecisionAttr", "decision"> {
  let printer = "$_printer << $_self";
}

def Plan_MarkAttr : Plan_Attr<"Mark", "mark"> {
  let summary = "a decision that is not yet applied";
  let description = [{
    Ops with the same `group` number become one group; groups run in the order of
    their numbers, which start at 0. `family` and `config` say which kernel was
    priced; without them plan-select-kernels chooses.

    ```mlir
    #plan.mark<group = 0, decision = #decision, family = "gemv", config = {rows = 4, turns = 1, unroll = 2, warps = 4}>
    ```
  }];
  let parameters = (ins "int64_t":$group, Plan_DecisionParameter:$decision,
                        OptionalParameter<"::mlir::StringAttr">:$family,
                        OptionalParameter<"::mlir::DictionaryAttr">:$config);
  let builders = [AttrBuilder<(ins "int64_t":$group, "::sinter::plan::DecisionAttr":$decision), [{
    return $_get($_ctxt, group, decision, ::mlir::StringAttr(), ::mlir::DictionaryAttr());
  }]>];
  let genVerifyDecl = 1;
}

def Plan_SlotAttr : Plan_Attr<"Slot", "slot"> {
  let summary = "where a value lies";
  let description = [{
    A byte range of an arena. Values in slots that overlap are never alive at the
    same time, or are the same buffer (a tied result).

    ```mlir
    #plan.slot<arena = "activations", offset = 0, bytes = 256>
    ```
  }];
  let parameters = (ins StringRefParameter<"name of the arena">:$arena, "int64_t":$offset,
                        "int64_t":$bytes);
  let genVerifyDecl = 1;
}

def Plan_GemmAttr : Plan_Attr<"Gemm", "gemm"> {
  let summary = "a matrix product that the vendor's library computes";
  let description = [{
    y[m, n] = x[m, k] W[n, k]^T (+ bias[n]); W as in the checkpoint, fp32
    accumulation, one rounding to `type`. `workspace` in bytes.

    ```mlir
    #plan.gemm<m = 1, n = 4096, k = 1024, type = bf16, epilogue = none, workspace = 0>
    ```
  }];
  let parameters = (ins "int64_t":$m, "int64_t":$n, "int64_t":$k, "::mlir::Type":$type,
                        EnumParameter<Plan_Epilogue>:$epilogue, "int64_t":$workspace);
  let genVerifyDecl = 1;
}

#endif // SINTER_IR_PLAN_PLANATTRS_TD
