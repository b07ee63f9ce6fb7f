//===- EmitAdvance.cpp - The kernel that feeds a token back ---------------===//

#include "codegen/EmitAdvance.h"

#include "codegen/EmitKernel.h"
#include "codegen/device/DeviceText.h"
#include "codegen/families/Signature.h"

namespace sinter::codegen {

namespace {

constexpr LaunchShape oneWarp = {
    .gridX = 1, .gridY = 1, .threads = 32, .blocksPerSm = 1, .sharedBytes = 0};

} // namespace

Work advanceWork(const AdvanceShape &shape) {
  const uint64_t batch = shape.batch;
  Work work;
  work.bounds = {registerBound(oneWarp), oneWarp.blocksPerSm};
  work.block = {oneWarp.threads, 1, 1};
  auto add = [&](const char *name, plan::Access access, uint64_t count,
                 uint64_t loads, uint64_t stores) {
    ParamWork &param = work.params.emplace_back();
    param.name = name;
    param.access = access;
    param.dtype = DType::I32;
    param.count = count;
    param.loadedBytes = 4 * loads;
    param.storedBytes = 4 * stores;
    param.uniqueLoaded = 4 * std::min(loads, count);
    param.uniqueStored = param.storedBytes;
  };
  add("ids", plan::Access::InOut, batch, batch, batch);
  add("positions", plan::Access::InOut, batch, batch, batch);
  add("token", plan::Access::In, batch, batch, 0);
  add("log", plan::Access::InOut, batch * shape.rows, 0, batch);
  add("count", plan::Access::InOut, 1, batch, 1);
  add("stop", plan::Access::InOut, batch, batch, batch);
  add("ends", plan::Access::In, advanceEnds, advanceEnds * batch, 0);
  return work;
}

std::string emitAdvanceText(const AdvanceShape &shape, llvm::StringRef symbol) {
  std::string text = "// The token becomes the next step's input.\n\n" +
                     preludeText() + "\n" +
                     std::string(deviceText("advance.cuh")) +
                     "\n//===- The kernel "
                     "-----------------------------------------------------"
                     "------===//\n\n";
  CudaWriter writer(symbol);
  writer.constant("Batch", shape.batch);
  writer.constant("Rows", shape.rows);
  writer.constant("Ends", advanceEnds);
  writer.constant("Capacity", shape.capacity);
  writer.line();
  {
    auto scope =
        openKernel(writer, oneWarp, advanceWork(shape).params, Wait::InBody);
    writer.call("advance<Batch, Rows, Ends, Capacity>",
                {"ids", "positions", "token", "log", "count", "stop", "ends"});
  }
  return text + writer.text();
}

} // namespace sinter::codegen
