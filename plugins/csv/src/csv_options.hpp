// How a CSV file is to be read: pandas' keywords for read_csv, as far as they are native.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "csv_columns.hpp"
#include "csv_dialect.hpp"
#include "vdk/base/value.hpp"

namespace vdk::csv {

struct ReadOptions {
  Dialect dialect;
  bool infer_header = true;               // a header unless there are names
  std::optional<std::size_t> header = 0;  // which record has the names; nothing: none has
  std::optional<std::vector<std::string>> names;
  std::optional<std::vector<std::string>> used_names;
  std::optional<std::vector<std::size_t>> used_columns;
  std::optional<AskedType> type;  // of every column that has none of its own
  std::map<std::string, AskedType, std::less<>> types;
  std::size_t skip_first = 0;     // lines
  std::vector<std::size_t> skip;  // line numbers from 0, sorted
  std::optional<std::uint64_t> rows;
  std::string encoding = "utf-8";
  NullTexts nulls;  // of columns that have none of their own
  std::map<std::string, NullTexts, std::less<>> column_nulls;

  [[nodiscard]] NumberSyntax numbers() const noexcept {
    return {dialect.decimal, dialect.thousands};
  }
};

// Throws UnknownOption for a keyword, or a value of one, that is not native, and Error (user) for a
// value that means nothing.
[[nodiscard]] ReadOptions parse_read_options(const Value& options);

// The name under which iconv knows an encoding of Python; "UTF-8" where the text needs no change.
[[nodiscard]] std::string iconv_name(std::string_view encoding);

}  // namespace vdk::csv
