//===- Memory.cpp - Where the bytes of a model or plan lie ----------------===//

#include "tools/inspect/Views.h"

#include "runtime/format/Bindings.h"
#include "runtime/format/SharedWeights.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace sinter {

namespace {

Table emptyTable() {
  Table table;
  table.view = "memory";
  table.columns = {{"key", "what"}, {"value", "bytes"}, {"how", "how"}};
  return table;
}

/// "35 of 1,000" without a fraction: share of `whole` in per mille.
std::string share(uint64_t part, uint64_t whole) {
  auto thousandths = static_cast<uint64_t>(
      static_cast<unsigned __int128>(part) * 1000 / whole);
  return std::to_string(thousandths / 10) + "." +
         std::to_string(thousandths % 10) + " %";
}

/// Of a weight or a value.
template <typename Operand>
uint64_t bytesOf(const Operand &operand) {
  return format::elementCount(operand.shape) * dtypeBytes(operand.dtype);
}

const char *className(format::OperandClass kind) {
  switch (kind) {
  case format::OperandClass::Weight:
    return "weight";
  case format::OperandClass::Cache:
    return "cache";
  case format::OperandClass::Activation:
    return "activation";
  case format::OperandClass::Io:
    return "io";
  case format::OperandClass::Workspace:
    return "workspace";
  }
  return "";
}

/// "model.layers.*.norm.weight" for "model.layers.3.norm.weight".
std::string tensorPattern(const std::string &name) {
  std::string pattern;
  for (size_t from = 0; from <= name.size();) {
    const size_t to = std::min(name.find('.', from), name.size());
    const std::string part = name.substr(from, to - from);
    const bool number =
        !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    pattern += (from == 0 ? "" : ".") + (number ? "*" : part);
    from = to + 1;
  }
  return pattern;
}

/// "concat: rows of q_proj.weight [8 x 4], then of v_proj.weight [2 x 4]".
std::string recipeText(const format::Pack &pack) {
  const bool concat = pack.layout == format::PackLayout::Concat;
  std::string text =
      concat ? "concat: rows of " : "interleave: a row each in turn of ";
  for (const format::PackPart &part : pack.parts) {
    text += &part == &pack.parts.front() ? "" : concat ? ", then of " : ", ";
    text += tensorPattern(part.tensor) + " [";
    for (uint64_t dim : part.shape) {
      text += (text.back() == '[' ? "" : " x ") + std::to_string(dim);
    }
    text += "]";
  }
  return text;
}

/// Where the activations of an entry end in their arena.
uint64_t activationBytes(const format::Plan &plan, const format::Entry &entry) {
  std::set<std::string_view> named;
  for (const format::Step &step : entry.steps) {
    named.insert(step.args.begin(), step.args.end());
  }
  uint64_t end = 0;
  for (const format::Value &value : plan.values) {
    if (value.operandClass == format::OperandClass::Activation &&
        named.contains(value.name)) {
      end = std::max(end, value.offset + format::elementCount(value.shape) *
                                             dtypeBytes(value.dtype));
    }
  }
  return end;
}

/// Weights that loading packs from several tensors, those of equal layers once.
struct Packed {
  std::string recipe;
  uint64_t count = 0;
  uint64_t bytes = 0;
};
std::vector<Packed> packedWeights(const format::Plan &plan) {
  std::vector<Packed> packed;
  for (const format::Weight &weight : plan.weights) {
    if (!weight.pack) {
      continue;
    }
    const std::string recipe = recipeText(*weight.pack);
    auto known =
        std::find_if(packed.begin(), packed.end(), [&](const Packed &other) {
          return other.recipe == recipe;
        });
    if (known == packed.end()) {
      known = packed.insert(packed.end(), {recipe, 0, 0});
    }
    ++known->count;
    known->bytes += bytesOf(weight);
  }
  return packed;
}

/// The pool of a paged plan, and the tables that find rows in it.
void addPages(const format::Plan &plan, Table &table) {
  const uint64_t pages = format::pagesOf(plan);
  const uint64_t page = format::pageSizeOf(plan);
  uint64_t bytes = 0; // of one page in all caches
  for (const format::Value &value : plan.values) {
    if (value.operandClass == format::OperandClass::Cache) {
      bytes += bytesOf(value) / pages;
    }
  }
  uint64_t sequences = 0;
  uint64_t each = 0;
  std::set<std::string> tables;
  uint64_t tableBytes = 0;
  for (const format::Entry &entry : plan.entries) {
    const std::string name = format::boundValue(entry.inputs, "pages");
    const format::Value &value = *format::findValue(plan, name);
    sequences = std::max(sequences, value.shape[0]);
    each = value.shape[1];
    if (tables.insert(name).second) {
      tableBytes += bytesOf(value);
    }
  }
  table.rows.push_back({std::string("pages"), pages * bytes,
                        std::to_string(pages) + " pages of " +
                            std::to_string(page) + " positions, " +
                            std::to_string(bytes) + " bytes each; " +
                            std::to_string(sequences) +
                            " sequences of at most " + std::to_string(each) +
                            " would fill " + std::to_string(sequences * each)});
  table.rows.push_back({std::string("page_tables"), tableBytes,
                        std::to_string(tables.size()) + " in arena_io"});
}

} // namespace

