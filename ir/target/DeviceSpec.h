//===- DeviceSpec.h - What a GPU offers and what it costs -------*- C++ -*-===//
//
// A device file is strict JSON of the format "sinter.device". Every number
// carries its unit, its origin and its source:
//
//   "sms": {"value": 132, "unit": "count", "origin": "spec",
//           "source": "NVIDIA H200 data sheet"}
//
// The section "limits" decides what may be planned and is required in full.
// The section "costs" prices it; a constant that nobody has measured is absent.
// All values are integers; the key fixes the unit. Since minor version 1 there
// are "launches", which says what the GPU can launch, and "library", prices of
// the vendor's GEMMs by shape; since 2 such a price may name its algorithm.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_IR_TARGET_DEVICESPEC_H
#define SINTER_IR_TARGET_DEVICESPEC_H

#include "runtime/format/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sinter {

/// Where a number of a device file comes from.
enum class NumberOrigin : uint8_t {
  Spec,     ///< the vendor's documents
  Measured, ///< on that GPU; the source says when and how
  Derived,  ///< computed from other numbers; the source says how
  Prior,    ///< a guess that a measurement should replace
};

/// "spec", "measured", "derived", "prior".
std::string_view originName(NumberOrigin origin);

/// A number with its evidence.
struct DeviceNumber {
  uint64_t value = 0;
  NumberOrigin origin = NumberOrigin::Spec;
  std::string source;
};

/// What kernels and launches must respect.
struct DeviceLimits {
  DeviceNumber computeCapability;   ///< 10 * major + minor: 80, 89, 90
  DeviceNumber sms;                 ///< streaming multiprocessors
  DeviceNumber warpThreads;         ///< threads of a warp
  DeviceNumber threadsPerBlock;     ///< most threads of a block
  DeviceNumber threadsPerSm;        ///< most resident threads
  DeviceNumber blocksPerSm;         ///< most resident blocks
  DeviceNumber registersPerSm;      ///< 32-bit registers
  DeviceNumber registersPerThread;  ///< most registers of a thread
  DeviceNumber sharedBytesPerSm;    ///< shared memory of all resident blocks
  DeviceNumber sharedBytesPerBlock; ///< after opting in
  DeviceNumber sharedBytesReserved; ///< taken by the driver per block
  DeviceNumber l2Bytes;             ///< second-level cache
  DeviceNumber memoryBytes;         ///< device memory
};

/// Constants of the cost model (passes/cost/CostModel.h says how they enter).
/// What nobody has measured is absent, or listed as a prior.
struct DeviceCosts {
  // Long reads of device memory; the data sheet's rate is never priced with.
  std::optional<DeviceNumber> dramRateSpec;     ///< GB/s, data sheet
  std::optional<DeviceNumber> dramReadRate;     ///< GB/s, long reads
  std::optional<DeviceNumber> dramCopyRate;     ///< GB/s, read plus write
  std::optional<DeviceNumber> dramSlopePlain;   ///< GB/s within plain phases
  std::optional<DeviceNumber> dramSlopeOverlap; ///< GB/s, programmatic phases
  std::optional<DeviceNumber> dramLatency;      ///< ns, under load
  std::optional<DeviceNumber> l2ReadRate;       ///< GB/s, all SMs
  std::optional<DeviceNumber> l2Latency;        ///< ns, idle
  std::optional<DeviceNumber> smReadRate;       ///< GB/s, one SM
  std::optional<DeviceNumber> bytesInFlight;    ///< per SM, for the full rate
  std::optional<DeviceNumber> sharedLatency;    ///< ns

  // Launches. `edge_*` are intercepts of dependent phases that stream cold
  // weights; `node_*` are empty kernels in a graph.
  std::optional<DeviceNumber> edgeFramework; ///< ns, host, eager framework
  std::optional<DeviceNumber> edgeHost;      ///< ns, host-bound launch
  std::optional<DeviceNumber> edgeStream;    ///< ns, queued empty launch
  std::optional<DeviceNumber> nodeGraph;     ///< ns, empty, plain edge
  std::optional<DeviceNumber> edgeGraph;     ///< ns, phase, plain edge
  std::optional<DeviceNumber> edgeGraphL2;   ///< ns, phase whose data is in L2
  std::optional<DeviceNumber> nodeProgrammatic; ///< ns, empty, programmatic
  std::optional<DeviceNumber> edgeProgrammatic; ///< ns, loads before the wait
  std::optional<DeviceNumber> edgeProgrammaticWait; ///< ns, wait first
  std::optional<DeviceNumber> edgeGridBarrier;      ///< ns, one block per SM
  std::optional<DeviceNumber> edgeHop;      ///< ns, flag, block to block
  std::optional<DeviceNumber> edgeCluster;  ///< ns, cluster barrier
  std::optional<DeviceNumber> exchange;     ///< ns, trip to L2 under a stream
  std::optional<DeviceNumber> exchangeIdle; ///< ns, the same, idle memory

