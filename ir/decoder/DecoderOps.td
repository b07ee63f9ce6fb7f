//===- DecoderOps.td - The parts of a decoder -----------------*- tablegen -*-===//

#ifndef SINTER_IR_DECODER_DECODEROPS_TD
#define SINTER_IR_DECODER_DECODEROPS_TD

include "ir/decoder/DecoderDialect.td"
include "ir/interfaces/Interfaces.td"
include "ir/interfaces/Tensors.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Decoder_Op<string mnemonic, list<Trait> traits = []>
    : Op<Decoder_Dialect, mnemonic, traits # [Pure, DeclareOpInterfaceMethods<TrafficOpInterface>,
          DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let hasVerifier = 1;
}

// The result has one i32 per row of `operand`.
class Decoder_OneIdPerRow<string label, string operand>
    : TypesMatchWith<label # ": the result is one i32 per row", operand, "result",
                     "::sinter::decoder::oneIdPerRow($_self)">;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

def Decoder_EmbedOp : Decoder_Op<"embed"> {
  let summary = "rows of the embedding table";
  let description = [{
    y[r, :] = table[ids[r], :]. An id outside 0 .. V-1 is an error at run time.

    ```mlir
    %x = decoder.embed %ids from %table : tensor<1xi32>, tensor<2048x128xbf16> -> tensor<1x128xbf16>
    ```
  }];
  let arguments = (ins Sinter_Ids:$ids, Sinter_Float:$table);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    $ids `from` $table attr-dict `:` type($ids) `,` type($table) `->` type($result)
  }];
}

def Decoder_RmsNormOp : Decoder_Op<"rms_norm", [
    TypesMatchWith<"rms_norm_c1: the result has the type of the input", "input", "result", "$_self">]> {
  let summary = "root-mean-square normalisation of the last dimension, times a gain";
  let description = [{
    y = (x * rsqrt(mean(x^2) + eps)) * gain over the last dimension. Rank 2 is the
    norm of a hidden state, rank 3 that of each query or key head.

    ```mlir
    %y = decoder.rms_norm %x gain %w eps 1.0e-6 : tensor<1x128xbf16>, tensor<128xbf16>
    ```
  }];
  let arguments = (ins Sinter_Float:$input, Sinter_Float:$gain, F64Attr:$eps);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = "$input `gain` $gain `eps` custom<Double>($eps) attr-dict `:` type($input) `,` type($gain)";
  let extraClassDeclaration = "double epsValue() { return getEps().convertToDouble(); }";
}

def Decoder_LinearOp : Decoder_Op<"linear"> {
  let summary = "x W^T, plus a bias";
  let description = [{
    y[r, o] = sum_i x[r, i] * W[o, i] (+ bias[o]), accumulated in fp32, rounded once.

    ```mlir
    %q = decoder.linear %x by %w bias %b
      : (tensor<1x128xbf16>, tensor<256x128xbf16>, tensor<256xbf16>) -> tensor<1x256xbf16>
    ```
  }];
  let arguments = (ins Sinter_Float:$input, Sinter_Float:$weight, Optional<Sinter_Float>:$bias);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    $input `by` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, $result)
  }];
}

def Decoder_SwigluOp : Decoder_Op<"swiglu", [
    TypesMatchWith<"swiglu_c1: the result has the type of the gate", "gate", "result", "$_self">,
    TypesMatchWith<"swiglu_c2: gate and up have one type", "gate", "up", "$_self">]> {
  let summary = "silu(gate) * up";
  let description = [{
    y = round(silu(gate)) * up, silu(x) = x / (1 + exp(-x)).

    ```mlir
    %h = decoder.swiglu %gate, %up : tensor<1x384xbf16>
    ```
  }];
  let arguments = (ins Sinter_Float:$gate, Sinter_Float:$up);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = "$gate `,` $up attr-dict `:` type($gate)";
}

def Decoder_AddOp : Decoder_Op<"add", [
    TypesMatchWith<"add_c1: the result has the type of the operands", "lhs", "result", "$_self">,
    TypesMatchWith<"add_c2: the operands have one type", "lhs", "rhs", "$_self">]> {
  let summary = "sum of two tensors";
  let description = [{
    The residual connection: y = lhs + rhs, rounded.

    ```mlir
    %y = decoder.add %x, %o : tensor<1x128xbf16>
    ```
  }];
  let arguments = (ins Sinter_Float:$lhs, Sinter_Float:$rhs);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}

