//===- prelude_cuda_warps.cuh - Collectives of a warp on a GPU ------------===//

template <typename T>
DEVICE T shfl(T value, int lane) {
  return __shfl_sync(~0u, value, lane);
}
template <typename T>
DEVICE T shflXor(T value, int mask) {
  return __shfl_xor_sync(~0u, value, mask);
}

template <int N>
DEVICE void warpSum(float (&values)[N]) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
#pragma unroll
    for (int k = 0; k < N; ++k) {
      values[k] += shflXor(values[k], mask);
    }
  }
}
template <int N>
DEVICE void warpMax(float (&values)[N]) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
#pragma unroll
    for (int k = 0; k < N; ++k) {
      values[k] = maxF(values[k], shflXor(values[k], mask));
    }
  }
}
/// Halves of the values change sides until each lane has one, then that one is
/// summed on: the pairs of the xor tree at a fraction of its shuffles.
template <int Lanes, int N>
DEVICE float groupSums(float (&values)[N]) {
  static_assert(N <= Lanes && (N & (N - 1)) == 0, "a power of two");
#pragma unroll
  for (int mask = Lanes / 2, count = N; mask > 0; mask /= 2) {
    if (count == 1) {
      values[0] += shflXor(values[0], mask);
      continue;
    }
    count /= 2;
    const bool upper = (threadIdx.x & mask) != 0;
#pragma unroll
    for (int k = 0; k < N / 2; ++k) {
      if (k < count) {
        const float mine = upper ? values[k + count] : values[k];
        const float theirs = upper ? values[k] : values[k + count];
        values[k] = mine + shflXor(theirs, mask);
      }
    }
  }
  return values[0];
}
DEVICE void warpArgMax(float &value, i32 &index) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
    const float otherValue = shflXor(value, mask);
    const i32 otherIndex = shflXor(index, mask);
    if (argMaxBetter(otherValue, otherIndex, value, index)) {
      value = otherValue;
      index = otherIndex;
    }
  }
}
DEVICE float warpSum(float value) {
  float values[1] = {value};
  warpSum(values);
  return values[0];
}
DEVICE float warpMax(float value) {
  float values[1] = {value};
  warpMax(values);
  return values[0];
}
