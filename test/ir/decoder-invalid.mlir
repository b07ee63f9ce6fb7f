// RUN: sinter-opt %s --split-input-file --verify-diagnostics

// One case or more per constraint of ir/SPEC.md; functions are named after the label.

// -----

func.func @tensor_c2(%x: tensor<?x128xbf16>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = decoder.add %x, %x : tensor<?x128xbf16>
  return
}

// -----

func.func @tensor_c2(%x: tensor<0x128xbf16>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = decoder.add %x, %x : tensor<0x128xbf16>
  return
}

// -----

func.func @tensor_c2(%x: tensor<1x128xf16>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = decoder.add %x, %x : tensor<1x128xf16>
  return
}

// -----

func.func @tensor_c2(%x: tensor<2147483647x2147483647xbf16>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = decoder.add %x, %x : tensor<2147483647x2147483647xbf16>
  return
}

// -----

func.func @tensor_c2(%x: tensor<1x2147483648xbf16>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = decoder.add %x, %x : tensor<1x2147483648xbf16>
  return
}

// -----

func.func @tensor_c2(%x: tensor<*xbf16>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = "decoder.add"(%x, %x) : (tensor<*xbf16>, tensor<*xbf16>) -> tensor<*xbf16>
  return
}

// -----

func.func @tensor_c2(%x: tensor<1x128xbf16, 1 : i32>) {
  // expected-error @+1 {{tensor_c2: a static tensor of bf16 or f32, extents in 1 .. 2^31-1, at most 2^62 bytes}}
  %0 = decoder.add %x, %x : tensor<1x128xbf16, 1 : i32>
  return
}

// -----

func.func @tensor_c3(%x: tensor<1xi64>, %t: tensor<9x128xbf16>) {
  // expected-error @+1 {{tensor_c3: a static tensor of i32 and rank 1}}
  %0 = decoder.embed %x from %t : tensor<1xi64>, tensor<9x128xbf16> -> tensor<1x128xbf16>
  return
}

// -----

func.func @tensor_c3(%x: tensor<1x1xi32>, %t: tensor<9x128xbf16>) {
  // expected-error @+1 {{tensor_c3: a static tensor of i32 and rank 1}}
  %0 = decoder.embed %x from %t : tensor<1x1xi32>, tensor<9x128xbf16> -> tensor<1x128xbf16>
  return
}

// -----

func.func @tensor_c4(%x: tensor<1x9xbf16>, %s: tensor<2xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{tensor_c4: tensor<1xi64>}}
  %0 = decoder.sample %x, %s at %p temperature 0.6 top_k 0 top_p 1.0 : tensor<1x9xbf16>, tensor<2xi64>, tensor<1xi32>
  return
}

// -----

func.func @embed_c1(%x: tensor<1xi32>, %t: tensor<9x2x4xbf16>) {
  // expected-error @+1 {{embed_c1: the table has rank 2, found 'tensor<9x2x4xbf16>'}}
  %0 = decoder.embed %x from %t : tensor<1xi32>, tensor<9x2x4xbf16> -> tensor<1x4xbf16>
  return
}

// -----

func.func @embed_c2(%x: tensor<3xi32>, %t: tensor<9x128xbf16>) {
  // expected-error @+1 {{embed_c2: the result is 'tensor<3x128xbf16>', found 'tensor<1x128xbf16>'}}
  %0 = decoder.embed %x from %t : tensor<3xi32>, tensor<9x128xbf16> -> tensor<1x128xbf16>
  return
}

// -----

func.func @embed_c2(%x: tensor<1xi32>, %t: tensor<9x128xbf16>) {
  // expected-error @+1 {{embed_c2: the result is 'tensor<1x128xbf16>', found 'tensor<1x128xf32>'}}
  %0 = decoder.embed %x from %t : tensor<1xi32>, tensor<9x128xbf16> -> tensor<1x128xf32>
  return
}

// -----

func.func @rms_norm_c1(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c1: the result has the type of the input}}
  %0 = "decoder.rms_norm"(%x, %g) {eps = 1.0e-6} : (tensor<1x128xbf16>, tensor<128xbf16>) -> tensor<1x128xf32>
  return
}

// -----

func.func @rms_norm_c2(%x: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c2: the input has rank 2 or 3, found 'tensor<128xbf16>'}}
  %0 = decoder.rms_norm %x gain %x eps 1.0e-6 : tensor<128xbf16>, tensor<128xbf16>
  return
}

