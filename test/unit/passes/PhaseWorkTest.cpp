//===- PhaseWorkTest.cpp - From a family's work to a priced phase ---------===//

#include "passes/planning/PhaseWork.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::planning;
using codegen::ParamClass;
using codegen::ParamWork;

namespace {

ParamWork param(ParamClass kind, plan::Access access, uint64_t loaded,
                uint64_t stored, uint64_t uniqueLoaded, uint64_t uniqueStored) {
  ParamWork param;
  param.kind = kind;
  param.access = access;
  param.loadedBytes = loaded;
  param.storedBytes = stored;
  param.uniqueLoaded = uniqueLoaded;
  param.uniqueStored = uniqueStored;
  return param;
}

/// y[64] = x[256] W[64, 256]^T by 8 blocks of two warps.
codegen::Work gemv() {
  codegen::Work work;
  work.flops = 2 * 64 * 256;
  work.grid = {8, 1, 1};
  work.block = {64, 1, 1};
  work.sharedBytes = 512;
  work.bounds = {128, 4};
  work.prefetchBytes = 8192;
  work.params = {
      param(ParamClass::Activations, plan::Access::In, 4096, 0, 512, 0),
      param(ParamClass::Weights, plan::Access::In, 32768, 0, 32768, 0),
      param(ParamClass::Activations, plan::Access::Out, 0, 128, 0, 128)};
  return work;
}

TEST(PhaseWork, OfAGemv) {
  cost::PhaseWork phase = phaseOf(gemv());
  EXPECT_EQ(phase.kind, cost::PhaseKind::Generated);
  EXPECT_EQ(phase.launches, 1u);
  EXPECT_EQ(phase.unique.weights, 32768u);
  EXPECT_EQ(phase.unique.activations, 512u + 128);
  EXPECT_EQ(phase.unique.cache, 0u);
  EXPECT_EQ(phase.issued, 32768u + 4096 + 128);
  EXPECT_EQ(phase.consumed, 512u);
  EXPECT_EQ(phase.hoisted, 8192u);
  EXPECT_EQ(phase.blocks, 8u);
  EXPECT_EQ(phase.threads, 64u);
  EXPECT_EQ(phase.sharedBytes, 512u);
  EXPECT_EQ(phase.registers, 128u);
  EXPECT_EQ(phase.blocksPerSm, 4u);
  // 18,432 elements widened, 16,384 multiply-adds.
  EXPECT_EQ(phase.fmaSlots, 18432u * 5 / 4 + 16384);
  // Four rounds of 8,192 bytes of weights, over 8 blocks.
  EXPECT_EQ(phase.bytesInFlight, (32768u + 4096 + 128) / (4 * 8));
}

// Of a kernel with mma.sync the fp32 slots are its own to say.
TEST(PhaseWork, OnTensorCores) {
  codegen::Work work = gemv();
  work.fmaSlots = 4321;
  EXPECT_EQ(phaseOf(work).tensorFlops, 0u);
  EXPECT_NE(phaseOf(work).fmaSlots, 4321u);
  work.tensorFlops = 16 * 64 * 256;
  EXPECT_EQ(phaseOf(work).tensorFlops, 16u * 64 * 256);
  EXPECT_EQ(phaseOf(work).fmaSlots, 4321u);
}

// 8 blocks, the longest of which has a third of the work.
TEST(PhaseWork, BlocksOfDifferentLengths) {
  codegen::Work work = gemv();
  work.evenBlocks = 3;
  EXPECT_EQ(phaseOf(work).blocks, 3u);
}

TEST(PhaseWork, AllHoistedIsEnoughInFlight) {
  codegen::Work work = gemv();
  work.prefetchBytes = 32768;
  EXPECT_EQ(phaseOf(work).hoisted, 32768u);
  EXPECT_EQ(phaseOf(work).bytesInFlight, 0u);
  work.prefetchBytes = 0;
  EXPECT_EQ(phaseOf(work).hoisted, 0u);
  EXPECT_EQ(phaseOf(work).bytesInFlight, 0u);
}

TEST(PhaseWork, ClassesOfAttention) {
  codegen::Work work;
  work.params = {
      param(ParamClass::Kv, plan::Access::InOut, 4000, 100, 2000, 100),
      param(ParamClass::Workspace, plan::Access::InOut, 64, 32, 32, 32)};
  cost::PhaseWork phase = phaseOf(work);
  EXPECT_EQ(phase.unique.cache, 2100u);
  EXPECT_EQ(phase.unique.workspace, 64u);
  EXPECT_EQ(phase.consumed, 0u);
  EXPECT_EQ(phase.issued, 4196u);
  EXPECT_EQ(phase.bytesInFlight, 0u);
  EXPECT_EQ(phase.joined, 0u);
  // The cache that is read goes in rounds of what is requested before the wait:
  // 2,000 bytes in three, over two blocks.
  work.grid = {2, 1, 1};
  work.prefetchBytes = 800;
  work.joinedBytes = 48;
  phase = phaseOf(work);
  EXPECT_EQ(phase.bytesInFlight, 4196u / (3 * 2));
  EXPECT_EQ(phase.joined, 48u);
  work.prefetchBytes = 2000;
  EXPECT_EQ(phaseOf(work).bytesInFlight, 0u);
}

} // namespace