Table memoryTable(const ModelConfig &config, const EntryAnalysis &analysis,
                  const LiveRangeAnalysis &ranges, const DeviceSpec &device) {
  Table table = emptyTable();
  auto add = [&](const char *key, uint64_t value, std::string how) {
    table.rows.push_back({std::string(key), value, std::move(how)});
  };
  const auto batch = static_cast<uint64_t>(analysis.workload.batch);
  const auto positions = static_cast<uint64_t>(analysis.workload.maxContext);
  const uint64_t weights = static_cast<uint64_t>(config.parameterCount()) * 2;
  const uint64_t perPosition = analysis.cacheBytesPerPosition * batch;
  const uint64_t perSequence = analysis.cacheBytesPerPosition * positions;
  const uint64_t cache = analysis.cacheBytes; // of pages the pool
  const uint64_t total = weights + cache + ranges.peakBytes;
  const uint64_t memory = device.limits.memoryBytes.value;
  add("weights", weights,
      config.tiedHead ? "bf16; head and embedding are one tensor" : "bf16");
  add("kv_cache", cache,
      cache == perPosition * positions
          ? std::to_string(positions) + " positions x " +
                std::to_string(perPosition) + " bytes"
          : "pages for " +
                std::to_string(cache / analysis.cacheBytesPerPosition) +
                " positions of all sequences x " +
                std::to_string(analysis.cacheBytesPerPosition) + " bytes");
  add("kv_cache_per_sequence", perSequence,
      batch == 1 ? "one sequence"
                 : "each of " + std::to_string(batch) + " sequences (--batch)");
  add("activations_peak", ranges.peakBytes,
      "most alive at once, during " + ranges.peakOp +
          "; one kernel per op, results included");
  add("activations_without_reuse", ranges.totalBytes,
      std::to_string(ranges.ranges.size()) +
          " values, each with bytes of its own; not in the total");
  add("total", total, share(total, memory) + " of the device's memory");
  add("device_memory", memory, device.title);
  if (total > memory) {
    table.notes.push_back("Does not fit: " + std::to_string(total - memory) +
                          " bytes too many.");
  } else {
    const uint64_t room = memory - weights - ranges.peakBytes;
    table.notes.push_back(
        "Room for " + std::to_string(room / perPosition) +
        " positions of cache, or " + std::to_string(room / perSequence) +
        " sequences with the activations of " + std::to_string(batch) +
        "; CUDA's own context is not counted.");
  }
  return table;
}

Table memoryTable(const format::Plan &plan) {
  Table table = emptyTable();
  auto add = [&](std::string key, uint64_t value, std::string how) {
    table.rows.push_back({std::move(key), value, std::move(how)});
  };
  const auto places = sharedWeights(plan);
  const auto parts = std::count_if(places.begin(), places.end(),
                                   [](const auto &place) { return !!place; });
  add("weights", weightBytes(plan).value_or(0),
      std::to_string(plan.weights.size()) + " tensors" +
          (parts == 0 ? ""
                      : ", " + std::to_string(parts) +
                            " of them parts of packed ones, counted there"));
  for (const Packed &packed : packedWeights(plan)) {
    add("packed_weights", packed.bytes,
        "of them " + std::to_string(packed.count) + " x " + packed.recipe);
  }
  for (const format::Arena &arena : plan.arenas) {
    struct Sum {
      uint64_t values = 0, bytes = 0;
    };
    std::map<format::OperandClass, Sum> sums;
    for (const format::Value &value : plan.values) {
      if (value.arena == arena.name) {
        Sum &sum = sums[value.operandClass];
        ++sum.values;
        sum.bytes +=
            format::elementCount(value.shape) * dtypeBytes(value.dtype);
      }
    }
    uint64_t inside = 0;
    std::string how;
    for (const auto &[kind, sum] : sums) {
      inside += sum.bytes;
      how += (how.empty() ? "" : ", ") + std::to_string(sum.values) + " " +
             className(kind) + " of " + std::to_string(sum.bytes);
    }
    if (inside > arena.bytes) {
      how += "; values that do not live at once share bytes";
    }
    add("arena_" + arena.name, arena.bytes, how);
  }
  const bool paged =
      !plan.entries.empty() && format::isPaged(plan.entries.front());
  if (paged) {
    addPages(plan, table);
  }
  uint64_t perSequence = 0;
  uint64_t sequences = 1;
  for (const format::Value &value : plan.values) {
    if (value.operandClass == format::OperandClass::Cache && !paged) {
      sequences = std::max(sequences, format::cacheSequences(value));
      perSequence += format::elementCount(value.shape) *
                     dtypeBytes(value.dtype) / format::cacheSequences(value);
    }
  }
  if (sequences > 1) {
    add("kv_cache_per_sequence", perSequence,
        "each of " + std::to_string(sequences) +
            " sequences that may be open at once");
  }
  if (plan.entries.size() > 1) {
    for (const format::Entry &entry : plan.entries) {
      add("activations_" + entry.name, activationBytes(plan, entry),
          "reached in arena_activations by this entry");
    }
  }
  add("total", plan.requirements.deviceBytes,
      "what the plan requires of the device");
  return table;
}

} // namespace sinter