// -----

func.func @rms_norm_c3(%x: tensor<1x4x32xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c3: the gain has rank 1 and the extent of the input's last dimension, 32, found 'tensor<128xbf16>'}}
  %0 = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x4x32xbf16>, tensor<128xbf16>
  return
}

// -----

func.func @rms_norm_c3(%x: tensor<1x128xbf16>) {
  // expected-error @+1 {{rms_norm_c3: the gain has rank 1}}
  %0 = decoder.rms_norm %x gain %x eps 1.0e-6 : tensor<1x128xbf16>, tensor<1x128xbf16>
  return
}

// -----

func.func @rms_norm_c4(%x: tensor<1x128xbf16>, %g: tensor<128xf32>) {
  // expected-error @+1 {{rms_norm_c4: the gain has the element type of the input, 'bf16', found 'tensor<128xf32>'}}
  %0 = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x128xbf16>, tensor<128xf32>
  return
}

// -----

func.func @rms_norm_c5(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c5: eps is finite and above 0 in fp32, found 0.0}}
  %0 = decoder.rms_norm %x gain %g eps 0.0 : tensor<1x128xbf16>, tensor<128xbf16>
  return
}

// -----

func.func @rms_norm_c5(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c5: eps is finite and above 0 in fp32, found -1.0e-6}}
  %0 = decoder.rms_norm %x gain %g eps -1.0e-6 : tensor<1x128xbf16>, tensor<128xbf16>
  return
}

// -----

func.func @rms_norm_c5(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c5: eps is finite and above 0 in fp32}}
  %0 = "decoder.rms_norm"(%x, %g) {eps = 0x7FF8000000000000 : f64} : (tensor<1x128xbf16>, tensor<128xbf16>) -> tensor<1x128xbf16>
  return
}

// -----

func.func @rms_norm_c5(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c5: eps is finite and above 0 in fp32, found 1.0e-60}}
  %0 = decoder.rms_norm %x gain %g eps 1.0e-60 : tensor<1x128xbf16>, tensor<128xbf16>
  return
}

// -----

func.func @rms_norm_c5(%x: tensor<1x128xbf16>, %g: tensor<128xbf16>) {
  // expected-error @+1 {{rms_norm_c5: eps is finite and above 0 in fp32, found 1.0e300}}
  %0 = decoder.rms_norm %x gain %g eps 1.0e300 : tensor<1x128xbf16>, tensor<128xbf16>
  return
}

// -----

