#include "vdk/data/batch.hpp"

#include <utility>

namespace vdk {

Batch::Batch() {
  static const auto none = std::make_shared<const std::vector<Column>>();
  columns_ = none;
}

Batch::Batch(std::vector<Column> columns, std::size_t rows)
    : columns_(std::make_shared<const std::vector<Column>>(std::move(columns))), rows_(rows) {}

Schema Batch::schema() const {
  Schema schema;
  schema.reserve(columns_->size());
  for (const Column& column : *columns_) schema.push_back(column.field);
  return schema;
}

std::size_t Batch::bytes() const noexcept {
  std::size_t total = sizeof(Batch) + columns_->capacity() * sizeof(Column);
  for (const Column& column : *columns_) {
    total += column.field.name.capacity() + column.validity.capacity() + column.values.capacity() +
             column.offsets.capacity() * sizeof(std::int64_t);
  }
  return total;
}

}  // namespace vdk
