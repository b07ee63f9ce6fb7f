//===- BlockRunner.cpp - Runs the threads of one block --------------------===//
//
// No function that may suspend or fail on a fiber holds an object with a
// destructor at that moment: an abandoned stack is not unwound.
//
//===----------------------------------------------------------------------===//

#include "runtime/host/BlockRunner.h"

#include "runtime/host/Checker.h"

#include <algorithm>
#include <bit>
#include <cstring>

// Between the kernel and the switch there is one frame: a return that the
// processor predicts wrongly costs more than the switch itself.
#define SINTER_INLINE inline __attribute__((always_inline))

namespace sinter::host {

namespace {

constexpr uint32_t allLanes = ~0u;

} // namespace

SINTER_INLINE BlockRunner &BlockRunner::of(SinterWorker *worker) {
  return *reinterpret_cast<const Calls *>(worker->calls)->runner;
}

Result<std::unique_ptr<BlockRunner>> BlockRunner::create(Checker *checker,
                                                         uint64_t seed) {
  std::unique_ptr<BlockRunner> runner(new BlockRunner);
  SINTER_ASSIGN(runner->arena, FiberArena::create(&BlockRunner::fiberMain));
  runner->checker = checker;
  runner->randomState = seed;
  runner->fiberOf.resize(maxBlockSize);
  runner->warps.resize(maxBlockSize / SINTER_WARP);
  for (uint32_t fiber = maxBlockSize; fiber-- > 0;) {
    runner->freeFibers.push_back(fiber);
  }
  runner->calls = std::make_unique<Calls>(Calls{callTable, runner.get()});
  runner->arena->worker().calls = &runner->calls->calls;
  return runner;
}

/// Seeded, cheap, good enough to vary an order (xorshift).
uint32_t BlockRunner::random() {
  randomState ^= randomState << 13;
  randomState ^= randomState >> 7;
  randomState ^= randomState << 17;
  return static_cast<uint32_t>(randomState >> 32);
}

Status BlockRunner::run(const LaunchContext &launch, uint32_t x, uint32_t y) {
  current = &launch;
  entry = launch.entry;
  blockX = x;
  blockY = y;
  SinterWorker &worker = arena->worker();
  worker.blockIndexX = x;
  worker.blockIndexY = y;
  worker.blockSize = launch.blockSize;
  worker.gridSizeX = launch.gridX;
  worker.gridSizeY = launch.gridY;
  worker.sharedBytes = launch.sharedBytes;
  worker.arguments = launch.arguments;
  if (shared.size() < launch.sharedBytes + 16ull) {
    shared.resize(launch.sharedBytes + 16ull);
  }
  worker.shared =
      shared.data() + (-reinterpret_cast<uintptr_t>(shared.data()) & 15);
  warpCount = launch.blockSize / SINTER_WARP;
  runnableWarps = warpCount == 32 ? allLanes : (1u << warpCount) - 1;
  doneCount = 0;
  barrierArrived = 0;
  barrierCount = 0;
  for (uint32_t w = 0; w < warpCount; ++w) {
    Warp &warp = warps[w];
    warp.unstarted = allLanes;
    warp.ready = warp.waiting = warp.atBlock = warp.done = 0;
    warp.waited = 0;
    warp.clock = 1;
    warp.atBarrier = 0;
  }
  error.reset();
  worker.threadIndex = 0;
  uint32_t first = 0;
  pick(first);
  resume(first, /*onThisFiber=*/false);
  if (error) {
    return std::move(*error);
  }
  return Status::success();
}

/// Never returns: after its last thread a fiber waits in the free list.
void BlockRunner::fiberMain(SinterWorker *worker) {
  for (;;) {
    of(worker).entry(worker);
  }
}

/// The next runnable thread, at best in the warp of the current one. Cyclic
/// order, or any order with a seed.
SINTER_INLINE bool BlockRunner::pick(uint32_t &thread) {
  if (runnableWarps == 0) {
    return false;
  }
  uint32_t &now = arena->worker().threadIndex;
  uint32_t w = now / SINTER_WARP;
  uint32_t laneFrom = now % SINTER_WARP + 1;
  uint32_t warpFrom = w;
  if (randomState != 0) {
    const uint32_t bits = random();
    laneFrom = bits & 31;
    // Mostly within the warp, so that warps interleave in long runs too.
    if (bits >> 5 & 7) {
      warpFrom = w;
    } else {
      warpFrom = bits >> 8 & 31;
    }
  }
  if ((runnableWarps >> warpFrom & 1) == 0 || warpFrom >= warpCount) {
    const uint32_t turned =
        std::rotr(runnableWarps, static_cast<int>(warpFrom & 31));
    warpFrom = (warpFrom + std::countr_zero(turned)) & 31;
  }
  w = warpFrom;
  const uint32_t runnable = warps[w].unstarted | warps[w].ready;
  const uint32_t turned = std::rotr(runnable, static_cast<int>(laneFrom & 31));
  thread = w * SINTER_WARP + ((laneFrom + std::countr_zero(turned)) & 31);
  return true;
}

SINTER_INLINE uint32_t BlockRunner::freeFiber() {
  const uint32_t fiber = freeFibers.back();
  freeFibers.pop_back();
  return fiber;
}

/// Continues or starts `thread`. With `onThisFiber` an unstarted thread starts
/// where we are.
SINTER_INLINE void BlockRunner::resume(uint32_t thread, bool onThisFiber) {
  Warp &warp = warps[thread / SINTER_WARP];
  const uint32_t bit = 1u << thread % SINTER_WARP;
  const uint32_t left = thisFiber;
  bool start = (warp.unstarted & bit) != 0;
  warp.unstarted &= ~bit;
  warp.ready &= ~bit;
  if ((warp.unstarted | warp.ready) == 0) {
    runnableWarps &= ~(1u << thread / SINTER_WARP);
  }
  arena->worker().threadIndex = thread;
  if (start && onThisFiber) {
    fiberOf[thread] = left;
    return;
  }
  if (onThisFiber) {
    freeFibers.push_back(left);
  }
  if (start) {
    fiberOf[thread] = freeFiber();
  }
  thisFiber = fiberOf[thread];
  arena->switchTo(left, thisFiber);
}

/// The current thread waits; someone else runs.
SINTER_INLINE void BlockRunner::suspend() {
  uint32_t next = 0;
  if (!pick(next)) {
    reportStuck();
    abandonBlock();
  }
  resume(next, /*onThisFiber=*/false);
}

void BlockRunner::toMain() {
  const uint32_t left = thisFiber;
  thisFiber = FiberArena::mainFiber;
  arena->switchTo(left, FiberArena::mainFiber);
}

int BlockRunner::onNextThread(SinterWorker *worker) {
  BlockRunner &r = of(worker);
  const SinterKernelBlock kernel = r.entry;
  const uint32_t thread = worker->threadIndex;
  Warp &warp = r.warps[thread / SINTER_WARP];
  warp.done |= 1u << thread % SINTER_WARP;
  ++r.doneCount;
  if (r.barrierArrived != 0) {
    r.reportBarrier("this thread ends without it", 0);
    r.abandonBlock();
  }
  if (warp.waiting != 0) {
    r.reportCollective(warp, "this thread ends without it", 0);
    r.abandonBlock();
  }
  uint32_t next = 0;
  if (r.pick(next)) {
    r.resume(next, /*onThisFiber=*/true);
  } else if (r.doneCount == r.current->blockSize) {
    r.freeFibers.push_back(r.thisFiber);
    r.toMain();
  } else {
    r.reportStuck();
    r.abandonBlock();
  }
  // Perhaps much later, for another kernel: its text must be entered anew.
  return r.entry == kernel ? 1 : 0;
}

void BlockRunner::onBlockBarrier(SinterWorker *worker, unsigned line) {
  of(worker).blockBarrier(line);
}

SINTER_INLINE void BlockRunner::blockBarrier(uint32_t line) {
  const uint32_t thread = this->thread();
  Warp &warp = warps[thread / SINTER_WARP];
  if (doneCount != 0) {
    barrierLine = line;
    barrierThread = thread;
    reportBarrier("other threads have ended without it", line);
    abandonBlock();
  }
  if (barrierArrived == 0) {
    barrierLine = line;
    barrierThread = thread;
  } else if (barrierLine != line) {
    reportBarrier("this thread waits at another one", line);
    abandonBlock();
  }
  warp.atBlock |= 1u << thread % SINTER_WARP;
  if (++barrierArrived < current->blockSize) {
    suspend();
    return;
  }
  barrierArrived = 0;
  ++barrierCount;
  for (uint32_t w = 0; w < warpCount; ++w) {
    warps[w].ready = warps[w].atBlock;
    warps[w].atBlock = 0;
    warps[w].atBarrier = ++warps[w].clock;
  }
  warp.ready &= ~(1u << thread % SINTER_WARP);
  runnableWarps = warpCount == 32 ? allLanes : (1u << warpCount) - 1;
}

const unsigned *BlockRunner::onWarpCollective(SinterWorker *worker,
                                              SinterCombine combine,
                                              const unsigned *in,
                                              unsigned words, unsigned line) {
  return of(worker).warpCollective(combine, in, words, line);
}

SINTER_INLINE const uint32_t *BlockRunner::warpCollective(SinterCombine combine,
                                                          const uint32_t *in,
                                                          uint32_t words,
                                                          uint32_t line) {
  const uint32_t thread = this->thread();
  const uint32_t lane = thread % SINTER_WARP;
  Warp &warp = warps[thread / SINTER_WARP];
  if (warp.waiting == 0) {
    warp.combine = combine;
    warp.words = words;
    warp.line = line;
  }
  if (warp.combine != combine || warp.words != words || warp.line != line) {
    reportCollective(warp, "this thread is at another one", line);
    abandonBlock();
  }
  if (warp.done != 0) {
    reportCollective(warp, "other lanes have ended without it", line);
    abandonBlock();
  }
  for (uint32_t word = 0; word < words; ++word) {
    warp.deposits[word * SINTER_WARP + lane] = in[word];
  }
  warp.waiting |= 1u << lane;
  if (warp.waiting != allLanes) {
    suspend();
    return warp.results.data();
  }
  combine(warp.deposits.data(), warp.results.data(), words);
  warp.waiting = 0;
  ++warp.clock;
  warp.ready = allLanes & ~(1u << lane);
  runnableWarps |= 1u << thread / SINTER_WARP;
  return warp.results.data();
}

void BlockRunner::onAccess(SinterWorker *worker, SinterBuffer *buffer,
                           long long index, unsigned elementBytes,
                           unsigned bytes, unsigned memoryOp, unsigned line) {
  BlockRunner &r = of(worker);
  if (!r.checker->access(r, *buffer, index, elementBytes, bytes, memoryOp,
                         line)) {
    r.abandonBlock();
  }
}

void BlockRunner::onSharedAccess(SinterWorker *worker, long long viewOffset,
                                 long long viewBytes, long long offset,
                                 unsigned bytes, unsigned memoryOp,
                                 unsigned line) {
  BlockRunner &r = of(worker);
  if (!r.checker->sharedAccess(r, viewOffset, viewBytes, offset, bytes,
                               memoryOp, line)) {
    r.abandonBlock();
  }
}

void BlockRunner::onSharedOverflow(SinterWorker *worker, long long offset,
                                   long long bytes, unsigned line) {
  BlockRunner &r = of(worker);
  r.reportShared(offset, bytes, line);
  r.abandonBlock();
}

const SinterHostCalls BlockRunner::callTable = {
    &BlockRunner::onBlockBarrier,    &BlockRunner::onWarpCollective,
    &BlockRunner::onAccess,          &BlockRunner::onSharedAccess,
    &BlockRunner::onSharedOverflow,  &BlockRunner::onNextThread,
    &BlockRunner::onWaitForProducers};

void BlockRunner::onWaitForProducers(SinterWorker *worker) {
  BlockRunner &r = of(worker);
  const uint32_t thread = worker->threadIndex;
  r.warps[thread / SINTER_WARP].waited |= 1u << thread % SINTER_WARP;
  r.checker->noteWait();
}

void BlockRunner::abandonBlock() {
  freeFibers.clear();
  for (uint32_t fiber = maxBlockSize; fiber-- > 0;) {
    arena->abandon(fiber);
    freeFibers.push_back(fiber);
  }
  toMain();
  __builtin_unreachable();
}

} // namespace sinter::host
