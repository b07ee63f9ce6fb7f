//===- Table.h - One table, four formats ------------------------*- C++ -*-===//
//
// What `inspect`, `doctor` and `cache` print. A table is built once and
// printed for people (table, md) or for programs (json, csv).
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_TABLE_H
#define SINTER_TOOLS_TABLE_H

#include "tools/Options.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sinter {

/// Version of the JSON form; raised when a key changes its meaning or goes.
inline constexpr uint32_t tableSchemaVersion = 1;

/// "403.07" for people, who read the unit in the title; picoseconds elsewhere.
struct Micros {
  uint64_t picoseconds = 0;
  bool operator==(const Micros &) const = default;
};

/// "0.955" for people; thousandths elsewhere.
struct Ratio {
  uint64_t thousandths = 0;
  bool operator==(const Ratio &) const = default;
};

using Cell = std::variant<std::string, uint64_t, Micros, Ratio>;

struct Column {
  std::string key;   ///< in json and csv: lower case with underscores
  std::string title; ///< for people
};

struct Table {
  std::string view; ///< in json: which table this is
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows; ///< each as long as `columns`
  /// Texts below the table for people; in json "notes".
  std::vector<std::string> notes;
};

/// `table` as text that ends in a newline:
/// - Table: columns aligned, numbers right and grouped ("1,192,099,840");
/// - Json: {"schema_version", "view", "rows": [{key: cell}], "notes"};
/// - Csv: quoted as in RFC 4180, one header line, without notes;
/// - Markdown: a pipe table.
std::string printTable(const Table &table, OutputFormat format);

} // namespace sinter

#endif // SINTER_TOOLS_TABLE_H
