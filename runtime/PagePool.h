//===- PagePool.h - Whose is which page of the cache ------------*- C++ -*-===//
//
// Sequences take pages from one pool. Pages that two sequences begin with alike
// are shared and counted. Only numbers: where rows lie and who copies them is
// for others to know.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_PAGEPOOL_H
#define SINTER_RUNTIME_PAGEPOOL_H

#include "runtime/format/Status.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sinter {

/// Each sequence always has a page, also while nobody uses it: a step of the
/// batch writes a row of every sequence. The last page of a sequence is its
/// alone.
class PagePool {
public:
  /// `pages` of `page` positions for `sequences`, at most as many.
  PagePool(uint32_t pages, uint32_t page, uint32_t sequences);

  uint32_t pageSize() const { return page; }
  uint32_t size() const { return static_cast<uint32_t>(counts.size()); }
  /// Pages that nobody has.
  uint32_t unused() const { return static_cast<uint32_t>(free.size()); }

  /// Its pages in order.
  std::span<const int32_t> pagesOf(size_t sequence) const {
    return owned[sequence];
  }
  /// Positions that it has pages for.
  uint32_t positions(size_t sequence) const {
    return static_cast<uint32_t>(owned[sequence].size()) * page;
  }

  /// Pages for the first `positions`. SIN2713: too few are unused; then it has
  /// what it had. `object` is named there.
  Status reserve(size_t sequence, uint32_t positions,
                 const std::string &object);
  /// All but its last page can be somebody else's.
  void release(size_t sequence);
  /// Leaves it `count` pages, at least one and at most what it has. Where the
  /// last of them is another's too, its own last page takes that place, and the
  /// page it had there is returned: its rows are to be copied.
  std::optional<int32_t> cut(size_t sequence, uint32_t count);
  /// `to`, just released, begins with the first `count` pages of `from`, its
  /// own page behind them.
  void share(size_t to, size_t from, uint32_t count);

  /// Its line of the page table: its pages, then `borrowed` unused
  /// ones, then its last page again.
  void line(size_t sequence, uint32_t borrowed, std::span<int32_t> into) const;

private:
  void drop(int32_t number);

  uint32_t page;
  std::vector<std::vector<int32_t>> owned; ///< by sequence
  std::vector<uint32_t> counts;            ///< sequences that have the page
  std::vector<int32_t> free;               ///< taken from the back
};

} // namespace sinter

#endif // SINTER_RUNTIME_PAGEPOOL_H
