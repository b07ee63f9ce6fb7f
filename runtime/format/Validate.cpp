//===- Validate.cpp - Is a plan sound? The tables -------------------------===//

#include "runtime/format/Validate.h"

#include "runtime/format/PlanChecker.h"
#include "runtime/format/Sha256.h"
#include "runtime/format/SharedWeights.h"
#include "runtime/format/StrictJson.h"
#include "runtime/format/WeightSource.h"

#include <algorithm>
#include <set>

namespace sinter {

using namespace format;

namespace {

constexpr size_t maxName = 512;
constexpr size_t maxRank = 8;
/// Each entry is checked against all values.
constexpr size_t maxEntries = 1024;
/// Vector loads move 16 bytes.
constexpr uint64_t valueAlignment = 16;

// Limits that all supported GPUs share (CUDA C++ Programming Guide, technical
// specifications per compute capability). Kernels use grid.x, grid.y and
// block.x only.
constexpr uint64_t maxThreads = 1024;
constexpr uint32_t maxGridX = 0x7FFFFFFF;
constexpr uint32_t maxGridY = 65535;
constexpr uint32_t warp = 32;
constexpr uint64_t maxShared = 232448; // 227 KiB
constexpr uint32_t maxRegisters = 255;
constexpr uint64_t registerFile = 65536;
constexpr uint64_t threadsPerSm = 2048;

bool isIdentifier(std::string_view text) {
  auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9');
         });
}

/// "sm_90a".
bool isArch(std::string_view text) {
  if (!text.starts_with("sm_") || text.size() < 5 || text.size() > 7) {
    return false;
  }
  text.remove_prefix(3);
  if (text.back() == 'a' || text.back() == 'f') {
    text.remove_suffix(1);
  }
  return text.size() >= 2 && std::all_of(text.begin(), text.end(), [](char c) {
           return c >= '0' && c <= '9';
         });
}

bool oneOf(std::string_view text,
           std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

std::string triple(const std::array<uint32_t, 3> &x) {
  return std::to_string(x[0]) + " x " + std::to_string(x[1]) + " x " +
         std::to_string(x[2]);
}

/// Threads of a block, not overflowing: at most 2^32 * 2^32.
uint64_t threadsOf(const Kernel &kernel) {
  uint64_t threads = uint64_t{kernel.block[0]} * kernel.block[1];
  return threads > maxThreads ? threads : threads * kernel.block[2];
}

} // namespace

void PlanChecker::add(ErrorCode code, std::string_view object,
                      std::string wanted, std::string found,
                      std::string remedy) {
  if (errors.size() < maxPlanErrors) {
    errors.push_back({code, name + std::string(object), std::move(wanted),
                      std::move(found), std::move(remedy)});
  }
}

std::string PlanChecker::in(std::string_view kind,
                            std::string_view what) const {
  std::string shown = quoteJson(what.substr(0, maxName));
  return ": " + std::string(kind) + " " + shown.substr(1, shown.size() - 2);
}

void PlanChecker::checkName(std::string_view kind, const std::string &text) {
  if (text.empty() || text.size() > maxName ||
      std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
      })) {
    add(ErrorCode::PlanName, in(kind, text),
        "a name of 1 to 512 bytes without control characters",
        std::to_string(text.size()) + " bytes");
  }
}

void PlanChecker::checkDigest(std::string_view object,
                              const std::string &text) {
  if (!isSha256Hex(text)) {
    add(ErrorCode::PlanDigest, object, "64 lower-case hex digits",
        quoteJson(std::string_view(text).substr(0, 80)));
  }
}

const PlanChecker::Operand *
PlanChecker::operand(const std::string &text) const {
  auto found = operands.find(text);
  return found == operands.end() ? nullptr : &found->second;
}

void PlanChecker::checkHeader() {
  if (plan.format.id != formatId ||
      !isReadable(plan.format.major, plan.format.minor)) {
    add(ErrorCode::PlanFormat, "", formatText(),
        plan.format.id + " " + std::to_string(plan.format.major) + "." +
            std::to_string(plan.format.minor),
        "compile the plan again with this Sinter");
  }
  checkDigest(": /produced_by/input_digest", plan.producedBy.inputDigest);
  checkDigest(": /produced_by/device_digest", plan.producedBy.deviceDigest);
  checkDigest(": /model/config_digest", plan.model.configDigest);
  const WeightOrigin &origin = plan.model.weights;
  if (origin.fingerprint.has_value() == origin.seed.has_value()) {
    add(ErrorCode::PlanOrigin, ": /model/weights",
        "either a fingerprint or a seed", origin.seed ? "both" : "neither");
  }
  if (origin.fingerprint) {
    checkDigest(": /model/weights/fingerprint", *origin.fingerprint);
  }
  checkName("target", plan.target);
}

