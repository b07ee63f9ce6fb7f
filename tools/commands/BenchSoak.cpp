//===- BenchSoak.cpp - sinter bench --soak --------------------------------===//

#include "runtime/cuda/CudaDevice.h"
#include "tools/BenchCells.h"
#include "tools/BenchSubject.h"
#include "tools/Console.h"
#include "tools/PlanDigest.h"
#include "tools/PlanEngine.h"
#include "tools/Soak.h"
#include "tools/Table.h"

#include <chrono>

namespace sinter {

Status benchSoak(const BenchOptions &options, BenchSubject subject,
                 std::unique_ptr<Device> device) {
  std::function<Result<uint64_t>()> freeBytes;
  if (const auto *gpu = dynamic_cast<cuda::CudaDevice *>(device.get())) {
    freeBytes = [gpu] { return gpu->freeBytes(); };
  }
  const std::string name = device->describe();
  const std::string program = programDigest(subject.artifact.plan);
  SINTER_ASSIGN(std::unique_ptr<PlanEngine> engine,
                PlanEngine::create(subject.artifact, *subject.weights,
                                   std::move(device)));
  const auto begin = std::chrono::steady_clock::now();
  SINTER_ASSIGN(SoakRun run, soakTwice(*engine, options.soak, freeBytes));
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;
  Table table;
  table.view = "bench-soak";
  table.columns = {{"runs", "runs"},
                   {"tokens", "tokens"},
                   {"sequences", "sequences"},
                   {"milliseconds", "ms"},
                   {"tokens_per_second", "tokens/s"},
                   {"digest", "digest of the tokens"}};
  table.rows.push_back(
      {uint64_t{2}, run.tokens, run.sequences, rounded(1e3 * seconds.count()),
       rounded(2 * static_cast<double>(run.tokens) / seconds.count()),
       run.digest});
  table.notes = {
      "device: " + name, "program: sha256 " + program,
      std::string("two runs gave the same tokens") +
          (freeBytes ? "; the second took no memory of the GPU" : "")};
  return writeOut(printTable(table, options.format));
}

} // namespace sinter
