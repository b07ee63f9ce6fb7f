//===- MeasureLibrary.cpp - Prices of the vendor's products ---------------===//

#include "tools/calibrate/MeasureLibrary.h"

#include "tools/calibrate/Measure.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace sinter {

namespace {

// As much as a plan's library calls have.
constexpr uint64_t workspaceBytes = 0;

std::string textOf(const LibraryShape &shape) {
  return "m " + std::to_string(shape.m) + ", n " + std::to_string(shape.n) +
         ", k " + std::to_string(shape.k);
}

class Pricer {
public:
  static Result<Pricer> create(ProbeBench &bench, cuda::CudaDevice &device,
                               const std::vector<LibraryShape> &shapes,
                               uint64_t l2Bytes) {
    Pricer pricer(bench, device, l2Bytes);
    uint64_t x = 0;
    uint64_t y = 0;
    for (const LibraryShape &shape : shapes) {
      x = std::max(x, 2 * shape.m * shape.k);
      y = std::max(y, 2 * shape.m * shape.n);
      if (2 * shape.n * shape.k > bench.sizes().arenaBytes) {
        return Error{ErrorCode::CudaMemory, "--shapes " + textOf(shape),
                     "a matrix of at most " +
                         std::to_string(bench.sizes().arenaBytes) + " bytes",
                     std::to_string(2 * shape.n * shape.k),
                     "leave the shape out, or free memory of the GPU"};
      }
    }
    SINTER_ASSIGN(pricer.input, device.allocate(x, "library x"));
    SINTER_ASSIGN(pricer.output, device.allocate(y, "library y"));
    SINTER_TRY(device.zero(pricer.input, 0, x));
    return pricer;
  }

  Result<LibraryPrice> price(const LibraryShape &shape) {
    LibraryPrice price;
    price.m = shape.m;
    price.n = shape.n;
    price.k = shape.k;
    price.dtype = "bf16";
    price.origin = NumberOrigin::Measured;
    format::Gemm problem;
    problem.m = shape.m;
    problem.n = shape.n;
    problem.k = shape.k;
    SINTER_ASSIGN(std::vector<std::string> offered,
                  device.gemmAlgorithms(problem, workspaceBytes));
    if (offered.empty()) {
      return Error{ErrorCode::CudaCallFailed, "--shapes " + textOf(shape),
                   "an algorithm of cublasLt", "none", "leave the shape out"};
    }
    offered.resize(std::min(offered.size(), triedAlgorithms));
    Spread own;
    for (size_t i = 0; i < offered.size(); ++i) {
      problem.algorithm = offered[i];
      SINTER_ASSIGN(Spread spread, time(problem));
      const auto picoseconds = static_cast<uint64_t>(
          std::max<long long>(std::llround(1e6 * spread.median), 1));
      if (i == 0) {
        own = spread;
        price.picoseconds = picoseconds;
      }
      if (i == 0 || picoseconds < price.bestPicoseconds) {
        price.bestPicoseconds = picoseconds;
        price.algorithm = offered[i];
      }
    }
    price.version = device.libraryVersion();
    char spreadText[64];
    std::snprintf(spreadText, sizeof spreadText, "%.2f to %.2f us", own.p10,
                  own.p90);
    price.source = "cublasLt " + price.version +
                   ", its first algorithm in a graph, plain edges, no "
                   "workspace; best: of " +
                   std::to_string(offered.size()) +
                   "; 10th to 90th percentile " + spreadText;
    return price;
  }

private:
  Pricer(ProbeBench &bench, cuda::CudaDevice &device, uint64_t l2Bytes)
      : bench(bench), device(device), l2Bytes(l2Bytes) {}

  /// Microseconds of one product of a chain.
  Result<Spread> time(const format::Gemm &problem) {
    const uint64_t weights = problem.n * problem.k;
    const uint64_t fit = bench.sizes().arenaBytes / (2 * weights);
    const uint64_t count =
        std::clamp<uint64_t>(4 * l2Bytes / (2 * weights), 4, 64);
    std::vector<ProgramStep> steps;
    for (uint64_t i = 0; i < count; ++i) {
      ProgramStep step;
      step.kind = ProgramStep::Kind::Gemm;
      step.gemm = problem;
      step.arguments = {{input, 0, problem.m * problem.k},
                        bench.arenaPart(i % fit * 2 * weights, weights),
                        {output, 0, problem.m * problem.n}};
      steps.push_back(std::move(step));
    }
    SINTER_ASSIGN(std::vector<double> times,
                  bench.time(steps, LaunchMode::Graph));
    return Spread::of(
        scaled(std::move(times), 1.0 / static_cast<double>(count)));
  }

  ProbeBench &bench;
  cuda::CudaDevice &device;
  uint64_t l2Bytes;
  BufferId input, output;
};

} // namespace

Result<std::vector<LibraryPrice>> priceLibrary(ProbeBench &bench,
                                               cuda::CudaDevice &device,
                                               std::vector<LibraryShape> shapes,
                                               uint64_t l2Bytes) {
  std::sort(shapes.begin(), shapes.end(),
            [](const LibraryShape &a, const LibraryShape &b) {
              return std::tie(a.n, a.k, a.m) < std::tie(b.n, b.k, b.m);
            });
  shapes.erase(std::unique(shapes.begin(), shapes.end()), shapes.end());
  std::vector<LibraryPrice> prices;
  if (shapes.empty()) {
    return prices;
  }
  SINTER_ASSIGN(Pricer pricer, Pricer::create(bench, device, shapes, l2Bytes));
  for (const LibraryShape &shape : shapes) {
    SINTER_ASSIGN(prices.emplace_back(), pricer.price(shape));
  }
  return prices;
}

std::vector<CostConstant> deriveLibraryCosts(DeviceSpec &device) {
  std::vector<CostConstant> derived;
  std::optional<std::pair<uint64_t, const LibraryPrice *>> overhead;
  std::optional<std::pair<uint64_t, const LibraryPrice *>> rate;
  for (const LibraryPrice &price : device.library) {
    if (price.origin != NumberOrigin::Measured) {
      continue;
    }
    const uint64_t flops = 2 * price.m * price.n * price.k;
    const uint64_t gigaflops = flops * 1000 / price.bestPicoseconds;
    if (!rate || gigaflops > rate->first) {
      rate = {gigaflops, &price};
    }
    if (price.m == 1 && device.costs.dramSlopePlain) {
      const uint64_t stream =
          2 * price.n * price.k / device.costs.dramSlopePlain->value;
      const uint64_t nanoseconds = price.picoseconds / 1000;
      const uint64_t over = nanoseconds > stream ? nanoseconds - stream : 1;
      if (!overhead || over < overhead->first) {
        overhead = {over, &price};
      }
    }
  }
  if (overhead) {
    derived.push_back(CostConstant::LibraryOverhead);
    device.costs.libraryOverhead = DeviceNumber{
        overhead->first, NumberOrigin::Derived,
        "least of price - bytes / dram_slope_plain over the listed prices at "
        "m = 1 (" +
            std::to_string(overhead->second->n) + " x " +
            std::to_string(overhead->second->k) + "): a lower bound"};
  }
  // Only a large product shows what the tensor cores give.
  if (rate && rate->second->m >= 256) {
    const LibraryPrice &best = *rate->second;
    derived.push_back(CostConstant::LibraryTensorRate);
    device.costs.libraryTensorRate = DeviceNumber{
        rate->first, NumberOrigin::Derived,
        "cublasLt, " + textOf({best.m, best.n, best.k}) +
            ", best of its algorithms: flops over its listed price"};
  }
  return derived;
}

} // namespace sinter
