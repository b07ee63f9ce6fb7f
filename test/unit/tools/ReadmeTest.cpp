//===- ReadmeTest.cpp - The answers in the README are the tool's ----------===//
//
// Where this fails, predictions have changed: run the command that the failure
// names and put what it prints into README.md.
//
//===----------------------------------------------------------------------===//

#include "test/unit/tools/Questions.h"

#include <fstream>
#include <set>
#include <sstream>

using namespace sinter;

namespace {

std::vector<std::string> readmeLines() {
  std::ifstream file(std::string(SINTER_SOURCE_DIR) + "/README.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  EXPECT_FALSE(lines.empty());
  return lines;
}

/// The parts of a line between two blanks or more, or between bars.
std::vector<std::string> cellsOf(const std::string &line) {
  std::string text = line;
  for (size_t bar = text.find('|'); bar != std::string::npos;
       bar = text.find('|')) {
    text.replace(bar, 1, "  ");
  }
  std::vector<std::string> cells;
  size_t at = text.find_first_not_of(' ');
  while (at != std::string::npos) {
    const size_t end = std::min(text.find("  ", at), text.size());
    cells.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(' ', end);
  }
  return cells;
}

/// Does a printed line hold these cells, in this order? A cell may be cut
/// short, a number may not.
bool holds(const std::string &printed, const std::vector<std::string> &wanted) {
  const std::vector<std::string> cells = cellsOf(printed);
  size_t next = 0;
  for (const std::string &cell : cells) {
    if (next < wanted.size() && (std::isdigit(wanted[next].front()) != 0
                                     ? cell == wanted[next]
                                     : cell.starts_with(wanted[next]))) {
      ++next;
    }
  }
  return next == wanted.size();
}

bool printedBy(const std::string &text, const std::string &line) {
  const std::vector<std::string> wanted = cellsOf(line);
  std::istringstream lines(text);
  for (std::string printed; std::getline(lines, printed);) {
    if (holds(printed, wanted)) {
      return true;
    }
  }
  return false;
}

TEST(Readme, AnswersOfWhy) {
  const std::string command =
      "$ sinter inspect qwen3-0.6b --config-only --why ";
  std::string op, answer;
  std::set<std::string> ops;
  for (const std::string &line : readmeLines()) {
    if (line.starts_with(command)) {
      op = line.substr(command.size());
      ops.insert(op);
      auto table =
          whyTable(config(28), Workload{}, h200(), DecisionSet::Exact, {}, op);
      ASSERT_TRUE(table.ok()) << table.error().message();
      answer = printTable(*table, OutputFormat::Table);
    } else if (line.starts_with("```")) {
      op.clear();
    } else if (!op.empty() && !line.empty()) {
      EXPECT_TRUE(printedBy(answer, line)) << "--why " << op << "\n" << line;
    }
  }
  EXPECT_EQ(ops.size(), 3u);
}

TEST(Readme, TableOfDecisionSets) {
  auto table = decisionSetsTable(
      config(28), Workload{}, h200(),
      {DecisionSet::Eager, DecisionSet::Single, DecisionSet::Library,
       DecisionSet::Greedy, DecisionSet::Exact},
      {}, std::string(SINTER_SOURCE_DIR) + "/test/data/measured/h200.json");
  ASSERT_TRUE(table.ok()) << table.error().message();
  const std::string printed = printTable(*table, OutputFormat::Table);
  size_t rows = 0;
  for (const std::string &line : readmeLines()) {
    for (const char *set :
         {"eager", "single", "library", "greedy", "exact", "floor"}) {
      const std::string start = "| " + std::string(set) + ": ";
      if (line.starts_with(start)) {
        ++rows;
        // "| exact: the cheapest plan | 5 | 142 |".
        const std::string cells = line.substr(line.find('|', 1));
        EXPECT_TRUE(printedBy(printed, std::string(set) + cells)) << line;
      }
    }
  }
  EXPECT_EQ(rows, 6u);
}

} // namespace
