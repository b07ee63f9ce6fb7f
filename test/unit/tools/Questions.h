//===- Questions.h - What the planner is asked about ------------*- C++ -*-===//

#ifndef SINTER_TEST_UNIT_TOOLS_QUESTIONS_H
#define SINTER_TEST_UNIT_TOOLS_QUESTIONS_H

#include "codegen/devices/Devices.h"
#include "models/config/ModelSource.h"
#include "tools/inspect/Decisions.h"

#include <gtest/gtest.h>

namespace sinter {

/// Qwen3-0.6B with `layers` layers.
inline ModelConfig config(int64_t layers = 3) {
  ModelConfig model = resolveModel("qwen3-0.6b")->config;
  model.layers = layers;
  return model;
}

inline DeviceSpec h200() { return *resolveDevice("h200"); }

inline std::string notesOf(const Table &table) {
  std::string text;
  for (const std::string &note : table.notes) {
    text += note + "\n";
  }
  return text;
}

inline const std::string &textAt(const Table &table, size_t row,
                                 size_t column) {
  return std::get<std::string>(table.rows.at(row).at(column));
}

inline uint64_t numberAt(const Table &table, size_t row, size_t column) {
  return std::get<uint64_t>(table.rows.at(row).at(column));
}

inline uint64_t timeAt(const Table &table, size_t row, size_t column) {
  return std::get<Micros>(table.rows.at(row).at(column)).picoseconds;
}

inline Result<planning::EntryPlan> planned(const PreparedEntry &entry,
                                           const DeviceSpec &device) {
  return planning::planEntry(entry.function(), device, {});
}

inline std::unique_ptr<PreparedEntry> prepared(int64_t layers = 3) {
  auto entry =
      PreparedEntry::create(config(layers), Workload{}, DecisionSet::Exact);
  EXPECT_TRUE(entry.ok()) << entry.error().message();
  return std::move(*entry);
}

inline uint32_t opNamed(const planning::EntryPlan &plan,
                        const std::string &name) {
  for (uint32_t op = 0; op < plan.entry.graph.size(); ++op) {
    if (plan.entry.graph.name(op) == name) {
      return op;
    }
  }
  ADD_FAILURE() << name;
  return 0;
}

} // namespace sinter

#endif // SINTER_TEST_UNIT_TOOLS_QUESTIONS_H
