//===- Harness.h - Kernels of single ops on the host device -----*- C++ -*-===//
//
// Parses one decoder op, prints its kernel in any configuration, runs it on the
// checked host device, and gives back what it wrote and what was counted.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TEST_UNIT_CODEGEN_HARNESS_H
#define SINTER_TEST_UNIT_CODEGEN_HARNESS_H

#include "codegen/KernelFamily.h"
#include "codegen/KernelRegistry.h"
#include "ir/target/DeviceSpec.h"
#include "models/interpreter/HostTensor.h"
#include "runtime/Device.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>
#include <vector>

namespace sinter::codegen {

/// One op with the contents of its operands.
struct OpCase {
  std::string name;
  std::string arguments; ///< "%x: tensor<1x8xbf16>, ..."
  std::string op;        ///< "decoder.add %x, %x : tensor<1x8xbf16>"
  int64_t context = 1;   ///< positions attended by the last token
  /// Contents of the i32 operands, in operand order.
  std::vector<std::vector<int32_t>> ints;
  /// Whole numbers in [-2, 2] instead of normal deviates.
  bool integers = false;
};

/// A parsed case.
class TestOp {
  mlir::OwningOpRef<mlir::ModuleOp> module;

public:
  /// `filled`: with contents; a test that only compiles needs none.
  explicit TestOp(const OpCase &opCase, bool filled = true);

  mlir::Operation *op = nullptr;
  GroupView group;
  Workload workload;
  /// One per operand; equal operands have equal tensors. Reproducible.
  std::vector<HostTensor> inputs;
};

/// H200, from its device file.
const DeviceSpec &testDevice();

/// The op of `text` in a function with `arguments`, parsed and verified.
mlir::OwningOpRef<mlir::ModuleOp> parseOp(const std::string &arguments,
                                          const std::string &text,
                                          size_t results = 1);
/// The first decoder op of a module.
mlir::Operation *findOp(mlir::ModuleOp module);

/// The family that runs a group and its first configuration, which is the
/// choice where nothing prices them; nothing, and a failure, if none does.
struct FirstKernel {
  const KernelFamily *family;
  KernelConfig config;
  Work work;
};
std::optional<FirstKernel> firstKernel(const GroupView &group,
                                       const Workload &workload);

/// A checked or unchecked host device whose kernel cache is in the build tree.
std::unique_ptr<Device> makeHostDevice(bool checked, uint64_t seed = 1);

/// Kernel source for Device::loadKernels. The host's optimiser is off: kernels
/// compile in a fifth of the time and run once or twice.
KernelSource sourceOf(const Work &work, const std::string &text);

/// "tensor<1x8xbf16>".
std::string tensor(const std::vector<int64_t> &shape,
                   const char *element = "bf16");

/// What one launch wrote, as tensor of the result's type, and what it moved.
struct RunResult {
  HostTensor output;
  std::vector<format::ParamTraffic> traffic;
  uint64_t launches = 0;
};
Result<RunResult> runKernel(Device &device, KernelId kernel, const TestOp &test,
                            const Work &work);

/// The reference interpreter's result (models/interpreter/Ops.h), bf16 mode.
HostTensor referenceOf(const TestOp &test);

/// Every case of the test matrix, by family.
std::vector<OpCase> embedCases();
std::vector<OpCase> rmsNormCases();
std::vector<OpCase> ropeCases();
std::vector<OpCase> elementwiseCases();
std::vector<OpCase> takeRowsCases();
std::vector<OpCase> linearCases();
std::vector<OpCase> kvAppendCases();
std::vector<OpCase> attentionCases();
std::vector<OpCase> argmaxCases();
/// Attention of `tokens` tokens of each sequence, the last at context - 1.
struct AttentionShape {
  int64_t batch, tokens, heads, kvHeads, headDim, context;
};
OpCase attentionCase(const AttentionShape &shape);
/// All of the above.
std::vector<std::vector<OpCase>> caseLists();
/// Shapes of published models; too large to run here, not too large to compile.
/// Their contents are empty.
std::vector<OpCase> publishedCases();

} // namespace sinter::codegen

#endif // SINTER_TEST_UNIT_CODEGEN_HARNESS_H
