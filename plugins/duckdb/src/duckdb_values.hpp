// Values of result columns as JSON types and text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "duckdb_library.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk::duckdb {

// Reads one column, nested ones through readers of their children. What has no JSON type comes as
// the text that the engine's own cast to VARCHAR gives (times with zone in UTC).
class ColumnReader {
 public:
  // Throws Error (user) where the type has no text here.
  ColumnReader(const Api& api, TypeHandle type);

  [[nodiscard]] const std::string& type_name() const noexcept { return type_name_; }

  // The vector of the current chunk; valid until the chunk is destroyed.
  void attach(VectorHandle vector);
  [[nodiscard]] Value value(Index row) const;
  // The type of the batch's column that append() fills; null where the values decide.
  [[nodiscard]] ColumnType batch_type() const noexcept;
  void append(BatchBuilder& builder, std::size_t column, Index row) const;

 private:
  [[nodiscard]] bool is_null(Index row) const {
    return validity_ && (validity_[row / 64] >> (row % 64) & 1) == 0;
  }

  template <class T>
  [[nodiscard]] const T& at(Index row) const {
    return static_cast<const T*>(data_)[row];
  }
  [[nodiscard]] Value integer_value(TypeId type, Index row) const;
  [[nodiscard]] Value decimal_value(Index row) const;
  [[nodiscard]] Value struct_value(Index row) const;
  [[nodiscard]] Value map_value(Index row) const;
  void add_child(TypeHandle type);

  const Api& api_;
  TypeId type_;
  std::string type_name_;
  TypeId internal_type_ = TypeId::invalid;  // of decimals and enumerations
  int scale_ = 0;
  Index array_size_ = 0;
  std::vector<std::string> names_;  // of members, or of enumeration values
  std::vector<ColumnReader> children_;
  const void* data_ = nullptr;
  const std::uint64_t* validity_ = nullptr;
};

// The engine's text of dates and times.
[[nodiscard]] std::string date_text(std::int64_t days);
[[nodiscard]] std::string time_text(std::int64_t microseconds);
[[nodiscard]] std::string timestamp_text(std::int64_t microseconds);
[[nodiscard]] std::string interval_text(const Interval& interval);
[[nodiscard]] std::string hugeint_text(HugeInteger value, bool is_signed);

}  // namespace vdk::duckdb
