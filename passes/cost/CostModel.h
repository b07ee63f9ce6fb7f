//===- CostModel.h - Time of a phase from its exact work --------*- C++ -*-===//
//
// A phase is what runs between two dependencies: one kernel, one GEMM of the
// vendor's library, or a handful of equal launches. With the constants of a
// device file (keys in parentheses),
//
//   time  = edge + ramp + exchange + body - credit
//   body  = max(dram, l2, sm, latency, issue, tensor)
//
// edge      an empty launch: graph (node_graph), programmatic
//           (node_programmatic), queued stream (edge_stream)
// ramp      from the launch to the steady rate and back: what a phase that
//           streams cold bytes costs more than an empty one (edge_graph -
//           node_graph; edge_programmatic_wait - node_programmatic), or one
//           whose bytes lie in L2 (edge_graph_l2 - node_graph; none with a
//           programmatic edge)
// exchange  the read of a predecessor's result: exchange_idle, or up to
//           `exchange` where hoisted loads keep the memory system full; and
//           where blocks leave parts for the last of them, two idle trips more
//           (to count it, to read) and the parts at sm_read_rate; and where the
//           cache lies in pages, l2_latency for the look-up in their table,
//           also where it is done before the dependency resolves
// dram      unique bytes / dram_slope_plain or dram_slope_overlap
// l2        issued bytes / l2_read_rate
// sm        issued bytes of the busiest SM / sm_read_rate; blocks are dealt
//           out evenly, so the busiest has blocks / SMs, rounded up
// latency   the same bytes at bytes in flight per dram_latency or l2_latency
// issue     fp32 slots of the busiest SM / (fma_lanes x clock)
// tensor    flops of the busiest SM / (mma_rate / SMs)
// credit    what loads before the dependency hide: edge_programmatic_wait -
//           edge_programmatic if every cold byte is requested before the wait,
//           else as much of it as the hoisted bytes stream, from memory, L2
//           and into their SM; never of an empty launch, nor of other terms
//
// In the modes stream and eager the host feeds the GPU: time = max(host, device
// time), host = launches x edge_host or edge_framework. Device memory is read
// for weights and KV cache; activations and workspace lie in L2 unless they are
// larger than it. All times are integers of picoseconds, rounded up.
//
// Pure functions; no constant of a device is in the code.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_PASSES_COST_COSTMODEL_H
#define SINTER_PASSES_COST_COSTMODEL_H

#include "ir/target/DeviceSpec.h"
#include "runtime/format/Status.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::cost {

/// How the launches of an entry reach the GPU.
enum class ExecutionMode : uint8_t {
  Eager,        ///< a framework launches op by op; the host sets the pace
  Stream,       ///< launches from a compiled loop into a stream
  Graph,        ///< nodes of one graph, plain edges
  Programmatic, ///< nodes of one graph, programmatic edges between kernels
};

/// "eager", "stream", "graph", "pdl".
std::string_view modeName(ExecutionMode mode);
/// All modes, in the order of the enum.
std::span<const ExecutionMode> allModes();

/// Who wrote the kernel. Only generated kernels take part in programmatic
/// launch: others neither trigger it nor wait.
enum class PhaseKind : uint8_t { Generated, Library, Framework };

/// y[m, n] = x[m, k] W[n, k]^T in bf16.
struct LibraryCall {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  /// The best of the library's candidates rather than its own pick.
  bool best = false;
};

/// Bytes read or written at least once, by class.
struct TrafficBytes {
  uint64_t weights = 0;
  uint64_t cache = 0;
  uint64_t activations = 0;
  uint64_t workspace = 0;
};

/// The work of one phase; exact numbers of a family's work().
struct PhaseWork {
  PhaseKind kind = PhaseKind::Generated;
  uint64_t launches = 1;
  TrafficBytes unique;
  /// Bytes that accesses ask for, however often; at least the unique ones.
  uint64_t issued = 0;
  /// Bytes read of what a predecessor wrote; 0: the phase depends on none.
  uint64_t consumed = 0;
  /// Weight and cache bytes requested before the dependency resolves.
  uint64_t hoisted = 0;
  /// Bytes that the last block reads of what others leave for it; 0: none does.
  uint64_t joined = 0;
  /// Reads, one behind the other, that tell where the cache lies.
  uint64_t lookups = 0;
  uint64_t fmaSlots = 0;    ///< thread instructions on the fp32 pipes
  uint64_t tensorFlops = 0; ///< on tensor cores, by mma.sync
  uint64_t blocks = 1;      ///< of one launch, alike
  uint64_t threads = 0;     ///< of a block; 0: unknown
  uint64_t sharedBytes = 0; ///< of a block
  uint64_t registers = 0;   ///< of a thread, bound; 0: unknown
  uint64_t blocksPerSm = 0; ///< resident, bound; 0: no bound
  /// Bytes a block requests before it needs the first; 0: enough.
  uint64_t bytesInFlight = 0;
  LibraryCall library; ///< if kind is Library; only `launches` counts beside it
};

