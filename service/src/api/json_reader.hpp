// Reads the members of a JSON object as upstream's clients may send them: a number or a truth value
// may come as a string, a fraction where an integer is meant is cut off, unknown members are
// passed over, null is as good as absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/value.hpp"

namespace vdk::service {

// Throws ApiError (400) where a member is not what is asked for. Does not own the value.
class JsonReader {
 public:
  // `where` names the object in errors ("config.contacts"); empty for the body itself.
  JsonReader(const Value& value, std::string where);

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] bool is_null(std::string_view name) const;  // there, and null
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<bool> flag(std::string_view name) const;
  // 32 bits, as the API has them.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
  [[nodiscard]] std::optional<double> real(std::string_view name) const;
  [[nodiscard]] std::optional<JsonReader> object(std::string_view name) const;
  // A null in the list becomes "null".
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  // The member as it is, where it is an object.
  [[nodiscard]] const Value* map(std::string_view name) const;

 private:
  [[nodiscard]] const Value* find(std::string_view name) const;
  [[noreturn]] void refuse(std::string_view name, std::string_view expected) const;
  [[nodiscard]] std::string checked(std::string text, std::string_view name) const;

  const Value* value_;
  std::string where_;
};

// The body as JSON. Throws ApiError (400), also where it is empty or `null`, and for numbers that
// no JSON has (NaN, Infinity, 1e400).
[[nodiscard]] Value parse_body(const std::string& body);

}  // namespace vdk::service
