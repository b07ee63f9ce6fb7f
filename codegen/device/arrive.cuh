//===- arrive.cuh - The last block to finish goes on ----------------------===//
//
// Blocks leave parts in a workspace and count themselves; the last one sees all
// parts. Which block that is depends on luck, what it does with them does not:
// it takes them in a fixed order. The counter is zero before and after.
//
//===----------------------------------------------------------------------===//

/// True in every thread of the block that is the last of `blocks` to call it
/// with counter i; it then sees what the others stored before their call. Takes
/// 4 bytes of the arena at byte `arena`, which nobody may be reading.
DEVICE bool lastToArrive(InOut<u32> arrivals, i64 i, u32 blocks, int arena) {
  const Shared<u32> before = shared<u32>(arena, 1);
  blockBarrier();
  if (threadIndex() == 0) {
    const u32 count = atomicAddRelease(arrivals, i, 1u);
    store(before, 0, count);
    if (count == blocks - 1) {
      addRelaxed(arrivals, i, 0u - blocks); // nobody waits for it
    }
  }
  blockBarrier();
  return load(before, 0) == blocks - 1;
}
