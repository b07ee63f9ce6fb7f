//===- prelude_math.cuh - Both faces: conversions and mathematics ---------===//
//
// Built from IEEE operations and explicit fused multiply-adds only, so a GPU
// and a CPU give the same bits.
//
//===----------------------------------------------------------------------===//

using Bf16x8 = Vec<bf16, 8>;
using Bf16x4 = Vec<bf16, 4>;
using Bf16x2 = Vec<bf16, 2>;
using Float8 = Vec<float, 8>;
using Float4 = Vec<float, 4>;
using Float2 = Vec<float, 2>;

DEVICE int laneIndex() { return threadIndex() % 32; }
DEVICE int warpIndex() { return threadIndex() / 32; }
DEVICE int warpCount() { return blockSize() / 32; }

DEVICE float toFloat(bf16 x) { return asFloat(static_cast<u32>(x.bits) << 16); }

template <int N>
DEVICE Vec<float, N> toFloat(Vec<bf16, N> x) {
  Vec<float, N> y;
#pragma unroll
  for (int k = 0; k < N; ++k) {
    y.set(k, toFloat(x[k]));
  }
  return y;
}
template <int N>
DEVICE Vec<bf16, N> toBf16(Vec<float, N> x) {
  Vec<bf16, N> y{};
#pragma unroll
  for (int k = 0; k < N; ++k) {
    y.set(k, toBf16(x[k]));
  }
  return y;
}

DEVICE float absF(float x) { return asFloat(asBits(x) & 0x7fffffffu); }

/// e^x within 1 ulp where the result is normal; 0 from -104 down, infinity
/// from 88.73 up. Reduction by ln 2 in two parts, polynomial of degree 7.
DEVICE float expF(float x) {
  const float clamped = minF(maxF(x, -104.0f), 89.0f);
  const float magic = 12582912.0f; // 1.5 * 2^23: rounds to an integer
  const float n = fmaF(clamped, 1.44269504f, magic) - magic;
  float r = fmaF(n, -0.693145752f, clamped);
  r = fmaF(n, -1.42860677e-6f, r);
  float p = 1.98412698e-4f;
  p = fmaF(p, r, 1.39337522e-3f);
  p = fmaF(p, r, 8.33336823e-3f);
  p = fmaF(p, r, 4.16664314e-2f);
  p = fmaF(p, r, 1.66666657e-1f);
  p = fmaF(p, r, 0.5f);
  p = fmaF(p * r, r, r) + 1.0f;
  // 2^n in two factors: n reaches 128 and -150.
  const i32 whole = static_cast<i32>(n);
  const i32 half = whole / 2;
  const float scaled = p * asFloat(static_cast<u32>(half + 127) << 23) *
                       asFloat(static_cast<u32>(whole - half + 127) << 23);
  return x != x ? x : scaled;
}

/// e^x for x <= 0, within 1e-6 of it; below -87 it is e^-87, a NaN stays one.
DEVICE float expBelowF(float x) {
  const float clamped = x < -87.0f ? -87.0f : x;
  const float magic = 12582912.0f; // 1.5 * 2^23: rounds to an integer
  const float shifted = fmaF(clamped, 1.44269504f, magic);
  const float n = shifted - magic;
  float r = fmaF(n, -0.693145752f, clamped);
  r = fmaF(n, -1.42860677e-6f, r);
  float p = 1.39337522e-3f;
  p = fmaF(p, r, 8.33336823e-3f);
  p = fmaF(p, r, 4.16664314e-2f);
  p = fmaF(p, r, 1.66666657e-1f);
  p = fmaF(p, r, 0.5f);
  p = fmaF(p, r, 1.0f);
  p = fmaF(p, r, 1.0f);
  // The integer lies in the lowest bits; n >= -126.
  return p * asFloat((asBits(shifted) << 23) + 0x3f800000u);
}

/// x / (1 + e^-x).
DEVICE float siluF(float x) { return x / (1.0f + expF(-x)); }

/// Sine and cosine within 1.2e-7 for |angle| <= 200,000. Cody and Waite's
/// reduction by pi/2 in three parts, then the usual short polynomials.
DEVICE void sinCos(float angle, float &sine, float &cosine) {
  const float magic = 12582912.0f;
  const float n = fmaF(angle, 0.636619772f, magic) - magic;
  float r = fmaF(n, -1.57079637f, angle);
  r = fmaF(n, 4.37113883e-8f, r);
  r = fmaF(n, 1.71512489e-15f, r);
  const float z = r * r;
  float s = fmaF(-1.95152959e-4f, z, 8.33216087e-3f);
  s = fmaF(s, z, -1.66666546e-1f);
  s = fmaF(s * z, r, r);
  float c = fmaF(2.44331571e-5f, z, -1.38873163e-3f);
  c = fmaF(c, z, 4.16666457e-2f);
  c = fmaF(c * z, z, fmaF(-0.5f, z, 1.0f));
  const i32 quadrant = static_cast<i32>(n) & 3;
  const float a = quadrant % 2 == 0 ? s : c;
  const float b = quadrant % 2 == 0 ? c : s;
  sine = quadrant >= 2 ? -a : a;
  cosine = quadrant == 1 || quadrant == 2 ? -b : b;
}

/// The total order of argmax: NaN above all, then values, then lower indices.
DEVICE bool argMaxBetter(float value, i32 index, float than, i32 thanIndex) {
  const bool isNan = value != value;
  const bool thanNan = than != than;
  if (isNan != thanNan) {
    return isNan;
  }
  if (!isNan && value != than) {
    return value > than;
  }
  return index < thanIndex;
}
