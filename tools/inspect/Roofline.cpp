//===- Roofline.cpp - Floors per kind of op -------------------------------===//

#include "passes/cost/Picoseconds.h"
#include "tools/inspect/Views.h"

#include <algorithm>
#include <array>

namespace sinter {

namespace {

/// The rates of a device that bound any kernel.
struct Rates {
  cost::Exact dram, l2;          ///< GB/s
  cost::Exact lanes, clock, sms; ///< fp32 fma slots per SM and clock; MHz
  cost::Exact tensor;            ///< GFLOP/s
};

Result<Rates> ratesOf(const DeviceSpec &device) {
  auto rate = [&](CostConstant constant) -> Result<uint64_t> {
    if (const auto &number = device.cost(constant)) {
      return number->value;
    }
    return Error{
        ErrorCode::DeviceConstantMissing, "device \"" + device.name + "\"",
        "costs/" + std::string(constantKey(constant)) + " in " +
            std::string(constantUnit(constant)),
        "no such constant", "measure it, or list a prior with its source"};
  };
  SINTER_ASSIGN(uint64_t dram, rate(CostConstant::DramReadRate));
  SINTER_ASSIGN(uint64_t l2, rate(CostConstant::L2ReadRate));
  SINTER_ASSIGN(uint64_t lanes, rate(CostConstant::FmaLanes));
  SINTER_ASSIGN(uint64_t clock, rate(CostConstant::Clock));
  SINTER_ASSIGN(uint64_t tensor, rate(CostConstant::TensorRate));
  return Rates{dram, l2, lanes, clock, device.limits.sms.value, tensor};
}

struct Row {
  std::string kind;
  uint64_t ops = 0;
  WorkCounts work;
  uint64_t cold() const { return work.uniqueWeights + work.uniqueCache; }
  uint64_t moved() const { return work.uniqueRead + work.uniqueWritten; }
};

} // namespace

Result<Table> rooflineTable(const EntryAnalysis &analysis,
                            const DeviceSpec &device) {
  SINTER_ASSIGN(Rates rates, ratesOf(device));
  std::vector<Row> rows;
  for (const OpAnalysis &op : analysis.ops) {
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Row &known) {
      return known.kind == op.kind;
    });
    if (row == rows.end()) {
      row = rows.insert(rows.end(), Row{op.kind, 0, {}});
    }
    ++row->ops;
    row->work += op.work;
  }
  rows.push_back({"step", analysis.ops.size(), analysis.step});

  Table table;
  table.view = "roofline";
  table.columns = {{"kind", "kind"},
                   {"ops", "ops"},
                   {"device_memory_bytes", "device memory"},
                   {"unique_bytes", "all bytes once"},
                   {"flops", "flops"},
                   {"flops_per_byte_thousandths", "flops/byte"},
                   {"memory_ps", "memory us"},
                   {"l2_ps", "l2 us"},
                   {"arithmetic_ps", "arithmetic us"},
                   {"floor_ps", "floor us"},
                   {"bound", "bound by"}};
  for (const Row &row : rows) {
    const bool products =
        row.kind == "linear" || row.kind == "attention" || row.kind == "step";
    const cost::Exact flops = row.work.flops;
    const std::array<std::pair<const char *, cost::Exact>, 3> times = {
        {{"memory", cost::Exact(row.cold()) * 1000 / rates.dram},
         {"l2", cost::Exact(row.moved()) * 1000 / rates.l2},
         {"arithmetic",
          products ? flops * 1000 / rates.tensor
                   : flops * 1000000 /
                         (rates.lanes * rates.clock * rates.sms * 2)}}};
    for (const auto &[name, time] : times) {
      if (!time.fits()) {
        return Error{ErrorCode::PriceOutOfRange, "ops of kind " + row.kind,
                     "times below 2^63 picoseconds", "more",
                     "no such workload runs; check its shapes"};
      }
    }
    const auto *bound = std::max_element(
        times.begin(), times.end(),
        [](const auto &a, const auto &b) { return a.second < b.second; });
    table.rows.push_back(
        {row.kind, row.ops, row.cold(), row.moved(), row.work.flops,
         Ratio{row.work.flopsPerThousandBytes()}, Micros{times[0].second.get()},
         Micros{times[1].second.get()}, Micros{times[2].second.get()},
         Micros{bound->second.get()}, std::string(bound->first)});
  }
  auto origin = [&](CostConstant constant) {
    const DeviceNumber &number = *device.cost(constant);
    return std::string(constantKey(constant)) + " " +
           std::to_string(number.value) + " " +
           std::string(constantUnit(constant)) + " (" +
           std::string(originName(number.origin)) + ")";
  };
  table.notes.push_back(
      "Floors: weights and KV cache at " + origin(CostConstant::DramReadRate) +
      "; every byte once at " + origin(CostConstant::L2ReadRate) +
      "; flops of linear and attention at " + origin(CostConstant::TensorRate) +
      ", of other kinds on " + origin(CostConstant::FmaLanes) + " x " +
      origin(CostConstant::Clock) +
      ". No launch is in them. The step counts bytes that several ops read "
      "once.");
  return table;
}

} // namespace sinter
