//===- Table.cpp - One table, four formats --------------------------------===//

#include "tools/Table.h"

#include "runtime/format/StrictJson.h"

#include <algorithm>
#include <cassert>

namespace sinter {

namespace {

/// Columns of a terminal that `text` takes, where each code point takes one.
size_t width(const std::string &text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string grouped(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

/// `value` / 10^digits, where `value` is rounded already.
std::string decimal(uint64_t value, size_t digits) {
  std::string tail = std::to_string(value);
  if (tail.size() <= digits) {
    tail.insert(0, digits + 1 - tail.size(), '0');
  }
  return grouped(std::stoull(tail.substr(0, tail.size() - digits))) + "." +
         tail.substr(tail.size() - digits);
}

struct ForPeople {
  std::string operator()(const std::string &text) const { return text; }
  std::string operator()(uint64_t number) const { return grouped(number); }
  std::string operator()(Micros time) const {
    return decimal(
        time.picoseconds / 10000 + (time.picoseconds % 10000 >= 5000), 2);
  }
  std::string operator()(Ratio ratio) const {
    return decimal(ratio.thousandths, 3);
  }
};

std::string forPeople(const Cell &cell) {
  return std::visit(ForPeople(), cell);
}

struct ForPrograms {
  std::variant<std::string, uint64_t>
  operator()(const std::string &text) const {
    return text;
  }
  std::variant<std::string, uint64_t> operator()(uint64_t number) const {
    return number;
  }
  std::variant<std::string, uint64_t> operator()(Micros time) const {
    return time.picoseconds;
  }
  std::variant<std::string, uint64_t> operator()(Ratio ratio) const {
    return ratio.thousandths;
  }
};

std::variant<std::string, uint64_t> forPrograms(const Cell &cell) {
  return std::visit(ForPrograms(), cell);
}

bool isNumber(const Cell &cell) {
  return !std::holds_alternative<std::string>(cell);
}

/// Does a column hold numbers only? Such columns are right-aligned.
std::vector<bool> numericColumns(const Table &table) {
  std::vector<bool> numeric(table.columns.size(), !table.rows.empty());
  for (const std::vector<Cell> &row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      numeric[i] = numeric[i] && isNumber(row[i]);
    }
  }
  return numeric;
}

void appendPadded(std::string &line, const std::string &text, size_t columns,
                  bool right) {
  std::string blanks(columns - std::min(columns, width(text)), ' ');
  line += right ? blanks + text : text + blanks;
}

std::string printAligned(const Table &table) {
  std::vector<bool> right = numericColumns(table);
  std::vector<size_t> widths;
  widths.reserve(table.columns.size());
  for (const Column &column : table.columns) {
    widths.push_back(width(column.title));
  }
  for (const std::vector<Cell> &row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(forPeople(row[i])));
    }
  }
  std::string text;
  auto addLine = [&](auto cellAt) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      if (i != 0) {
        line += "  ";
      }
      // A number in a column of texts stands right too.
      auto [content, number] = cellAt(i);
      appendPadded(line, content, widths[i], right[i] || number);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  addLine([&](size_t i) {
    return std::pair<std::string, bool>(table.columns[i].title, false);
  });
  addLine([&](size_t i) {
    return std::pair<std::string, bool>(std::string(widths[i], '-'), false);
  });
  for (const std::vector<Cell> &row : table.rows) {
    addLine([&](size_t i) {
      return std::pair<std::string, bool>(forPeople(row[i]), isNumber(row[i]));
    });
  }
  for (const std::string &remark : table.notes) {
    text += "\n" + remark + "\n";
  }
  return text;
}

std::string printJson(const Table &table) {
  JsonWriter writer;
  writer.beginObject();
  writer.member("schema_version", tableSchemaVersion);
  writer.member("view", table.view);
  writer.key("rows");
  writer.beginArray();
  for (const std::vector<Cell> &row : table.rows) {
    writer.beginObject(JsonWriter::Line::One);
    for (size_t i = 0; i < row.size(); ++i) {
      writer.key(table.columns[i].key);
      std::visit([&](const auto &value) { writer.value(value); },
                 forPrograms(row[i]));
    }
    writer.endObject();
  }
  writer.endArray();
  writer.key("notes");
  writer.beginArray();
  for (const std::string &remark : table.notes) {
    writer.value(remark);
  }
  writer.endArray();
  writer.endObject();
  return writer.take();
}

std::string csvCell(const Cell &cell) {
  const auto plain = forPrograms(cell);
  if (const auto *number = std::get_if<uint64_t>(&plain)) {
    return std::to_string(*number);
  }
  const std::string &text = std::get<std::string>(plain);
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (char c : text) {
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  }
  return quoted + "\"";
}

std::string printCsv(const Table &table) {
  std::string text;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    text += (i ? "," : "") + table.columns[i].key;
  }
  text += "\n";
  for (const std::vector<Cell> &row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += (i ? "," : "") + csvCell(row[i]);
    }
    text += "\n";
  }
  return text;
}

std::string printMarkdown(const Table &table) {
  std::vector<bool> right = numericColumns(table);
  std::string text = "|";
  for (const Column &column : table.columns) {
    text += " " + column.title + " |";
  }
  text += "\n|";
  for (bool isRight : right) {
    text += isRight ? " ---: |" : " --- |";
  }
  text += "\n";
  for (const std::vector<Cell> &row : table.rows) {
    text += "|";
    for (const Cell &cell : row) {
      text += " ";
      for (char c : forPeople(cell)) {
        text += c == '|'    ? std::string("\\|")
                : c == '\n' ? std::string("<br>")
                            : std::string(1, c);
      }
      text += " |";
    }
    text += "\n";
  }
  for (const std::string &remark : table.notes) {
    text += "\n" + remark + "\n";
  }
  return text;
}

} // namespace

std::string printTable(const Table &table, OutputFormat format) {
  for (const std::vector<Cell> &row : table.rows) {
    assert(row.size() == table.columns.size() && "ragged table");
    (void)row;
  }
  switch (format) {
  case OutputFormat::Table:
    return printAligned(table);
  case OutputFormat::Json:
    return printJson(table);
  case OutputFormat::Csv:
    return printCsv(table);
  case OutputFormat::Markdown:
    return printMarkdown(table);
  }
  return {};
}

} // namespace sinter
