//===- Plan.h - The plan artifact in memory ---------------------*- C++ -*-===//
//
// Plain structs of plan.json; runtime/SCHEMA.md is the reference. References
// between parts are names: a step names its kernel by symbol and its operands
// by value or weight name, so names are unique over values and weights.
// Order is part of the contract: the writer keeps every vector's order.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_FORMAT_PLAN_H
#define SINTER_RUNTIME_FORMAT_PLAN_H

#include "runtime/format/DType.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::format {

inline constexpr const char *formatId = "sinter.plan";
inline constexpr uint32_t formatMajor = 1;
inline constexpr uint32_t formatMinor = 3;

/// Of this major the least minor that is read, up to formatMinor.
inline constexpr uint32_t firstFormatMinor = 1;

/// "sinter.plan 1.1 to 1.3": the formats read; the last is written.
inline std::string formatText() {
  const std::string major = std::to_string(formatMajor) + ".";
  return std::string(formatId) + " " + major +
         std::to_string(firstFormatMinor) + " to " + major +
         std::to_string(formatMinor);
}

inline bool isReadable(uint64_t major, uint64_t minor) {
  return major == formatMajor && minor >= firstFormatMinor &&
         minor <= formatMinor;
}

/// The version of the format that the file was written in.
struct Format {
  std::string id = formatId;
  uint32_t major = formatMajor;
  uint32_t minor = formatMinor;
  bool operator==(const Format &) const = default;
};

/// Where the plan comes from. No time stamps and no paths: the same input
/// gives the same bytes. Digests are SHA-256 in 64 lower-case hex digits.
struct ProducedBy {
  std::string version;      ///< of Sinter
  std::string pipeline;     ///< textual pass pipeline
  std::string inputDigest;  ///< of the input module's text
  std::string deviceDigest; ///< of the device file's text
  bool operator==(const ProducedBy &) const = default;
};

/// The least that a device must offer.
struct Requires {
  uint32_t computeCapability = 80; ///< 10 * major + minor: 80, 90, 120
  uint32_t threadsPerBlock = 0;    ///< largest block of any kernel
  uint64_t sharedBytes = 0;        ///< largest shared memory of any block
  bool cooperative = false;        ///< some launch is cooperative
  uint64_t deviceBytes = 0;        ///< all arenas and all weights
  bool operator==(const Requires &) const = default;
};

/// Where the weights come from: exactly one of the two is set.
struct WeightOrigin {
  std::optional<std::string> fingerprint; ///< Checkpoint::fingerprint()
  std::optional<uint64_t> seed;           ///< RandomWeights(seed, ...)
  bool operator==(const WeightOrigin &) const = default;
};

struct Model {
  std::string architecture; ///< "Qwen3ForCausalLM"
  std::string configDigest; ///< SHA-256 of config.json as read
  WeightOrigin weights;
  uint32_t vocabSize = 0;  ///< rows of the embedding, columns of the logits
  uint32_t maxContext = 0; ///< positions that the KV cache holds
  bool operator==(const Model &) const = default;
};

/// One checkpoint tensor of a packed weight.
struct PackPart {
  std::string tensor;
  std::vector<uint64_t> shape; ///< as in the checkpoint
  bool operator==(const PackPart &) const = default;
};

enum class PackLayout : uint8_t {
  Concat,     ///< rows of the first part, then rows of the second, ...
  Interleave, ///< row r of part p is row r * parts + p
};

/// How checkpoint tensors become one weight. Rows are slices of dimension 0;
/// the other dimensions are equal in all parts.
struct Pack {
  PackLayout layout = PackLayout::Concat;
  std::vector<PackPart> parts; ///< two or more
  bool operator==(const Pack &) const = default;
};

/// A constant tensor, read from the checkpoint in prepare. Row major.
struct Weight {
  std::string name; ///< operand name; without pack, the checkpoint tensor
  DType dtype = DType::BF16;
  std::vector<uint64_t> shape;
  std::optional<Pack> pack; ///< none: as stored
  bool operator==(const Weight &) const = default;
};

