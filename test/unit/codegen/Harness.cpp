//===- Harness.cpp - Kernels of single ops on the host device -------------===//

#include "test/unit/codegen/Harness.h"

#include "codegen/EmitKernel.h"
#include "codegen/EmitPlan.h"
#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "ir/decoder/Decoder.h"
#include "ir/decoder/RopeFrequencies.h"
#include "models/interpreter/Bfloat16.h"
#include "models/interpreter/Ops.h"
#include "runtime/host/HostDevice.h"

#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace sinter::codegen {

static mlir::MLIRContext &context() {
  static mlir::MLIRContext *shared = [] {
    mlir::DialectRegistry registry;
    registerSinterDialects(registry);
    auto *made =
        new mlir::MLIRContext(registry, mlir::MLIRContext::Threading::DISABLED);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *shared;
}

const DeviceSpec &testDevice() {
  static const DeviceSpec device = *resolveDevice("h200");
  return device;
}

mlir::OwningOpRef<mlir::ModuleOp>
parseOp(const std::string &arguments, const std::string &text, size_t results) {
  const std::string source = "func.func @f(" + arguments +
                             ") {\n  %result:" + std::to_string(results) +
                             " = " + text + "\n  return\n}\n";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context());
  if (!module) {
    ADD_FAILURE() << source;
    std::abort();
  }
  return module;
}

mlir::Operation *findOp(mlir::ModuleOp module) {
  mlir::Operation *found = nullptr;
  module.walk([&](mlir::Operation *op) {
    if (mlir::isa<decoder::DecoderDialect>(op->getDialect()) && !found) {
      found = op;
    }
  });
  return found;
}

static std::vector<int64_t> shapeOf(mlir::Type type) {
  return mlir::cast<mlir::RankedTensorType>(type).getShape().vec();
}

static HostTensor floats(std::vector<int64_t> shape, bool integers,
                         std::mt19937 &random) {
  int64_t count = 1;
  for (int64_t extent : shape) {
    count *= extent;
  }
  std::vector<float> values(count);
  std::normal_distribution<float> normal;
  for (float &value : values) {
    value = integers ? static_cast<float>(static_cast<int>(random() % 5) - 2)
                     : normal(random);
  }
  return HostTensor::fromFloats(DType::BF16, std::move(shape), values);
}

TestOp::TestOp(const OpCase &opCase, bool filled)
    : module(parseOp(opCase.arguments, opCase.op)), op(findOp(*module)),
      group(GroupView::ofOp(op)) {
  workload.context = opCase.context;
  if (!filled) {
    return;
  }
  std::mt19937 random(20251121);
  size_t nextInts = 0;
  std::vector<mlir::Value> seen;
  for (mlir::Value operand : op->getOperands()) {
    const auto first = llvm::find(seen, operand);
    if (first != seen.end()) {
      inputs.push_back(inputs[first - seen.begin()]);
    } else if (mlir::cast<mlir::RankedTensorType>(operand.getType())
                   .getElementType()
                   .isInteger(32)) {
      inputs.push_back(HostTensor::fromInts(opCase.ints.at(nextInts++)));
    } else {
      inputs.push_back(
          floats(shapeOf(operand.getType()), opCase.integers, random));
    }
    seen.push_back(operand);
  }
}

std::optional<FirstKernel> firstKernel(const GroupView &group,
                                       const Workload &workload) {
  Verdict why = Verdict::ok();
  const KernelFamily *family = chooseFamily(group, testDevice(), why);
  if (!family) {
    ADD_FAILURE() << why.message();
    return std::nullopt;
  }
  const KernelConfig config = family->enumerate(group, testDevice())[0];
  return FirstKernel{family, config, family->work(group, config, workload)};
}

std::unique_ptr<Device> makeHostDevice(bool checked, uint64_t seed) {
  host::HostOptions options;
  options.checked = checked;
  options.seed = seed;
  options.cacheDirectory = SINTER_BINARY_DIR "/test-kernel-cache";
  auto device = host::HostDevice::create(std::move(options));
  if (!device) {
    ADD_FAILURE() << device.error().message();
    return nullptr;
  }
  return std::move(*device);
}

KernelSource sourceOf(const Work &work, const std::string &text) {
  constexpr const char *unoptimised =
      "#if defined(__clang__)\n#pragma clang optimize off\n#else\n"
      "#pragma GCC optimize(\"O0\")\n#endif\n";
  KernelSource source{"kernel", unoptimised + text, {}, {}};
  for (const ParamWork &param : work.params) {
    source.params.push_back(paramOf(param));
  }
  return source;
}

std::string tensor(const std::vector<int64_t> &shape, const char *element) {
  std::string text = "tensor<";
  for (int64_t extent : shape) {
    text += std::to_string(extent) + "x";
  }
  return text + element + ">";
}

