//===- Probes.cpp - Kernels that measure a GPU ----------------------------===//

#include "tools/calibrate/Probes.h"

#include "codegen/device/DeviceText.h"
#include "runtime/format/EmbeddedText.h"

namespace sinter {

/// Generated.
std::span<const EmbeddedText> probeTexts();

namespace {

using format::Access;
using format::Param;

/// Most threads of a block: what is in flight must fit the registers.
uint32_t mostThreads(uint32_t vectors) { return vectors > 8 ? 512 : 1024; }

std::string_view viewOf(Access access) {
  return access == Access::In ? "In" : "InOut";
}

KernelSource source(const std::string &symbol, uint32_t threads,
                    const std::vector<Param> &params, const std::string &call) {
  KernelSource kernel;
  kernel.symbol = symbol;
  kernel.params = params;
  kernel.text = preludeText();
  kernel.text += findEmbedded(probeTexts(), "probes.cuh")->text;
  kernel.text +=
      "\nSINTER_KERNEL(" + symbol + ", " + std::to_string(threads) + ", 1, (";
  std::string names;
  for (const Param &param : params) {
    kernel.text += (names.empty() ? "" : ", ") +
                   std::string(viewOf(param.access)) + "<" +
                   std::string(dtypeName(param.dtype)) + "> " + param.name;
    names += (names.empty() ? "" : ", ") + param.name;
  }
  kernel.text += ")) {\n  " + call + "(" + names + ");\n}\n";
  return kernel;
}

std::string templated(const char *name, uint32_t vectors,
                      std::initializer_list<bool> flags) {
  std::string call = std::string(name) + "<" + std::to_string(vectors);
  for (bool flag : flags) {
    call += flag ? ", true" : ", false";
  }
  return call + ">";
}

} // namespace

std::string Reader::describe() const {
  return (blocksPerSm == 0 ? "a tile per block"
                           : std::to_string(blocksPerSm) + " blocks per SM") +
         " of " + std::to_string(threads) + " threads with " +
         std::to_string(vectors) + " loads of 16 bytes";
}

std::string onceProbe(uint32_t vectors) {
  return "probe_once_" + std::to_string(vectors);
}
std::string loopProbe(uint32_t vectors) {
  return "probe_loop_" + std::to_string(vectors);
}
std::string waitProbe(uint32_t vectors) {
  return "probe_wait_" + std::to_string(vectors);
}
std::string steadyProbe(uint32_t vectors) {
  return "probe_steady_" + std::to_string(vectors);
}
std::string exchangeProbe(uint32_t vectors, bool exchange) {
  return (exchange ? "probe_exchange_" : "probe_apart_") +
         std::to_string(vectors);
}

std::vector<KernelSource> probeSources(const ProbeSizes &sizes) {
  const auto words = [](const char *name, Access access, uint64_t bytes) {
    return Param{name, access, DType::U32, bytes / 4};
  };
  const Param window = words("x", Access::In, sizes.windowBytes);
  const Param arena = words("x", Access::In, sizes.arenaBytes);
  const Param next = words("next", Access::In, sizes.chaseBytes);
  const Param count = {"count", Access::In, DType::I32, 1};
  const Param sink = words("sink", Access::InOut, 4);
  const auto shared = [&](const char *name, Access access) {
    return words(name, access, sizes.exchangeBytes);
  };

  std::vector<KernelSource> kernels = {
      source(emptyProbe, 1024, {sink}, "emptyProbe"),
      source(chaseProbe, 32, {next, count, sink}, "chaseProbe"),
      source(sharedChaseProbe, 32, {count, sink}, "sharedChaseProbe"),
      source(spinProbe, 32, {count, sink}, "spinProbe")};
  const auto exchange = [&](uint32_t vectors, bool reads) {
    kernels.push_back(
        source(exchangeProbe(vectors, reads), mostThreads(vectors),
               {window, shared("from", Access::In), shared("to", Access::InOut),
                words("cycles", Access::InOut, 4 * sizes.timedBlocks), sink},
               templated("exchangeProbe", vectors, {reads})));
  };
  for (uint32_t vectors : {4u, 8u, 16u}) {
    const uint32_t most = mostThreads(vectors);
    kernels.push_back(source(onceProbe(vectors), most, {window, count, sink},
                             templated("streamProbe", vectors, {true, false})));
    kernels.push_back(source(waitProbe(vectors), most, {window, count, sink},
                             templated("streamProbe", vectors, {true, true})));
    kernels.push_back(
        source(loopProbe(vectors), most, {window, count, sink},
               templated("streamProbe", vectors, {false, false})));
    kernels.push_back(
        source(steadyProbe(vectors), most, {arena, count, sink},
               templated("streamProbe", vectors, {false, false})));
    exchange(vectors, true);
    exchange(vectors, false);
  }
  exchange(0, true);
  kernels.push_back(source(barrierProbe, 1024,
                           {words("counter", Access::InOut, 4), count, sink},
                           "barrierProbe"));
  return kernels;
}

} // namespace sinter
