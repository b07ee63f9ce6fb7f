//===- probes.cuh - Kernels that measure a GPU ----------------------------===//
//
// Behind the prelude. Results go where nobody looks: a store that the compiler
// cannot rule out keeps the reads alive.
//
//===----------------------------------------------------------------------===//

/// The xor of all words read is compared with it; random bits never hit it in
/// practice, tests do.
constexpr u32 probeMark = 0x5eed5eedu;

/// Nothing but the edges around it.
DEVICE void emptyProbe(InOut<u32> /*sink*/) {
  allowConsumers();
  waitForProducers();
}

template <int Vectors>
DEVICE void requestTile(In<u32> x, i64 tile, Vec<u32, 4> (&words)[Vectors]) {
  const i64 first = tile * Vectors * blockSize() + threadIndex();
#pragma unroll
  for (int v = 0; v < Vectors; ++v) {
    words[v] =
        loadStream<4>(x, 4 * (first + static_cast<i64>(v) * blockSize()));
  }
}
template <int Vectors>
DEVICE u32 foldTile(const Vec<u32, 4> (&words)[Vectors]) {
  u32 fold = 0;
#pragma unroll
  for (int v = 0; v < Vectors; ++v) {
    fold ^= words[v][0] ^ words[v][1] ^ words[v][2] ^ words[v][3];
  }
  return fold;
}

/// Reads `x` once. A tile is Vectors times 16 bytes per thread of a block;
/// block b takes tiles b, b + blocks, ... With Once each block has one tile,
/// else load(tiles, 0). The first is requested before the wait, unless
/// WaitFirst.
template <int Vectors, bool Once, bool WaitFirst>
DEVICE void streamProbe(In<u32> x, In<i32> tiles, InOut<u32> sink) {
  Vec<u32, 4> words[Vectors];
  allowConsumers();
  if constexpr (WaitFirst) {
    waitForProducers();
  }
  requestTile(x, blockIndex(), words);
  if constexpr (!WaitFirst) {
    waitForProducers();
  }
  u32 fold;
  if constexpr (Once) {
    fold = foldTile(words);
  } else {
    const int count = load(tiles, 0);
    fold = foldTile(words);
#pragma unroll 1
    for (int tile = 1; tile < count; ++tile) {
      requestTile(x, static_cast<i64>(tile) * gridSize() + blockIndex(), words);
      fold ^= foldTile(words);
    }
  }
  if (fold == probeMark) {
    store(sink, 0, fold);
  }
}

constexpr int exchangedWords = 512; // 2 KB

/// Cycles of the SM; 0 on the CPU, where nothing is timed.
DEVICE u32 cyclesNow() {
#if defined(__CUDACC__)
  u32 now;
  asm volatile("mov.u32 %0, %%clock;" : "=r"(now)::"memory");
  return now;
#else
  return 0;
#endif
}

/// `word`, with all that is computed from it behind what stands before.
DEVICE u32 heldBack(u32 word) {
#if defined(__CUDACC__)
  asm volatile("" : "+r"(word)::"memory");
#endif
  return word;
}

constexpr int timedBlocks = 1024;

/// A phase between an activation that every block reads whole and one that all
/// blocks write together; 16 bytes Vectors times per thread are requested
/// before the wait, with 0 nothing. cycles[b]: from the wait's end until block
/// b has the activation. Without Exchange nothing is read but the tile.
template <int Vectors, bool Exchange>
DEVICE void exchangeProbe(In<u32> x, In<u32> from, InOut<u32> to,
                          InOut<u32> cycles, InOut<u32> sink) {
  Vec<u32, 4> words[Vectors > 0 ? Vectors : 1] = {};
  allowConsumers();
  if constexpr (Vectors > 0) {
    requestTile(x, blockIndex(), words);
  }
  waitForProducers();
  u32 fold = 0;
  if constexpr (Exchange) {
    const u32 begin = cyclesNow();
    const Shared<u32> arena = shared<u32>(0, exchangedWords);
    for (int i = 4 * threadIndex(); i < exchangedWords; i += 4 * blockSize()) {
      storeVec(arena, i, loadVec<4>(from, i));
    }
    blockBarrier();
    const u32 end = cyclesNow();
    fold = load(arena, threadIndex() % exchangedWords);
    if (threadIndex() == 0 && blockIndex() < timedBlocks) {
      store(cycles, blockIndex(), end - begin);
    }
#pragma unroll
    for (auto &word : words) {
      word.set(0, heldBack(word[0]));
    }
  }
  fold ^= foldTile(words);
  if (fold == probeMark) {
    store(sink, 0, fold);
  }
  if constexpr (Exchange) {
    for (int i = blockIndex(); threadIndex() == 0 && i < exchangedWords;
         i += gridSize()) {
      store(to, i, fold);
    }
  }
}

/// load(hops, 0) dependent reads of 16 bytes past the first-level cache, each
/// saying where the next one is; sink[0] is where it ends.
DEVICE void chaseProbe(In<u32> next, In<i32> hops, InOut<u32> sink) {
  if (threadIndex() != 0) {
    return;
  }
  u32 at = 0;
  for (int hop = load(hops, 0); hop > 0; --hop) {
    at = loadStream<4>(next, at)[0];
  }
  store(sink, 0, at);
}

/// The same in shared memory, around 256 words.
DEVICE void sharedChaseProbe(In<i32> hops, InOut<u32> sink) {
  const Shared<u32> arena = shared<u32>(0, 256);
  for (int i = threadIndex(); i < 256; i += blockSize()) {
    store(arena, i, static_cast<u32>((i + 33) % 256));
  }
  blockBarrier();
  u32 at = 0;
  for (int hop = load(hops, 0); hop > 0; --hop) {
    at = load(arena, at);
  }
  if (threadIndex() == 0) {
    store(sink, 0, at);
  }
}

/// Keeps one thread busy for load(count, 0) dependent multiply-adds.
DEVICE void spinProbe(In<i32> count, InOut<u32> sink) {
  if (threadIndex() != 0) {
    return;
  }
  float x = 0;
  for (int left = load(count, 0); left > 0; --left) {
    x = fmaF(x, 0.5f, 1.0f);
  }
  store(sink, 0, asBits(x));
}

/// load(rounds, 0) barriers of the whole grid by a counter that starts at 0.
DEVICE void barrierProbe(InOut<u32> counter, In<i32> rounds, InOut<u32> sink) {
  const int last = load(rounds, 0);
  for (int round = 1; round <= last; ++round) {
    blockBarrier();
    if (threadIndex() == 0) {
      const u32 wanted = static_cast<u32>(round) * static_cast<u32>(gridSize());
      if (atomicAddRelease(counter, 0, 1u) + 1u != wanted) {
        while (loadAcquire(counter, 0) < wanted) {
        }
      }
    }
    blockBarrier();
  }
  if (blockIndex() + threadIndex() == 0) {
    store(sink, 0, static_cast<u32>(last));
  }
}
