//===- BlockRunner.h - Runs the threads of one block ------------*- C++ -*-===//
//
// A scheduler per OS thread. Threads run until they meet a collective; the
// switch goes straight to the next runnable thread. A thread that ends hands
// its fiber to the next one, so a kernel without collectives needs one fiber.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_HOST_BLOCKRUNNER_H
#define SINTER_RUNTIME_HOST_BLOCKRUNNER_H

#include "runtime/host/Fibers.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sinter::host {

class Checker;

/// Everything that the blocks of one launch share.
struct LaunchContext {
  SinterKernelBlock entry = nullptr;
  const std::string *kernel = nullptr; ///< symbol, for messages
  /// The kernel's text, for messages: the line at fault is quoted.
  const std::string *text = nullptr;
  uint32_t gridX = 1;
  uint32_t gridY = 1;
  uint32_t blockSize = 0;
  uint32_t sharedBytes = 0;
  SinterBuffer *arguments = nullptr;
};

class BlockRunner {
public:
  static constexpr uint32_t maxWords = 64; ///< per lane of a collective

  /// `checker` watches every access; null in unchecked mode. `seed` shuffles
  /// the order of threads; 0 keeps it.
  static Result<std::unique_ptr<BlockRunner>> create(Checker *checker,
                                                     uint64_t seed);

  /// Runs one block to its end, or to the first error, which abandons the
  /// block and leaves the runner fit for the next.
  Status run(const LaunchContext &launch, uint32_t blockX, uint32_t blockY);

  const LaunchContext &launch() const { return *current; }
  uint32_t block() const { return blockY * current->gridX + blockX; }
  uint32_t thread() const { return arena->worker().threadIndex; }
  /// Collectives (and barriers) that a warp has passed in this block.
  uint32_t clock(uint32_t warp) const { return warps[warp].clock; }
  /// The warp's clock just after the block's last barrier.
  uint32_t barrierClock(uint32_t warp) const { return warps[warp].atBarrier; }
  uint32_t barriers() const { return barrierCount; }
  /// Has the thread that runs waited for its producers?
  bool waited() const {
    return warps[thread() / SINTER_WARP].waited >> thread() % SINTER_WARP & 1;
  }

  /// Notes the first error of the block. The hook that called the checker then
  /// leaves the block; no other thread runs before that.
  void report(Error found);
  /// "kernel 'k', line 12 `store(y, i, v)`, block 3, thread 64".
  std::string place(uint32_t line) const;
  /// "line 12 `store(y, i, v)`".
  std::string lineText(uint32_t line) const;

private:
  struct Warp {
    uint32_t unstarted = 0; ///< lanes, as are all masks
    uint32_t ready = 0;     ///< suspended, may go on
    uint32_t waiting = 0;   ///< in a warp collective
    uint32_t atBlock = 0;   ///< in a block barrier
    uint32_t done = 0;
    uint32_t waited = 0; ///< for producers
    uint32_t clock = 0;
    uint32_t atBarrier = 0;
    SinterCombine combine = nullptr;
    uint32_t words = 0;
    uint32_t line = 0;
    std::array<uint32_t, size_t{maxWords} * SINTER_WARP> deposits;
    std::array<uint32_t, size_t{maxWords} * SINTER_WARP> results;
  };

  BlockRunner() = default;
  static const SinterHostCalls callTable;
  static BlockRunner &of(SinterWorker *worker);
  static void fiberMain(SinterWorker *worker);
  static void onBlockBarrier(SinterWorker *worker, unsigned line);
  static const unsigned *onWarpCollective(SinterWorker *worker,
                                          SinterCombine combine,
                                          const unsigned *in, unsigned words,
                                          unsigned line);
  static void onAccess(SinterWorker *worker, SinterBuffer *buffer,
                       long long index, unsigned elementBytes, unsigned bytes,
                       unsigned memoryOp, unsigned line);
  static void onSharedAccess(SinterWorker *worker, long long viewOffset,
                             long long viewBytes, long long offset,
                             unsigned bytes, unsigned memoryOp, unsigned line);
  static void onSharedOverflow(SinterWorker *worker, long long offset,
                               long long bytes, unsigned line);
  static int onNextThread(SinterWorker *worker);
  static void onWaitForProducers(SinterWorker *worker);

  void blockBarrier(uint32_t line);
  const uint32_t *warpCollective(SinterCombine combine, const uint32_t *in,
                                 uint32_t words, uint32_t line);
  bool pick(uint32_t &thread);
  void suspend();
  void toMain();
  uint32_t freeFiber();
  void resume(uint32_t thread, bool onThisFiber);
  uint32_t random();
  void reportCollective(const Warp &warp, const char *found, uint32_t line);
  void reportBarrier(const char *found, uint32_t line);
  void reportStuck();
  void reportShared(long long offset, long long bytes, uint32_t line);
  /// Leaves the block for good; every fiber starts anew.
  [[noreturn]] void abandonBlock();

  struct Calls {
    SinterHostCalls calls;
    BlockRunner *runner;
  };
  std::unique_ptr<Calls> calls; ///< what the worker points to
  std::unique_ptr<FiberArena> arena;
  std::vector<unsigned char> shared;
  Checker *checker = nullptr;
  uint64_t randomState = 0;

  const LaunchContext *current = nullptr;
  SinterKernelBlock entry = nullptr;
  uint32_t blockX = 0;
  uint32_t blockY = 0;
  uint32_t warpCount = 0;
  uint32_t runnableWarps = 0; ///< mask: warps with unstarted or ready lanes
  uint32_t doneCount = 0;
  uint32_t barrierArrived = 0;
  uint32_t barrierLine = 0;
  uint32_t barrierThread = 0;
  uint32_t barrierCount = 0;
  uint32_t thisFiber = FiberArena::mainFiber;
  std::vector<uint32_t> fiberOf; ///< by thread
  std::vector<uint32_t> freeFibers;
  std::vector<Warp> warps;
  std::optional<Error> error;
};

} // namespace sinter::host

#endif // SINTER_RUNTIME_HOST_BLOCKRUNNER_H
