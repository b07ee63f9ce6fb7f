//===- PagePool.cpp - Whose is which page of the cache --------------------===//

#include "runtime/PagePool.h"

#include <algorithm>
#include <cassert>

namespace sinter {

PagePool::PagePool(uint32_t pages, uint32_t page, uint32_t sequences)
    : page(page), owned(sequences), counts(pages) {
  assert(sequences <= pages);
  for (uint32_t number = pages; number-- > 0;) {
    free.push_back(static_cast<int32_t>(number));
  }
  for (std::vector<int32_t> &mine : owned) {
    mine.push_back(free.back());
    ++counts[static_cast<size_t>(free.back())];
    free.pop_back();
  }
}

Status PagePool::reserve(size_t sequence, uint32_t positions,
                         const std::string &object) {
  std::vector<int32_t> &mine = owned[sequence];
  const size_t wanted = (uint64_t{positions} + page - 1) / page;
  const size_t more = wanted > mine.size() ? wanted - mine.size() : 0;
  if (more > free.size()) {
    return Error{ErrorCode::PagesExhausted, object,
                 std::to_string(more) + " more pages of " +
                     std::to_string(page) + " positions (--pool, --page)",
                 std::to_string(free.size()) + " unused of " +
                     std::to_string(size()),
                 "close a sequence, or compile with a larger --pool"};
  }
  for (size_t i = 0; i < more; ++i) {
    ++counts[static_cast<size_t>(free.back())];
    mine.push_back(free.back());
    free.pop_back();
  }
  return Status::success();
}

void PagePool::drop(int32_t number) {
  if (--counts[static_cast<size_t>(number)] == 0) {
    free.push_back(number);
  }
}

void PagePool::release(size_t sequence) {
  std::vector<int32_t> &mine = owned[sequence];
  for (size_t i = mine.size() - 1; i-- > 0;) {
    drop(mine[i]);
  }
  mine.erase(mine.begin(), mine.end() - 1);
}

std::optional<int32_t> PagePool::cut(size_t sequence, uint32_t count) {
  std::vector<int32_t> &mine = owned[sequence];
  assert(count != 0 && count <= mine.size());
  std::optional<int32_t> moved;
  if (const int32_t last = mine[count - 1];
      counts[static_cast<size_t>(last)] > 1) {
    std::swap(mine[count - 1], mine.back());
    moved = last;
  }
  while (mine.size() > count) {
    drop(mine.back());
    mine.pop_back();
  }
  return moved;
}

void PagePool::share(size_t to, size_t from, uint32_t count) {
  assert(owned[to].size() == 1 && count < owned[from].size());
  const auto first = owned[from].begin();
  owned[to].insert(owned[to].begin(), first,
                   first + static_cast<std::ptrdiff_t>(count));
  for (uint32_t i = 0; i < count; ++i) {
    ++counts[static_cast<size_t>(owned[to][i])];
  }
}

void PagePool::line(size_t sequence, uint32_t borrowed,
                    std::span<int32_t> into) const {
  const std::vector<int32_t> &mine = owned[sequence];
  auto at = std::copy(mine.begin(), mine.end(), into.begin());
  at = std::copy(free.end() - borrowed, free.end(), at);
  std::fill(at, into.end(), mine.back());
}

} // namespace sinter