func.func @linear_c1(%x: tensor<1x4x32xbf16>, %w: tensor<8x32xbf16>) {
  // expected-error @+1 {{linear_c1: the input has rank 2, found 'tensor<1x4x32xbf16>'}}
  %0 = decoder.linear %x by %w : (tensor<1x4x32xbf16>, tensor<8x32xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @linear_c1(%x: tensor<1x32xbf16>, %w: tensor<32xbf16>) {
  // expected-error @+1 {{linear_c1: the weight has rank 2, found 'tensor<32xbf16>'}}
  %0 = decoder.linear %x by %w : (tensor<1x32xbf16>, tensor<32xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @linear_c2(%x: tensor<1x32xbf16>, %w: tensor<32x8xbf16>) {
  // expected-error @+1 {{linear_c2: the weight is [out, in] with in = 32, found 'tensor<32x8xbf16>'}}
  %0 = decoder.linear %x by %w : (tensor<1x32xbf16>, tensor<32x8xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @linear_c3(%x: tensor<1x32xbf16>, %w: tensor<8x32xf32>) {
  // expected-error @+1 {{linear_c3: the weight has the element type of the input, 'bf16', found 'tensor<8x32xf32>'}}
  %0 = decoder.linear %x by %w : (tensor<1x32xbf16>, tensor<8x32xf32>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @linear_c4(%x: tensor<1x32xbf16>, %w: tensor<8x32xbf16>, %b: tensor<32xbf16>) {
  // expected-error @+1 {{linear_c4: the bias is 'tensor<8xbf16>', found 'tensor<32xbf16>'}}
  %0 = decoder.linear %x by %w bias %b : (tensor<1x32xbf16>, tensor<8x32xbf16>, tensor<32xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @linear_c4(%x: tensor<1x32xbf16>, %w: tensor<8x32xbf16>, %b: tensor<8xf32>) {
  // expected-error @+1 {{linear_c4: the bias is 'tensor<8xbf16>', found 'tensor<8xf32>'}}
  %0 = decoder.linear %x by %w bias %b : (tensor<1x32xbf16>, tensor<8x32xbf16>, tensor<8xf32>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @linear_c5(%x: tensor<2x32xbf16>, %w: tensor<8x32xbf16>) {
  // expected-error @+1 {{linear_c5: the result is 'tensor<2x8xbf16>', found 'tensor<1x8xbf16>'}}
  %0 = decoder.linear %x by %w : (tensor<2x32xbf16>, tensor<8x32xbf16>) -> tensor<1x8xbf16>
  return
}

// -----

func.func @swiglu_c1(%x: tensor<1x32xbf16>) {
  // expected-error @+1 {{swiglu_c1: the result has the type of the gate}}
  %0 = "decoder.swiglu"(%x, %x) : (tensor<1x32xbf16>, tensor<1x32xbf16>) -> tensor<1x64xbf16>
  return
}

// -----

func.func @swiglu_c2(%x: tensor<1x32xbf16>, %u: tensor<1x64xbf16>) {
  // expected-error @+1 {{swiglu_c2: gate and up have one type}}
  %0 = "decoder.swiglu"(%x, %u) : (tensor<1x32xbf16>, tensor<1x64xbf16>) -> tensor<1x32xbf16>
  return
}

// -----

func.func @swiglu_c3(%x: tensor<32xbf16>) {
  // expected-error @+1 {{swiglu_c3: the gate has rank 2, found 'tensor<32xbf16>'}}
  %0 = decoder.swiglu %x, %x : tensor<32xbf16>
  return
}

// -----

func.func @add_c1(%x: tensor<1x32xbf16>) {
  // expected-error @+1 {{add_c1: the result has the type of the operands}}
  %0 = "decoder.add"(%x, %x) : (tensor<1x32xbf16>, tensor<1x32xbf16>) -> tensor<1x32xf32>
  return
}

// -----

func.func @add_c2(%x: tensor<1x32xbf16>, %u: tensor<1x32xf32>) {
  // expected-error @+1 {{add_c2: the operands have one type}}
  %0 = "decoder.add"(%x, %u) : (tensor<1x32xbf16>, tensor<1x32xf32>) -> tensor<1x32xbf16>
  return
}

// -----

func.func @add_c3(%x: tensor<1x2x32xbf16>) {
  // expected-error @+1 {{add_c3: an operand has rank 2, found 'tensor<1x2x32xbf16>'}}
  %0 = decoder.add %x, %x : tensor<1x2x32xbf16>
  return
}

// -----

func.func @take_rows_c1(%x: tensor<4xbf16>, %r: tensor<1xi32>) {
  // expected-error @+1 {{take_rows_c1: the input has rank 2, found 'tensor<4xbf16>'}}
  %0 = decoder.take_rows %x at %r : tensor<4xbf16>, tensor<1xi32> -> tensor<1xbf16>
  return
}

// -----

func.func @take_rows_c2(%x: tensor<4x128xbf16>, %r: tensor<2xi32>) {
  // expected-error @+1 {{take_rows_c2: the result is 'tensor<2x128xbf16>', found 'tensor<4x128xbf16>'}}
  %0 = decoder.take_rows %x at %r : tensor<4x128xbf16>, tensor<2xi32> -> tensor<4x128xbf16>
  return
}

// -----

func.func @rope_c1(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{rope_c1: the result has the type of the input}}
  %0 = "decoder.rope"(%x, %p) {theta = 1.0e6} : (tensor<1x4x32xbf16>, tensor<1xi32>) -> tensor<1x4x32xf32>
  return
}

// -----

func.func @rope_c2(%x: tensor<1x128xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{rope_c2: the input has rank 3, found 'tensor<1x128xbf16>'}}
  %0 = decoder.rope %x at %p theta 1.0e6 : tensor<1x128xbf16>, tensor<1xi32>
  return
}

// -----

func.func @rope_c3(%x: tensor<2x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{rope_c3: one position per row, wanted 2, found 1}}
  %0 = decoder.rope %x at %p theta 1.0e6 : tensor<2x4x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @rope_c4(%x: tensor<1x4x33xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{rope_c4: head_dim is even, found 33}}
  %0 = decoder.rope %x at %p theta 1.0e6 : tensor<1x4x33xbf16>, tensor<1xi32>
  return
}

// -----

func.func @rope_c5(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{rope_c5: theta is finite and above 0 in fp32, found 0.0}}
  %0 = decoder.rope %x at %p theta 0.0 : tensor<1x4x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @rope_c5(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{rope_c5: theta is finite and above 0 in fp32}}
  %0 = "decoder.rope"(%x, %p) {theta = 0x7FF0000000000000 : f64} : (tensor<1x4x32xbf16>, tensor<1xi32>) -> tensor<1x4x32xbf16>
  return
}

// -----

func.func @llama3_c1(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{llama3_c1: factor is finite and at least 1, found 0.5}}
  %0 = decoder.rope %x at %p theta 1.0e6 scaling <factor = 0.5, low = 1.0, high = 4.0, original = 8192> : tensor<1x4x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @llama3_c2(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{llama3_c2: 0 < low < high, found low 4.0, high 4.0}}
  %0 = decoder.rope %x at %p theta 1.0e6 scaling <factor = 8.0, low = 4.0, high = 4.0, original = 8192> : tensor<1x4x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @llama3_c2(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{llama3_c2: 0 < low < high, found low 0.0, high 4.0}}
  %0 = decoder.rope %x at %p theta 1.0e6 scaling <factor = 8.0, low = 0.0, high = 4.0, original = 8192> : tensor<1x4x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @llama3_c3(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{llama3_c3: original is a number of positions, found 0}}
  %0 = decoder.rope %x at %p theta 1.0e6 scaling <factor = 8.0, low = 1.0, high = 4.0, original = 0> : tensor<1x4x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @kv_append_c1(%x: tensor<1x2x32xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c1: the result has the type of the cache}}
  %0 = "decoder.kv_append"(%x, %p, %c) : (tensor<1x2x32xbf16>, tensor<1xi32>, tensor<1x2x64x32xbf16>) -> tensor<1x2x65x32xbf16>
  return
}

// -----

func.func @kv_append_c2(%x: tensor<1x64xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c2: rows has rank 3, found 'tensor<1x64xbf16>'}}
  %0 = decoder.kv_append %x at %p into %c : tensor<1x64xbf16>, tensor<1xi32>, tensor<1x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c2(%x: tensor<1x2x32xbf16>, %p: tensor<1xi32>, %c: tensor<2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c2: the cache has rank 4, found 'tensor<2x64x32xbf16>'}}
  %0 = decoder.kv_append %x at %p into %c : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c3(%x: tensor<1x4x32xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c3: rows and cache agree in kv_heads and head_dim, found 'tensor<1x4x32xbf16>' and 'tensor<1x2x64x32xbf16>'}}
  %0 = decoder.kv_append %x at %p into %c : tensor<1x4x32xbf16>, tensor<1xi32>, tensor<1x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c3(%x: tensor<1x2x64xbf16>, %p: tensor<1xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c3: rows and cache agree}}
  %0 = decoder.kv_append %x at %p into %c : tensor<1x2x64xbf16>, tensor<1xi32>, tensor<1x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c4(%x: tensor<3x2x32xbf16>, %p: tensor<3xi32>, %c: tensor<2x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c4: the rows (3) are a multiple of the batch (2)}}
  %0 = decoder.kv_append %x at %p into %c : tensor<3x2x32xbf16>, tensor<3xi32>, tensor<2x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c4(%x: tensor<65x2x32xbf16>, %p: tensor<65xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c4: the tokens of a sequence (65) fit the cache's capacity (64)}}
  %0 = decoder.kv_append %x at %p into %c : tensor<65x2x32xbf16>, tensor<65xi32>, tensor<1x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c5(%x: tensor<1x2x32xbf16>, %p: tensor<2xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c5: one position per row, wanted 1, found 2}}
  %0 = decoder.kv_append %x at %p into %c : tensor<1x2x32xbf16>, tensor<2xi32>, tensor<1x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c6(%x: tensor<1x2x32xf32>, %p: tensor<1xi32>, %c: tensor<1x2x64x32xbf16>) {
  // expected-error @+1 {{kv_append_c6: rows has the element type of the cache, 'bf16', found 'tensor<1x2x32xf32>'}}
  %0 = decoder.kv_append %x at %p into %c : tensor<1x2x32xf32>, tensor<1xi32>, tensor<1x2x64x32xbf16>
  return
}

// -----

func.func @kv_append_c7(%x: tensor<1x2x32xbf16>, %p: tensor<1xi32>, %t: tensor<1x4xi32>, %c: tensor<5x2x24x32xbf16>) {
  // expected-error @+1 {{kv_append_c7: a page is a power of two from 16 to 65536 positions, found 24}}
  %0 = decoder.kv_append %x at %p through %t into %c : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<5x2x24x32xbf16>, tensor<1x4xi32>
  return
}

// -----

func.func @kv_append_c7(%x: tensor<1x2x32xbf16>, %p: tensor<1xi32>, %t: tensor<1x4xi32>, %c: tensor<67108864x2x16x32xbf16>) {
  // expected-error @+1 {{kv_append_c7: the rows of all pages, the positions of a sequence and the table are at most 2^31 - 1 each}}
  %0 = decoder.kv_append %x at %p through %t into %c : tensor<1x2x32xbf16>, tensor<1xi32>, tensor<67108864x2x16x32xbf16>, tensor<1x4xi32>
  return
}

// -----

func.func @kv_append_c4(%x: tensor<65x2x32xbf16>, %p: tensor<65xi32>, %t: tensor<1x4xi32>, %c: tensor<9x2x16x32xbf16>) {
  // expected-error @+1 {{kv_append_c4: the tokens of a sequence (65) fit the cache's capacity (64)}}
  %0 = decoder.kv_append %x at %p through %t into %c : tensor<65x2x32xbf16>, tensor<65xi32>, tensor<9x2x16x32xbf16>, tensor<1x4xi32>
  return
}

// -----

func.func @attention_c10(%q: tensor<1x4x32xbf16>, %k: tensor<5x2x8x32xbf16>, %p: tensor<1xi32>, %t: tensor<1x4xi32>) {
  // expected-error @+1 {{attention_c10: a page is a power of two from 16 to 65536 positions, found 8}}
  %0 = decoder.attention %q, %k, %k at %p through %t scale 0.1 : tensor<1x4x32xbf16>, tensor<5x2x8x32xbf16>, tensor<1xi32>, tensor<1x4xi32>
  return
}

// -----

func.func @tensor_c5(%q: tensor<1x4x32xbf16>, %k: tensor<5x2x16x32xbf16>, %p: tensor<1xi32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{tensor_c5: a static tensor of i32 and rank 2}}
  %0 = decoder.attention %q, %k, %k at %p through %t scale 0.1 : tensor<1x4x32xbf16>, tensor<5x2x16x32xbf16>, tensor<1xi32>, tensor<4xi32>
  return
}

