// A JSON value as data jobs see it: what `--arguments`, properties and configuration hold.
//
// Compatible with Python's json module where the two could differ: objects keep their order (a
// repeated key keeps its first place and its last value), integers of any size stay exact, NaN,
// Infinity and -Infinity are numbers, and a lone surrogate is kept as the three bytes of its code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vdk/base/export.hpp"

namespace vdk {

struct Member;

class VDK_API Value {
 public:
  // An integer outside the range of int64_t, as its decimal digits.
  struct BigInteger {
    std::string digits;
    bool operator==(const BigInteger&) const = default;
  };
  using List = std::vector<Value>;
  using Map = std::vector<Member>;

  Value() noexcept;
  Value(std::nullptr_t) noexcept;
  Value(bool value) noexcept;
  Value(int value) noexcept;
  Value(std::int64_t value) noexcept;
  Value(double value) noexcept;
  Value(BigInteger value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(List value);
  Value(Map value);
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  [[nodiscard]] bool is_null() const noexcept;
  [[nodiscard]] const bool* if_bool() const noexcept;
  [[nodiscard]] const std::int64_t* if_integer() const noexcept;
  [[nodiscard]] const double* if_real() const noexcept;
  [[nodiscard]] const BigInteger* if_big_integer() const noexcept;
  [[nodiscard]] const std::string* if_string() const noexcept;
  [[nodiscard]] const List* if_list() const noexcept;
  [[nodiscard]] const Map* if_map() const noexcept;
  [[nodiscard]] List* if_list() noexcept;
  [[nodiscard]] Map* if_map() noexcept;

  // The member of that name, or null where this is no map or has no such member.
  [[nodiscard]] const Value* find(std::string_view key) const noexcept;
  // Sets a member, in its old place where there is one. Turns any other value into a map first.
  void set(std::string_view key, Value value);
  // Removes a member; says whether there was one.
  bool erase(std::string_view key);

  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, BigInteger, std::string, List, Map>
      data_;
};

struct Member {
  std::string key;
  Value value;
  bool operator==(const Member&) const = default;
};

// Parses one JSON document. Throws Error (user) with line and column where the text is not JSON or
// is nested deeper than 256.
[[nodiscard]] VDK_API Value parse_json(std::string_view text);

// JSON text: compact, or indented by `indent` blanks. Non-ASCII characters stay as UTF-8.
[[nodiscard]] VDK_API std::string to_json(const Value& value, int indent = -1);

// Compact JSON text of ASCII characters alone, as Python's json.dumps writes it.
[[nodiscard]] VDK_API std::string to_ascii_json(const Value& value);

// What Python's str() gives for the value: `None`, `True`, `1e+16`, `{'a': [1, 'b']}`; strings stay
// bare.
[[nodiscard]] VDK_API std::string to_python_text(const Value& value);

}  // namespace vdk
