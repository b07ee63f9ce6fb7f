//===- PlanOps.td - Groups, kernels, launches -----------------*- tablegen -*-===//

#ifndef SINTER_IR_PLAN_PLANOPS_TD
#define SINTER_IR_PLAN_PLANOPS_TD

include "ir/interfaces/Interfaces.td"
include "ir/interfaces/Tensors.td"
include "ir/plan/PlanAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

class Plan_RegionOp<string mnemonic>
    : Plan_Op<mnemonic, [SingleBlock, NoRegionArguments, RecursiveMemoryEffects,
                         RecursivelySpeculatable]> {
  let arguments = (ins OptionalAttr<StrAttr>:$family, OptionalAttr<DictionaryAttr>:$config,
                       OptionalAttr<Plan_DecisionAttr>:$why);
  let results = (outs Variadic<Sinter_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`family` $family^)? (`config` $config^)? (`why` custom<Decision>($why)^)? attr-dict-with-keyword
    (`->` type($results)^)? $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBodyBlock() { return &getBody().front(); }
    /// Operands of the terminator: one per result.
    ::mlir::OperandRange getYielded() { return getBodyBlock()->getTerminator()->getOperands(); }
  }];
}

def Plan_GroupOp : Plan_RegionOp<"group"> {
  let summary = "ops that will be one kernel";
  let description = [{
    Two or more `decoder` ops (and views) that run as one kernel. Values from
    outside are used directly; results are what the rest of the function needs.
    A group has one point in program order, so it is convex by construction.

    ```mlir
    %y = plan.group why #decision -> tensor<1x256xbf16> {
      %n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x128xbf16>, tensor<128xbf16>
      %q = decoder.linear %n by %w : (tensor<1x128xbf16>, tensor<256x128xbf16>) -> tensor<1x256xbf16>
      plan.yield %q : tensor<1x256xbf16>
    }
    ```
  }];
}

def Plan_SingleOp : Plan_RegionOp<"single"> {
  let summary = "one op that will be one kernel";
  let description = [{
    A group of exactly one `decoder` op: decided, never left over.

    ```mlir
    %y = plan.single family "row" config {threads = 128} why #decision -> tensor<1x128xbf16> {
      %s = decoder.add %a, %b : tensor<1x128xbf16>
      plan.yield %s : tensor<1x128xbf16>
    }
    ```
  }];
}

def Plan_CaptureOp : Plan_Op<"capture", [SingleBlock, NoRegionArguments, RecursiveMemoryEffects,
    RecursivelySpeculatable, DeclareOpInterfaceMethods<KernelOpInterface>]> {
  let summary = "a run of launches that is replayed as one graph";
  let description = [{
    Holds launches and library calls whose results all have slots, and views. What
    changes per token is read from device memory, so a replay updates nothing. A
    launch that is `programmatic` may start before the launch before it has ended:
    its kernel waits for what it reads.

    ```mlir
    %y = plan.capture -> tensor<1x128xbf16> {
      %s = plan.launch @add_0(%a, %b) : (tensor<1x128xbf16>, tensor<1x128xbf16>) -> tensor<1x128xbf16>
        slots [<arena = "activations", offset = 0, bytes = 256>]
      plan.yield %s : tensor<1x128xbf16>
    }
    ```
  }];
  let results = (outs Variadic<Sinter_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword (`->` type($results)^)? $body";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBodyBlock() { return &getBody().front(); }
  }];
}