// -----

func.func @attention_c1(%q: tensor<1x4x32xbf16>, %k: tensor<1x2x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c1: the result has the type of the query}}
  %0 = "decoder.attention"(%q, %k, %k, %p) {scale = 0.1} : (tensor<1x4x32xbf16>, tensor<1x2x64x32xbf16>, tensor<1x2x64x32xbf16>, tensor<1xi32>) -> tensor<1x4x32xf32>
  return
}

// -----

func.func @attention_c2(%q: tensor<1x4x32xbf16>, %k: tensor<1x2x64x32xbf16>, %p: tensor<1xi32>, %v: tensor<1x2x65x32xbf16>) {
  // expected-error @+1 {{attention_c2: keys and values have one type}}
  %0 = "decoder.attention"(%q, %k, %v, %p) {scale = 0.1} : (tensor<1x4x32xbf16>, tensor<1x2x64x32xbf16>, tensor<1x2x65x32xbf16>, tensor<1xi32>) -> tensor<1x4x32xbf16>
  return
}

// -----

func.func @attention_c3(%q: tensor<1x128xbf16>, %k: tensor<1x2x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c3: the query has rank 3, found 'tensor<1x128xbf16>'}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x128xbf16>, tensor<1x2x64x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @attention_c3(%q: tensor<1x4x32xbf16>, %k: tensor<2x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c3: the keys has rank 4, found 'tensor<2x64x32xbf16>'}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x4x32xbf16>, tensor<2x64x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @attention_c4(%q: tensor<1x4x32xbf16>, %k: tensor<1x2x64x64xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c4: query and keys agree in head_dim, found 'tensor<1x4x32xbf16>' and 'tensor<1x2x64x64xbf16>'}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x4x32xbf16>, tensor<1x2x64x64xbf16>, tensor<1xi32>
  return
}

