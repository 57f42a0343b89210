#include "constant_column.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace vdk::gdp {

Batch with_text_column(const Batch& batch, std::string_view name, std::string_view text) {
  Column constant{.field = {.name = std::string(name), .type = ColumnType::text}};
  constant.offsets.reserve(batch.rows() + 1);
  constant.values.reserve(batch.rows() * text.size());
  constant.offsets.push_back(0);
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    constant.values.insert(constant.values.end(), text.begin(), text.end());
    constant.offsets.push_back(static_cast<std::int64_t>(constant.values.size()));
  }
  std::vector<Column> columns = batch.columns();
  const auto same = std::ranges::find(
      columns, name, [](const Column& column) -> std::string_view { return column.field.name; });
  if (same != columns.end()) {
    *same = std::move(constant);
  } else {
    columns.push_back(std::move(constant));
  }
  return {std::move(columns), batch.rows()};
}

}  // namespace vdk::gdp
