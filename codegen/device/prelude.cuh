//===- prelude.cuh - What a kernel may use --------------------------------===//
//
// Every printed kernel begins with this prelude and reaches memory, threads
// and mathematics only through it. The same text runs in two places: the CUDA
// face needs no toolkit header, the host face runs the threads of a block as
// fibers and, if checked, verifies every access. Both give the same bits.
//
//   SINTER_KERNEL(name, maxThreads, minBlocks, (In<bf16> x, Out<bf16> y)) {..}
//     one kernel per text; blocks have a multiple of 32 threads
//   DEVICE, MEMBER     before every device function, every member function
//
//   bf16 float i32 u32 i64   element types of parameters
//   Vec<T, N>          v[k], v.set(k, t); Bf16x8, Bf16x4, Bf16x2, Float4, ...
//   toFloat(bf16), toBf16(float)      round to nearest even, NaN to 0x7fc0
//   toFloat(Vec<bf16, N>), toBf16(Vec<float, N>)
//   roundBf16(float)                  float -> bf16 -> float
//   asBits(float), asFloat(u32)
//
//   In<T> Out<T> InOut<T>    parameters: typed views of global memory. In is
//     never written, Out is undefined before the launch and cannot be loaded,
//     InOut may be passed where In is wanted.
//   partOf(x, first)         the In that begins at element `first` of x
//   Shared<T> s = shared<T>(byteOffset, count)   view of the block's arena
//   load(x, i)  store(x, i, v)        one element, i counts elements (64 bit)
//   loadVec<N>(x, i)  storeVec(x, i, v)   4, 8 or 16 bytes, naturally aligned
//   loadStream<N>(x, i)               as loadVec, for data read once (weights)
//   loadStreamIf<N>(wanted, x, i)     likewise, zeros and no access if not
//   atomicAddRelease(x, i, v)         u32, old value; acquires and releases
//   addRelaxed(x, i, v)               u32; atomic, orders nothing
//   loadAcquire(x, i)                 u32
//
//   threadIndex() blockIndex() blockIndexY() blockSize() gridSize()
//   gridSizeY() laneIndex() warpIndex() warpCount()          all int
//
//   allowConsumers()                  the next kernel may start, up to its own
//     waitForProducers (programmatic launch, sm_90)
//   waitForProducers()                what the kernels before have stored can
//     be read; only what no kernel of the step writes may be read earlier:
//     weights, positions, older keys and values. Before the first store.
//     Waits only if the launch overlaps them (programmatic launch, sm_90)
//   blockBarrier()                    all threads of the block
//   warpBarrier()                     all 32 lanes, as everything below
//   shfl(v, lane) shflXor(v, mask)    float, i32, u32
//   warpSum(v), warpSum(array)        float; xor tree 16, 8, 4, 2, 1
//   groupSums<Lanes>(array)           float; lane l of each group of Lanes
//     lanes gets the group's sum of element l * N / Lanes; xor tree
//   warpMax(v), warpMax(array)        float
//   warpArgMax(value, index)          in place; a NaN is the greatest value,
//                                     equal values give the lowest index
//
//   fmaF maxF minF absF expF sinCos sqrtF siluF argMaxBetter
//   rsqrtF(x)                         1 / sqrtF(x), both rounded
//     deterministic (prelude_math.cuh); products and sums are never contracted
//
//===----------------------------------------------------------------------===//

using u16 = unsigned short;
using i32 = int;
using u32 = unsigned int;
using i64 = long long;
using u64 = unsigned long long;

/// The upper half of an IEEE float.
struct bf16 {
  u16 bits;
};
