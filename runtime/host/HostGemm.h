//===- HostGemm.h - Matrix product on the CPU -------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_HOST_HOSTGEMM_H
#define SINTER_RUNTIME_HOST_HOSTGEMM_H

#include <cstdint>

namespace sinter::host {

/// y [m, n] = x [m, k] W [n, k]^T (+ bias [n]): bf16, row major. `bias` may be
/// null; y overlaps nothing.
struct HostGemm {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  const uint16_t *x = nullptr;
  const uint16_t *weight = nullptr;
  const uint16_t *bias = nullptr;
  uint16_t *y = nullptr;
};

/// Stands for the vendor's library on the host device. Per element: product i
/// goes to partial sum i mod 16, in ascending order, in fp32; the partial sums
/// are added in halves (j and j + 8, then j + 4, j + 2, j + 1); then the bias;
/// then one rounding to bf16. The same bits for any number of threads.
void computeGemm(const HostGemm &gemm, unsigned threads);

} // namespace sinter::host

#endif // SINTER_RUNTIME_HOST_HOSTGEMM_H