  std::optional<DeviceNumber> clock;      ///< MHz under load
  std::optional<DeviceNumber> fmaLanes;   ///< per SM and clock
  std::optional<DeviceNumber> tensorRate; ///< GFLOP/s, bf16, fp32 sums
  std::optional<DeviceNumber> mmaRate;    ///< GFLOP/s, likewise by mma.sync

  // GEMMs of the vendor's library that no entry of the price table covers.
  std::optional<DeviceNumber> libraryOverhead;   ///< ns over the stream time
  std::optional<DeviceNumber> libraryTensorRate; ///< GFLOP/s, bf16
};

/// The constants, in the order of DeviceCosts.def.
enum class CostConstant : uint8_t {
#define SINTER_DEVICE_COST(ENUM, MEMBER, KEY, UNIT, LEAST, MOST) ENUM,
#include "ir/target/DeviceCosts.def"
};

/// "edge_graph", as in a device file.
std::string_view constantKey(CostConstant constant);
/// "ns".
std::string_view constantUnit(CostConstant constant);
/// Every constant, in order.
const std::vector<CostConstant> &allCostConstants();

/// Least and most that is sane for a constant.
std::pair<uint64_t, uint64_t> costRange(CostConstant constant);
/// Pairs of which the first may not exceed the second: nothing reads memory
/// faster than the data sheet says, and so on.
const std::vector<std::pair<CostConstant, CostConstant>> &costOrders();
std::optional<DeviceNumber> &costOf(DeviceCosts &costs, CostConstant constant);

/// Which ways to launch the GPU has; 0 or 1 each.
struct DeviceLaunches {
  std::optional<DeviceNumber> programmatic; ///< dependent launch, 9.0 and later
  std::optional<DeviceNumber> clusters;     ///< thread block clusters
  std::optional<DeviceNumber> cooperative;  ///< grids that may synchronise
};

/// A GEMM y[m, n] = x[m, k] W[n, k]^T of the vendor's library, timed as one of
/// a chain in a graph with plain edges, cold weights.
struct LibraryPrice {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  std::string dtype;        ///< "bf16"
  uint64_t picoseconds = 0; ///< with the algorithm the library picks itself
  uint64_t bestPicoseconds =
      0; ///< with the best of its candidates; <= the above
  /// That best candidate as LibraryGemm words it, in cublasLt `version`
  /// ("13.0.0"); both empty: not known.
  std::string algorithm;
  std::string version;
  NumberOrigin origin = NumberOrigin::Spec;
  std::string source;
};

/// How a kernel was fastest within whole steps on this GPU, found by trying:
/// the model prices no interplay of blocks that share an SM.
struct TunedConfig {
  std::string family; ///< "gemv"
  std::string group;  ///< KernelFamily::tunedName
  uint64_t fromContext = 0;
  uint64_t toContext = 0; ///< inclusive; of the entry's workload
  std::string config;     ///< KernelConfig::text
  NumberOrigin origin = NumberOrigin::Measured;
  std::string source;
};

/// A device file.
struct DeviceSpec {
  std::string name;  ///< "h200": lower-case letters, digits, '-', '.'
  std::string title; ///< as the vendor writes it
  DeviceLimits limits;
  DeviceLaunches launches;
  DeviceCosts costs;
  std::vector<LibraryPrice> library; ///< ascending in n, k, m, dtype
  /// Ascending in family, group, contexts, which do not overlap.
  std::vector<TunedConfig> tuned;
  std::string text; ///< the file, for its digest

  /// "sm_90a" for 90 and from 100 on, "sm_80" and "sm_89" before: the
  /// architecture that kernels are built for.
  std::string arch() const;
  /// The entry for a group at a context; null: none.
  const TunedConfig *findTuned(std::string_view family, std::string_view group,
                               uint64_t context) const;
  /// The constant, or nothing if the file lacks it.
  const std::optional<DeviceNumber> &cost(CostConstant constant) const;
};

/// Reads a device file. `file` stands for it in errors.
/// Errors: those of StrictJson; SIN2802 a number without origin or source,
/// SIN2803 another unit, SIN2804 a value that no GPU has or that contradicts
/// another, SIN2805 another format, version or a malformed name.
Result<DeviceSpec> parseDeviceSpec(std::string_view text,
                                   std::string_view file);

/// The text of a device file with these numbers, which parseDeviceSpec reads
/// back. `device.text` does not matter.
std::string writeDeviceSpec(const DeviceSpec &device);

} // namespace sinter

#endif // SINTER_IR_TARGET_DEVICESPEC_H
