//===- PlanDialect.td - What will run -------------------------*- tablegen -*-===//

#ifndef SINTER_IR_PLAN_PLANDIALECT_TD
#define SINTER_IR_PLAN_PLANDIALECT_TD

include "mlir/IR/OpBase.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::sinter::plan";
  let summary = "what runs, and why";
  let description = [{
    A plan groups the ops of the `decoder` dialect into kernels, library calls and
    captured graphs. Ops of `decoder` stay inside the regions of `plan` ops, as
    the specification of what the kernel computes; the reference interpreter can
    run every body.

    Each choice is an attribute (`#plan.decision`) with integer evidence: bytes,
    launches, picoseconds. Attributes that this dialect allows on ops of others:

    | attribute | on | meaning |
    | --- | --- | --- |
    | `plan.model` dictionary | module | the model's name and sizes, for people and reports |
    | `plan.target` string | module | device file that the plan is made for |
    | `plan.stage` `#plan.stage` | module | how far planning has come |
    | `plan.workload` `#plan.workload` | `func.func` | shape of the work that the entry does |
    | `plan.name` string | argument or result of `func.func` | name of the value in the plan |
    | `plan.slot` `#plan.slot` | argument of `func.func` | where the value lies |
    | `plan.priors` strings | `func.func` | numbers of the device file that the decisions rest on and nobody has measured: "edge_graph = 1880 ns" |
    | `plan.mark` `#plan.mark` | `decoder` op | decision and group, before groups are formed |
    | `plan.force` `#plan.choice` | `decoder` op | pins a choice; honoured or refused |

    Any other `plan.` attribute is refused.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral kModelAttr = "plan.model";
    static constexpr ::llvm::StringLiteral kTargetAttr = "plan.target";
    static constexpr ::llvm::StringLiteral kStageAttr = "plan.stage";
    static constexpr ::llvm::StringLiteral kWorkloadAttr = "plan.workload";
    static constexpr ::llvm::StringLiteral kPriorsAttr = "plan.priors";
    static constexpr ::llvm::StringLiteral kNameAttr = "plan.name";
    static constexpr ::llvm::StringLiteral kSlotAttr = "plan.slot";
    static constexpr ::llvm::StringLiteral kMarkAttr = "plan.mark";
    static constexpr ::llvm::StringLiteral kForceAttr = "plan.force";
  }];
}

class Plan_Op<string mnemonic, list<Trait> traits = []>
    : Op<Plan_Dialect, mnemonic, traits>;

#endif // SINTER_IR_PLAN_PLANDIALECT_TD
