// Tables of text, in the plain style of Python's tabulate ("simple").
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/row_spill.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

// `exact`: values as they are, numbers right-aligned. `tabulate`: what upstream prints, where a
// column of texts that read as numbers is one of numbers, reals have six digits and are aligned at
// their points, and texts lose the blanks around them.
enum class TableStyle { exact, tabulate };

// A table of any number of rows: columns are as wide as their widest cell, so the first line needs
// the last row. Without headers the rule above is kept. Cells may have several lines.
class Table {
 public:
  Table(std::vector<std::string> headers, TableStyle style);

  void add(const std::vector<Value>& row);
  // Line by line, each with its line end. Without headers and rows there is nothing.
  void write(const std::function<void(std::string_view)>& out);

 private:
  // In the order in which one column's cells are widened.
  enum class Kind { none, boolean, integer, real, text };
  struct Column {
    Kind kind = Kind::none;
    std::size_t width = 0;
    int decimals = -1;  // digits behind the point, of those that have one
  };

  [[nodiscard]] Kind kind_of(const Value& value) const;
  [[nodiscard]] std::string text_of(const Value& value, const Column& column) const;
  [[nodiscard]] bool is_numeric(const Column& column) const;
  void measure();
  [[nodiscard]] std::string lines_of(const std::vector<std::string>& cells) const;

  std::vector<std::string> headers_;
  TableStyle style_;
  RowSpill rows_;
  std::vector<Column> columns_;
};

// The whole table; ends with a line end.
[[nodiscard]] std::string simple_table(const std::vector<std::string>& headers,
                                       const std::vector<std::vector<Value>>& rows);

// "1,234,567".
[[nodiscard]] std::string with_thousands(std::int64_t number);

// RFC 4180: quotes where needed, line ends as LF.
[[nodiscard]] std::string csv_line(const std::vector<Value>& cells);

}  // namespace vdk
