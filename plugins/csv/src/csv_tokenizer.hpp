// Splits CSV text into records and fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "csv_dialect.hpp"

namespace vdk::csv {

// A field's content within the text, without quotes and escapes.
struct Slice {
  std::uint32_t begin;
  std::uint32_t size;
};

enum class Problem { none, too_many_fields, unclosed_quote, escape_at_end };

struct Split {
  std::size_t rows = 0;
  std::size_t end = 0;  // the first record that was not split begins here
  Problem problem = Problem::none;
  std::size_t problem_at = 0;  // where its record begins
  std::size_t fields = 0;      // that the last record had
};

// The rules are those of pandas' C parser: lines end in LF, CRLF or CR; blank lines and lines that
// are a comment are no records; a quote means something only at the start of a field, and what
// follows the closing quote belongs to the field; records that are too short end in empty fields.
class Tokenizer {
 public:
  // The text must be followed by this many bytes that may be read.
  static constexpr std::size_t kPadding = 64;

  struct Settings {
    std::size_t columns = 0;
    bool ignore_more = false;  // fields behind the last column are left out, and no problem
    bool pad = true;           // records that are too short are filled up
  };

  Tokenizer(const Dialect& dialect, Settings settings) : dialect_(dialect), settings_(settings) {}

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

  // Splits the records of text[from, end) that begin before `limit`, at most `rows` of them, into
  // `fields` (settings.columns for each row). Content with escapes is written back unescaped, so a
  // record can be split only once. `whole` says that the text ends at `end`; otherwise a record
  // that does not end before it is left for a later call. Stops at the first problem, whose record
  // is not counted.
  Split split(char* text, std::size_t from, std::size_t end, std::size_t limit, bool whole,
              std::size_t rows, std::vector<Slice>& fields) const;

  // Where the line at `from` ends, its line end included; 0 where it has no end before `end` and
  // the text goes on. Quotes may hide line ends.
  [[nodiscard]] std::size_t skip_line(const char* text, std::size_t from, std::size_t end,
                                      bool whole) const;

 private:
  template <bool kExtended>
  Split split_with(char* text, std::size_t from, std::size_t end, std::size_t limit, bool whole,
                   std::size_t rows, Slice* fields) const;
  Slice unescape(char* text, std::size_t begin, std::size_t end) const;

  Dialect dialect_;
  Settings settings_;
};

}  // namespace vdk::csv
