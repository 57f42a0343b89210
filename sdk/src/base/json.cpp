// Reading JSON: Boost.JSON's event parser, so that integers keep their digits.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // the library itself, compiled here: Debian's static one is no shared code

#include <fmt/format.h>

#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

namespace {

constexpr std::size_t kMaxDepth = 256;

struct Builder {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Text = boost::json::string_view;
  using Failure = boost::json::error_code;

  struct Level {
    Value container;
    std::string key{};
  };
  std::vector<Level> levels;
  Value root;
  std::string text;  // of the string, key or number at hand; it may come in parts

  void put(Value value) {
    if (levels.empty()) {
      root = std::move(value);
    } else if (Value::List* list = levels.back().container.if_list()) {
      list->push_back(std::move(value));
    } else {
      levels.back().container.set(levels.back().key, std::move(value));
    }
  }
  bool end_container() {
    Value value = std::move(levels.back().container);
    levels.pop_back();
    put(std::move(value));
    return true;
  }
  std::string take_text(Text last_part) {
    text.append(last_part.data(), last_part.size());
    return std::exchange(text, {});
  }
  bool put_big(Text last_part) {
    put(Value::BigInteger{take_text(last_part)});
    return true;
  }

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) {
    levels.push_back({Value(Value::Map{})});
    return true;
  }
  bool on_object_end(std::size_t, Failure&) { return end_container(); }
  bool on_array_begin(Failure&) {
    levels.push_back({Value(Value::List{})});
    return true;
  }
  bool on_array_end(std::size_t, Failure&) { return end_container(); }
  bool on_key_part(Text part, std::size_t, Failure&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text part, std::size_t, Failure&) {
    levels.back().key = take_text(part);
    return true;
  }
  bool on_string_part(Text part, std::size_t, Failure&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(Text part, std::size_t, Failure&) {
    put(take_text(part));
    return true;
  }
  bool on_number_part(Text part, Failure&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, Text, Failure&) {
    text.clear();
    put(value);
    return true;
  }
  bool on_uint64(std::uint64_t, Text part, Failure&) { return put_big(part); }
  bool on_double(double value, Text part, Failure&) {
    const std::string digits = take_text(part);
    if (digits.find_first_of(".eE") == std::string::npos) {
      put(Value::BigInteger{digits});
    } else {
      put(value);
    }
    return true;
  }
  bool on_bool(bool value, Failure&) {
    put(value);
    return true;
  }
  bool on_null(Failure&) {
    put(nullptr);
    return true;
  }
  bool on_comment_part(Text, Failure&) { return true; }
  bool on_comment(Text, Failure&) { return true; }
};

}  // namespace

Value parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Builder> parser(options);
  boost::json::error_code failure;
  const std::size_t parsed = parser.write_some(false, text.data(), text.size(), failure);
  const bool rest_is_blank =
      text.substr(parsed).find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (failure || !rest_is_blank) {
    const std::string_view before = text.substr(0, parsed);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t line_start = before.rfind('\n');
    const std::size_t column =
        parsed - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
    throw user_error({.what = fmt::format("This is not valid JSON (line {}, column {}).", line, column),
                      .why = failure ? fmt::format("The parser says: {}.", failure.message())
                                     : std::string("There is more text after the end of the value.")});
  }
  return std::move(parser.handler().root);
}

}  // namespace vdk