/// Parts of a price.
enum class Term : uint8_t {
  Host,
  Edge,
  Ramp,
  Exchange,
  Dram,
  L2,
  Sm,
  Latency,
  Issue,
  Tensor,
  Library,
};
std::string_view termName(Term term);

/// Picoseconds. The body is the largest of dram to tensor.
struct Breakdown {
  uint64_t host = 0;
  uint64_t edge = 0;
  uint64_t ramp = 0;
  uint64_t exchange = 0;
  uint64_t dram = 0;
  uint64_t l2 = 0;
  uint64_t sm = 0;
  uint64_t latency = 0;
  uint64_t issue = 0;
  uint64_t tensor = 0;
  uint64_t body = 0;
  uint64_t credit = 0;
  uint64_t library = 0; ///< the whole of a library call, its edge included

  uint64_t of(Term term) const;
  bool operator==(const Breakdown &) const = default;
};

/// A set of constants.
class ConstantSet {
public:
  void insert(CostConstant constant) { bits |= bit(constant); }
  void insert(const ConstantSet &other) { bits |= other.bits; }
  bool contains(CostConstant constant) const { return bits & bit(constant); }
  bool operator==(const ConstantSet &) const = default;

private:
  static uint64_t bit(CostConstant constant) {
    return uint64_t{1} << static_cast<unsigned>(constant);
  }
  uint64_t bits = 0;
};

/// Why a phase of mode Programmatic gets no credit.
enum class Overlap : uint8_t {
  NotProgrammatic,    ///< another mode
  Full,               ///< every cold byte is requested before the wait
  Partial,            ///< some are
  NothingHoisted,     ///< the kernel waits before its first load
  NoPredecessor,      ///< first of the entry: nothing to overlap with
  ForeignKernel,      ///< this kernel is not generated
  ForeignPredecessor, ///< the predecessor triggers no programmatic launch
  NoRoom,             ///< a block of each does not fit one SM
};
/// "every cold byte is requested before the wait", as above.
std::string_view overlapText(Overlap overlap);

/// Where the price of a library call comes from.
enum class LibraryBasis : uint8_t {
  None,
  Listed,  ///< an entry for m, n, k
  NextM,   ///< the entry for n, k and the next larger m
  Formula, ///< library_overhead + the larger of stream and tensor time
};

struct Price {
  uint64_t picoseconds = 0;
  uint64_t busy = 0; ///< of it, a kernel runs on the GPU
  Breakdown terms;
  Term limiting = Term::Edge; ///< the largest part
  ConstantSet constants;      ///< that the price rests on
  Overlap overlap = Overlap::NotProgrammatic;
  LibraryBasis basis = LibraryBasis::None;
  /// The entry of the device's price table, if basis is Listed or NextM.
  std::optional<uint32_t> listed;
};

/// Whether a block of each fits one SM at once, which an overlap needs: the
/// only thing besides its kind that a price asks of the phase before.
bool fitTogether(const PhaseWork &a, const PhaseWork &b,
                 const DeviceLimits &limits);

/// The price of `work` after `previous` (null: the first of its entry).
/// SIN2806: the device file lacks a constant that the price needs, named.
/// SIN2807: the GPU cannot launch that way. SIN2808: beyond 2^63 ps.
/// SIN5002: work that contradicts itself.
Result<Price> price(const PhaseWork &work, ExecutionMode mode,
                    const DeviceSpec &device, const PhaseWork *previous);

/// Sum over the phases of an entry, each after the one before.
struct StepPrice {
  uint64_t picoseconds = 0;
  uint64_t busy = 0;
  uint64_t launches = 0;
  Breakdown terms; ///< sums; `body` too
  ConstantSet constants;
  std::vector<uint32_t> listed; ///< ascending, each once
};

/// Errors: those of price().
Result<StepPrice> priceStep(std::span<const PhaseWork> phases,
                            ExecutionMode mode, const DeviceSpec &device);

/// A number that a price rests on, for tables and JSON.
struct Ground {
  std::string key; ///< "edge_graph", "library m=1 n=4096 k=1024"
  uint64_t value = 0;
  std::string unit; ///< "ns"
  NumberOrigin origin = NumberOrigin::Spec;
  std::string source;
};

/// The constants and table entries, in the order of the device file.
std::vector<Ground> grounds(const Price &price, const DeviceSpec &device);
std::vector<Ground> grounds(const StepPrice &price, const DeviceSpec &device);
/// Those whose origin is prior.
std::vector<Ground> priors(std::vector<Ground> grounds);

/// "3.77 us = edge 0.55 + ramp 1.05 + exchange 0.36 + dram 1.81; limited by
/// dram": parts that are not zero, body terms in brackets but the largest.
std::string describe(const Price &price);

} // namespace sinter::cost

#endif // SINTER_PASSES_COST_COSTMODEL_H
