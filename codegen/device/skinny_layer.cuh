//===- skinny_layer.cuh - The blocks of skinny.cuh, and its prologues -----===//
//
// A prologue requests what is hoisted, prepares once what it needs of all of x,
// and is applied to each slice of x before it is multiplied.
//
//===----------------------------------------------------------------------===//

/// x as it is.
struct PlainRows {
  MEMBER void request() {}
  template <typename S>
  MEMBER void prepare(In<bf16>, const typename S::Inputs &) {}
  template <typename S>
  MEMBER void apply(int, typename S::Inputs &) {}
};

/// One linear layer. Bias: at(line), before the wait for the first batch.
/// Epilogue: early(m, j) as soon as other kernels' results can be read,
/// late(n, m, j, y, up, early): output j of row m, the n-th of this thread's.
template <typename S, typename Prologue, typename Bias, typename Epilogue>
DEVICE void skinny(In<bf16> x, In<bf16> weight, Prologue prologue, Bias bias,
                   Epilogue &epilogue) {
  i64 row = static_cast<i64>(blockIndex()) * (S::rows * S::Turns);
  typename S::Weights weights;
  requestChunks<S>(true, weight, {row, 0, 0}, 0, S::depth, weights);
  prologue.request();
  SkinnyOutputs<S, Bias, Epilogue> outputs;
  outputs.request(row, bias);
  if constexpr (!S::Late) {
    allowConsumers();
  }
  waitForProducers();
  if constexpr (S::Late) {
    allowConsumers();
  }
  outputs.early(row, epilogue);
  typename S::Inputs inputs;
  if constexpr (S::Slices == 1) {
    loadInputs<S>(x, 0, inputs);
  }
  prologue.template prepare<S>(x, inputs);
  if constexpr (S::Slices == 1) {
    prologue.template apply<S>(0, inputs);
  }
  ONE_BY_ONE for (int turn = 0; turn < S::Turns; ++turn) {
    const i64 next = row + S::rows;
    const bool more = turn + 1 < S::Turns && (S::full || next < S::Outputs);
    const int buffer = turn % 2;
    typename S::Sums sums[S::groups] = {};
    ONE_BY_ONE for (int slice = 0; slice < S::Slices; ++slice) {
      const bool last = slice == S::Slices - 1;
      if constexpr (S::Slices > 1) {
        loadInputs<S>(x, slice, inputs);
        prologue.template apply<S>(slice, inputs);
      }
      UNROLL for (int group = 0; group < S::groups; ++group) {
        const bool through = group == S::groups - 1;
        const bool wanted = !through || !last || more;
        const SkinnyStep then = {through && last ? next : row,
                                 !through ? slice
                                 : last   ? 0
                                          : slice + 1,
                                 through ? 0 : group + 1};
        UNROLL for (int first = 0; first < S::depth; first += S::bunch) {
          const int end =
              first + S::bunch < S::depth ? first + S::bunch : S::depth;
          UNROLL for (int k = first; k < end; ++k) {
            multiplyChunk<S>(weights, inputs, k, sums[group]);
          }
          if (!through || S::Slices * S::Turns > 1) {
            requestChunks<S>(wanted, weight, then, first, end, weights);
          }
        }
        if (last) {
          leaveGroup<S>(sums[group], group, buffer);
        }
      }
    }
    blockBarrier();
    outputs.late(row, buffer, epilogue);
    if (!more) {
      break;
    }
    row = next;
    outputs.request(row, bias);
    outputs.early(row, epilogue);
  }
}