/// Uploads a tensor; of the caches of attention only the positions that the
/// rows attend, so that the device reports any other read.
static Status uploadInput(Device &device, BufferId buffer, const TestOp &test,
                          unsigned liveIn) {
  mlir::Value value = test.group.liveIns()[liveIn];
  unsigned operand = 0;
  while (test.op->getOperand(operand) != value) {
    ++operand;
  }
  std::span<const std::byte> bytes = test.inputs[operand].bytes();
  auto attention = mlir::dyn_cast<decoder::AttentionOp>(test.op);
  if (!attention ||
      (value != attention.getKeys() && value != attention.getValues())) {
    return device.upload(buffer, 0, bytes);
  }
  const std::vector<int64_t> shape = shapeOf(value.getType());
  std::span<const int32_t> positions = test.inputs.back().data<int32_t>();
  const int64_t tokens = std::ssize(positions) / shape[0];
  for (int64_t line = 0; line < shape[0] * shape[1]; ++line) {
    const int64_t sequence = line / shape[1];
    int64_t attended = 0;
    for (int64_t token = 0; token < tokens; ++token) {
      attended =
          std::max<int64_t>(attended, positions[sequence * tokens + token] + 1);
    }
    const uint64_t start = 2 * line * shape[2] * shape[3];
    SINTER_TRY(device.upload(buffer, start,
                             bytes.subspan(start, 2 * attended * shape[3])));
  }
  return Status::success();
}

Result<RunResult> runKernel(Device &device, KernelId kernel, const TestOp &test,
                            const Work &work) {
  std::vector<Argument> arguments;
  BufferId output;
  for (const ParamWork &param : work.params) {
    const uint64_t bytes = param.count * dtypeBytes(param.dtype);
    SINTER_ASSIGN(BufferId buffer, device.allocate(bytes, param.name));
    if (param.liveIn) {
      SINTER_TRY(uploadInput(device, buffer, test, *param.liveIn));
    }
    if (param.kind == ParamClass::Workspace) {
      SINTER_TRY(device.zero(buffer, 0, bytes));
    }
    if (param.liveOut) {
      output = buffer;
    }
    arguments.push_back({buffer, 0, param.count});
  }
  device.resetCounters();
  LaunchShape shape;
  shape.gridX = work.grid[0];
  shape.gridY = work.grid[1];
  shape.blockSize = work.block[0];
  shape.sharedBytes = work.sharedBytes;
  shape.cooperative = work.cooperative;
  SINTER_TRY(device.launch(kernel, shape, arguments));
  SINTER_TRY(device.synchronize());

  auto type =
      mlir::cast<mlir::RankedTensorType>(test.op->getResult(0).getType());
  RunResult result;
  result.output =
      HostTensor(type.getElementType().isBF16() ? DType::BF16 : DType::I32,
                 type.getShape().vec());
  SINTER_TRY(device.download(output, 0, result.output.mutableBytes()));
  KernelCounters counters = device.counters(kernel);
  result.traffic = counters.params;
  result.launches = counters.launches;
  return result;
}

HostTensor referenceOf(const TestOp &test) {
  const std::vector<HostTensor> &in = test.inputs;
  static ThreadPool pool(1);
  Numerics numerics;
  numerics.pool = &pool;
  auto must = [](Result<HostTensor> result) {
    EXPECT_TRUE(result.ok()) << (result ? "" : result.error().message());
    return result ? std::move(*result) : HostTensor();
  };
  mlir::Operation *op = test.op;
  if (mlir::isa<decoder::EmbedOp>(op)) {
    return must(ops::embed(numerics, in[0], in[1]));
  }
  if (auto norm = mlir::dyn_cast<decoder::RmsNormOp>(op)) {
    return ops::rmsNorm(numerics, in[0], in[1], norm.epsValue());
  }
  if (mlir::isa<decoder::LinearOp>(op)) {
    return ops::linear(numerics, in[0], in[1],
                       in.size() == 3 ? &in[2] : nullptr);
  }
  if (auto rope = mlir::dyn_cast<decoder::RopeOp>(op)) {
    return must(
        ops::rope(numerics, in[0], in[1],
                  decoder::ropeInverseFrequencies(
                      rope.thetaValue(), in[0].dim(2), rope.getScalingAttr())));
  }
  if (mlir::isa<decoder::KvAppendOp>(op)) {
    return must(ops::kvAppend(numerics, in[0], in[1], in[2]));
  }
  if (auto attention = mlir::dyn_cast<decoder::AttentionOp>(op)) {
    return must(ops::attention(numerics, in[0], in[1], in[2], in[3],
                               attention.scaleValue()));
  }
  if (mlir::isa<decoder::SwigluOp>(op)) {
    return ops::swiglu(numerics, in[0], in[1]);
  }
  if (mlir::isa<decoder::AddOp>(op)) {
    return ops::add(numerics, in[0], in[1]);
  }
  if (mlir::isa<decoder::TakeRowsOp>(op)) {
    return must(ops::takeRows(in[0], in[1]));
  }
  auto argmax = mlir::cast<decoder::ArgmaxOp>(op);
  std::optional<int64_t> limit;
  if (argmax.getLimit()) {
    limit = static_cast<int64_t>(*argmax.getLimit());
  }
  return ops::argmax(in[0], limit);
}

} // namespace sinter::codegen
