//===- pages.cuh - Where a row of a cache in pages lies -------------------===//
//
// A cache is [pages, Heads, Page, D]: the rows of one head in one page are
// neighbours. The table [sequences, Each] i32 names the pages of each sequence
// in order; no kernel writes it, so it may be read before the wait.
//
//===----------------------------------------------------------------------===//

/// The rows of one head of one sequence.
template <int Heads, int Page, int Each>
struct PagedRows {
  In<i32> table;
  i64 first; ///< the sequence's entry of its first page
  i64 head;
  /// Number of the row that holds `position`, counted in rows of D elements.
  MEMBER i64 row(i32 position) const {
    const i64 page = load(table, first + position / Page);
    return (page * Heads + head) * Page + position % Page;
  }
};
template <int Heads, int Page, int Each>
DEVICE PagedRows<Heads, Page, Each> pagesOf(In<i32> table, i64 sequence,
                                            i64 head) {
  return {table, sequence * Each, head};
}

/// As appendPiece (elementwise.cuh); i counts in rows [n, Heads, HeadDim].
template <int Tokens, int Heads, int HeadDim, int Page, int Each, int V>
DEVICE void appendPagedPiece(In<bf16> rows, In<i32> positions, In<i32> pages,
                             InOut<bf16> cache, i64 i) {
  const i64 n = i / (Heads * HeadDim);
  const auto head =
      pagesOf<Heads, Page, Each>(pages, n / Tokens, i / HeadDim % Heads);
  copyPiece<V>(rows, i, cache,
               head.row(load(positions, n)) * HeadDim + i % HeadDim);
}

/// As AppendHead (chain_heads.cuh).
template <int D, int Tokens, int Heads, int Page, int Each>
struct AppendPagedHead {
  InOut<bf16> cache;
  In<i32> pages;
  MEMBER void put(i64 row, i32 position, int first, Piece<8> piece) const {
    const auto head =
        pagesOf<Heads, Page, Each>(pages, row / (Tokens * Heads), row % Heads);
    storePiece(cache, head.row(position) * D + first, piece);
  }
};