// -----

func.func @attention_c5(%q: tensor<1x4x32xbf16>, %k: tensor<1x3x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c5: heads (4) are a multiple of kv_heads (3)}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x4x32xbf16>, tensor<1x3x64x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @attention_c6(%q: tensor<1x4x32xbf16>, %k: tensor<2x2x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c6: the rows (1) are a multiple of the batch (2)}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x4x32xbf16>, tensor<2x2x64x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @attention_c6(%q: tensor<3x4x32xbf16>, %k: tensor<1x2x2x32xbf16>, %p: tensor<3xi32>) {
  // expected-error @+1 {{attention_c6: the tokens of a sequence (3) fit the cache's capacity (2)}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<3x4x32xbf16>, tensor<1x2x2x32xbf16>, tensor<3xi32>
  return
}

// -----

func.func @attention_c7(%q: tensor<1x4x32xbf16>, %k: tensor<1x2x64x32xbf16>, %p: tensor<2xi32>) {
  // expected-error @+1 {{attention_c7: one position per row, wanted 1, found 2}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x4x32xbf16>, tensor<1x2x64x32xbf16>, tensor<2xi32>
  return
}

// -----

func.func @attention_c8(%q: tensor<1x4x32xf32>, %k: tensor<1x2x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c8: the query has the element type of the keys, 'bf16', found 'tensor<1x4x32xf32>'}}
  %0 = decoder.attention %q, %k, %k at %p scale 0.1 : tensor<1x4x32xf32>, tensor<1x2x64x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @attention_c9(%q: tensor<1x4x32xbf16>, %k: tensor<1x2x64x32xbf16>, %p: tensor<1xi32>) {
  // expected-error @+1 {{attention_c9: scale is finite and above 0 in fp32, found -0.1}}
  %0 = decoder.attention %q, %k, %k at %p scale -0.1 : tensor<1x4x32xbf16>, tensor<1x2x64x32xbf16>, tensor<1xi32>
  return
}

