// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// The split with the newest position appends it; the last one to arrive joins.

plan.kernel @attend family "attention_decode" config {depth = 4 : i64, heads = 2 : i64, splits = 2 : i64, stages = 2 : i64, warps = 4 : i64} (%qkv: tensor<1x1024xbf16>, %gq: tensor<64xbf16>, %gk: tensor<64xbf16>, %p: tensor<1xi32>, %keys: tensor<1x4x96x64xbf16>, %values: tensor<1x4x96x64xbf16>) -> (tensor<1x8x64xbf16>, tensor<1x4x96x64xbf16>, tensor<1x4x96x64xbf16>) {
  %qf = tensor.extract_slice %qkv[0, 0] [1, 512] [1, 1] : tensor<1x1024xbf16> to tensor<1x512xbf16>
  %kf = tensor.extract_slice %qkv[0, 512] [1, 256] [1, 1] : tensor<1x1024xbf16> to tensor<1x256xbf16>
  %vf = tensor.extract_slice %qkv[0, 768] [1, 256] [1, 1] : tensor<1x1024xbf16> to tensor<1x256xbf16>
  %q = tensor.expand_shape %qf [[0], [1, 2]] output_shape [1, 8, 64] : tensor<1x512xbf16> into tensor<1x8x64xbf16>
  %k = tensor.expand_shape %kf [[0], [1, 2]] output_shape [1, 4, 64] : tensor<1x256xbf16> into tensor<1x4x64xbf16>
  %v = tensor.expand_shape %vf [[0], [1, 2]] output_shape [1, 4, 64] : tensor<1x256xbf16> into tensor<1x4x64xbf16>
  %qn = decoder.rms_norm %q gain %gq eps 1.0e-6 : tensor<1x8x64xbf16>, tensor<64xbf16>
  %kn = decoder.rms_norm %k gain %gk eps 1.0e-6 : tensor<1x4x64xbf16>, tensor<64xbf16>
  %qr = decoder.rope %qn at %p theta 1.0e4 : tensor<1x8x64xbf16>, tensor<1xi32>
  %kr = decoder.rope %kn at %p theta 1.0e4 : tensor<1x4x64xbf16>, tensor<1xi32>
  %k2 = decoder.kv_append %kr at %p into %keys : tensor<1x4x64xbf16>, tensor<1xi32>, tensor<1x4x96x64xbf16>
  %v2 = decoder.kv_append %v at %p into %values : tensor<1x4x64xbf16>, tensor<1xi32>, tensor<1x4x96x64xbf16>
  %y = decoder.attention %qr, %k2, %v2 at %p scale 0.125 : tensor<1x8x64xbf16>, tensor<1x4x96x64xbf16>, tensor<1xi32>
  plan.yield %y, %k2, %v2 : tensor<1x8x64xbf16>, tensor<1x4x96x64xbf16>, tensor<1x4x96x64xbf16>
}

