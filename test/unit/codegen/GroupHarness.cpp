//===- GroupHarness.cpp - Fused kernels on the host device ----------------===//

#include "test/unit/codegen/GroupHarness.h"

#include "codegen/EmitKernel.h"
#include "ir/decoder/Decoder.h"
#include "ir/plan/Plan.h"
#include "models/interpreter/Interpreter.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace sinter::codegen {

static std::vector<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape().vec();
}

static DType dtypeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType())
                 .getElementType()
                 .isBF16()
             ? DType::BF16
             : DType::I32;
}

std::vector<int32_t> scattered(int64_t batch, int64_t each, int64_t pool) {
  std::vector<int32_t> pages(pool);
  std::iota(pages.begin(), pages.end(), 0);
  std::shuffle(pages.begin(), pages.end(), std::mt19937(7));
  pages.resize(batch * each);
  return pages;
}

/// The plan.group or plan.single of a module.
static mlir::Operation *findGroup(mlir::ModuleOp module) {
  mlir::Operation *found = nullptr;
  module->walk([&](mlir::Operation *op) {
    found = mlir::isa<plan::GroupOp, plan::SingleOp>(op) ? op : found;
  });
  return found;
}

static mlir::OwningOpRef<mlir::ModuleOp> parseGroup(const GroupCase &c) {
  const std::string types = c.yielded.substr(c.yielded.find(':') + 2);
  const size_t results = std::ranges::count(types, '<');
  const size_t first = c.body.find("decoder.");
  const bool several = c.body.find("decoder.", first + 1) != std::string::npos;
  return parseOp(c.arguments,
                 std::string(several ? "plan.group" : "plan.single") + " -> " +
                     types + " {\n" + c.body + "\nplan.yield " + c.yielded +
                     "\n}",
                 results);
}

TestGroup::TestGroup(const GroupCase &c, bool filled)
    : module(parseGroup(c)),
      group(GroupView::ofBody(findGroup(*module)->getRegion(0).front())) {
  workload.context = c.context;
  if (!filled) {
    return;
  }
  std::mt19937 random(20251121);
  std::normal_distribution<float> normal;
  auto function = findGroup(*module)->getParentOfType<mlir::func::FuncOp>();
  llvm::DenseMap<mlir::Value, HostTensor> contents;
  size_t nextInts = 0;
  for (mlir::Value argument : function.getArguments()) {
    if (dtypeOf(argument) == DType::I32) {
      contents[argument] = HostTensor::fromInts(c.ints.at(nextInts++))
                               .reshaped(shapeOf(argument));
      continue;
    }
    std::vector<float> values(
        mlir::cast<mlir::RankedTensorType>(argument.getType())
            .getNumElements());
    for (float &value : values) {
      value = c.integers
                  ? static_cast<float>(static_cast<int>(random() % 5) - 2)
                  : normal(random);
    }
    contents[argument] =
        HostTensor::fromFloats(DType::BF16, shapeOf(argument), values);
  }
  for (mlir::Value value : group.liveIns()) {
    inputs.push_back(contents.at(value));
  }
}

/// Uploads what the ops of the group read of a live-in, so that the device
/// reports any other read.
static Status uploadUsed(Device &device, BufferId buffer, const TestGroup &test,
                         unsigned liveIn) {
  std::span<const std::byte> bytes = test.inputs[liveIn].bytes();
  for (mlir::Operation *op : test.group.ops()) {
    for (mlir::Value operand : op->getOperands()) {
      if (test.group.liveInIndex(operand) != liveIn) {
        continue;
      }
      const BufferView view = test.group.view(operand);
      if (view.whole || view.stride != 1) {
        return device.upload(buffer, 0, bytes);
      }
      const uint64_t element = dtypeBytes(test.inputs[liveIn].dtype());
      const uint64_t count =
          mlir::cast<mlir::RankedTensorType>(operand.getType())
              .getNumElements();
      const uint64_t offset = view.offset * element;
      SINTER_TRY(device.upload(buffer, offset,
                               bytes.subspan(offset, count * element)));
    }
  }
  return Status::success();
}

