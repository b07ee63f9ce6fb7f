//===- gemv_parts.cuh - What stands around a matrix times vector ----------===//
//
// Prologues, biases and epilogues of gemv.cuh, each with the roundings of the
// ops that it replaces.
//
//===----------------------------------------------------------------------===//

/// x as it is.
struct PlainInput {
  MEMBER void request() {}
  template <typename Row>
  MEMBER void apply(Row &) {}
};

struct NoBias {
  MEMBER float at(i64) const { return 0.0f; }
};
/// Added in fp32, before the single rounding.
struct LinearBias {
  In<bf16> bias;
  MEMBER float at(i64 line) const { return toFloat(load(bias, line)); }
};

/// out = bf16(y).
struct StoreOutput {
  Out<bf16> out;
  MEMBER float early(i64) const { return 0.0f; }
  MEMBER void late(i64 i, float y, float, float) const {
    store(out, i, toBf16(y));
  }
};
/// out = bf16(bf16(y) + residual).
struct StoreResidual {
  Out<bf16> out;
  In<bf16> residual;
  MEMBER float early(i64 i) const { return toFloat(load(residual, i)); }
  MEMBER void late(i64 i, float y, float, float before) const {
    store(out, i, toBf16(roundBf16(y) + before));
  }
};
/// out = bf16(bf16(silu(bf16(gate))) * bf16(up)).
struct StoreSwiglu {
  Out<bf16> out;
  MEMBER float early(i64) const { return 0.0f; }
  MEMBER void late(i64 i, float gate, float up, float) const {
    store(out, i, toBf16(roundBf16(siluF(roundBf16(gate))) * roundBf16(up)));
  }
};
