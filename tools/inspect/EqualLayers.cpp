//===- EqualLayers.cpp - Layers that are alike, once ----------------------===//

#include "tools/inspect/EqualLayers.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

bool isNumber(const std::string &text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

/// "layers.3.q_norm + layers.3.q_rope" with "*" in place of each number.
std::string withoutLayers(const std::string &text) {
  const std::string prefix = "layers.";
  std::string pattern;
  size_t at = 0;
  for (size_t found = text.find(prefix); found != std::string::npos;
       found = text.find(prefix, at)) {
    const size_t number = found + prefix.size();
    const size_t end = std::min(text.find('.', number), text.size());
    pattern.append(text, at, number - at);
    const std::string layer = text.substr(number, end - number);
    pattern += isNumber(layer) ? "*" : layer;
    at = end;
  }
  return pattern.append(text, at);
}

} // namespace

Table equalLayersOnce(const Table &table) {
  Table once;
  once.view = table.view;
  once.notes = table.notes;
  once.columns = table.columns;
  once.columns.insert(once.columns.begin(), {"count", "count"});
  std::map<std::vector<std::string>, size_t> known; // row of `once`
  for (const std::vector<Cell> &row : table.rows) {
    std::vector<Cell> cells = {uint64_t{1}};
    std::vector<std::string> alike;
    size_t layerColumn = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(row[i]);
      const std::string &key = table.columns[i].key;
      if (key == "step") {
        continue;
      }
      if (const auto *text = std::get_if<std::string>(&row[i])) {
        if (key == "layer" && isNumber(*text)) {
          layerColumn = i + 1;
          alike.emplace_back("*");
        } else {
          cells.back() = withoutLayers(*text);
          alike.push_back(std::get<std::string>(cells.back()));
        }
      } else if (const auto *number = std::get_if<uint64_t>(&row[i])) {
        alike.push_back(std::to_string(*number));
      } else if (const auto *time = std::get_if<Micros>(&row[i])) {
        alike.push_back(std::to_string(time->picoseconds));
      } else {
        alike.push_back(std::to_string(std::get<Ratio>(row[i]).thousandths));
      }
    }
    const auto [place, isNew] = known.try_emplace(alike, once.rows.size());
    if (isNew) {
      once.rows.push_back(std::move(cells));
      continue;
    }
    std::vector<Cell> &first = once.rows[place->second];
    ++std::get<uint64_t>(first[0]);
    if (layerColumn != 0) {
      auto &range = std::get<std::string>(first[layerColumn]);
      range = range.substr(0, range.find(' ')) + " to " +
              std::get<std::string>(cells[layerColumn]);
    }
  }
  return once;
}

} // namespace sinter
