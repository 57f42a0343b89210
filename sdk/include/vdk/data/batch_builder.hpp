// Builds a batch from rows of loosely typed values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// A batch has the columns that its rows gave a value, be it null; rows that did not have null
// there. Values are kept as they came; at the end each column takes the narrowest type that holds
// all of them exactly, whatever their order. That is the type in which their types meet (unite), or
// a wider one where a single value does not fit: a column of 1.5 and 2^53 + 1 is decimal, a column
// of 1 and 'a' is text '1' and 'a' (text_form.hpp).
//
// Appending twice to a column within a row replaces the value. Texts must be UTF-8, which is not
// checked. Not for use from two threads at a time.
class VDK_API BatchBuilder {
 public:
  BatchBuilder();
  ~BatchBuilder();
  BatchBuilder(BatchBuilder&&) noexcept;
  BatchBuilder& operator=(BatchBuilder&&) noexcept;

  // The index of the column of that name; stays valid until finish().
  std::size_t column(std::string_view name);

  void append_null(std::size_t column);
  void append_boolean(std::size_t column, bool value);
  void append_integer(std::size_t column, std::int64_t value);
  void append_real(std::size_t column, double value);
  void append_text(std::size_t column, std::string_view utf8);
  void append_binary(std::size_t column, std::string_view bytes);
  // Throws Error (user) beyond 32 bits of days, which no calendar of a database reaches.
  void append_date(std::size_t column, std::int64_t days);
  void append_timestamp(std::size_t column, std::int64_t microseconds);
  void append_timestamp_utc(std::size_t column, std::int64_t microseconds);
  void append_decimal(std::size_t column, std::string_view text);
  // Also takes the digits of an integer beyond 64 bits.
  void append_json(std::size_t column, std::string_view text);

  // Ends the row; columns that got nothing are null in it.
  void end_row();
  // Forgets what the unfinished row appended.
  void abandon_row();

  [[nodiscard]] std::size_t rows() const noexcept;
  // What the values take, about; the memory that holds them is at most twice that.
  [[nodiscard]] std::size_t bytes() const noexcept;
  // Takes the finished rows out; the builder is empty afterwards, its columns forgotten.
  [[nodiscard]] Batch finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vdk