struct Arena {
  std::string name;
  uint64_t bytes = 0;
  uint64_t alignment = 256; ///< power of two
  bool operator==(const Arena &) const = default;
};

/// What an operand is, for lifetimes and for traffic tables.
enum class OperandClass : uint8_t {
  Weight,     ///< an entry of `weights`; never a value
  Cache,      ///< KV cache: lives from prepare to the end
  Activation, ///< written before it is read in each run of an entry
  Io,         ///< read or written by the caller; lives as long as Cache
  Workspace,  ///< zeroed in prepare, lives as long as Cache
};

/// A tensor in an arena. Row major; `offset` and size in bytes.
struct Value {
  std::string name;
  std::string arena;
  uint64_t offset = 0;
  DType dtype = DType::BF16;
  std::vector<uint64_t> shape;
  OperandClass operandClass = OperandClass::Activation;
  bool operator==(const Value &) const = default;
};

enum class Access : uint8_t { In, InOut, Out };

/// One buffer parameter of a kernel; arguments bind in this order.
struct Param {
  std::string name;
  Access access = Access::In;
  DType dtype = DType::BF16;
  uint64_t count = 0; ///< elements
  bool operator==(const Param &) const = default;
};

/// Bytes that a launch moves through one parameter, as the host device counts
/// them.
struct ParamTraffic {
  uint64_t loaded = 0;
  uint64_t stored = 0;
  bool operator==(const ParamTraffic &) const = default;
};

/// What one step of a kernel does, at the workload of an entry.
struct Work {
  uint64_t launches = 1;
  uint64_t flops = 0;
  std::vector<ParamTraffic> params; ///< parallel to Kernel::params
  bool operator==(const Work &) const = default;
};

struct KernelWork {
  std::string kernel; ///< symbol
  Work work;
  bool operator==(const KernelWork &) const = default;
};

/// Limits that the emitted launch bounds enforce.
struct Bounds {
  uint32_t registers = 0; ///< per thread
  uint32_t sharedBytes = 0;
  uint32_t blocksPerSm = 0;
  bool operator==(const Bounds &) const = default;
};

/// A kernel built for one architecture: kernels/<source>.<arch>.cubin.
struct Cubin {
  std::string arch; ///< "sm_90a"
  std::string sha256;
  bool operator==(const Cubin &) const = default;
};

struct Kernel {
  std::string symbol; ///< the extern "C" function; unique in the plan
  std::string family;
  std::string config; ///< the family's configuration as text
  std::string source; ///< SHA-256 of the text in kernels/<source>.cu
  std::vector<Cubin> cubins;
  std::array<uint32_t, 3> grid{1, 1, 1};
  std::array<uint32_t, 3> block{1, 1, 1};
  uint32_t sharedBytes = 0; ///< dynamic shared memory per block
  bool cooperative = false;
  std::vector<Param> params;
  Bounds bounds;
  bool operator==(const Kernel &) const = default;
};

/// A dimension set that makes every shape of an entry static.
struct Workload {
  std::string phase; ///< "decode", "prefill" or "verify"
  uint32_t batch = 1;
  uint32_t tokens = 1;     ///< per sequence and step
  uint32_t context = 0;    ///< positions attended, priced and counted
  uint32_t maxContext = 0; ///< capacity of the cache
  bool operator==(const Workload &) const = default;
};

/// A named input or output of an entry.
struct Binding {
  std::string name;  ///< "ids", "positions", "logits", "token"
  std::string value; ///< of class Io
  bool operator==(const Binding &) const = default;
};

enum class StepKind : uint8_t {
  Launch,  ///< one kernel; args bind to its params
  Library, ///< y = x W^T by the vendor's library; args x, W, y
  Copy,    ///< args source, destination: equal dtype and count
};

enum class GemmEpilogue : uint8_t {
  None,
  Bias, ///< y += bias [n]; args x, W, bias, y
};

