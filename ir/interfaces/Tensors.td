//===- Tensors.td - Which tensors Sinter computes with --------*- tablegen -*-===//

#ifndef SINTER_IR_INTERFACES_TENSORS_TD
#define SINTER_IR_INTERFACES_TENSORS_TD

include "mlir/IR/OpBase.td"

class Sinter_TensorOf<string condition, string summary>
    : Type<And<[CPred<"::sinter::isSinterTensor($_self)">, CPred<condition>]>, summary,
           "::mlir::RankedTensorType">;

class Sinter_IntegerVector<int width, string extent, string summary>
    : Sinter_TensorOf<"::sinter::isIntegerVector($_self, " # width # ", " # extent # ")", summary>;

def Sinter_Tensor : Sinter_TensorOf<"true",
    "tensor_c1: a static tensor of bf16, f32, i32 or i64, extents in 1 .. 2^31-1, at most 2^62 bytes">;
def Sinter_Float : Sinter_TensorOf<"::sinter::isFloatTensor($_self)",
    "tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes">;
def Sinter_Ids : Sinter_IntegerVector<32, "0", "tensor_c3: a static tensor of i32 and rank 1">;
def Sinter_Pages : Sinter_TensorOf<"::sinter::isPageTable($_self)",
    "tensor_c5: a static tensor of i32 and rank 2">;
def Sinter_Seed : Sinter_IntegerVector<64, "1", "tensor_c4: tensor<1xi64>">;

#endif // SINTER_IR_INTERFACES_TENSORS_TD
