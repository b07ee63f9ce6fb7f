//===- DeviceFileTest.cpp - What becomes of measured numbers --------------===//

#include "tools/calibrate/DeviceFile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace sinter;

namespace {

cuda::GpuFacts facts() {
  cuda::GpuFacts facts;
  facts.name = "NVIDIA T9";
  facts.major = 9;
  facts.multiprocessors = 100;
  facts.sharedBytesPerBlock = 232448;
  facts.l2Bytes = 50 << 20;
  facts.cooperative = true;
  facts.warpThreads = 32;
  facts.threadsPerBlock = 1024;
  facts.threadsPerSm = 2048;
  facts.blocksPerSm = 32;
  facts.registersPerSm = 65536;
  facts.sharedBytesPerSm = 233472;
  facts.sharedBytesReserved = 1024;
  facts.memoryBytes = 80ull << 30;
  return facts;
}

Figure figure(CostConstant constant, double value) {
  return {constant,
          {value, value - 1, value + 2},
          NumberOrigin::Measured,
          "a test"};
}

/// The file that a first calibration leaves.
DeviceSpec before() {
  CalibrationFindings findings;
  findings.facts = facts();
  findings.where = "yesterday";
  findings.measured.figures = {figure(CostConstant::NodeGraph, 500),
                               figure(CostConstant::EdgeGraph, 1500),
                               figure(CostConstant::EdgeGraphL2, 1200),
                               figure(CostConstant::EdgeFramework, 15000)};
  LibraryPrice price;
  price.m = 1;
  price.n = 64;
  price.k = 64;
  price.dtype = "bf16";
  price.picoseconds = price.bestPicoseconds = 5000000;
  price.origin = NumberOrigin::Measured;
  price.source = "a test";
  findings.prices = {price};
  auto made = makeDeviceFile(findings, nullptr);
  EXPECT_TRUE(made) << made.error().message();
  return made->spec;
}

const FigureChange &change(const CalibratedDevice &made, const char *key) {
  const auto found =
      std::find_if(made.changes.begin(), made.changes.end(),
                   [&](const FigureChange &each) { return each.key == key; });
  EXPECT_NE(found, made.changes.end()) << key;
  return *found;
}

TEST(DeviceFile, MeasuredBeforeKept) {
  const DeviceSpec old = before();
  CalibrationFindings findings;
  findings.facts = facts();
  findings.where = "today";
  findings.measured.figures = {figure(CostConstant::NodeGraph, 600.4)};
  auto made = makeDeviceFile(findings, &old);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->spec.cost(CostConstant::NodeGraph)->value, 600u);
  EXPECT_EQ(made->spec.cost(CostConstant::NodeGraph)->source,
            "a test; median of samples, 10th to 90th percentile 599 to 602 ns; "
            "today");
  EXPECT_EQ(made->spec.cost(CostConstant::EdgeGraph)->source,
            old.cost(CostConstant::EdgeGraph)->source);
  EXPECT_EQ(made->spec.library.size(), 1u);
  EXPECT_EQ(change(*made, "node_graph").state, FigureState::Measured);
  EXPECT_EQ(change(*made, "node_graph").before, 500u);
  EXPECT_EQ(change(*made, "edge_graph").state, FigureState::Kept);
  EXPECT_EQ(change(*made, "edge_framework").state, FigureState::Kept);
  EXPECT_EQ(change(*made, "clock").state, FigureState::Missing);
  EXPECT_EQ(change(*made, "sms").state, FigureState::Driver);
  EXPECT_EQ(change(*made, "library 1x64x64").state, FigureState::Kept);
  const std::string table =
      printTable(changeTable(made->changes), OutputFormat::Csv);
  EXPECT_NE(table.find("node_graph,ns,500,600,1200,599 to 602,measured"),
            std::string::npos)
      << table;
}

TEST(DeviceFile, WhatNoGpuHasIsRefused) {
  const DeviceSpec old = before();
  for (double absurd : {-30.0, 0.0, 1e9, std::nan(""),
                        std::numeric_limits<double>::infinity()}) {
    CalibrationFindings findings;
    findings.facts = facts();
    findings.measured.figures = {figure(CostConstant::NodeGraph, absurd),
                                 figure(CostConstant::Clock, 1900)};
    auto made = makeDeviceFile(findings, &old);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->spec.cost(CostConstant::NodeGraph)->value, 500u) << absurd;
    EXPECT_EQ(change(*made, "node_graph").state, FigureState::Refused);
    EXPECT_NE(change(*made, "node_graph").source.find("outside 1 to 100000"),
              std::string::npos);
  }
}

TEST(DeviceFile, ContradictionsAreRefused) {
  const DeviceSpec old = before();
  CalibrationFindings findings;
  findings.facts = facts();
  // An empty node that takes longer than one with work to do.
  findings.measured.figures = {figure(CostConstant::NodeGraph, 1300),
                               figure(CostConstant::Clock, 1900)};
  auto made = makeDeviceFile(findings, &old);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->spec.cost(CostConstant::NodeGraph)->value, 500u);
  EXPECT_EQ(change(*made, "node_graph").source,
            "node_graph = 1300 is more than edge_graph_l2 = 1200");
  // Nothing is left of what was measured.
  findings.measured.figures.pop_back();
  auto none = makeDeviceFile(findings, &old);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::DeviceNumberAbsurd);
}

TEST(DeviceFile, AnotherGpusNumbersAreGuesses) {
  const DeviceSpec old = before();
  CalibrationFindings findings;
  findings.facts = facts();
  findings.facts.name = "NVIDIA T9 Lite";
  findings.facts.multiprocessors = 50;
  findings.measured.figures = {figure(CostConstant::Clock, 1900)};
  auto made = makeDeviceFile(findings, &old);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->spec.name, "t9-lite");
  const DeviceNumber &edge = *made->spec.cost(CostConstant::EdgeGraph);
  EXPECT_EQ(edge.value, 1500u);
  EXPECT_EQ(edge.origin, NumberOrigin::Prior);
  EXPECT_EQ(edge.source.find("taken over from t9: a test"), 0u);
  EXPECT_EQ(made->spec.library[0].origin, NumberOrigin::Prior);
}

} // namespace