/// Row-major GEMM of a Library step: x [m, k], W [n, k], y [m, n]. Sums in
/// fp32, rounded once.
struct Gemm {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  GemmEpilogue epilogue = GemmEpilogue::None;
  std::optional<std::string> algorithm; ///< none: the library's own choice
  std::optional<std::string> workspace; ///< value of class Workspace
  bool operator==(const Gemm &) const = default;
};

struct Step {
  StepKind kind = StepKind::Launch;
  std::string kernel; ///< Launch: symbol
  /// Launch: has a programmatic edge to the launch before it, so it may start
  /// before that one ends.
  bool programmatic = false;
  std::optional<Gemm> gemm;      ///< Library
  std::vector<std::string> args; ///< value or weight names
  /// Names of the decoder ops that this step computes, in graph order, for
  /// instance "layers.0.self_attn.q_proj".
  std::vector<std::string> ops;
  bool operator==(const Step &) const = default;
};

/// Steps first..last (inclusive) are one captured graph.
struct Capture {
  uint32_t first = 0;
  uint32_t last = 0;
  std::string key;
  bool operator==(const Capture &) const = default;
};

/// Of an entry; bounds the nodes of one graph.
inline constexpr uint32_t maxStepsPerLaunch = 1024;

/// How the steps of an entry reach the device.
enum class LaunchMode : uint8_t {
  Stream, ///< one after the other on a stream
  Graph,  ///< as captured graphs
  Pdl,    ///< as captured graphs with programmatic edges
};

struct Entry {
  std::string name; ///< "decode"
  Workload workload;
  LaunchMode mode = LaunchMode::Stream;
  std::vector<Binding> inputs;
  std::vector<Binding> outputs;
  std::vector<Step> steps;
  std::vector<Capture> captures; ///< none in mode Stream
  /// Launch that feeds a token back on the device, run after the steps when
  /// the caller does not feed tokens itself; see SCHEMA.md.
  std::optional<Step> advance;
  /// Steps, each with its advance behind it, in one launch of the graph.
  uint32_t stepsPerLaunch = 1;
  std::vector<KernelWork> works; ///< of each kernel launched, once
  bool operator==(const Entry &) const = default;
};

/// What a choice costs per step of the entry.
struct Cost {
  uint64_t launches = 0;
  uint64_t bytes = 0; ///< loaded and stored
  uint64_t picoseconds = 0;
  bool operator==(const Cost &) const = default;
};

/// Evidence for one op or group; the runtime ignores it.
struct Decision {
  std::string entry; ///< by name
  std::string op;
  std::string choice; ///< "fuse", "library", "single"
  std::string launch; ///< "stream", "graph", "pdl", "persistent"
  std::string rule;
  std::string origin; ///< "model", "measured", "forced"
  std::vector<std::string> reasons;
  Cost before;
  Cost after;
  bool operator==(const Decision &) const = default;
};

struct Plan {
  Format format;
  ProducedBy producedBy;
  Requires requirements; ///< "requires" in plan.json, a keyword here
  Model model;
  std::string target; ///< name of the device planned for
  std::vector<Weight> weights;
  std::vector<Arena> arenas;
  std::vector<Value> values;
  std::vector<Kernel> kernels;
  std::vector<Entry> entries;
  std::vector<Decision> decisions;
  bool operator==(const Plan &) const = default;
};

/// The work of the kernel called `symbol` in `entry`; null if the entry does
/// not launch it.
inline const Work *findWork(const Entry &entry, std::string_view symbol) {
  for (const KernelWork &item : entry.works) {
    if (item.kernel == symbol) {
      return &item.work;
    }
  }
  return nullptr;
}

/// Product of the dimensions; 1 for a scalar. Does not check overflow.
inline uint64_t elementCount(const std::vector<uint64_t> &shape) {
  uint64_t count = 1;
  for (uint64_t dim : shape) {
    count *= dim;
  }
  return count;
}

} // namespace sinter::format

#endif // SINTER_RUNTIME_FORMAT_PLAN_H
