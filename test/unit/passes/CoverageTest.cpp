//===- CoverageTest.cpp - Which family runs which op ----------------------===//

#include "passes/analysis/Coverage.h"
#include "codegen/devices/Devices.h"
#include "ir/Register.h"
#include "models/config/ModelSource.h"
#include "models/importer/Importer.h"

#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>

using namespace sinter;

namespace {

std::vector<OpCoverage> coverage(int64_t batch, const DeviceSpec &device) {
  mlir::DialectRegistry registry;
  registerSinterDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  Workload workload;
  workload.batch = batch;
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      importDecoder(context, resolveModel("qwen3-0.6b")->config, workload);
  EXPECT_TRUE(module.ok());
  return coverageOf(*(**module).getOps<mlir::func::FuncOp>().begin(), device);
}

const OpCoverage &find(const std::vector<OpCoverage> &list,
                       const std::string &name) {
  for (const OpCoverage &op : list) {
    if (op.op == name) {
      return op;
    }
  }
  ADD_FAILURE() << name;
  return list.front();
}

TEST(Coverage, EqualLayersOnceWithTheirCount) {
  std::vector<OpCoverage> list = coverage(1, *resolveDevice("h200"));
  // 19 ops of a layer, embed, final norm, head, argmax.
  ASSERT_EQ(list.size(), 23u);
  EXPECT_EQ(list.front().op, "embed");
  EXPECT_EQ(list.front().count, 1u);
  EXPECT_EQ(list[1].op, "layers.*.input_norm");
  uint64_t ops = 0;
  for (const OpCoverage &op : list) {
    ops += op.count;
    ASSERT_EQ(op.answers.size(), 1u) << op.op;
    EXPECT_TRUE(op.answers[0].verdict) << op.answers[0].verdict.message();
    EXPECT_GT(op.answers[0].configs, 0u) << op.op;
  }
  EXPECT_EQ(ops, 536u);
  EXPECT_EQ(find(list, "layers.*.attention").answers[0].family,
            "attention_decode");
}

/// A bound that excludes comes with its numbers; other kinds of op keep theirs.
TEST(Coverage, SmallSharedMemoryExcludesAttention) {
  DeviceSpec device = *resolveDevice("h200");
  device.limits.sharedBytesPerBlock.value = 512;
  std::vector<OpCoverage> list = coverage(1, device);
  const FamilyAnswer &attention = find(list, "layers.*.attention").answers[0];
  ASSERT_FALSE(attention.verdict);
  EXPECT_EQ(attention.verdict.reason(), plan::Reason::RefusedSharedMemory);
  EXPECT_NE(attention.verdict.note().find("wanted at most 512"),
            std::string::npos)
      << attention.verdict.note();
  EXPECT_EQ(attention.configs, 0u);
  EXPECT_TRUE(find(list, "layers.*.swiglu").answers[0].verdict);
}

} // namespace