void PlanChecker::checkWeight(const Weight &weight) {
  std::string object = in("weight", weight.name);
  checkName("weight", weight.name);
  Operand found{true, 0, weight.dtype, 0};
  std::optional<uint64_t> bytes =
      checkedBytes(weight.shape, dtypeBytes(weight.dtype));
  if (weight.shape.size() > maxRank || !bytes || *bytes == 0) {
    add(ErrorCode::PlanPlacement, object,
        "at most 8 dimensions whose bytes fit 63 bits, none of them 0",
        shapeText(weight.shape));
  } else {
    found.count = elementCount(weight.shape);
  }
  if (weight.pack) {
    checkPack(object, weight);
  }
  found.index = static_cast<uint32_t>(&weight - plan.weights.data());
  if (!operands.emplace(weight.name, found).second) {
    add(ErrorCode::PlanDuplicate, object, "each name once", "it twice");
  }
}

void PlanChecker::checkPack(const std::string &object, const Weight &weight) {
  const Pack &pack = *weight.pack;
  if (pack.parts.size() < 2) {
    add(ErrorCode::PlanRecipe, object, "two or more parts",
        std::to_string(pack.parts.size()));
    return;
  }
  std::vector<uint64_t> sum = pack.parts.front().shape;
  bool fits = !sum.empty();
  for (size_t i = 0; i < pack.parts.size(); ++i) {
    const PackPart &part = pack.parts[i];
    checkName("part", part.tensor);
    if (i == 0 || !fits) {
      continue;
    }
    fits = part.shape.size() == sum.size() &&
           std::equal(sum.begin() + 1, sum.end(), part.shape.begin() + 1) &&
           (pack.layout == PackLayout::Concat ||
            part.shape == pack.parts.front().shape) &&
           !__builtin_add_overflow(sum[0], part.shape[0], &sum[0]);
  }
  if (!fits || sum != weight.shape) {
    add(ErrorCode::PlanRecipe, object,
        pack.layout == PackLayout::Concat
            ? "parts whose rows add up to " + shapeText(weight.shape)
            : "equal parts whose rows add up to " + shapeText(weight.shape),
        std::to_string(pack.parts.size()) + " parts, the first of " +
            shapeText(pack.parts.front().shape));
  }
}

void PlanChecker::checkValue(const Value &value) {
  std::string object = in("value", value.name);
  checkName("value", value.name);
  if (value.operandClass == OperandClass::Weight) {
    add(ErrorCode::PlanArgument, object,
        "the class cache, activation, io or workspace", "weight",
        "list it among the weights");
  }
  std::optional<uint64_t> bytes =
      checkedBytes(value.shape, dtypeBytes(value.dtype));
  auto arena = arenas.find(value.arena);
  if (arena == arenas.end()) {
    add(ErrorCode::PlanReference, object, "an arena of the plan",
        quoteJson(value.arena));
  } else if (value.shape.size() > maxRank || !bytes || *bytes == 0) {
    add(ErrorCode::PlanPlacement, object,
        "at most 8 dimensions whose bytes fit 63 bits, none of them 0",
        shapeText(value.shape));
    bytes.reset();
  } else if (uint64_t room = plan.arenas[arena->second].bytes;
             value.offset > room || *bytes > room - value.offset) {
    add(ErrorCode::PlanPlacement, object,
        "bytes within the " + std::to_string(room) + " of arena " + value.arena,
        std::to_string(*bytes) + " bytes at " + std::to_string(value.offset));
    bytes.reset();
  } else if (value.offset % valueAlignment != 0) {
    add(ErrorCode::PlanPlacement, object,
        "an offset that is a multiple of " + std::to_string(valueAlignment),
        std::to_string(value.offset));
  }
  bool placed = arena != arenas.end() && bytes.has_value();
  valueBytes.push_back(placed ? *bytes : 0);
  Operand found{false, static_cast<uint32_t>(&value - plan.values.data()),
                value.dtype, bytes ? elementCount(value.shape) : 0};
  if (!operands.emplace(value.name, found).second) {
    add(ErrorCode::PlanDuplicate, object, "each name once", "it twice");
  }
}

