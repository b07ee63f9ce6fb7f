//===- SameCall.h - Our declarations against NVIDIA's -----------*- C++ -*-===//

#ifndef SINTER_TEST_UNIT_CUDA_SAMECALL_H
#define SINTER_TEST_UNIT_CUDA_SAMECALL_H

#include <type_traits>

namespace sinter::cuda::test {

/// One argument or field: same size, both pointers or both numbers or both
/// structs.
template <typename Ours, typename Theirs>
constexpr bool alike() {
  if constexpr (std::is_void_v<Ours> || std::is_void_v<Theirs>) {
    return std::is_same_v<Ours, Theirs>;
  } else {
    return sizeof(Ours) == sizeof(Theirs) &&
           std::is_pointer_v<Ours> == std::is_pointer_v<Theirs> &&
           std::is_class_v<Ours> == std::is_class_v<Theirs>;
  }
}

template <typename Ours, typename Theirs>
struct SameCall : std::false_type {};
template <typename R, typename... Ours, typename S, typename... Theirs>
  requires(sizeof...(Ours) == sizeof...(Theirs))
struct SameCall<R (*)(Ours...), S (*)(Theirs...)>
    : std::bool_constant<alike<R, S>() && (alike<Ours, Theirs>() && ...)> {};

} // namespace sinter::cuda::test

#endif // SINTER_TEST_UNIT_CUDA_SAMECALL_H
