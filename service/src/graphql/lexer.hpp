// The words of a query.
#pragma once

#include <string>
#include <string_view>

#include "graphql/error.hpp"

namespace vdk::service::graphql {

struct Token {
  enum class Kind { end, punctuator, name, integer, real, string };
  Kind kind = Kind::end;
  std::string text{};  // a string's without quotes and escapes; "..." is one punctuator
  Location location{};
};

// The text must be UTF-8 and outlive the lexer. Comments, commas and blanks are passed over.
class Lexer {
 public:
  explicit Lexer(std::string_view text);

  // Throws QueryError where no token can begin or one is not ended. At the end, again and again
  // Kind::end.
  [[nodiscard]] Token next();

 private:
  void skip_ignored();
  void step();
  [[nodiscard]] char at(std::size_t ahead) const noexcept;
  [[nodiscard]] std::string take_name();
  [[nodiscard]] Token number();
  void take_digits(std::string& digits);
  [[nodiscard]] std::string string();
  [[nodiscard]] std::string block_string();
  void take_escape(std::string& text);
  [[nodiscard]] unsigned take_code_unit();
  [[noreturn]] void refuse(const std::string& why) const;

  std::string_view text_;
  std::size_t position_ = 0;
  Location location_;
};

}  // namespace vdk::service::graphql