void PlanChecker::checkKernel(const Kernel &kernel) {
  std::string object = in("kernel", kernel.symbol);
  if (!isIdentifier(kernel.symbol) || kernel.symbol.size() > maxName) {
    add(ErrorCode::PlanName, object, "a C identifier",
        quoteJson(std::string_view(kernel.symbol).substr(0, 80)));
  }
  if (!kernels.emplace(kernel.symbol, &kernel).second) {
    add(ErrorCode::PlanDuplicate, object, "each symbol once", "it twice");
  }
  checkDigest(object + ": source", kernel.source);
  for (const Cubin &cubin : kernel.cubins) {
    if (!isArch(cubin.arch)) {
      add(ErrorCode::PlanName, object + ": cubin", "an architecture as sm_90a",
          quoteJson(std::string_view(cubin.arch).substr(0, 80)));
    }
    checkDigest(object + ": cubin", cubin.sha256);
  }
  auto launch = [&](bool fine, std::string wanted, std::string found) {
    if (!fine) {
      add(ErrorCode::PlanLaunch, object, std::move(wanted), std::move(found));
    }
  };
  uint64_t threads = threadsOf(kernel);
  launch(threads >= warp && threads <= maxThreads && threads % warp == 0 &&
             kernel.block[1] == 1 && kernel.block[2] == 1,
         "a block of 32 to 1024 x 1 x 1 threads, whole warps",
         triple(kernel.block));
  const auto &[gridX, gridY, gridZ] = kernel.grid;
  launch(gridX >= 1 && gridY >= 1 && gridX <= maxGridX && gridY <= maxGridY &&
             gridZ == 1,
         "a grid of 1 to 2147483647 x 65535 x 1 blocks", triple(kernel.grid));
  launch(kernel.sharedBytes <= maxShared,
         "at most " + std::to_string(maxShared) + " bytes of shared memory",
         std::to_string(kernel.sharedBytes));
  const Bounds &bounds = kernel.bounds;
  launch(bounds.sharedBytes >= kernel.sharedBytes,
         "bounds of at least the " + std::to_string(kernel.sharedBytes) +
             " bytes of shared memory used",
         std::to_string(bounds.sharedBytes));
  launch(bounds.registers <= maxRegisters &&
             bounds.registers * threads * bounds.blocksPerSm <= registerFile &&
             threads * bounds.blocksPerSm <= threadsPerSm,
         "bounds within 255 registers, 65536 registers and 2048 threads per "
         "multiprocessor",
         std::to_string(bounds.registers) + " registers, " +
             std::to_string(threads) + " threads, " +
             std::to_string(bounds.blocksPerSm) + " blocks");

  std::vector<std::string_view> names;
  for (const Param &param : kernel.params) {
    std::string paramObject = object + in("parameter", param.name);
    if (!isIdentifier(param.name) || param.name.size() > maxName) {
      add(ErrorCode::PlanName, paramObject, "a C identifier",
          quoteJson(std::string_view(param.name).substr(0, 80)));
    }
    names.push_back(param.name);
  }
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    add(ErrorCode::PlanDuplicate, object + in("parameter", *twice),
        "each name once", "it twice");
  }
}

void PlanChecker::checkRequirements() {
  uint64_t threads = 0;
  uint64_t shared = 0;
  bool cooperative = false;
  for (const Kernel &kernel : plan.kernels) {
    threads = std::max(threads, threadsOf(kernel));
    shared = std::max<uint64_t>(shared, kernel.sharedBytes);
    cooperative |= kernel.cooperative;
  }
  uint64_t bytes = 0;
  bool overflow = false;
  for (const Arena &arena : plan.arenas) {
    overflow |= __builtin_add_overflow(bytes, arena.bytes, &bytes);
  }
  const std::optional<uint64_t> weights = weightBytes(plan);
  overflow |= !weights || __builtin_add_overflow(bytes, *weights, &bytes);
  const Requires &requirements = plan.requirements;
  auto demand = [&](bool fine, const char *key, std::string wanted,
                    std::string found) {
    if (!fine) {
      add(ErrorCode::PlanRequirement, std::string(": /requires/") + key,
          std::move(wanted), std::move(found));
    }
  };
  demand(requirements.threadsPerBlock >= threads, "threads_per_block",
         "at least " + std::to_string(threads),
         std::to_string(requirements.threadsPerBlock));
  demand(requirements.sharedBytes >= shared, "shared_bytes",
         "at least " + std::to_string(shared),
         std::to_string(requirements.sharedBytes));
  demand(requirements.cooperative || !cooperative, "cooperative", "true",
         "false");
  demand(!overflow && requirements.deviceBytes == bytes, "device_bytes",
         overflow ? "a sum that fits 64 bits" : std::to_string(bytes),
         std::to_string(requirements.deviceBytes));
}

