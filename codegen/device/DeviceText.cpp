//===- DeviceText.cpp - The device library as text ------------------------===//

#include "codegen/device/DeviceText.h"

#include "runtime/format/EmbeddedText.h"

namespace sinter {

/// Generated.
std::span<const EmbeddedText> deviceTexts();

std::string_view deviceText(std::string_view name) {
  const EmbeddedText *found = findEmbedded(deviceTexts(), name);
  return found ? found->text : std::string_view();
}

const std::string &preludeText() {
  static const std::string text = [] {
    std::string all;
    all += deviceText("prelude.cuh");
    all += "\n#if defined(__CUDACC__)\n";
    all += deviceText("prelude_cuda.cuh");
    all += deviceText("prelude_cuda_warps.cuh");
    all += "\n#else\n";
    all += deviceText("HostKernelAbi.h");
    all += deviceText("prelude_host.cuh");
    all += deviceText("prelude_host_threads.cuh");
    all += "\n#endif\n";
    all += deviceText("prelude_math.cuh");
    return all;
  }();
  return text;
}

} // namespace sinter
