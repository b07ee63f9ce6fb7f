//===- Probes.h - Kernels that measure a GPU --------------------*- C++ -*-===//
//
// Their texts do not depend on the GPU, so they can be built on another
// machine. What a launch reads follows from its grid and from small buffers.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_CALIBRATE_PROBES_H
#define SINTER_TOOLS_CALIBRATE_PROBES_H

#include "runtime/Device.h"

#include <string>
#include <vector>

namespace sinter {

/// Elements of the buffers that probes take.
struct ProbeSizes {
  uint64_t arenaBytes = 0;  ///< read by "steady"; phases lie in it
  uint64_t windowBytes = 0; ///< the most that a phase reads
  uint64_t chaseBytes = 1 << 20;
  uint64_t exchangeBytes = 2048;
  uint64_t timedBlocks = 1024; ///< whose cycles one phase of a chain leaves
};

/// How a kernel reads: blocks of `threads`, each with `vectors` loads of 16
/// bytes in flight.
struct Reader {
  uint32_t threads = 256;
  uint32_t vectors = 4;
  uint32_t blocksPerSm = 0; ///< 0: as many blocks as there are tiles

  uint64_t tileBytes() const { return uint64_t{16} * threads * vectors; }
  /// "SMs x 2 of 512 threads with 8 loads of 16 bytes".
  std::string describe() const;
};

/// Symbols of the kernels.
std::string onceProbe(uint32_t vectors);   ///< a tile per block
std::string loopProbe(uint32_t vectors);   ///< tiles[0] tiles per block
std::string waitProbe(uint32_t vectors);   ///< onceProbe, waits first
std::string steadyProbe(uint32_t vectors); ///< loopProbe over the whole arena
/// With 0 vectors nothing but the exchange.
std::string exchangeProbe(uint32_t vectors, bool exchange);
inline constexpr const char *emptyProbe = "probe_empty";
inline constexpr const char *chaseProbe = "probe_chase";
inline constexpr const char *sharedChaseProbe = "probe_shared_chase";
inline constexpr const char *spinProbe = "probe_spin";
inline constexpr const char *barrierProbe = "probe_barrier";

/// Every kernel, without binaries.
std::vector<KernelSource> probeSources(const ProbeSizes &sizes);

} // namespace sinter

#endif // SINTER_TOOLS_CALIBRATE_PROBES_H
