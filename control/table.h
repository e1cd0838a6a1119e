// A text table for a terminal: a header, columns as wide as their longest cell (within a limit), numbers to
// the right. Cells are made printable on the way in. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace limpid::control {

struct Column {
  std::string_view title;
  std::size_t width_max = 40;  // longer cells are shortened; JSON has them whole
  bool right = false;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns.
  void add(const std::vector<std::string>& cells);
  /// Every line ends with a line break; trailing spaces are left out.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace limpid::control
