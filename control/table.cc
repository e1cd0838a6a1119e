#include "control/table.h"

#include <algorithm>

#include "control/printable.h"
#include "dataplane/base/check.h"

namespace limpid::control {

namespace {

constexpr std::string_view kBetween = "  ";

void append_cell(std::string& line, std::string_view cell, std::size_t width, bool right) {
  const std::string padding(width - columns(cell), ' ');
  if (right) line += padding;
  line += cell;
  if (!right) line += padding;
}

}  // namespace

void Table::add(const std::vector<std::string>& cells) {
  LIMPID_CHECK(cells.size() == columns_.size(), "a row has a cell for each column");
  std::vector<std::string> row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row.push_back(shortened(printable(cells[i]), columns_[i].width_max));
  }
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.emplace_back(columns_[i].title);
    std::size_t width = columns_[i].title.size();
    for (const auto& row : rows_) width = std::max(width, columns(row[i]));
    widths.push_back(width);
  }
  std::string text;
  const auto append_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i != 0) line += kBetween;
      append_cell(line, cells[i], widths[i], columns_[i].right);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  append_line(titles);
  for (const auto& row : rows_) append_line(row);
  return text;
}

}  // namespace limpid::control