def Decoder_TakeRowsOp : Decoder_Op<"take_rows"> {
  let summary = "some rows of a tensor";
  let description = [{
    y[i, :] = x[rows[i], :]. Picks each sequence's last token before the head. A
    row outside 0 .. R-1 is an error at run time.

    ```mlir
    %last = decoder.take_rows %x at %rows : tensor<64x128xbf16>, tensor<1xi32> -> tensor<1x128xbf16>
    ```
  }];
  let arguments = (ins Sinter_Float:$input, Sinter_Ids:$rows);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    $input `at` $rows attr-dict `:` type($input) `,` type($rows) `->` type($result)
  }];
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

def Decoder_RopeOp : Decoder_Op<"rope", [
    TypesMatchWith<"rope_c1: the result has the type of the input", "input", "result", "$_self">]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates the pairs (i, i + head_dim / 2) of each head by position * theta^(-2i /
    head_dim): the rotate-half layout of the Hugging Face checkpoints.

    ```mlir
    %qr = decoder.rope %q at %pos theta 1.0e6 : tensor<1x4x32xbf16>, tensor<1xi32>
    %kr = decoder.rope %k at %pos theta 5.0e5 scaling <factor = 32.0, low = 1.0, high = 4.0, original = 8192>
      : tensor<1x2x32xbf16>, tensor<1xi32>
    ```
  }];
  let arguments = (ins Sinter_Float:$input, Sinter_Ids:$positions, F64Attr:$theta,
                       OptionalAttr<Decoder_Llama3ScalingAttr>:$scaling);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    $input `at` $positions `theta` custom<Double>($theta) (`scaling` $scaling^)? attr-dict `:`
    type($input) `,` type($positions)
  }];
  let extraClassDeclaration = "double thetaValue() { return getTheta().convertToDouble(); }";
}

def Decoder_KvAppendOp : Decoder_Op<"kv_append", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>, InferTypeOpAdaptor,
    PredOpTrait<"kv_append_c1: the result has the type of the cache",
                CPred<"$result.getType() == $cache.getType()">>]> {
  let summary = "the cache with new rows";
  let description = [{
    result = cache, but result[r / tokens, h, positions[r], :] = rows[r, h, :],
    tokens = R / batch. Used once for keys and once for values. A cache value has at
    most one append, and is not read after it, so the append happens in place. A
    position outside 0 .. capacity-1 is an error at run time; rows of one sequence
    have distinct positions.

    With a page table the cache is [pages, kv_heads, page, head_dim], and position p
    of sequence s is row p mod page of page pages[s, p / page].

    ```mlir
    %kc1 = decoder.kv_append %k at %pos into %kc : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<1x2x2048x32xbf16>
    %kp1 = decoder.kv_append %k at %pos through %pages into %kp
      : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<40x2x64x32xbf16>, tensor<1x32xi32>
    ```
  }];
  let arguments = (ins Sinter_Float:$rows, Sinter_Ids:$positions, Optional<Sinter_Pages>:$pages,
                       Sinter_Float:$cache);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    $rows `at` $positions (`through` $pages^)? `into` $cache attr-dict `:`
    type($rows) `,` type($positions) `,` type($cache) (`,` type($pages)^)?
  }];
  let extraClassDeclaration = "CacheShape cacheShape() { return cacheShapeOf(getCache(), getPages()); }";
}

