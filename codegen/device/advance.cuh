//===- advance.cuh - A step's token becomes the next step's input ---------===//
//
// One warp; lane b is sequence b. A sequence that has stopped keeps its id and
// position, so that the step may run again and change nothing; it logs -1 while
// others go on. It stops at an end id, at the last row of the log and at the
// last position of the cache. Only the token is another kernel's of this step:
// all else is loaded before the wait.
//
//===----------------------------------------------------------------------===//

template <int Batch, int Rows, int Ends, int Capacity>
DEVICE void advance(InOut<i32> ids, InOut<i32> positions, In<i32> token,
                    InOut<i32> log, InOut<i32> count, InOut<i32> stop,
                    In<i32> ends) {
  static_assert(Batch <= 32, "a lane per sequence");
  const int b = threadIndex();
  const bool mine = b < Batch;
  // All but the token is as the step before left it.
  i32 known[Ends] = {};
  i32 row = 0;
  i32 stopped = 1;
  i32 id = 0;
  i32 position = 0;
  if (mine) {
    row = load(count, 0);
    stopped = load(stop, b);
    id = load(ids, b);
    position = load(positions, b);
    for (int k = 0; k < Ends; ++k) {
      known[k] = load(ends, k);
    }
  }
  const bool live = stopped == 0 && row < Rows;
  const bool any = warpMax(live ? 1.0f : 0.0f) > 0.0f;
  allowConsumers();
  waitForProducers();
  if (mine) {
    const i32 chosen = load(token, b);
    const bool last = position + 1 >= Capacity;
    bool ended = !live || last || row + 1 >= Rows;
    for (int k = 0; k < Ends; ++k) {
      ended = ended || known[k] == chosen;
    }
    if (any) {
      store(log, i64(row) * Batch + b, live ? chosen : -1);
    }
    store(ids, b, live ? chosen : id);
    store(positions, b, live && !last ? position + 1 : position);
    store(stop, b, ended ? 1 : 0);
  }
  warpBarrier();
  if (b == 0 && any) {
    store(count, 0, row + 1);
  }
}