//      CHECK:// decoder.rms_norm: 1x8x64xbf16, 64xbf16 -> 1x8x64xbf16
// CHECK-NEXT:// decoder.rms_norm: 1x4x64xbf16, 64xbf16 -> 1x4x64xbf16
// CHECK-NEXT:// decoder.rope: 1x8x64xbf16, 1xi32 -> 1x8x64xbf16
// CHECK-NEXT:// decoder.rope: 1x4x64xbf16, 1xi32 -> 1x4x64xbf16
// CHECK-NEXT:// decoder.kv_append: 1x4x64xbf16, 1xi32, 1x4x96x64xbf16 -> 1x4x96x64xbf16
// CHECK-NEXT:// decoder.kv_append: 1x4x64xbf16, 1xi32, 1x4x96x64xbf16 -> 1x4x96x64xbf16
// CHECK-NEXT:// decoder.attention: 1x8x64xbf16, 1x4x96x64xbf16, 1x4x96x64xbf16, 1xi32 ->
// CHECK-NEXT:// 1x8x64xbf16
// CHECK-NEXT:// family attention_decode, depth = 4, heads = 2, splits = 2, stages = 2, warps
// CHECK-NEXT:// = 4
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kTokens = 1;
// CHECK-NEXT:constexpr u32 kHeads = 8;
// CHECK-NEXT:constexpr u32 kKvHeads = 4;
// CHECK-NEXT:constexpr u32 kHeadDim = 64;
// CHECK-NEXT:constexpr u32 kCapacity = 96;
// CHECK-NEXT:constexpr u32 kHeadsPerBlock = 2;
// CHECK-NEXT:constexpr u32 kSplits = 2;
// CHECK-NEXT:constexpr float kScale = 0.125f;
// CHECK-NEXT:constexpr u32 kKeyAt = 512;
// CHECK-NEXT:constexpr u32 kValueAt = 768;
// CHECK-NEXT:constexpr float kQueryEps = 1e-06f;
// CHECK-NEXT:constexpr float kKeyEps = 1e-06f;
// CHECK-NEXT:DEVICE_TABLE float kInverseFrequencies[32] = {
// CHECK-NEXT:    1.0f, 0.7498942f, 0.56234133f, 0.4216965f, 0.31622776f, 0.23713736f,
// CHECK-NEXT:    0.17782794f, 0.13335215f, 0.1f, 0.074989416f, 0.05623413f, 0.04216965f,
// CHECK-NEXT:    0.03162278f, 0.023713736f, 0.017782794f, 0.013335215f, 0.01f,
// CHECK-NEXT:    0.0074989423f, 0.0056234132f, 0.004216965f, 0.0031622779f, 0.0023713738f,
// CHECK-NEXT:    0.0017782794f, 0.0013335214f, 0.001f, 0.0007498942f, 0.0005623413f,
// CHECK-NEXT:    0.0004216965f, 0.0003162278f, 0.00023713738f, 0.00017782794f,
// CHECK-NEXT:    0.00013335215f,
// CHECK-NEXT:};
// CHECK-NEXT:using Shape = AttentionShape<kHeadDim, kHeadsPerBlock, 4, 4, 2>;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(attend, 128, 3,
// CHECK-NEXT:              (In<bf16> qkv, In<bf16> qGain, In<bf16> kGain,
// CHECK-NEXT:               In<i32> positions, InOut<bf16> keys, InOut<bf16> values,
// CHECK-NEXT:               Out<bf16> y, InOut<float> stats, InOut<float> parts,
// CHECK-NEXT:               InOut<u32> arrivals)) {
// CHECK-NEXT:  const i64 row = blockIndexY();
// CHECK-NEXT:  const i64 head = static_cast<i64>(blockIndex() / kSplits) * kHeadsPerBlock;
// CHECK-NEXT:  const i64 kvHead = row / kTokens * kKvHeads + head / (kHeads / kKvHeads);
// CHECK-NEXT:  const i64 first = (row * kHeads + head) * kHeadDim;
// CHECK-NEXT:  const i64 line = kvHead * kCapacity * kHeadDim;
// CHECK-NEXT:  const int count = load(positions, row) + 1;
// CHECK-NEXT:  const int split = blockIndex() % kSplits;
// CHECK-NEXT:  const SplitRange range = splitRange<kSplits, Shape::streams>(split, count);
// CHECK-NEXT:  if (split >= range.active) {
// CHECK-NEXT:    return;
// CHECK-NEXT:  }
// CHECK-NEXT:  const int newest = count - 1;
// CHECK-NEXT:  const int old = count - kTokens;
// CHECK-NEXT:  Shape::Chunks chunks;
// CHECK-NEXT:  requestRange<Shape>(keys, values, line, range, old, chunks);
// CHECK-NEXT:  HeadTurns<kHeadDim> turns;
// CHECK-NEXT:  makeTurns<kHeadDim>(static_cast<float>(newest), kInverseFrequencies, turns);
// CHECK-NEXT:  const HeadRecipe<kHeadDim, true, true> queryRecipe = {
// CHECK-NEXT:      requestGain<kHeadDim>(qGain), kQueryEps};
// CHECK-NEXT:  const HeadRecipe<kHeadDim, true, true> keyRecipe = {
// CHECK-NEXT:      requestGain<kHeadDim>(kGain), kKeyEps};
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  HeadPieces<Shape> pieces = {};
// CHECK-NEXT:  requestQuery(qkv, first, pieces);
// CHECK-NEXT:  const int stream = (newest - range.from) % Shape::streams;
// CHECK-NEXT:  if (range.to == count) {
// CHECK-NEXT:    requestNewest(
// CHECK-NEXT:        qkv, kKeyAt + kvHead * kHeadDim, qkv, kValueAt + kvHead * kHeadDim,
// CHECK-NEXT:        stream, pieces);
// CHECK-NEXT:  }
// CHECK-NEXT:  makeQuery(pieces, queryRecipe, turns);
// CHECK-NEXT:  if (range.to == count) {
// CHECK-NEXT:    appendNewest(
// CHECK-NEXT:        pieces, keyRecipe, turns, keys, values,
// CHECK-NEXT:        line + static_cast<i64>(newest) * kHeadDim, stream);
// CHECK-NEXT:  }
// CHECK-NEXT:  attendRange<Shape, true>(
// CHECK-NEXT:      keys, values, line, range, newest, pieces.value, kScale, chunks);
// CHECK-NEXT:  const int item = blockIndexY() * (kHeads / kHeadsPerBlock) +
// CHECK-NEXT:                   blockIndex() / kSplits;
// CHECK-NEXT:  joinSplits<Shape, kSplits>(
// CHECK-NEXT:      y, stats, parts, arrivals, item, split, range.active, first);
// CHECK-NEXT:}
