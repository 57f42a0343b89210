// Columns of a CSV file: which type their texts need, and how they become values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "csv_tokenizer.hpp"
#include "csv_values.hpp"
#include "vdk/data/batch.hpp"

namespace vdk::csv {

// A type that the user asked for.
struct AskedType {
  std::string name;  // as it was asked for
  ColumnType type = ColumnType::text;
  int bits = 64;  // of integers; 32 also of real numbers
  bool is_unsigned = false;
};

struct ColumnPlan {
  std::string name;
  std::size_t field = 0;             // which field of a record
  const NullTexts* nulls = nullptr;  // the options own them
  std::optional<AskedType> asked{};
};

// The type of a column of whose texts this kind is the narrowest that holds all.
[[nodiscard]] ColumnType type_of(Kind kind) noexcept;

// The fields of some records, `columns` for each.
struct Rows {
  const char* text = nullptr;  // followed by Tokenizer::kPadding readable bytes
  const Slice* fields = nullptr;
  std::size_t columns = 0;
  std::size_t count = 0;

  [[nodiscard]] const Slice& field(std::size_t row, std::size_t column) const noexcept {
    return fields[row * columns + column];
  }
  [[nodiscard]] std::string_view view(const Slice& field) const noexcept {
    return {text + field.begin, field.size};
  }
};

// A text that does not fit the type that was asked for.
struct Misfit {
  std::size_t row;
  std::string text;
};

// Widens `kind` so that it holds the column's texts too. Where a type was asked for, only looks for
// a text that does not fit it.
[[nodiscard]] std::optional<Misfit> infer(const Rows& rows, const ColumnPlan& plan,
                                          const NumberSyntax& syntax, Kind& kind);

// One column of a batch in the making.
class ColumnBuilder {
 public:
  // `plan` and `syntax` must outlive the builder.
  ColumnBuilder(const ColumnPlan& plan, ColumnType type, const NumberSyntax& syntax);

  // Makes room for that many rows.
  void reserve(std::size_t rows);
  // Appends the rows' values; returns how many are null. False where a text does not fit: the file
  // is not the one whose types were inferred.
  [[nodiscard]] bool append(const Rows& rows, std::size_t& nulls);
  [[nodiscard]] bool is_null(std::size_t row) const noexcept { return column_.is_null(row); }
  void truncate(std::size_t rows);
  // Takes the column out; the builder is empty afterwards.
  [[nodiscard]] Column finish();

 private:
  template <class Parse>
  bool append_fixed(const Rows& rows, const Parse& parse);
  bool append_integers(const Rows& rows);
  bool append_reals(const Rows& rows);
  bool append_booleans(const Rows& rows);
  bool append_texts(const Rows& rows);
  bool append_decimals(const Rows& rows);
  void put_null(std::size_t row);

  const ColumnPlan& plan_;
  const NumberSyntax& syntax_;
  Column column_;
  std::size_t rows_ = 0;
  std::size_t nulls_ = 0;
};

}  // namespace vdk::csv