def Decoder_AttentionOp : Decoder_Op<"attention", [
    TypesMatchWith<"attention_c1: the result has the type of the query", "query", "result", "$_self">,
    TypesMatchWith<"attention_c2: keys and values have one type", "keys", "values", "$_self">]> {
  let summary = "causal attention over the cache";
  let description = [{
    Row r at position p attends the positions 0 .. p of its sequence; query head h
    reads key and value head h / (heads / kv_heads).
    y = softmax(scale * q K^T) V, in fp32, rounded once. With a page table keys and
    values lie in pages, as kv_append puts them.

    ```mlir
    %o = decoder.attention %q, %kc, %vc at %pos scale 0.17677669529663687
      : tensor<1x4x32xbf16>, tensor<1x2x2048x32xbf16>, tensor<1xi32>
    %y = decoder.attention %q, %kp, %vp at %pos through %pages scale 0.17677669529663687
      : tensor<1x4x32xbf16>, tensor<40x2x64x32xbf16>, tensor<1xi32>, tensor<1x32xi32>
    ```
  }];
  let arguments = (ins Sinter_Float:$query, Sinter_Float:$keys, Sinter_Float:$values,
                       Sinter_Ids:$positions, Optional<Sinter_Pages>:$pages, F64Attr:$scale);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    $query `,` $keys `,` $values `at` $positions (`through` $pages^)? `scale` custom<Double>($scale)
    attr-dict `:` type($query) `,` type($keys) `,` type($positions) (`,` type($pages)^)?
  }];
  let extraClassDeclaration = [{
    double scaleValue() { return getScale().convertToDouble(); }
    CacheShape cacheShape() { return cacheShapeOf(getKeys(), getPages()); }
  }];
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

def Decoder_ArgmaxOp : Decoder_Op<"argmax", [Decoder_OneIdPerRow<"argmax_c1", "logits">]> {
  let summary = "the id of the largest logit of each row";
  let description = [{
    The lowest id wins ties. With `below N`, ids N and above are never chosen: a
    vocabulary is often padded beyond the tokenizer.

    ```mlir
    %id = decoder.argmax %logits below 151669 : tensor<1x151936xbf16>
    ```
  }];
  let arguments = (ins Sinter_Float:$logits, OptionalAttr<I64Attr>:$limit);
  let results = (outs Sinter_Ids:$result);
  let assemblyFormat = "$logits (`below` $limit^)? attr-dict `:` type($logits)";
}

def Decoder_SampleOp : Decoder_Op<"sample", [Decoder_OneIdPerRow<"sample_c1", "logits">]> {
  let summary = "a random id of each row";
  let description = [{
    Temperature, then the `top_k` likeliest ids, then the fewest of those that
    reach probability `top_p`; the draw is a function of (seed, position) alone.
    `top_k 0` and `top_p 1.0` keep all.

    ```mlir
    %id = decoder.sample %logits, %seed at %pos temperature 0.6 top_k 20 top_p 0.95 below 151669
      : tensor<1x151936xbf16>, tensor<1xi64>, tensor<1xi32>
    ```
  }];
  let arguments = (ins Sinter_Float:$logits, Sinter_Seed:$seed, Sinter_Ids:$positions,
                       F64Attr:$temperature, I64Attr:$top_k, F64Attr:$top_p,
                       OptionalAttr<I64Attr>:$limit);
  let results = (outs Sinter_Ids:$result);
  let assemblyFormat = [{
    $logits `,` $seed `at` $positions `temperature` custom<Double>($temperature) `top_k` $top_k `top_p` custom<Double>($top_p)
    (`below` $limit^)? attr-dict `:` type($logits) `,` type($seed) `,` type($positions)
  }];
  let extraClassDeclaration = [{
    double temperatureValue() { return getTemperature().convertToDouble(); }
    double topPValue() { return getTopP().convertToDouble(); }
  }];
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def Decoder_PackWeightsOp : Decoder_Op<"pack_weights"> {
  let summary = "several weights as one";
  let description = [{
    Done once, while weights are loaded. `concat` puts the rows of one after those
    of the other; `interleave` takes one row of each in turn. Along dimension 0.

    ```mlir
    %wqkv = decoder.pack_weights concat(%wq, %wk, %wv)
      : (tensor<256x128xbf16>, tensor<64x128xbf16>, tensor<64x128xbf16>) -> tensor<384x128xbf16>
    %wgu = decoder.pack_weights interleave(%gate, %up)
      : (tensor<384x128xbf16>, tensor<384x128xbf16>) -> tensor<768x128xbf16>
    ```
  }];
  let arguments = (ins Decoder_PackLayoutAttr:$layout, Variadic<Sinter_Float>:$inputs);
  let results = (outs Sinter_Float:$result);
  let assemblyFormat = [{
    `` $layout `(` $inputs `)` attr-dict `:` functional-type($inputs, $result)
  }];
}

#endif // SINTER_IR_DECODER_DECODEROPS_TD
