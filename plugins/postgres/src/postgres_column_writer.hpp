// Makes a column row by row, with the name and the nulls of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "vdk/data/batch.hpp"

namespace vdk::postgres {

class ColumnWriter {
 public:
  ColumnWriter(const Column& source, std::size_t rows, ColumnType type) : rows_(rows) {
    column_.field = {source.field.name, type};
    column_.validity = source.validity;
    if (type == ColumnType::boolean) {
      column_.values.assign((rows + 7) / 8, 0);
    } else if (type == ColumnType::date) {
      column_.values.resize(rows * sizeof(std::int32_t));
    } else if (type == ColumnType::text || type == ColumnType::binary) {
      column_.offsets.reserve(rows + 1);
      column_.offsets.push_back(0);
    } else {
      column_.values.resize(rows * sizeof(std::int64_t));
    }
  }

  void set_boolean(std::size_t row, bool value) {
    if (value) column_.values[row / 8] |= static_cast<std::uint8_t>(1U << (row % 8));
  }
  template <class T>
  void set(std::size_t row, T value) {
    std::memcpy(column_.values.data() + row * sizeof value, &value, sizeof value);
  }
  // Rows in order; those left out are empty.
  void set_bytes(std::size_t row, std::string_view bytes) {
    const auto before = static_cast<std::int64_t>(column_.values.size());
    column_.offsets.resize(row + 1, before);
    column_.values.insert(column_.values.end(), bytes.begin(), bytes.end());
    column_.offsets.push_back(static_cast<std::int64_t>(column_.values.size()));
  }
  void set_null(std::size_t row) {
    if (column_.validity.empty()) column_.validity.assign((rows_ + 7) / 8, 0xff);
    column_.validity[row / 8] &= static_cast<std::uint8_t>(~(1U << (row % 8)));
  }
  [[nodiscard]] Column take() {
    if (!column_.offsets.empty()) {
      column_.offsets.resize(rows_ + 1, static_cast<std::int64_t>(column_.values.size()));
    }
    return std::move(column_);
  }

 private:
  std::size_t rows_;
  Column column_;
};

}  // namespace vdk::postgres