// -----

func.func @argmax_c1(%x: tensor<2x9xbf16>) {
  // expected-error @+1 {{argmax_c1: the result is one i32 per row}}
  %0 = "decoder.argmax"(%x) : (tensor<2x9xbf16>) -> tensor<1xi32>
  return
}

// -----

func.func @argmax_c2(%x: tensor<9xbf16>) {
  // expected-error @+1 {{argmax_c2: logits has rank 2, found 'tensor<9xbf16>'}}
  %0 = decoder.argmax %x : tensor<9xbf16>
  return
}

// -----

func.func @argmax_c3(%x: tensor<1x9xbf16>) {
  // expected-error @+1 {{argmax_c3: the limit is in 1 .. 9, found 0}}
  %0 = decoder.argmax %x below 0 : tensor<1x9xbf16>
  return
}

// -----

func.func @argmax_c3(%x: tensor<1x9xbf16>) {
  // expected-error @+1 {{argmax_c3: the limit is in 1 .. 9, found 10}}
  %0 = decoder.argmax %x below 10 : tensor<1x9xbf16>
  return
}

// -----

func.func @argmax_c3(%x: tensor<1x9xbf16>) {
  // expected-error @+1 {{argmax_c3: the limit is in 1 .. 9, found -1}}
  %0 = decoder.argmax %x below -1 : tensor<1x9xbf16>
  return
}

// -----

func.func @sample_c1(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c1: the result is one i32 per row}}
  %0 = "decoder.sample"(%x, %s, %p) {temperature = 1.0, top_k = 0 : i64, top_p = 1.0} : (tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @sample_c2(%x: tensor<9xbf16>, %s: tensor<1xi64>, %p: tensor<9xi32>) {
  // expected-error @+1 {{sample_c2: logits has rank 2, found 'tensor<9xbf16>'}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k 0 top_p 1.0 : tensor<9xbf16>, tensor<1xi64>, tensor<9xi32>
  return
}

// -----

func.func @sample_c3(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<2xi32>) {
  // expected-error @+1 {{sample_c3: one position per row, wanted 1, found 2}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k 0 top_p 1.0 : tensor<1x9xbf16>, tensor<1xi64>, tensor<2xi32>
  return
}

// -----

func.func @sample_c4(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c4: temperature is finite and above 0 in fp32, found 0.0}}
  %0 = decoder.sample %x, %s at %p temperature 0.0 top_k 0 top_p 1.0 : tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>
  return
}

