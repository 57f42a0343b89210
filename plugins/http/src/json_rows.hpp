// Rows as the JSON objects that upstream's plugin sends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/data/batch.hpp"

namespace vdk::http {

// Why a row has no JSON form, in the terms of a Rejection.
struct Misfit {
  std::string reason;
  std::string column;
  std::string message;
};

// ASCII text, so that every receiver reads the same. Numbers are exact, dates and times ISO 8601,
// nested values JSON, bytes the text that they are in UTF-8. Every object has the member @table:
// its own, or the destination's.
class JsonRows {
 public:
  // The batch must outlive this. Throws Error (user) where the name of a column is not UTF-8.
  JsonRows(const Batch& batch, std::string_view table, bool allow_nan);

  // Appends the row's object; or nothing, and says why. Throws Error (user) where neither the row
  // nor the destination names a table.
  [[nodiscard]] std::optional<Misfit> append(std::string& out, std::size_t row) const;

 private:
  enum class Fit { yes, not_utf8, not_finite, binary };

  [[nodiscard]] Fit append_cell(std::string& out, const Column& column, std::size_t row) const;
  [[nodiscard]] Fit append_json(std::string& out, std::string_view json) const;

  const Batch& batch_;
  bool allow_nan_;
  std::vector<std::string> names_;  // of the columns, as JSON with the colon
  std::optional<std::size_t> table_column_;
  std::string table_member_;  // empty where the destination has no table
};

}  // namespace vdk::http
