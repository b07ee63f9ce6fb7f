//===- advance.cuh - A step's token becomes the next step's input ---------===//
//
// One warp; lane b is sequence b. A sequence that has stopped keeps its id and
// position, so that the step may run again and change nothing; it logs -1 while
// others go on. It stops at an end id, at the last row of the log and at the
// last position of the cache.
//
//===----------------------------------------------------------------------===//

template <int Batch, int Rows, int Ends, int Capacity>
DEVICE void advance(InOut<i32> ids, InOut<i32> positions, In<i32> token,
                    InOut<i32> log, InOut<i32> count, InOut<i32> stop,
                    In<i32> ends) {
  static_assert(Batch <= 32, "a lane per sequence");
  const int b = threadIndex();
  const bool mine = b < Batch;
  const i32 row = mine ? load(count, 0) : 0;
  const bool live = mine && load(stop, b) == 0 && row < Rows;
  const bool any = warpMax(live ? 1.0f : 0.0f) > 0.0f;
  if (mine) {
    const i32 chosen = load(token, b);
    const i32 id = load(ids, b);
    const i32 position = load(positions, b);
    const bool last = position + 1 >= Capacity;
    bool ended = !live || last || row + 1 >= Rows;
    for (int k = 0; k < Ends; ++k) {
      const bool end = load(ends, k) == chosen;
      ended = ended || end;
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