// -----

func.func @sample_c5(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c5: top_k is in 0 .. 9, found 10}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k 10 top_p 1.0 : tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>
  return
}

// -----

func.func @sample_c5(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c5: top_k is in 0 .. 9, found -1}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k -1 top_p 1.0 : tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>
  return
}

// -----

func.func @sample_c6(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c6: top_p is above 0 and at most 1, found 0.0}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k 0 top_p 0.0 : tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>
  return
}

// -----

func.func @sample_c6(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c6: top_p is above 0 and at most 1, found 1.5}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k 0 top_p 1.5 : tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>
  return
}

// -----

func.func @sample_c7(%x: tensor<1x9xbf16>, %s: tensor<1xi64>, %p: tensor<1xi32>) {
  // expected-error @+1 {{sample_c7: the limit is in 1 .. 9, found 10}}
  %0 = decoder.sample %x, %s at %p temperature 1.0 top_k 0 top_p 1.0 below 10 : tensor<1x9xbf16>, tensor<1xi64>, tensor<1xi32>
  return
}

// -----

func.func @pack_weights_c1(%a: tensor<4x8xbf16>) {
  // expected-error @+1 {{pack_weights_c1: at least 2 weights, found 1}}
  %0 = decoder.pack_weights concat(%a) : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
  return
}

// -----

func.func @pack_weights_c2(%a: tensor<4x8x1xbf16>, %b: tensor<4x8x1xbf16>) {
  // expected-error @+1 {{pack_weights_c2: weights have rank 1 or 2, found 'tensor<4x8x1xbf16>'}}
  %0 = decoder.pack_weights concat(%a, %b) : (tensor<4x8x1xbf16>, tensor<4x8x1xbf16>) -> tensor<8x8x1xbf16>
  return
}

// -----

func.func @pack_weights_c3(%a: tensor<4x8xbf16>, %b: tensor<4x9xbf16>) {
  // expected-error @+1 {{pack_weights_c3: weights differ in dimension 0 only, found 'tensor<4x8xbf16>' and 'tensor<4x9xbf16>'}}
  %0 = decoder.pack_weights concat(%a, %b) : (tensor<4x8xbf16>, tensor<4x9xbf16>) -> tensor<8x8xbf16>
  return
}

// -----

func.func @pack_weights_c3(%a: tensor<4x8xbf16>, %b: tensor<4x8xf32>) {
  // expected-error @+1 {{pack_weights_c3: weights differ in dimension 0 only}}
  %0 = decoder.pack_weights concat(%a, %b) : (tensor<4x8xbf16>, tensor<4x8xf32>) -> tensor<8x8xbf16>
  return
}

// -----

func.func @pack_weights_c4(%a: tensor<4x8xbf16>, %b: tensor<5x8xbf16>) {
  // expected-error @+1 {{pack_weights_c4: interleaved weights have one type, found 'tensor<4x8xbf16>' and 'tensor<5x8xbf16>'}}
  %0 = decoder.pack_weights interleave(%a, %b) : (tensor<4x8xbf16>, tensor<5x8xbf16>) -> tensor<9x8xbf16>
  return
}

// -----

func.func @pack_weights_c5(%a: tensor<4x8xbf16>, %b: tensor<5x8xbf16>) {
  // expected-error @+1 {{pack_weights_c5: the result is 'tensor<9x8xbf16>', found 'tensor<8x8xbf16>'}}
  %0 = decoder.pack_weights concat(%a, %b) : (tensor<4x8xbf16>, tensor<5x8xbf16>) -> tensor<8x8xbf16>
  return
}

// -----

func.func @decoder_c1(%x: tensor<1x8xbf16>) {
  // expected-error @+1 {{decoder_c1: 'decoder.layer' is not an attribute of the decoder dialect}}
  %0 = decoder.add %x, %x {decoder.layer = 3} : tensor<1x8xbf16>
  return
}