Result<GroupRun> runGroup(Device &device, KernelId kernel,
                          const TestGroup &test, const Work &work,
                          unsigned times) {
  std::vector<Argument> arguments;
  std::vector<BufferId> buffers(test.group.liveOuts().size());
  for (const ParamWork &param : work.params) {
    const uint64_t bytes = param.count * dtypeBytes(param.dtype);
    SINTER_ASSIGN(BufferId buffer, device.allocate(bytes, param.name));
    if (param.liveIn) {
      SINTER_TRY(uploadUsed(device, buffer, test, *param.liveIn));
    }
    if (param.liveOut) {
      buffers[*param.liveOut] = buffer;
    }
    if (param.kind == ParamClass::Workspace) {
      SINTER_TRY(device.zero(buffer, 0, bytes));
    }
    arguments.push_back({buffer, 0, param.count});
  }
  device.resetCounters();
  LaunchShape shape;
  shape.gridX = work.grid[0];
  shape.gridY = work.grid[1];
  shape.blockSize = work.block[0];
  shape.sharedBytes = work.sharedBytes;
  for (unsigned i = 0; i < times; ++i) {
    SINTER_TRY(device.launch(kernel, shape, arguments));
  }
  SINTER_TRY(device.synchronize());
  GroupRun run;
  for (auto [value, buffer] : llvm::zip(test.group.liveOuts(), buffers)) {
    HostTensor output(dtypeOf(value), shapeOf(value));
    SINTER_TRY(device.download(buffer, 0, output.mutableBytes()));
    run.outputs.push_back(std::move(output));
  }
  KernelCounters counters = device.counters(kernel);
  run.traffic = counters.params;
  run.launches = counters.launches;
  return run;
}

std::vector<HostTensor> interpret(const TestGroup &test) {
  InterpreterOptions options;
  options.threads = 1;
  Interpreter interpreter(options);
  std::vector<mlir::Operation *> ops;
  for (mlir::Operation &op :
       test.group.ops().front()->getBlock()->without_terminator()) {
    ops.push_back(&op);
  }
  auto result = interpreter.evaluate(ops, test.group.liveIns(), test.inputs,
                                     test.group.liveOuts());
  EXPECT_TRUE(result) << (result ? "" : result.error().message());
  return result ? std::move(*result) : std::vector<HostTensor>();
}

static KernelConfig configFor(mlir::Operation *op, const KernelFamily &family,
                              const GroupView &group,
                              const KernelConfig &fused) {
  const auto configs = family.enumerate(group, testDevice());
  if (mlir::isa<decoder::AttentionOp>(op)) {
    return fused;
  }
  if (mlir::isa<decoder::RmsNormOp>(op)) {
    const int64_t warps =
        shapeOf(op->getOperand(0)).size() == 3 ? 1 : fused.get("warps");
    // Also where enumerate() leaves it out because so many warps idle: the
    // order of the sum is that of the fused kernel.
    return {{"rows", 1}, {"warps", warps}};
  }
  if (family.name() == "skinny") {
    return {{"lines", 8},
            {"slices", fused.get("slices")},
            {"turns", 1},
            {"warps", fused.get("warps")}};
  }
  return configs.front();
}

std::vector<HostTensor> runUnfused(Device &device, const TestGroup &test,
                                   const KernelConfig &fused) {
  llvm::DenseMap<mlir::Value, HostTensor> values;
  for (auto [value, tensor] : llvm::zip(test.group.liveIns(), test.inputs)) {
    values[value] = tensor;
  }
  InterpreterOptions options;
  options.threads = 1;
  Interpreter interpreter(options);
  for (mlir::Operation &op :
       test.group.ops().front()->getBlock()->without_terminator()) {
    if (!mlir::isa<decoder::DecoderDialect>(op.getDialect())) {
      auto view = interpreter.evaluate({&op}, {op.getOperand(0)},
                                       {values.at(op.getOperand(0))},
                                       {op.getResult(0)});
      EXPECT_TRUE(view) << (view ? "" : view.error().message());
      values[op.getResult(0)] = view->front();
      continue;
    }
    TestGroup single(GroupView::ofOp(&op), test.workload);
    for (mlir::Value operand : single.group.liveIns()) {
      single.inputs.push_back(values.at(operand));
    }
    Verdict why = Verdict::ok();
    const KernelFamily *family = chooseFamily(single.group, testDevice(), why);
    EXPECT_TRUE(family) << why.message();
    const KernelConfig config = configFor(&op, *family, single.group, fused);
    const Work work = family->work(single.group, config, test.workload);
    auto kernels = device.loadKernels({{sourceOf(
        work, emitKernelText(single.group, *family, config, "kernel"))}});
    EXPECT_TRUE(kernels) << (kernels ? "" : kernels.error().message());
    auto run = runGroup(device, kernels->front(), single, work);
    EXPECT_TRUE(run) << (run ? "" : run.error().message());
    values[op.getResult(0)] = run->outputs.front();
  }
  std::vector<HostTensor> outputs;
  for (mlir::Value value : test.group.liveOuts()) {
    outputs.push_back(values.at(value));
  }
  return outputs;
}

} // namespace sinter::codegen
