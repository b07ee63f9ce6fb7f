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
  Result<std::vector<OpCoverage>> found =
      coverageOf(*(**module).getOps<mlir::func::FuncOp>().begin(), device);
  EXPECT_TRUE(found.ok()) << found.error().message();
  return std::move(*found);
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
    // Nobody but attention_prefill and skinny have something to say about
    // another's op.
    const bool two = op.op == "layers.*.attention" || op.kind == "linear";
    ASSERT_EQ(op.answers.size(), two ? 2u : 1u) << op.op;
    EXPECT_TRUE(op.answers[0].verdict) << op.answers[0].verdict.message();
    EXPECT_GT(op.answers[0].configs, 0u) << op.op;
  }
  EXPECT_EQ(ops, 536u);
  EXPECT_EQ(find(list, "layers.*.attention").answers[0].family,
            "attention_decode");
  EXPECT_EQ(find(list, "layers.*.attention").answers[1].verdict.message(),
            "refused_rows: 1 row per sequence, wanted at least 2");
}

/// Who runs an op with its neighbours. Three rows: no gemv; seventeen: no
/// linear layer, but row ops stay together.
TEST(Coverage, FamiliesOfGroups) {
  using Names = std::vector<std::string>;
  std::vector<OpCoverage> one = coverage(1, *resolveDevice("h200"));
  EXPECT_EQ(find(one, "embed").together, Names());
  EXPECT_EQ(find(one, "layers.*.o_proj").together, Names{"gemv"});
  // Before packing, three matrices need the norm's row.
  EXPECT_EQ(find(one, "layers.*.q_proj").together, Names());
  EXPECT_EQ(find(one, "layers.*.input_norm").together, Names{"row_chain"});
  EXPECT_EQ(find(one, "final_norm").together, (Names{"gemv", "row_chain"}));
  EXPECT_EQ(find(one, "layers.*.k_rope").together,
            (Names{"attention_decode", "row_chain"}));
  EXPECT_EQ(find(one, "layers.*.v_append").together, Names{"attention_decode"});
  std::vector<OpCoverage> three = coverage(3, *resolveDevice("h200"));
  EXPECT_EQ(find(three, "layers.*.o_proj").together, Names{"skinny"});
  EXPECT_EQ(find(three, "layers.*.mlp_residual").together,
            (Names{"row_chain", "skinny"}));
  std::vector<OpCoverage> many = coverage(17, *resolveDevice("h200"));
  EXPECT_EQ(find(many, "layers.*.o_proj").together, Names());
  EXPECT_EQ(find(many, "layers.*.mlp_residual").together, Names{"row_chain"});
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
