//===- Coverage.cpp - Which family runs which op --------------------------===//

#include "tools/inspect/Views.h"

#include <algorithm>

namespace sinter {

namespace {

/// A row before it is printed: one family's answer for one kind of op, and the
/// batch sizes for which it says so.
struct Row {
  std::string op, kind, family, answer, detail, together;
  uint64_t count = 0;
  uint64_t configs = 0;
  std::vector<int64_t> batches;

  bool says(const Row &other) const {
    return op == other.op && family == other.family && answer == other.answer &&
           count == other.count && configs == other.configs &&
           together == other.together;
  }
};

Row rowOf(const OpCoverage &op, const FamilyAnswer *answer) {
  Row row{op.op, op.kind, "", "no family", "", "", op.count, 0, {}};
  for (const std::string &family : op.together) {
    row.together += (row.together.empty() ? "" : " ") + family;
  }
  if (answer) {
    row.family = answer->family;
    row.configs = answer->configs;
    row.answer = answer->verdict
                     ? "covered"
                     : std::string(stringifyReason(answer->verdict.reason()));
    row.detail =
        answer->verdict ? "first: " + answer->first : answer->verdict.note();
  }
  return row;
}

std::string joined(const std::vector<int64_t> &batches) {
  std::string text;
  for (int64_t batch : batches) {
    text += (text.empty() ? "" : " ") + std::to_string(batch);
  }
  return text;
}

void insert(std::vector<std::vector<Row>> &ops, Row row, int64_t batch) {
  auto op = std::find_if(ops.begin(), ops.end(), [&](const auto &rows) {
    return rows.front().op == row.op;
  });
  if (op == ops.end()) {
    op = ops.insert(ops.end(), std::vector<Row>());
  }
  auto known = std::find_if(op->begin(), op->end(),
                            [&](const Row &other) { return other.says(row); });
  if (known == op->end()) {
    known = op->insert(op->end(), std::move(row));
  }
  known->batches.push_back(batch);
}

} // namespace

Table coverageTable(
    const std::vector<std::pair<int64_t, std::vector<OpCoverage>>> &byBatch) {
  // Ops in program order; the rows of an op in the order of batch sizes.
  std::vector<std::vector<Row>> ops;
  for (const auto &[batch, coverage] : byBatch) {
    for (const OpCoverage &op : coverage) {
      if (op.answers.empty()) {
        insert(ops, rowOf(op, nullptr), batch);
      }
      for (const FamilyAnswer &answer : op.answers) {
        insert(ops, rowOf(op, &answer), batch);
      }
    }
  }
  Table table;
  table.view = "coverage";
  table.columns = {{"op", "op"},           {"kind", "kind"},
                   {"ops", "ops"},         {"batches", "batch"},
                   {"family", "family"},   {"answer", "answer"},
                   {"configs", "configs"}, {"together", "with others"},
                   {"detail", "detail"}};
  for (const std::vector<Row> &rows : ops) {
    for (const Row &row : rows) {
      table.rows.push_back({row.op, row.kind, row.count, joined(row.batches),
                            row.family, row.answer, row.configs, row.together,
                            row.detail});
    }
  }
  table.notes.push_back(
      "Each op alone, and the families that run it in one kernel with others "
      "as the model is imported, before linear layers share a packed weight. A "
      "family that knows nothing of a kind of op has no row. The detail is "
      "that of the first batch size in the row.");
  table.notes.emplace_back(
      "Generated kernels only: the library runs a linear layer of any number "
      "of rows (--view crossover).");
  return table;
}

} // namespace sinter