void PlanChecker::checkDecisions() {
  std::set<std::string_view> entries;
  for (const Entry &entry : plan.entries) {
    entries.insert(entry.name);
  }
  std::set<std::pair<std::string_view, std::string_view>> decided;
  for (const Decision &decision : plan.decisions) {
    checkDecision(decision);
    const std::string object = in("decision on", decision.op);
    if (!entries.contains(decision.entry)) {
      add(ErrorCode::PlanReference, object, "an entry of the plan",
          quoteJson(std::string_view(decision.entry).substr(0, 80)));
    } else if (!decided.emplace(decision.entry, decision.op).second) {
      add(ErrorCode::PlanDuplicate, object + in("entry", decision.entry),
          "each op of an entry once", "it twice");
    }
  }
}

void PlanChecker::checkDecision(const Decision &decision) {
  std::string object = in("decision on", decision.op);
  auto demand = [&](const std::string &text, const char *wanted, bool fine) {
    if (!fine) {
      add(ErrorCode::PlanWord, object, wanted,
          quoteJson(std::string_view(text).substr(0, 80)));
    }
  };
  checkName("decision on", decision.op);
  demand(decision.choice, "the choice fuse, library or single",
         oneOf(decision.choice, {"fuse", "library", "single"}));
  demand(decision.launch, "the launch stream, graph, pdl or persistent",
         oneOf(decision.launch, {"stream", "graph", "pdl", "persistent"}));
  demand(decision.origin, "the origin model, measured or forced",
         oneOf(decision.origin, {"model", "measured", "forced"}));
}

void PlanChecker::checkTables() {
  operands.reserve(plan.weights.size() + plan.values.size());
  for (const Weight &weight : plan.weights) {
    checkWeight(weight);
  }
  for (uint32_t i = 0; i < plan.arenas.size(); ++i) {
    const Arena &arena = plan.arenas[i];
    std::string object = in("arena", arena.name);
    checkName("arena", arena.name);
    if (!arenas.emplace(arena.name, i).second) {
      add(ErrorCode::PlanDuplicate, object, "each name once", "it twice");
    }
    if (arena.alignment < valueAlignment || arena.alignment > 1 << 20 ||
        (arena.alignment & (arena.alignment - 1)) != 0 ||
        arena.bytes > static_cast<uint64_t>(INT64_MAX)) {
      add(ErrorCode::PlanPlacement, object,
          "an alignment of 16 to 1048576, a power of two, and a size that "
          "fits 63 bits",
          std::to_string(arena.bytes) + " bytes aligned to " +
              std::to_string(arena.alignment));
    }
  }
  for (const Value &value : plan.values) {
    checkValue(value);
  }
  for (const Kernel &kernel : plan.kernels) {
    checkKernel(kernel);
  }
}

std::vector<Error> PlanChecker::run() {
  checkHeader();
  checkTables();
  checkRequirements();
  checkPersistentPlacement();
  if (plan.entries.empty() || plan.entries.size() > maxEntries) {
    add(ErrorCode::PlanEntry, "",
        "1 to " + std::to_string(maxEntries) + " entries",
        std::to_string(plan.entries.size()));
    return std::move(errors);
  }
  std::vector<std::string_view> names;
  for (const Entry &entry : plan.entries) {
    checkEntry(entry);
    names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    add(ErrorCode::PlanDuplicate, in("entry", *twice), "each name once",
        "it twice");
  }
  checkDecisions();
  return std::move(errors);
}

std::vector<Error> validatePlan(const Plan &plan, std::string_view name) {
  return PlanChecker(plan, name).run();
}

} // namespace sinter
