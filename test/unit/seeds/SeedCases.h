//===- SeedCases.h - The groups of the notes --------------------*- C++ -*-===//

#ifndef SINTER_TEST_UNIT_SEEDS_SEEDCASES_H
#define SINTER_TEST_UNIT_SEEDS_SEEDCASES_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sinter::seeds {

/// Some ops of a layer at batch 1, as a group's body or as an entry.
struct SeedCase {
  using Shape = std::vector<int64_t>;
  std::vector<std::pair<std::string, Shape>> inputs;  ///< "x", {1, 896}
  std::vector<std::pair<std::string, Shape>> weights; ///< "w", {1152, 896}
  std::string body;                                   ///< ops on %x, %w
  std::vector<std::pair<std::string, Shape>> results;

  /// Inputs and weights as "%x: tensor<1x896xbf16>, ...".
  std::string arguments() const;
  /// "%y : tensor<1x896xbf16>".
  std::string yielded() const;
  /// A module at stage packed with one decode entry.
  std::string module() const;
};

/// The notes' shapes (they are Qwen2.5-0.5B's): 896 wide, 4,864 inner, 14 heads
/// and 2 KV heads of 64.
inline constexpr int64_t width = 896;
inline constexpr int64_t inner = 4864;
inline constexpr int64_t qkvRows = 14 * 64 + 2 * 2 * 64;

SeedCase mlp(int64_t columns, int64_t lines);
SeedCase outputProjection();
SeedCase normAndQkv();
/// The same with three matrices, as a framework has them.
SeedCase normAndThree();

} // namespace sinter::seeds

#endif // SINTER_TEST_UNIT_SEEDS_SEEDCASES_H
