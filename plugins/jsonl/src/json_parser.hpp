// JSON objects straight into rows, without a value in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vdk/data/batch_builder.hpp"

namespace vdk::jsonl {

// What the text at a place turned out to be.
enum class Outcome : std::uint8_t {
  row,         // an object, which is a row now
  end,         // nothing but blanks
  incomplete,  // the text ends in the middle of a value
  wrong,
};

// The rules are those of Python's json module: NaN, Infinity and -Infinity are numbers, of two
// members with one name the last counts. Objects follow one another, with blanks, line ends or
// nothing between them, or stand in one list.
class ObjectParser {
 public:
  static constexpr int kMostDepth = 256;

  // `text` must outlive the parser. `whole`: nothing comes behind it. `in_list`: the list's bracket
  // was read before.
  ObjectParser(std::string_view text, bool whole, bool in_list)
      : text_(text), whole_(whole), in_list_(in_list) {}

  // Appends the next object as a row; builder.abandon_row() is the caller's where it is none.
  [[nodiscard]] Outcome next(BatchBuilder& builder);

  // Behind the last row, or where what is wrong was met.
  [[nodiscard]] std::size_t place() const noexcept { return at_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] bool in_list() const noexcept { return in_list_; }

 private:
  struct Stop {
    Outcome outcome;
  };

  void read_object(BatchBuilder& builder);
  void read_value(BatchBuilder& builder, std::size_t column);
  void read_number(BatchBuilder& builder, std::size_t column);
  // The text between the quotes; a view of the text where it has no escapes, else of `scratch`.
  std::string_view read_string(std::string& scratch);
  void read_escape(std::string& out);
  std::uint32_t read_hexadecimal();
  void skip_value(int depth);
  void skip_blanks() noexcept;
  bool take(std::string_view word);
  void expect(char c, std::string_view wanted);
  [[noreturn]] void refuse(std::string reason);
  [[noreturn]] void run_out();

  std::string_view text_;
  bool whole_;
  bool in_list_;
  std::size_t at_ = 0;
  std::string reason_;
  std::string name_;
  std::string content_;
};

}  // namespace vdk::jsonl