def Plan_YieldOp : Plan_Op<"yield", [Pure, Terminator,
    ParentOneOf<["GroupOp", "SingleOp", "CaptureOp", "KernelOp"]>]> {
  let summary = "ends a body and names its results";
  let description = [{
    ```mlir
    plan.yield %y : tensor<1x128xbf16>
    ```
  }];
  let arguments = (ins Variadic<Sinter_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def Plan_KernelOp : Plan_Op<"kernel", [IsolatedFromAbove, Symbol, SingleBlock,
                                       HasParent<"::mlir::ModuleOp">]> {
  let summary = "a generated kernel and its specification";
  let description = [{
    The body says what the kernel computes; `family` and `config` say which code is
    printed for it. Equal layers share one kernel. Parameters of the printed
    kernel: the arguments in order, then the results in order; a result that is a
    `kv_append` into an argument is that argument's buffer, updated in place.

    ```mlir
    plan.kernel @add_0 family "row" config {threads = 128} (%a: tensor<1x128xbf16>, %b: tensor<1x128xbf16>) -> tensor<1x128xbf16> {
      %s = decoder.add %a, %b : tensor<1x128xbf16>
      plan.yield %s : tensor<1x128xbf16>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$family, DictionaryAttr:$config,
                       TypeAttrOf<FunctionType>:$function_type);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let builders = [
    OpBuilder<(ins "::llvm::StringRef":$name, "::llvm::StringRef":$family,
                   "::mlir::DictionaryAttr":$config, "::mlir::FunctionType":$type)>
  ];
  let extraClassDeclaration = [{
    ::mlir::Block *getBodyBlock() { return &getBody().front(); }
    ::mlir::OperandRange getYielded() { return getBodyBlock()->getTerminator()->getOperands(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    /// The argument whose buffer result `index` updates in place (kv_append),
    /// if there is one.
    std::optional<unsigned> getTiedArgument(unsigned index);
  }];
}

def Plan_LaunchOp : Plan_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<KernelOpInterface>, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "runs a kernel";
  let description = [{
    Pure on tensors until its results have slots; from then on it writes memory,
    and keeps its place in the schedule.

    ```mlir
    %s = plan.launch @add_0(%a, %b) : (tensor<1x128xbf16>, tensor<1x128xbf16>) -> tensor<1x128xbf16>
      slots [<arena = "activations", offset = 0, bytes = 256>] why #decision
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Sinter_Tensor>:$inputs,
                       OptionalAttr<TypedArrayAttrBase<Plan_SlotAttr, "slots">>:$slots,
                       OptionalAttr<Plan_DecisionAttr>:$why, UnitAttr:$programmatic);
  let results = (outs Variadic<Sinter_Tensor>:$results);
  let assemblyFormat = [{
    $kernel `(` $inputs `)` `:` functional-type($inputs, $results) (`slots` custom<Slots>($slots)^)?
    (`programmatic` $programmatic^)? (`why` custom<Decision>($why)^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// The operand whose buffer result `index` updates in place, if there is
    /// one. `symbols` may be a fresh collection.
    std::optional<unsigned> getTiedOperand(unsigned index, ::mlir::SymbolTableCollection &symbols);
    ::sinter::plan::KernelOp lookupKernel(::mlir::SymbolTableCollection &symbols);
  }];
}

def Plan_LibraryOp : Plan_Op<"library", [DeclareOpInterfaceMethods<KernelOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "calls the vendor's library";
  let description = [{
    The operands are x, weight and, with `epilogue = bias`, bias.

    ```mlir
    %y = plan.library "cublaslt.matmul"(%x, %w) problem <m = 1, n = 256, k = 128, type = bf16, epilogue = none, workspace = 0>
      : (tensor<1x128xbf16>, tensor<256x128xbf16>) -> tensor<1x256xbf16>
    ```
  }];
  let arguments = (ins StrAttr:$routine, Variadic<Sinter_Tensor>:$inputs, Plan_GemmAttr:$problem,
                       OptionalAttr<TypedArrayAttrBase<Plan_SlotAttr, "slots">>:$slots,
                       OptionalAttr<Plan_DecisionAttr>:$why);
  let results = (outs Sinter_Tensor:$result);
  let assemblyFormat = [{
    $routine `(` $inputs `)` `problem` $problem `:` functional-type($inputs, $result)
    (`slots` custom<Slots>($slots)^)? (`why` custom<Decision>($why)^)? attr-dict
  }];
  let hasVerifier = 1;
}

#endif // SINTER_IR_PLAN_PLANOPS_TD
